"""What makes two runs no pair for a gate: the candidate lost cells, or was asked otherwise than the baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlbench import stats
from xlbench.core.ids import digest
from xlbench.core.record import Cell, Run, cell_key
from xlbench.core.text import one_line
from xlbench.reports.compare.matching import Matched, Place, Unmatched
from xlbench.reports.gate.verdict import Outcome, Side

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


def side_of(run: Run) -> Side:
    """The run with the hash of its content: places, scores and items, whatever the path and the time."""
    parts = sorted(
        digest(
            cell.task, cell.subset, str(cell.limit), str(cell.train_size), cell.status, cell.key, cell.items_digest,
            *(f"{score.metric} {score.value!r}" for score in cell.scores),
        )
        for cell in run.cells
    )  # fmt: skip
    return Side(run.folder, run.model, run.fingerprint, digest(*parts))


def check(baseline: Run, candidate: Run, matched: Matched, least: float | None, *, strict: bool) -> Validity:
    """Whether the candidate has all that the baseline has, asked and scored the same way.

    Args:
        baseline: The run that the candidate is judged by.
        candidate: The other one.
        matched: Their cells.
        least: The share of the baseline's items that suffices; None: all.
        strict: Whether cells that only the candidate has are a fault.
    """
    damaged = [one_line(trouble) for run in (baseline, candidate) for trouble in run.troubles]
    if damaged:
        return Validity("INVALID", tuple(damaged))
    scored = {(cell.task, cell.subset) for cell in baseline.cells if cell.status == "ok" and cell.train_size is None}
    lost = [one for one in matched.unmatched if (one.task, one.subset) in scored]
    extra = [one for one in matched.unmatched if (one.task, one.subset) not in scored and one.subset != WHOLE_TASK]
    tasks = {cell.task for cell in candidate.cells}
    if not scored or (not matched.places and not tasks & {task for task, _ in scored}):
        why = "it has no scores" if not scored else "the candidate has none of its tasks"
        return Validity("NOTHING", (f"there is nothing to compare with {baseline.folder or baseline.model}: {why}",))
    reasons = [*_lost(lost, candidate, matched, least), *_scored_otherwise(matched)]
    sampled = scored - {*matched.places} - {(one.task, one.subset) for one in matched.unmatched}
    if sampled:
        places = some([" ".join(place) for place in sorted(sampled)])
        reasons.append(f"the baseline has samples (--limit) beside whole subsets, and nobody judges these: {places}")
    if strict and extra:
        reasons.append(f"--strict: {len(extra)} cells have nothing to be judged by: {named(extra)}")
    return Validity("INVALID" if reasons else "PASS", tuple(reasons), (*lost, *extra))


def _lost(lost: Sequence[Unmatched], candidate: Run, matched: Matched, least: float | None) -> Iterator[str]:
    """Why cells that the baseline has cannot be judged, unless so few are allowed to be left out."""
    whole = {cell.task: cell.reason for cell in candidate.cells if cell.subset == WHOLE_TASK}
    lost = [Unmatched(one.task, one.subset, whole[one.task], one.items) if one.task in whole else one for one in lost]
    if not lost:
        return
    kept = sum(cell.main.n for cell in matched.cells[0].values() if cell.main)
    share = kept / max(1, kept + sum(one.items for one in lost))
    areas = {cell.task: cell.area for cell in candidate.cells}
    pools = [one for one in lost if one.why.startswith("other data") and areas.get(one.task) == "retrieval"]
    if least is None:
        yield f"{len(lost)} of the baseline's cells cannot be judged: {named(lost)}"
    elif pools:
        yield f"another pool of candidates is another question, whatever is allowed to be left out: {named(pools)}"
    elif share < least or not matched.places:
        asked = f"and {100 * least:g}% are asked for"
        yield f"{100 * share:.1f}% of the baseline's items can be judged, {asked}: {named(lost)}"


def _scored_otherwise(matched: Matched) -> Iterator[str]:
    """Cells whose rows were made by different versions of xlbench's scoring."""
    cells = zip(matched.cells[0].values(), matched.cells[1].values(), strict=True)
    apart = [one for one, other in cells if row_version(one) != row_version(other)]
    if apart:
        first = f"{apart[0].task} {apart[0].subset}"
        yield f"{len(apart)} cells were scored by another version of xlbench ({first}): run the baseline again"


def row_version(cell: Cell) -> int | None:
    """The version of xlbench's rows that a cell's key was made with; None where it tells of none."""
    content = cell.fingerprint, cell.task_identity, cell.subset, cell.data_fingerprint
    return next((version for version in range(1, NEWEST) if cell_key(version, *content) == cell.key), None)


def other_items(parts: Sequence[Mapping[Place, stats.Part]]) -> list[str]:
    """Why cells cannot be paired though they claim the same data: the items themselves are others."""
    apart = [
        f"{task} {subset}"
        for (task, subset), one in parts[0].items()
        for other in [parts[1][task, subset]]
        if one.n != other.n or not np.array_equal(one.clusters[one.items], other.clusters[other.items])
    ]
    return [f"the items are others, though the data is said to be the same: {some(apart)}"] if apart else []


def named(places: Sequence[Unmatched]) -> str:
    """The first of the places and why, and how many more there are."""
    return some([f"{where} ({why})" for where, why in grouped(places)])


def grouped(places: Sequence[Unmatched]) -> list[tuple[str, str]]:
    """Places with the reason that they share: a subset alone by its name, several of a task by their number."""
    subsets: dict[tuple[str, str], list[str]] = {}
    for one in places:
        subsets.setdefault((one.task, one.why), []).append(one.subset)
    return [
        (one_line(f"{task} {names[0] if len(names) == 1 else f'in {len(names)} subsets'}"), one_line(why))
        for (task, why), names in subsets.items()
    ]


def some(texts: Sequence[str]) -> str:
    """The first of several texts, and how many more there are."""
    return ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else "")
