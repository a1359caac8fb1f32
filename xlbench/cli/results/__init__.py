"""``xlbench results``: what is in saved runs, and whether it holds; ``verify`` computes their scores again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.cli.results.folders import info, merge, prune
from xlbench.core.errors import CELL_FAILED, INVALID, OK
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.core.task import Task
    from xlbench.runs.verify import CheckedCell, Verdict


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench results info                            what is in ./results\n"
    "  xlbench results verify leaderboards/runs        compute the scores again\n"
    "  xlbench results merge part1 part2 --out results join the shards of a run\n"
    "  xlbench results prune results --failed          remove cells without scores",
)
def command() -> None:
    """Look at saved runs, check, join and clear them."""


command.add_command(info)
command.add_command(merge)
command.add_command(prune)


@command.command(
    short_help="Compute saved scores again from the saved items.",
    epilog="\b\nExamples:\n"
    "  xlbench results verify results\n"
    "  xlbench results verify results -t '*' -t ./my-card.toml\n"
    "  xlbench results verify theirs --json | jq '.cells[] | select(.verdict != \"agrees\")'\n\n"
    "\b\nExit codes: 0 all scores are those of their items; 1 something could not be computed, or has no scores;\n"
    "2 wrong usage; 3 a cell differs, or a file is damaged or gone.",
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--task",
    "-t",
    "tasks",
    multiple=True,
    metavar="NAME",
    help="Only cells of this task: a name, a pattern, or a path to a card (repeatable).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
def verify(folders: tuple[Path, ...], tasks: tuple[str, ...], as_json: bool) -> int:
    """Compute the scores in FOLDERS (results folders, single runs or packs) again from the items.  [default: results]

    Needs the tasks' metrics, and neither data nor model: it shows that scores and items belong together, and areas and
    tasks, not that the items came from the model. The reasons of cells without scores are listed, and not computed.
    """
    from xlbench import catalog
    from xlbench.runs.store import Reader
    from xlbench.runs.verify import verify as check

    with plugins_print_elsewhere():
        found = catalog.load()
        chosen = {task.name: task for task in found.select_tasks(tasks)} if tasks else found.tasks
        reader = Reader(indexed=False)
        saved = [run for folder in folders or (Path("results"),) for run in reader.find_runs(folder)]
        runs = [_only(run, chosen) for run in saved] if tasks else saved
        checked = list(check(runs, chosen, reader))
    others = sum(len(run.cells) for run in saved) - sum(len(run.cells) for run in runs)
    troubles = [trouble for run in runs for trouble in run.troubles]
    counts = Counter(one.verdict for one in checked)
    code = INVALID if troubles or counts["differs"] else CELL_FAILED if counts["unknown"] or not checked else OK
    if as_json:
        plain = {"refused": troubles, "left_out": others, "cells": [asdict(one) for one in checked]}
        echo_json({"exit_code": code, **plain})
        return code
    _print(checked, counts)
    if others:
        echo(f"{others:,} cell{'s' * (others != 1)} of other tasks left out (--task)", err=True)
    for trouble in troubles:
        echo(f"xlbench: {one_line(trouble)}", err=True)
    return code


def _only(run: Run, tasks: Mapping[str, Task]) -> Run:
    """A run with the cells of these tasks alone."""
    return replace(run, cells=tuple(cell for cell in run.cells if cell.task in tasks))


def _print(checked: Sequence[CheckedCell], counts: Mapping[Verdict, int]) -> None:
    """A line for every cell that differs, one for those that share a reason not to be computed, and the counts."""
    for one in checked:
        if one.verdict == "differs":
            echo(one_line(f"differs: {one.model} {one.task} {one.subset}: {one.reason}"))
    unknown = Counter((one.task, one.reason) for one in checked if one.verdict == "unknown")
    for (task, reason), count in unknown.items():
        echo(one_line(f"not computed: {task}, {count} cell{'s' * (count != 1)}: {reason}"))
    echo(f"{counts['agrees']:,} agree, {counts['differs']:,} differ, {counts['unknown']:,} not computed")
