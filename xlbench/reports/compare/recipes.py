"""Compares two training recipes by several runs of each, including the variation between runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from xlbench import stats
from xlbench.core.errors import UsageError
from xlbench.core.record import Run
from xlbench.core.text import count_text
from xlbench.reports.compare.common_items import ReadItems
from xlbench.reports.compare.comparison import Comparison, Read, check_intact, match_runs
from xlbench.reports.compare.differences import Options, most_changed, parts_of, verdicts
from xlbench.reports.compare.inputs import by_label
from xlbench.reports.compare.matching import CellFilter, Matched, Place
from xlbench.reports.compare.notes import notes_of
from xlbench.stats.variances import seed_sums

LEAST = 2
"""Runs a side: fewer tell nothing of how runs differ."""


def of_recipes(
    before: Sequence[Run],
    after: Sequence[Run],
    read: Read,
    options: Options,
    wanted: CellFilter | None = None,
    allow_intersection: float | None = None,
    examples: int = 0,
    read_items: ReadItems | None = None,
) -> Comparison:
    """Compare the mean of several runs with the mean of several others.

    The variance of the difference is that of the mean influences over items and clusters, and on each side the
    variance between its runs over their number; degrees of freedom by Satterthwaite.

    Args:
        before: Two or more runs of the baseline's recipe, which differ by what training leaves to chance.
        after: Two or more of the other recipe's.
        read: The influence of a cell whose run lies in a folder or pack.
        options: How differences are judged.
        wanted: Of which tasks and languages.
        allow_intersection: The share of the items that all runs must have; None: all.
        examples: How many of the items that changed most to name.
        read_items: As of `against_baseline`.

    Raises:
        UsageError: A side has one run alone, or one run twice; otherwise as `against_baseline`.
        ResultsError: Items are missing or damaged.
    """
    _check_request(before, after, options)
    labeled = by_label([*before, *after])
    listed = [*labeled.values()]
    check_intact(listed)
    common = match_runs(listed, [*labeled], wanted, allow_intersection, read_items)
    matched = common.matched
    _check_copies(matched, [*labeled], len(before))
    found = parts_of(matched, lambda number, cell: common.has(number, cell) or read(cell, Path(listed[number].folder)))
    first = len(found.names)
    one = mean_of(found.parts[: len(before)], first)
    other = mean_of(found.parts[len(before) :], first + len(before))
    names = _names_of(before, after)
    note = (
        f"means over {len(before)} and {len(after)} runs: what differs between runs of one recipe is in the intervals"
    )
    return Comparison(
        names[0], names[1], verdicts(matched, one, other, options), matched.unmatched,
        (note, *common.notes, *notes_of(listed, matched)), options,
        tuple(most_changed(matched, one, other, found.names, examples)),
    )  # fmt: skip


def _check_request(before: Sequence[Run], after: Sequence[Run], options: Options) -> None:
    """`UsageError` where a side has too few runs, or languages are to be the sample as well."""
    for side, runs in (("a", before), ("b", after)):
        if len(runs) < LEAST:
            raise UsageError(f"--{side} is given {len(runs)} time{'s' * (len(runs) != 1)}: a recipe needs "
                             f"{LEAST} runs at least to tell how its runs differ")  # fmt: skip
    if options.over_languages:
        raise UsageError("--over languages takes languages as the sample, and --a and --b take runs: leave one out")


def mean_of(parts: Sequence[Mapping[Place, stats.Part]], first: int) -> dict[Place, stats.Part]:
    """The mean of several runs at every place; the runs are seeds, which a recipe's places share.

    Args:
        parts: Of every run.
        first: The code of the first run among clusters; the others follow. No cluster has these.
    """
    return {place: _mean_at([own[place] for own in parts], first) for place in parts[0]}


def _mean_at(parts: Sequence[stats.Part], first: int) -> stats.Part:
    mean = stats.combine(parts)
    runs = np.arange(len(parts))
    seeds = np.zeros(len(mean.clusters), dtype=bool) if mean.seeds is None else mean.seeds
    return replace(
        mean,
        n=max(one.n for one in parts),
        clusters=np.concatenate([mean.clusters, first + runs]),
        influence=np.concatenate([mean.influence, seed_sums(np.array([one.value for one in parts]))]),
        sets=np.concatenate([mean.connected, np.full(len(runs), mean.connected.max(initial=-1) + 1)]),
        shares=np.concatenate([mean.weight, np.full(len(runs), 1 / len(runs))]),
        seeds=np.concatenate([seeds, np.ones(len(runs), dtype=bool)]),
    )


def _check_copies(matched: Matched, labels: Sequence[str], before: int) -> None:
    """`UsageError` where two runs of a side are the same on every item: a copy says nothing of chance in training."""
    for side in (range(before), range(before, len(labels))):
        for one, other in combinations(side, 2):
            digests = [[cell.items_digest for cell in matched.cells[number].values()] for number in (one, other)]
            if digests[0] == digests[1] and all(digests[0]):
                raise UsageError(
                    f"{labels[one]} and {labels[other]} are the same on every item: a copy is no other run"
                )


def _names_of(before: Sequence[Run], after: Sequence[Run]) -> tuple[str, str]:
    """What the two sides are called: by their models, and by their letters too where those are the same."""
    one, other = _labels_of(before), _labels_of(after)
    return (one, other) if one != other else (f"a: {one}", f"b: {other}")


def _labels_of(runs: Sequence[Run]) -> str:
    models = list(dict.fromkeys(run.model for run in runs))
    named = models[0] if len(models) == 1 else f"{models[0]} and {len(models) - 1} more"
    return f"{named} ({count_text(len(runs), 'run')})"
