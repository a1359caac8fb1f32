"""A board's averages in long form: a row a model for the overall, for every area and for every task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from xlbench.reports.boards.averages import OVERALL

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.boards.ranks import Rank

RANK = ("rank", "rank_low", "rank_high", "tied_with_best")


def overall_rows(board: Board) -> Iterator[dict[str, Any]]:
    """A row a model, best first."""
    for row in board.rows:
        rank = (row.rank, row.rank_low, row.rank_high, row.tied_with_best if row.rank is not None else None)
        corrected = row.corrected if row.corrected.has_interval else None
        yield average_columns(row, row.overall) | dict(zip(RANK, rank, strict=True)) | {
            "chance": row.chances.get(OVERALL), "above_chance": row.corrected.value,
            "above_chance_low": corrected.low if corrected else None,
            "above_chance_high": corrected.high if corrected else None, "borda": row.borda,
        }  # fmt: skip


def area_rows(board: Board) -> Iterator[dict[str, Any]]:
    """A row an area and model."""
    for area in board.areas:
        for row in board.rows:
            yield average_columns(row, row.areas[area]) | rank_columns(row.area_ranks.get(area)) | {
                "area": area, "chance": row.chances.get(area),
            }  # fmt: skip


def task_rows(board: Board) -> Iterator[dict[str, Any]]:
    """A row a task and model."""
    for area, task in board.tasks:
        for row in board.rows:
            yield average_columns(row, row.tasks[task]) | rank_columns(row.task_ranks.get(task)) | {
                "area": area, "task": task, "chance": row.task_chances.get(task),
            }  # fmt: skip


def average_columns(row: Row, entry: Entry) -> dict[str, Any]:
    """An average of a model as columns of its own; ``note`` has the reason of a missing one, too."""
    note = "; ".join([*([entry.reason] if entry.reason else []), *entry.notes])
    interval = (entry.low, entry.high, entry.method) if entry.has_interval else (None, None, None)
    return dict(zip(("low", "high", "method"), interval, strict=True)) | {
        "model": row.model, "fingerprint": row.fingerprint, "value": entry.value, "n": entry.n or None,
        "clusters": entry.clusters or None, "note": note, "covers": entry.covers if entry.has_interval else None,
    }  # fmt: skip


def rank_columns(rank: Rank | None, prefix: str = "") -> dict[str, Any]:
    """The columns of a rank; empty where there is none."""
    values = (rank.rank, rank.low, rank.high, rank.tied_with_best) if rank else (None, None, None, None)
    return dict(zip((f"{prefix}{name}" for name in RANK), values, strict=True))
