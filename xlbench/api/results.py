"""`load` and `Results`: saved runs as an object with frames, comparisons and pictures."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.api.judging import compare
from xlbench.core import record
from xlbench.core.errors import ResultsError, UsageError, XlbenchError
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.record import Run
from xlbench.core.text import did_you_mean, first_of
from xlbench.reports import frames
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from xlbench.reports.boards.board import Board
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.curves import Curves
    from xlbench.reports.render import Boards


def load(folders: OneOrMore[str | Path] = "results") -> Results:
    """Read saved runs: no model, data or task is needed.

    Args:
        folders: Results folders, single runs or packs, one or several.

    Returns:
        The runs. Files that are refused, beside others that are not, are warnings.

    Raises:
        UsageError: There is no such folder or pack, or no run in it.
        ResultsError: A pack or run is damaged, and nothing else was given.
    """
    reader = Reader()
    places = {Path(folder).resolve(): Path(folder) for folder in as_list(folders)}
    if not places:
        raise UsageError("no folder is given: name a results folder of `xlbench run`, or a pack")
    runs = {Path(run.folder).resolve(): run for place in places.values() for run in reader.find_runs(place)}
    troubles = [trouble for run in runs.values() for trouble in run.troubles]
    if troubles and not any(run.cells for run in runs.values()):
        more = f" (and {len(troubles) - 1} more files)" if len(troubles) > 1 else ""
        raise ResultsError(f"nothing is left to read: {troubles[0]}{more}")
    for trouble in troubles:
        warnings.warn(trouble, stacklevel=2)
    return Results(tuple(runs.values()), reader)


@dataclass(frozen=True, repr=False)
class Results(record.Results):
    """Several runs, computed or read: what `run` and `load` return.

    It is iterated run by run. At a prompt and in a notebook it shows what was measured, the verdict in words and the
    standings.
    """

    reader: Reader = field(default_factory=Reader, compare=False)
    """Of their items."""

    @property
    def boards(self) -> tuple[Board, ...]:
        """The boards of these runs, a suite each, or the one of loose tasks.

        Raises:
            UsageError: Nothing here belongs on a board: there are only samples, curves or runs without a cell.
        """
        return self._boards.boards

    @cached_property
    def _boards(self) -> Boards:
        from xlbench.reports.render import boards_of_runs

        return boards_of_runs(self.runs, self.reader)

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, each once."""
        return tuple(dict.fromkeys(run.model for run in self.runs))

    def select(
        self,
        *,
        tasks: OneOrMore[str] = (),
        models: OneOrMore[str] = (),
        languages: OneOrMore[str] = (),
        suite: str | None = None,
    ) -> Results:
        """The runs with a part of their cells. Boards of fewer tasks or languages than a suite's are called ``run``.

        Args:
            tasks: Names or patterns; none: all.
            models: Names, patterns or the first digits of fingerprints; none: all.
            languages: Only subsets about one of these, a transfer being about the tested one; none: all.
            suite: Only what was planned for it.

        Raises:
            UsageError: There is no such task, model, language or suite here, or no cell of all that is asked for.
        """
        from xlbench.reports.selection import Selection, narrowed

        chosen = Selection(suite, as_list(tasks), as_list(models), as_list(languages))
        return Results(narrowed(self.runs, chosen), self.reader)

    def to_frame(self, level: frames.Level = "cells") -> pd.DataFrame:
        """The results as a pandas DataFrame.

        Args:
            level: What a row is of: ``cells`` (a score of a cell, or a cell without scores), ``tasks``, ``areas``,
                ``overall`` (a model's average there) or ``items`` (a saved item of a cell).

        Returns:
            A frame with the columns `xlbench.reports.frames.COLUMNS`. Scores are fractions, ids and language codes are
            texts, what is missing is NaN, ``<NA>`` or "".

        Raises:
            UsageError: There is no such level, nothing for a board, or items are wanted of a run that was not saved.
            ResultsError: Saved items are missing or damaged.
        """
        needs_boards = level in ("tasks", "areas", "overall")
        return frames.frame(level, self.runs, self.boards if needs_boards else (), self.reader)

    def compare(self, baseline: str | Run, candidate: str | Run, **options: Any) -> Comparison:
        """Compare two of the models cell by cell.

        Args:
            baseline: A model's name, the first digits of its fingerprint, or one of the runs.
            candidate: The same.
            options: As of `xlbench.compare`.

        Returns:
            Paired differences, candidate - baseline, with a verdict each.

        Raises:
            UsageError: There is no such model, there are several runs of it, or the two do not have the same cells.
            ResultsError: Results are damaged.
        """
        return compare(self._parts(baseline), self._parts(candidate), **options)

    def _run(self, wanted: str | Run) -> Run:
        """The one run that is meant, its parts joined."""
        (run,) = self.reader.join(self._parts(wanted))
        return run

    def _parts(self, wanted: str | Run) -> list[Run]:
        """The parts of the one run that is meant."""
        if isinstance(wanted, Run):
            return [wanted]
        named = [run for run in self.runs if run.model == wanted]
        found = named or [run for run in self.runs if len(wanted) > 5 and run.fingerprint.startswith(wanted)]
        if not found:
            hint = did_you_mean(wanted, self.models) or f" The models are: {first_of(self.models, 6)}"
            raise UsageError(f"there is no run of a model {wanted!r} here.{hint}")
        if len(found) > 1 and (len({run.fingerprint for run in found}) > 1 or not all(run.folder for run in found)):
            ways = ", ".join(f"{run.fingerprint[:8]} in {run.folder}" for run in found)
            raise UsageError(f"there are {len(found)} runs of {wanted!r}: give the run itself, or its digits ({ways})")
        return found

    def plot(
        self,
        kind: str = "standings",
        out: str | Path | None = None,
        *,
        board: str = "",
        models: OneOrMore[str | Run] = (),
        width: str | float = "page",
        by: str | None = None,
    ) -> Figure:
        """Draw a picture: matplotlib, the extra ``plots``, does it.

        Args:
            kind: As of ``xlbench plot``: ``standings``, ``ranks`` ... of a board; ``compare`` of models; ``curve`` of
                what was learned from several numbers of items.
            out: The file to write, by its ending; None: none.
            board: Which board, where there are several; of ``compare``, which suite.
            models: Of ``compare``: the baseline, and then those that are compared with it.
            width: ``column`` or ``page`` of a paper, or inches.
            by: What it is divided by.

        Returns:
            The figure, which a notebook shows.

        Raises:
            UsageError: There is no such kind, board or model, there is nothing to draw, or matplotlib is not installed.
            ResultsError: Results are damaged.
        """
        from xlbench.reports.figures import draw
        from xlbench.reports.figures.notebook import shown

        content: Any
        if kind == "compare":
            content = self._comparisons(as_list(models), board)
        elif kind == "curve":
            content = self._curves()
        else:
            content = self._board(board)
        return shown(draw(kind, content, out, width=width, by=by))

    def _comparisons(self, models: tuple[str | Run, ...], suite: str) -> list[Comparison]:
        """The first model against every other: what is said of a place holds for all of them together."""
        from xlbench.reports.compare.comparison import against_baseline
        from xlbench.reports.compare.inputs import by_label, one_run
        from xlbench.reports.compare.logs.reader import LogReader
        from xlbench.reports.compare.matching import CellFilter

        if len(models) < 2:
            known = first_of(self.models, 6)
            raise UsageError(f"name two models at least, the baseline first, as models=[...]: there are {known}")
        reader = LogReader()
        runs = by_label([one_run(self._run(model), reader) for model in models])
        return against_baseline(runs, self.reader.influence, None, CellFilter(suite=suite))

    def _curves(self) -> Curves:
        """The curves of tasks that were learned from several numbers of items."""
        from xlbench.reports.render import curves_of

        tasks = {cell.task: None for run in self.runs for cell in run.cells if cell.train_size is not None}
        if not tasks:
            raise UsageError("no cell here learned from a part of its items: see `xlbench curve`")
        cells = [(run, tuple(cell for cell in run.cells if cell.task in tasks)) for run in self.runs]
        return curves_of(record.Results(tuple(replace(run, cells=own) for run, own in cells)), [*tasks], ())

    def _board(self, title: str) -> Board:
        """The board of this title, or the only one."""
        titles = [board.title for board in self.boards]
        found = [board for board in self.boards if board.title == title or not title]
        if title and not found:
            raise UsageError(
                f"there is no board {title!r}.{did_you_mean(title, titles)} There are: {', '.join(titles)}"
            )
        if len(found) > 1:
            raise UsageError(f"there are several boards ({', '.join(titles)}): name one with board=")
        return found[0]

    def to_dict(self) -> dict[str, Any]:
        """The boards as plain values for JSON, as ``xlbench board --print --json`` prints them."""
        from xlbench.reports.boards.plain import plain

        return {"boards": [plain(board) for board in self.boards]}

    def __repr__(self) -> str:
        from xlbench.reports import screens

        found = self._boards_if_any()
        return screens.as_text(self.runs, found) if found else screens.without_board(super().__repr__())

    def _repr_html_(self) -> str:
        """The same for notebooks, with every name escaped."""
        from xlbench.reports import screens

        found = self._boards_if_any()
        return screens.as_html(self.runs, found) if found else super()._repr_html_()

    def _boards_if_any(self) -> Boards | None:
        """The boards, or None where they would show no score: whoever looks at results gets no error."""
        try:
            averages = [entry for board in self.boards for row in board.rows for entry in row.tasks.values()]
        except XlbenchError:
            return None
        return self._boards if any(entry.value is not None for entry in averages) else None
