"""The board as CSV, for programs: files with a row a model, a task, a score, a subset's data, a register, a subset's
hubs, a model's costs.

Scores are fractions with eight decimals, missing ones empty cells. Codes such as ``nan`` and ``NA`` are text: read
the files with ``pandas.read_csv(..., keep_default_na=False)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from xlbench.core.record import TOKENS
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.long_rows import RANK, average_columns, rank_columns, task_rows
from xlbench.reports.csv_text import to_csv

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row

CORRECTED = f"{OVERALL}_corrected"
"""The column of the overall that is corrected for chance."""
_COSTS = ("model", "fingerprint", "cells", "parameters", "encoded", "encode_seconds", "sentences_per_second", "seconds",
          "peak_memory_bytes")  # fmt: skip


_DATA = ("area", "task", "subset", "n", "test_in_train", "test_duplicates", "train_duplicates", "tiny_classes",
         "repairs", "train_repairs", "entities", "entities_dropped", "candidates", "repeated_candidates",
         "tie_rate_low", "tie_rate_high", "lost_items", "lag_one")  # fmt: skip
_HUBS = ("area", "task", "subset", "model", "fingerprint", "value", "low", "high", "csls_accuracy", "hubness",
         "hub_share")  # fmt: skip
_MODELS = ("model", "fingerprint", "spec", "parameters", "dimensions", "texts_cut", "settings", "license",
           "description")  # fmt: skip
_TASKS = ("area", "task", "model", "fingerprint", "value", "low", "high", "method", *RANK, "chance", "n", "clusters",
          "note", "covers")  # fmt: skip
_LANGUAGES = ("language", "tasks", "subsets", "model", "fingerprint", "value", "low", "high", "method", "chance", "n",
              "clusters", "note", "covers")  # fmt: skip
_REGISTERS = ("area", "register", "tasks", "model", "fingerprint", "value", "low", "high", "method", "n", "clusters",
              "note", "covers")  # fmt: skip


def render(board: Board) -> dict[str, str]:
    """The standings (``.csv``), the tasks (``.tasks.csv``), all scores (``.scores.csv``), what is odd about the data
    (``.data.csv``), what the models are (``.models.csv``), costs (``.costs.csv``); where subsets are of one language or
    two, averages by language (``.languages.csv``), where the tasks have two registers, their averages
    (``.registers.csv``), and where cells have facts of hubs, these (``.hubs.csv``)."""
    of_cost = (*_COSTS, *([TOKENS] if any(cost.tokens is not None for cost in board.costs) else []))
    costs = [{name: getattr(cost, name) for name in of_cost} for cost in board.costs]
    data = [{name: getattr(line, name) for name in _DATA} for line in board.data]
    models = [{name: getattr(line, name) for name in _MODELS} for line in board.models]
    files = {
        ".csv": to_csv(map(_standing, board.rows), _columns(board)),
        ".tasks.csv": to_csv(task_rows(board), _TASKS),
        ".scores.csv": board.scores.to_csv(),
        ".data.csv": to_csv(data, _DATA),
        ".costs.csv": to_csv(costs, of_cost),
        ".models.csv": to_csv(models, _MODELS),
    }
    if board.languages:
        files[".languages.csv"] = to_csv(_languages(board), _LANGUAGES)
    if board.registers:
        files[".registers.csv"] = to_csv(_registers(board), _REGISTERS)
    if board.hubs:
        files[".hubs.csv"] = to_csv(({name: getattr(line, name) for name in _HUBS} for line in board.hubs), _HUBS)
    return files


def _columns(board: Board) -> list[str]:
    ends = ("", "_low", "_high", "_method")
    numbers = [f"{name}{end}" for name in (OVERALL, *board.areas) for end in ends]
    beside = [f"{area}{end}" for area in board.areas for end in ("_chance", *(f"_{name}" for name in RANK))]
    beside += [f"{name}_covers" for name in (OVERALL, *board.areas)]
    beside = [f"{OVERALL}_chance", *(f"{CORRECTED}{end}" for end in ends), *beside]
    return [*RANK, "model", "fingerprint", *numbers, "borda", "n", "clusters", "status", "notes", *beside]


def _standing(row: Row) -> dict[str, Any]:
    """A model's row; its notes hold the reason of a missing overall too."""
    reason = [row.overall.reason] if row.overall.reason else []
    notes = (*reason, *row.notes, *row.overall.notes, *row.corrected.notes)
    standing = {
        "rank": row.rank, "rank_low": row.rank_low, "rank_high": row.rank_high,
        "tied_with_best": row.tied_with_best if row.rank is not None else None,
        "model": row.model, "fingerprint": row.fingerprint,
        "borda": row.borda, "n": row.overall.n or None, "clusters": row.overall.clusters or None,
        "status": "incomplete" if row.rank is None else "ranked", "notes": "; ".join(dict.fromkeys(notes)),
    }  # fmt: skip
    for name, entry in {OVERALL: row.overall, CORRECTED: row.corrected, **row.areas}.items():
        standing |= _number(name, entry)
    standing |= {f"{name}_chance": row.chances.get(name) for name in (OVERALL, *row.areas)}
    for area in row.areas:
        standing |= rank_columns(row.area_ranks.get(area), f"{area}_")
    return standing


def _languages(board: Board) -> Iterator[dict[str, Any]]:
    """A row a language and model."""
    for line in board.languages:
        for row, entry in zip(board.rows, line.entries, strict=True):
            yield average_columns(row, entry) | {
                "language": line.language, "tasks": " ".join(line.tasks), "subsets": line.subsets,
                "chance": line.chance,
            }  # fmt: skip


def _registers(board: Board) -> Iterator[dict[str, Any]]:
    """A row a line and model; differences are fractions too, from -1 to 1."""
    for line in board.registers:
        for row, entry in zip(board.rows, line.entries, strict=True):
            yield average_columns(row, entry) | {
                "area": line.area, "register": line.register, "tasks": " ".join(line.tasks),
            }  # fmt: skip


def _number(name: str, entry: Entry) -> dict[str, Any]:
    interval = (entry.low, entry.high, entry.method, entry.covers) if entry.has_interval else (None,) * 4
    columns = (name, f"{name}_low", f"{name}_high", f"{name}_method", f"{name}_covers")
    return dict(zip(columns, (entry.value, *interval), strict=True))
