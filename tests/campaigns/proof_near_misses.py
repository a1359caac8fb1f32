"""How often the intervals of scores among near misses hold the truth: `main` prints a table.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_near_misses.py [TIMES]        (some minutes)

Each test goes through the protocol whole. Made ones are drawn fresh, without end: translations are normal vectors,
their near misses lie around them, and so do queries. Those of the embedded suite are n of its 300 English sentences
with their near misses, drawn without replacement: deviations are divided by sqrt(1 - n/N), and the truth is the mean
score of all such tests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import proof_populations
from proof_coverage import RESAMPLES, Coverage, summary

from xlbench import Data, EncodingSession, Subset
from xlbench.catalog import load
from xlbench.core.estimate import Estimate
from xlbench.stats import Scorer
from xlbench_tasks.data.near_misses import NearMiss
from xlbench_tasks.protocols import nearmiss
from xlbench_tasks.protocols.nearmiss import NearMissPair

KINDS = ("number", "entity", "antonym", "negation", "role", "tense")
"""Those of mini-nearmiss."""
CASES = (("ngram", "slk-eng"), ("ngram", "hin-eng"), ("minilm", "slk-eng"), ("minilm", "tur-eng"))

Test = tuple[NearMissPair, EncodingSession]


@dataclass(frozen=True)
class Rows:
    """An encoder of made texts, each of which is the number of its vector."""

    vectors: np.ndarray

    def encode(self, texts: Sequence[str], role: str | None = None) -> np.ndarray:
        """The vectors of those numbers."""
        return self.vectors[[int(text) for text in texts]]


def pair_of(queries: Sequence[str], candidates: Sequence[str], near: Sequence[tuple[int, NearMiss]]) -> NearMissPair:
    """Aligned texts, each alone."""
    ids = tuple(f"made:{row}" for row in range(len(queries)))
    return NearMissPair(ids, ids, tuple(queries), tuple(candidates), (), {}, tuple(near))


def made(n: int, d: int, noise: float, times: int) -> Iterator[Test]:
    """Tests of n items, every item with a near miss of the first kind and every second one with one of another.

    ``noise``: how far queries lie from their translations, in each of d dimensions; near misses lie .4 and 1 away.
    """
    random = np.random.RandomState(d)
    kinds = {KINDS[0]: (np.arange(n), 0.4), KINDS[1]: (np.arange(0, n, 2), 1.0)}
    for _ in range(times):
        right = random.standard_normal((n, d)) + 0.5
        queries = right + noise * random.standard_normal((n, d))
        away = [right[of] + far * random.standard_normal((len(of), d)) for of, far in kinds.values()]
        vectors = np.concatenate([queries, right, *away]).astype(np.float32)
        owners = [(int(row), kind) for kind, (of, _) in kinds.items() for row in of]
        near = [(row, NearMiss(kind, str(2 * n + place))) for place, (row, kind) in enumerate(owners)]
        texts = [str(number) for number in range(2 * n)]
        yield pair_of(texts[:n], texts[n:], near), EncodingSession(Rows(vectors))


def drawn(whole: NearMissPair, session: EncodingSession, n: int, times: int) -> Iterator[Test]:
    """Tests of n of the items, drawn without replacement, with all of their near misses."""
    random = np.random.RandomState(n)
    for _ in range(times):
        chosen = np.sort(random.permutation(len(whole.ids))[:n])
        place_of = {int(row): place for place, row in enumerate(chosen)}
        near = [(place_of[row], one) for row, one in whole.near_misses if row in place_of]
        yield pair_of(_some(whole.queries, chosen), _some(whole.candidates, chosen), near), session


def _some(texts: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [texts[row] for row in chosen]


def coverage(tests: Iterator[Test], names: Sequence[str], left: float = 1.0) -> dict[str, Coverage]:
    """Of some metrics over the tests, which are ``1 - left`` of all that there is."""
    options: Mapping[str, Any] = {"kinds": list(KINDS)}
    metrics = {metric.name: metric for metric in nearmiss.metrics(options)}
    scorer, found = Scorer(resamples=RESAMPLES), {name: list[Estimate]() for name in names}
    for place, (pair, session) in enumerate(tests):
        outcome = nearmiss.evaluate(Subset("a-b", ("a", "b"), load=lambda pair=pair: pair), session, options)
        for name in names:
            found[name].append(scorer.score(metrics[name], outcome.columns, None, str(place))[0])
    return {name: summary(scores, left=left) for name, scores in found.items()}


def embedded(name: str) -> NearMissPair:
    """All items of a pair of the embedded suite."""
    subset = next(one for one in load().tasks["mini-nearmiss"].subsets(Data(None)) if one.name == name)
    assert subset.load is not None
    whole: NearMissPair = subset.load()
    return whole


def main(times: int = 1000) -> None:
    """Print the table of docs/coverage.md."""
    head = ("tests", "metric", "truth", "covered", "too high", "se / true se", "method")
    sys.stdout.write(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    names = ("accuracy", "plain_accuracy", "above_number", "above_entity")
    for n, d, noise in ((100, 20, 1.1), (300, 20, 1.1), (300, 5, 0.4)):
        _write(f"normal vectors, {d} dimensions: {n} items", coverage(made(n, d, noise, times), names))
    every = ("accuracy", "plain_accuracy", *(f"above_{kind}" for kind in KINDS))
    sessions = {model: proof_populations.session(model) for model, _ in CASES}
    for model, name in CASES:
        whole = embedded(name)
        tests = drawn(whole, sessions[model], 150, times)
        _write(f"{model} {name}: 150 of {len(whole.ids)} items", coverage(tests, every, 1 - 150 / len(whole.ids)))


def _write(what: str, found: Mapping[str, Coverage]) -> None:
    for metric, one in found.items():
        sys.stdout.write(f"| {what} | `{metric}` | {one} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
