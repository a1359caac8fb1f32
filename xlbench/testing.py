"""The conformance kit: what a plugin author's own tests call. What is wrong is a `ConformanceError` with one line.

    from xlbench.testing import check_model, check_task

    def test_my_model():
        check_model(my_plugin.MODEL)

Nothing here knows a concrete plugin, and nothing is checked that xlbench does not rely on. Some questions (what does
the module import? is there a hash() in it?) go to a fresh process, which imports the plugin's modules as this one did.
Only what is written in ``__main__``, a notebook say, is not asked there: no plugin can come from it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import os
import pickle
import re
import subprocess
import sys
import tempfile
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.errors import UsageError
from xlbench.model import Encoder, Model, Role
from xlbench.names import check_name, did_you_mean, digest
from xlbench.task import AREAS, Columns, Data, Metric, Outcome, Subset, Task

if TYPE_CHECKING:
    import numpy as np

    from xlbench.encoding import EncodingSession

HEAVY = ("numpy", "pandas", "torch", "transformers", "sentence_transformers", "mteb", "datasets", "sklearn", "scipy",
         "tensorflow", "jax", "matplotlib", "ray")  # fmt: skip
"""What no plugin may import before its model is loaded or its task evaluated: `xlbench list` imports every plugin."""

TEXTS = (
    "a",
    "?!",
    "👍🏽",
    "A short sentence.",
    "नमस्ते, तपाईंलाई कस्तो छ?",
    "これは少し長い文です。",
    "Words, words and more words: " * 12,
    "Zwei Sätze.\nDer zweite ist länger als der erste.",
    "مرحبا بالعالم",
)
"""Texts of several scripts and very different lengths, so that padding shows; without letters, and of two lines."""

LONG = "Words, words and more words: " * 120
"""More than most encoders read of a text."""

ROLES: tuple[Role | None, ...] = (None, "query", "document")

_LANGUAGE = re.compile(r"[a-z]{3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")


class ConformanceError(AssertionError):
    """A plugin does not do what xlbench relies on; the message is one line that says what to do."""


# ---- models


def check_model(model: Model, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4) -> None:
    """Check that a model loads late, has a stable identity, and that its encoder takes every role and gives finite
    vectors of one length: in the order of the texts, the same every time, the same for a text alone as in any batch,
    and the same when the model is loaded again.

    "The same" is up to ``tolerance``, relative to a vector's length: last bits may differ, and in half precision more
    than these (float16: give 0.01, bfloat16: 0.05). Where ``load`` and
    ``fingerprint`` can be pickled (functions of a module, `functools.partial`), vectors and fingerprint have to be the
    same in another process, too. ``texts``: two different ones at the least.
    """
    if len(set(texts)) != len(texts) or len(texts) < 2:
        raise UsageError("check_model needs texts that differ, two at the least")
    _require(isinstance(model, Model), f"expected a Model, not {type(model).__name__}: wrap the encoder in one")
    _named("model", model.name)
    trained_on = model.trained_on
    _require(
        isinstance(trained_on, tuple) and all(isinstance(name, str) for name in trained_on),
        "trained_on must be a tuple of names of data sets: ('ntrex',), with the comma",
    )
    identity = _identity(model)
    vectors = _check_encoder(_loaded(model), list(texts), tolerance)
    again = _Asked(_loaded(model)).vectors(list(texts), None)
    _require(
        _near(again, vectors, tolerance),
        "the model gives other vectors when it is loaded again: seed what is random, from the model's content",
    )
    _require(_identity(model) == identity, "the fingerprint changes from call to call: make it of content alone")
    _check_model_elsewhere(model, identity, list(texts), vectors, tolerance)


def _identity(model: Model) -> str:
    if model.fingerprint is not None:
        content = _call("fingerprint()", model.fingerprint)
        _require(
            isinstance(content, str) and content != "",
            f"fingerprint() returns {content!r}: return a text that is equal for equal content alone",
        )
    identity: str = _call("identity()", model.identity)
    return identity


def _loaded(model: Model) -> Any:
    encoder = _call("load()", model.load)
    _require(
        isinstance(encoder, Encoder),
        f"load() returns {type(encoder).__name__}: return an object with a method encode(texts, role=None)",
    )
    return encoder


def _check_encoder(encoder: Any, texts: list[str], tolerance: float) -> np.ndarray:
    """Check the encoder in every role, and return its vectors without a role."""
    asked = _Asked(encoder)
    vectors = {role: _check_role(asked, texts, role, tolerance) for role in ROLES}[None]
    first = asked.vectors([texts[0], LONG], None)[:1]
    _require(
        _near(first, vectors[:1], tolerance),
        f"the vector of {texts[0][:30]!r} is another beside a much longer text: leave padding out of it",
    )
    asked.require_unchanged()
    return vectors


def _check_role(asked: _Asked, texts: list[str], role: Role | None, tolerance: float) -> np.ndarray:
    """The same vectors every time, in the order of the texts, and whatever else is in the batch."""
    vectors, where = asked.vectors(texts, role), f"encode(texts, role={role!r})"
    _require(
        _near(asked.vectors(texts, role), vectors, tolerance),
        f"{where} gives other vectors for the same texts the second time: is dropout on, or something drawn at random?",
    )
    _require(
        _near(asked.vectors(texts[::-1], role)[::-1], vectors, tolerance),
        f"{where} gives other vectors when the texts come in another order: return them in the order of the texts",
    )
    for row, text in enumerate(texts):
        _require(
            _near(asked.vectors([text], role), vectors[row : row + 1], tolerance),
            f"{where} gives {text[:30]!r} another vector alone than in a batch: leave padding and neighbours out of it",
        )
    return vectors


class _Asked:
    """An encoder, and what it has returned so far: each answer is checked by itself."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._answers: list[tuple[np.ndarray, np.ndarray]] = []

    def vectors(self, texts: list[str], role: Role | None) -> np.ndarray:
        """A copy of what the encoder returns."""
        import numpy as np

        given, where = list(texts), f"encode(texts, role={role!r})"
        vectors: np.ndarray = _call(where, self._encoder.encode, given, role=role)
        _require(given == texts, f"{where} changes the list that it is given: work on a copy")
        _require(isinstance(vectors, np.ndarray), f"{where} returns {type(vectors).__name__}: return a numpy array")
        _require(
            np.issubdtype(vectors.dtype, np.floating), f"{where} returns {vectors.dtype}: return floating point numbers"
        )
        _require(
            vectors.ndim == 2 and vectors.shape[1] > 0,
            f"{where} returns an array of shape {vectors.shape}: return one of (texts, dimensions)",
        )
        _require(len(vectors) == len(texts), f"{where} returns {len(vectors)} vectors for {len(texts)} texts")
        first = self._answers[0][0] if self._answers else vectors
        _require(
            vectors.shape[1] == first.shape[1],
            f"{where} returns vectors of {vectors.shape[1]} after some of {first.shape[1]}: all must have one length",
        )
        with np.errstate(over="ignore"):
            seen = vectors.astype(np.float32)  # which is what tasks are given
        for bad, what in ((~np.isfinite(seen).all(axis=1), "holds NaN or infinity"), (~seen.any(axis=1), "is all 0")):
            if bad.any():
                raise ConformanceError(f"{where}: the vector of {texts[int(bad.argmax())][:30]!r} {what} (as float32)")
        copy = vectors.copy()
        self._answers.append((vectors, copy))
        return copy

    def require_unchanged(self) -> None:
        """What was returned once belongs to the caller."""
        import numpy as np

        unchanged = all(np.array_equal(returned, copy) for returned, copy in self._answers)
        _require(unchanged, "a call of encode changes the array that an earlier one returned: return a new array")


def _near(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Whether every vector of a is within ``tolerance`` of its like in b, relative to that one's length."""
    import numpy as np

    if a.shape != b.shape:
        return False
    wide = b.astype(np.float64)
    moved = np.linalg.norm(a - wide, axis=1) / np.linalg.norm(wide, axis=1)
    return bool((moved <= tolerance).all())


def _check_model_elsewhere(
    model: Model, identity: str, texts: list[str], vectors: np.ndarray, tolerance: float
) -> None:
    """In a fresh process: nothing heavy is imported before it is needed, and the content is the same."""
    identified = model if model.fingerprint is None else replace(model, load=_no_encoder)
    places = _places([model.load, model.fingerprint])
    there = _ask("_model_elsewhere", places, _packed(identified.identity), _packed(model.load), texts)
    _require_light(there["heavy"])
    _require(
        there["identity"] in (None, identity),
        "the fingerprint is another in another process: make it of content alone, without hash() and id()",
    )
    _require(
        there["vectors"] is None or _near(there["vectors"], vectors, tolerance),
        "the vectors are others in another process: seed by content, and leave out hash() and the order of sets",
    )


def _no_encoder() -> Encoder:
    """Stands for a ``load`` that cannot be sent to another process and is not needed there."""
    raise NotImplementedError


def _model_elsewhere(
    places: Mapping[str, str], identity: bytes | None, load: bytes | None, texts: list[str]
) -> dict[str, Any]:
    """In a fresh process: what is imported, the identity and the vectors; None for what could not be sent here."""
    return {
        "heavy": _heavy_imports(places),
        "identity": None if identity is None else pickle.loads(identity)(),
        "vectors": None if load is None else pickle.loads(load)().encode(texts, role=None),
    }


# ---- tasks


def check_task(
    task: Task, data: Data | None = None, encoder: Encoder | None = None, only: Collection[str] | None = None
) -> None:
    """Check that a task lists late, that its subsets have a name each, keep their fingerprints, stay within a limit
    and involve languages that the task declares; and that evaluating one gives as many items as it says, with ids that
    are unique and do not depend on the encoder, the same every time, and rows that give every metric (`check_metric`).

    The task is asked with ``data`` (with a limit, to be quick), and with vectors of ``encoder`` and of one of the
    kit's own; ``only`` names the subsets to evaluate where there are many. Where ``subsets`` and ``evaluate`` can be
    pickled (functions of a module, `functools.partial`), they have to give the same in another process, too.
    """
    data = data or Data()
    _check_description(task)
    subsets = _listed(task, data)
    _check_listing(task, subsets)
    _check_limit(task, data, subsets)
    _check_train_size(task, data, subsets)
    present = _present(subsets, only)
    sessions = _session(encoder or _Hashed("one")), _session(_Hashed("other"))
    # A class may be missing from a sample, and from some subsets: only of the main metric a sample has to have a value.
    whole = only is None and data.limit is None
    undefined = {metric.name for metric in (task.metrics if whole else task.metrics[:1])}
    for subset in present:
        undefined &= _check_subset(task, subset, *sessions)
    _require(
        not undefined,
        f"metric {', '.join(sorted(undefined))} is not a finite number on any subset: mend value(), or give more data",
    )
    _require(
        _summary(_listed(task, data)) == _summary(subsets),
        "subsets() gives other names, sizes, languages or fingerprints after evaluate() than before: "
        "make them of the data alone, and leave the data as it is",
    )
    _check_task_elsewhere(task, data, subsets, min(present, key=lambda subset: subset.n))


def _check_description(task: Task) -> None:
    _require(isinstance(task, Task), f"expected a Task, not {type(task).__name__}")
    _named("task", task.name)
    _require(task.area in AREAS, f"there is no area {task.area!r}: choose one of {', '.join(AREAS)}")
    _require(
        isinstance(task.metrics, tuple) and all(isinstance(metric, Metric) for metric in task.metrics),
        "metrics must be a tuple of Metric: (accuracy,), with the comma",
    )
    _require(bool(task.metrics), "the task has no metric: give it one at the least, the main one first")
    names = [metric.name for metric in task.metrics]
    _require(len(set(names)) == len(names), "two metrics have one name: rename one")
    _check_languages("the task", task.languages)


def _check_languages(whose: str, languages: Any) -> None:
    _require(isinstance(languages, tuple), f"languages of {whose} must be a tuple of codes: ('hin',), with the comma")
    for code in languages:
        _require(
            isinstance(code, str) and _LANGUAGE.fullmatch(code) is not None,
            f"{whose} has the language {code!r}: write ISO 639-3, with a script where it matters (hin, zho_Hans)",
        )


def _listed(task: Task, data: Data) -> list[Subset]:
    subsets = _call("subsets(data)", lambda: list(task.subsets(data)))
    for subset in subsets:
        _require(isinstance(subset, Subset), f"subsets(data) gives {type(subset).__name__}: give Subset objects")
    return list(subsets)


def _check_listing(task: Task, subsets: Sequence[Subset]) -> None:
    from xlbench.planning import WHOLE_TASK

    _require(bool(subsets), "the task has no subset: give one, or raise DataMissing with what to get")
    names = [subset.name for subset in subsets]
    for name in names:
        _require(
            isinstance(name, str) and name.isprintable() and name not in ("", WHOLE_TASK),
            f"a subset is named {name!r}: name it after its languages (hin, eng-hin, eng>hin)",
        )
    _require(len(set(names)) == len(names), "two subsets have one name: rename one")
    for subset in subsets:
        where = f"subset {subset.name}"
        _check_languages(where, subset.languages)
        undeclared = sorted(set(subset.languages) - set(task.languages)) if task.languages else []
        _require(
            not undeclared, f"{where} has the language {', '.join(undeclared)}, which the task's languages do not list"
        )
        _require(
            bool(subset.fingerprint or subset.missing or subset.damaged),
            f"{where} has no fingerprint: give it one of its texts and labels, or changed data keeps its old scores",
        )


def _present(subsets: Sequence[Subset], only: Collection[str] | None) -> list[Subset]:
    """The subsets to evaluate: those of ``only`` whose data is at hand, and there must be one."""
    unknown = sorted(set(only or ()) - {subset.name for subset in subsets})
    if unknown:
        raise UsageError(f"the task has no subset {unknown[0]!r}.{did_you_mean(unknown[0], [s.name for s in subsets])}")
    wanted = [subset for subset in subsets if only is None or subset.name in only]
    for subset in wanted:
        _require(not subset.damaged, f"subset {subset.name} has damaged data: {subset.damaged}")
    present = [subset for subset in wanted if not subset.missing]
    if not present:
        why = wanted[0].missing if wanted else "none is asked for"
        raise ConformanceError(f"nothing can be evaluated: give check_task the data that it needs, Data(root); {why}")
    return present


def _check_limit(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a limit of half as many items as there are of a language, no subset has more of any of its languages."""
    limit = max((subset.n // (2 * _pooled(subset)) for subset in subsets if not subset.missing), default=0)
    if limit < 1:
        return
    for subset in [subset for subset in _listed(task, replace(data, limit=limit)) if not subset.missing]:
        _require(
            subset.n <= limit * _pooled(subset),
            f"subset {subset.name} has {subset.n} items with Data(limit={limit}): take the first data.limit items",
        )


def _check_train_size(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a train size of half of what is learnt from, a subset learns from no more, and scores what it scored."""
    whole = {subset.name: subset for subset in subsets if not subset.missing and (subset.train_items or 0) > 1}
    size = max((each.train_items or 0 for each in whole.values()), default=0) // 2
    if size < 1:
        return
    smaller = {subset.name: subset for subset in _listed(task, replace(data, train_size=size))}
    for name, subset in whole.items():
        cut = smaller.get(name)
        _require(cut is not None, f"subset {name} is gone with Data(train_size={size})")
        assert cut is not None
        _require(
            (cut.train_items or 0) <= size
            and (cut.fingerprint != subset.fingerprint) == (cut.train_items != subset.train_items),
            f"subset {name} has train_items={cut.train_items} with Data(train_size={size}): learn from at most "
            f"data.train_size items, and let the fingerprint cover which; or leave train_items None",
        )
        _require(
            cut.n == subset.n, f"subset {name} scores other items with Data(train_size={size}): only learn from fewer"
        )


def _pooled(subset: Subset) -> int:
    """How many languages a subset may put together, each with items of its own."""
    return max(1, len(subset.languages))


def _summary(subsets: Iterable[Subset]) -> list[tuple[Any, ...]]:
    return [(each.name, each.languages, each.n, each.fingerprint, bool(each.missing)) for each in subsets]


def _session(encoder: Encoder) -> EncodingSession:
    from xlbench.encoding import EncodingSession

    return EncodingSession(encoder)


def _check_subset(task: Task, subset: Subset, session: EncodingSession, other: EncodingSession) -> set[str]:
    """Check one subset, and return the metrics that are not defined on its items (a class that does not occur)."""
    where = f"subset {subset.name}"
    outcome = _evaluated(task, subset, session)
    _check_outcome(task, subset, outcome)
    kept = replace(outcome, columns={name: column.copy() for name, column in outcome.columns.items()})
    _require(
        _same(_evaluated(task, subset, session), kept),
        f"{where}: evaluate() gives other rows for the same vectors the second time: "
        "seed what is random, from the content, and leave the data as it is",
    )
    _require(
        _ids(_evaluated(task, subset, other)) == _ids(outcome),
        f"{where}: item or cluster ids depend on the encoder: take them from the data alone",
    )
    undefined = set()
    for metric in task.metrics:
        at = f"{where}, metric {metric.name}"
        value = _value(metric, _rows(metric, outcome.columns, at).sum(axis=0), at)
        if value.shape == () and not math.isfinite(value):
            undefined.add(metric.name)
        else:
            check_metric(metric, outcome.columns, where)
    _require(
        _same(outcome, kept),
        f"{where}: a metric changes the columns that it is given: let it work on a copy",
    )
    return undefined


def _evaluated(task: Task, subset: Subset, session: EncodingSession) -> Outcome:
    from xlbench.runner import check_outcome

    where = f"subset {subset.name}"
    outcome: Outcome = _call(f"{where}: evaluate()", task.evaluate, subset, session)
    _require(isinstance(outcome, Outcome), f"{where}: evaluate() returns {type(outcome).__name__}: return an Outcome")
    try:
        check_outcome(outcome)
    except UsageError as error:
        raise ConformanceError(f"{where}: {error}") from None
    return outcome


def _check_outcome(task: Task, subset: Subset, outcome: Outcome) -> None:
    """Everything can be saved, and is about the subset's items and the task's metrics."""
    import numpy as np

    where, n = f"subset {subset.name}", len(outcome.item_ids)
    _require(n == subset.n, f"{where} says n={subset.n} and evaluates {n} items: say how many there are")
    _require(all(isinstance(name, str) for name in _ids(outcome)), f"{where}: item and cluster ids must be texts")
    _require(bool(outcome.columns), f"{where}: there is no column: give one that the metrics are made from")
    for name, column in outcome.columns.items():
        _require(
            isinstance(column, np.ndarray)
            and column.ndim == 1
            and (column.dtype.kind in "biufU" or all(isinstance(value, str) for value in column)),
            f"{where}: column {name!r} must be a numpy array of n numbers, booleans or texts",
        )
    metrics = {metric.name: metric for metric in task.metrics}
    for name, level in outcome.chance.items():
        _require(name in metrics, f"{where}: a chance level for {name!r}, which is no metric: {', '.join(metrics)} are")
        low, high = metrics[name].bounds
        _require(
            isinstance(level, int | float) and low <= level <= high,
            f"{where}: the chance level of {name} is {level!r}: give a plain number from {low:g} to {high:g}",
        )
    for name, fact in outcome.facts.items():
        _require(
            isinstance(fact, int | float | str) and (isinstance(fact, str) or math.isfinite(fact)),
            f"{where}: the fact {name!r} is {fact!r}: give a plain finite number (float(x), int(x)) or a text",
        )
    _require(
        isinstance(outcome.notes, tuple) and all(isinstance(note, str) for note in outcome.notes),
        f"{where}: notes must be a tuple of texts: ('a sentence',), with the comma",
    )


def _ids(outcome: Outcome) -> list[str]:
    return [*outcome.item_ids, *(outcome.item_ids if outcome.cluster_ids is None else outcome.cluster_ids)]


def _same(a: Outcome, b: Outcome) -> bool:
    """Equal ids and equal columns: decisions exactly, real numbers but for their last digits."""
    import numpy as np

    def equal(one: np.ndarray, other: np.ndarray) -> bool:
        if one.dtype.kind == other.dtype.kind == "f" and one.shape == other.shape:
            return bool(np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True))
        return np.array_equal(one, other)

    return (
        _ids(a) == _ids(b)
        and a.columns.keys() == b.columns.keys()
        and all(equal(a.columns[name], b.columns[name]) for name in a.columns)
    )


class _Hashed:
    """An encoder that gives every text a vector of its own: all that a task may rely on."""

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        import numpy as np

        _require(role in ROLES, f"evaluate() encodes in the role {role!r}: there are 'query', 'document' and None")
        seeds = [int(digest(self._salt, text)[:8], 16) for text in texts]
        return np.stack([np.random.RandomState(seed).standard_normal(16) for seed in seeds]).astype(np.float32)


def _check_task_elsewhere(task: Task, data: Data, subsets: Sequence[Subset], subset: Subset) -> None:
    """In a fresh process: nothing heavy is imported before it is needed, and subsets and items are the same."""
    places = _places([task.subsets, task.evaluate, *(part for metric in task.metrics for part in _functions(metric))])
    there = _ask("_task_elsewhere", places, _packed(task.subsets), _packed(task.evaluate), data, subset.name)
    _require_light(there["heavy"])
    _require(
        there["summary"] in (None, _summary(subsets)),
        "subsets() gives other names, sizes, languages or fingerprints in another process: "
        "leave out hash() and the order of sets",
    )
    _require(
        there["outcome"] is None or _same(there["outcome"], _evaluated(task, subset, _session(_Hashed("one")))),
        f"subset {subset.name}: evaluate() gives other items or rows in another process: "
        "leave out hash() and the order of sets",
    )


def _task_elsewhere(
    places: Mapping[str, str], subsets: bytes | None, evaluate: bytes | None, data: Data, name: str
) -> dict[str, Any]:
    """In a fresh process: what is imported, what the task lists and the items of one subset; None for what could not
    be sent here."""
    heavy = _heavy_imports(places)
    listed = None if subsets is None else list(pickle.loads(subsets)(data))
    summary = None if listed is None else _summary(listed)
    chosen = [subset for subset in listed or () if subset.name == name]
    if evaluate is None or not chosen:
        return {"heavy": heavy, "summary": summary, "outcome": None}
    outcome = pickle.loads(evaluate)(chosen[0], _session(_Hashed("one")))
    plain = Outcome(list(outcome.item_ids), dict(outcome.columns), outcome.cluster_ids)
    return {"heavy": heavy, "summary": summary, "outcome": plain}


# ---- metrics


def check_metric(metric: Metric, columns: Columns, where: str = "") -> None:
    """Check that rows give the metric: one row an item, and a value within the bounds that neither the order nor the
    number of items changes, found for many sums at once. ``gradient`` and ``influence``, where the metric has them,
    have to be what small changes of the sums, and leaving items out, do to the value (the latter only where no row
    hangs on other items).

    ``columns`` are an outcome's; ``where`` begins the message.
    """
    import numpy as np

    where = f"{where}, metric {metric.name}" if where else f"metric {metric.name}"
    kinds = typing.get_args(typing.get_type_hints(Metric, localns={"np": np})["interval"])
    _require(metric.interval in kinds, f"{where}: interval {metric.interval!r} is none of {', '.join(kinds)}")
    rows = _rows(metric, columns, where)
    _require(
        bool(np.isfinite(rows).all()), f"{where}: rows() gives NaN or infinity: a row is what an item adds to sums"
    )
    value = _checked_value(metric, rows.sum(axis=0), where)
    _check_many(metric, rows, where)
    for seed in range(5):  # one order may give the same value by chance
        order = np.random.RandomState(seed).permutation(len(rows))
        shuffled = _rows(metric, {name: column[order] for name, column in columns.items()}, where)
        _require(
            _close(_value(metric, shuffled.sum(axis=0), where), value),
            f"{where}: the value changes when the items come in another order: make each row of its own item alone",
        )
    if metric.gradient is not None:
        _check_gradient(metric, metric.gradient, rows, where)
    if metric.influence is not None and len(rows) > 1:
        _check_influence(metric, metric.influence, columns, rows, where)
    if metric.spread is not None:
        spread = _call(f"{where}: spread()", metric.spread, columns)
        _require(
            isinstance(spread, float | int) and 0 <= spread < math.inf,
            f"{where}: spread() gives {spread!r}: give a variance, a plain number that is not negative",
        )


def _functions(metric: Metric) -> tuple[Callable[..., Any] | None, ...]:
    return metric.rows, metric.value, metric.gradient, metric.influence, metric.spread


def _rows(metric: Metric, columns: Columns, where: str) -> np.ndarray:
    """The metric's rows as floating point numbers."""
    import numpy as np

    n = len(next(iter(columns.values())))
    rows = np.asarray(_call(f"{where}: rows()", metric.rows, columns))
    _require(
        rows.ndim == 2 and len(rows) == n and rows.shape[1] > 0 and rows.dtype.kind in "biuf",
        f"{where}: rows() gives {rows.dtype} of shape {rows.shape}: give numbers, a row for each of {n} items",
    )
    return rows.astype(np.float64)


def _checked_value(metric: Metric, sums: np.ndarray, where: str) -> np.ndarray:
    import numpy as np

    value, (low, high) = _value(metric, sums, where), metric.bounds
    _require(value.shape == (), f"{where}: value() of one vector of sums has shape {value.shape}: give one number")
    _require(
        bool(np.isfinite(value)), f"{where}: the value of all items is {float(value)}: mend value(), or give more data"
    )
    slack = 1e-9 * max(1.0, abs(float(value)))  # for rounding: a share may come out as 1 + 2e-16
    _require(
        low - slack <= float(value) <= high + slack,
        f"{where}: the value {float(value):g} is outside of its bounds, {low:g} to {high:g}: mend one of them",
    )
    return value


def _value(metric: Metric, sums: np.ndarray, where: str) -> np.ndarray:
    import numpy as np

    with np.errstate(all="ignore"):
        return np.asarray(_call(f"{where}: value()", metric.value, sums), dtype=np.float64)


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    import numpy as np

    return a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)


def _check_many(metric: Metric, rows: np.ndarray, where: str) -> None:
    """Many sums at once, and the same items several times."""
    import numpy as np

    some = np.stack([rows.sum(axis=0), _weighted(rows, 1), _weighted(rows, 2)])
    one_by_one = np.array([_value(metric, sums, where) for sums in some])
    for sums, expected in ((some, one_by_one), (some[:, np.newaxis], one_by_one[:, np.newaxis])):
        found = _value(metric, sums, where)
        _require(
            _close(found, expected),
            f"{where}: value() of sums of shape {sums.shape} is not what it is of each: compute along the last axis",
        )
    _require(
        _close(_value(metric, 3 * some[0], where), one_by_one[0]),
        f"{where}: the value changes when every item is counted three times: divide by a count (a column of ones)",
    )


def _weighted(rows: np.ndarray, seed: int) -> np.ndarray:
    """Sums in which items count differently, none less than half: near those of the items, and without ties."""
    import numpy as np

    weights: np.ndarray = 0.5 + np.random.RandomState(seed).random_sample(len(rows))
    total: np.ndarray = weights @ rows
    return total


def _check_gradient(metric: Metric, gradient: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, where: str) -> None:
    """Against central differences where sums are not 0, at weighted sums: a tie has no derivative."""
    import numpy as np

    some = np.stack([_weighted(rows, 1), _weighted(rows, 2)])
    with np.errstate(all="ignore"):
        given = np.asarray(_call(f"{where}: gradient()", gradient, some), dtype=np.float64)
    _require(
        given.shape == some.shape, f"{where}: gradient() of sums {some.shape} has shape {given.shape}: give one a sum"
    )
    step = 1e-6
    for sums, slopes in zip(some, given, strict=True):
        moves = step * np.diag(sums)
        change = _value(metric, sums + moves, where) - _value(metric, sums - moves, where)
        expected, scaled = change / (2 * step), slopes * sums  # per relative change: free of the sums' units
        known = np.isfinite(expected) & (sums != 0)
        right = np.abs(scaled - expected) <= 1e-5 * max(1.0, np.abs(expected[known]).max(initial=0))
        for place in np.flatnonzero(known & ~right)[:1]:
            raise ConformanceError(
                f"{where}: gradient() gives {slopes[place]:g} for sum {place}, where a small change of it gives "
                f"{expected[place] / sums[place]:g}: mend it, or leave it out"
            )


def _check_influence(
    metric: Metric, influence: Callable[[Columns], np.ndarray], columns: Columns, rows: np.ndarray, where: str
) -> None:
    """Against leaving items out, where an item's row does not hang on other items: else that tells another thing."""
    import numpy as np

    with np.errstate(all="ignore"):
        given = np.asarray(_call(f"{where}: influence()", influence, columns))
    _require(
        given.shape == (len(rows),) and given.dtype.kind in "biuf" and bool(np.isfinite(given).all()),
        f"{where}: influence() has shape {given.shape} or no finite numbers: give {len(rows)}, one an item",
    )
    if not _item_by_item(metric, columns, rows, where):
        return
    found = _left_out(metric, rows, where)
    low, high = np.fmin.reduce(found), np.fmax.reduce(found)
    slack = 0.02 * np.abs(found[np.isfinite(found)]).max(initial=0) + 1e-6
    for place in np.flatnonzero((given < low - slack) | (given > high + slack))[:1]:
        raise ConformanceError(
            f"{where}: influence() gives {given[place]:g} for item {place}, where leaving it out gives "
            f"{found[0, place]:g}: mend it, or leave influence away"
        )


def _item_by_item(metric: Metric, columns: Columns, rows: np.ndarray, where: str) -> bool:
    """Whether items have the rows by themselves that they have among all others (of many items, 500 are asked)."""
    import numpy as np

    try:
        for i in range(0, len(rows), 1 + len(rows) // 500):
            alone = _rows(metric, {name: column[i : i + 1] for name, column in columns.items()}, where)
            if not np.array_equal(alone, rows[i : i + 1]):
                return False
    except ConformanceError:
        return False
    return True


def _left_out(metric: Metric, rows: np.ndarray, where: str) -> np.ndarray:
    """(3, n): what leaving an item out does, in units of the value; and what leaving it out of many copies of all
    items, and adding it to them, does.

    The first is the jackknife, the others are one-sided derivatives, of which a tie has two: an influence may be
    either, or lie between them.
    """
    import numpy as np

    n, copies, sums = len(rows), 10_000, rows.sum(axis=0)
    value, many, block = _value(metric, sums, where), copies * n, max(1, (1 << 20) // rows.shape[1])
    kinds = []
    for part in (rows[start : start + block] for start in range(0, n, block)):
        once = (n - 1) * (value - _value(metric, sums - part, where))
        less = (many - 1) * (value - _value(metric, copies * sums - part, where))
        more = (many + 1) * (_value(metric, copies * sums + part, where) - value)
        kinds.append(np.stack([once, less, more]))
    return np.concatenate(kinds, axis=1)


# ---- a fresh process


def _require_light(found: Mapping[str, Sequence[str]]) -> None:
    """Modules that offer plugins import nothing heavy."""
    for name, heavy in found.items():
        _require(not heavy, f"importing {name} imports {', '.join(heavy)}: do that inside load() or evaluate()")


def _heavy_imports(places: Mapping[str, str]) -> dict[str, list[str]]:
    """In a fresh process: what importing each module imports, of what is heavy."""
    found = {}
    for name, file in places.items():
        before = set(sys.modules)
        _import({name: file})
        found[name] = [heavy for heavy in HEAVY if heavy in sys.modules and heavy not in before]
    return found


def _places(functions: Iterable[Callable[..., Any] | None]) -> dict[str, str]:
    """The modules in which functions are written, and their files; without ``__main__``, which cannot be imported."""
    places: dict[str, str] = {}
    for function in functions:
        while isinstance(function, functools.partial):
            function = function.func
        name = getattr(function, "__module__", None)
        if name and name != "__main__":
            places[name] = str(getattr(sys.modules.get(name), "__file__", None) or "")
    return places


def _import(places: Mapping[str, str]) -> None:
    """Import modules by name or, where they have none to be found by (test files, for some runners), by file."""
    for name, file in places.items():
        if name in sys.modules:
            continue
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is not None or not file:
            importlib.import_module(name)
            continue
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None  # noqa: PT018 - it was imported from this file before
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


def _packed(item: Any) -> bytes | None:
    """The item for another process, or None where it cannot be sent: a lambda, or something of ``__main__``."""
    try:
        packed = pickle.dumps(item)
    except Exception:  # noqa: BLE001 - pickle raises what it likes
        return None
    return None if b"__main__" in packed else packed


def _ask(question: str, *given: Any) -> Any:
    """What the function of this module named ``question`` returns for ``given``, in a process of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asked, answered = Path(folder, "asked"), Path(folder, "answered")
        asked.write_bytes(pickle.dumps(given))
        code = f"from xlbench.testing import _answer; _answer({question!r}, {str(asked)!r}, {str(answered)!r})"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
            "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1",
        }
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)
        if not answered.is_file():
            said = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise ConformanceError(f"in a process of its own the plugin ends with code {done.returncode}: {said}")
        answer, failure = pickle.loads(answered.read_bytes())
    _require(not failure, f"in a process of its own the plugin does not work: {failure}")
    return answer


def _answer(question: str, asked: str, answered: str) -> None:
    """In a fresh process: write the answer to a question, or why there is none."""
    from xlbench.planning import reason_of

    try:
        reply = pickle.dumps((globals()[question](*pickle.loads(Path(asked).read_bytes())), ""))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - plugins may raise anything
        reply = pickle.dumps((None, reason_of(error)))
    Path(answered).write_bytes(reply)


# ---- one line


def _call(what: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a plugin's function returns; what it raises, in one line, with the whole as its cause."""
    from xlbench.planning import reason_of

    try:
        return function(*given, **named)
    except ConformanceError:
        raise
    except (Exception, SystemExit) as error:
        raise ConformanceError(f"{what} fails: {reason_of(error)}") from error


def _named(kind: str, name: object) -> None:
    """A name; or, of what a scheme has made, a spec."""
    if isinstance(name, str) and ":" in name and name.isprintable() and len(name) <= 500:
        return
    try:
        check_name(kind, name)
    except UsageError as error:
        raise ConformanceError(str(error)) from None


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ConformanceError(" ".join(otherwise.split()))
