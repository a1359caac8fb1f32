"""Score against cost: a picture for texts a second, parameters and memory, and the table of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.reports.html.marks import Scale
from xlbench.reports.html.safe import escape
from xlbench.reports.markup import MISSING, points, whole

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Cost

WIDTH, HEIGHT = 380, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 34
NAMED = 12
"""Models that may have their names in the picture."""
LETTER = 6.2
"""About how wide a letter of a name is."""

NAMES = ("Model", "Cells", "Parameters", "Texts encoded", "Encoding, s", "Texts a second", "Peak memory, MiB")
"""Of the columns of the table."""


@dataclass(frozen=True)
class Point:
    """A model in a picture."""

    label: str
    cost: float
    entry: Entry
    best: bool
    """Whether no other model scores more at the same cost or less."""


AXES: Mapping[str, tuple[Callable[[Cost], float | None], bool]] = {
    "Texts a second": (lambda cost: cost.sentences_per_second, True),
    "Parameters": (lambda cost: cost.parameters, False),
    "Peak memory, MiB": (lambda cost: cost.peak_memory_bytes and cost.peak_memory_bytes / 2**20, False),
}
"""What a model costs, and whether more of it is better."""


def section(board: Board) -> str:
    """The pictures in which models differ, and the table."""
    found = {name: frontier(board, of, more=more) for name, (of, more) in AXES.items()}
    pictures = [
        _picture(name, points_, more=AXES[name][1])
        for name, points_ in found.items()
        if len({one.cost for one in points_}) > 1
    ]
    shown = f'<div class="pictures">{"".join(pictures)}</div>' if pictures else ""
    words = (
        "These figures vary from machine to machine and from run to run. Peak memory is that of the whole process, "
        "also of the models that it ran before."
    )
    line = " The line joins the models that no other one beats at the same cost or less." if pictures else ""
    return f"<p>{words}{line}</p>{shown}{table(board)}"


def frontier(board: Board, cost_of: Callable[[Cost], float | None], *, more: bool) -> list[Point]:
    """The models with an overall and a cost, cheapest first, and which are worth theirs.

    Args:
        board: The board.
        cost_of: A model's cost; None where it is not known.
        more: Whether more of it is better.
    """
    overall = {(row.model, row.fingerprint): row.overall for row in board.rows}
    known = []
    for one in board.costs:
        cost, entry = cost_of(one), overall.get((one.model, one.fingerprint))
        if cost is not None and cost > 0 and entry is not None and entry.value is not None:
            known.append((one.label, float(cost), entry))
    known.sort(key=lambda one: (-one[1] if more else one[1], -(one[2].value or 0.0)))
    points_, best = [], -math.inf
    for label, cost, entry in known:
        value = entry.value or 0.0
        points_.append(Point(label, cost, entry, best=value > best))
        best = max(best, value)
    return points_


def _picture(name: str, found: Sequence[Point], *, more: bool) -> str:
    scale = Scale.of([end for one in found for end in (one.entry.value, one.entry.low, one.entry.high)])
    low, high = (math.log10(edge(one.cost for one in found)) for edge in (min, max))
    room = max(0.15, 0.12 * (high - low))
    x = _Axis(low - room, high + room)
    best = [one for one in found if one.best]
    steps = " L".join(f"{x.place(one.cost):.1f},{_y(scale, one.entry.value):.1f}" for one in best)
    parts = [
        *_grid(scale, x),
        f'<path class="frontier" d="M{steps}"/>' if len(best) > 1 else "",
        *(_mark(one, x, scale) for one in found),
        *_labels(found, x, scale),
        f'<text class="axis-name" transform="translate(9 {(HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)">Overall</text>',
        f'<text class="axis-name" x="{WIDTH / 2}" y="{HEIGHT - 2}">{escape(name)}{" (more is better)" if more else ""}'
        "</text>",
    ]
    spoken = f"Overall score against {name}; on the frontier: {', '.join(one.label for one in best)}"
    return (
        f'<svg class="scatter" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(spoken)}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class _Axis:
    """Costs on a line, by their logarithms."""

    low: float
    high: float

    def place(self, cost: float) -> float:
        """Where a cost lies in the picture."""
        share = (math.log10(cost) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        """Powers of ten; where there are fewer than two, also twice and five times as much."""
        tens = range(math.floor(self.low), math.ceil(self.high) + 1)
        whole_ones = [10.0**ten for ten in tens if self.low <= ten <= self.high]
        if len(whole_ones) > 1:
            return whole_ones[:: max(1, len(whole_ones) // 5)]
        finer = [step * 10.0**ten for ten in tens for step in (1, 2, 5)]
        return [tick for tick in finer if self.low <= math.log10(tick) <= self.high]


def _y(scale: Scale, value: float | None) -> float:
    return HEIGHT - BOTTOM - scale.percent(value or 0.0) / 100 * (HEIGHT - TOP - BOTTOM)


def _grid(scale: Scale, x: _Axis) -> Iterator[str]:
    for tick in scale.ticks():
        y = _y(scale, tick)
        yield f'<path class="rule" d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick y" x="{LEFT - 6}" y="{y + 4:.1f}">{points(tick, 0)}</text>'
    for tick in x.ticks():
        yield f'<text class="tick x" x="{x.place(tick):.1f}" y="{HEIGHT - BOTTOM + 15}">{_short(tick)}</text>'


def _short(number: float) -> str:
    """``1k``, ``20M``."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _mark(one: Point, x: _Axis, scale: Scale) -> str:
    place, y = x.place(one.cost), _y(scale, one.entry.value)
    line = ""
    if one.entry.has_interval:
        line = f'<path class="reach" d="M{place:.1f},{_y(scale, one.entry.low):.1f}V{_y(scale, one.entry.high):.1f}"/>'
    word = f"{one.label}: {points(one.entry.value or 0.0)}, {one.cost:,.0f}"
    state = "best" if one.best else "other"
    dot = f'<circle cx="{place:.1f}" cy="{y:.1f}" r="4.5"/>'
    return f'<g class="{state}"><title>{escape(word)}</title>{line}{dot}</g>'


def _labels(found: Sequence[Point], x: _Axis, scale: Scale) -> Iterator[str]:
    """Names beside their dots, those of the frontier first; a name that would cover another or a dot is left to the
    dot's tooltip."""
    spots = [(one, x.place(one.cost), _y(scale, one.entry.value)) for one in found]
    taken = [_Box(place - 5, place + 5, y - 5, y + 5) for _, place, y in spots]
    for one, place, y in sorted(spots, key=lambda spot: not spot[0].best)[:NAMED]:
        text = one.label if len(one.label) <= 24 else f"{one.label[:23]}…"
        for side, baseline in ((1, y - 7), (-1, y - 7), (1, y + 15), (-1, y + 15)):
            ends = sorted((place + 8 * side, place + (8 + LETTER * len(text)) * side))
            box = _Box(ends[0], ends[1], baseline - 9, baseline + 2)
            if box.left >= LEFT and box.right <= WIDTH and not any(box.meets(other) for other in taken):
                taken.append(box)
                yield (
                    f'<text class="label{" left" if side < 0 else ""}" x="{place + 8 * side:.1f}" y="{baseline:.1f}">'
                    f"{escape(text)}</text>"
                )
                break


@dataclass(frozen=True)
class _Box:
    """A part of the picture that something covers."""

    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        """Whether one covers some of the other."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


def table(board: Board) -> str:
    """The figures, a row a model; tokens where a model is a service, which counts and bills them."""
    with_tokens = any(cost.tokens is not None for cost in board.costs)
    names = [*NAMES, *(["Tokens"] * with_tokens)]
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(_row(cost, with_tokens=with_tokens) for cost in board.costs)
    return (
        f'<div class="wide"><table class="plain"><caption class="unseen-text">Costs</caption><thead><tr>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(cost: Cost, *, with_tokens: bool) -> str:
    speed, peak = cost.sentences_per_second, cost.peak_memory_bytes
    numbers = [
        f"{cost.cells:,}", whole(cost.parameters), f"{cost.encoded:,}", f"{cost.encode_seconds:,.1f}",
        MISSING if speed is None else f"{speed:,.0f}", MISSING if peak is None else f"{peak / 2**20:,.0f}",
        *([whole(cost.tokens)] * with_tokens),
    ]  # fmt: skip
    cells = "".join(f"<td>{number}</td>" for number in numbers)
    return f'<tr><th scope="row">{escape(cost.label)}</th>{cells}</tr>\n'
