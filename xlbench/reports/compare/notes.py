"""Notes on a comparison: what its runs differ in beside their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from xlbench.core.record import LOOSE, Run, plugins_of
from xlbench.reports.compare.matching import (
    Matched,
    training_set_differences,
)


def notes_of(runs: Sequence[Run], matched: Matched) -> list[str]:
    """What a reader of the differences should know."""
    found = []
    machines = {kernel_of(run) for run in runs} - {""}
    if len(machines) > 1:
        found.append(
            f"scored on different processors ({', '.join(sorted(machines))}): up to .1 point may be their rounding"
        )
    if any(cell.limit is not None for cell in matched.cells[0].values()):
        found.append("samples of the items (--limit), not whole subsets")
    found += suite_notes(runs, matched)
    found += _plugin_notes(runs)
    found += _training_notes(matched)
    trained = [
        f"{cell.task} ({cell.model})"
        for cells in matched.cells
        for cell in cells.values()
        if any("trained on" in note for note in cell.notes)
    ]
    if trained:
        found.append(f"trained on the data of {', '.join(dict.fromkeys(trained))}")
    return [
        *found,
        *_log_notes(runs, matched),
        *(f"left out: {one.task} {one.subset}: {one.why}" for one in matched.unmatched),
    ]


def suite_notes(runs: Sequence[Run], matched: Matched) -> list[str]:
    """Which suites are mixed, where what is compared is of several and not all of it of any of them."""
    of_suite: dict[str, set[tuple[str, str]]] = {}
    for run in runs:
        for name, plan in run.plans.items():
            places = {(task, subset) for task, subsets in plan.items() for subset in subsets}
            of_suite.setdefault(name, set()).update(places)
    shared = {name: places & {*matched.places} for name, places in of_suite.items() if name != LOOSE}
    mixed = sorted(name for name, places in shared.items() if places)
    if len(mixed) < 2 or any(places == {*matched.places} for places in shared.values()):
        return []
    return [f"of the suites {', '.join(mixed)} together: --suite compares one"]


def _plugin_notes(runs: Sequence[Run]) -> list[str]:
    """Plugins of which models or tasks of these runs had several versions."""
    versions: dict[str, dict[str, None]] = {}
    for run in runs:
        for cell in run.cells:
            for distribution, version in chain(*(found.items() for found in plugins_of(cell).values())):
                versions.setdefault(distribution, {})[version] = None
    apart = [f"{name} {' and '.join(found)}" for name, found in versions.items() if len(found) > 1]
    return [f"scored with other versions of plugins: {', '.join(apart)}"] if apart else []


def _log_notes(runs: Sequence[Run], matched: Matched) -> list[str]:
    """What logs of other tools leave out, and where their prompts or the scales of their figures differ."""
    found = [note for run in runs for note in run.details.get("log_notes", ())]
    prompts = {
        place[0]
        for place in matched.places
        if len({cells[place].facts.get("prompts") for cells in matched.cells if place in cells}) > 1
    }
    if prompts:
        found.append(f"asked with other prompts: {', '.join(sorted(prompts))}")
    scales = {
        cell.task
        for cells in matched.cells
        for cell in cells.values()
        if any("log_notes" in run.details for run in runs) and not 0 <= ((cell.main and cell.main.value) or 0) <= 1
    }
    if scales and len(matched.places) > 1:
        found.append(f"no shares of 1, so that the overall mixes scales: {', '.join(sorted(scales))}")
    return list(dict.fromkeys(found))


def _training_notes(matched: Matched) -> list[str]:
    """What the differences hold of the training sets of probes, where a run was made with ``--ci-training``."""
    apart = training_set_differences(matched)
    if apart:
        (task, subset), counts = apart[0]
        of = f"--ci-training {', '.join(map(str, counts))}: {task} {subset}"
        more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
        return [
            f"scored with other settings ({of}{more}): these differences hold the items alone, not the training set"
        ]
    drawn = {len(cell.training) for cell in matched.cells[0].values() if cell.training}
    sets = " or ".join(map(str, sorted(drawn)))
    return [f"differences of probes hold items + training, from {sets} training sets that both learned from"] * bool(
        drawn
    )


def kernel_of(run: Run) -> str:
    """What computed a run's products of matrices, as its provenance says; "" where it does not."""
    pools = run.provenance.get("linear_algebra") or []
    named = {str(pool.get("kernel") or "") for pool in pools if isinstance(pool, Mapping)} - {""}
    return " and ".join(sorted(named))
