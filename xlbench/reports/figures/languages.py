"""The picture of languages: a heat map of models and languages, by score above chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.languages import language_name
from xlbench.core.text import first_of
from xlbench.reports.figures import panels
from xlbench.reports.figures.grid import LETTER, LINE, SHARE
from xlbench.reports.figures.heat import NUMBER, Above, heat_map, top_height
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.style import caption, caption_height

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board
    from xlbench.reports.boards.languages import LanguageLine

CELL = 0.25
"""Inches of a cell that languages beside each other need."""
NARROWEST = 0.1
"""Inches of any cell."""
DOWN = 48
"""Languages below each other at most; more stand in another block beside these."""
BLOCK = 2.4
"""Inches that such a block needs."""
AROUND = 0.2
"""Inches around the names and cells."""
SCALE = 0.4
"""Inches of the scale on the right, where cells have no room for numbers."""


def texts_of(board: Board) -> list[str]:
    """All names that the picture may show."""
    names = [text for line in board.languages for text in (line.language, language_name(line.language))]
    return panels.texts_of(board) + names


def above_chance(line: LanguageLine, entry: Entry) -> Above | None:
    """(score - chance) / (1 - chance) of a model's mean in a language, in points; None where it has none."""
    if entry.value is None or line.chance is None or line.chance >= 1:
        return None

    def corrected(end: float, chance: float) -> float:
        return 100 * (end - chance) / (1 - chance)

    known = entry.low is not None and entry.has_interval
    return Above(corrected(entry.value, line.chance), corrected(entry.low or 0.0, line.chance) if known else None)


def figure_of(board: Board, width: float, letters: Lettering) -> Figure:
    """How far above chance the models are in every language, the best model and the highest languages first.

    Languages stand beside each other where they have room, else below each other. White is chance, a number in italics
    is one whose interval holds chance, and what is hatched has no score. `UsageError` where nothing has one.
    """
    lines = _ordered(board)
    below = _below(board, lines)
    rows = [[above_chance(line, entry) for entry in line.entries] for line in lines]
    models = letters.distinct([row.label for row in board.rows], min(24, int(SHARE * width / LETTER)))
    room = width - LETTER * max(map(len, models)) - AROUND
    if len(lines) * CELL <= room or len(lines) < len(models):
        codes = letters.distinct([line.language for line in lines], 12)
        turned = [[row[number] for row in rows] for number in range(len(models))]
        return _figure([turned], [models], codes, room / len(codes), width, below)
    beside = min(math.ceil(len(lines) / DOWN), max(1, int(width / BLOCK)))
    most = min(30, int(0.4 * width / beside / LETTER))
    names = letters.distinct([language_name(line.language) for line in lines], most)
    down = math.ceil(len(lines) / beside)
    parts = [slice(start, start + down) for start in range(0, len(lines), down)]
    wide = ((width - AROUND) / beside - LETTER * max(map(len, names)) - 0.1) / len(models)
    return _figure([rows[part] for part in parts], [names[part] for part in parts], models, wide, width, below)


def _figure(
    blocks: Sequence[Sequence[Sequence[Above | None]]],
    names: Sequence[Sequence[str]],
    columns: Sequence[str],
    wide: float,
    width: float,
    below: str,
) -> Figure:
    """Blocks of rows beside each other, all with the same columns, and a scale where cells have no numbers."""
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure and looks for a screen

    has_numbers = wide >= NUMBER
    if has_numbers:
        below = f"{below}; italics: may be chance"
    else:
        wide -= SCALE / len(blocks) / len(columns)
    if wide < NARROWEST:
        raise UsageError(
            f"{len(columns)} columns have no room in {width:g} inches: choose models or languages, or a greater width"
        )
    most = max(cell.value for block in blocks for row in block for cell in row if cell is not None)
    height = LINE * len(names[0]) + top_height(columns, wide) + 0.12 + caption_height(below, width)
    figure = Figure(figsize=(width, height))
    drawn: list[Any] = figure.subplots(1, len(blocks), squeeze=False).ravel().tolist()
    for axes, cells, rows in zip(drawn, blocks, names, strict=True):
        mesh = heat_map(axes, cells, rows, columns, max(most, 1.0), wide)
        axes.set_ylim(len(names[0]) - 0.5, -0.5)  # the last block may have fewer rows, of the same height
    if not has_numbers:
        bar: Any = figure.colorbar(mesh, ax=drawn, pad=0.01, aspect=12 * LINE * len(names[0]), fraction=0.05)
        bar.outline.set_visible(False)
    caption(figure, below)
    return figure


def _ordered(board: Board) -> list[LanguageLine]:
    """The languages with a score above chance, the highest mean first. `UsageError` where there are none."""
    means = {}
    for line in board.languages:
        found = [above.value for entry in line.entries if (above := above_chance(line, entry)) is not None]
        if found:
            means[line.language] = math.fsum(found) / len(found)
    if not means:
        raise UsageError(f"no language of the board {board.title} has a score and a chance level")
    there = [line for line in board.languages if line.language in means]
    return sorted(there, key=lambda line: (-means[line.language], line.language))


def _below(board: Board, lines: Sequence[LanguageLine]) -> str:
    """What is said below the picture: the scale, and what keeps a reader from comparing."""
    parts = ["points above chance (0: chance, 100: the most)"]
    if any(entry.value is None for line in lines for entry in line.entries):
        parts.append("hatched: no score")
    if len({line.tasks for line in lines}) > 1:
        parts.append("not all languages have the same tasks")
    there = {line.language for line in lines}
    absent = [line.language for line in board.languages if line.language not in there]
    if absent:
        parts.append(f"without score or chance level: {first_of(absent, 6)}")
    return "; ".join(parts)
