"""`Shard`: one of n parts of a plan, for machines that compute it side by side and share no folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from xlbench.core.errors import UsageError
from xlbench.runs.planned_cells import PlannedCell


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``count``, counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that a text such as "2/4" names. `UsageError` for any other."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", str(text).strip())
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.count:
            raise UsageError(f"{text!r} is no shard: give part/parts, as in 1/4 to 4/4")
        return shard

    def of(self, planned: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The shard's cells, in the order of the plan.

        All shards together are the plan, and no cell is in two. What is saved already changes nothing, so that a shard
        that goes on has the cells that it began with. Each model's cells are cut into ``count`` runs of about equal
        work, where subsets of the same languages stay together: their texts are encoded once. The parts of the next
        model begin a shard later, so that many models with one cell each are not all in one shard.
        """
        return [item for item, shard in zip(planned, self._places(planned), strict=True) if shard == self.number - 1]

    def _places(self, planned: Sequence[PlannedCell]) -> list[int]:
        """The shard of each cell, from 0."""
        order = {task: rank for rank, task in enumerate(dict.fromkeys(item.task.name for item in planned))}

        def group_of(number: int) -> tuple[int, list[str]]:
            item = planned[number]
            return order[item.task.name], sorted(item.subset.languages)

        place: dict[int, int] = {}
        for offset, model in enumerate(dict.fromkeys(item.model.name for item in planned)):
            own = sorted((n for n, item in enumerate(planned) if item.model.name == model), key=group_of)
            total, done = sum(planned[n].work for n in own), 0
            for _, numbers in groupby(own, key=group_of):
                group = list(numbers)
                work = sum(planned[n].work for n in group)
                part = (2 * done + work) * self.count // (2 * total)  # the part in which the middle of its work lies
                place |= dict.fromkeys(group, (part + offset) % self.count)
                done += work
        return [place[n] for n in range(len(planned))]
