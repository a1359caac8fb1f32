"""Converts records to plain JSON values and back, and checks them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import check_name, digest
from xlbench.core.record import LOOSE, SCHEMA, Cell, Run, Score

T = TypeVar("T", Cell, Run)

BESIDE = ("cells", "folder", "troubles")
"""What of a run is not in its manifest."""
_FIELDS: Mapping[type[Any], frozenset[str]] = {
    kind: frozenset(field.name for field in dataclasses.fields(kind) if kind is not Run or field.name not in BESIDE)
    for kind in (Cell, Run, Score)
}
"""What a record may hold in its file."""
RENAMED = {"licence": "license"}
"""Fields by the names that older manifests of this schema have."""
DEEPEST = 20
"""Levels of nesting in provenance and details."""
LONGEST = 500
"""Characters of a label: a model's, a task's, a subset's, a metric's."""
LARGEST = 1e9
"""Absolute value of a secondary score."""
SLACK = 1e-6
"""For rounding: a cosine of single precision may come out as 1 + 1e-7."""


def to_json(record: Cell | Run) -> dict[str, Any]:
    """A plain dictionary with the schema's version; `from_json` is its inverse. A run's cells are stored beside it.

    Raises:
        TypeError: `from_json` would refuse it.
    """
    try:
        check(record)
    except ResultsError as error:
        raise TypeError(str(error)) from None
    if isinstance(record, Run):
        record = dataclasses.replace(record, cells=())  # they may be many, and `asdict` copies deeply
    plain = dataclasses.asdict(record)
    return {"schema": SCHEMA, **{name: value for name, value in plain.items() if not _is_beside(record, name)}}


def from_json(kind: type[T], plain: Any) -> T:
    """Build a record from `to_json`'s dictionary.

    Raises:
        ResultsError: The schema is another, a field is unknown, missing or of another type, or a value cannot be true
            (see `check`). The message names the field.
    """
    import msgspec

    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        schema = plain.get("schema") if isinstance(plain, dict) else type(plain).__name__
        raise ResultsError(f"schema {schema!r} is not the {SCHEMA} that this version reads")
    values = {str(RENAMED.get(name, name)): value for name, value in plain.items() if name != "schema"}
    for name in _unknown(kind, values):
        raise ResultsError(f"{kind.__name__} holds something unknown: {name}")
    try:
        record = msgspec.convert(values | ({"cells": ()} if kind is Run else {}), kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ResultsError(f"{kind.__name__}: {error}") from None
    check(record)
    return record


def checksum(plain: Mapping[str, Any]) -> str:
    """Over a dictionary of JSON values: 64 hex digits, whatever the order of its keys."""
    return digest(json.dumps(plain, sort_keys=True, ensure_ascii=False))


def _is_beside(record: Cell | Run, name: str) -> bool:
    return isinstance(record, Run) and name in BESIDE


def _unknown(kind: type[Any], values: Mapping[str, Any]) -> Iterator[str]:
    """Fields that a record, or one of its scores, does not have: msgspec lets them pass."""
    yield from (name for name in values if name not in _FIELDS[kind])
    scores = values.get("scores", ())
    for score in scores if isinstance(scores, list) else ():
        if isinstance(score, dict) and not score.keys() <= _FIELDS[Score]:
            yield from (f"scores.{name}" for name in score if name not in _FIELDS[Score])


def check(record: Cell | Run) -> None:
    """Raise `ResultsError` where a record holds what no run can have saved; the message names the field and value."""
    for problem in _of_cell(record) if isinstance(record, Cell) else _of_run(record):
        raise ResultsError(problem)


def _of_run(run: Run) -> Iterator[str]:
    yield from _of_owner(run.model, run.fingerprint)
    for suite in run.plans:
        if suite != LOOSE:
            yield from _of_name("suite", suite)
    for where in (run.provenance, run.details):
        if not _is_shallow(where):
            yield f"provenance or details are nested deeper than {DEEPEST} levels"


def _of_cell(cell: Cell) -> Iterator[str]:
    yield from _of_owner(cell.model, cell.fingerprint)
    yield from _of_name("area", cell.area)
    for what in ("task", "subset"):
        yield from _of_label(what, getattr(cell, what))
    if (cell.status == "ok") != bool(cell.scores):
        yield f"the status is {cell.status!r}, with {len(cell.scores)} scores"
    if "/" in cell.items_file or "\\" in cell.items_file:
        yield f"the items' file {cell.items_file!r} is not a file's name"
    for what in (
        "limit", "train_size", "train_items", "ci_training", "seed", "scoring", "seconds", "encode_seconds", "encoded",
    ):  # fmt: skip
        number = getattr(cell, what)
        if number is not None and not 0 <= number < math.inf:
            yield f"{what} is {number}"
    for name, fact in cell.facts.items():
        if isinstance(fact, float) and not math.isfinite(fact):
            yield f"the fact {name!r} is {fact}"
    for name, value in cell.seeds.items():
        if not abs(value) <= LARGEST:
            yield f"the score of seed {name!r} is {value}"
    for name, value in cell.training.items():
        if not abs(value) <= LARGEST:
            yield f"the score from training set {name!r} is {value}"
    if cell.training and len(cell.training) != cell.ci_training:
        yield f"there are scores from {len(cell.training)} training sets, and ci_training is {cell.ci_training}"
    for number, score in enumerate(cell.scores):
        yield from _of_score(score, 1.0 if not number else LARGEST)
    if not _is_shallow(cell.provenance):
        yield f"the provenance is nested deeper than {DEEPEST} levels"


def _of_score(score: Score, largest: float) -> Iterator[str]:
    """What is wrong with a score of at most ``largest``: boards show main scores as hundredths of 1."""
    yield from _of_label("metric", score.metric)
    names = ("value", "low", "high", "chance", "se", "seed_se", "training_se", "bias")
    numbers = {what: getattr(score, what) for what in names}
    for what, number in numbers.items():
        if number is not None and not abs(number) <= (LARGEST if "se" in what else largest + SLACK):
            yield f"the {what} of {score.metric} is {number}, and not within {-largest:g} to {largest:g}"
    for what in ("se", "seed_se", "training_se", "n", "clusters"):
        if (getattr(score, what) or 0) < 0:
            yield f"the {what} of {score.metric} is {getattr(score, what)}"
    if score.clusters > score.n:
        yield f"{score.metric} has {score.clusters} clusters of {score.n} items"
    if (score.low is None) != (score.high is None) or (score.value is None and score.low is not None):
        yield f"{score.metric} has one end of an interval, or an interval without a value"
    if score.value is not None and score.low is not None and score.high is not None:
        slack = SLACK * max(1.0, abs(score.value))
        if not score.low - slack <= score.value <= score.high + slack:
            yield f"the value {score.value} of {score.metric} is not in its interval [{score.low}, {score.high}]"


def _of_owner(model: str, fingerprint: str) -> Iterator[str]:
    yield from _of_label("model", model)
    if len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef"):
        yield f"the fingerprint {fingerprint[:80]!r} is not 64 hex digits"


def _of_label(what: str, text: str) -> Iterator[str]:
    if not text.isprintable() or not 0 < len(text) <= LONGEST:
        yield f"the {what} {text[:80]!r} is not one line of 1 to {LONGEST} printable characters"


def _of_name(what: str, text: str) -> Iterator[str]:
    try:
        check_name(what, text)
    except UsageError as error:
        yield str(error)


def _is_shallow(value: Any) -> bool:
    """Whether nothing is nested deeper than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, Mapping | list | tuple)
            for inner in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not level:
            return True
    return False
