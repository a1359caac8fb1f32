"""Softmax regression with an L2 penalty, solved to its optimum: the probes of classification and of tagging.

For features x, labels y and example weights w, weights W (d, k) and offsets b (k,) are found that minimize

    F(W, b) = C sum_i w_i (log sum_j exp(x_i W_j + b_j) - x_i W_y - b_y) + |W|^2 / 2

With two labels C is halved, which makes the model the logistic regression of scikit-learn with one weight vector. F has
a single optimum in W, so the result depends on the data alone, and not on how a processor rounds.

scikit-learn's solvers stop at a gradient of 1e-4 of the mean loss, where labels still depend on rounding, or need many
times longer (a lower tolerance, newton-cholesky). Here scipy's L-BFGS-B runs in coordinates in which the second
derivative at the start is the identity: the principal axes of the features, times those of the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Features = NDArray[np.floating]
Ints = NDArray[np.int64]

TOLERANCE = 1e-3
"""Length of F's gradient that counts as the optimum. F curves by 1 or more in every direction of W, so W is then nearer
than this to the optimum."""

RELATIVE_TOLERANCE = 1e-7
"""The same as a share of C sum_i w_i |x_i|, which no gradient of the losses exceeds by much: what double precision can
reach where C or the number of examples is large. scikit-learn stops at 1e-4 of the mean loss."""

STEP_TOLERANCE = 1e-7
"""Largest entry of the gradient, in the solver's own coordinates, at which it stops."""

ENOUGH, MANY = 0.1, 20_000
"""Of so many examples it stops, too, at a gradient of so much of the relative tolerance. Of 100,000 words that saves a
third of the steps, for probabilities within 5e-5 and the same labels of 50,000 others."""

MAX_ITERATIONS = 5_000
"""Steps at most; a fit that needs more says that it has not converged."""

MEMORY, MEMORY_NUMBERS = 20, 1 << 24
"""Pairs of steps and gradients from which L-BFGS estimates the curvature, and numbers in all of them; five pairs at
least."""

FEW_LABELS = 100
"""Up to so many labels, the axes are those of the second derivative; of more, the labels themselves, which need no
product of labels by labels."""

TURNED = 4
"""Up to so many times as many examples as dimensions, the features are turned into their principal axes once, and not
the weights at every step."""

BLOCK = 1 << 18
"""Features, or logits, held at once in double precision: what a processor's cache holds."""


@dataclass(frozen=True)
class Solution:
    """Weights and offsets at which the solver stopped."""

    weights: Floats
    """(d, k)"""
    offsets: Floats
    """(k,)"""
    iterations: int
    gradient: float
    """Length of F's gradient there."""
    tolerance: float
    """Length up to which it is the optimum."""

    @property
    def converged(self) -> bool:
        """Whether this is the optimum."""
        return self.gradient <= self.tolerance

    def logits(self, features: Features) -> Floats:
        """(n, k) for features (n, d)."""
        found = np.empty((len(features), len(self.offsets)))
        for rows, own in self.parts(features):
            found[rows] = own
        return found

    def parts(
        self, features: Features, scale: Callable[[Features], Floats] = lambda rows: rows.astype(np.float64)
    ) -> Iterator[tuple[slice, Floats]]:
        """Some rows of features (n, d) after the other, and their logits (b, k); ``scale`` makes of rows what was
        learned from."""
        for rows in _blocks(len(features), *self.weights.shape):
            yield rows, scale(features[rows]) @ self.weights + self.offsets


class Problem:
    """Examples to learn from; one problem can be solved for several C, each from where the last one ended."""

    def __init__(self, features: Features, codes: Ints, weights: NDArray[np.generic] | None = None) -> None:
        """
        Args:
            features: (n, d).
            codes: (n,) label codes from 0; each label below the largest code occurs, and there are two at least.
            weights: (n,) how many times an example counts; once each where it is None.
        """
        self._codes = codes
        self._counts = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=np.float64)
        self._total = float(self._counts.sum())
        self._prior = np.bincount(codes, weights=self._counts) / self._total
        self._mean = np.zeros(features.shape[1])
        for rows in _blocks(*features.shape):
            self._mean += self._counts[rows] @ features[rows].astype(np.float64) / self._total
        self._rows, self._axes, self._lift, self._squares = self._principal_axes(features)
        self._spread, self._turn = self._label_axes()

    def _label_axes(self) -> tuple[Floats, Floats | None]:
        """Curvature (k,) along the axes of the labels, and the axes (k, k; None: the labels themselves)."""
        if len(self._prior) > FEW_LABELS:
            return self._prior * (1 - self._prior), None
        spread, turn = np.linalg.eigh(np.diag(self._prior) - np.outer(self._prior, self._prior))
        return np.maximum(spread, 0.0), turn

    def _principal_axes(self, features: Features) -> tuple[Features, Floats | None, tuple[Floats, ...], Floats]:
        """Rows to compute with (n, r), their principal axes (r, r; None: the coordinates themselves), the map from
        weights of these rows to weights of the features, as factors of a matrix (d, r) (none: they are the same), and
        sums of squares (r,)."""
        n, dimensions = features.shape
        if n >= dimensions:
            scatter = np.zeros((dimensions, dimensions))
            for rows in _blocks(n, dimensions):
                centered = features[rows].astype(np.float64) - self._mean
                scatter += centered.T @ (centered * self._counts[rows, np.newaxis])
            squares, axes = np.linalg.eigh(scatter)
            if n <= TURNED * dimensions:
                return (features.astype(np.float64) - self._mean) @ axes, None, (axes,), np.maximum(squares, 0.0)
            return features, axes, (), np.maximum(squares, 0.0)
        # Fewer examples than dimensions: the optimal weights lie in the span of the examples.
        root = np.sqrt(self._counts)[:, np.newaxis]
        weighted = root * (features.astype(np.float64) - self._mean)
        squares, vectors = np.linalg.eigh(weighted @ weighted.T)
        kept = squares > 1e-14 * squares[-1]
        squares, vectors = squares[kept], vectors[:, kept]
        # The product of the features and of the map, without either: (weighted / root) (weighted' vectors / s).
        return vectors * np.sqrt(squares) / root, None, (weighted.T, vectors / np.sqrt(squares)), squares

    def solve(self, c: float, start: Solution | None = None) -> Solution:
        """The optimum for ``c``; ``start`` is this problem's solution for another one."""
        from scipy.optimize import minimize

        strength = c / 2 if len(self._prior) == 2 else c
        width, count = len(self._squares), len(self._prior)
        first, offsets = self._start(start)
        scale = 1 / np.sqrt(1 + strength * np.outer(self._squares, self._spread))
        curved = self._spread > 1e-12  # all offsets raised alike change nothing
        offset_scale = np.zeros(count)
        offset_scale[curved] = 1 / np.sqrt(strength * self._total * self._spread[curved])

        def place(flat: Floats) -> tuple[Floats, Floats]:
            step = flat.reshape(width + 1, count)
            weights, ends = scale * step[:-1], offset_scale * step[-1]
            if self._turn is not None:
                weights, ends = weights @ self._turn.T, ends @ self._turn.T
            return first + (weights if self._axes is None else self._axes @ weights), offsets + ends

        length = np.inf

        def loss(flat: Floats) -> tuple[float, Floats]:
            """F, and its gradient in the solver's own coordinates."""
            nonlocal length
            value, by_weight, by_offset = self._loss(*place(flat), strength)
            length = _length(by_weight, by_offset)
            if self._axes is not None:
                by_weight = self._axes.T @ by_weight
            if self._turn is not None:
                by_weight, by_offset = by_weight @ self._turn, by_offset @ self._turn
            return value, np.vstack([scale * by_weight, offset_scale * by_offset]).ravel()

        enough = ENOUGH * self._relative_tolerance(strength) if self._total >= MANY else 0.0

        def stop_where_enough(_: Floats) -> None:
            if length <= enough:
                raise StopIteration

        size = (width + 1) * count
        options = {
            "maxcor": min(MEMORY, max(5, MEMORY_NUMBERS // (2 * size))), "ftol": 0.0, "gtol": STEP_TOLERANCE,
            "maxiter": MAX_ITERATIONS, "maxfun": 2 * MAX_ITERATIONS,
        }  # fmt: skip
        found = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options=options, callback=stop_where_enough)
        return self._finish(*place(found.x), strength, int(found.nit))

    def _start(self, start: Solution | None) -> tuple[Floats, Floats]:
        """Weights of the rows, and offsets of centered rows: those of ``start``, else 0 and the labels' frequencies."""
        if start is None:
            logs = np.log(self._prior)
            return np.zeros((len(self._squares), len(logs))), logs - logs.mean()
        weights = start.weights
        for factor in self._lift:
            weights = factor.T @ weights
        return weights, start.offsets + self._mean @ start.weights

    def _finish(self, weights: Floats, offsets: Floats, strength: float, iterations: int) -> Solution:
        """The solution in the features' own coordinates, with the gradient there."""
        _, by_weight, by_offset = self._loss(weights, offsets, strength)
        tolerance = max(TOLERANCE, self._relative_tolerance(strength))
        own = weights
        for factor in reversed(self._lift):
            own = factor @ own
        return Solution(own, offsets - self._mean @ own, iterations, _length(by_weight, by_offset), tolerance)

    def _relative_tolerance(self, strength: float) -> float:
        """The length of a gradient that double precision can reach, whatever ``strength`` and number of examples."""
        radius = float(np.sqrt(self._squares.sum() / self._total))
        return RELATIVE_TOLERANCE * strength * self._total * radius

    def _loss(self, weights: Floats, offsets: Floats, c: float) -> tuple[float, Floats, Floats]:
        """F, and its derivatives by weights and by offsets of centered rows."""
        shift = offsets if self._lift else offsets - self._mean @ weights
        value, by_weight, by_offset = 0.0, np.zeros_like(weights), np.zeros_like(offsets)
        for rows in _blocks(len(self._codes), *weights.shape):
            block, codes = self._rows[rows].astype(np.float64, copy=False), self._codes[rows]
            logits = block @ weights + shift
            logits -= logits.max(axis=1, keepdims=True)
            own = logits[np.arange(len(codes)), codes]
            shares = np.exp(logits, out=logits)
            total = shares.sum(axis=1)
            counts = self._counts[rows]
            value += float(counts @ (np.log(total) - own))
            shares /= total[:, np.newaxis]
            shares[np.arange(len(codes)), codes] -= 1.0
            shares *= counts[:, np.newaxis]
            by_weight += block.T @ shares
            by_offset += shares.sum(axis=0)
        if not self._lift:
            by_weight -= np.outer(self._mean, by_offset)
        return c * value + 0.5 * float((weights * weights).sum()), c * by_weight + weights, c * by_offset


def _length(by_weight: Floats, by_offset: Floats) -> float:
    """Length of a gradient."""
    return float(np.sqrt((by_weight**2).sum() + (by_offset**2).sum()))


def _blocks(n: int, *widths: int) -> Iterator[slice]:
    """Slices of n rows that are so wide."""
    step = max(1, BLOCK // max(widths))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
