"""Markdown sections of a board on data, models and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from xlbench.reports.markup import MISSING, count_text, escape, points, table, whole, with_marks

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board
    from xlbench.reports.boards.legend import Legend
    from xlbench.reports.boards.notes import DataLine


def data(board: Board) -> str:
    """Counts of what is odd about the data, for the subsets where something is."""
    odd = [line for line in board.data if line.is_odd]
    if not odd or not board.rows:
        return ""
    columns = data_columns(odd)
    headers = ["Task", "Subset", *(name for name, _ in columns)]
    rows = [
        [escape(line.task), escape(line.subset), *(texts[number] for _, texts in columns)]
        for number, line in enumerate(odd)
    ]
    lost = "Lost items: those of two languages that the other lacks. " if any(line.lost_items for line in odd) else ""
    if any(line.lag_one for line in odd):
        lost += "Lag-1 r: how alike items next to each other are, where that is no chance, in the model with the most. "
    words = (
        f"Of {count_text(len(board.data), 'subset')}, those where a count is above 0: {len(odd):,}. "
        "Overlap: test items whose text is in the training set too. Duplicates: items whose text has occurred before. "
        "Tiny classes: those with fewer than 10 test items. Repairs: damaged tags and rows that were put right. "
        "Entities left out: those of types that the task's card counts as none. Tie rate: share of queries with a "
        "rival exactly as near as the translation, from the model with the fewest to that with the most. "
        f"{lost}{MISSING}: not counted."
    )
    return f"## Data warnings\n\n{words}\n\n" + table(headers, rows, "ll" + "r" * len(columns))


def data_columns(lines: Sequence[DataLine]) -> list[tuple[str, list[str]]]:
    """The counts of which some line has one: a headline, and a text a line."""
    shown = ((name, [text(line) for line in lines]) for name, text in _DATA_COLUMNS.items())
    return [(name, texts) for name, texts in shown if set(texts) != {MISSING}]


def _overlap(line: DataLine) -> str:
    return MISSING if line.test_in_train is None else f"{line.test_in_train:,} of {line.n:,}"


def _left_out(line: DataLine) -> str:
    return MISSING if line.entities_dropped is None else f"{line.entities_dropped:,} of {whole(line.entities)}"


def _candidates(line: DataLine) -> str:
    repeated = f" (+ {line.repeated_candidates:,} repeated)" if line.repeated_candidates else ""
    return whole(line.candidates) + repeated


def _tie_rate(line: DataLine) -> str:
    if line.tie_rate_low is None or line.tie_rate_high is None:
        return MISSING
    low, high = points(line.tie_rate_low, 2), points(line.tie_rate_high, 2)
    return low if low == high else f"{low}–{high}"


_DATA_COLUMNS: Mapping[str, Callable[[DataLine], str]] = {
    "n": lambda line: whole(line.n),
    "Overlap": _overlap,
    "Duplicates": lambda line: whole(line.test_duplicates),
    "Training duplicates": lambda line: whole(line.train_duplicates),
    "Tiny classes": lambda line: whole(line.tiny_classes),
    "Repairs": lambda line: whole(line.repairs),
    "Training repairs": lambda line: whole(line.train_repairs),
    "Entities left out": _left_out,
    "Candidates": _candidates,
    "Tie rate, %": _tie_rate,
    "Lost items": lambda line: whole(line.lost_items),
    "Lag-1 r": lambda line: MISSING if line.lag_one is None else f"{line.lag_one:.2f}",
}


def models(board: Board, legend: Legend) -> str:
    """What each model says of itself, with the notes about all that it scored."""
    rows = [
        [
            with_marks(escape(line.label), legend.marks(row.notes)),
            f"`{line.fingerprint}`",
            whole(line.texts_cut),
            escape(line.description) or MISSING,
        ]
        for row, line in zip(board.rows, board.models, strict=True)
    ]
    return f"## Models\n\n{table(['Model', 'Fingerprint', 'Texts cut', 'Description'], rows, 'llrl')}" if rows else ""


def costs(board: Board) -> str:
    """What every model's cells took: texts, seconds, memory."""
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
    if any(cost.tokens is not None for cost in board.costs):  # of services alone
        headers.append("Tokens")
        for row, cost in zip(rows, board.costs, strict=True):
            row.append(MISSING if cost.tokens is None else f"{cost.tokens:,}")
    return table(headers, rows, "l" + "r" * (len(headers) - 1))
