"""`Comparison`: the paired differences of two runs, with a verdict each and a sentence that sums them up."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.columns import wrapped
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run
from xlbench.core.tables import HEIGHT, WIDTH
from xlbench.reports.compare.common_items import Common, ReadItems, on_common_items
from xlbench.reports.compare.differences import Options, Verdict, levels, most_changed, parts_of, verdicts
from xlbench.reports.compare.matching import (
    CellFilter,
    Unmatched,
    match,
    require_whole,
)
from xlbench.reports.compare.multiple_runs import LetterDisplay, letters_of, simultaneous
from xlbench.reports.compare.notes import notes_of
from xlbench.reports.compare.verdict_table import points, short_table, signed, table

if TYPE_CHECKING:
    import pandas as pd

    from xlbench.runs.items import Influence

Read = Callable[[Cell, Path], "Influence"]
"""The influence of a cell whose run lies in a folder or pack."""
NAMED = 3
"""How many tasks the first sentence names on each side."""
OTHER_WAY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("better", "higher"), ("worse", "lower")),
    **dict.fromkeys(("worse", "lower"), ("better", "higher")),
}
"""What the overall comes to -> what is then said of the tasks that went the other way."""
COLUMNS = ("level", "area", "task", "name", "baseline", "candidate", "difference", "low", "high", "se", "p", "adjusted",
           "judgment", "detectable", "more", "n", "clusters", "method", "note")  # fmt: skip


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two runs, paired: candidate - baseline at every level."""

    baseline: str
    candidate: str
    verdicts: tuple[Verdict, ...]
    unmatched: tuple[Unmatched, ...]
    """What was left out, as one of the runs lacks it."""
    notes: tuple[str, ...]
    options: Options
    changed: tuple[Mapping[str, Any], ...] = ()
    """Items that changed most: task, subset, item, before, after."""

    @property
    def overall(self) -> Verdict:
        """The verdict on everything together."""
        return self.verdicts[0]

    def of(self, level: str) -> tuple[Verdict, ...]:
        """The verdicts of one level: overall, area, task, language or subset."""
        return tuple(one for one in self.verdicts if one.level == level)

    @property
    def sentence(self) -> str:
        """What the comparison comes to, in one sentence."""
        return sentence(self)

    def to_frame(self) -> pd.DataFrame:
        """The long table: a row a verdict, differences in units of the metric."""
        import pandas as pd

        return pd.DataFrame(rows(self), columns=list(COLUMNS))

    def __repr__(self) -> str:
        """The sentence and the verdicts overall, by area and by task, on a screen of 80 characters by 24 lines."""
        lines = wrapped(self.sentence, WIDTH, 4)
        shown = [self.overall, *self.of("area"), *self.of("task")][: HEIGHT - len(lines) - 2]
        rest = len(self.verdicts) - len(shown)
        more = [f"and {rest:,} more verdicts: see .to_frame()"] if rest else []
        return "\n".join([*lines, *short_table(shown).splitlines(), *more])

    def _repr_html_(self) -> str:
        """The same for notebooks, and by language: every name is escaped."""
        shown = [self.overall, *self.of("area"), *self.of("task"), *self.of("language")]
        return f"<p>{html.escape(self.sentence)}</p>\n{table(shown, 'html')}"


def against_baseline(
    runs: Mapping[str, Run],
    read: Read,
    options: Options | None = None,
    wanted: CellFilter | None = None,
    allow_intersection: float | None = None,
    examples: int = 0,
    read_items: ReadItems | None = None,
) -> list[Comparison]:
    """Compare every other run with the first; with several, what is said of a place holds for all.

    Args:
        runs: By what they are called.
        read: The influence of a cell whose run lies in a folder or pack.
        options: How differences are judged.
        wanted: Of which tasks and languages.
        allow_intersection: The share of the items that all runs must have; None: all.
        examples: How many of the items that changed most to name.
        read_items: The items of a cell: cells over other data are then compared on the items that all runs have.

    Raises:
        UsageError: The runs have no cell in common, or not all, and ``allow_intersection`` does not allow it.
        ResultsError: Items are missing or damaged.
    """
    options, labels, listed = options or Options(), [*runs], [*runs.values()]
    check_intact(listed)
    if len(listed) > 2 and options.method != "t":
        raise UsageError(f"--method {options.method} is for two runs: the intervals of several hold together by t")
    common = match_runs(listed, labels, wanted, allow_intersection, read_items)
    matched = common.matched
    found = parts_of(matched, lambda number, cell: common.has(number, cell) or read(cell, Path(listed[number].folder)))
    baseline = found.parts[0]
    verdicts_of = [verdicts(matched, baseline, candidate, options) for candidate in found.parts[1:]]
    if len(verdicts_of) > 1:
        verdicts_of = simultaneous(verdicts_of, options)
    return [
        Comparison(
            labels[0], label, own, matched.unmatched, (*common.notes, *notes_of([listed[0], run], matched)), options,
            tuple(most_changed(matched, baseline, candidate, found.names, examples)),
        )
        for label, run, own, candidate in zip(labels[1:], listed[1:], verdicts_of, found.parts[1:], strict=True)
    ]  # fmt: skip


def match_runs(
    runs: Sequence[Run],
    labels: Sequence[str],
    wanted: CellFilter | None,
    allow_intersection: float | None,
    read_items: ReadItems | None,
) -> Common:
    """The cells of runs that can be compared, whole or, where that is allowed, on common items; `UsageError` as for
    `against_baseline`."""
    common = Common(match(runs, labels, wanted))
    if allow_intersection is not None and read_items is not None:
        common = on_common_items(common.matched, runs, labels, read_items, allow_intersection)
    require_whole(common.matched, allow_intersection)
    return common


def check_intact(runs: Sequence[Run]) -> None:
    """`ResultsError` where files of a run were refused: what is damaged is not what is missing."""
    for run in runs:
        if run.troubles:
            more = f" (and {len(run.troubles) - 1} more)" if len(run.troubles) > 1 else ""
            raise ResultsError(f"{run.troubles[0]}{more}")


def all_pairs(
    runs: Mapping[str, Run],
    read: Read,
    options: Options | None = None,
    wanted: CellFilter | None = None,
    allow_intersection: float | None = None,
) -> tuple[LetterDisplay, ...]:
    """All pairs of runs, overall and for every area and task, with letters for those that stay together.

    Args and errors are those of `against_baseline`.
    """
    options, listed = options or Options(), [*runs.values()]
    check_intact(listed)
    matched = match(listed, [*runs], wanted)
    require_whole(matched, allow_intersection)
    found = parts_of(matched, lambda number, cell: read(cell, Path(listed[number].folder)))
    groups = [group for level, groups in levels(matched) if level in ("overall", "area", "task") for group in groups]
    return letters_of(found.parts, groups, options)


def sentence(comparison: Comparison) -> str:
    """What the comparison comes to: overall with its interval, tasks that went the other way, tasks that are open."""
    overall = comparison.overall
    tasks = comparison.of("task")
    if all(one.judgment == "identical" for one in tasks):
        return f"{comparison.candidate} and {comparison.baseline} are identical, item by item."
    open_tasks = sum(one.judgment in ("cannot tell",) for one in tasks)
    parts = [_overall_text(comparison, overall)]
    if len(tasks) > 1:
        words = OTHER_WAY.get(overall.judgment, ("better", "worse", "higher", "lower"))
        sides = [(word, [one for one in tasks if one.judgment == word]) for word in words]
        parts += [f"{word} on {_list_tasks(side)}" for word, side in sides if side]
        if open_tasks:
            parts.append(f"{open_tasks} task{'s' * (open_tasks > 1)} cannot be told apart")
    return "; ".join(parts) + "."


def _overall_text(comparison: Comparison, overall: Verdict) -> str:
    change = signed(overall.difference.value)
    if overall.difference.has_interval:
        low, high = (signed(end).removeprefix("+") for end in (overall.difference.low, overall.difference.high))
        change += f" [{low}, {high}]"
    if overall.judgment == "cannot tell":
        seen = overall.difference.detectable
        least = f"; a difference of {points(seen)} would probably have been seen" if seen else ""
        return f"{comparison.candidate} cannot be told from {comparison.baseline} overall ({change}{least})"
    return f"{comparison.candidate} is {overall.judgment} than {comparison.baseline} overall ({change})"


def _list_tasks(side: Sequence[Verdict]) -> str:
    """The tasks that changed most, and how many more."""
    ordered = sorted(side, key=lambda one: -abs(one.difference.value or 0.0))
    texts = [f"{one.name} ({signed(one.difference.value)})" for one in ordered[:NAMED]]
    rest = len(ordered) - NAMED
    if rest > 0:
        texts.append(f"{rest} more")
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """A mapping a verdict, with the keys `COLUMNS`; what is not known is None."""
    plain = []
    for one in comparison.verdicts:
        d = one.difference
        task = one.name.split(" ")[0] if one.level == "subset" else one.name if one.level == "task" else ""
        area = one.name if one.level == "area" else ""
        values = (
            one.level, area, task, one.name, one.baseline, one.candidate, d.value, d.low, d.high, d.se, d.p,
            one.adjusted, one.judgment, d.detectable, d.more, d.n, d.clusters, d.method, one.note or d.note,
        )  # fmt: skip
        plain.append(dict(zip(COLUMNS, values, strict=True)))
    return plain
