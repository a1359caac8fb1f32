"""Bootstrap resampling: counts of rows drawn, and values of a metric on the resamples.

Drawing N of N rows with replacement, where rows come in K cells, is exactly a multinomial over the cells. It is drawn
in one of two ways, both exact:

- few cells: `RandomState.multinomial`, some 90 ns a cell and replicate;
- many: independent Poisson counts, whose sum falls a little short of N, and the missing rows one by one. (Given their
  sum, Poisson counts are multinomial, whatever that sum is.) As a cell's mean is known beforehand, its counts are read
  from a table: some 5 ns a cell and replicate, against 13 ns a row for drawing indices.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.ids import digest
from xlbench.core.task import Metric
from xlbench.stats.rows import BLOCK, Grouped, gradient, unmasked, value_of

WIDE = 512
"""Up to so many units (clusters, or items that are alone) the drawn counts are kept for the next metric."""
SHORT = 1.5
"""Poisson counts aim at N - SHORT sqrt(N) rows: 7% of the replicates draw more than N and are drawn again."""
TABLE = 1 << 16
LARGE = 4096
"""A cell with more rows than this is drawn without a table."""


def random_state(seed: int, content: str) -> np.random.RandomState:
    """A generator for this seed and content. `RandomState`'s streams are frozen, `Generator`'s are not (NEP 19)."""
    if seed < 0:
        raise UsageError(f"the seed must not be negative: {seed}")
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, int(digest(content), 16)])))


def draw_counts(random: np.random.RandomState, counts: np.ndarray, size: int) -> np.ndarray:
    """``size`` draws of a multinomial with N = sum(counts) rows over K cells of ``counts`` (K,): integers (K, size)."""
    total = int(counts.sum())
    if len(counts) <= np.sqrt(total) / 4:
        drawn: np.ndarray = random.multinomial(total, counts / total, size).T
        return drawn
    kept: list[np.ndarray] = []
    missing = size
    while missing:
        surplus = missing + missing // 12 + 8  # for those that drew too many
        short = _poisson_counts(random, counts, max(0.0, 1 - SHORT / np.sqrt(total)), surplus)
        short = short[:, np.flatnonzero(short.sum(axis=0, dtype=np.int64) <= total)[:missing]]
        kept.append(_fill_missing(random, short, counts, total))
        missing -= short.shape[1]
    whole: np.ndarray = kept[0] if len(kept) == 1 else np.concatenate(kept, axis=1)
    return whole


def _poisson_counts(random: np.random.RandomState, counts: np.ndarray, share: float, size: int) -> np.ndarray:
    """Independent Poisson numbers (K, size) with means share * counts."""
    drawn = np.empty((len(counts), size), dtype=np.uint16 if counts.max() <= LARGE else np.int32)
    for count in np.unique(counts):
        cells = np.flatnonzero(counts == count)
        if count > LARGE:
            drawn[cells] = random.poisson(share * count, (len(cells), size))
        else:
            drawn[cells] = _poisson(random, share * float(count), len(cells) * size).reshape(len(cells), size)
    return drawn


def _poisson(random: np.random.RandomState, mean: float, size: int) -> np.ndarray:
    """Poisson numbers (size,) with one mean, by inversion.

    Sixteen random bits choose a 65,536th of the unit interval. Nearly always the distribution function has no step in
    it, and the answer is in a table; otherwise further bits decide where in it the draw lies.
    """
    from scipy import special  # takes longer to import than reading a board's cells, which does not come here

    values = np.arange(int(mean + 10 * np.sqrt(mean) + 25))
    steps = special.pdtr(values, mean)
    steps[-1] = 1.0
    slots = np.minimum(steps * TABLE, TABLE - 1).astype(np.intp)
    table = np.repeat(np.arange(len(steps) + 1, dtype=np.uint16), np.diff(slots, prepend=0, append=TABLE))
    table[slots] = TABLE - 1  # here lies a step: not known yet
    bits = np.frombuffer(random.bytes(2 * size), dtype="<u2")
    drawn: np.ndarray = table[bits]
    unsure = np.flatnonzero(drawn == TABLE - 1)
    fine = (bits[unsure] + random.random_sample(len(unsure))) / TABLE
    drawn[unsure] = np.searchsorted(steps, fine, side="right")
    return drawn


def _fill_missing(random: np.random.RandomState, short: np.ndarray, counts: np.ndarray, total: int) -> np.ndarray:
    """Counts (K, b) whose columns hold at most ``total`` rows, with the missing rows drawn one by one."""
    missing = total - short.sum(axis=0, dtype=np.int64)
    rows = (random.random_sample(int(missing.sum())) * total).astype(np.intp)
    cells = np.repeat(np.arange(len(counts)), counts)[rows]
    places = cells * short.shape[1] + np.repeat(np.arange(short.shape[1]), missing)
    added: np.ndarray = np.bincount(places, minlength=short.size).reshape(short.shape)
    added += short
    return added


class Resampler:
    """Draws that depend on a seed and on content alone, and on no one's order of asking.

    Draws for up to `WIDE` units are kept (the least recently used go first), so that the many metrics over one set of
    items, and the many language pairs over one set of documents, share them: common random numbers.
    """

    def __init__(self, seed: int = 0, resamples: int = 10_000, cache_bytes: int = 64 << 20) -> None:
        if resamples < 100:
            raise UsageError(f"a 95% interval needs at least 100 resamples, not {resamples}")
        self.seed = seed
        self.resamples = resamples
        self._room = cache_bytes
        self._kept: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    def blocks(self, units: Grouped, content: str) -> tuple[np.ndarray, Iterator[np.ndarray]]:
        """Distinct rows (K, p), and their counts in all replicates as blocks (K, b) of floats."""
        few = len(units.cells) <= np.sqrt(units.n) / 4
        if units.n > WIDE or few:
            return units.cells, self._drawn(units, content)
        return units.cells, self._slices(self._wide(units.n, content), units)

    def _drawn(self, units: Grouped, content: str) -> Iterator[np.ndarray]:
        random = random_state(self.seed, content)
        step = _step(units)
        for start in range(0, self.resamples, step):
            yield draw_counts(random, units.counts, min(step, self.resamples - start)).astype(np.float64)

    def _slices(self, counts: np.ndarray, units: Grouped) -> Iterator[np.ndarray]:
        step = _step(units)
        for start in range(0, self.resamples, step):
            yield _by_cell(counts[:, start : start + step], units.counts)

    def _wide(self, n: int, content: str) -> np.ndarray:
        """Counts (n, B) of n rows that are all distinct."""
        key = (content, n)
        if key not in self._kept:
            # A row is drawn more than 255 times with a probability below 1 / 256!, so a byte holds every count.
            drawn = draw_counts(random_state(self.seed, content), np.ones(n, dtype=np.int64), self.resamples)
            self._kept[key] = drawn.astype(np.uint8)
            while len(self._kept) > 1 and sum(counts.nbytes for counts in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _by_cell(drawn: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Counts (n, b) of rows, equal ones side by side, as those (K, b) of cells with ``counts`` (K,) rows each.

    All that follows is then as long as there are cells. (A loop, since `np.add.reduceat` is many times slower here.)
    """
    if len(counts) == len(drawn):
        return drawn.astype(np.float64)
    ends = np.cumsum(counts).tolist()
    merged = np.empty((len(counts), drawn.shape[1]))
    for cell, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        merged[cell] = drawn[start:end].sum(axis=0, dtype=np.uint16)
    return merged


def _step(units: Grouped) -> int:
    """Replicates in a block."""
    widest: int = max(units.cells.shape)
    return max(1, BLOCK // widest)


def replicates(metric: Metric, units: Grouped, resampler: Resampler, content: str) -> np.ndarray:
    """The metric's value (B,) in every resample of ``units``; NaN where a resample leaves it undefined."""
    rows, blocks = resampler.blocks(units, content)
    with np.errstate(all="ignore"):
        values = [unmasked(metric, "value()", metric.value((rows.T @ counts).T)) for counts in blocks]
    return np.concatenate(values).astype(np.float64)


def studentized(metric: Metric, units: Grouped, resampler: Resampler, content: str) -> tuple[np.ndarray, float]:
    """t = (theta* - theta) / se* (B,) in every resample, and se of the sample itself.

    Standard errors are of the delta method: sqrt(N/(N-1) sum (gradient . row)^2) over drawn rows. (The gradient of a
    scale-invariant value is orthogonal to the sums, so the rows need no centring.) Infinite where a resample has no
    spread but another value; NaN where the value is not defined.
    """
    value, se = value_of(metric, units.sums), _delta_error(metric, units)
    rows, blocks = resampler.blocks(units, content)
    correction = units.n / (units.n - 1)
    parts = []
    with np.errstate(all="ignore"):
        for counts in blocks:
            sums = (rows.T @ counts).T
            errors = np.sqrt(correction * _spread(gradient(metric, sums), rows, counts))
            errors[errors < 1e-9 * se] = 0.0  # rounding, not spread
            parts.append((unmasked(metric, "value()", metric.value(sums)).astype(np.float64) - value) / errors)
    return np.concatenate(parts), se


def _delta_error(metric: Metric, units: Grouped) -> float:
    with np.errstate(all="ignore"):
        slope = gradient(metric, units.sums[np.newaxis])
        spread = _spread(slope, units.cells, units.counts[:, np.newaxis].astype(np.float64))[0]
        return float(np.sqrt(units.n / (units.n - 1) * spread))


def _spread(slopes: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """sum over rows u of counts[u, b] (slopes[b] . rows[u])^2, as (b,)."""
    width = rows.shape[1]
    if width > 3:
        projected = rows @ slopes.T
        projected *= projected
        squares: np.ndarray = np.einsum("ub,ub->b", projected, counts)
        return squares
    first, second = np.triu_indices(width)
    moments = (rows[:, first] * rows[:, second]).T @ counts
    twice = np.where(first == second, 1.0, 2.0)[:, np.newaxis]
    squares = np.einsum("mb,mb->b", moments * twice, (slopes[:, first] * slopes[:, second]).T)
    positive: np.ndarray = np.maximum(squares, 0.0)
    return positive
