"""Items for the page's script: which model has which item right, where models differ."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.reports.gate.flips import hits_of
from xlbench.runs.items import ITEM_ID

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from xlbench.core.record import Cell
    from xlbench.reports.boards.board import Board

MOST = 250_000
"""Characters that a page holds of items, about."""
TEXT = 40
"""What a text counts for beside; the same sentence in several subsets is there once."""
Texts = Callable[[str, str], Mapping[str, Sequence[str]]]
"""The texts of every item of a task's subset, by the item's id: of a pair, both."""


@dataclass(frozen=True)
class _Set:
    """The items of one subset on which models differ."""

    task: str
    subset: str
    ids: list[str]
    right: dict[int, NDArray[np.bool_]]
    """By the model's place: (n,) whether it has each item right."""

    def cut(self, most: int) -> _Set:
        """The items on which models differ most."""
        import numpy as np

        if len(self.ids) <= most:
            return self
        share = np.mean([*self.right.values()], axis=0)
        kept = np.sort(np.argsort(-share * (1 - share), kind="stable")[:most])
        return _Set(self.task, self.subset, [self.ids[place] for place in kept.tolist()],
                    {model: right[kept] for model, right in self.right.items()})  # fmt: skip

    def size(self, item: int) -> int:
        """Characters that it takes, about, of which so many an item."""
        return len(self.ids) * item + len(self.right) * (len(self.ids) // 6 + 4)


def of_board(board: Board, read: Callable[[Cell], pa.Table], shown: int, texts: Texts | None = None) -> dict[str, Any]:
    """The items of a board on which models differ, of tasks whose score is a share of hits over items.

    Args:
        board: With its evidence.
        read: Gives a cell's saved items.
        shown: How many items of a task the page lists.
        texts: Gives the texts of items; None: the page has ids alone.

    Returns:
        ``n``; ``whole``: whether all such items are there, or of every subset those on which models differ most;
        ``ids``, ``texts``; ``sets``: by task and subset the ids' numbers, ``bits`` (by model a bit an item, in base 64;
        null where a model has no score there) and ``texts``, the numbers of every item's texts.
    """
    sets = _sets(board, read)
    item, most = 5 + (TEXT if texts else 0), max((len(one.ids) for one in sets), default=0)
    whole = sum(one.size(item) for one in sets) <= MOST
    while sum(one.size(item) for one in sets) > MOST and most > 1:
        most = most * 3 // 4
        sets = [one.cut(most) for one in sets]
    numbers: dict[str, int] = {}
    told: dict[str, int] = {}
    plain = [_plain(one, len(board.rows), numbers) | _told(one, told, texts) for one in sets]
    return {"n": shown, "whole": whole, "ids": [*numbers], "texts": [*told], "sets": plain}


def _sets(board: Board, read: Callable[[Cell], pa.Table]) -> list[_Set]:
    evidence = board.evidence
    if evidence is None:
        return []
    found = []
    for line in board.cells:
        right: dict[int, NDArray[np.bool_]] = {}
        ids: list[str] = []
        for number, model in enumerate(evidence.models):
            place = (model, line.task, line.subset)
            if place in evidence.table.reasons:
                continue
            cell = evidence.table.cells[place]
            items = read(cell)
            hits, own = hits_of(cell, items), items.column(ITEM_ID).to_pylist()
            if hits is not None and (not ids or own == ids):
                ids, right[number] = own, hits
        if len(right) > 1:
            found.append(_differing(_Set(line.task, line.subset, ids, right)))
    return [one for one in found if one.ids]


def _differing(one: _Set) -> _Set:
    """Without the items that all models have right, or none."""
    import numpy as np

    count = np.sum([*one.right.values()], axis=0)
    kept = np.flatnonzero((count > 0) & (count < len(one.right)))
    return _Set(one.task, one.subset, [one.ids[place] for place in kept.tolist()],
                {model: right[kept] for model, right in one.right.items()})  # fmt: skip


def _plain(one: _Set, models: int, numbers: dict[str, int]) -> dict[str, Any]:
    import numpy as np

    bits = [
        base64.b64encode(np.packbits(one.right[model], bitorder="little").tobytes()).decode()
        if model in one.right
        else None
        for model in range(models)
    ]
    ids = [numbers.setdefault(name, len(numbers)) for name in one.ids]
    return {"task": one.task, "subset": one.subset, "ids": ids, "bits": bits}


def _told(one: _Set, numbers: dict[str, int], texts: Texts | None) -> dict[str, Any]:
    """The numbers of its items' texts; nothing where they are not wanted or cannot be had."""
    found = texts(one.task, one.subset) if texts else {}
    if not found:
        return {}
    return {"texts": [[numbers.setdefault(text, len(numbers)) for text in found.get(name, ())] for name in one.ids]}
