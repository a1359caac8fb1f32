"""``xlbench export tables``: writes saved runs as two parquet files for SQL."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import INVALID, OK, UsageError
from xlbench.core.text import count_text, one_line

if TYPE_CHECKING:
    import pyarrow as pa


@click.command(
    short_help="Write runs as two flat tables for SQL.",
    epilog="\b\nExamples:\n"
    "  xlbench export tables results --out tables\n"
    "  xlbench export tables part1 part2 more.xlpack --out tables\n"
    "  duckdb -c \"SELECT model, avg(value) FROM 'tables/cells.parquet' WHERE main GROUP BY model\"\n\n"
    "\b\nExit codes: 0 both are written; 2 wrong usage; 3 something is damaged: the rest is written, but where items\n"
    "are damaged or parts contradict each other nothing is.",
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("tables"), show_default=True,
              help="The folder that is written to.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def tables(folders: tuple[Path, ...], out: Path, as_json: bool, quiet: bool) -> int:
    """Write the runs in FOLDERS (results folders, single runs or packs) as cells.parquet and items.parquet.

    The first has a row a score, the second a row an item of every cell with scores; the column cell joins them. Parts
    of one run are joined. Samples and points of curves are in them (whole = false).  [default of FOLDERS: results]
    """
    from xlbench.core.files import check_folder
    from xlbench.reports.exports import tables as flat
    from xlbench.runs.store import Reader

    check_folder(out, "tables", "--out")
    for name in (flat.CELLS, flat.ITEMS):
        _check_own(out / name)
    reader = Reader()
    runs = reader.find_joined(folders or (Path("results"),))
    schema = flat.items_schema(runs, reader)
    items = _write(out / flat.ITEMS, schema, flat.item_tables(runs, reader, schema))
    found = flat.cells_table(runs)
    scores = _write(out / flat.CELLS, found.schema, [found])
    counts = {flat.CELLS: count_text(scores, "row"), flat.ITEMS: count_text(items, "row")}
    troubles = [trouble for run in runs for trouble in run.troubles]
    if as_json:
        echo_json({"files": {str(out / flat.CELLS): scores, str(out / flat.ITEMS): items}, "refused": troubles})
    elif not quiet:
        echo("\n".join(f"wrote {out / name} ({count})" for name, count in counts.items()), err=True)
    for trouble in troubles:
        echo(f"xlbench: {one_line(trouble)}", err=True)
    return INVALID if troubles else OK


def _check_own(path: Path) -> None:
    """`UsageError` where a file is there that this command has not written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from xlbench.reports.exports.tables import MARK

    try:
        if path.exists() and MARK.items() <= (pq.read_schema(path).metadata or {}).items():
            return
    except (OSError, pa.ArrowException):
        pass
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} was not written by this command: move it away, or choose another --out")


def _write(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> int:
    """Write a file that appears whole or not at all, part by part; returns its rows."""
    import pyarrow.parquet as pq

    temporary, rows = path.with_name(f".{path.name}.{os.getpid()}.tmp"), 0
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(part)
                rows += part.num_rows
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; choose another --out") from None
    finally:
        temporary.unlink(missing_ok=True)
    return rows
