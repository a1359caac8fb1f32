"""``xlbench pack``: one saved run as a single compact file, to publish, to send or to commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import INVALID, OK, ResultsError, UsageError
from xlbench.core.text import byte_count, one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.runs.packs.write import WrittenPack
    from xlbench.runs.store import Reader


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench pack results/ngram-c6974c0f -o ngram.xlpack   one run, by its folder\n"
    "  xlbench pack results -m ngram -o ngram.xlpack         the same, by its model\n"
    "  xlbench pack results --all -o packs                   a pack for each run\n"
    "  xlbench board results packs                           packs are read wherever results are\n\n"
    "\b\nExit codes: 0 it is written; 2 wrong usage; 3 the run is damaged: it is not packed."
)
@click.argument("run", type=click.Path(path_type=Path), default=Path("results"))
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The pack: a name in .xlpack."
)
@click.option(
    "--model", "-m", metavar="NAME", help="Which of several runs: its model's name, or the first of its fingerprint."
)
@click.option("--all", "everything", is_flag=True, help="A pack for each run; --out is then a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(run: Path, out: Path, model: str | None, everything: bool, as_json: bool, quiet: bool) -> int:
    """Write the run RUN (its folder, or a results folder that holds it) as one compact file.  [default: results]

    Cells and items are all in it, so that boards from the pack are those from the folder, to the byte. No model, data
    or plugin is needed. An edited, cut or otherwise damaged pack is refused when it is read.
    """
    from xlbench.runs.packs.write import choose
    from xlbench.runs.store import Reader

    if everything and model is not None:
        raise UsageError("--all packs every run, and --model names one: leave out one of them")
    reader = Reader(indexed=False)
    runs = reader.find_runs(run)
    wanted = runs if everything else [choose(runs, model, run, others=" or take --all")]
    packed: list[WrittenPack] = []
    troubles: list[str] = []
    for one in _write_packs(wanted, out, reader, everything=everything):
        if isinstance(one, ResultsError):
            troubles.append(str(one))
            continue
        packed.append(one)
        if not quiet and not as_json:
            counts = [f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((one.cells, "cell"), (one.items, "item"))]
            size = ", ".join([*counts, byte_count(one.bytes)])
            echo(f"wrote {one.path}: {one_line(one.model)}, {size}, sha256 {one.digest}")
    code = INVALID if troubles else OK
    if as_json:
        echo_json({"exit_code": code, "packs": [asdict(one) | {"path": str(one.path)} for one in packed]})
    for line in troubles:
        echo(f"xlbench: {one_line(line)}", err=True)
    return code


def _write_packs(
    runs: list[Run], out: Path, reader: Reader, *, everything: bool
) -> Iterator[WrittenPack | ResultsError]:
    """Write one pack after the other; a run that is damaged stops no other."""
    from xlbench.runs.packs.write import name_of, write_pack

    for run in runs:
        try:
            yield write_pack(run, out / name_of(run) if everything else out, reader)
        except ResultsError as error:
            yield error
