"""The doing: compute the planned cells that are not done, save each as it is finished. Nothing here prints, and no
plugin is known by name.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench.errors import DataMissing, EncoderError, ResultsError, UsageError
from xlbench.hooks import Engine
from xlbench.model import Encoder, Model
from xlbench.names import digest
from xlbench.planning import UNFINISHED, WHOLE_TASK, Planned, Settings, reason_of
from xlbench.record import Cell, Results, Run, Status
from xlbench.store import INFLUENCE, Items, Store
from xlbench.task import Outcome, Task

if TYPE_CHECKING:
    from xlbench.cache import Cache
    from xlbench.encoding import EncodingSession
    from xlbench.stats import Scorer


@dataclass(frozen=True)
class Job:
    """The cells of one model and one task that are to be computed."""

    model: Model
    task: Task
    planned: tuple[Planned, ...]


@dataclass(frozen=True)
class Observer:
    """Who is told of progress; every call may do nothing."""

    cell: Callable[[Cell], None] = lambda cell: None
    """A cell is finished (or was done before)."""
    encoding: Callable[[str, int, int], None] = lambda model, done, total: None
    """A model has encoded so many of the texts of one request."""
    trouble: Callable[[str], None] = lambda line: None
    """Something was wrong that cost no result: a damaged part of the cache, say."""


def serial(work: Callable[[Any], Iterable[Cell]], jobs: Iterable[Any]) -> Iterator[Cell]:
    """The built-in engine: one job after the other, in this process."""
    for job in jobs:
        yield from work(job)


SERIAL = Engine("serial", serial, "one cell after the other, in this process")


def execute(
    planned: Sequence[Planned],
    store: Store,
    settings: Settings,
    engine: Engine = SERIAL,
    observer: Observer | None = None,
    fail_fast: bool = False,
) -> list[Cell]:
    """Compute what is not done, save every cell as it is finished, and return all cells in the order of the plan.

    A failing cell carries its reason and the others go on; with ``fail_fast`` the first failure ends the run.
    """
    observer = observer or Observer()
    begin(planned, store)
    finished: dict[tuple[str, str, str, str], Cell] = {}
    for cell in _cells(planned, store, settings, engine, observer):
        finished[_place(cell)] = cell
        observer.cell(cell)
        if fail_fast and cell.status == "error":
            break
    return [finished[_place(item.cell)] for item in planned if _place(item.cell) in finished]


def begin(planned: Sequence[Planned], store: Store) -> None:
    """Write down what is going to be computed, so that a run that is killed is seen to lack the rest of it."""
    if not for_boards(planned):
        return
    working = {item.model.name: item for item in planned if item.state in ("todo", "rescore")}
    for name, first in working.items():
        model, fingerprint = first.model, first.cell.fingerprint
        run = store.manifest(name, fingerprint) or Run(
            name, fingerprint, (), model.description, model.licence, model.trained_on, spec=model.spec,
            details=dict(model.details),
        )  # fmt: skip
        wanted = {task: dict.fromkeys(subsets) for task, subsets in run.plans.get(UNFINISHED, {}).items()}
        for item in planned:
            if item.model.name == name:
                wanted.setdefault(item.task.name, {})[item.subset.name] = None
        plans = {**run.plans, UNFINISHED: {task: tuple(subsets) for task, subsets in wanted.items()}}
        store.save_manifest(replace(run, plans=plans, complete=False))


def for_boards(planned: Sequence[Planned]) -> bool:
    """Whether cells are what a board may lack: samples and curves make none incomplete, and none complete."""
    return all(item.cell.whole for item in planned)


def _place(cell: Cell) -> tuple[str, str, str, str]:
    return cell.model, cell.fingerprint, cell.task, cell.subset


def _cells(
    planned: Sequence[Planned], store: Store, settings: Settings, engine: Engine, observer: Observer
) -> Iterator[Cell]:
    """First what is known already, then what is computed."""
    for item in planned:
        if item.state in ("skipped", "error"):
            _save_failure(item.cell, store)
        if item.state not in ("todo", "rescore"):
            yield item.cell
    _forget_whole_task_failures(planned, store)
    work = Worker(store, settings, observer)
    with contextlib.closing(work):
        yield from engine.map(work, jobs_of(planned))


def _save_failure(cell: Cell, store: Store) -> None:
    """Save why there are no scores, unless there are: data that has gone away takes no result with it."""
    try:
        saved = store.load_cell(store.path_of(cell))
    except ResultsError:  # damaged: it stays as it is, and this cell has its own reason to have no scores
        return
    if saved is None or saved.status != "ok":
        store.save_cell(cell, None)


def _forget_whole_task_failures(planned: Sequence[Planned], store: Store) -> None:
    for cell in {(item.cell.model, item.cell.task): item.cell for item in planned}.values():
        if cell.subset != WHOLE_TASK:
            store.discard(store.path_of(replace(cell, subset=WHOLE_TASK)))


def jobs_of(planned: Sequence[Planned]) -> list[Job]:
    """The cells to compute, grouped by model and task in the order of the plan."""
    groups: dict[tuple[str, str], list[Planned]] = {}
    for item in planned:
        if item.state in ("todo", "rescore"):
            groups.setdefault((item.model.name, item.task.name), []).append(item)
    return [Job(items[0].model, items[0].task, tuple(items)) for items in groups.values()]


class Worker:
    """Computes the cells of jobs, one model loaded at a time."""

    def __init__(self, store: Store, settings: Settings, observer: Observer) -> None:
        self._store, self._settings, self._observer = store, settings, observer
        self._session: tuple[str, str, EncodingSession] | None = None
        """Of one model: its name, the identity of its vectors, and what encodes."""
        self._cache: Cache | None = None
        self._scorer: Scorer | None = None

    def __call__(self, job: Job) -> Iterator[Cell]:
        """Yield the job's cells, each saved."""
        for item in job.planned:
            yield self._finish(item)

    def close(self) -> None:
        """Let the loaded model go, and tell what was wrong with the cache."""
        self._session = None
        if self._cache is not None:
            for trouble in self._cache.troubles:
                self._observer.trouble(trouble)
            self._cache.close()
            self._cache = None

    def _finish(self, item: Planned) -> Cell:
        started = time.perf_counter()
        try:
            cell, items = self._rescored(item) if item.state == "rescore" else self._evaluated(item)
            cell = replace(cell, seconds=cell.seconds + time.perf_counter() - started)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - models and tasks are plugins: a failure is the cell's
            status: Status = "skipped" if isinstance(error, DataMissing) else "error"
            cell, items = replace(item.cell, status=status, reason=reason_of(error), scores=()), None
            if item.state == "rescore":  # the scores that are saved are good, and stay
                return cell
        try:
            return self._store.save_cell(cell, items)
        except TypeError as error:  # a task's facts that are no plain numbers and texts
            reason = f"the task's outcome cannot be saved: {reason_of(error)}"
            return self._store.save_cell(replace(item.cell, status="error", reason=reason, scores=()), None)

    def _rescored(self, item: Planned) -> tuple[Cell, Items]:
        """Other seeds or intervals need no model: the rows are saved."""
        items = self._store.load_items(item.cell)
        outcome = Outcome(
            items.item_ids,
            items.columns,
            items.cluster_ids,
            {score.metric: score.chance for score in item.cell.scores if score.chance is not None},
            item.cell.facts,
            item.cell.notes,
        )
        return self._scored(item, outcome)

    def _evaluated(self, item: Planned) -> tuple[Cell, Items]:
        session = self._session_of(item.model, item.cell.fingerprint)
        encoded, seconds = session.encoded, session.seconds
        session.begin_cell()
        if session.transductive:
            item.task.evaluate(item.subset, session)  # for the texts that it asks for: the transform is fitted on them
            session.fit()
        outcome = item.task.evaluate(item.subset, session)
        outcome = replace(
            outcome, facts={**outcome.facts, **session.cell_facts()}, notes=(*outcome.notes, *session.notes())
        )
        cell, items = self._scored(item, outcome)
        vectors = {"dimensions": session.dimensions, "dtype": session.dtype, "parameters": session.parameters}
        return replace(
            cell,
            encoded=session.encoded - encoded,
            encode_seconds=session.seconds - seconds,
            provenance={**cell.provenance, **vectors, "encoder": dict(session.details)},
        ), items

    def _session_of(self, model: Model, fingerprint: str) -> EncodingSession:
        """The model's session; a model that failed to load is not tried again for each of its cells. What was loaded
        and encoded serves the next model, too, where that one differs in its transform alone."""
        from xlbench.encoding import EncodingSession, Keeping

        if self._session is None or self._session[0] != model.name:
            before, self._session = self._session, None
            check_unchanged(model, fingerprint)
            vectors = model.vectors_identity()
            transform = model.transform() if model.transform else None
            progress = functools.partial(self._observer.encoding, model.name)
            if before and model.vectors is not None and before[1] == vectors:
                session = before[2].with_transform(transform, progress)
            else:
                before = None  # let go first: two large models may not fit
                cache = self._opened_cache() if model.cached else None
                session = EncodingSession(
                    load=functools.partial(load_unchanged, model, fingerprint),
                    keeping=Keeping(cache, vectors, model.name) if cache else None,
                    transform=transform,
                    progress=progress,
                )
            self._session = (model.name, vectors, session)
        return self._session[2]

    def _opened_cache(self) -> Cache | None:
        """The cache, opened when the first model needs it: a worker on another machine opens its own."""
        if self._cache is None and self._settings.cache is not None:
            from xlbench.cache import Cache

            self._cache = Cache(self._settings.cache, self._settings.cache_bytes)
        return self._cache

    def _scored(self, item: Planned, outcome: Outcome) -> tuple[Cell, Items]:
        """All metrics of an outcome, with the influence of every item on the main one."""
        from xlbench.stats import Scorer

        self._scorer = self._scorer or Scorer(seed=self._settings.seed, ci=self._settings.ci)
        clusters = check_outcome(outcome)
        codes = _codes(clusters)
        # In any order: a pair's two directions, and all models, share their resamples.
        content = digest(*(part for pair in sorted(zip(outcome.item_ids, clusters, strict=True)) for part in pair))
        scored = [
            self._scorer.score(metric, outcome.columns, codes, content=content, chance=outcome.chance.get(metric.name))
            for metric in item.task.metrics
        ]
        items = Items(outcome.item_ids, clusters, outcome.columns, scored[0][1])
        scores = tuple(score for score, _ in scored)
        notes = outcome.notes
        seen = [name for name in (item.task.data, item.task.name) if name in item.model.trained_on]
        if seen:
            notes = (*notes, f"the model declares that it was trained on {seen[0]}")
        return replace(
            item.cell,
            status="ok",
            reason="",
            scores=scores,
            facts=dict(outcome.facts),
            notes=tuple(dict.fromkeys(notes)),
        ), items


def load_unchanged(model: Model, fingerprint: str) -> Encoder:
    """The model's encoder, of the content that the run was planned with."""
    encoder = model.load()
    check_unchanged(model, fingerprint)
    return encoder


def check_unchanged(model: Model, fingerprint: str) -> None:
    """`EncoderError` where a model's content has changed since its fingerprint was taken: a training that goes on
    writes into the folder, say. Neither vectors nor scores may be kept under what it was before."""
    if model.identity() != fingerprint:
        raise EncoderError(
            "the model's content has changed since the run began: start it again, and it is taken for what it is now"
        )


def check_outcome(outcome: Outcome) -> Sequence[str]:
    """The cluster ids of an outcome (its item ids where all are alone); `UsageError` where it contradicts itself."""
    n = len(outcome.item_ids)
    clusters = outcome.item_ids if outcome.cluster_ids is None else outcome.cluster_ids
    if not n:
        raise UsageError("the task scored no items")
    if len(set(outcome.item_ids)) != n:
        doubled = Counter(outcome.item_ids).most_common(1)[0][0]
        raise UsageError(f"the task gave two items the id {doubled!r}")
    taken = {"item_id", "cluster_id", INFLUENCE} & set(outcome.columns)
    if taken:
        raise UsageError(f"the task calls a column {taken.pop()!r}, which the results folder needs for itself")
    lengths = {"cluster_ids": len(clusters), **{name: len(column) for name, column in outcome.columns.items()}}
    for name, length in lengths.items():
        if length != n:
            raise UsageError(f"the task gave {n} items and {length} values of {name}")
    return clusters


def _codes(clusters: Sequence[str]) -> Any:
    """Cluster ids as ints 0, 1, ... in the order of first appearance; None where every item is alone."""
    import numpy as np

    code_of = {cluster: code for code, cluster in enumerate(dict.fromkeys(clusters))}
    if len(code_of) == len(clusters):
        return None
    return np.fromiter((code_of[cluster] for cluster in clusters), np.int64, len(clusters))


def finish(
    models: Sequence[Model],
    planned: Sequence[Planned],
    cells: Sequence[Cell],
    store: Store,
    plans: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> Results:
    """Write each model's manifest and return the runs: this command's cells with their provenance.

    A run that stopped at a failure, before its last cell, is not complete and keeps the plan that it began with; so
    does a run that was stopped when a sample or a curve is made of its models.
    """
    complete, runs = len(cells) == len(planned), []
    for model in models:
        own = tuple(cell for cell in cells if cell.model == model.name)
        fingerprint = own[0].fingerprint if own else ""
        if not fingerprint:  # it has none, and so no folder
            runs.append(Run(model.name, "", own, complete=False))
            continue
        before = store.manifest(model.name, fingerprint)
        kept = dict(before.plans) if before else {}
        if complete and for_boards(planned):
            kept.pop(UNFINISHED, None)
            kept |= plans
        idle = not any(item.state in ("todo", "rescore") for item in planned if item.model.name == model.name)
        origin = (
            before.provenance if before and before.provenance and idle else provenance
        )  # who only reads is not where numbers come from
        run = Run(
            model.name,
            fingerprint,
            own,
            description=model.description,
            licence=model.licence,
            trained_on=model.trained_on,
            parameters=_told(own, "parameters"),
            spec=model.spec,
            details={**model.details, **(_told(own, "encoder") or {})},
            plans=kept,
            provenance=dict(origin),
            complete=complete if before is None or for_boards(planned) else before.complete,
            folder=str(store.folder(model.name, fingerprint)),
        )
        if before is None or replace(run, cells=(), folder="") != before:
            store.save_manifest(run)
        runs.append(run)
    return Results(tuple(runs))


def _told(cells: Sequence[Cell], what: str) -> Any:
    """What the first cell that knows it says of the encoder; None where none does."""
    return next((cell.provenance[what] for cell in cells if cell.provenance.get(what) is not None), None)


def with_saved(results: Results, store: Store) -> Results:
    """The results together with the other runs in the folder; a run of the same name and other content gives way."""
    names = {run.model for run in results}
    others = [run for run in store.runs(besides=results.runs) if run.model not in names]
    return Results((*results, *others))
