"""Boards made by hand: a model is its score with its interval, and the ranks that it may have."""

from __future__ import annotations

from collections.abc import Sequence

from xlbench.reports.boards.averages import Entry
from xlbench.reports.boards.board import Board, Row


def row(
    name: str,
    value: float | None,
    ranks: tuple[int, int, int] = (1, 1, 1),
    *,
    tied: bool = False,
    letters: str = "",
    chance: float | None = 0.1,
    half: float = 0.02,
) -> Row:
    """A model with an overall; ``ranks`` are its rank and the lowest and highest that it may have, and two models that
    share one of the ``letters`` are not told apart. Without a value it has no rank, with a ``half`` width of 0 no
    interval."""
    interval = {} if value is None or not half else {"low": value - half, "high": value + half, "method": "cluster-t"}
    known = ranks if value is not None else (None, None, None)
    return Row(
        name, name[:1] * 64, name, *known, tied, Entry(value, **interval, reason="" if value else "not run"), {}, {},
        borda=None, chances={"overall": chance}, letters=letters,
    )  # fmt: skip


def board(*rows: Row, title: str = "mini") -> Board:
    """A board of these rows and of nothing else."""
    return Board(title, 0.95, ("news",), (("news", "topics"),), tuple(rows), (), (), ())


def settled(names: Sequence[str], values: Sequence[float]) -> Board:
    """A board of models that are all told apart, the best first."""
    pairs = enumerate(zip(names, values, strict=True), 1)
    return board(*(row(name, value, (place, place, place), tied=place == 1) for place, (name, value) in pairs))
