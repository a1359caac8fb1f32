"""The conformance kit: what a plugin author's own tests call. Each check raises `ConformanceError` with one line.

from xlbench.testing import check_model, check_task

def test_my_model():
    check_model(my_plugin.MODEL)
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.errors import UsageError, XlbenchError
from xlbench.model import Encoder, Model, Role
from xlbench.names import check_name, digest
from xlbench.task import AREAS, Data, Metric, Outcome, Subset, Task

if TYPE_CHECKING:
    import numpy as np

HEAVY = ("numpy", "pandas", "torch", "transformers", "sentence_transformers", "mteb", "datasets", "sklearn", "scipy",
         "tensorflow", "jax", "ray")  # fmt: skip
"""What no plugin may import before its model is loaded or its task evaluated: `xlbench list` imports every plugin."""

TEXTS = (
    "a",
    "A short sentence.",
    "नमस्ते, तपाईंलाई कस्तो छ?",
    "これは少し長い文です。",
    "Words, words and more words: " * 12,
    "Zwei Sätze. Der zweite ist länger als der erste.",
    "مرحبا بالعالم",
)
"""Texts of several scripts and very different lengths, so that padding shows."""


class ConformanceError(AssertionError):
    """A plugin does not do what xlbench relies on."""


def check_model(model: Model, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4) -> None:
    """Check that a model loads late, has a stable identity, and that its encoder gives finite vectors of one length, in
    order, the same every time, and the same for a text alone as in any batch (to ``tolerance`` of its length)."""
    _named("model", model.name)
    _require(model.identity() == model.identity(), "the model's fingerprint changes from call to call")
    _check_lazy("model", model.load)
    encoder = model.load()
    _require(isinstance(encoder, Encoder), f"load() returned {type(encoder).__name__}, which has no encode method")
    texts = list(texts)
    for role in (None, "query", "document"):
        _vectors(encoder, texts, role)
    vectors = _vectors(encoder, texts, None)
    _require(_near(_vectors(encoder, texts, None), vectors, 0), "the same texts give other vectors the second time")
    _require(
        _near(_vectors(encoder, texts[::-1], None)[::-1], vectors, tolerance), "vectors do not keep the order of texts"
    )
    for text, vector in zip(texts, vectors, strict=True):
        alone = _vectors(encoder, [text], None)
        _require(_near(alone, vector[None], tolerance), f"the vector of {text[:30]!r} is another when encoded alone")
    _require(_near(_vectors(model.load(), texts, None), vectors, 0), "the model gives other vectors when loaded again")


def _vectors(encoder: Any, texts: list[str], role: Role | None) -> np.ndarray:
    """Vectors as the encoder returns them, each property of which is required."""
    import numpy as np

    given = list(texts)
    vectors = encoder.encode(given, role=role)
    _require(given == texts, "encode changes the list of texts that it is given")
    _require(isinstance(vectors, np.ndarray), f"encode returns {type(vectors).__name__}; expected a numpy array")
    _require(np.issubdtype(vectors.dtype, np.floating), f"encode returns {vectors.dtype}; expected floating point")
    _require(vectors.ndim == 2, f"encode returns shape {vectors.shape}; expected (texts, dimensions)")
    _require(len(vectors) == len(texts), f"encode returns {len(vectors)} vectors for {len(texts)} texts")
    _require(bool(np.isfinite(vectors).all()), "a vector holds NaN or infinity")
    _require(bool(vectors.any(axis=1).all()), "a vector is all zeros")
    array: np.ndarray = vectors
    return array


def _near(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    import numpy as np

    if a.shape != b.shape:
        return False
    moved = np.linalg.norm(a.astype(np.float64) - b, axis=1) / np.linalg.norm(b.astype(np.float64), axis=1)
    return bool((moved <= tolerance).all())


def check_task(task: Task, data: Data | None = None, encoder: Encoder | None = None) -> None:
    """Check that a task lists late, that its subsets are named once and keep their fingerprints, and that evaluating
    each gives as many items as it says, with unique and stable ids and rows that give every metric."""
    _named("task", task.name)
    _require(task.area in AREAS, f"there is no area {task.area!r}; one of {', '.join(AREAS)}")
    _require(bool(task.metrics), "the task has no metric")
    names = [metric.name for metric in task.metrics]
    _require(len(set(names)) == len(names), "two metrics have one name")
    _check_lazy("task", task.subsets)
    subsets = list(task.subsets(data or Data()))
    again = list(task.subsets(data or Data()))
    _require(bool(subsets), "the task has no subset")
    _require(len({one.name for one in subsets}) == len(subsets), "two subsets have one name")
    _require([(s.name, s.fingerprint, s.n) for s in subsets] == [(s.name, s.fingerprint, s.n) for s in again],
             "subsets, their sizes or fingerprints change from call to call")  # fmt: skip
    for subset in subsets:
        if not subset.missing:
            _check_subset(task, subset, encoder or _Hashed("one"))


def _check_subset(task: Task, subset: Subset, encoder: Encoder) -> None:
    where = f"subset {subset.name}"
    _require(bool(subset.fingerprint), f"{where} has no fingerprint: changed data would keep its old scores")
    outcome, again, other = (_outcome(task, subset, by) for by in (encoder, encoder, _Hashed("other")))
    _require(len(outcome.item_ids) == subset.n, f"{where} says {subset.n} items and scores {len(outcome.item_ids)}")
    _require(list(outcome.item_ids) == list(other.item_ids), f"{where}: item ids depend on the encoder")
    _require(_same(outcome, again), f"{where}: the same vectors give other rows the second time")
    unknown = set(outcome.chance) - {metric.name for metric in task.metrics}
    _require(not unknown, f"{where}: a chance level for {', '.join(sorted(unknown))}, which is no metric of the task")
    for metric in task.metrics:
        _check_metric(metric, outcome, f"{where}, metric {metric.name}")


def _outcome(task: Task, subset: Subset, encoder: Encoder) -> Outcome:
    from xlbench.encoding import EncodingSession
    from xlbench.runner import check_outcome

    outcome = task.evaluate(subset, EncodingSession(encoder))
    try:
        check_outcome(outcome)
    except UsageError as error:
        raise ConformanceError(f"subset {subset.name}: {error}") from None
    return outcome


def _same(a: Outcome, b: Outcome) -> bool:
    import numpy as np

    return (
        list(a.item_ids) == list(b.item_ids)
        and a.columns.keys() == b.columns.keys()
        and all(np.array_equal(a.columns[name], b.columns[name], equal_nan=True) for name in a.columns)
    )


def _check_metric(metric: Metric, outcome: Outcome, where: str) -> None:
    """The rows give the metric: one row an item, and a value in bounds that is a function of their proportions."""
    import numpy as np

    rows = np.asarray(metric.rows(outcome.columns), dtype=np.float64)
    _require(rows.ndim == 2 and len(rows) == len(outcome.item_ids), f"{where}: rows of shape {rows.shape}")
    _require(bool(np.isfinite(rows).all()), f"{where}: a row holds NaN or infinity")
    sums = rows.sum(axis=0)
    value = np.asarray(metric.value(sums))
    low, high = metric.bounds
    _require(value.shape == (), f"{where}: the value of one vector of sums has shape {value.shape}")
    _require(low <= float(value) <= high, f"{where}: the value {float(value):g} is outside of [{low:g}, {high:g}]")
    many = np.asarray(metric.value(np.stack([sums, 3 * sums])))
    _require(many.shape == (2,), f"{where}: the values of two vectors of sums have shape {many.shape}")
    _require(bool(np.allclose(many, value)), f"{where}: the value changes when every item is counted three times")
    if metric.influence is not None:
        influence = np.asarray(metric.influence(outcome.columns))
        _require(influence.shape == (len(rows),), f"{where}: influence of shape {influence.shape}")
        _require(abs(float(influence.mean())) < 1e-6, f"{where}: the influences of all items do not sum to 0")


class _Hashed:
    """An encoder that gives every text a vector of its own: all that a task may rely on."""

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        import numpy as np

        seeds = [int(digest(self._salt, text)[:8], 16) for text in texts]
        return np.stack([np.random.RandomState(seed).standard_normal(16) for seed in seeds]).astype(np.float32)


def _check_lazy(kind: str, function: Callable[..., Any]) -> None:
    """The module that offers the plugin imports nothing heavy: asked of a fresh process."""
    module = getattr(function, "__module__", None)
    _require(bool(module), f"the {kind}'s function belongs to no module")
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConformanceError(f"the {kind}'s module {module} cannot be imported on its own: {reason}")
    heavy = done.stdout.split()
    _require(not heavy, f"importing {module} imports {', '.join(heavy)}: do that inside load() or evaluate()")


def _named(kind: str, name: object) -> None:
    try:
        check_name(kind, name)
    except XlbenchError as error:
        raise ConformanceError(str(error)) from None


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ConformanceError(otherwise)
