"""The strategies as saved runs: one each, in which the seeds are named draws, so that comparisons pair them.

A strategy stands where `xlbench run` has a model. ``results`` holds its cells (one a place), which `xlbench compare`
and `xlbench board` read; ``points`` the points of its curves, which `xlbench plot curve` draws.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from xlbench import Data, EncoderError, EncodingSession, Model, Outcome, Results, Subset, Task, curve, run
from xlbench.core.ids import digest
from xlbench_tasks.protocols import label_budget_metrics as names
from xlbench_tasks.protocols.active import cells
from xlbench_tasks.protocols.active.rounds import Point
from xlbench_train.active import units
from xlbench_train.active.places import Place
from xlbench_train.active.settings import Settings

SUFFIX, POINTS = "-label-budget", "-by-labels"
"""How the tasks of results, and of points, are called behind the name of the task whose pool it is."""
KEPT = 8
"""Outcomes in memory: a curve asks for one several times, point by point."""


@dataclass
class Study:
    """What was computed: reads units from their folder."""

    settings: Settings
    places: Sequence[Place]
    base: Model
    folder: Path
    """Of the units."""
    _outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)

    @property
    def strategies(self) -> list[str]:
        """Their names, the baseline first."""
        return [one.name for one in self.settings.strategies]

    def points(self, place: Place, strategy: str) -> list[list[list[Point]]]:
        """Seed -> fold -> the points of its rounds."""
        seeds = range(self.settings.seed, self.settings.seed + self.settings.seeds)
        return [units.load(self.folder, units.Unit(place, strategy, seed)) for seed in seeds]

    def full(self, place: Place) -> list[Any] | None:
        """Fold -> the label codes of what learned from all labels with the first seed; None where nothing did."""
        if not self.settings.full:
            return None
        unit = units.Unit(place, units.FULL, self.settings.seed)
        return [points[0].predicted for points in units.load(self.folder, unit)]

    def outcome(self, place: Place, strategy: str) -> Outcome:
        """The outcome of the protocol `label-budget`; the last ones are kept."""
        key = place.name, strategy
        if key not in self._outcomes:
            if len(self._outcomes) == KEPT:
                del self._outcomes[next(iter(self._outcomes))]
            self._outcomes[key] = self._outcome(place, strategy)
        return self._outcomes[key]

    def _outcome(self, place: Place, strategy: str) -> Outcome:
        by_seed, full = self.points(place, strategy), self.full(place)
        curves = [
            cells.Curves(pool, [own[fold] for own in by_seed], None if full is None else full[fold])
            for fold, pool in enumerate(place.pools)
        ]
        rows = [fold.rows for fold in place.folds]
        return cells.merged(place.parts, curves, rows, self.settings.options(place.labels), full=full is not None)

    @cached_property
    def grid(self) -> tuple[int, ...]:
        """Numbers of labels at which curves are read."""
        return names.grid(self.settings.budget, self.settings.rounds)


class _Spent:
    """A strategy in the place of an encoder: it has no vectors, and has said all."""

    def __init__(self, strategy: str) -> None:
        self.strategy = strategy

    def encode(self, texts: Sequence[str], role: str | None = None) -> Any:
        """It never encodes."""
        raise EncoderError("a strategy of labeling encodes nothing")


def score(study: Study, folder: Path) -> Results:
    """Save a run a strategy in ``folder / "results"``, and the points of their curves in ``folder / "points"``.

    Raises:
        EncoderError: One of them cannot be scored.
    """
    models = [_model(study, strategy) for strategy in study.strategies]
    tasks = dict.fromkeys(place.task.name for place in study.places)
    found = run(models, [_task(study, name) for name in tasks], results=folder / "results", cache=False)
    sizes: list[int | str] = [*study.grid, *["all"] * study.settings.full]
    points = curve(models, [_points_task(study, name) for name in tasks], train_sizes=sizes,
                   results=folder / "points", cache=False)  # fmt: skip
    for cell in (*(cell for one in found.runs for cell in one.cells), *points.cells):
        if cell.status != "ok":
            raise EncoderError(f"{cell.model} cannot be scored on {cell.task} {cell.subset}: {cell.reason}")
    return found


def _model(study: Study, strategy: str) -> Model:
    settings = study.settings
    asked = {name: getattr(settings, name) for name in _SHAPING}
    content = digest("strategy", strategy, study.base.identity(), json.dumps(asked, sort_keys=True))
    return Model(
        strategy,
        load=lambda: _Spent(strategy),
        fingerprint=lambda: content,
        description=f"{strategy}, with {study.base.name}",
        license=study.base.license,
        trained_on=study.base.trained_on,
        trained_on_texts=study.base.trained_on_texts,
        details={"base": study.base.name, "seeds": settings.seeds, "budget": settings.budget},
        cached=False,
    )


_SHAPING = (
    "budget", "rounds", "seeds", "seed", "clusters_a_class", "clustered_on", "samples", "sampled_by", "c", "fine_tune",
    "lora", "epochs", "batch_size", "learning_rate", "max_length", "prompt", "candidates",
)  # fmt: skip


def _task(study: Study, name: str) -> Task:
    """The task of one pool's strategies; its items are those of the test."""
    settings, places = study.settings, _places_of(study, name)
    return replace(
        _described(_first(places).task, SUFFIX),
        metrics=names.metrics(settings.budget, settings.rounds, settings.seeds, full=settings.full),
        subsets=partial(_subsets, study, places),
        evaluate=partial(_evaluate, study, places),
        settings=_identity(settings),
    )


def _identity(settings: Settings) -> str:
    shared = ("budget", "rounds", "seeds", "seed", "full")
    return json.dumps({name: getattr(settings, name) for name in shared})


def _first(places: Mapping[str, Place]) -> Place:
    return next(iter(places.values()))


def _places_of(study: Study, name: str) -> dict[str, Place]:
    return {place.subset.name: place for place in study.places if place.task.name == name}


def _described(task: Task, suffix: str) -> Task:
    """A task that says of itself what another one does, without its metrics and data."""
    return Task(
        f"{task.name}{suffix}", task.area, (), subsets=lambda data: (), evaluate=task.evaluate, data=task.data,
        languages=task.languages, license=task.license, citation=task.citation, register=task.register,
        description=f"Labels of {task.name}, spent by strategies", home=task.home,
    )  # fmt: skip


def _subsets(study: Study, places: Mapping[str, Place], data: Data) -> list[Subset]:
    return [
        Subset(place.subset.name, place.subset.languages, n=place.subset.n, fingerprint=_content(place))
        for place in places.values()
    ]


def _content(place: Place) -> str:
    return digest("label budget", place.subset.fingerprint)


def _evaluate(study: Study, places: Mapping[str, Place], subset: Subset, session: EncodingSession) -> Outcome:
    encoder = session.encoder
    assert isinstance(encoder, _Spent)
    return study.outcome(places[subset.name], encoder.strategy)


def _points_task(study: Study, name: str) -> Task:
    settings, places = study.settings, _places_of(study, name)
    return replace(
        _described(_first(places).task, POINTS),
        metrics=names.point_metrics(settings.rounds, settings.seeds),
        subsets=partial(_points_subsets, places),
        evaluate=partial(_evaluate_point, study, places),
        settings=_identity(settings),
    )


def _points_subsets(places: Mapping[str, Place], data: Data) -> list[Subset]:
    found = []
    for place in places.values():
        size = place.items if data.train_size is None else min(data.train_size, place.items)
        found.append(
            Subset(
                place.subset.name, place.subset.languages, n=place.subset.n, train_items=size,
                fingerprint=digest(_content(place), "all" if data.train_size is None else str(size)),
                load=partial(int, size if data.train_size is not None else 0),
            )
        )  # fmt: skip
    return found


def _evaluate_point(study: Study, places: Mapping[str, Place], subset: Subset, session: EncodingSession) -> Outcome:
    """The outcome at so many labels; with 0, that with the labels of the whole pool."""
    place, encoder = places[subset.name], session.encoder
    assert isinstance(encoder, _Spent)
    assert subset.load is not None
    size, outcome = subset.load(), study.outcome(place, encoder.strategy)
    columns = dict(outcome.columns)
    full = columns.pop(names.FULL_COLUMN, None)
    if not size:
        assert full is not None
        columns |= {name: full for name in columns if name.startswith("predicted_")}
    columns[names.AT_COLUMN] = np.full(len(outcome.item_ids), size or place.items)
    level = next(iter(outcome.chance.values()))
    return replace(outcome, columns=columns, chance={names.LAST: level})
