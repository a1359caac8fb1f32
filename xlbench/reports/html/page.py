"""Puts the page together: its parts, its data, its style and its script in one file that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from xlbench.reports.html import costs, data, head, standings
from xlbench.reports.html.columns import Notes, columns
from xlbench.reports.html.languages import described
from xlbench.reports.html.pairs import pairs
from xlbench.reports.html.safe import escape, script_json

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board

SCRIPTS = ("page.js", "standings.js", "languages.js", "matrix.js", "compare.js", "items.js")
"""The parts of the script, in the order in which they stand in the page."""
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def render(board: Board, today: date | None = None, items: dict[str, Any] | None = None) -> str:
    """A board as a page.

    Args:
        board: The board.
        today: The date that the page says it was written at; None: it says none.
        items: What `xlbench.reports.html.items.of_board` gives; None: the page has no items.

    Returns:
        HTML that makes no request: its policy forbids every one, and every script but its own.
    """
    script = "(() => {\n'use strict';\n" + "\n".join(_read("script", name) for name in SCRIPTS) + "\n})();\n"
    parts = {
        "title": escape(board.title),
        "policy": _policy(script),
        "style": _read("report.css"),
        "head": head.head(board, today),
        "standings": standings.table(board),
        "costs": costs.section(board),
        "data": data.section(board),
        "json": script_json(payload(board, items)),
        "script": script,
    }
    return _PLACE.sub(lambda found: parts[found[1]], _read("page.html"))


def payload(board: Board, items: dict[str, Any] | None = None) -> dict[str, Any]:
    """All that the page's script knows."""
    notes = Notes()
    found = columns(board, notes)
    codes = sorted({language for line in board.cells for language in line.languages})
    lines = {(line.model, line.fingerprint): line for line in board.models}
    models = []
    for row in board.rows:
        line = lines.get((row.model, row.fingerprint))
        models.append({
            "l": row.label, "k": line.license if line else "",
            "t": standings.training_state(line) if line else "unknown", "seen": list(line.seen) if line else [],
            "rank": None if row.rank_low is None else [row.rank_low, row.rank_high], "tied": row.tied_with_best,
        })  # fmt: skip
    return {
        "title": board.title, "level": board.level, "over": board.over, "models": models, "cols": found,
        "notes": notes.texts, "languages": described(codes), "pairs": pairs(board), "items": items,
    }  # fmt: skip


def _read(*names: str) -> str:
    return files("xlbench.reports.html").joinpath(*names).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """No request, no frame, no form, and of scripts this one alone, even where something was not escaped."""
    own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{own}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
