"""xlbench.stats.bootstrap: the draws are those of resampling with replacement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as reference

from xlbench import UsageError, metrics
from xlbench.core.task import Metric
from xlbench.stats import bootstrap
from xlbench.stats.bootstrap import Resampler, draw_counts, random_state, replicates, studentized
from xlbench.stats.rows import Grouped, group


def fits(observed, probabilities):
    """Chi-square p-value of observed counts, rare outcomes pooled."""
    expected = np.asarray(probabilities) * np.sum(observed)
    rare = expected < 8
    observed = np.append(np.asarray(observed)[~rare], np.asarray(observed)[rare].sum())
    expected = np.append(expected[~rare], max(expected[rare].sum(), 1e-9))
    keep = expected > 1e-6
    assert observed[~keep].sum() == 0
    return reference.chisquare(observed[keep], expected[keep], sum_check=False).pvalue


@pytest.mark.parametrize("counts", [[1, 1, 1], [1, 2, 3], [2, 2, 1, 1]])
def test_counts_are_multinomial(counts):
    """Every possible outcome of a tiny resampling comes as often as the multinomial says."""
    total = sum(counts)
    drawn = draw_counts(random_state(0, "tiny"), np.array(counts), 40_000)
    outcomes = [o for o in itertools.product(range(total + 1), repeat=len(counts)) if sum(o) == total]
    places = {outcome: place for place, outcome in enumerate(outcomes)}
    observed = np.bincount([places[tuple(column)] for column in drawn.T.tolist()], minlength=len(outcomes))
    share = np.array(counts) / total
    assert fits(observed, [reference.multinomial.pmf(outcome, total, share) for outcome in outcomes]) > 1e-3


@pytest.mark.parametrize(
    "counts", [np.ones(60), np.arange(1, 41), np.array([5000, *[3] * 60]), np.array([700, 300])], ids=str
)
def test_moments_are_multinomial(counts):
    """Sums, means, variances and covariances, for few cells and many, small cells and huge ones."""
    counts = counts.astype(np.int64)
    total, size = counts.sum(), 20_000
    drawn = draw_counts(random_state(1, "moments"), counts, size)
    assert drawn.shape == (len(counts), size)
    assert (drawn.sum(axis=0) == total).all()
    share = counts / total
    spread = total * share * (1 - share)
    assert np.abs((drawn.mean(axis=1) - counts) / np.sqrt(spread / size)).max() < 4.5
    assert drawn.var(axis=1) == pytest.approx(spread, rel=0.08)
    assert np.cov(drawn[0], drawn[1])[0, 1] == pytest.approx(
        -total * share[0] * share[1], abs=4.5 * np.sqrt(spread[0] * spread[1] / size)
    )


@pytest.mark.parametrize("mean", [0.3, 0.9, 13.0, 400.0, 4096.0])
def test_the_table_draws_poisson_numbers(mean):
    """Counts from the table follow the Poisson distribution, tails included."""
    size = 200_000
    drawn = bootstrap._poisson(random_state(2, "table"), mean, size)
    observed = np.bincount(drawn, minlength=10)
    pmf = reference.poisson.pmf(np.arange(len(observed)), mean)
    pmf[-1] += reference.poisson.sf(len(observed) - 1, mean)
    assert fits(observed, pmf) > 1e-3


def test_a_mean_of_zero_draws_zeros():
    """As is needed for four rows and fewer, which are all drawn one by one."""
    assert not bootstrap._poisson(random_state(2, "zero"), 0.0, 1000).any()


def test_grouped_rows_resample_as_items_do():
    """The bootstrap over cells has the quantiles of the plain one over indices, for a macro-F1."""
    rng = np.random.default_rng(5)
    true = rng.integers(0, 5, 600)
    columns = {"true": true, "predicted": np.where(rng.random(600) < 0.5, true, rng.integers(0, 5, 600))}
    metric = metrics.macro_f1("f1", range(5))
    table = metric.rows(columns).astype(float)
    plain = [float(metric.value(table[rng.integers(0, 600, 600)].sum(axis=0))) for _ in range(4000)]
    grouped = replicates(metric, group(table), Resampler(0, 4000), "grouped")
    assert grouped.std() == pytest.approx(np.std(plain), rel=0.06)
    assert reference.ks_2samp(plain, grouped).pvalue > 1e-3


def test_draws_depend_on_seed_and_content_alone():
    """Neither what was asked before nor what was kept changes a draw; seed and content do."""
    metric = metrics.mean("mean", "x")
    few, many = (group(metric.rows({"x": np.random.default_rng(1).random(n)})) for n in (50, 700))
    used = Resampler(0, 500)
    for units, content in ((many, "b"), (few, "b"), (few, "a")):
        replicates(metric, units, used, content)
    for units in (few, many):
        fresh = replicates(metric, units, Resampler(0, 500), "a")
        assert np.array_equal(replicates(metric, units, used, "a"), fresh)
        assert not np.array_equal(replicates(metric, units, used, "c"), fresh)
        assert not np.array_equal(replicates(metric, units, Resampler(1, 500), "a"), fresh)


def test_the_stream_is_frozen():
    """The first draws for seed 0 are these, today and later."""
    assert random_state(0, "frozen").randint(0, 1000, 4).tolist() == [47, 404, 308, 715]
    assert draw_counts(random_state(0, "frozen"), np.ones(6, dtype=int), 2).T.tolist() == [
        [1, 1, 0, 1, 2, 1],
        [3, 0, 1, 1, 0, 1],
    ]


def test_the_memory_for_kept_draws_is_bounded(monkeypatch):
    """Draws used least recently are drawn again; those just used are kept."""
    calls = []
    real = bootstrap.draw_counts
    monkeypatch.setattr(bootstrap, "draw_counts", lambda *given: calls.append(1) or real(*given))
    metric = metrics.mean("mean", "x")
    units = group(metric.rows({"x": np.arange(40.0)}))
    resampler = Resampler(0, 500, cache_bytes=2 * 40 * 500)
    for content, drawn in (("a", 1), ("b", 2), ("a", 2), ("c", 3), ("a", 3), ("b", 4)):
        replicates(metric, units, resampler, content)
        assert len(calls) == drawn


def test_blocks_are_bounded_and_do_not_change_the_shape():
    """However many rows there are, a block holds no more numbers than it may."""
    units = Grouped(np.arange(3000.0)[:, None], np.ones(3000, dtype=np.int64), np.arange(3000))
    _, blocks = Resampler(0, 1000).blocks(units, "")
    shapes = [block.shape for block in blocks]
    assert sum(width for _, width in shapes) == 1000
    assert max(height * width for height, width in shapes) <= bootstrap.BLOCK


def test_studentized_draws_by_hand():
    """t* of a mean is the one-sample t statistic of the drawn values, for moments and projections alike."""
    rng = np.random.default_rng(3)
    x = rng.random(30)
    metric = metrics.mean("mean", "x", (-9, 9))
    wide = Metric("mean", lambda c: np.stack([c["x"], 0 * c["x"], 0 * c["x"], 0 * c["x"] + 1], axis=1),
                  lambda sums: sums[..., 0] / sums[..., 3])  # fmt: skip
    units, resampler = group(metric.rows({"x": x})), Resampler(0, 200)
    found, se = studentized(metric, units, resampler, "t")
    assert se == pytest.approx(reference.sem(x))
    values, blocks = resampler.blocks(units, "t")
    drawn = [np.repeat(values[:, 0], column.astype(int)) for block in blocks for column in block.T]
    expected = [reference.ttest_1samp(sample, x.mean()).statistic for sample in drawn]
    assert found == pytest.approx(np.array(expected), rel=1e-6)
    by_projection, _ = studentized(wide, group(wide.rows({"x": x})), resampler, "t")
    assert by_projection == pytest.approx(found, rel=1e-4)


def test_settings_out_of_range_are_refused():
    """A negative seed, or too few resamples for the tails of an interval."""
    with pytest.raises(UsageError, match="negative"):
        random_state(-1, "")
    with pytest.raises(UsageError, match="at least 100"):
        Resampler(0, 99)


def test_equal_rows_are_counted_together():
    """Few distinct rows among few items: every replicate draws as many rows as there are, and those of the items."""
    rows = np.array([[1, 0], [0, 1], [1, 1]])[np.repeat([0, 1, 2], [50, 9, 1])]
    units = group(rows)
    cells, blocks = Resampler(resamples=500).blocks(units, "content")
    counts = np.concatenate(list(blocks), axis=1)
    alone = Grouped(np.repeat(units.cells, units.counts, axis=0), np.ones(60, np.int64), np.arange(60))
    whole, items = Resampler(resamples=500).blocks(alone, "content")
    assert counts.shape == (3, 500)
    assert (counts.sum(axis=0) == 60).all()
    assert (cells.T @ counts == whole.T @ np.concatenate(list(items), axis=1)).all()
