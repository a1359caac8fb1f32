"""Markdown sections of a board's first page: standings, areas, tasks, languages, models and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from xlbench.reports.boards.averages import OVERALL, Entry
from xlbench.reports.boards.causes import Cause, causes
from xlbench.reports.boards.legend import WITH_TRAINING, holds_training, interval_text
from xlbench.reports.markup import (
    MISSING,
    NO_BREAK,
    count_text,
    escape,
    number_or_none,
    points,
    table,
    title,
    whole,
)

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.boards.ranks import Rank

MOST_COLUMNS = 8
"""Of a table: what fits a page without scrolling."""
MOST_AREAS = MOST_COLUMNS - 3
"""Areas that stand in the standings, beside rank, model and overall."""
MOST_MODELS = MOST_COLUMNS - 3
"""Models that stand in the tables of tasks and of languages: the best ones."""
NAMED = 3
"""Models of a note that are named; more are counted."""
TRAINED_MARK = "†"
"""Of a model that declares to have been trained on data of tasks that it is scored on."""
CORRECTED = "Above chance"
"""What the overall that is corrected for chance is called."""


def standings(board: Board, decimals: int) -> str:
    """Models, best first, and what guessing scores. With one area only, its average is the overall: one column with the
    area's name. With more areas than fit, they have tables of their own (`areas`)."""
    if not board.rows:
        return "No model has a cell here."
    single = len(board.areas) == 1
    shown = board.areas if 1 < len(board.areas) <= MOST_AREAS else ()
    seen = {line.label for line in board.models if line.seen}
    headers = ["Rank", "Model", title(board.areas[0]) if single else "Overall", *map(title, shown)]
    rows = [
        [
            rank_text(row),
            escape(row.label) + (f"{NO_BREAK}{TRAINED_MARK}" if row.label in seen else ""),
            number(row.overall, decimals, row.letters),
            *(number(row.areas[area], decimals, letters_of(row.area_ranks.get(area))) for area in shown),
        ]
        for row in board.rows
    ]
    chance = [_chance_text(board, name, decimals) for name in (OVERALL, *shown)]
    last = [["", "*Chance*", *chance]] if set(chance) != {MISSING} else []
    return table(headers, [*rows, *last], "rl" + "r" * (len(headers) - 2))


def _chance_text(board: Board, name: str, decimals: int) -> str:
    value = board.chances.get(name)
    return MISSING if value is None else points(value, decimals)


def number(entry: Entry, decimals: int, letters: str = "") -> str:
    """``41.2 ±1.4 ab``: a score with its interval, and the letters of those that it cannot be told from."""
    mark = WITH_TRAINING if holds_training(entry) else ""
    return NO_BREAK.join(filter(None, [interval_text(entry, decimals) + mark, letters]))


def rank_text(row: Row) -> str:
    """``2 [1, 3]``: the rank, and the ranks that it may have."""
    if row.rank is None:
        return MISSING
    is_open = row.rank_low != row.rank_high
    return str(row.rank) + (f"{NO_BREAK}[{row.rank_low},{NO_BREAK}{row.rank_high}]" if is_open else "")


def letters_of(rank: Rank | None) -> str:
    """The letters of a model in an area or a task; none where it has no rank there."""
    return rank.letters if rank else ""


def letters_line(board: Board) -> str:
    """What the letters are, where there are any."""
    ranks = [rank for row in board.rows for ranks in (row.area_ranks, row.task_ranks) for rank in ranks.values()]
    if not any(row.letters for row in board.rows) and not any(rank.letters for rank in ranks):
        return ""
    return (
        "Two models that share a letter cannot be told apart in that column (of tasks: in that row), all models at "
        "once; one without a letter is told from all others."
    )


def trained_lines(board: Board) -> str:
    """Of what tasks the models with a mark were trained on data, where there are any."""
    lines = [
        f"{TRAINED_MARK} {escape(line.label)} was trained on data of {', '.join(map(escape, line.seen))}: what it "
        "scores there says little of other data."
        for line in board.models
        if line.seen
    ]
    return "  \n".join(lines)


def areas(board: Board, decimals: int) -> str:
    """The areas, where they do not fit into the standings: tables of some areas each, for all models."""
    if len(board.areas) <= MOST_AREAS or not board.rows:
        return ""
    step = MOST_COLUMNS - 1
    tables = [_areas(board, board.areas[start : start + step], decimals) for start in range(0, len(board.areas), step)]
    return "\n\n".join(["## Areas", *tables])


def _areas(board: Board, shown: Sequence[str], decimals: int) -> str:
    rows = [
        [
            escape(row.label),
            *(number(row.areas[area], decimals, letters_of(row.area_ranks.get(area))) for area in shown),
        ]
        for row in board.rows
    ]
    chance = ["*Chance*", *(_chance_text(board, area, decimals) for area in shown)]
    return table(["Model", *map(title, shown)], [*rows, chance], "l" + "r" * len(shown))


def tasks(board: Board, decimals: int) -> str:
    """The tasks, a row each, with chance and the best models; nothing where there is one task alone."""
    if len(board.tasks) < 2 or not board.rows:
        return ""
    shown = board.rows[:MOST_MODELS]
    headers = ["Area", "Task", "Chance", *(escape(row.label) for row in shown)]
    rows = [
        [
            escape(area),
            escape(task),
            MISSING if (chance := board.baseline(task, "chance")) is None else points(chance, decimals),
            *(number(row.tasks[task], decimals, letters_of(row.task_ranks.get(task))) for row in shown),
        ]
        for area, task in board.tasks
    ]
    parts = ["## Tasks", table(headers, rows, "ll" + "r" * (len(headers) - 2)), _rest(board, ".tasks.csv")]
    return "\n\n".join(filter(None, parts))


def languages(board: Board, decimals: int) -> str:
    """The languages, a row each, with chance and the best models; nothing where there is one language alone."""
    if len(board.languages) < 2 or not board.rows:
        return ""
    shown = board.rows[:MOST_MODELS]
    headers = ["Language", "Tasks", "Chance", *(escape(row.label) for row in shown)]
    rows = [
        [
            escape(line.language),
            str(len(line.tasks)),
            MISSING if line.chance is None else points(line.chance, decimals),
            *(number(entry, decimals) for entry in line.entries[:MOST_MODELS]),
        ]
        for line in board.languages
    ]
    words = (
        "The mean over all that tasks say of a language, weighed as the overall is. Both languages of a pair count, of "
        "a transfer the tested one. Languages that have other tasks cannot be compared with each other, models can."
    )
    parts = ["## Languages", words, table(headers, rows, "lr" + "r" * (len(headers) - 2))]
    return "\n\n".join(filter(None, [*parts, _rest(board, ".languages.csv")]))


def _rest(board: Board, suffix: str) -> str:
    """Where the models are that do not fit."""
    rest = len(board.rows) - MOST_MODELS
    return f"The best {MOST_MODELS} models; {rest} more are in {link(board, suffix)}." if rest > 0 else ""


def link(board: Board, suffix: str, anchor: str = "", text: str = "") -> str:
    """A link to another file of the board."""
    name = f"{board.title}{suffix}"
    return f"[{text or escape(name)}]({quote(name)}{anchor and '#'}{anchor})"


def models(board: Board, decimals: int) -> str:
    """What each model is, and what else there is to its overall: above chance, Borda, items and clusters."""
    if not board.rows:
        return ""
    by_name = [
        ("Spec", [escape(line.spec) if line.spec != line.label else MISSING for line in board.models]),
        ("Fingerprint", [line.fingerprint[:12] for line in board.models]),
        ("Parameters", [whole(line.parameters) for line in board.models]),
        ("Dimensions", [whole(line.dimensions) for line in board.models]),
        ("Texts cut", [number_or_none(line.texts_cut) for line in board.models]),
        ("Settings", [escape(line.settings) or MISSING for line in board.models]),
        ("License", [escape(line.license) or MISSING for line in board.models]),
    ]
    columns = [(name, texts) for name, texts in by_name if set(texts) != {MISSING}]
    headers = ["Model", *(name for name, _ in columns)]
    rows = [[escape(line.label), *(texts[place] for _, texts in columns)] for place, line in enumerate(board.models)]
    numeric = {"Parameters", "Dimensions", "Texts cut"}
    described = table(headers, rows, "".join("r" if name in numeric else "l" for name in headers))
    return f"## Models and settings\n\n{described}\n\n{_overall_otherwise(board, decimals)}"


def _overall_otherwise(board: Board, decimals: int) -> str:
    """The overall seen otherwise, and what it rests on."""
    rows = [
        [
            escape(row.label),
            number(row.corrected, decimals),
            MISSING if row.borda is None else points(row.borda, decimals),
            number_or_none(row.overall.n),
            number_or_none(row.overall.clusters),
        ]
        for row in board.rows
    ]
    return table(["Model", CORRECTED, "Borda", "Items", "Clusters"], rows, "lrrrr")


def costs(board: Board) -> str:
    """Where the costs are: they vary from run to run, and this page does not."""
    if not board.costs:
        return ""
    where = f"{link(board, '.costs.md')} and {link(board, '.costs.csv')}"
    return f"## Costs\n\nSeconds, texts a second and memory vary from run to run: {where}."


def notes(board: Board) -> str:
    """What a reader should know, grouped by cause: short sentences with counts, and where each is said in full."""
    lacking = [row for row in board.rows if row.overall.value is None][:NAMED]
    said = {row.overall.reason for row in lacking}
    grouped = [_note(cause, board) for cause in causes(board) if cause.text not in said]
    lines = [*_missing(board), *grouped, *_others(board)]
    return "## Notes\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _missing(board: Board) -> Iterator[str]:
    """Why models have no overall: the first of them, and how many more."""
    lacking = [row for row in board.rows if row.overall.value is None]
    for row in lacking[:NAMED]:
        yield f"{escape(row.label)} has no overall score: {escape(row.overall.reason)}."
    if len(lacking) > NAMED:
        yield f"{len(lacking) - NAMED} more models have none: {link(board, '.csv')}."


def _note(cause: Cause, board: Board) -> str:
    """``small samples: 14 cells of random (3, 7)``, the numbers with a link to the footnotes."""
    whose = ""
    if cause.models and len(cause.models) < len(board.rows):
        own = [row.label for row in board.rows if row.label in cause.models]
        whose = ", ".join(map(escape, own)) if len(own) <= NAMED else f"{len(own)} models"
    count = count_text(cause.cells, "cell") if cause.cells else ""
    said = " of ".join(filter(None, [count, whose]))
    numbers = ", ".join(map(str, cause.footnotes[:NAMED])) + ("…" if len(cause.footnotes) > NAMED else "")
    word = "note" if len(cause.footnotes) == 1 else "notes"
    where = link(board, ".subsets.md", "footnotes", f"{word} {numbers}")
    return f"{escape(cause.text)}{': ' if said else ''}{said} ({where})"


def _others(board: Board) -> Iterator[str]:
    """What else the page of subsets says."""
    odd = sum(line.is_odd for line in board.data)
    if odd:
        where = link(board, ".subsets.md", "data-warnings", "which")
        yield f"data with overlap, duplicates, ties, tiny classes or repairs: {odd:,} of " + (
            f"{count_text(len(board.data), 'subset')} ({where})"
        )
