"""`EngineRun`: hands jobs to an engine and accounts for the cells that come back; and the built-in engine `serial`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xlbench.catalog.hooks import Engine
from xlbench.core.errors import XlbenchError
from xlbench.core.record import Cell
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench.runs.jobs import RunWarning
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import PlannedCell
from xlbench.runs.run_folder import LOST

CellAddress = tuple[str, str, str, str]
"""Model, fingerprint, task and subset: what tells the cells of a run apart."""


def serial(work: Callable[[Any], Iterable[Any]], jobs: Iterable[Any]) -> Iterator[Any]:
    """The built-in engine: one job after the other, in this process."""
    for job in jobs:
        yield from work(job)


def address_of(cell: Cell) -> CellAddress:
    """The cell's address."""
    return cell.model, cell.fingerprint, cell.task, cell.subset


class EngineRun:
    """One use of an engine: the cells that are expected of it, and those that came back."""

    def __init__(self, engine: Engine, label: str, planned: Sequence[PlannedCell], observer: Observer) -> None:
        self._engine, self._label, self._observer = engine, label, observer
        self._expected = {address_of(item.cell): item.cell for item in planned if item.state in ("todo", "rescore")}
        self._came: set[CellAddress] = set()

    def cells(
        self, work: Any, jobs: Sequence[Any], workers: int | None, options: Mapping[str, Any]
    ) -> Generator[Cell, None, None]:
        """Yield each planned cell that comes back, once, and at the end those that did not, as errors."""
        if not jobs:
            return
        why, messages = "", None
        try:
            told = {"workers": workers, **options} if self._engine.takes_workers else options
            messages = self._engine.map(work, jobs, **told)
            yield from filter(self._is_new, messages)
        except (KeyboardInterrupt, GeneratorExit, XlbenchError):
            raise
        except BaseException as error:  # noqa: BLE001 - an engine is a plugin: what came back before is kept
            log_traceback(f"engine {self._label}")
            why = f": {reason_of(error)}"
        finally:
            close = getattr(messages, "close", None)
            if close is not None:
                close()
        yield from self._lost(why)

    def _is_new(self, message: Any) -> bool:
        """Whether it is a planned cell that has not come back before; says so where it should be and is not."""
        if isinstance(message, RunWarning):
            self._observer.warning(message.line)
            return False
        if not isinstance(message, Cell):
            self._observer.warning(f"engine {self._label} gave {type(message).__name__} in the place of a cell")
            return False
        named = f"{message.model} {message.task} {message.subset}"
        if address_of(message) not in self._expected:
            self._observer.warning(f"engine {self._label} gave a cell that nobody planned: {named}")
            return False
        if address_of(message) in self._came:
            self._observer.warning(f"engine {self._label} gave a cell twice: {named}")
            return False
        self._came.add(address_of(message))
        return True

    def _lost(self, why: str) -> Iterable[Cell]:
        lost = [cell for address, cell in self._expected.items() if address not in self._came]
        if lost:
            count = f"{len(lost)} of {len(self._expected)} planned cells"
            self._observer.warning(f"{count} did not come back from engine {self._label}{why}")
        for cell in lost:
            reason = f"it did not come back from engine {self._label}{why}"
            provenance = {**cell.provenance, LOST: True}
            yield replace(cell, status="error", reason=reason, scores=(), provenance=provenance)
