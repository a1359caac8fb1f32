"""The standings of a board as plain values for JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.verdict import verdict

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.boards.languages import LanguageLine
    from xlbench.reports.boards.ranks import Rank


def plain(board: Board) -> dict[str, Any]:
    """The board's title and verdict, the level of its intervals, what guessing scores, its models, best first, and the
    averages by language."""
    return {
        "title": board.title,
        "verdict": verdict(board),
        "level": board.level,
        "over": board.over,
        "metric": board.metric,
        "chance": dict(board.chances),
        "models": [_row(row) for row in board.rows],
        "languages": [_language(line, board) for line in board.languages],
        **({"imported": [asdict(figure) for figure in board.imported]} if board.imported else {}),
    }


def as_json(board: Board) -> str:
    """The board as the content of a JSON file."""
    return json.dumps(plain(board), indent=1, ensure_ascii=False) + "\n"


def _language(line: LanguageLine, board: Board) -> dict[str, Any]:
    """A language with the averages of the models, in their order."""
    return {
        "language": line.language,
        "tasks": list(line.tasks),
        "subsets": line.subsets,
        "models": [
            {"model": row.model, "fingerprint": row.fingerprint, **_average(entry, line.chance)}
            for row, entry in zip(board.rows, line.entries, strict=True)
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    known = row.rank is not None and row.rank_low is not None and row.rank_high is not None
    return {
        "model": row.model,
        "fingerprint": row.fingerprint,
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "tied_with_best": row.tied_with_best if known else None,
        "letters": row.letters,
        "overall": _average(row.overall, row.chances.get(OVERALL)),
        "above_chance": _average(row.corrected, None),
        "borda": row.borda,
        "areas": _level(row.areas, row.chances, row.area_ranks),
        "tasks": _level(row.tasks, row.task_chances, row.task_ranks),
        "notes": list(row.notes),
    }


def _level(
    entries: Mapping[str, Entry], chances: Mapping[str, float | None], ranks: Mapping[str, Rank]
) -> dict[str, Any]:
    """The averages of one level by their names, each with its rank or null."""
    return {
        name: _average(entry, chances.get(name)) | {"rank": asdict(ranks[name]) if name in ranks else None}
        for name, entry in entries.items()
    }


def _average(entry: Entry, chance: float | None) -> dict[str, Any]:
    shown = entry.has_interval
    return {
        "value": entry.value,
        "low": entry.low if shown else None,
        "high": entry.high if shown else None,
        "method": entry.method if shown else "",
        "covers": entry.covers if shown else "",
        "chance": chance,
        "n": entry.n,
        "clusters": entry.clusters,
        "notes": [*([entry.reason] if entry.reason else []), *entry.notes],
    }
