"""``xlbench run``: score models on tasks, save every cell, render the board."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xlbench.errors import CELL_FAILED, OK

if TYPE_CHECKING:
    from xlbench.api import Prepared
    from xlbench.record import Cell, Results

CI = ("auto", "bootstrap", "percentile", "bca", "student", "jackknife", "wilson")


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench run                                    the embedded models on the embedded suite\n"
    "  xlbench run -m ngram -t ntrex --data DIR       one model, one task\n"
    "  xlbench run -t 'ntrex*' -l hin -l nep -n       which cells that would be\n"
    "  xlbench run -t ./my-card.toml --data DIR       a task of your own\n\n"
    "\b\nExit codes: 0 all done; 1 a cell failed (--strict: or was skipped), or there was nothing to score;\n"
    "2 wrong usage; 3 damaged results or a full disk; 130 stopped: the same command goes on."
)
@click.option("--suite", "-s", metavar="NAME", help="Tasks to run, as a suite.  [default: mini]")
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    metavar="NAME",
    help="A model's name, pattern or spec (repeatable).  [default: the embedded models]",
)
@click.option(
    "--task",
    "-t",
    "tasks",
    multiple=True,
    metavar="NAME",
    help="A task's name, a pattern, or a path to a card (repeatable); instead of a suite.",
)
@click.option(
    "--language",
    "-l",
    "languages",
    multiple=True,
    metavar="CODE",
    help="Only subsets that involve this language, ISO 639-3 (repeatable).",
)
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Where cells are saved, and found again.",
)
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
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the resampling.")
@click.option(
    "--ci",
    type=click.Choice(CI),
    default="auto",
    show_default=True,
    help="Interval method; auto takes the one with measured coverage.",
)
@click.option("--engine", metavar="NAME", default="serial", show_default=True, help="Where cells are computed.")
@click.option("--dry-run", "-n", is_flag=True, help="Show the cells, their items, and what is done already.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first cell that fails.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a cell was skipped, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the board.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(
    boards: Path, dry_run: bool, fail_fast: bool, strict: bool, as_json: bool, quiet: bool, **options: Any
) -> int:
    """Score models on tasks: every number with its interval, every cell saved, then the board.

    The same command goes on where it was stopped, and computes nothing twice. Defaults come from xlbench.toml in the
    current folder, if there is one.
    """
    from xlbench import api

    known = {field.name for field in fields(api.Request)}
    given = _settled(options)
    with _plugins_print_elsewhere():
        prepared = api.prepare(api.Request(**{name: value for name, value in given.items() if name in known}))
    if dry_run:
        _show_plan(prepared, as_json, quiet)
        return OK
    from xlbench.cli.progress import watching

    with _plugins_print_elsewhere():
        _check_boards(prepared, boards)
        with watching(prepared.planned, quiet or as_json) as observer:
            results = api.carry_out(prepared, observer, fail_fast)
        written = _write_boards(prepared, results, boards)
    cells = [cell for run in results for cell in run.cells]
    code = exit_code(cells, strict)
    if as_json:
        _print_json(cells, written, code)
    elif not quiet:
        _print_board(prepared, results, written)
    _print_trouble(prepared, cells)
    return code


def _settled(options: dict[str, Any]) -> dict[str, Any]:
    """Tasks given on the command line replace a suite that is a default of xlbench.toml, and the other way round."""
    source = click.get_current_context().get_parameter_source
    for given, other, nothing in (("tasks", "suite", None), ("suite", "tasks", ())):
        if source(given) is ParameterSource.COMMANDLINE and source(other) is ParameterSource.DEFAULT_MAP:
            return {**options, other: nothing}
    return options


@contextlib.contextmanager
def _plugins_print_elsewhere() -> Iterator[None]:
    """What plugins, models and tasks print goes to standard error: it is no part of this command's output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def exit_code(cells: Sequence[Cell], strict: bool) -> int:
    """0 where nothing failed; 1 where a cell failed, there was none, or (strict) one was skipped."""
    status = Counter(cell.status for cell in cells)
    failed = status["error"] or not status or (strict and status["skipped"])
    return CELL_FAILED if failed else OK


def _board_of(prepared: Prepared, results: Results) -> Any:
    """A whole suite's board holds the other runs in the results folder too; a loose run's this command's alone."""
    from xlbench import api, runner

    shown = runner.with_saved(results, prepared.store) if prepared.suite else results
    return api.standings(prepared.board, shown, prepared.suite is not None)


def _check_boards(prepared: Prepared, folder: Path) -> None:
    """Find out before hours of work, and not after them, that the boards' folder cannot be made."""
    from xlbench import store

    if prepared.settings.limit is None:
        store.write_files(folder, {})


def _write_boards(prepared: Prepared, results: Results, folder: Path) -> list[Path]:
    """Render and write the board, unless this was a sample or nothing was scored."""
    from xlbench import api, store

    if prepared.settings.limit is not None or not any(cell.status == "ok" for run in results for cell in run.cells):
        return []
    return store.write_files(folder, api.render(_board_of(prepared, results), prepared.catalog))


def _show_plan(prepared: Prepared, as_json: bool, quiet: bool) -> None:
    if as_json:
        rows = [
            {"model": item.cell.model, "task": item.cell.task, "subset": item.cell.subset, "items": item.subset.n,
             "state": item.state, "reason": item.cell.reason}
            for item in prepared.planned
        ]  # fmt: skip
        click.echo(json.dumps({"cells": rows}, indent=1, ensure_ascii=False))
    elif not quiet:
        click.echo(_plan_table(prepared))
    _print_trouble(prepared, [item.cell for item in prepared.planned])


def _plan_table(prepared: Prepared) -> str:
    """A line a model and task: its cells and items, and how many cells are in which state."""
    from tabulate import tabulate

    states = {
        "todo": "to do",
        "rescore": "to score again",
        "done": "done",
        "skipped": "skipped",
        "error": "failing",
        "damaged": "damaged",
    }
    groups: dict[tuple[str, str], list[Any]] = {}
    for item in prepared.planned:
        groups.setdefault((item.cell.model, item.cell.task), []).append(item)
    used = [state for state in states if any(item.state == state for item in prepared.planned)]
    lines = [
        [
            model,
            task,
            len(items),
            f"{sum(item.subset.n for item in items):,}",
            *(sum(item.state == state for item in items) for state in used),
        ]
        for (model, task), items in groups.items()
    ]
    return tabulate(lines, ["model", "task", "cells", "items", *(states[state] for state in used)])


def _print_board(prepared: Prepared, results: Results, written: list[Path]) -> None:
    from xlbench.boards.markdown import standings_table

    if prepared.settings.limit is not None:
        _print_sample(results, prepared.settings.limit)
        return
    if not written:
        return
    click.echo(standings_table(_board_of(prepared, results)))
    click.echo("\n" + "\n".join(f"wrote {path}" for path in written), err=True)


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
    click.echo(tabulate(rows, headers, disable_numparse=True))
    click.echo(f"\na sample: the first {limit} items of each subset; no board is written", err=True)


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
    click.echo(json.dumps(plain, indent=1, ensure_ascii=False))


def _print_trouble(prepared: Prepared, cells: Sequence[Cell]) -> None:
    _print_reasons([cell for cell in cells if cell.status != "ok"])
    for trouble in prepared.catalog.troubles():
        click.echo(trouble, err=True)


def _print_reasons(cells: Sequence[Cell]) -> None:
    """A line a reason, with the cells that it befell."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.status, cell.task, cell.reason), []).append(cell)
    for (status, task, reason), befell in groups.items():
        subsets = list(dict.fromkeys(cell.subset for cell in befell))
        named = ", ".join(subsets[:4]) + (f" and {len(subsets) - 4} more" if len(subsets) > 4 else "")
        models = ", ".join(dict.fromkeys(cell.model for cell in befell))
        where = task if subsets == ["*"] else f"{task} {named}"
        click.echo(f"{status}: {where} ({models}): {reason}", err=True)
