"""Softmax regression: its optimum is the one that scikit-learn finds when it is let run on, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from xlbench_tasks.protocols.numbers import softmax


def examples(seed: int, n: int, dimensions: int, labels: int, noise: float = 1.0):
    """Points (n, d) around a center a label, shifted far from the origin, and codes; every label occurs."""
    random = np.random.RandomState(seed)
    codes = np.concatenate([np.arange(labels), random.randint(0, labels, n - labels)])
    centers = 3 + random.standard_normal((labels, dimensions))
    return centers[codes] + noise * random.standard_normal((n, dimensions)), codes


MANY = pytest.param(220, 3, 110, marks=pytest.mark.slow)  # labels


@pytest.mark.parametrize("c", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize(("n", "dimensions", "labels"), [(200, 8, 2), (200, 8, 5), (40, 100, 2), (40, 100, 4), MANY])
def test_the_optimum_is_scikit_learns(n, dimensions, labels, c):
    """More examples than dimensions and fewer, two labels, several, and more than a hundred: the same probabilities."""
    features, codes = examples(n, n, dimensions, labels)
    found = softmax.Problem(features, codes).solve(c)
    assert found.converged
    with threadpool_limits(1):
        slow = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-9, max_iter=1000).fit(features, codes)
    asked, _ = examples(n + 1, 150, dimensions, labels, 2.0)
    logits = found.logits(asked)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), slow.predict_proba(asked), atol=2e-4)


def test_the_gradient_vanishes_at_the_solution():
    """By central differences of the stated function, in every direction that was tried."""
    features, codes = examples(0, 60, 6, 3)
    weights = np.random.RandomState(1).randint(1, 4, 60)
    found = softmax.Problem(features, codes, weights).solve(2.0)

    def stated(change: np.ndarray, step: float) -> float:
        moved = found.weights + step * change[:-1]
        logits = features @ moved + found.offsets + step * change[-1]
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(60), codes]
        return float(2.0 * weights @ losses + 0.5 * (moved**2).sum())

    for seed in range(10):
        change = np.random.RandomState(seed).standard_normal((7, 3))
        change /= np.linalg.norm(change)
        assert abs(stated(change, 1e-4) - stated(change, -1e-4)) / 2e-4 < 1e-4
        assert stated(change, 0.1) > stated(change, 0.0)


def test_weights_are_repetitions_and_a_start_changes_nothing():
    """An example that counts three times is three examples; from another C's solution the same optimum is reached."""
    features, codes = examples(2, 50, 80, 4)
    times = np.random.RandomState(3).randint(1, 4, 50)
    weighted = softmax.Problem(features, codes, times)
    repeated = softmax.Problem(np.repeat(features, times, axis=0), np.repeat(codes, times))
    one, other = weighted.solve(5.0), repeated.solve(5.0)
    np.testing.assert_allclose(one.logits(features), other.logits(features), atol=3e-5)
    again = weighted.solve(5.0, weighted.solve(0.5))
    np.testing.assert_allclose(one.logits(features), again.logits(features), atol=3e-5)


def test_what_stopped_early_is_not_called_converged(monkeypatch):
    """Where steps run out, the gradient that is left tells."""
    monkeypatch.setattr(softmax, "MAX_ITERATIONS", 2)
    features, codes = examples(4, 100, 20, 4)
    found = softmax.Problem(features, codes).solve(100.0)
    assert found.iterations == 2
    assert not found.converged


def test_features_in_single_precision_and_in_blocks_have_the_same_optimum(monkeypatch):
    """Blocks bound the memory alone."""
    features, codes = examples(5, 400, 12, 3)
    whole = softmax.Problem(features.astype(np.float32), codes).solve(1.0)
    monkeypatch.setattr(softmax, "BLOCK", 12 * 30)
    parts = softmax.Problem(features.astype(np.float32), codes).solve(1.0)
    np.testing.assert_allclose(whole.logits(features), parts.logits(features), atol=1e-6)


def test_of_many_examples_it_stops_where_nothing_changes_any_more(monkeypatch):
    """With fewer steps, probabilities are those of the optimum and every label is the same."""
    features, codes = examples(6, 30_000, 16, 5, 3.0)
    asked, _ = examples(7, 5_000, 16, 5, 3.0)
    found = softmax.Problem(features, codes).solve(1.0)
    monkeypatch.setattr(softmax, "MANY", len(features) + 1)
    whole = softmax.Problem(features, codes).solve(1.0)
    assert found.converged
    assert found.iterations < whole.iterations
    one, other = (solution.logits(asked) for solution in (found, whole))
    np.testing.assert_allclose(one, other, atol=1e-3)
    np.testing.assert_array_equal(one.argmax(axis=1), other.argmax(axis=1))
