"""Differences of two runs at every level: overall, areas, tasks, languages and subsets, with a verdict each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from xlbench import stats
from xlbench.core.estimate import Direction
from xlbench.core.record import Cell
from xlbench.reports import language_sample
from xlbench.reports.compare.matching import Matched, Place, training_set_differences
from xlbench.reports.score_parts import PartMaker
from xlbench.runs.items import Influence
from xlbench.stats import multiple_tests, paired
from xlbench.stats.paired import Difference
from xlbench.stats.variances import sums_of

OVERALL = "overall"
FEW = f"the models disagree on fewer than {paired.FEW_DISCORDANT} items: too few to tell"
Level = Literal["overall", "area", "task", "language", "subset"]
Judgment = Literal["better", "worse", "higher", "lower", "cannot tell", "identical"]
"""``higher`` and ``lower`` are said where a metric is part of it of which neither value is better."""

Read = Callable[[int, Cell], Influence]
"""The influence of a cell of a run, by the run's number."""


@dataclass(frozen=True)
class Options:
    """How differences are judged."""

    level: float = 0.95
    method: paired.Method = "t"
    explore: bool = False
    """Whether p-values keep the share of false findings (Benjamini and Hochberg), not the chance of any (Holm)."""
    over_languages: bool = False
    """Whether languages are taken as a sample of languages in general."""
    seed: int = 0


@dataclass(frozen=True)
class Verdict:
    """A difference of two runs at one place."""

    level: Level
    name: str
    """Of the area, task or language; of a subset, ``task subset``."""
    baseline: float
    candidate: float
    difference: Difference
    """candidate - baseline."""
    adjusted: float | None
    """p, adjusted for all verdicts of this level."""
    judgment: Judgment
    note: str = ""
    direction: Direction = "higher"
    """Which value is better; ``neither`` where that holds of any score in it."""


@dataclass(frozen=True)
class PairedParts:
    """Cells of several runs, ready to be averaged and paired."""

    parts: list[dict[Place, stats.Part]]
    """Of every run."""
    names: list[str]
    """Of every cluster, by its number."""


def parts_of(matched: Matched, read: Read) -> PairedParts:
    """Every run's cells as parts; cluster ids become numbers, the same id the same number in all cells and runs."""
    found = [{place: read(number, cell) for place, cell in cells.items()} for number, cells in enumerate(matched.cells)]
    for place, _ in training_set_differences(matched):  # what only one of them has drawn cannot be paired
        for of_run in found:
            of_run[place] = _of_items(of_run[place])
    influences = [influence for of_run in found for influence in of_run.values()]
    maker = PartMaker(influences)
    parts = []
    for cells, of_run in zip(matched.cells, found, strict=True):
        parts.append({place: _part(cells[place], influence, maker) for place, influence in of_run.items()})
    return PairedParts(parts, maker.names)


def _of_items(one: Influence) -> Influence:
    """Without what is random beside the items."""
    count = len(one.clusters) - one.seeds
    return Influence(one.clusters[:count], one.sums[:count], one.shares[:count], one.n)


def _part(cell: Cell, influence: Influence, maker: PartMaker) -> stats.Part:
    assert cell.main is not None
    assert cell.main.value is not None
    return maker.part(cell.main.value, influence)


def verdicts(
    matched: Matched, baseline: Mapping[Place, stats.Part], candidate: Mapping[Place, stats.Part], options: Options
) -> tuple[Verdict, ...]:
    """Every difference, candidate - baseline: the overall first, then areas, tasks, languages and subsets.

    Within a level, p-values are adjusted for one another.
    """
    apart = {place: difference_at(candidate[place], baseline[place]) for place in matched.places}
    same = {place for place in matched.places if _is_same(matched, place, baseline, candidate)}
    found: list[Verdict] = []
    for level, groups in levels(matched):
        judged = [
            (name, weights, judged_group(name, weights, apart, baseline, candidate, options))
            for name, weights in groups
        ]
        adjust = multiple_tests.benjamini_hochberg if options.explore else multiple_tests.holm
        if level == "overall" and options.over_languages:
            judged = [(OVERALL, *over_languages(matched, apart, options))]
        directions = {name: _direction(matched, weights) for name, weights, _ in judged}
        raw = np.array([np.nan if one.p is None else one.p for _, _, (one, _) in judged])
        for (name, weights, (difference, note)), p in zip(judged, adjust(raw), strict=True):
            adjusted = None if np.isnan(p) else float(p)
            before, after = (
                float(sum(weight * parts[place].value for place, weight in weights.items()))
                for parts in (baseline, candidate)
            )
            verdict = Verdict(level, name, before, after, difference, adjusted, "identical", note, directions[name])
            found.append(verdict if same.issuperset(weights) else judged_again(verdict, options))
    return tuple(found)


def difference_at(candidate: stats.Part, baseline: stats.Part) -> stats.Part:
    """candidate - baseline at one place."""
    return replace(stats.combine([candidate, baseline], [1.0, -1.0]), n=max(candidate.n, baseline.n))


def levels(matched: Matched) -> Iterator[tuple[Level, list[tuple[str, dict[Place, float]]]]]:
    """Every level with its groups: a name, and what each place weighs in it."""
    cells = matched.cells[0]
    yield "overall", [(OVERALL, weights_of(matched, cells))]
    yield (
        "area",
        [
            (area, weights_of(matched, (place for place in cells if place[0] in tasks)))
            for area, tasks in matched.areas.items()
        ],
    )
    tasks = [task for tasks in matched.areas.values() for task in tasks]
    yield "task", [(task, weights_of(matched, (place for place in cells if place[0] == task))) for task in tasks]
    languages: dict[str, list[Place]] = {}
    for place, cell in cells.items():
        for language in language_sample.tested_languages(place[1], cell.languages):
            languages.setdefault(language, []).append(place)
    yield "language", [(language, weights_of(matched, languages[language])) for language in sorted(languages)]
    yield "subset", [(" ".join(place), {place: 1.0}) for place in cells]


def weights_of(matched: Matched, places: Iterable[Place]) -> dict[Place, float]:
    """What each place weighs in their average: subsets make a task, tasks an area, areas the whole, equally each."""
    tree: dict[str, dict[str, list[Place]]] = {}
    for place in places:
        tree.setdefault(matched.cells[0][place].area, {}).setdefault(place[0], []).append(place)
    return {
        place: 1 / (len(tree) * len(tasks) * len(subsets))
        for tasks in tree.values()
        for subsets in tasks.values()
        for place in subsets
    }


def judged_group(
    name: str,
    weights: Mapping[Place, float],
    apart: Mapping[Place, stats.Part],
    baseline: Mapping[Place, stats.Part],
    candidate: Mapping[Place, stats.Part],
    options: Options,
) -> tuple[Difference, str]:
    """The difference of a group with its interval and p, and what is to be said about it."""
    if len(weights) > 1:
        part = stats.combine([apart[place] for place in weights], list(weights.values()))
        return paired.judge(part, options.level, options.method, options.seed, name), ""
    (place,) = weights
    return judged_cell(apart[place], baseline[place], candidate[place], options, name)


def over_languages(
    matched: Matched, apart: Mapping[Place, stats.Part], options: Options
) -> tuple[dict[Place, float], tuple[Difference, str]]:
    """What each place weighs in the mean over languages, and the difference for languages in general, as boards have
    it: a task's mean over languages, then means of tasks and areas. `UsageError` for fewer than three languages."""
    about: dict[str, dict[str, tuple[str, ...]]] = {}
    for (task, subset), cell in matched.cells[0].items():
        about.setdefault(task, {})[subset] = cell.languages
    tasks = language_sample.sampled(about, "these runs share")
    weights: dict[Place, float] = {}
    parts, shares = [], []
    kept = [[task for task in own if task in tasks] for own in matched.areas.values()]
    areas = [own for own in kept if own]
    for own in areas:
        for task in own:
            known, share = tasks[task], 1 / len(areas) / len(own)
            places = [(task, subset) for subset in known.subsets]
            value, moved = language_sample.influences(known, np.array([apart[place].value for place in places]))
            parts.append(stats.Part(value, known.codes, moved, sum(apart[place].n for place in places)))
            shares.append(share)
            weights |= {(task, subset): share * one for subset, one in language_sample.weights(known).items()}
    part = stats.combine(parts, shares)
    found = paired.judge(part, options.level, options.method, options.seed, "languages")
    return weights, (found, f"for languages in general: {len(part.clusters)} languages, each one observation")


def judged_cell(
    apart: stats.Part, baseline: stats.Part, candidate: stats.Part, options: Options, name: str
) -> tuple[Difference, str]:
    """The difference of one cell; of hits over single items, with McNemar's p where no other method is asked for."""
    found = paired.judge(apart, options.level, options.method, options.seed, name)
    split = paired.discordant(candidate, baseline)
    if split is None or options.method != "t" or (found.p is None and not sum(split)):
        return found, ""
    return replace(found, p=paired.mcnemar(*split)), FEW if 0 < sum(split) < paired.FEW_DISCORDANT else ""


def most_changed(
    matched: Matched,
    baseline: Mapping[Place, stats.Part],
    candidate: Mapping[Place, stats.Part],
    names: Sequence[str],
    count: int,
) -> list[dict[str, str | float | int]]:
    """The ``count`` items (or clusters of items) of which the scores of all of a task's subsets changed most together.

    Of each: task, item, change (the sum over its items of what they add to the score, candidate - baseline: hits won
    less hits lost; in retrieval also what they take from other queries as candidates), and in how many subsets it lies.
    """
    found: list[dict[str, str | float | int]] = []
    for task in {place[0]: None for place in matched.places} if count else ():
        changes: dict[int, float] = {}
        subsets: Counter[int] = Counter()
        for place in (place for place in matched.places if place[0] == task):
            one, other = candidate[place], baseline[place]
            own, others = (sums_of(part.influence[part.items], part.weight[part.items]) for part in (one, other))
            moved = one.n * (own - others + one.weight[one.items] * (one.value - other.value))
            for code, change in zip(one.clusters[one.items].tolist(), moved.tolist(), strict=True):
                changes[code] = changes.get(code, 0.0) + change
                subsets[code] += 1
        largest = sorted(changes, key=lambda code: (-abs(round(changes[code], 6)), names[code]))[:count]
        found += [
            {"task": task, "item": names[code], "change": changes[code], "subsets": subsets[code]} for code in largest
        ]
    return sorted(found, key=lambda one: -abs(float(one["change"])))[:count]


def _is_same(
    matched: Matched, place: Place, baseline: Mapping[Place, stats.Part], candidate: Mapping[Place, stats.Part]
) -> bool:
    """Whether two runs agree on every item: in their saved items, or, where no item hangs on another, in influences."""
    one, other = baseline[place], candidate[place]
    digests = {cells[place].items_digest for cells in (matched.cells[0], matched.cells[-1])}
    if len(matched.cells) == 2 and len(digests) == 1 and digests != {""}:
        return True
    alone = one.count == one.n == other.count
    return alone and one.value == other.value and np.array_equal(one.influence, other.influence)


def _direction(matched: Matched, places: Iterable[Place]) -> Direction:
    """Which value of an average over places is better."""
    mains = [cells[place].main for place in places for cells in matched.cells]
    return "neither" if any(main is not None and main.direction == "neither" for main in mains) else "higher"


def judged_again(verdict: Verdict, options: Options) -> Verdict:
    """A verdict on a difference that is not identical on every item, with what it comes to by its adjusted p."""
    value, adjusted = verdict.difference.value, verdict.adjusted
    judgment: Judgment
    if adjusted is None or adjusted > 1 - options.level or not value or verdict.note == FEW:
        judgment = "cannot tell"
    elif verdict.direction == "neither":
        judgment = "higher" if value > 0 else "lower"
    else:
        judgment = "better" if value > 0 else "worse"
    return replace(verdict, judgment=judgment)
