"""The check of a board format: suffixes, escaping, and files that come from the board alone."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.catalog.checking import flaw_of
from xlbench.catalog.hooks import BoardFormat
from xlbench.testing.checks import Check, Examination
from xlbench.testing.process import ConformanceError, ask_process, call, heavy_imports, import_paths, require_light
from xlbench.testing.sample_boards import HOSTILE, sample_boards

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board


def check_board(form: BoardFormat) -> None:
    """Check that a format renders boards with gaps and names of strangers, to files with suffixes that are allowed and
    declared; and that what it gives comes from the board alone, and leaves it and the machine as they are.

    Args:
        form: The format.

    Raises:
        ConformanceError: The format breaks a rule; the message says which, and what to do.
    """
    examine_board(form).require()


def examine_board(form: BoardFormat) -> Examination:
    """The checks of `check_board`, to be made one by one."""
    name = getattr(form, "name", type(form).__name__)
    return Examination(f"board {name}", CheckedFormat(form), CHECKS)


class CheckedFormat:
    """A format, and the boards that it is given."""

    def __init__(self, form: BoardFormat) -> None:
        self.form = form

    @cached_property
    def boards(self) -> dict[str, Board]:
        """Boards by what they are like."""
        return sample_boards()

    def files(self, kind: str) -> dict[str, str]:
        """What the format gives for a board, by suffix."""
        return dict(call(f"render() of a board ({kind})", self.form.render, self.boards[kind]))


def _describes_itself(one: CheckedFormat) -> None:
    if flaw := flaw_of("boards", one.form):
        raise ConformanceError(flaw)


def _renders_every_board(one: CheckedFormat) -> None:
    for kind in one.boards:
        call(f"render() of a board ({kind})", one.form.render, one.boards[kind])


def _gives_files(one: CheckedFormat) -> None:
    from xlbench.catalog import load
    from xlbench.reports.render import render

    others = [form for form in load([]).boards.values() if form.name != one.form.name]
    for kind, board in one.boards.items():
        given = one.form.render(board)
        if not (isinstance(given, Mapping) and given):
            raise ConformanceError(f"render() of a board ({kind}) gives {given!r}: give {{'.md': text}}")
        for failure in render(board, [*others, one.form]).failures:
            raise ConformanceError(failure.partition("wrote nothing: ")[2] or failure)


def _escapes(one: CheckedFormat) -> None:
    for suffix, text in one.files("hostile").items():
        if "\x1b" in text:
            raise ConformanceError(f"{suffix} holds an escape character from a reason, which terminals obey")
        flaw = _ESCAPES.get(suffix.rpartition(".")[2].lower(), _no_flaw)(text)
        if flaw:
            raise ConformanceError(f"{suffix} of a model called {HOSTILE} {flaw}")


def _no_flaw(text: str) -> str:
    """Of a kind of file that has no markup: what there is to see is to be seen."""
    return ""


def _markup_flaw(text: str) -> str:
    return "holds its <script> as it is" if "<script>alert(1)" in text else ""


def _markdown_flaw(text: str) -> str:
    return _markup_flaw(text) or ("holds its | as it is, which ends a cell of a table" if "a|b" in text else "")


def _latex_flaw(text: str) -> str:
    return "holds its &, _, % or # as they are" if "&_50%#" in text else ""


def _json_flaw(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return f"is no JSON: {error}"
    return ""


def _table_flaw(text: str, delimiter: str) -> str:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    if len({len(row) for row in rows}) > 1:
        return "has rows of different lengths"
    broken = "a|b" in text and not any(HOSTILE in field for row in rows for field in row)
    return "does not hold its name whole in any field" if broken else ""


_ESCAPES: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("html", "htm", "svg", "xml"), _markup_flaw),
    "md": _markdown_flaw,
    "tex": _latex_flaw,
    "json": _json_flaw,
    "csv": lambda text: _table_flaw(text, ","),
    "tsv": lambda text: _table_flaw(text, "\t"),
}
"""Kind of file -> what is wrong with its text, or the empty string."""


def _is_pure(one: CheckedFormat) -> None:
    for kind, board in one.boards.items():
        before = pickle.dumps(board)
        first = one.files(kind)
        if pickle.dumps(board) != before:
            raise ConformanceError(f"render() changes the board that it is given ({kind}): work on a copy")
        if one.files(kind) != first:
            raise ConformanceError(f"render() of the same board ({kind}) gives other files the second time")


def _leaves_the_machine_alone(one: CheckedFormat) -> None:
    here, printed = Path.cwd(), io.StringIO()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(printed):
                one.files("whole")
            written = sorted(path.name for path in Path(folder).iterdir())
        finally:
            os.chdir(here)
    if written:
        raise ConformanceError(f"render() writes {written[0]} into the current folder: return the text")
    if printed.getvalue():
        raise ConformanceError(f"render() prints {printed.getvalue().strip()[:40]!r}: return the text")


def _imports_late(one: CheckedFormat) -> None:
    require_light(ask_process(heavy_imports, import_paths([one.form.render])))


def _renders_the_same_everywhere(one: CheckedFormat) -> None:
    try:
        render = pickle.dumps(one.form.render)
    except Exception:  # noqa: BLE001 - a function that was made in another cannot be sent, and need not be
        return
    if b"__main__" in render:
        return
    if ask_process(_rendered, import_paths([one.form.render]), render, one.boards["whole"]) != one.files("whole"):
        raise ConformanceError("render() gives other files in another process: leave hash() and the order of sets out")


def _rendered(places: Mapping[str, str], render: bytes, board: Any) -> dict[str, str]:
    """In a fresh process: what the format gives."""
    heavy_imports(places)
    return dict(pickle.loads(render)(board))


CHECKS = (
    Check(
        "it has a name and a function render",
        "the name is what --format takes, and render is called with every board",
        "give BoardFormat(name, render) a name of letters, digits, '.', '_' and '-', and a function of a board",
        _describes_itself,
        basic=True,
    ),
    Check(
        "it renders boards with gaps, of one model, and of many names",
        "most boards have a cell that failed: then entry.value is None, and entry.reason says why",
        "look for None in values, ranks and intervals before you print them",
        _renders_every_board,
        basic=True,
    ),
    Check(
        "it gives texts by suffixes that are allowed, declared and nobody else's",
        "they become file names: a wrong one writes nothing, and one that is not declared is never removed again",
        "return {'.names.txt': text} and list every suffix in BoardFormat(suffixes=(...))",
        _gives_files,
        basic=True,
    ),
    Check(
        "names and reasons of strangers are escaped",
        "boards are opened in browsers and spreadsheets: a model's name would run as a script, or break the table",
        "escape every name, note and reason for the kind of file: html.escape, csv.writer, json.dumps",
        _escapes,
    ),
    Check(
        "the same board gives the same files, and stays as it is",
        "boards are compared byte by byte, and other formats are given the same board after yours",
        "use no time, no random number and no state, and change nothing of the board",
        _is_pure,
    ),
    Check(
        "it writes no file and prints nothing",
        "`xlbench board` decides where files go, and what it prints is read by programs",
        "return the text by its suffix",
        _leaves_the_machine_alone,
    ),
    Check(
        "its module imports nothing heavy",
        "`xlbench list` and every other command import every plugin: each of them would wait for it",
        "import numpy, pandas and the like inside render()",
        _imports_late,
    ),
    Check(
        "it gives the same files in another process",
        "a board that is rendered again tomorrow must not differ",
        "sort what comes from sets, and leave hash() out",
        _renders_the_same_everywhere,
    ),
)
"""What is asked of a board format, in this order."""
