"""``xlbench run``: score models on tasks, save every cell, render the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options import EXIT_CODES, how_to_score, request_of, what_is_allowed, what_to_score, what_to_show
from xlbench.cli.output import echo, echo_json, exit_code, plugins_print_elsewhere, print_trouble, show_plan
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.core.record import Cell, Results
    from xlbench.runs.request import Prepared


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench run                                    the embedded models on the embedded suite\n"
    "  xlbench run -m ngram -t ntrex --data DIR       one model, one task\n"
    "  xlbench run -t 'ntrex*' -l hin -l nep -n       which cells that would be\n"
    "  xlbench run -t ./my-card.toml --data DIR       a task of your own\n\n" + EXIT_CODES
)
@what_to_score
@click.option(
    "--boards",
    type=click.Path(path_type=Path),
    default=Path("leaderboards"),
    show_default=True,
    help="Where boards are written.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N items of each subset: a sample, which never comes onto a board.",
)
@how_to_score
@what_is_allowed
@what_to_show
def command(
    boards: Path, dry_run: bool, fail_fast: bool, strict: bool, as_json: bool, quiet: bool, **options: Any
) -> int:
    """Score models on tasks: every number with its interval, every cell saved, then the board.

    The same command goes on where it was stopped, and computes nothing twice. Defaults come from xlbench.toml in the
    current folder, if there is one.
    """
    from xlbench.runs.request import carry_out, prepare

    with plugins_print_elsewhere():
        prepared = prepare(request_of(options))
    if dry_run:
        show_plan(prepared, as_json, quiet)
        return OK
    from xlbench.cli.progress import watching

    with plugins_print_elsewhere():
        _check_boards(prepared, boards)
        with watching(prepared.planned, quiet or as_json) as observer:
            results = carry_out(prepared, observer, fail_fast)
        written, failures = _write_boards(prepared, results, boards)
    cells = [cell for run in results for cell in run.cells]
    code = CELL_FAILED if failures else exit_code(cells, strict)
    if as_json:
        _print_json(cells, written, code)
    elif not quiet:
        _print_board(prepared, results, written)
    print_trouble(prepared, cells)
    for failure in failures:
        echo(one_line(failure), err=True)
    return code


def _board_of(prepared: Prepared, results: Results) -> Any:
    """A whole suite's board holds the other runs in the results folder too; a loose run's this command's alone."""
    from xlbench.reports.render import standings
    from xlbench.runs.manifest import with_saved

    shown = with_saved(results, prepared.store) if prepared.suite else results
    return standings(prepared.board, shown, whole_suite=prepared.suite is not None)


def _check_boards(prepared: Prepared, folder: Path) -> None:
    """Find out before hours of work, and not after them, that the boards' folder cannot be made."""
    from xlbench.core.files import write_files

    if prepared.settings.limit is None:
        write_files(folder, {})


def _write_boards(prepared: Prepared, results: Results, folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Render and write the board, unless this was a sample or nothing was scored."""
    from xlbench.reports.render import save

    if prepared.settings.limit is not None or not any(cell.status == "ok" for run in results for cell in run.cells):
        return [], ()
    return save(_board_of(prepared, results), prepared.catalog.boards.values(), folder)


def _print_board(prepared: Prepared, results: Results, written: list[Path]) -> None:
    from xlbench.reports.boards.markdown import standings_table

    if prepared.settings.limit is not None:
        _print_sample(results, prepared.settings.limit)
        return
    if not written:
        return
    echo(standings_table(_board_of(prepared, results)))
    echo("\n" + "\n".join(f"wrote {path}" for path in written), err=True)


def _print_sample(results: Results, limit: int) -> None:
    from tabulate import tabulate

    rows = [
        [
            *(cell.model, cell.task, cell.subset, cell.main.n, cell.main.clusters),
            *(f"{100 * cell.main.value:.1f}", _interval(cell), cell.main.method or "none"),
        ]
        for run in results
        for cell in run.cells
        if cell.main and cell.main.value is not None
    ]
    headers = ["model", "task", "subset", "n", "clusters", "value", "interval", "method"]
    echo(tabulate(rows, headers, disable_numparse=True))
    echo(f"\na sample: the first {limit} items of each subset; no board is written", err=True)


def _interval(cell: Cell) -> str:
    score = cell.main
    if score is None or score.low is None or score.high is None:
        return "none"
    return f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _print_json(cells: Sequence[Cell], written: Sequence[Path], code: int) -> None:
    plain = {
        "exit_code": code,
        "boards": [str(path) for path in written],
        "cells": [
            {
                "model": cell.model,
                "fingerprint": cell.fingerprint,
                "task": cell.task,
                "subset": cell.subset,
                "register": cell.register,
                "limit": cell.limit,
                "status": cell.status,
                "reason": cell.reason,
                "facts": dict(cell.facts),
                "notes": list(cell.notes),
                "scores": [asdict(score) for score in cell.scores],
            }
            for cell in cells
        ],
    }
    echo_json(plain)
