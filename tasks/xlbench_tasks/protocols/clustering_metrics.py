"""Metrics of clusterings against classes, each averaged over the seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from xlbench import Columns, Metric, UsageError
from xlbench.stats.metrics import ari, averaged, inverse_purity, mean, nmi, purity, share, v_measure

if TYPE_CHECKING:
    import numpy as np

SEEDS = 10
"""How often, unless the card says."""
Make = Callable[..., Metric]


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; each is averaged over the clusterings."""
    _check(options)
    names = cluster_columns(options)
    found = [
        averaged(name, [_over_table(make, name, "label", column) for column in names], description)
        for name, (make, description) in _TABLE_METRICS.items()
    ]
    matched = [share("matched_accuracy", partial(_matched_share, cluster=column)) for column in names]
    adjusted = [ari("ari", "label", column) for column in names]
    found += [
        averaged("matched_accuracy", matched, "share of items in the cluster that is matched to their class"),
        averaged("ari", adjusted, "adjusted Rand index: pairs that agree, 0 by chance"),
    ]
    if options.get("multilingual"):
        by_language = [_over_table(purity, "language_purity", "language", column) for column in names]
        found.append(
            averaged("language_purity", by_language, "purity by language in the subset `all`; low is by meaning")
        )
    return tuple(found)


_TABLE_METRICS: Mapping[str, tuple[Make, str]] = {
    "purity": (purity, "share of items whose class is the most frequent one of their cluster"),
    "inverse_purity": (inverse_purity, "share of items in the largest cluster of their class"),
    "v_measure": (v_measure, "harmonic mean of homogeneity and completeness (NMI with the arithmetic mean)"),
    "nmi": (nmi, "mutual information over the geometric mean of the entropies"),
}


def _check(options: Mapping[str, Any]) -> None:
    """What the types of the options cannot say."""
    agglomerative = options.get("algorithm") == "agglomerative"
    if "linkage" in options and not agglomerative:
        raise UsageError("[options] linkage: is for algorithm = 'agglomerative'; remove it, or set the algorithm")
    for name in ("starts", "seeds"):
        if name in options and agglomerative:
            raise UsageError(f"[options] {name}: agglomerative clustering has no random start; remove it")
        if options.get(name, 1) < 1:
            raise UsageError(f"[options] {name}: must be 1 or more")
    if options.get("k", 2) < 2:
        raise UsageError("[options] k: must be 2 or more")
    labels = options.get("labels", ["a", "b"])
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise UsageError("[options] labels: must be two or more different labels")


def cluster_columns(options: Mapping[str, Any]) -> list[str]:
    """The columns with clusters: one a seed."""
    seeds = 1 if options.get("algorithm") == "agglomerative" else options.get("seeds", SEEDS)
    return [f"cluster_{seed}" for seed in range(1, seeds + 1)]


def _over_table(make: Make, name: str, label: str, cluster: str) -> Metric:
    """One clustering's part of a metric of contingency tables; not defined (NaN) where there is no such label."""
    # Where clusters are languages, every sentence in all languages has the same rows: a bootstrap has nothing to draw.
    kind: Literal["proportion", "jackknife"] = "proportion" if name in ("purity", "inverse_purity") else "jackknife"

    def values(columns: Columns) -> np.ndarray:
        import numpy as np

        from xlbench_tasks.protocols.numbers import grouping

        if label not in columns:
            return np.full(len(columns[cluster]), np.nan)
        return grouping.pseudo_values(make, columns[label], columns[cluster])

    return replace(mean(name, values), interval=kind)


def _matched_share(columns: Columns, cluster: str) -> np.ndarray:
    from xlbench_tasks.protocols.numbers import grouping

    return grouping.matched_items(columns["label"], columns[cluster])


def chance_of(columns: Columns, clusterings: Sequence[np.ndarray], seed: int) -> dict[str, float]:
    """What these clusters would score if the classes were dealt to the items at random."""
    from xlbench_tasks.protocols.numbers import grouping

    makes = {name: make for name, (make, _) in _TABLE_METRICS.items()}
    chance = grouping.chance(makes, columns["label"], clusterings, seed)
    chance["ari"] = 0.0  # that is what it is adjusted for
    if "language" in columns:
        chance["language_purity"] = grouping.chance({"p": purity}, columns["language"], clusterings, seed)["p"]
    return chance
