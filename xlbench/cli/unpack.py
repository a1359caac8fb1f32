"""``xlbench unpack``: writes packs back as run folders, which ``xlbench run`` can continue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import INVALID, OK, ResultsError
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench unpack ngram.xlpack                   to results/\n"
    "  xlbench unpack packs/*.xlpack -r results      several\n"
    "  xlbench run -m ngram -t my-task -r results    then score what the pack does not have\n\n"
    "\b\nExit codes: 0 all are written; 2 wrong usage; 3 a pack is damaged: it is not written."
)
@click.argument("packs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PACK...")
@click.option(
    "--results", "-r", type=click.Path(path_type=Path), default=Path("results"), metavar="FOLDER", show_default=True,
    help="The results folder to write to.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(packs: tuple[Path, ...], results: Path, as_json: bool, quiet: bool) -> int:
    """Write each PACK back as the folder of its run, in a results folder.

    `xlbench run` with this results folder then computes only the cells that the pack does not have: where its model,
    its tasks and its data are those of the pack. A run that is there already is not replaced.
    """
    written: list[dict[str, object]] = []
    troubles: list[str] = []
    for one in _unpack_all(packs, results):
        if isinstance(one, ResultsError):
            troubles.append(str(one))
            continue
        written.append({"folder": one.folder, "model": one.model, "cells": len(one.cells)})
        if not quiet and not as_json:
            count = len(one.cells)
            echo(f"wrote {one.folder}: {one_line(one.model)}, {count:,} cell{'s' * (count != 1)}")
    code = INVALID if troubles else OK
    if as_json:
        echo_json({"exit_code": code, "runs": written})
    for line in troubles:
        echo(f"xlbench: {one_line(line)}", err=True)
    return code


def _unpack_all(packs: tuple[Path, ...], results: Path) -> Iterator[Run | ResultsError]:
    """Write one after the other; a pack that is damaged stops no other."""
    from xlbench.runs.packs.unpack import unpack

    for path in packs:
        try:
            yield unpack(path, results)
        except ResultsError as error:
            yield error
