"""Collects the cells of a board: one for each place, or the reason why there is none.

The `Table` that comes out does not depend on the order of the runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xlbench.core.record import LOOSE, WHOLE_TASK, Cell, Results, Run, Score
from xlbench.core.task import AREAS
from xlbench.reports.score_parts import TOLERANCE

ModelKey = tuple[str, str]
"""A model's name and fingerprint: two checkpoints of one name are two models."""
Place = tuple[ModelKey, str, str]
"""Model, task, subset."""
Plan = Mapping[str, tuple[str, ...]]
"""The subsets of every task."""

NOT_RUN = "not run"
UNKNOWN = "unknown"
"""The area of a task of which there is nothing but a refused file."""


@dataclass(frozen=True)
class Table:
    """What a board is made of. Every planned place has either a main score that counts or a reason why not."""

    models: tuple[ModelKey, ...]
    plan: Plan
    """Task -> subsets, both sorted; tasks that no model has a cell of stand here, but in no area."""
    areas: Mapping[str, tuple[str, ...]]
    """Area -> its tasks, areas in their usual order."""
    cells: Mapping[Place, Cell]
    reasons: Mapping[Place, str]
    notes: Mapping[Place, tuple[str, ...]]
    """Warnings about single cells."""
    labels: Mapping[ModelKey, str]
    """What a model is called here: its name, with the fingerprint's first digits where two models have one name."""
    left_out: frozenset[tuple[str, str]] = frozenset()
    """(task, subset) that no average counts, as no model has a score there: see `_left_out`."""
    registers: Mapping[str, str] = field(default_factory=dict)
    """Task -> its kind of text; tasks without one, or whose cells disagree, are not there."""
    conflicts: Mapping[Place, str] = field(default_factory=dict)
    """Where several runs of one model have scores that differ by more than `TOLERANCE`: what they are."""
    refused: Mapping[Place, str] = field(default_factory=dict)
    """Where a cell's items are missing or damaged: which, and what to do."""
    weights: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """(task, subset) -> what it weighs in its task, where subsets do not weigh alike."""

    def score(self, place: Place) -> Score | None:
        """The main score at ``place`` where it counts, that is, where it may stand beside the other models'."""
        return None if place in self.reasons else self.cells[place].main

    def counted(self, task: str) -> tuple[str, ...]:
        """The subsets of a task that its average is made of."""
        return tuple(subset for subset in self.plan[task] if (task, subset) not in self.left_out)

    def weights_of(self, task: str) -> tuple[float, ...]:
        """What each of the subsets that count weighs in the task, 1 in all."""
        own = self.counted(task)
        return tuple(self.weights.get((task, subset), 1 / len(own)) for subset in own)

    def places(self, model: ModelKey) -> tuple[Place, ...]:
        """The model's planned places, by task and subset."""
        return tuple((model, task, subset) for task, subsets in self.plan.items() for subset in subsets)


def gather(results: Results, suite: str, plan: Plan | None) -> Table:
    """The cells of ``suite`` (see `standings` for ``plan``), and a reason for every place without a score."""
    tasks = _planned_subsets(results, suite, plan)
    # A board of no suite holds all cells: what was planned, of a run that was stopped, is asked for beside them.
    candidates = _by_place(results, {} if suite == LOOSE else tasks)
    chosen = {place: _choose(cells) for place, cells in candidates.items()}
    full = {place: cell for place, cell in chosen.items() if cell.limit is None}
    merged = _merge_subsets(tasks, full)
    models = tuple(sorted({place[0] for place in full} | _planned_models(results, suite, merged)))
    places = [(model, task, subset) for model in models for task in merged for subset in merged[task]]
    reasons = {place: why for place in places if (why := _why_missing(place, chosen))}
    reasons |= _incomparable({place: full[place] for place in places if place not in reasons})
    notes = {place: _notes(cell, candidates[place]) for place, cell in full.items()}
    conflicts = {place: note for place, cell in full.items() if (note := _conflict(cell, candidates[place]))}
    return Table(
        models, merged, _areas(full.values()), full, reasons, notes, _labels(models),
        frozenset() if tasks else _left_out(models, merged, chosen), _registers(full.values()), conflicts,
    )  # fmt: skip


def _left_out(models: Iterable[ModelKey], plan: Plan, cells: Mapping[Place, Cell]) -> frozenset[tuple[str, str]]:
    """Parts of a board of no suite that some model skipped and none was scored on, or failed at.

    Nothing but the cells themselves says what belongs to such a board. Where all models miss the same part because its
    data was not at hand, they can be compared on the rest. A failure is the model's own and is never left out, nor is
    anything that a plan asks for; and what some model has a score for is asked of all.
    """
    left_out = set()
    for task, subsets in plan.items():
        for subset in subsets:
            found = [cells.get((model, task, subset)) or cells.get((model, task, WHOLE_TASK)) for model in models]
            statuses = {cell.status for cell in found if cell is not None}
            if statuses == {"skipped"}:
                left_out.add((task, subset))
    return frozenset(left_out)


def _registers(cells: Iterable[Cell]) -> dict[str, str]:
    """Task -> register; cells that were saved before their task had one do not count."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        if cell.register:
            found.setdefault(cell.task, set()).add(cell.register)
    return {task: registers.pop() for task, registers in found.items() if len(registers) == 1}


def _planned_subsets(results: Results, suite: str, plan: Plan | None) -> dict[str, set[str]]:
    """Task -> subsets, from ``plan`` or else from what the runs meant to do; empty where nothing was planned."""
    plans = [run.plans.get(suite, {}) for run in results] if plan is None else [plan]
    merged: dict[str, set[str]] = {}
    for one in plans:
        for task, subsets in one.items():
            merged.setdefault(task, set()).update(subsets)
    return merged


def _planned_models(results: Results, suite: str, tasks: Plan) -> set[ModelKey]:
    """Models that were meant to be on the board, whether or not they have a cell."""
    return {(run.model, run.fingerprint) for run in results if run.plans.get(suite, {}).keys() & tasks.keys()}


def _by_place(results: Results, tasks: Mapping[str, set[str]]) -> dict[Place, list[Cell]]:
    """All cells of the planned tasks (of every task, where nothing was planned), but for the points of curves.

    Several runs of one model are joined: each place has the cells of all, those of the run with most scores first.
    """
    found: dict[Place, list[Cell]] = {}
    for _, cells in sorted(map(_in_order, results), key=lambda ordered: ordered[0]):
        for cell in cells:
            if cell.train_size is None and (not tasks or cell.task in tasks):
                found.setdefault(((cell.model, cell.fingerprint), cell.task, cell.subset), []).append(cell)
    return found


def _in_order(run: Run) -> tuple[tuple[int, list[str]], list[Cell]]:
    """A run's cells in order, and its own place among runs: most scores first, then by content. What is shown depends
    neither on folders nor on their order."""
    keys = [_order_of_cell(cell) for cell in run.cells]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    cells = [run.cells[place] for place in order]
    scored = [keys[place] for place, cell in zip(order, cells, strict=True) if cell.whole and cell.status == "ok"]
    return (-len(scored), scored), cells


def _order_of_cell(cell: Cell) -> str:
    return f"{cell.task} {cell.subset} {cell.data_fingerprint} {cell.key} {cell.items_digest} {cell.ci} {cell.seed}"


def _choose(cells: list[Cell]) -> Cell:
    """One of several cells of a place: a full one before a sample, a scored one before others, then the first."""
    return min(cells, key=lambda cell: (cell.limit is not None, cell.status != "ok"))


def _merge_subsets(tasks: Mapping[str, set[str]], cells: Iterable[Place]) -> dict[str, tuple[str, ...]]:
    """Planned subsets and those that some model has, sorted. A whole task's failure is no subset beside real ones."""
    subsets = {task: set(planned) for task, planned in tasks.items()}
    for _, task, subset in cells:
        subsets.setdefault(task, set()).add(subset)
    real = {task: found - {WHOLE_TASK} or found for task, found in subsets.items()}
    return {task: tuple(sorted(real[task])) for task in sorted(real) if real[task]}


def _why_missing(place: Place, chosen: Mapping[Place, Cell]) -> str:
    """Why a place has no score, or the empty string."""
    model, task, _ = place
    cell = chosen.get(place) or chosen.get((model, task, WHOLE_TASK))
    if cell is None:
        return NOT_RUN
    if cell.limit is not None:
        return f"only a sample of the items was scored (limit {cell.limit})"
    if cell.status != "ok":
        return f"{cell.status}: {cell.reason or 'no reason was recorded'}"
    if cell.main is None or cell.main.value is None:
        return (cell.main.note if cell.main else "") or "no score was recorded"
    return ""


def _incomparable(scored: Mapping[Place, Cell]) -> dict[Place, str]:
    """Places that were scored on other data, or by another version of the task, than most models: no average may mix
    them.

    Where no data has a strict majority of the models, nobody can tell which is meant: none counts.
    """
    reasons = {}
    by_part: dict[tuple[str, str], list[Place]] = {}
    for place in sorted(scored):
        by_part.setdefault(place[1:], []).append(place)
    for places in by_part.values():
        identities = {place: _identity(scored[place]) for place in places}
        counts = Counter(identities.values())
        usual, count = counts.most_common(1)[0]
        is_data = len({scored[place].data_fingerprint for place in places}) > 1
        for place in places:
            if 2 * count <= len(places):
                what = "on different data" if is_data else "by different versions of this task"
                reasons[place] = f"the models were scored {what}: run them again on the same"
            elif identities[place] != usual:
                what = "on other data" if is_data else "by another version of this task"
                reasons[place] = f"scored {what} than most models here: run it again on the same"
    return reasons | _mismatched_tasks({place: cell for place, cell in scored.items() if place not in reasons})


def _mismatched_tasks(scored: Mapping[Place, Cell]) -> dict[Place, str]:
    """Places that were scored by another task than most subsets of their task's name: a card of that name, or another
    version of it. Where none has a strict majority, none counts."""
    reasons = {}
    by_task: dict[str, list[Place]] = {}
    for place in sorted(scored):
        if scored[place].task_identity:
            by_task.setdefault(place[1], []).append(place)
    for task, places in by_task.items():
        usual, count = Counter(scored[place].task_identity for place in places).most_common(1)[0]
        for place in places:
            if 2 * count <= len(places):
                reasons[place] = f"subsets of {task} were scored by different tasks or versions: run them with one"
            elif scored[place].task_identity != usual:
                reasons[place] = f"scored by another task called {task}, or another version, than most subsets here"
    return reasons


def _identity(cell: Cell) -> tuple[str, str, str]:
    return cell.data_fingerprint, cell.task_identity, cell.main.metric if cell.main else ""


def _notes(cell: Cell, candidates: list[Cell]) -> tuple[str, ...]:
    """The cell's own warnings, and what other runs of the same cell say."""
    conflict = _conflict(cell, candidates)
    return tuple(dict.fromkeys((*cell.notes, conflict) if conflict else cell.notes))


def _conflict(cell: Cell, candidates: list[Cell]) -> str:
    """What another run of the same cell scored, where that is not the same within `TOLERANCE`; or the empty string."""
    others = [other for other in candidates if other.limit is None and other.status == "ok" and other is not cell]
    for other in others:
        if other.data_fingerprint != cell.data_fingerprint:
            return f"{cell.task} {cell.subset}: runs of this model are of different data; one of them is shown"
        if other.task_identity != cell.task_identity:
            return f"{cell.task} {cell.subset}: runs of this model are of different versions of the task; one is shown"
    values = {other.main.value for other in (cell, *others) if other.main and other.main.value is not None}
    if not values or max(values) - min(values) <= TOLERANCE or cell.main is None or cell.main.value is None:
        return ""
    shown = [cell.main.value, *sorted(values - {cell.main.value})]
    said = ", ".join(f"{100 * value:.2f}" for value in shown)
    return f"{cell.task} {cell.subset}: runs of this model differ ({said}); the first is shown"


def _labels(models: Iterable[ModelKey]) -> dict[ModelKey, str]:
    by_name: dict[str, list[str]] = {}
    for name, fingerprint in models:
        by_name.setdefault(name, []).append(fingerprint)
    return {
        (name, fingerprint): name if len(fingerprints) == 1 else f"{name} ({fingerprint[:8]})"
        for name, fingerprints in by_name.items()
        for fingerprint in fingerprints
    }


def _areas(cells: Iterable[Cell]) -> dict[str, tuple[str, ...]]:
    """Area -> its tasks: the areas of `AREAS` first, then others by name. A refused file's cell knows no area."""
    area_of: dict[str, str] = {}
    for cell in cells:
        if cell.area or cell.task not in area_of:
            area_of[cell.task] = min(cell.area, area_of.get(cell.task) or cell.area)
    area_of = {task: area or UNKNOWN for task, area in area_of.items()}
    found = set(area_of.values())
    order = [area for area in AREAS if area in found] + sorted(found - set(AREAS))
    return {area: tuple(sorted(task for task in area_of if area_of[task] == area)) for area in order}
