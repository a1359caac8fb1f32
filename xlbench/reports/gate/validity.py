"""Checks that two runs can be judged: no cells lost, and the same questions asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlbench import stats
from xlbench.core.ids import digest
from xlbench.core.record import Cell, Run, cell_key
from xlbench.core.text import count_text, one_line
from xlbench.reports.compare.matching import Matched, Place, Unmatched, training_set_differences
from xlbench.reports.gate.policy import Policy
from xlbench.reports.gate.verdict import GateRun, Outcome
from xlbench.runs.run_folder import GONE

SHOWN = 3
"""How many places a line names before it counts the rest."""
NEWEST = 99
"""Up to which number versions of rows are looked for."""
WHOLE_TASK = "*"


@dataclass(frozen=True)
class Validity:
    """Whether two runs can be judged."""

    outcome: Outcome
    """PASS where they can."""
    reasons: tuple[str, ...] = ()
    left_out: tuple[Unmatched, ...] = ()
    """What is not judged, though the runs are."""


def gate_run(run: Run) -> GateRun:
    """The run with the hash of its content: places, scores and items, whatever the path and the time."""
    parts = sorted(
        digest(
            cell.task, cell.subset, str(cell.limit), str(cell.train_size), cell.status, cell.key, cell.items_digest,
            *(f"{score.metric} {score.value!r}" for score in cell.scores),
        )
        for cell in run.cells
    )  # fmt: skip
    return GateRun(run.folder, run.model, run.fingerprint, digest(*parts))


def damage_of(run: Run) -> list[str]:
    """What a run was saved with and has no more: files that are refused, and cells whose files are gone."""
    gone = [f"{cell.task} {cell.subset}" for cell in run.cells if cell.reason == GONE and not cell.key]
    lines = [*run.troubles, *(f"{run.folder or run.model} lacks {first_texts(gone)}: {GONE}" for _ in gone[:1])]
    return [one_line(line) for line in lines]


def check(baseline: Run, candidate: Run, matched: Matched, least: float | None, policy: Policy) -> Validity:
    """Whether the candidate has all that the baseline has, asked and scored the same way.

    Args:
        baseline: The run that the candidate is judged by.
        candidate: The other one.
        matched: Their cells.
        least: The share of the baseline's items that suffices; None: all.
        policy: What is critical, and whether cells that only the candidate has are a fault.
    """
    unfit = [line for run in (baseline, candidate) for line in damage_of(run)] or _sizes(baseline, candidate)
    if unfit:
        return Validity("INVALID", tuple(unfit))
    scored = {(cell.task, cell.subset) for cell in baseline.cells if cell.status == "ok" and cell.train_size is None}
    lost = [one for one in matched.unmatched if (one.task, one.subset) in scored]
    extra = [one for one in matched.unmatched if (one.task, one.subset) not in scored and one.subset != WHOLE_TASK]
    tasks = {cell.task for cell in candidate.cells}
    if not scored or (not matched.places and not tasks & {task for task, _ in scored}):
        why = "it has no scores" if not scored else "the candidate has none of its tasks"
        return Validity("NOTHING", (f"there is nothing to compare with {baseline.folder or baseline.model}: {why}",))
    critical = {(cell.task, cell.subset) for cell in baseline.cells if cell.status == "ok" and policy.is_critical(cell)}
    reasons = [*_lost_cells(lost, candidate, matched, least, critical), *_other_versions(matched)]
    sampled = scored - {*matched.places} - {(one.task, one.subset) for one in matched.unmatched}
    if sampled:
        places = first_texts([" ".join(place) for place in sorted(sampled)])
        reasons.append(f"the baseline has samples (--limit) beside whole subsets, and nobody judges these: {places}")
    if policy.strict and extra:
        reasons.append(f"--strict: {count_text(len(extra), 'cell')} with nothing to be judged by: {list_places(extra)}")
    return Validity("INVALID" if reasons else "PASS", tuple(reasons), (*lost, *extra))


def _sizes(*runs: Run) -> list[str]:
    """Why runs of samples alone cannot be judged: nobody can say which of several sizes is meant."""
    limits = [
        {cell.limit for cell in run.cells if cell.status == "ok" and cell.train_size is None} - {None} for run in runs
    ]
    whole = any(cell.limit is None for run in runs for cell in run.cells if cell.status == "ok" and not cell.train_size)
    return [
        f"{run.folder or run.model} has samples of several sizes "
        f"(--limit {', '.join(map(str, sorted(size for size in sizes if size)))}): a run has one size"
        for run, sizes in zip(runs, limits, strict=True)
        if len(sizes) > 1 and not whole
    ]


def unscored_by_baseline(baseline: Run, candidate: Run) -> list[str]:
    """A line for cells that only the candidate has a score of, because the baseline failed or was skipped there."""
    without = {(cell.task, cell.subset): cell for cell in baseline.cells if cell.whole and cell.status != "ok"}
    places = [
        (cell.task, cell.subset)
        for cell in candidate.cells
        if cell.whole and cell.status == "ok" and {(cell.task, cell.subset), (cell.task, WHOLE_TASK)} & {*without}
    ]
    names = first_texts([one_line(" ".join(place)) for place in places])
    return [f"nothing judges {names}: the baseline has no score there"] if places else []


def _lost_cells(
    lost: Sequence[Unmatched], candidate: Run, matched: Matched, least: float | None, critical: Collection[Place]
) -> Iterator[str]:
    """Why cells that the baseline has cannot be judged, unless so few are allowed to be left out."""
    whole = {cell.task: cell.reason for cell in candidate.cells if cell.subset == WHOLE_TASK}
    lost = [Unmatched(one.task, one.subset, whole[one.task], one.items) if one.task in whole else one for one in lost]
    if not lost:
        return
    kept = sum(cell.main.n for cell in matched.cells[0].values() if cell.main)
    share = kept / max(1, kept + sum(one.items for one in lost))
    areas = {cell.task: cell.area for cell in candidate.cells}
    kept_safe = [one for one in lost if (one.task, one.subset) in critical]
    pools = [one for one in lost if one.why.startswith("other data") and areas.get(one.task) == "retrieval"]
    if least is None:
        yield f"{len(lost)} of the baseline's cells cannot be judged: {list_places(lost)}"
    elif kept_safe:
        yield f"what is critical cannot be left out, whatever is allowed to be: {list_places(kept_safe)}"
    elif pools:
        other = "another pool of candidates is another question, whatever is allowed to be left out"
        yield f"{other}: {list_places(pools)}"
    elif share < least or not matched.places:
        asked = f"and {100 * least:g}% are asked for"
        yield f"{100 * share:.1f}% of the baseline's items can be judged, {asked}: {list_places(lost)}"


def _other_versions(matched: Matched) -> Iterator[str]:
    """Cells whose rows, or whose influences, were made by different versions of xlbench's scoring."""
    cells = zip(matched.cells[0].values(), matched.cells[1].values(), strict=True)
    apart = [one for one, other in cells if (row_version(one), one.scoring) != (row_version(other), other.scoring)]
    if apart:
        first = f"{apart[0].task} {apart[0].subset}"
        cells_apart = count_text(len(apart), "cell")
        yield f"scored by another version of xlbench: {cells_apart} ({first}): run the baseline again"
    if drawn := training_set_differences(matched):
        (task, subset), counts = drawn[0]
        yield (
            f"scored with other settings: {count_text(len(drawn), 'cell')} ({task} {subset}: --ci-training {counts[0]} "
            f"in the baseline, {counts[1]} in the candidate): run one of them again with the other's"
        )


def row_version(cell: Cell) -> int | None:
    """The version of xlbench's rows that a cell's key was made with; None where it tells of none."""
    content = cell.fingerprint, cell.task_identity, cell.subset, cell.data_fingerprint, cell.ci_training
    return next((version for version in range(1, NEWEST) if cell_key(version, *content) == cell.key), None)


def other_items(parts: Sequence[Mapping[Place, stats.Part]]) -> list[str]:
    """Why cells cannot be paired though they claim the same data: the items themselves are others."""
    apart = [
        f"{task} {subset}"
        for (task, subset), one in parts[0].items()
        for other in [parts[1][task, subset]]
        if one.n != other.n or not np.array_equal(one.clusters[one.items], other.clusters[other.items])
    ]
    return [f"the items are others, though the data is said to be the same: {first_texts(apart)}"] if apart else []


def list_places(places: Sequence[Unmatched]) -> str:
    """The first of the places and why, and how many more there are."""
    return first_texts([f"{where} ({why})" for where, why in group_places(places)])


def group_places(places: Sequence[Unmatched]) -> list[tuple[str, str]]:
    """Places with the reason that they share: a subset alone by its name, several of a task by their number."""
    subsets: dict[tuple[str, str], list[str]] = {}
    for one in places:
        subsets.setdefault((one.task, one.why), []).append(one.subset)
    return [
        (one_line(f"{task} {names[0] if len(names) == 1 else f'in {len(names)} subsets'}"), one_line(why))
        for (task, why), names in subsets.items()
    ]


def first_texts(texts: Sequence[str]) -> str:
    """The first of several texts, and how many more there are."""
    return ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else "")
