"""How often intervals of cross-fitted scores hold the truth: `main` prints a table.

    PYTHONPATH=tests/helpers python tests/campaigns/proof_cross_fitting.py  (some minutes)

Data sets are drawn fresh from a population of normal vectors around the centers of classes, and dealt out to ten folds.
Each fold is labeled by a probe of the others, as the protocol has it. The truth is the mean score of all such data
sets. An interval knows the test items; that the probes of the folds share most of their training items, and that an
item helps to label others, it does not know. Beside it stands one half that learns and one half that is scored.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from xlbench import metrics
from xlbench.stats import Scorer
from xlbench_tasks.protocols.numbers import probes

FOLDS = 10
C = 1.0


@dataclass(frozen=True)
class Population:
    """Classes of equal size, in vectors of ``d`` numbers, centers ``signal`` times a standard normal vector."""

    classes: int
    d: int
    signal: float

    def draw(self, n: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Vectors (n, d) and codes (n,), each class as often as the others."""
        centers = np.random.RandomState(0).standard_normal((self.classes, self.d)) * self.signal
        codes = np.arange(n) % self.classes
        return (centers[codes] + random.standard_normal((n, self.d))).astype(np.float32), codes


@dataclass(frozen=True)
class Coverage:
    """Of the intervals of one metric."""

    truth: float
    covered: float
    error: float
    """Root mean square of the standard errors, over the standard deviation of the scores."""
    width: float
    """Mean half-width."""


def cross_fitted(vectors: np.ndarray, codes: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and predictions of all items, each by the probe of the other folds."""
    said = np.empty(len(codes), np.int64)
    for one in np.unique(fold):
        said[fold == one] = (
            probes.Logistic(C).learn(vectors[fold != one], codes[fold != one]).label(vectors[fold == one])
        )
    return codes, said


def halves(vectors: np.ndarray, codes: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and predictions of one half, by the probe of the other."""
    test = fold < FOLDS // 2
    return codes[test], probes.Logistic(C).learn(vectors[~test], codes[~test]).label(vectors[test])


def coverage(population: Population, n: int, times: int, label=cross_fitted) -> dict[str, Coverage]:
    """Of accuracy and macro-F1 over so many data sets of n items."""
    labels = range(population.classes)
    made = {
        "accuracy": metrics.share("accuracy", lambda c: c["true"] == c["said"]),
        "macro_f1": metrics.macro_f1("macro_f1", labels, "true", "said"),
    }
    scorer, random = Scorer(resamples=1000), np.random.RandomState(n)
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in made}
    for place in range(times):
        vectors, codes = population.draw(n, random)
        true, said = label(vectors, codes, random.randint(0, FOLDS, n))
        for name, metric in made.items():
            score, _ = scorer.score(metric, {"true": true, "said": said}, None, str(place))
            found[name].append((score.value, score.low, score.high, score.se))
    return {name: _summary(np.array(rows)) for name, rows in found.items()}


def _summary(rows: np.ndarray) -> Coverage:
    value, low, high, se = rows.T
    truth = value.mean()
    return Coverage(
        truth=float(truth),
        covered=float(np.mean((low <= truth) & (truth <= high))),
        error=float(np.sqrt(np.mean(se**2)) / value.std(ddof=1)),
        width=float(np.mean(high - low) / 2),
    )


def main(times: int = 300) -> None:
    """Print the table of docs/coverage.md."""
    sys.stdout.write(
        "| data | scored | metric | truth | covered | se / true se | half-width |\n|---|---|---|---|---|---|---|\n"
    )
    ways = {"10 folds": cross_fitted, "half": halves}
    for population, n in (
        (Population(3, 64, 0.12), 200), (Population(3, 64, 0.25), 200),
        (Population(8, 64, 0.2), 320), (Population(8, 64, 0.4), 320),
    ):  # fmt: skip
        for name, label in ways.items():
            _write_lines(name, population, n, coverage(population, n, times, label))
    for population, n in (Population(3, 64, 0.0), 200), (Population(8, 64, 0.0), 320):
        _write_lines("10 folds, no signal", population, n, coverage(population, n, times))


def _write_lines(scored: str, population: Population, n: int, found: dict[str, Coverage]) -> None:
    for metric, one in found.items():
        sys.stdout.write(
            f"| {n} items, {population.classes} classes | {scored} | `{metric}` | {100 * one.truth:.1f} | "
            f"{100 * one.covered:.1f} | {one.error:.2f} | {100 * one.width:.1f} |\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
