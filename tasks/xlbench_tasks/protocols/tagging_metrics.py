"""Metrics of tagging: F1, precision and recall over whole entities, of all types and of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Metric, UsageError
from xlbench.stats.metrics import Column, micro_f1
from xlbench_tasks.data.labels import check_spellings
from xlbench_tasks.protocols import transfer

if TYPE_CHECKING:
    import numpy as np


LACKS = "lacks:"
"""How a column's name begins that marks, in every item, a type for which a model has no tag of its own."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; one more for each type."""
    types = types_of(options) if "types" in options else None
    transfer.check(options)
    if options.get("c", 1.0) <= 0:
        raise UsageError(f"[options] c: {options['c']!r} is not a number above 0")
    right, predicted, gold = (_over(part, types) for part in ("right", "predicted", "gold"))
    return (
        micro_f1("entity_f1", right, predicted, gold, "F1 over whole entities of the right type, strict IOB2"),
        _share_of("precision", right, predicted, gold, "predicted entities that are right"),
        _share_of("recall", right, gold, predicted, "entities that were found"),
        micro_f1(
            "lenient_f1", "lenient_right", "lenient_predicted", "lenient_gold",
            "F1 as conlleval reads each word's best tag: an I- that continues nothing begins an entity",
        ),
        micro_f1("span_f1", "placed", predicted, gold, "F1 over entities' words, whatever their types"),
        *(_of_type(kind) for kind in types or ()),
    )  # fmt: skip


def _of_type(kind: str) -> Metric:
    """F1 over one type alone; not defined (NaN) where the model has no tag for it."""
    metric = micro_f1(f"f1:{kind}", f"right:{kind}", f"predicted:{kind}", f"gold:{kind}", f"F1 over {kind} alone")

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        counts = metric.rows(columns)
        return np.full(counts.shape, np.nan) if f"{LACKS}{kind}" in columns else counts

    def value(sums: np.ndarray) -> np.ndarray:
        import numpy as np

        found: np.ndarray = np.where(np.isnan(sums).any(axis=-1), np.nan, metric.value(sums))
        return found

    return replace(metric, rows=rows, value=value)


def types_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The entity types that the card names; `UsageError` where they are none, or one twice."""
    types = tuple(options.get("types", ()))
    if not types or len(set(types)) != len(types) or not all(types) or "O" in types:
        raise UsageError("[options] types: name the entity types, each once: types = ['PER', 'LOC', 'ORG']")
    return types


def _over(part: str, types: Sequence[str] | None) -> Callable[[Columns], Any]:
    """The sum over types of a column; over those that there are columns of where they are not listed."""
    if types is None:
        return lambda columns: sum(values for name, values in columns.items() if name.startswith(f"{part}:"))
    return lambda columns: sum(columns[f"{part}:{kind}"] for kind in types)


def _share_of(
    name: str, right: Column, of: Callable[[Columns], Any], other: Callable[[Columns], Any], description: str
) -> Metric:
    """right / of; where there is nothing to be right of, 1 if ``other`` is 0 too, else 0."""
    assert callable(right)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns)) for part in (right, of, other)], axis=-1)

    return Metric(name, rows, _share_value, "ratio", (0.0, 1.0), _share_gradient, description=description)


def _share_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    empty = np.array(sums[..., 2] == 0, dtype=np.float64)
    shares: np.ndarray = np.divide(sums[..., 0], sums[..., 1], out=empty, where=sums[..., 1] > 0)
    return shares


def _share_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    total = sums[..., 1]
    inverse = np.divide(1.0, total, out=np.zeros(total.shape), where=total > 0)
    return np.stack([inverse, -sums[..., 0] * inverse**2, np.zeros(total.shape)], axis=-1)


def chance_of(support: Mapping[str, int], options: Mapping[str, Any]) -> dict[str, float]:
    """What the most frequent tag, O, scores: nothing, but where there is nothing to find."""
    empty = {f"f1:{kind}": n == 0 for kind, n in support.items()}
    return {metric.name: float(empty.get(metric.name, not any(support.values()))) for metric in metrics(options)}


def types_in(data_set: str, languages: str, sentences: Iterable[str]) -> list[str]:
    """The types of entities that tags have (IOB2, with tabs between them), sorted.

    Raises:
        DataError: two of them are spellings of one; begins with the ``data_set`` and its ``languages``.
    """
    tags = {tag for sentence in sentences for tag in sentence.split("\t")} - {"O"}
    types = sorted({tag.partition("-")[2] for tag in tags})
    check_spellings(f"{data_set} {languages}", types)
    return types
