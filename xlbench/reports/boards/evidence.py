"""`Evidence`: what the numbers of a board are made of, for renderings that show more of them than it has."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.reports.boards.averages import Node, Tree

if TYPE_CHECKING:
    from xlbench.core.record import Cell
    from xlbench.reports.boards.gather import ModelKey, Place, Table


@dataclass(frozen=True, eq=False)
class Evidence:
    """The influences and cells behind a board: a node a model, models in the order of the board's rows."""

    models: tuple[ModelKey, ...]
    trees: Mapping[ModelKey, Tree]
    table: Table
    languages: Mapping[str, tuple[Node, ...]]
    """By language, as the board's lines of languages."""

    @functools.cached_property
    def neither(self) -> frozenset[Place]:
        """The places of cells of whose main score neither value is better."""
        mains = ((place, cell.main) for place, cell in self.table.cells.items())
        return frozenset(place for place, main in mains if main is not None and main.direction == "neither")

    @property
    def overall(self) -> tuple[Node, ...]:
        return tuple(self.trees[model].overall for model in self.models)

    def area(self, name: str) -> tuple[Node, ...]:
        return tuple(self.trees[model].areas[name] for model in self.models)

    def task(self, name: str) -> tuple[Node, ...]:
        return tuple(self.trees[model].tasks[name] for model in self.models)

    def cells(self) -> Iterator[Cell]:
        """The cells that count, by model, task and subset."""
        for model in self.models:
            for place in self.table.places(model):
                if place not in self.table.reasons:
                    yield self.table.cells[place]
