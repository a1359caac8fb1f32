"""Renders saved runs as boards and curves, in files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xlbench.core.collector import set_apart
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import write_files
from xlbench.core.record import Cell, Results, Run
from xlbench.core.text import did_you_mean, reason_of
from xlbench.reports import curves
from xlbench.reports.boards.imported_figures import shown_on
from xlbench.reports.other_metric import by_metric
from xlbench.reports.published import Figure, match_cells
from xlbench.reports.selection import Over, Selection, planned, select
from xlbench.runs.items import Influence
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    from xlbench.catalog.hooks import BoardFormat
    from xlbench.core.task import Task
    from xlbench.reports.boards.board import Board

_SUFFIX = re.compile(r"(\.[A-Za-z0-9_-]{1,40}){1,4}")


@dataclass(frozen=True)
class Rendered:
    """A board in every format."""

    files: Mapping[str, str]
    """File name -> content."""
    failures: tuple[str, ...] = ()
    """Formats that failed: a line each."""
    stale: tuple[str, ...] = ()
    """Names of files that a rendering before may have left, and that are not of this board."""


@dataclass(frozen=True)
class Boards:
    """The boards of saved runs, and what a reader should know beside them."""

    boards: tuple[Board, ...]
    left_out: tuple[str, ...] = ()
    """Saved cells that are on none of the boards: a line each kind."""
    troubles: tuple[str, ...] = ()
    """Files that were refused: a line each."""
    conflicts: tuple[str, ...] = ()
    """Cells of which several runs have different scores: a line each."""
    runs: tuple[Run, ...] = field(default=(), compare=False)
    """The runs that they are made of."""


def standings(
    name: str,
    results: Results,
    *,
    whole_suite: bool,
    read: Callable[[Cell, Path], Influence] | None = None,
    over: Over = "items",
) -> Board:
    """The board of results; of a suite it holds the suite's tasks alone, and what was planned of them.

    Args:
        name: The board's title: the suite's name, or `LOOSE`.
        results: The runs; several of one model are joined.
        whole_suite: Whether what the runs planned for the suite is asked of every model.
        read: Gives the influence of a cell whose run lies in the folder or pack; None: it is read anew.
        over: What intervals of averages are over.

    Raises:
        UsageError: There are too few languages to be a sample of them.
    """
    from xlbench.reports.boards.standings import standings

    read = read or Reader().influence
    folders = {_content(cell): folder for run in results for folder in [Path(run.folder)] for cell in run.cells}

    def influence(cell: Cell) -> Influence:
        return read(cell, folders[_content(cell)])

    return standings(results, influence, name, planned(name, results) if whole_suite else None, over)


def _content(cell: Cell) -> tuple[str, ...]:
    """What a cell's items are found by: where it is equal, so are the items."""
    return cell.model, cell.fingerprint, cell.task, cell.subset, cell.items_file, cell.items_digest


def choose_formats(formats: Mapping[str, BoardFormat], names: Sequence[str] = ()) -> list[BoardFormat]:
    """The board formats that are called so, each once; without names, those that are written by default.

    Raises:
        UsageError: There is no format of a name.
    """
    for name in names:
        if name not in formats:
            known = ", ".join(sorted(formats))
            raise UsageError(f"there is no board format {name!r}.{did_you_mean(name, formats)} There are: {known}")
    return [form for name, form in formats.items() if name in names or (form.default and not names)]


def render(board: Board, formats: Iterable[BoardFormat]) -> Rendered:
    """The files of a board in every format, by file name. A format that fails takes no other with it."""
    files: dict[str, str] = {}
    failures: list[str] = []
    stale: dict[str, None] = {}
    for form in formats:
        try:
            given = dict(form.render(board))
            flaw = _flaw(given, form, [name.removeprefix(board.title) for name in files])
        except Exception as error:  # noqa: BLE001 - a format is a plugin: the others are written
            given, flaw = {}, reason_of(error)
        if flaw:
            failures.append(f"board format {form.name} failed on {board.title}, and wrote nothing: {flaw}")
            given = {}
        files |= {board.title + suffix: content for suffix, content in given.items()}
        stale |= {board.title + suffix: None for suffix in form.suffixes if _SUFFIX.fullmatch(suffix)}
    return Rendered(files, tuple(failures), tuple(name for name in stale if name not in files))


def _flaw(given: Mapping[Any, Any], form: BoardFormat, taken: Sequence[str]) -> str:
    """What is wrong with what a format gave, or the empty string."""
    for suffix, content in given.items():
        if not isinstance(suffix, str) or not _SUFFIX.fullmatch(suffix):
            return f"the suffix {suffix!r} is not one such as '.md' or '.costs.csv'"
        if not isinstance(content, str):
            return f"the content of {suffix} is {type(content).__name__}, not text"
        if suffix in taken:
            return f"another format writes {suffix}, too"
        if form.suffixes and suffix not in form.suffixes:
            return f"the suffix {suffix!r} is not among those that it declares ({', '.join(form.suffixes)})"
    return ""


def save(
    board: Board, formats: Sequence[BoardFormat], folder: Path, offered: Iterable[BoardFormat] = ()
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a board in every format, and remove what an earlier rendering left.

    Args:
        board: The board.
        formats: Those that are asked for.
        folder: Where its files lie.
        offered: Others, which are written too where files of theirs are there: beside the new board these would look as
            if they were of it.

    Returns:
        The paths, and a line for each format that failed.

    Raises:
        UsageError: The folder cannot be written to.
        ResultsError: The disk is full.
    """
    taken = {suffix for form in formats for suffix in form.suffixes}
    there = [
        form
        for form in offered
        if form not in formats and taken.isdisjoint(form.suffixes)
        and any((folder / f"{board.title}{suffix}").exists() for suffix in form.suffixes if _SUFFIX.fullmatch(suffix))
    ]  # fmt: skip
    rendered = render(board, [*formats, *there])
    return write_files(folder, rendered.files, stale=rendered.stale), rendered.failures


def curves_of(results: Results, learning: Sequence[str], idle: Sequence[str]) -> curves.Curves:
    """The curves of results on the tasks that learn, named after the one task or "curves"; ``idle`` learn nothing."""
    cells = [cell for run in results for cell in run.cells]
    name = learning[0] if len(learning) == 1 else "curves"
    return curves.Curves(name, curves.curves_of(cells), tuple(idle))


def render_curves(all_curves: curves.Curves, *, plots: bool = True) -> dict[str, str | bytes]:
    """The files of curves by name: ``<name>.md`` and ``<name>.csv``, and ``<task>.png`` and ``<task>.svg``.

    ``plots``: False leaves the latter out; they need matplotlib.
    """
    if not plots:
        return dict(curves.tables(all_curves))
    from xlbench.reports.figures.drawing import make
    from xlbench.reports.figures.style import files_of

    files: dict[str, str | bytes] = dict(curves.tables(all_curves))
    for task, own in all_curves.tasks.items():
        if any(curve.points for curve in own):
            drawn = make("curve", replace(all_curves, curves=own)).figure
            files |= {f"{task}.{form}": content for form, content in files_of(drawn, ("png", "svg")).items()}
    return files


def boards_of(
    folders: Sequence[str | Path],
    selection: Selection = Selection(),  # noqa: B008 - frozen
    imported: Sequence[Figure] = (),
    tasks: Mapping[str, Task] = MappingProxyType({}),
) -> Boards:
    """The boards that saved runs give, one a suite, or one of what is selected; beside them figures of others.

    Args:
        folders: Where the runs lie.
        selection: What boards are wanted of.
        imported: Figures of others.
        tasks: The installed tasks, where boards are by another metric than the main ones; otherwise none is needed.

    Raises:
        UsageError: There is nothing to show, or nothing that is called as the selection says.
        ResultsError: All that there is was refused.
    """
    reader = Reader()
    runs = [run for folder in folders for run in reader.find_runs(Path(folder))]
    with set_apart():
        boards = boards_of_runs(runs, reader, ", ".join(map(str, folders)), selection, imported, tasks)
        reader.save_indexes()
    return boards


def boards_of_runs(
    runs: Sequence[Run],
    reader: Reader,
    where: str = "these results",
    selection: Selection = Selection(),  # noqa: B008 - frozen
    imported: Sequence[Figure] = (),
    tasks: Mapping[str, Task] = MappingProxyType({}),
) -> Boards:
    """`boards_of` of runs that were read from ``where``, and whose items ``reader`` reads."""
    refused = tuple(dict.fromkeys(trouble for run in runs for trouble in run.troubles))
    if refused and not any(run.cells for run in runs):
        more = f" (and {len(refused) - 1} more files)" if len(refused) > 1 else ""
        raise ResultsError(f"nothing is left to show: {refused[0]}{more}")
    selected = select(runs, selection, where)
    read: Callable[[Cell, Path], Influence] = reader.influence
    if selection.metric:
        (one,) = selected.boards
        by = by_metric(one.results, selection.metric, tasks, reader)
        read, of_metric = by.read, replace(one, results=Results(by.runs))
        selected = replace(selected, boards=(of_metric,), left_out=(*by.left_out, *selected.left_out))
    boards = tuple(
        standings(one.name, one.results, whole_suite=one.whole_suite, read=read, over=selection.over)
        for one in selected.boards
    )
    imported = match_cells(imported, (cell for run in runs for cell in run.cells))
    boards = tuple(replace(board, imported=shown_on(board, imported), metric=selection.metric) for board in boards)
    unseen = len({*imported} - {figure for board in boards for figure in board.imported})
    unused = f"{unseen:,} imported figures of other tasks, subsets or metrics than a board's main ones"
    return Boards(
        boards,
        (*selected.left_out, *([unused] if unseen else [])),
        tuple(dict.fromkeys([*refused, *(trouble for board in boards for trouble in board.troubles)])),
        tuple(dict.fromkeys(conflict for board in boards for conflict in board.conflicts)),
        _distinct(run for one in selected.boards for run in one.results),
    )


def _distinct(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Each run once: of one that lies in a folder, what the first board has of it."""
    found: dict[tuple[str, str, str], Run] = {}
    for run in runs:
        found.setdefault((run.folder or str(id(run)), run.model, run.fingerprint), run)
    return tuple(found.values())
