"""`CheckedTask`: a task that is checked, its subsets and outcomes, and what another process says of it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from xlbench.core.errors import DataMissing
from xlbench.core.model import Encoder
from xlbench.core.task import Data, Outcome, Subset, Task
from xlbench.testing.checks import NotAsked
from xlbench.testing.metrics import metric_functions
from xlbench.testing.process import ConformanceError, ask_process, heavy_imports, import_paths, pickle_or_none
from xlbench.testing.task_items import HashEncoder, evaluate, kept_copy, session_of
from xlbench.testing.task_lists import list_subsets, present_subsets, summary_of


class CheckedTask:
    """A task, and what several checks need of it: it is listed once, and each subset evaluated once."""

    def __init__(
        self,
        task: Task,
        data: Data,
        encoder: Encoder | None = None,
        only: Sequence[str] | None = None,
        *,
        elsewhere: bool = True,
        few: bool = False,
        stated: bool = True,
    ) -> None:
        """``few``: only the shortest and the widest subset are evaluated. ``stated``: data has to be at hand."""
        self.task, self.data, self.only, self.few, self.stated = task, data, only, few, stated
        self.asks_elsewhere = elsewhere
        self.session, self.other = session_of(encoder or HashEncoder("one")), session_of(HashEncoder("other"))
        self._outcomes: dict[str, tuple[Outcome, Outcome]] = {}

    @cached_property
    def subsets(self) -> list[Subset]:
        """What the task lists; without data, where none was named, no check can be made."""
        try:
            return list_subsets(self.task, self.data)
        except ConformanceError as error:
            if isinstance(error.__cause__, DataMissing) and not self.stated:
                raise NotAsked(f"its data is not at hand: {error.__cause__}") from None
            raise

    @cached_property
    def present(self) -> list[Subset]:
        """The subsets that are evaluated."""
        if not self.stated and all(subset.missing for subset in self.subsets):
            raise NotAsked(f"its data is not at hand: {self.subsets[0].missing}")
        found = present_subsets(self.subsets, self.only)
        if not self.few:
            return found
        by_length = sorted(found, key=lambda subset: (subset.n, subset.name))
        widest = min(by_length, key=lambda subset: -len(subset.languages))
        return list({subset.name: subset for subset in (by_length[0], widest)}.values())

    def outcome(self, subset: Subset) -> Outcome:
        """The first outcome of a subset."""
        return self._evaluated(subset)[0]

    def kept(self, subset: Subset) -> Outcome:
        """A copy of the first outcome, made when it came."""
        return self._evaluated(subset)[1]

    def _evaluated(self, subset: Subset) -> tuple[Outcome, Outcome]:
        if subset.name not in self._outcomes:
            outcome = evaluate(self.task, subset, self.session)
            self._outcomes[subset.name] = outcome, kept_copy(outcome)
        return self._outcomes[subset.name]

    @property
    def smallest(self) -> Subset:
        """The subset that another process evaluates."""
        return min(self.present, key=lambda subset: subset.n)

    @cached_property
    def elsewhere(self) -> dict[str, Any]:
        """What a fresh process says of the task."""
        task = self.task
        if not self.asks_elsewhere:
            return {"heavy": {}, "summary": None, "outcome": None}
        places = import_paths(
            [task.subsets, task.evaluate, *(part for metric in task.metrics for part in metric_functions(metric))]
        )
        subsets, evaluating = pickle_or_none(task.subsets), pickle_or_none(task.evaluate)
        answer: dict[str, Any] = ask_process(
            _task_elsewhere, places, subsets, evaluating, self.data, self.smallest.name
        )
        return answer


def _task_elsewhere(
    places: Mapping[str, str], subsets: bytes | None, evaluate: bytes | None, data: Data, name: str
) -> dict[str, Any]:
    """In a fresh process: what is imported, what the task lists and the items of one subset; None for what could not
    be sent here."""
    heavy = heavy_imports(places)
    listed = None if subsets is None else list(pickle.loads(subsets)(data))
    summary = None if listed is None else summary_of(listed)
    chosen = [subset for subset in listed or () if subset.name == name]
    if evaluate is None or not chosen:
        return {"heavy": heavy, "summary": summary, "outcome": None}
    outcome = pickle.loads(evaluate)(chosen[0], session_of(HashEncoder("one")))
    plain = Outcome(list(outcome.item_ids), dict(outcome.columns), outcome.cluster_ids)
    return {"heavy": heavy, "summary": summary, "outcome": plain}
