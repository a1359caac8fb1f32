"""``xlbench run``: score models on tasks, save every cell, render the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.scoring import (
    EXIT_CODES,
    boards_option,
    cache_and_permission_options,
    formats_option,
    output_options,
    request_of,
    scoring_options,
    selection_options,
)
from xlbench.cli.output.printing import (
    echo,
    echo_json,
    echo_written,
    exit_code,
    plan_exit_code,
    plugins_print_elsewhere,
    print_absent,
    print_trouble,
    show_plan,
)
from xlbench.core.errors import CELL_FAILED
from xlbench.core.tables import table
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.catalog.hooks import BoardFormat
    from xlbench.core.record import Cell, Results
    from xlbench.reports.boards.board import Board
    from xlbench.runs.request import PreparedRun, Request
    from xlbench.runs.shards import Shard

Written = dict[str, list[Path]]
"""The files of boards, by the boards' titles."""


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench run                                    the built-in models on the built-in suite\n"
    "  xlbench run -m ngram -t ntrex --data DIR       one model, one task\n"
    "  xlbench run -t 'ntrex*' -l hin -l nep -n       which cells that would be\n"
    "  xlbench run -t ./my-card.toml --data DIR       a task of your own\n"
    "  xlbench run -t mini-news --ci-training 20      intervals that hold test items and training set\n"
    "  xlbench run -m ngram --shard 1/4 --results r1  a quarter of the cells, for one machine of four\n\n" + EXIT_CODES
)
@selection_options
@boards_option
@formats_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N items of each subset: a sample, which never comes onto a board.",
)
@click.option(
    "--ci-training",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Probes learn from N resampled training sets, too (20, say): intervals then hold the training set's luck.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Compute only part I of N of the cells, the same part wherever it is asked for; no board is written. "
    "'xlbench board' takes the folders of all parts.",
)
@scoring_options
@cache_and_permission_options
@output_options
def command(
    boards: Path,
    formats: tuple[str, ...],
    dry_run: bool,
    fail_fast: bool,
    strict: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Score models on tasks: every number with its interval, every cell saved, then the board.

    The same command goes on where it was stopped, and computes nothing twice. Defaults come from the configuration
    file, if there is one: see 'xlbench config show run'.
    """
    from xlbench.reports.render import choose_formats
    from xlbench.runs.request import prepare

    with plugins_print_elsewhere():
        request = request_of(options)
        prepared = prepare(request)
        chosen = choose_formats(prepared.catalog.boards, formats)
    if dry_run:
        show_plan(prepared, as_json=as_json, quiet=quiet, strict=strict)
        if not (as_json or quiet):
            _show_own_data(prepared, request)
        return plan_exit_code(prepared, strict=strict)
    with plugins_print_elsewhere():
        results, shown, (written, failures) = _score(prepared, boards, chosen, fail_fast=fail_fast, quiet=quiet)
    cells = [cell for run in results for cell in run.cells]
    code = CELL_FAILED if failures else exit_code(prepared, cells, strict=strict)
    if as_json:
        _print_json(prepared, cells, shown, written, code)
    elif not quiet:
        _print_boards(prepared, results, shown, written)
    if strict or not (as_json or quiet):
        print_absent(prepared)
    print_trouble(prepared, cells)
    for failure in failures:
        echo(one_line(failure), err=True)
    return code


def _show_own_data(prepared: PreparedRun, request: Request) -> None:
    """What is read of the data of tasks that no plugin lists: those are the user's own, and may be read otherwise than
    was meant."""
    from xlbench.cli.output.data import print_short
    from xlbench.runs.request import data_of

    listed = prepared.catalog.tasks
    own = [task for task in prepared.tasks if task.view and listed.get(task.name) is not task]
    with plugins_print_elsewhere():
        views = {task.name: task.view(data_of(request)) for task in own if task.view}
    if views:
        echo()
        print_short(views)


def _score(
    prepared: PreparedRun, folder: Path, formats: Sequence[BoardFormat], *, fail_fast: bool, quiet: bool
) -> tuple[Results, list[Board], tuple[Written, list[str]]]:
    """Compute what is lacking, and make and write the boards, unless this is a sample or a shard or nothing was scored.

    Returns:
        The results, the boards, the files that were written, and a line for each board format that failed.
    """
    from xlbench.cli.output.progress import watching
    from xlbench.core.files import check_folder
    from xlbench.reports.boards.sources import with_sources
    from xlbench.reports.render import save
    from xlbench.runs.execute import run_prepared

    part = prepared.settings.limit is not None or prepared.shard is not None
    if prepared.has_work and not part:
        check_folder(folder, "boards", "--boards")  # before hours of work, and not after them
    with watching(prepared.planned, quiet=quiet) as observer:
        results = run_prepared(prepared, observer, fail_fast=fail_fast)
    if part or not any(cell.status == "ok" for run in results for cell in run.cells):
        return results, [], ({}, [])
    boards = _boards_of(prepared, results)
    found = prepared.catalog
    saved = {
        board.title: save(with_sources(board, found.tasks), formats, folder, found.boards.values()) for board in boards
    }
    written = {title: paths for title, (paths, _) in saved.items()}
    return results, boards, (written, [line for _, lines in saved.values() for line in lines])


def _boards_of(prepared: PreparedRun, results: Results) -> list[Board]:
    """A whole suite's board holds the other runs in the results folder too; a loose run's this command's alone."""
    from xlbench.reports.render import standings
    from xlbench.runs.manifest import with_saved

    shown = with_saved(results, prepared.store) if prepared.suites else results
    return [
        standings(name, shown, whole_suite=bool(prepared.suites), read=prepared.store.influence)
        for name in prepared.boards
    ]


def _print_boards(prepared: PreparedRun, results: Results, boards: Sequence[Board], written: Written) -> None:
    from xlbench.cli.output.standings import print_standings

    if prepared.settings.limit is not None:
        _print_sample(results, prepared.settings.limit)
    if prepared.shard is not None:
        _print_shard(prepared, prepared.shard)
    for number, board in enumerate(boards):
        if number:
            echo()
        print_standings(board, titled=len(boards) > 1)
    if written:
        echo(err=True)
    for title, paths in written.items():
        echo_written(paths, title)
    if written:
        echo(f"results are in {prepared.store.root}", err=True)


def _print_shard(prepared: PreparedRun, shard: Shard) -> None:
    count = len(prepared.planned)
    echo(
        f"shard {shard}: {count:,} cell{'s' * (count != 1)} in {prepared.store.root}; no board is written: when all "
        f"{shard.count} are here, 'xlbench board' takes their folders",
        err=True,
    )


def _print_sample(results: Results, limit: int) -> None:
    rows = [
        [
            *(cell.model, cell.task, cell.subset, f"{cell.main.n:,}", f"{cell.main.clusters:,}"),
            *(f"{100 * cell.main.value:.1f}", _interval(cell), cell.main.method or "none"),
        ]
        for run in results
        for cell in run.cells
        if cell.main and cell.main.value is not None
    ]
    headers = ["model", "task", "subset", "n", "clusters", "value", "interval", "method"]
    echo(table(headers, rows, "lllrrrrl"))
    first = "item" if limit == 1 else f"{limit} items"
    echo(f"\na sample: the first {first} of each subset; no board is written", err=True)


def _interval(cell: Cell) -> str:
    score = cell.main
    if score is None or score.low is None or score.high is None:
        return "none"
    return f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _print_json(
    prepared: PreparedRun, cells: Sequence[Cell], boards: Sequence[Board], written: Written, code: int
) -> None:
    from xlbench.reports.boards.plain import plain

    content = {
        "exit_code": code,
        "absent": dict(prepared.absent),
        "boards": [str(path) for paths in written.values() for path in paths],
        "standings": [plain(board) for board in boards],
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
    echo_json(content)
