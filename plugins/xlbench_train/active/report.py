"""The report of a study: its tables as CSV, and a README.md for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlbench import __version__
from xlbench.core.tables import table
from xlbench_train.active.comparing import SUFFIX, Study
from xlbench_train.active.settings import BASELINE
from xlbench_train.active.tables import Component, Row
from xlbench_train.training.card_parts import cell, shell_block

CURVE = "curves.png"
SHOWN = 12
"""Strategies of a place's table; the CSV has all."""
HEADINGS = (
    "strategy", "mean F1", "difference [95%]", "p", "verdict", "F1 at the end", "worst seed", "labels saved [95%]",
    "seconds a round",
)  # fmt: skip
ALIGN = "lrrrlrrrr"


@dataclass(frozen=True)
class Report:
    """What a report is written of."""

    name: str
    """Of the folder."""
    study: Study
    command: Sequence[str]
    overall: Sequence[Row]
    """Means over places, where there are several."""
    by_place: Mapping[str, Sequence[Row]]
    components: Sequence[Component]
    has_picture: bool
    notes: Sequence[str] = ()


def text(report: Report) -> str:
    """The report as markdown."""
    parts = [*_head(report), *_data(report), *_overall(report), *_components(report), *_places(report), *_how(report)]
    return "\n".join(parts) + "\n"


def _head(report: Report) -> Iterator[str]:
    settings = report.study.settings
    strategies, seeds = len(report.study.strategies), settings.seeds
    yield f"# {report.name}: which texts to label first\n"
    how = "fine-tuned" if settings.fine_tune else "frozen, with a logistic probe on its vectors"
    if settings.lora:
        how += f" by adapters of rank {settings.lora}"
    yield (
        f"{strategies} strategies with {seeds} seed{'s' * (seeds > 1)} each spend {settings.budget} labels in "
        f"{settings.rounds} rounds; the model is `{report.study.base.name}`, {how}. Macro-F1 is on the whole test, "
        f"which nobody learns from.\n"
    )
    yield shell_block(report.command)
    if report.has_picture:
        yield f"![Macro-F1 over labels]({CURVE})\n"


def _data(report: Report) -> Iterator[str]:
    yield "## Data and licenses\n"
    yield "| place | pool | left out | test | license |\n|---|---:|---:|---:|---|"
    for place in report.study.places:
        left = max(pool.left_out for pool in place.pools)
        yield (
            f"| {place.name} | {place.items:,} | {left:,} | {len(place.parts.test.ids):,} | "
            f"{cell(place.task.license or 'not said')} |"
        )
    yield "\nLeft out of a pool are training items with the text of a test item."
    yield f"License of the model: {report.study.base.license or 'not said'}.\n"


def _overall(report: Report) -> Iterator[str]:
    if not report.overall:
        return
    yield "## All places together\n"
    yield f"{table(HEADINGS, [line(row) for row in report.overall], ALIGN, 'github')}\n"


def _components(report: Report) -> Iterator[str]:
    if not report.components:
        return
    yield "## All three parts against each alone\n"
    yield "Differences of the mean F1 over all places, paired by seed and item; p is adjusted for all rows.\n"
    lines = [[one.whole, one.alone, difference(one.difference, one.low, one.high), p_text(one.adjusted), one.verdict]
             for one in report.components]  # fmt: skip
    yield f"{table(('all three', 'against', 'difference [95%]', 'p', 'verdict'), lines, 'llrrl', 'github')}\n"


def _places(report: Report) -> Iterator[str]:
    for name, rows in report.by_place.items():
        yield f"## {name}\n"
        first = rows[0]
        if first.full is not None:
            reached = "more than the budget" if first.labels_to_full is None else f"{first.labels_to_full:,.0f} labels"
            yield f"With all labels of the pool: {100 * first.full:.1f}; random draws reach it with {reached}.\n"
        kept = [row for row in rows if row.strategy == BASELINE.name] + [
            row for row in sorted(rows, key=lambda one: -one.area) if row.strategy != BASELINE.name
        ]
        yield f"{table(HEADINGS, [line(row) for row in kept[:SHOWN]], ALIGN, 'github')}\n"
        if len(kept) > SHOWN:
            yield f"These are the {SHOWN - 1} highest of {len(kept) - 1}: `strategies.csv` has all.\n"


def _how(report: Report) -> Iterator[str]:
    settings = report.study.settings
    yield "## How to read it\n"
    yield (
        f"- *Mean F1* is the mean height of the curve of macro-F1 from the first round to {settings.budget} labels, in "
        f"points, a mean over seeds. Differences are from `{BASELINE.name}`, paired by seed and by test item; their "
        f"intervals hold both. p is adjusted by Holm over the strategies of a table."
    )
    yield (
        "- *Labels saved*: with how many labels fewer the mean curve first reaches what random draws reach with the "
        "whole budget; the interval resamples seeds and items together, and `none` is a strategy that does not reach "
        "it. "
        "Of a curve that just reaches it, the number is rough."
    )
    yield "- Seconds are of choosing, learning and labeling the test, on this machine."
    yield from (f"- {note}" for note in report.notes)
    yield f"- xlbench {__version__}. The strategies are saved as runs, with the task `...{SUFFIX}`:\n"
    other = next(one for one in report.study.strategies if one != BASELINE.name)
    yield (
        f"```sh\nxlbench compare --results results {BASELINE.name} {other}\nxlbench board results\n"
        f"xlbench plot curve points\n```"
    )


def line(row: Row) -> list[str]:
    """A row as texts of `HEADINGS`."""
    worst = "" if row.worst_seed is None else f"{100 * row.worst_seed:.1f}"
    return [
        row.strategy, f"{100 * row.area:.1f}", difference(row.difference, row.low, row.high), p_text(row.adjusted),
        row.verdict, f"{100 * row.last:.1f}", worst, _saved(row), "" if row.seconds is None else f"{row.seconds:.2g}",
    ]  # fmt: skip


def difference(value: float | None, low: float | None, high: float | None) -> str:
    """A difference in points, with its interval."""
    if value is None:
        return ""
    ends = f" [{100 * low:+.1f}, {100 * high:+.1f}]" if low is not None and high is not None else ""
    return f"{100 * value:+.1f}{ends}"


def p_text(p: float | None) -> str:
    """A p-value."""
    return "" if p is None else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _saved(row: Row) -> str:
    if row.saved is None:
        return ""
    one = row.saved

    def share(value: float | None) -> str:
        return "none" if value is None else f"{100 * value:.0f}%"

    return f"{share(one.share)} [{share(one.low)}, {share(one.high)}]"


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, numbers in full, what is not known empty."""
    content = io.StringIO()
    writer = csv.DictWriter(content, [*rows[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return content.getvalue()
