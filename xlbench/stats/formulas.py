"""The formulas behind the metrics: values, gradients and influences of tables of summed rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


def class_counts(gold: np.ndarray, guess: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Rows (n, 3k) of 0 and 1: hits, true and predicted of each of k classes, from codes (n,)."""
    import numpy as np

    is_gold, is_guess = (one[:, np.newaxis] == np.asarray(classes) for one in (gold, guess))
    return np.concatenate([is_gold & is_guess, is_gold, is_guess], axis=1).astype(np.uint8)


Table = Callable[[Any], Any]
"""From contingency tables (..., labels, clusters) to (...), or to their like for a gradient."""


def label_codes(values: Any, labels: Sequence[Any], strict: str = "") -> np.ndarray:
    """Places (n,) of values in ``labels``, -1 for what is not there; with ``strict`` (who asks), `UsageError`."""
    import numpy as np

    found, inverse = np.unique(np.asarray(values), return_inverse=True)
    place = {label: index for index, label in enumerate(labels)}
    unknown = [value for value in found.tolist() if value not in place]
    if strict and unknown:
        raise UsageError(f"{strict}: {unknown[0]!r} is not among the labels {', '.join(map(str, labels))}")
    codes: np.ndarray = np.array([place.get(value, -1) for value in found.tolist()], dtype=np.intp)[inverse]
    return codes


def macro_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    scores = np.divide(2.0 * hits, gold + guess, out=np.zeros(hits.shape), where=seen)
    average: np.ndarray = scores.sum(axis=-1) / seen.sum(axis=-1)
    return average


def macro_gradient(sums: np.ndarray) -> np.ndarray:
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


def precision_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    average: np.ndarray = _shares(hits, guess, seen & (guess > 0)).sum(axis=-1) / seen.sum(axis=-1)
    return average


def precision_gradient(sums: np.ndarray) -> np.ndarray:
    """1/(k predicted) by hits, -P_c/(k predicted) by predicted, with the classes that occur held fixed."""
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    seen = gold > 0
    use = seen & (guess > 0)
    inverse = _shares(np.ones(hits.shape), guess, use) / seen.sum(axis=-1, keepdims=True)
    return np.concatenate([inverse, np.zeros(hits.shape), -_shares(hits, guess, use) * inverse], axis=-1)


def recall_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, _ = np.split(sums, 3, axis=-1)
    seen = gold > 0
    average: np.ndarray = _shares(hits, gold, seen).sum(axis=-1) / seen.sum(axis=-1)
    return average


def recall_gradient(sums: np.ndarray) -> np.ndarray:
    """1/(k true) by hits, -R_c/(k true) by true, with the classes that occur held fixed."""
    import numpy as np

    hits, gold, _ = np.split(sums, 3, axis=-1)
    seen = gold > 0
    inverse = _shares(np.ones(hits.shape), gold, seen) / seen.sum(axis=-1, keepdims=True)
    return np.concatenate([inverse, -_shares(hits, gold, seen) * inverse, np.zeros(hits.shape)], axis=-1)


def weighted_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    hits, gold, guess = np.split(sums, 3, axis=-1)
    scores = _shares(2.0 * hits, gold + guess, gold > 0)
    average: np.ndarray = (gold * scores).sum(axis=-1) / gold.sum(axis=-1)
    return average


def weighted_gradient(sums: np.ndarray) -> np.ndarray:
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


def f1_value(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    total = sums[..., 1] + sums[..., 2]
    scores: np.ndarray = np.divide(2.0 * sums[..., 0], total, out=np.ones(total.shape), where=total > 0)
    return scores


def f1_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    total = sums[..., 1] + sums[..., 2]
    inverse = np.divide(1.0, total, out=np.zeros(total.shape), where=total > 0)
    by_size = -2 * sums[..., 0] * inverse**2
    return np.stack([2 * inverse, by_size, by_size], axis=-1)


def purity_value(table: np.ndarray) -> np.ndarray:
    share: np.ndarray = table.max(axis=-2).sum(axis=-1) / table.sum(axis=(-1, -2))
    return share


def purity_gradient(table: np.ndarray) -> np.ndarray:
    """1/n where a label leads in its cluster, less purity/n everywhere; of leading labels that tie, the first."""
    import numpy as np

    total = table.sum(axis=(-1, -2), keepdims=True)
    leads = np.argmax(table, axis=-2)[..., np.newaxis, :] == np.arange(table.shape[-2])[:, np.newaxis]
    slope: np.ndarray = (leads - purity_value(table)[..., np.newaxis, np.newaxis]) / total
    return slope


def transposed(of_table: Table) -> Table:
    """The same with labels and clusters exchanged."""

    def swapped(table: np.ndarray) -> Any:
        import numpy as np

        return of_table(np.swapaxes(table, -1, -2))

    return swapped


def v_value(table: np.ndarray) -> np.ndarray:
    import numpy as np

    apart, joint, _ = _v_parts(table)
    value: np.ndarray = np.divide(2 * (apart - joint), apart, out=np.ones(apart.shape), where=apart > 0)
    return value


def v_gradient(table: np.ndarray) -> np.ndarray:
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


def nmi_value(table: np.ndarray) -> np.ndarray:
    import numpy as np

    shared, of_label, of_cluster = _entropies(table)
    scale = np.sqrt(of_label * of_cluster)
    both = (of_label == 0) & (of_cluster == 0)
    value: np.ndarray = np.divide(shared, scale, out=np.where(both, 1.0, 0.0), where=scale > 0)
    return value


def nmi_gradient(table: np.ndarray) -> np.ndarray:
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


def ari_pseudo_values(label: Any, cluster: Any) -> np.ndarray:
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
