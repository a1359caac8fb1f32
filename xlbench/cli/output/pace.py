"""`Pace`: how far a run has come, how fast it encodes, and how long the rest may take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlbench.runs.engine import CellAddress, address_of
from xlbench.runs.planned_cells import PlannedCell

if TYPE_CHECKING:
    from xlbench.core.record import Cell


class Pace:
    """Counts finished cells and encoded texts, in one process or many."""

    def __init__(self, planned: Sequence[PlannedCell], clock: Callable[[], float] = time.monotonic) -> None:
        self.total = len(planned)
        self.done = 0
        """Cells that are finished, or were before."""
        self.status: Counter[str] = Counter()
        self._clock = clock
        self._began = self._last_cell = clock()
        self._todo: dict[CellAddress, PlannedCell] = {
            address_of(item.cell): item for item in planned if item.state in ("todo", "rescore")
        }
        self._left: Counter[str] = Counter()
        """Items of the cells that are to be computed, by model."""
        for item in self._todo.values():
            self._left[item.cell.model] += item.work
        self._sizes: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        """Items, and seconds, of the cells that were computed, by model."""
        self._encoded, self._encode_seconds = 0, 0.0
        self.request = Request(clock)

    @property
    def first(self) -> str:
        """The model and the task that come next; "" where nothing is left to compute."""
        return next((f"{item.cell.model} {item.cell.task}" for item in self._todo.values()), "")

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to compute."""
        return not self._todo

    def cell(self, cell: Cell) -> bool:
        """A cell is finished; whether it was computed now."""
        self.done += 1
        self.status[cell.status] += 1
        self.request.rest()
        item = self._todo.pop(address_of(cell), None)
        if item is None:
            return False
        self._last_cell = self._clock()
        before = item.cell.seconds if item.state == "rescore" else 0.0
        self._left[cell.model] -= item.work
        self._sizes[cell.model] += item.work
        self._seconds[cell.model] = self._seconds.get(cell.model, 0.0) + max(0.0, cell.seconds - before)
        if item.state == "todo":
            self._encoded += cell.encoded
            self._encode_seconds += cell.encode_seconds
        return True

    @property
    def texts_per_second(self) -> float | None:
        """Of the request that runs, or else of all so far, workers together; None where nothing was encoded."""
        if self.request.rate is not None:
            return self.request.rate
        return self._encoded / self._encode_seconds * self._workers() if self._encode_seconds > 0 else None

    @property
    def left(self) -> float | None:
        """Seconds that the rest may take, by the items of a model's cells and how long its others, or else those of
        other models, have taken; None where nothing is known yet."""
        size = sum(self._sizes.values())
        if not size or not self._todo:
            return None
        mean = sum(self._seconds.values()) / size
        work = sum(
            left * (self._seconds[model] / self._sizes[model] if self._sizes[model] else mean)
            for model, left in self._left.items()
        )
        rest = work / self._workers() - (self._clock() - self._last_cell)
        return max(rest, self.request.left or 0.0)

    def _workers(self) -> float:
        """How many cells are computed at a time, as their seconds add up; at least one."""
        return max(1.0, sum(self._seconds.values()) / max(self._clock() - self._began, 1e-9))


class Request:
    """How fast texts are encoded over one request of a model."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = self._began = clock()
        self._done = self._total = 0

    def rest(self) -> None:
        """Something else than encoding was done until now."""
        self._last, self._done, self._total = self._clock(), 0, 0

    def progress(self, done: int, total: int) -> None:
        """So many texts of all are encoded; a request begins with none."""
        now = self._clock()
        if not done:
            self._began = now
        elif done <= self._done or not self._total:  # an engine that does not say when one begins: at the last event
            self._began = self._last
        self._last, self._done, self._total = now, done, total

    @property
    def rate(self) -> float | None:
        """Texts a second; None where no request runs."""
        return self._done / max(self._last - self._began, 1e-9) if self._done else None

    @property
    def left(self) -> float | None:
        """Seconds until it is answered; None where no request runs."""
        return (self._total - self._done) / self.rate if self.rate else None


def duration(seconds: float) -> str:
    """``2:05``, or ``1:02:05`` of an hour and more."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
