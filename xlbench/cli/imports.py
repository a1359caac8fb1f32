"""``xlbench import``: reads the results of other programs as published figures."""

from __future__ import annotations

from pathlib import Path

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import OK
from xlbench.core.text import count_text, one_line


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench import mteb ~/.cache/mteb/results --out theirs.csv\n"
    "  xlbench board results --imported theirs.csv             beside measured scores, and not ranked with them"
)
def command() -> None:
    """Read the results of other programs: numbers without an interval, for boards and `xlbench published`."""


@command.command(
    short_help="Read results of mteb as a table of figures.",
    epilog="\b\nExamples:\n"
    "  xlbench import mteb ~/.cache/mteb/results --out theirs.csv\n"
    "  xlbench import mteb ./results-repository --out public.csv --json\n\n"
    "\b\nExit codes: 0 it is written; 2 wrong usage, or a folder without results.",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE.csv",
              help="The table that is written.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def mteb(folder: Path, out: Path, as_json: bool, quiet: bool) -> int:
    """Read FOLDER (a cache or results folder of mteb, or a clone of its public results) as published figures.

    Results of every version since 1.0 are read; mteb itself is not needed. What is no result, no share from -1 to 1,
    or of another split than the test split is left out, and counted.
    """
    from xlbench.core.files import write_files
    from xlbench.core.own_files import check_own
    from xlbench.reports.imported import as_csv, read_mteb
    from xlbench.reports.published import COLUMNS

    found = read_mteb(folder)
    table = {out.name: as_csv(found).encode()}
    check_own(out.parent, table, lambda _, there: there.startswith(",".join(COLUMNS).encode()))
    write_files(out.parent, table, "figures", "--out")
    models, tasks = ({getattr(one, kind) for one in found.figures} for kind in ("model", "task"))
    if as_json:
        echo_json({"figures": len(found.figures), "models": sorted(models), "tasks": sorted(tasks),
                   "left_out": list(found.left_out), "file": str(out)})  # fmt: skip
        return OK
    if not quiet:
        figures = count_text(len(found.figures), "figure")
        echo(f"wrote {out}: {figures} of {count_text(len(models), 'model')} and {count_text(len(tasks), 'task')}")
    for line in found.left_out:
        echo(f"xlbench: {one_line(line)}", err=True)
    return OK
