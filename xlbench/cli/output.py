"""What commands that score print: the plan of a dry run, reasons, troubles, and the exit code."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.text import escaped_json, one_line, printable

if TYPE_CHECKING:
    from xlbench.core.record import Cell
    from xlbench.runs.request import Prepared


def echo(text: str = "", *, err: bool = False) -> None:
    """Print one line or several, on standard error where ``err``: the way of every text to the terminal.

    Names, reasons and notes come from strangers' files: what a terminal would obey is taken out (see `printable`).
    """
    click.echo(printable(text), err=err)


def echo_json(plain: Any) -> None:
    """Print a value as JSON, for programs."""
    click.echo(escaped_json(json.dumps(plain, indent=1, ensure_ascii=False)))


@contextlib.contextmanager
def plugins_print_elsewhere() -> Iterator[None]:
    """What plugins, models and tasks print goes to standard error: it is no part of this command's output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def exit_code(cells: Sequence[Cell], strict: bool) -> int:
    """0 where nothing failed; 1 where a cell failed, there was none, or (strict) one was skipped."""
    status = Counter(cell.status for cell in cells)
    failed = status["error"] or not status or (strict and status["skipped"])
    return CELL_FAILED if failed else OK


def show_plan(prepared: Prepared, as_json: bool, quiet: bool) -> None:
    """Print what a dry run has found: the cells with their states, and what is wrong with any."""
    if as_json:
        rows = [
            {"model": item.cell.model, "task": item.cell.task, "subset": item.cell.subset, "items": item.subset.n,
             "train_items": item.cell.train_items, "state": item.state, "reason": item.cell.reason}
            for item in prepared.planned
        ]  # fmt: skip
        echo_json({"cells": rows})
    elif not quiet:
        echo(_plan_table(prepared))
    print_trouble(prepared, [item.cell for item in prepared.planned])


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


def print_trouble(prepared: Prepared, cells: Sequence[Cell]) -> None:
    _print_reasons([cell for cell in cells if cell.status != "ok"])
    for trouble in prepared.catalog.troubles():
        echo(trouble, err=True)


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
        echo(one_line(f"{status}: {where} ({models}): {reason}"), err=True)
