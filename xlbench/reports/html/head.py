"""The page's head: what was measured, the verdict, and the overall scores as intervals."""

from __future__ import annotations

import shlex
from datetime import date
from typing import TYPE_CHECKING

from xlbench.core.record import LOOSE
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.html.marks import Scale, bar, ends
from xlbench.reports.html.safe import escape
from xlbench.reports.markup import count_text, points

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, Row

SHOWN = 20
"""Models in the picture of the overall; the standings have all."""


def head(board: Board, today: date | None) -> str:
    """The title, the verdict, the facts and the picture."""
    return (
        f'<p class="over">xlbench{_version(board)}</p>\n<h1>{escape(board.title)}</h1>\n'
        f'<p class="verdict">{escape(verdict(board))}</p>\n'
        f'<dl class="facts">{"".join(_fact(name, text) for name, text in _facts(board, today))}</dl>\n'
        f"{forest(board)}\n{_reproduction_command(board)}"
    )


def _version(board: Board) -> str:
    """The versions of xlbench that the cells were scored by."""
    cells = board.evidence.cells() if board.evidence else ()
    versions = {str(cell.provenance.get("versions", {}).get("xlbench", "")) for cell in cells}
    known = sorted(versions - {""})
    return f" {escape(' and '.join(known))}" if known else ""


def _facts(board: Board, today: date | None) -> list[tuple[str, str]]:
    languages = {language for line in board.cells for language in line.languages}
    scored = sum(entry.value is not None for line in board.cells for entry in line.entries)
    due = len(board.rows) * len(board.cells)
    items = max((row.overall.n for row in board.rows), default=0)
    facts = [
        ("Models", f"{len(board.rows):,}"),
        ("Tasks", f"{len(board.tasks):,} in {count_text(len(board.areas), 'area')}"),
        ("Languages", f"{len(languages):,}"),
        ("Items", f"{items:,}"),
        ("Cells", f"{scored:,}" if scored == due else f"{scored:,} of {due:,}"),
        *([("Metric", board.metric)] if board.metric else []),
    ]
    return [*facts, ("Written", f"{today.day} {today:%B %Y}")] if today else facts


def _fact(name: str, text: str) -> str:
    return f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>"


def forest(board: Board) -> str:
    """The overall of the best models, an interval a line, with chance as a line through all."""
    rows = [row for row in board.rows if row.overall.value is not None][:SHOWN]
    if not rows:
        return ""
    chance = board.chances.get(OVERALL)
    scale = Scale.of([chance, *(end for row in rows for end in (row.overall.value, row.overall.low, row.overall.high))])
    lines = "".join(_line(row, scale, chance) for row in rows)
    ticks = "".join(f'<span style="--v:{scale.percent(tick):.1f}">{points(tick, 0)}</span>' for tick in scale.ticks())
    mark = "" if chance is None else f'<span class="chance" style="--v:{scale.percent(chance):.1f}">chance</span>'
    line = "" if chance is None else f" The upright line: chance, {points(chance)}."
    more = len(board.rows) - len(rows)
    rest = f" The standings have {more:,} more." if more > 0 else ""
    return (
        f'<figure class="forest"><figcaption>Overall score, mean over areas, with {100 * board.level:g}% intervals'
        f"{board.generalization}. "
        f"Filled: not told apart from the best.{line}{rest}</figcaption>\n<ol>{lines}</ol>"
        f'<div class="axis" aria-hidden="true"><span></span><div class="ticks">{ticks}{mark}</div><span></span></div>'
        "</figure>"
    )


def _line(row: Row, scale: Scale, chance: float | None) -> str:
    tied = ' class="tied"' if row.tied_with_best else ""
    between = ends(row.overall)
    return (
        f'<li{tied}><span class="name">{escape(row.label)}</span>{bar(row.overall, scale, chance)}'
        f'<span class="num"><b>{points(row.overall.value or 0.0)}</b> <small>{between}</small></span></li>\n'
    )


def command(board: Board) -> str:
    """What makes these results again."""
    wanted = [f"--suite {shlex.quote(board.title)}"]
    if board.title == LOOSE:
        wanted = [f"--task {shlex.quote(task)}" for _, task in board.tasks]
    models = [f"--model {shlex.quote(line.spec)}" for line in board.models]
    return " ".join(["xlbench run", *wanted, *models])


def _reproduction_command(board: Board) -> str:
    return (
        '<details class="again"><summary>Make it again</summary>'
        f'<pre><code id="command">{escape(command(board))}</code></pre>'
        '<button type="button" class="copy js-only" data-copy="command">Copy</button></details>'
    )
