"""The board as markdown: for people, and for `git diff`. Layout and words only; every number comes from the board.

``.md`` holds no time and no cost: equal results give equal bytes. What varies from run to run is in ``.costs.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.reports.boards.standings import Board, DataLine, Entry, Row

DECIMALS = 1
"""Of a score in points (hundredths)."""
MOST_DECIMALS = 6
MISSING = "—"
AVERAGED = "cluster-t"
UNMARKED = frozenset({"percentile", "centered", "bca", "student", AVERAGED})
"""Interval methods that need no mark: the bootstraps, and the t interval over clusters that averages have."""
LONGEST_NOTE = 400

_BASELINES: tuple[tuple[str, Literal["chance", "majority"], str], ...] = (
    ("Chance", "chance", "guessing"),
    ("Majority", "majority", "always giving the most frequent label"),
)
"""Columns beside the scores: header, the board's name for it, and what it is the score of."""

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_METHOD_MARKS = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
_BLOCK = re.compile(r"^[-+]|^\d{1,9}(?=[.)](?:\s|$))")
"""What would begin a list or a rule, were it the first in a line: a bullet, or the number of an item."""
_SPECIAL = re.compile(r"([\\`*\[\]|~!#^$])|(?<![^\W_])_|_(?![^\W_])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(board: Board, decimals: int = DECIMALS) -> dict[str, str]:
    """The board (``.md``) and what it cost (``.costs.md``)."""
    legend = _Legend.of(board, decimals)
    sections = [
        f"# {escape(board.title)}",
        _in_one_line(board),
        _standings(board, legend),
        _tasks(board, legend),
        _registers(board, legend),
        _subsets(board, legend),
        _languages(board, legend),
        _data(board),
        _models(board),
        _footnotes(board),
        _how_to_read(board, legend),
    ]
    costs = [f"# {escape(board.title)}: costs", "These figures vary from run to run.", _costs(board)]
    return {".md": _joined(sections), ".costs.md": _joined(costs)}


def standings_table(board: Board, decimals: int = DECIMALS) -> str:
    """The board's first table alone, without a line break at its end."""
    return _standings(board, _Legend.of(board, decimals))


def escape(text: str) -> str:
    """Text of strangers as markdown that shows it: one line, no markup, no HTML, no link, no invisible characters."""
    plain = one_line(text)
    plain = plain if len(plain) <= LONGEST_NOTE else plain[:LONGEST_NOTE] + "…"
    first = _BLOCK.match(plain)
    safe = _SPECIAL.sub(lambda match: "\\" + match.group(), plain)
    if first:  # of a number, its dot or bracket: a backslash before a digit is a backslash
        place = len(first.group()) if first.group().isdigit() else 0
        safe = f"{safe[:place]}\\{safe[place:]}"
    safe = "".join(_HTML.get(character, character) for character in safe)
    # Addresses become links without any markup; a character reference is shown and not recognized.
    return safe.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")


@dataclass(frozen=True)
class _Legend:
    """How numbers and their marks are written on one board."""

    decimals: int
    footnotes: Mapping[str, int]
    methods: Mapping[str, str]
    """Interval method -> its mark."""
    averaged: bool
    """Whether averages have intervals by `AVERAGED`."""

    @classmethod
    def of(cls, board: Board, decimals: int) -> _Legend:
        rows = [entry for row in board.rows for entry in (row.overall, *row.areas.values(), *row.tasks.values())]
        lines = [*(line.entries for line in board.registers), *(line.entries for line in board.cells)]
        entries = [*rows, *(entry for line in lines for entry in line)]
        methods = {entry.method for entry in entries if entry.has_interval}
        footnotes = {text: number for number, text in enumerate(board.footnotes, 1)}
        return cls(decimals, footnotes, _method_marks(sorted(methods - UNMARKED)), AVERAGED in methods)

    def number(self, entry: Entry) -> str:
        """``41.2 [39.8, 42.6]`` in points with its marks; the interval never has a width of 0."""
        method = self.methods.get(entry.method, "") if entry.has_interval else ""
        marks = self.marks(([entry.reason] if entry.reason else []) + list(entry.notes))
        return " ".join(filter(None, [self.interval(entry) + method, marks]))

    def marks(self, notes: Iterable[str]) -> str:
        """The numbers of footnotes, raised."""
        return _raised(sorted(self.footnotes[note] for note in notes))

    def interval(self, entry: Entry) -> str:
        """``41.2 [39.8, 42.6]`` in points; the interval never has a width of 0."""
        if entry.value is None:
            return MISSING
        if not entry.has_interval or entry.low is None or entry.high is None:
            return points(entry.value, self.decimals)
        decimals = self.decimals
        while points(entry.low, decimals) == points(entry.high, decimals) and decimals < MOST_DECIMALS:
            decimals += 1
        low, high = points(entry.low, decimals), points(entry.high, decimals)
        value = points(entry.value, decimals)
        return value if low == high else f"{value} [{low}, {high}]"


def _raised(numbers: Sequence[int]) -> str:
    """Raised numbers, three or more in a row as ``³⁻⁷``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [f"{run[0]}⁻{run[-1]}" if len(run) > 2 else " ".join(map(str, run)) for run in runs]
    return " ".join(texts).translate(_SUPERSCRIPTS)


def points(value: float, decimals: int = DECIMALS) -> str:
    """A score in hundredths; never a negative zero."""
    text = f"{100 * value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _method_marks(methods: Sequence[str]) -> dict[str, str]:
    """A raised letter for every method: one of its own letters where that is free."""
    plain = "abcdefghijklmnoprstuvwxyz"
    marks: dict[str, str] = {}
    for method in methods:
        candidates = [c for c in method.lower() if c in plain] + list(plain)
        letter = next((c for c in candidates if _METHOD_MARKS[plain.index(c)] not in marks.values()), None)
        marks[method] = _METHOD_MARKS[plain.index(letter)] if letter else f"({method})"
    return marks


def _in_one_line(board: Board) -> str:
    scored = sum(entry.value is not None for line in board.cells for entry in line.entries)
    due = len(board.rows) * len(board.cells)
    cells = _count(scored, "cell") if scored == due else f"{scored} of {due} cells"
    parts = [_count(len(board.rows), "model"), _count(len(board.tasks), "task"), cells]
    return f"{', '.join(parts)}; scores in points (0 to 100) with {100 * board.level:g}% intervals."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _number(number: int) -> str:
    return f"{number:,}" if number else MISSING


def _standings(board: Board, legend: _Legend) -> str:
    """Models, best first. With one area only, its average is the overall: one column with the area's name."""
    if not board.rows:
        return "No model has a cell here."
    single = len(board.areas) == 1
    areas = () if single else board.areas
    first = _title(board.areas[0]) if single else "Overall"
    headers = ["Rank", "Model", first, *map(_title, areas), "Borda", "n", "Clusters"]
    rows = [
        [
            _rank(row, board),
            _with_marks(escape(row.label), legend.marks(row.notes)),
            legend.number(row.overall),
            *(legend.number(row.areas[area]) for area in areas),
            MISSING if row.borda is None else points(row.borda, legend.decimals),
            _number(row.overall.n),
            _number(row.overall.clusters),
        ]
        for row in board.rows
    ]
    return _table(headers, rows, "rl" + "r" * (len(headers) - 2))


def _rank(row: Row, board: Board) -> str:
    """``= 2 (1-3)``: the rank, the ranks it may have, and whether it cannot be told from the best."""
    if row.rank is None:
        return MISSING
    tied = row.tied_with_best and sum(other.tied_with_best for other in board.rows) > 1
    unsure = f" ({row.rank_low}–{row.rank_high})" if row.rank_low != row.rank_high else ""
    return ("= " if tied else "") + str(row.rank) + unsure


def _tasks(board: Board, legend: _Legend) -> str:
    if len(board.tasks) < 2 or not board.rows:
        return ""
    averaged = ((name, [board.baseline(task, kind) for _, task in board.tasks]) for name, kind, _ in _BASELINES)
    baselines = [(name, found) for name, found in averaged if any(value is not None for value in found)]
    headers = ["Area", "Task", *(name for name, _ in baselines), *(escape(row.label) for row in board.rows)]
    rows = [
        [
            escape(area),
            escape(task),
            *(_points_or_none(found[number], legend) for _, found in baselines),
            *(legend.number(row.tasks[task]) for row in board.rows),
        ]
        for number, (area, task) in enumerate(board.tasks)
    ]
    return "## Tasks\n\n" + _table(headers, rows, "ll" + "r" * (len(headers) - 2))


def _points_or_none(value: float | None, legend: _Legend) -> str:
    return MISSING if value is None else points(value, legend.decimals)


def _registers(board: Board, legend: _Legend) -> str:
    """The averages of each kind of text, area by area, and their difference."""
    if not board.registers or not board.rows:
        return ""
    headers = ["Area", "Register", "Tasks", *(escape(row.label) for row in board.rows)]
    rows = [
        [
            escape(line.area),
            escape(line.register),
            str(len(line.tasks)) if line.tasks else MISSING,
            *map(legend.number, line.entries),
        ]
        for line in board.registers
    ]
    words = (
        "Averages of the main metric over tasks of one kind of text: regularized is edited (news), unregularized is "
        "not (tweets, reviews). The difference is the first less the second, within areas that have both"
        + ("." if any(not line.tasks for line in board.registers) else ": here, none has.")
    )
    return f"## By register\n\n{words}\n\n" + _table(headers, rows, "llr" + "r" * len(board.rows))


def _subsets(board: Board, legend: _Legend) -> str:
    if not board.cells or not board.rows:
        return ""
    baselines = _baselines(board)
    headers = ["Task", "Subset", "Metric", "n", "Clusters", *(name for name, *_ in baselines),
               *(escape(row.label) for row in board.rows)]  # fmt: skip
    rows = [
        [
            escape(line.task),
            _with_marks(escape(line.subset), legend.marks(line.notes)),
            escape(line.metric) or MISSING,
            _number(line.n),
            _number(line.clusters),
            *(_points_or_none(getattr(line, kind), legend) for _, kind, _ in baselines),
            *map(legend.number, line.entries),
        ]
        for line in board.cells
    ]
    return "## Subsets\n\n" + _table(headers, rows, "lll" + "r" * (len(headers) - 3))


def _languages(board: Board, legend: _Legend) -> str:
    """Purity by class beside purity by language, where texts of several languages were grouped together."""
    scores = {(row["task"], row["subset"], row["model"], row["fingerprint"], row["metric"]): row
              for row in board.scores if row["value"] is not None}  # fmt: skip
    pairs = [
        (line, row, scores[(*place, "purity")], scores[(*place, _BY_LANGUAGE)])
        for line in board.cells
        for row in board.rows
        if (place := (line.task, line.subset, row.model, row.fingerprint))
        and {(*place, "purity"), (*place, _BY_LANGUAGE)} <= scores.keys()
    ]
    if not pairs:
        return ""
    rows = [
        [escape(line.task), escape(line.subset), escape(row.label), *(
            text for score in (by_class, by_language)
            for text in (_bare(score, legend), _points_or_none(score["chance"], legend))
        )]
        for line, row, by_class, by_language in pairs
    ]  # fmt: skip
    words = (
        "Texts of all languages were grouped together. Far above chance by class: they are grouped by meaning. Far "
        "above chance by language: each language has groups of its own."
    )
    headers = ["Task", "Subset", "Model", "Purity by class", "Chance", "Purity by language", "Chance"]
    return f"## By meaning or by language\n\n{words}\n\n" + _table(headers, rows, "lllrrrr")


_BY_LANGUAGE = "language_purity"


def _bare(score: Mapping[str, Any], legend: _Legend) -> str:
    """A row of the long table as ``41.2 [39.8, 42.6]``, without footnotes."""
    from xlbench.reports.boards.averages import Entry

    return legend.interval(Entry(score["value"], score["low"], score["high"], score["method"]))


def _baselines(board: Board) -> list[tuple[str, Literal["chance", "majority"], str]]:
    """The baselines that some subset has."""
    return [one for one in _BASELINES if any(getattr(line, one[1]) is not None for line in board.cells)]


def _data(board: Board) -> str:
    """Counts of what is odd about the data, for the subsets where something is."""
    odd = [line for line in board.data if line.is_odd]
    if not odd or not board.rows:
        return ""
    shown = ((name, [text(line) for line in odd]) for name, text in _DATA_COLUMNS.items())
    columns = [(name, texts) for name, texts in shown if set(texts) != {MISSING}]
    headers = ["Task", "Subset", *(name for name, _ in columns)]
    rows = [
        [escape(line.task), escape(line.subset), *(texts[number] for _, texts in columns)]
        for number, line in enumerate(odd)
    ]
    lost = "Lost items: those of two languages that the other lacks. " if any(line.lost_items for line in odd) else ""
    words = (
        f"Of {_count(len(board.data), 'subset')}, those where a count is above 0: {len(odd):,}. Overlap: test items "
        "whose text is in the training set too. Duplicates: items whose text has occurred before. Tiny classes: those "
        "with fewer than 10 test items. Repairs: damaged tags and rows that were put right. Entities left out: those "
        "of types that the task's card counts as none. Tie rate: share of queries with a rival exactly as near as the "
        f"translation, from the model with the fewest to that with the most. {lost}{MISSING}: not counted."
    )
    return f"## Data warnings\n\n{words}\n\n" + _table(headers, rows, "ll" + "r" * len(columns))


def _whole(number: int | None) -> str:
    return MISSING if number is None else f"{number:,}"


def _overlap(line: DataLine) -> str:
    return MISSING if line.test_in_train is None else f"{line.test_in_train:,} of {line.n:,}"


def _left_out(line: DataLine) -> str:
    return MISSING if line.entities_dropped is None else f"{line.entities_dropped:,} of {_whole(line.entities)}"


def _candidates(line: DataLine) -> str:
    repeated = f" (+ {line.repeated_candidates:,} repeated)" if line.repeated_candidates else ""
    return _whole(line.candidates) + repeated


def _tie_rate(line: DataLine) -> str:
    if line.tie_rate_low is None or line.tie_rate_high is None:
        return MISSING
    low, high = points(line.tie_rate_low, 2), points(line.tie_rate_high, 2)
    return low if low == high else f"{low}–{high}"


_DATA_COLUMNS: Mapping[str, Callable[[DataLine], str]] = {
    "n": lambda line: _whole(line.n),
    "Overlap": _overlap,
    "Duplicates": lambda line: _whole(line.test_duplicates),
    "Training duplicates": lambda line: _whole(line.train_duplicates),
    "Tiny classes": lambda line: _whole(line.tiny_classes),
    "Repairs": lambda line: _whole(line.repairs),
    "Training repairs": lambda line: _whole(line.train_repairs),
    "Entities left out": _left_out,
    "Candidates": _candidates,
    "Tie rate, %": _tie_rate,
    "Lost items": lambda line: _whole(line.lost_items),
}


def _models(board: Board) -> str:
    """What each model is and how to get it again; details that no scores depend on are left out by then."""
    headers = ["Model", "Spec", "Fingerprint", "Parameters", "Dimensions", "Texts cut", "Settings", "License",
               "Description"]  # fmt: skip
    rows = [
        [
            escape(line.label),
            escape(line.spec),
            line.fingerprint[:12],
            _whole(line.parameters),
            _whole(line.dimensions),
            _whole(line.texts_cut),
            escape(line.settings) or MISSING,
            escape(line.license) or MISSING,
            escape(line.description) or MISSING,
        ]
        for line in board.models
    ]
    return f"## Models\n\n{_table(headers, rows, 'lllrrrlll')}" if rows else ""


def _footnotes(board: Board) -> str:
    if not board.footnotes:
        return ""
    return "## Footnotes\n\n" + "\n".join(f"{number}. {escape(text)}" for number, text in enumerate(board.footnotes, 1))


def _how_to_read(board: Board, legend: _Legend) -> str:
    marked = "; ".join(f"{mark} {escape(method)}" for method, mark in legend.methods.items())
    intervals = [
        "from a bootstrap over items (over clusters where items hang together)",
        *(["for an average, from the spread over all its clusters (Student's t)"] if legend.averaged else []),
        *([f"where a raised letter says so, by another method ({marked})"] if marked else []),
    ]
    baselines = "; ".join(f"{name} is what {what} scores by the same metric" for name, _, what in _baselines(board))
    left_out = ", unless no model has data for it, which a footnote says" * any(line.left_out for line in board.cells)
    lines = [
        f"An interval [low, high] holds what the test items leave open, at {100 * board.level:g}%: "
        + "; ".join(intervals)
        + ".",
        "An average weighs subsets within a task, tasks within an area and areas alike. "
        f"{MISSING} means no score: an average that lacks a part is not shown{left_out}. "
        "Borda is the share of the other models beaten, averaged in the same way.",
        *([f"{baselines}."] if baselines else []),
        "A rank is followed by the ranks that the model may well have, all models taken together; "
        "= marks models that cannot be told from the best. n counts items; clusters are items that stand or fall "
        "together (a sentence in many languages, a document). Raised numbers are footnotes.",
    ]
    return "## How to read it\n\n" + "\n".join(f"- {line}" for line in lines)


def _costs(board: Board) -> str:
    headers = ["Model", "Cells", "Parameters", "Texts encoded", "Encoding, s", "Texts a second", "Whole cells, s",
               "Peak memory, MiB"]  # fmt: skip
    rows = [
        [
            escape(cost.label),
            str(cost.cells),
            MISSING if cost.parameters is None else f"{cost.parameters:,}",
            f"{cost.encoded:,}",
            f"{cost.encode_seconds:.2f}",
            MISSING if cost.sentences_per_second is None else f"{cost.sentences_per_second:,.0f}",
            f"{cost.seconds:.2f}",
            MISSING if cost.peak_memory_bytes is None else f"{cost.peak_memory_bytes / 2**20:,.0f}",
        ]
        for cost in board.costs
    ]
    return _table(headers, rows, "l" + "r" * (len(headers) - 1))


def _title(area: str) -> str:
    return "NER" if area == "ner" else escape(area[:1].upper() + area[1:])


def _with_marks(text: str, marks: str) -> str:
    return f"{text} {marks}" if marks else text


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """A pipe table of ready-made text: tabulate is told to read no cell as a number."""
    from tabulate import tabulate

    sides = [{"l": "left", "r": "right"}[side] for side in alignment]
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=sides if rows else None)


def _joined(sections: Iterable[str]) -> str:
    return "\n\n".join(section for section in sections if section) + "\n"
