"""The field's metrics as functions of summed rows, for protocols and for plugin authors.

Constructors of `Metric` only; numpy is imported when rows are made, not when a task is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from xlbench.errors import UsageError
from xlbench.task import Columns, Metric

if TYPE_CHECKING:
    import numpy as np

Column = str | Callable[[Columns], Any]


def _column(column: Column) -> Callable[[Columns], Any]:
    return column if callable(column) else lambda columns: columns[column]


def share(name: str, column: Column, description: str = "") -> Metric:
    """The share of items for which ``column`` (a name, or a function of the columns) is true: accuracy, P@1, R@k."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "proportion", (0.0, 1.0), _ratio_gradient,
                  description=description)  # fmt: skip


def mean(name: str, column: Column, bounds: tuple[float, float] = (0.0, 1.0), description: str = "") -> Metric:
    """The mean of a column over items: MRR from reciprocal ranks, a mean cosine with ``bounds=(-1, 1)``."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "studentized", bounds, _ratio_gradient,
                  description=description)  # fmt: skip


def _mean_rows(column: Callable[[Columns], Any]) -> Callable[[Columns], np.ndarray]:
    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        values = np.asarray(column(columns), dtype=np.float64)
        return np.stack([values, np.ones_like(values)], axis=-1)

    return rows


def _ratio(sums: np.ndarray) -> np.ndarray:
    """Sum of the values over number of items."""
    ratio: np.ndarray = sums[..., 0] / sums[..., 1]
    return ratio


def _ratio_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.stack([1 / sums[..., 1], -sums[..., 0] / sums[..., 1] ** 2], axis=-1)


def macro_f1(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """F1 averaged over the classes that occur among the true labels; ``labels`` are all that the task has.

    A prediction that is no label is wrong; a true label that is none is a `UsageError`. Sums are, per class, (hits,
    true, predicted): F_c = 2 hits / (true + predicted).
    """
    true, predicted = _column(true), _column(predicted)

    def codes(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        return _codes(true(columns), labels, f"metric {name!r}"), _codes(predicted(columns), labels)

    def rows(columns: Columns) -> np.ndarray:
        return _class_counts(*codes(columns), range(len(labels)))

    def influence(columns: Columns) -> np.ndarray:
        """psi(t, p) = n/k (-(F_t/q_t + F_p/q_p) + 2/q_t where t = p), for k classes and q = true + predicted."""
        import numpy as np

        gold, guess = codes(columns)
        slope = _macro_gradient(rows(columns).sum(axis=0, dtype=np.float64))
        hits, others = slope[: len(labels)], slope[len(labels) : 2 * len(labels)]
        guessed = np.where(guess >= 0, others[guess], 0.0)
        psi: np.ndarray = len(gold) * (others[gold] + guessed + np.where(gold == guess, hits[gold], 0.0))
        return psi

    return Metric(
        name, rows, _macro_value, "studentized", (0.0, 1.0), _macro_gradient, influence, description=description
    )


def macro_precision(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """Precision averaged over the classes that occur among the true labels; 0 for one that was never predicted."""
    return _of_classes(name, labels, true, predicted, _precision_value, _precision_gradient, description)


def macro_recall(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """Recall averaged over the classes that occur among the true labels: the balanced accuracy."""
    return _of_classes(name, labels, true, predicted, _recall_value, _recall_gradient, description)


def weighted_f1(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """F1 averaged over the classes, each weighted by how often it is the true label."""
    return _of_classes(name, labels, true, predicted, _weighted_value, _weighted_gradient, description)


def class_f1(
    name: str,
    labels: Sequence[Any],
    label: Any,
    true: Column = "true",
    predicted: Column = "predicted",
    description: str = "",
) -> Metric:
    """F1 of one class, ``label`` of ``labels``; not defined (NaN) where it is nowhere the true label."""
    only = [list(labels).index(label)]
    return _of_classes(name, labels, true, predicted, _macro_value, _macro_gradient, description, only)


def _of_classes(
    name: str,
    labels: Sequence[Any],
    true: Column,
    predicted: Column,
    value: Callable[[np.ndarray], np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
    description: str,
    only: Sequence[int] | None = None,
) -> Metric:
    """A smooth function of the sums per class, (hits, true, predicted), of all classes or of ``only`` some."""
    true, predicted = _column(true), _column(predicted)

    def rows(columns: Columns) -> np.ndarray:
        gold, guess = _codes(true(columns), labels, f"metric {name!r}"), _codes(predicted(columns), labels)
        return _class_counts(gold, guess, range(len(labels)) if only is None else only)

    def influence(columns: Columns) -> np.ndarray:
        """n times the slope along each item's row: the sums' own share of it is 0, since scale changes nothing."""
        import numpy as np

        own = rows(columns).astype(np.float64)
        psi: np.ndarray = len(own) * (own @ gradient(own.sum(axis=0)))
        return psi

    return Metric(name, rows, value, "studentized", (0.0, 1.0), gradient, influence, description=description)


def _class_counts(gold: np.ndarray, guess: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Rows (n, 3k) of 0 and 1: hits, true and predicted of each of k classes, from codes (n,)."""
    import numpy as np

    is_gold, is_guess = (one[:, np.newaxis] == np.asarray(classes) for one in (gold, guess))
    return np.concatenate([is_gold & is_guess, is_gold, is_guess], axis=1).astype(np.uint8)


def micro_f1(
    name: str, right: Column = "right", predicted: Column = "predicted", gold: Column = "gold", description: str = ""
) -> Metric:
    """F1 over all that was found: 2 right / (predicted + gold), from counts per item (entities of a sentence).

    Where there is nothing to find, 1 if nothing was predicted either, else 0.
    """
    parts = _column(right), _column(predicted), _column(gold)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns)) for part in parts], axis=-1)

    return Metric(name, rows, _f1_value, "studentized", (0.0, 1.0), _f1_gradient, description=description)


def purity(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """The share of items whose label is the most frequent one of their cluster (any integers or texts)."""
    return _clustering(name, labels, label, cluster, "proportion", _purity_value, _purity_gradient, description)


def inverse_purity(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """The share of items that lie in the largest cluster of their label."""
    value, slope = _swapped(_purity_value), _swapped(_purity_gradient)

    def gradient(table: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.swapaxes(slope(table), -1, -2)

    return _clustering(name, labels, label, cluster, "proportion", value, gradient, description)


def v_measure(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """Harmonic mean of homogeneity and completeness, 2 I / (H(label) + H(cluster)); the same as NMI with the
    arithmetic mean. 1 where there is one label and one cluster."""
    return _clustering(name, labels, label, cluster, "jackknife", _v_value, _v_gradient, description)


def nmi(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """Mutual information over the geometric mean of H(label) and H(cluster); with the arithmetic mean it is
    `v_measure`. 1 where there is one label and one cluster, 0 where only one of them is single."""
    return _clustering(name, labels, label, cluster, "jackknife", _nmi_value, _nmi_gradient, description)


def ari(name: str, label: Column = "label", cluster: Column = "cluster", description: str = "") -> Metric:
    """Adjusted Rand index: the share of pairs on which labels and clusters agree, 0 by chance and 1 at best.

    It counts pairs, so it is no scale-invariant function of sums. An item's row is its pseudo-value, value + influence
    by leaving the item out: their mean is exactly the sample's index.
    """
    label, cluster = _column(label), _column(cluster)
    rows = _mean_rows(lambda columns: _ari_pseudo_values(label(columns), cluster(columns)))
    return Metric(name, rows, _ratio, "jackknife", (-0.5, 1.0), _ratio_gradient, description=description)


Table = Callable[[Any], Any]
"""From contingency tables (..., labels, clusters) to (...), or to their like for a gradient."""


def _clustering(
    name: str,
    labels: Sequence[Any],
    label: Column,
    cluster: Column,
    interval: Literal["proportion", "jackknife"],
    value: Table,
    gradient: Table,
    description: str,
) -> Metric:
    """A function of contingency tables, whose sums are the cells in row order (label, cluster)."""
    label, cluster = _column(label), _column(cluster)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        codes = _codes(label(columns), labels, f"metric {name!r}")
        found, place = np.unique(np.asarray(cluster(columns)), return_inverse=True)
        cells = (codes * len(found) + place)[:, np.newaxis] == np.arange(len(labels) * len(found))
        ones: np.ndarray = cells.astype(np.uint8)
        return ones

    def table(sums: np.ndarray) -> np.ndarray:
        folded: np.ndarray = sums.reshape(*sums.shape[:-1], len(labels), -1)
        return folded

    def slope(sums: np.ndarray) -> np.ndarray:
        flat: np.ndarray = gradient(table(sums)).reshape(sums.shape)
        return flat

    return Metric(name, rows, lambda sums: value(table(sums)), interval, (0.0, 1.0), slope,
                  description=description)  # fmt: skip


def averaged(name: str, parts: Sequence[Metric], description: str = "") -> Metric:
    """The mean of metrics over the same items, one a seed (k-means starts, training subsets).

    An item's row is its pseudo-value, mean value + mean influence: its mean is the mean of the values, and its spread
    that of the mean influence. What the seeds leave open is ``spread``: the variance of the values over their number.
    Every part needs a gradient.
    """

    def values(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        """The parts' values (S,) and their mean influence (n,)."""
        import numpy as np

        found, influence = [], 0.0
        for part in parts:
            rows = np.asarray(part.rows(columns), dtype=np.float64)
            sums = rows.sum(axis=0)
            assert part.gradient is not None, f"metric {part.name} has no gradient"
            with np.errstate(all="ignore"):  # a value that is not defined is NaN, and then so are all rows
                found.append(float(part.value(sums)))
                influence = influence + len(rows) * (rows @ part.gradient(sums)) / len(parts)
        return np.array(found), np.asarray(influence)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        found, influence = values(columns)
        return np.stack([found.mean() + influence - influence.mean(), np.ones_like(influence)], axis=-1)

    def spread(columns: Columns) -> float:
        found, _ = values(columns)
        return float(found.var(ddof=1) / len(found)) if len(found) > 1 else 0.0

    first = parts[0]
    return Metric(name, rows, _ratio, first.interval, first.bounds, _ratio_gradient, spread=spread,
                  description=description or first.description)  # fmt: skip


def _codes(values: Any, labels: Sequence[Any], strict: str = "") -> np.ndarray:
    """Places (n,) of values in ``labels``, -1 for what is not there; with ``strict`` (who asks), `UsageError`."""
    import numpy as np

    found, inverse = np.unique(np.asarray(values), return_inverse=True)
    place = {label: index for index, label in enumerate(labels)}
    unknown = [value for value in found.tolist() if value not in place]
    if strict and unknown:
        raise UsageError(f"{strict}: {unknown[0]!r} is not among the labels {', '.join(map(str, labels))}")
    codes: np.ndarray = np.array([place.get(value, -1) for value in found.tolist()], dtype=np.intp)[inverse]
    return codes


def _macro_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    scores = np.divide(2.0 * hits, gold + guess, out=np.zeros(hits.shape), where=seen)
    average: np.ndarray = scores.sum(axis=-1) / seen.sum(axis=-1)
    return average


def _macro_gradient(sums: np.ndarray) -> np.ndarray:
    """2/(k q_c) by hits and -F_c/(k q_c) by true and predicted, with the classes that occur held fixed."""
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    inverse = np.divide(1.0, gold + guess, out=np.zeros(hits.shape), where=seen) / seen.sum(axis=-1, keepdims=True)
    scores = np.divide(2.0 * hits, gold + guess, out=np.zeros(hits.shape), where=seen)
    by_size = -scores * inverse
    return np.concatenate([2 * inverse, by_size, by_size], axis=-1)


def _shares(above: np.ndarray, below: np.ndarray, where: np.ndarray) -> np.ndarray:
    """above / below, 0 where not ``where``."""
    import numpy as np

    quotient: np.ndarray = np.divide(above, below, out=np.zeros(below.shape), where=where)
    return quotient


def _precision_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    average: np.ndarray = _shares(hits, guess, seen & (guess > 0)).sum(axis=-1) / seen.sum(axis=-1)
    return average


def _precision_gradient(sums: np.ndarray) -> np.ndarray:
    """1/(k predicted) by hits, -P_c/(k predicted) by predicted, with the classes that occur held fixed."""
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    use = seen & (guess > 0)
    inverse = _shares(np.ones(hits.shape), guess, use) / seen.sum(axis=-1, keepdims=True)
    return np.concatenate([inverse, np.zeros(hits.shape), -_shares(hits, guess, use) * inverse], axis=-1)


def _recall_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, _ = np.split(sums, 3, axis=-1)
    seen = gold > 0
    average: np.ndarray = _shares(hits, gold, seen).sum(axis=-1) / seen.sum(axis=-1)
    return average


def _recall_gradient(sums: np.ndarray) -> np.ndarray:
    """1/(k true) by hits, -R_c/(k true) by true, with the classes that occur held fixed."""
    import numpy as np

    hits, gold, _ = np.split(sums, 3, axis=-1)
    seen = gold > 0
    inverse = _shares(np.ones(hits.shape), gold, seen) / seen.sum(axis=-1, keepdims=True)
    return np.concatenate([inverse, -_shares(hits, gold, seen) * inverse, np.zeros(hits.shape)], axis=-1)


def _weighted_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    scores = _shares(2.0 * hits, gold + guess, gold > 0)
    average: np.ndarray = (gold * scores).sum(axis=-1) / gold.sum(axis=-1)
    return average


def _weighted_gradient(sums: np.ndarray) -> np.ndarray:
    """Of sum(t F) / sum(t), with q = true + predicted: by hits 2t/q, by true F - tF/q - mean, by predicted -tF/q; all
    over sum(t)."""
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen, total = gold > 0, gold.sum(axis=-1, keepdims=True)
    scores = _shares(2.0 * hits, gold + guess, seen)
    weight = _shares(gold, gold + guess, seen)
    by_gold = scores * (1 - weight) - (gold * scores).sum(axis=-1, keepdims=True) / total
    slope: np.ndarray = np.concatenate([2 * weight, by_gold, -weight * scores], axis=-1) / total
    return slope


def _f1_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    total = sums[..., 1] + sums[..., 2]
    scores: np.ndarray = np.divide(2.0 * sums[..., 0], total, out=np.ones(total.shape), where=total > 0)
    return scores


def _f1_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    total = sums[..., 1] + sums[..., 2]
    inverse = np.divide(1.0, total, out=np.zeros(total.shape), where=total > 0)
    by_size = -2 * sums[..., 0] * inverse**2
    return np.stack([2 * inverse, by_size, by_size], axis=-1)


def _purity_value(table: np.ndarray) -> np.ndarray:
    share: np.ndarray = table.max(axis=-2).sum(axis=-1) / table.sum(axis=(-1, -2))
    return share


def _purity_gradient(table: np.ndarray) -> np.ndarray:
    """1/n where a label leads in its cluster, less purity/n everywhere; of leading labels that tie, the first."""
    import numpy as np

    total = table.sum(axis=(-1, -2), keepdims=True)
    leads = np.argmax(table, axis=-2)[..., np.newaxis, :] == np.arange(table.shape[-2])[:, np.newaxis]
    slope: np.ndarray = (leads - _purity_value(table)[..., np.newaxis, np.newaxis]) / total
    return slope


def _swapped(of_table: Table) -> Table:
    """The same with labels and clusters exchanged."""

    def swapped(table: np.ndarray) -> Any:
        import numpy as np

        return of_table(np.swapaxes(table, -1, -2))

    return swapped


def _v_value(table: np.ndarray) -> np.ndarray:
    import numpy as np

    apart, joint, _ = _v_parts(table)
    value: np.ndarray = np.divide(2 * (apart - joint), apart, out=np.ones(apart.shape), where=apart > 0)
    return value


def _v_gradient(table: np.ndarray) -> np.ndarray:
    """With A = H(label) + H(cluster) and J = H(label, cluster), V = 2 (A - J) / A and dV = 2 (J dA - A dJ) / A^2;
    the derivative of an entropy by a count is -(log share + entropy) / n."""
    import numpy as np

    apart, joint, logs = _v_parts(table)
    apart, joint = apart[..., np.newaxis, np.newaxis], joint[..., np.newaxis, np.newaxis]
    shares = table / table.sum(axis=(-1, -2), keepdims=True)
    by_label, by_cluster = _log(shares.sum(axis=-1, keepdims=True)), _log(shares.sum(axis=-2, keepdims=True))
    inverse = np.divide(1.0, apart, out=np.zeros(apart.shape), where=apart > 0)
    slope = 2 * inverse**2 * (apart * (logs + joint) - joint * (by_label + by_cluster + apart))
    per_item: np.ndarray = slope / table.sum(axis=(-1, -2), keepdims=True)
    return per_item


def _nmi_value(table: np.ndarray) -> np.ndarray:
    import numpy as np

    shared, of_label, of_cluster = _entropies(table)
    scale = np.sqrt(of_label * of_cluster)
    both = (of_label == 0) & (of_cluster == 0)
    value: np.ndarray = np.divide(shared, scale, out=np.where(both, 1.0, 0.0), where=scale > 0)
    return value


def _nmi_gradient(table: np.ndarray) -> np.ndarray:
    """With I = H(label) + H(cluster) - J and N = I / sqrt(H(label) H(cluster)), dN is dI over that root, less
    N/2 (dH(label) / H(label) + dH(cluster) / H(cluster)); entropies' derivatives as in V."""
    import numpy as np

    total = table.sum(axis=(-1, -2), keepdims=True)
    shares = table / total
    shared, of_label, of_cluster = (part[..., np.newaxis, np.newaxis] for part in _entropies(table))
    joint = of_label + of_cluster - shared
    by_label = -(_log(shares.sum(axis=-1, keepdims=True)) + of_label)
    by_cluster = -(_log(shares.sum(axis=-2, keepdims=True)) + of_cluster)
    by_shared = by_label + by_cluster + _log(shares) + joint
    scale = np.sqrt(of_label * of_cluster)
    defined = scale > 0
    inverse = np.divide(1.0, scale, out=np.zeros(scale.shape), where=defined)
    relative = by_label * of_cluster + by_cluster * of_label
    slope: np.ndarray = (by_shared * inverse - shared * inverse**3 / 2 * relative) / total
    return slope


def _entropies(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """I(label, cluster), H(label) and H(cluster), in nats."""
    shares = table / table.sum(axis=(-1, -2), keepdims=True)
    labels, clusters = shares.sum(axis=-1), shares.sum(axis=-2)
    of_label, of_cluster = -(labels * _log(labels)).sum(axis=-1), -(clusters * _log(clusters)).sum(axis=-1)
    return of_label + of_cluster + (shares * _log(shares)).sum(axis=(-1, -2)), of_label, of_cluster


def _ari_pseudo_values(label: Any, cluster: Any) -> np.ndarray:
    """Value plus influence (n,), from the table of counts with and without one item of each cell."""
    import numpy as np

    labels, row = np.unique(np.asarray(label), return_inverse=True)
    clusters, column = np.unique(np.asarray(cluster), return_inverse=True)
    cell = row * len(clusters) + column
    table = np.bincount(cell, minlength=len(labels) * len(clusters)).reshape(len(labels), -1).astype(np.float64)
    n, by_label, by_cluster = len(cell), table.sum(axis=1), table.sum(axis=0)
    together, in_label, in_cluster, pairs = (
        (counts * (counts - 1) / 2).sum() for counts in (table, by_label, by_cluster, np.array([n], dtype=np.float64))
    )
    value = _ari(together, in_label, in_cluster, pairs)
    without = _ari(
        together - (table - 1), in_label - (by_label[:, np.newaxis] - 1), in_cluster - (by_cluster - 1), pairs - (n - 1)
    )
    psi = ((n - 1) * (value - without)).reshape(-1)[cell]
    pseudo: np.ndarray = value + psi - psi.mean()
    return pseudo


def _ari(together: Any, in_label: Any, in_cluster: Any, pairs: Any) -> np.ndarray:
    """From numbers of pairs: in one cell, in one label, in one cluster, all. 1 where nothing could differ."""
    import numpy as np

    together = np.asarray(together, dtype=np.float64)
    expected = np.divide(in_label * in_cluster, pairs, out=np.zeros(together.shape), where=np.asarray(pairs) > 0)
    best = (in_label + in_cluster) / 2
    index: np.ndarray = np.divide(
        together - expected, best - expected, out=np.ones(together.shape), where=best != expected
    )
    return index


def _v_parts(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """H(label) + H(cluster), H(label, cluster), in nats, and the logarithms of the cells' shares."""
    shares = table / table.sum(axis=(-1, -2), keepdims=True)
    logs = _log(shares)
    labels, clusters = shares.sum(axis=-1), shares.sum(axis=-2)
    apart = -(labels * _log(labels)).sum(axis=-1) - (clusters * _log(clusters)).sum(axis=-1)
    return apart, -(shares * logs).sum(axis=(-1, -2)), logs


def _log(shares: np.ndarray) -> np.ndarray:
    """Logarithms, 0 for 0: where it is multiplied by the share, that is the limit."""
    import numpy as np

    logs: np.ndarray = np.log(shares, out=np.zeros(shares.shape), where=shares > 0)
    return logs
