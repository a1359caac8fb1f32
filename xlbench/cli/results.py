"""``xlbench results``: checks of saved runs; ``verify`` computes their scores again."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from xlbench.cli.output import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, INVALID, OK
from xlbench.core.text import one_line


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench results verify                 the runs in ./results\n"
    "  xlbench results verify leaderboards/runs",
)
def command() -> None:
    """Check saved runs, one's own or those of others."""


@command.command(
    short_help="Compute saved scores again from the saved items.",
    epilog="\b\nExamples:\n"
    "  xlbench results verify results\n"
    "  xlbench results verify theirs --json | jq '.cells[] | select(.verdict != \"agrees\")'\n\n"
    "\b\nExit codes: 0 all scores are those of their items; 1 something could not be computed; 2 wrong usage;\n"
    "3 a score differs, or a file is damaged.",
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
def verify(folders: tuple[Path, ...], as_json: bool) -> int:
    """Compute the scores in FOLDERS (results folders, or single runs) again from their items.  [default: results]

    Needs the tasks' metrics, and neither data nor model: it shows that scores and items belong together, not that the
    items came from the model.
    """
    from xlbench import catalog
    from xlbench.runs import store
    from xlbench.runs.verify import verify as check

    with plugins_print_elsewhere():
        tasks = catalog.load().tasks
        runs = [run for folder in folders or (Path("results"),) for run in store.find_runs(folder)]
        checked = list(check(runs, tasks))
    troubles = [trouble for run in runs for trouble in run.troubles]
    counts = Counter(one.verdict for one in checked)
    code = INVALID if troubles or counts["differs"] else CELL_FAILED if counts["unknown"] or not checked else OK
    if as_json:
        echo_json({"exit_code": code, "refused": troubles, "cells": [asdict(one) for one in checked]})
        return code
    for one in checked:
        if one.verdict == "differs":
            echo(one_line(f"differs: {one.model} {one.task} {one.subset}: {one.reason}"))
    unknown = Counter((one.task, one.reason) for one in checked if one.verdict == "unknown")
    for (task, reason), count in unknown.items():
        echo(one_line(f"not computed: {task}, {count} cell{'s' * (count != 1)}: {reason}"))
    echo(f"{counts['agrees']:,} agree, {counts['differs']:,} differ, {counts['unknown']:,} not computed")
    for trouble in troubles:
        echo(f"xlbench: {one_line(trouble)}", err=True)
    return code
