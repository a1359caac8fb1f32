"""`Worker`: computes and saves planned cells; loads the model when its first cell is due."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import DataMissing, InconsistentEncoder, UsageError
from xlbench.core.ids import digest
from xlbench.core.model import Model
from xlbench.core.record import ALIKE, LAG_ONE, LAG_ONE_P, TOKENS, Cell, Status
from xlbench.core.task import Metric, Outcome
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench.runs.failures import MODEL_FAILED
from xlbench.runs.items import Items
from xlbench.runs.outcome_checks import check_outcome, check_training
from xlbench.runs.planned_cells import PlannedCell, Settings
from xlbench.runs.sessions import check_unchanged, open_session, tagger_of
from xlbench.runs.store import Store
from xlbench.runs.trained_on import count_trained_on, trained_on_note

if TYPE_CHECKING:
    from xlbench.encoding import EncodingSession
    from xlbench.encoding.cache import Cache
    from xlbench.stats import Scorer, Training

Progress = Callable[[str, int, int], None]


def _no_progress(model: str, done: int, total: int) -> None:
    """Nobody watches."""


class Worker:
    """Computes cells and saves them, one model loaded at a time."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        progress: Progress = _no_progress,
        learning: Progress = _no_progress,
        comparing: Progress = _no_progress,
    ) -> None:
        """``progress(model, done, total)`` is told of texts encoded while a request runs, ``learning`` of training sets
        that a probe has learned from, ``comparing`` of queries that a search has compared."""
        self._store, self._settings, self._progress = store, settings, progress
        self._learning, self._comparing = learning, comparing
        self._session: tuple[str, str, EncodingSession] | None = None
        """Of one model: its name, the identity of its vectors, and what encodes."""
        self._cache: Cache | None = None
        self._warned = 0
        """How many warnings of the cache were passed on."""
        self._scorer: Scorer | None = None

    def new_warnings(self) -> list[str]:
        """What went wrong with the cache since the last call, a line each."""
        warnings = list(self._cache.warnings) if self._cache is not None else []
        new, self._warned = warnings[self._warned :], len(warnings)
        return new

    def close(self) -> None:
        """Let the loaded model and the cache go."""
        self._session = None
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def compute(self, item: PlannedCell) -> Cell:
        """The finished cell, saved: with its scores, or with the reason why there are none."""
        started = time.perf_counter()
        try:
            cell, items = self._rescore(item) if item.state == "rescore" else self._evaluate(item)
            cell = replace(cell, seconds=round(cell.seconds + time.perf_counter() - started, 6))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - models and tasks are plugins: a failure is the cell's
            log_traceback(f"{item.cell.model}, {item.cell.task} {item.cell.subset}")
            status: Status = "skipped" if isinstance(error, DataMissing) else "error"
            cell, items = replace(item.cell, status=status, reason=reason_of(error), scores=()), None
            if isinstance(error, InconsistentEncoder):
                cell = replace(cell, provenance={**cell.provenance, MODEL_FAILED: error.why})
            if item.state == "rescore":  # the scores that are saved are good, and stay
                return cell
        try:
            return self._store.save_cell(cell, items)
        except (TypeError, ValueError) as error:  # ids, facts or notes that no file can hold
            log_traceback(f"saving {item.cell.model}, {item.cell.task} {item.cell.subset}")
            reason = f"the task's outcome cannot be saved: {reason_of(error)}"
            return self._store.save_cell(replace(item.cell, status="error", reason=reason, scores=()), None)

    def _rescore(self, item: PlannedCell) -> tuple[Cell, Items]:
        """Other seeds or intervals need no model: the rows are saved."""
        from xlbench.stats import Training

        items = self._store.load_items(item.cell)
        outcome = Outcome(
            items.item_ids,
            items.columns,
            items.cluster_ids,
            {score.metric: score.chance for score in item.cell.scores if score.chance is not None},
            item.cell.facts,
            item.cell.notes,
            tuple(item.cell.seeds),
        )
        draws = len(item.cell.training)
        known = {score.metric: Training(score.training_se, draws) for score in item.cell.scores} if draws else {}
        return self._score(item, outcome, known)

    def _evaluate(self, item: PlannedCell) -> tuple[Cell, Items]:
        session = self._session_of(item.model, item.cell.fingerprint)
        encoded, seconds, tokens = session.encoded, session.seconds, session.tokens or 0
        session.begin_cell()
        if session.transductive:
            item.task.evaluate(item.subset, session)  # for the texts that it asks for: the transform is fitted on them
            session.fit()
        outcome = item.task.evaluate(item.subset, session)
        check_outcome(item.task, outcome)
        counts = {**session.cell_facts(), **count_trained_on(item.model, outcome)}
        outcome = replace(outcome, facts={**outcome.facts, **counts}, notes=(*outcome.notes, *session.notes()))
        check_training(item.subset, outcome)
        cell, items = self._score(item, outcome)
        vectors = {"dimensions": session.dimensions, "dtype": session.dtype, "parameters": session.parameters}
        counted = {} if session.tokens is None else {TOKENS: session.tokens - tokens}
        return replace(
            cell,
            encoded=session.encoded - encoded,
            encode_seconds=round(session.seconds - seconds, 6),
            provenance={**cell.provenance, **vectors, **counted, "encoder": dict(session.details)},
        ), items

    def _session_of(self, model: Model, fingerprint: str) -> EncodingSession:
        """The model's session; a model that failed to load is not tried again for each of its cells. What was loaded
        and encoded serves the next model, too, where that one differs in its transform alone."""
        if self._session is None or self._session[0] != model.name:
            before, self._session = self._session, None
            if why := self._store.failure(model.name, fingerprint):
                forget = f"delete {self._store.folder(model.name, fingerprint)} to forget it"
                raise InconsistentEncoder(why, forget)
            check_unchanged(model, fingerprint)
            vectors = model.vectors_identity()
            transform = model.transform() if model.transform else None
            progress = functools.partial(self._progress, model.name)
            if before and model.vectors is not None and before[1] == vectors:
                session = before[2].with_transform(transform, progress, model.search, tagger_of(model, fingerprint))
            else:
                before = None  # let go first: two large models may not fit
                cache = self._open_cache() if model.cached else None
                session = open_session(model, fingerprint, vectors, transform, cache, progress)
            session.learned = functools.partial(self._learning, model.name)
            session.compared = functools.partial(self._comparing, model.name)
            self._session = (model.name, vectors, session)
        return self._session[2]

    def _open_cache(self) -> Cache | None:
        """The cache, opened when the first model needs it: a worker on another machine opens its own."""
        if self._cache is None and self._settings.cache is not None:
            from xlbench.encoding.cache import Cache

            self._cache = Cache(self._settings.cache, self._settings.cache_bytes)
        return self._cache

    def _score(
        self, item: PlannedCell, outcome: Outcome, training: Mapping[str, Training] | None = None
    ) -> tuple[Cell, Items]:
        """All metrics of an outcome, with the influence of every item on the main one.

        ``training``: by metric, what its training set is known to add; None: it follows from the outcome.
        """
        from xlbench.stats import Scorer
        from xlbench.stats.neighbors import neighbors

        metrics = item.task.metrics
        self._scorer = self._scorer or Scorer(seed=self._settings.seed, ci=self._settings.ci)
        clusters = check_outcome(item.task, outcome)
        codes = _codes(clusters)
        # In any order: a pair's two directions, and all models, share their resamples.
        content = digest(*(part for pair in sorted(zip(outcome.item_ids, clusters, strict=True)) for part in pair))
        if training is None:
            training = _training_effects(metrics, outcome, codes)
        scored = [
            self._scorer.score(
                metric, outcome.columns, codes, content=content, chance=outcome.chance.get(metric.name),
                training=training.get(metric.name),
            )
            for metric in metrics
        ]  # fmt: skip
        if scored[0][0].value is None:
            raise UsageError(f"metric {scored[0][0].metric}: the value of all items is not a finite number")
        seeds = _seeds(item, outcome, scored[0][0].value, content)
        items = Items(outcome.item_ids, clusters, outcome.columns, scored[0][1])
        scores = tuple(score for score, _ in scored)
        facts, notes = dict(outcome.facts), outcome.notes
        if codes is None and (found := neighbors(scored[0][1], outcome.columns, content)):
            facts |= {LAG_ONE: round(found.r, 4), LAG_ONE_P: round(found.p, 4)}
            notes = (*notes, ALIKE) if found.alike else notes
        if seen := trained_on_note(item.model, item.task, facts):
            notes = (*notes, seen)
        return replace(
            item.cell,
            status="ok",
            reason="",
            scores=scores,
            facts=facts,
            seeds=seeds,
            training=_by_training_set(outcome, training[metrics[0].name]) if outcome.retrained else item.cell.training,
            notes=tuple(dict.fromkeys(notes)),
        ), items


def _seeds(item: PlannedCell, outcome: Outcome, value: float, content: str) -> dict[str, float]:
    """The main score by single seeds, which are called as the task calls them, or else by their items' ``content``."""
    from xlbench.stats.rows import seed_values

    metric = item.task.metrics[0]
    values = seed_values(metric, outcome.columns, value).tolist()
    names = outcome.seed_ids or [f"{content[:16]} {number}" for number in range(len(values))]
    if values and len(names) != len(values):
        raise UsageError(f"the task gave {len(names)} seed_ids, and metric {metric.name} has {len(values)} seeds")
    return dict(zip(names, values, strict=True)) if values else {}


def _training_effects(metrics: Sequence[Metric], outcome: Outcome, codes: Any) -> dict[str, Training]:
    """By metric, what the training set adds; nothing where the outcome has none but the whole one."""
    from xlbench.stats import Training

    retrained = outcome.retrained
    return {one.name: Training.of(one, outcome.columns, retrained, codes) for one in metrics} if retrained else {}


def _by_training_set(outcome: Outcome, main: Training) -> dict[str, float]:
    """The main score by each training set."""
    if not main.is_known:
        raise UsageError(
            "the main metric is not defined by one of the resampled training sets: leave --ci-training out"
        )
    return dict(zip(outcome.training_ids, main.values.tolist(), strict=True))


def _codes(clusters: Sequence[str]) -> Any:
    """Cluster ids as ints 0, 1, ... in the order of first appearance; None where every item is alone."""
    import numpy as np

    code_of = {cluster: code for code, cluster in enumerate(dict.fromkeys(clusters))}
    if len(code_of) == len(clusters):
        return None
    return np.fromiter((code_of[cluster] for cluster in clusters), np.int64, len(clusters))
