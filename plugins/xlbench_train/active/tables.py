"""The rows of a study's tables: scores, paired differences, labels saved, costs, and what parts of strategies add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from xlbench import Cell, Results, Run
from xlbench_tasks.protocols import label_budget_metrics as names
from xlbench_tasks.protocols.active import cells
from xlbench_tasks.protocols.active.strategy import Strategy
from xlbench_train.active import figures
from xlbench_train.active.comparing import SUFFIX, Study
from xlbench_train.active.places import Place
from xlbench_train.active.settings import BASELINE

ALPHA = 0.05


@dataclass(frozen=True)
class Row:
    """One strategy, at one place or over all of them. Scores and differences are shares of 1."""

    strategy: str
    area: float
    """The mean height of the curve, and its interval."""
    area_low: float | None
    area_high: float | None
    last: float
    """Macro-F1 with the whole budget."""
    difference: float | None
    """Of the mean height from that of the baseline; None for the baseline."""
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    """p, adjusted by Holm over the strategies of the table."""
    verdict: str
    worst_seed: float | None = None
    full: float | None = None
    """Macro-F1 with all labels of the pool."""
    labels_to_full: float | None = None
    """Where the mean curve first reaches it; None: nowhere."""
    share_of_pool_saved: float | None = None
    """1 - labels_to_full / pool."""
    saved: figures.Saved | None = None
    seconds: float | None = None
    """Of a round, the mean."""
    peak_bytes: float | None = None
    """The most memory that the process held in any round."""

    def plain(self) -> dict[str, Any]:
        """Its values for a CSV, without the strategy."""
        values = {name: value for name, value in asdict(self).items() if name not in ("strategy", "saved")}
        one = self.saved
        of_saved = asdict(one) if one else dict.fromkeys(("labels", "share", "low", "high"))
        return values | {f"saved_{name}": value for name, value in of_saved.items()}


@dataclass(frozen=True)
class Component:
    """All three parts of a strategy against one of them alone, over all places."""

    whole: str
    alone: str
    difference: float
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    verdict: str


Frame = Mapping[tuple[str, str], Mapping[str, Any]]
"""(level, name) -> a verdict."""


class Comparisons:
    """Paired comparisons of strategies, each made once."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._runs: dict[str, Run] = {run.model: run for run in results.runs}
        self._known: dict[tuple[str, str], Frame] = {}

    def frame(self, baseline: str, candidate: str) -> Frame:
        """The verdicts of candidate - baseline."""
        if (baseline, candidate) not in self._known:
            found = self._results.compare(self._runs[baseline], self._runs[candidate])
            rows: Sequence[Mapping[Any, Any]] = found.to_frame().to_dict("records")
            self._known[baseline, candidate] = {(row["level"], row["name"]): row for row in rows}
        return self._known[baseline, candidate]


def at_place(study: Study, place: Place, results: Results, compared: Comparisons) -> list[Row]:
    """The rows of one place, in the order of the strategies; the baseline is the first."""
    by_name = {run.model: run for run in results.runs}
    task, options = f"{place.task.name}{SUFFIX}", study.settings
    random = np.random.RandomState(np.random.MT19937(0))
    drawn = figures.draws(place.parts.test.clusters, options.seeds, random)
    rows: list[Row] = []
    plain: figures.MeanCurves | None = None
    for name in study.strategies:
        cell = next(one for one in by_name[name].cells if one.task == task and one.subset == place.subset.name)
        curves = figures.mean_curves(study.outcome(place, name).columns, options.seeds, options.rounds, drawn)
        if plain is None:  # the baseline is the first
            rows.append(_row(study, place, cell, curves, None))
            plain = curves
        else:
            verdict = compared.frame(BASELINE.name, name)["subset", f"{task} {cell.subset}"]
            saved = figures.saved(plain, curves, min(options.budget, place.items))
            rows.append(replace(_row(study, place, cell, curves, verdict), saved=saved))
    return adjusted(rows)


def _row(study: Study, place: Place, cell: Cell, curves: figures.MeanCurves, verdict: Mapping[str, Any] | None) -> Row:
    """The row of one strategy at one place, without the labels that it saves."""
    scores = {score.metric: score for score in cell.scores}
    area, full = scores[names.MAIN], scores[names.FULL].value if names.FULL in scores else None
    reached = None if full is None else cells.labels_to_reach(full, curves.labels, curves.own)
    points = [point for of_seed in study.points(place, cell.model) for of_fold in of_seed for point in of_fold]
    return Row(
        cell.model, _number(area.value), area.low, area.high, _number(scores[names.LAST].value),
        **_difference(verdict),
        worst_seed=min(cell.seeds.values(), default=None), full=full, labels_to_full=reached,
        share_of_pool_saved=None if reached is None else 1 - reached / place.items,
        seconds=float(np.mean([point.seconds for point in points])),
        peak_bytes=max(point.peak_bytes for point in points),
    )  # fmt: skip


def overall(study: Study, by_place: Mapping[str, Sequence[Row]], compared: Comparisons) -> list[Row]:
    """Means over places; none where there is one place alone."""
    if len(by_place) < 2:
        return []
    rows = []
    for name in study.strategies:
        own = [next(row for row in of_place if row.strategy == name) for of_place in by_place.values()]
        verdict = None if name == BASELINE.name else compared.frame(BASELINE.name, name)["overall", "overall"]
        area = (
            verdict["candidate"]
            if verdict
            else compared.frame(name, study.strategies[1])["overall", "overall"]["baseline"]
        )
        rows.append(
            Row(
                name, area, None, None, float(np.mean([row.last for row in own])), **_difference(verdict),
                seconds=float(np.mean([row.seconds for row in own if row.seconds is not None])),
            )
        )  # fmt: skip
    return adjusted(rows)


def components(study: Study, compared: Comparisons) -> list[Component]:
    """All three parts of a strategy against each alone, as far as all of these were asked for."""
    there = set(study.strategies)
    pairs = [
        (whole.name, one.name) for whole in study.settings.strategies for one in _alone(whole) if one.name in there
    ]
    rows = [compared.frame(alone, whole)["overall", "overall"] for whole, alone in pairs]
    corrected = figures.holm([_p(row) for row in rows])
    return [
        Component(
            whole,
            alone,
            row["difference"],
            _known(row["low"]),
            _known(row["high"]),
            _p(row),
            p,
            judged(row["difference"], p),
        )
        for (whole, alone), row, p in zip(pairs, rows, corrected, strict=True)
    ]


def _alone(whole: Strategy) -> Iterator[Strategy]:
    """The strategies with one part of another one, where that has all three parts, and nothing else."""
    plain = Strategy()
    parts = {name: getattr(whole, name) for name in ("acquisition", "clusters", "schedule")}
    if any(value == getattr(plain, name) for name, value in parts.items()) or whole != Strategy(**parts):
        return
    for name, value in parts.items():
        yield Strategy(**{name: value})


def adjusted(rows: Sequence[Row]) -> list[Row]:
    """The rows with p adjusted for one another, and what each comes to."""
    found = figures.holm([row.p for row in rows])
    return [
        replace(row, adjusted=p, verdict=judged(row.difference, p) if row.difference is not None else "")
        for row, p in zip(rows, found, strict=True)
    ]


def judged(value: float, p: float | None) -> str:
    """What a difference with an adjusted p comes to."""
    if not value and p is None:
        return "identical"
    if p is None or p > ALPHA or not value:
        return "cannot tell"
    return "better" if value > 0 else "worse"


def _difference(verdict: Mapping[str, Any] | None) -> dict[str, Any]:
    if verdict is None:
        return dict.fromkeys(("difference", "low", "high", "p", "adjusted")) | {"verdict": ""}
    return {
        "difference": verdict["difference"], "low": _known(verdict["low"]), "high": _known(verdict["high"]),
        "p": _p(verdict), "adjusted": None, "verdict": "",
    }  # fmt: skip


def _p(row: Mapping[str, Any]) -> float | None:
    return None if row["judgment"] == "identical" else _known(row["p"])


def _known(value: Any) -> float | None:
    """A number of a frame; None where it has none."""
    return None if value is None or value != value else float(value)


def _number(value: float | None) -> float:
    assert value is not None
    return value
