"""Prints for all commands: text, tables and JSON, the plan of a dry run, reasons, warnings and the names of files; and
computes exit codes."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.output.window import encodable
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.tables import table
from xlbench.core.text import escaped_json, first_of, one_line, printable

if TYPE_CHECKING:
    from xlbench.core.record import Cell
    from xlbench.runs.request import PreparedRun


REASONS = 10
"""Of one task and status that are printed."""


def echo(text: str = "", *, err: bool = False) -> None:
    """Print one line or several, on standard error where ``err``: the way of every text to the terminal.

    Names, reasons and notes come from strangers' files: what a terminal would obey is taken out (see `printable`), and
    what the stream's encoding lacks is written otherwise (see `encodable`).
    """
    click.echo(encodable(printable(text), sys.stderr if err else sys.stdout), err=err)


def echo_styled(text: str) -> None:
    """Print lines of ours on standard output, with the styles that they hold where it is a terminal."""
    click.echo(encodable(text, sys.stdout))


def echo_json(plain: Any) -> None:
    """Print a value as JSON, for programs: with escapes, which mean the same, for what the encoding lacks."""
    text = escaped_json(json.dumps(plain, indent=1, ensure_ascii=False))
    click.echo(text if encodable(text, sys.stdout) == text else json.dumps(plain, indent=1))


PAGES = (".md", ".html")
"""Suffixes of the files that people read: these are named first, and one by one."""


def echo_written(paths: Iterable[Path], title: str = "") -> None:
    """Say on standard error where files were written: those to read, a line each, then all others of a folder in one.

    ``title`` is the beginning of their names.
    """
    folders: dict[Path, list[str]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path.name)
    for folder, names in folders.items():
        pages = [name for suffix in PAGES for name in names if name == title + suffix]
        rest = [one_line(name.removeprefix(title)) for name in names if name not in pages]
        others = [title + (f"{{{','.join(rest)}}}" if len(rest) > 1 else rest[0])] if rest else []
        for name in (*pages, *others):
            echo(f"wrote {one_line(str(folder / name))}", err=True)


@contextlib.contextmanager
def plugins_print_elsewhere() -> Iterator[None]:
    """What plugins, models and tasks print goes to standard error: it is no part of this command's output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def exit_code(prepared: PreparedRun, cells: Sequence[Cell], *, strict: bool) -> int:
    """0 where nothing failed; 1 where a cell failed, nothing was scored, or (strict) something is not at hand."""
    status = Counter(cell.status for cell in cells)
    lacking = bool(status["skipped"] or prepared.absent)
    return CELL_FAILED if status["error"] or not status["ok"] or (strict and lacking) else OK


def plan_exit_code(prepared: PreparedRun, *, strict: bool) -> int:
    """0 where a run would score something, or has; 1 where no cell can be, or (strict) something is not at hand."""
    states = {item.state for item in prepared.planned}
    lacking = bool("skipped" in states or prepared.absent)
    return CELL_FAILED if not states & {"todo", "rescore", "done"} or (strict and lacking) else OK


def show_plan(prepared: PreparedRun, *, as_json: bool, quiet: bool, strict: bool) -> None:
    """Print what a dry run has found: the cells with their states, and what is wrong with any."""
    if as_json:
        rows = [
            {"model": item.cell.model, "task": item.cell.task, "subset": item.cell.subset, "items": item.subset.n,
             "train_items": item.cell.train_items, "state": item.state, "reason": item.cell.reason}
            for item in prepared.planned
        ]  # fmt: skip
        echo_json({"cells": rows, "absent": dict(prepared.absent)})
    elif not quiet:
        echo(_plan_table(prepared))
    if strict or not (as_json or quiet):
        print_absent(prepared)
    print_trouble(prepared, [item.cell for item in prepared.planned])


def _plan_table(prepared: PreparedRun) -> str:
    """A line a model and task: its cells and items, and how many cells are in which state."""
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
            str(len(items)),
            f"{sum(item.subset.n for item in items):,}",
            *(str(sum(item.state == state for item in items)) for state in used),
        ]
        for (model, task), items in groups.items()
    ]
    headers = ["model", "task", "cells", "items", *(states[state] for state in used)]
    return table(headers, lines, "llrr" + "r" * len(used))


def print_absent(prepared: PreparedRun) -> None:
    """Print which languages of which tasks have no data at hand, though nobody asked for less."""
    for line in prepared.absent_lines():
        echo(line, err=True)


def print_trouble(prepared: PreparedRun, cells: Sequence[Cell]) -> None:
    """Print why cells have no scores, and what is wrong with plugins."""
    _print_reasons([cell for cell in cells if cell.status != "ok"])
    for warning in prepared.catalog.warnings():
        echo(one_line(warning), err=True)


def _print_reasons(cells: Sequence[Cell]) -> None:
    """A line a reason, with the cells that it befell; of many reasons of one kind, the first few."""
    from xlbench.core.record import WHOLE_TASK

    groups: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for cell in cells:
        groups.setdefault((cell.status, cell.task), {}).setdefault(cell.reason, []).append(cell)
    for (status, task), reasons in groups.items():
        for reason, befell in list(reasons.items())[:REASONS]:
            subsets = list(dict.fromkeys(cell.subset for cell in befell))
            models = ", ".join(dict.fromkeys(cell.model for cell in befell))
            where = task if subsets == [WHOLE_TASK] else f"{task} {first_of(subsets, 4)}"
            why = reason.removeprefix(f"{where}: ")  # which says it by itself where it stands alone
            echo(one_line(f"{status}: {where} ({models}): {why}"), err=True)
        if len(reasons) > REASONS:
            rest = sum(len(befell) for befell in list(reasons.values())[REASONS:])
            echo(f"{status}: {task}: {rest} more cells, for other reasons (--json has them all)", err=True)
