"""xlbench.stats.combining: what is remembered of clusters changes no sum."""

from __future__ import annotations

import gc

import numpy as np

from xlbench.stats.combining import Combiner, Part, combine


def parts_of(seed: int, clusters: list[np.ndarray], *, seeds: bool = False) -> list[Part]:
    random = np.random.default_rng(seed)
    found = []
    for codes in clusters:
        marks = codes >= 1000 if seeds else None
        found.append(Part(
            random.random(), codes, random.standard_normal(len(codes)), len(codes),
            sets=None if marks is None else marks.astype(np.intp), shares=random.random(len(codes)), seeds=marks,
            bias=random.random(),
        ))  # fmt: skip
    return found


def same(one: Part, other: Part) -> None:
    """Both parts are equal to the last bit."""
    assert (one.value, one.n, one.bias) == (other.value, other.n, other.bias)
    for name in ("clusters", "influence", "sets", "shares", "seeds"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        assert mine is None or np.asarray(mine).tobytes() == np.asarray(theirs).tobytes()


def test_a_combiner_gives_what_it_gives_without_memory():
    """For models over equal, overlapping and separate clusters, with and without seeds, sums are equal to the bit."""
    grids = [
        [np.arange(50)] * 4,
        [np.arange(50), np.arange(25, 75), np.arange(200, 230)],
        [np.array([1, 5, 9, 1000, 1001]), np.array([1, 6, 9, 1000, 1001])],
        [np.array([3]), np.arange(5)],
    ]
    combiner = Combiner()
    for number, clusters in enumerate(grids):
        for seed in range(5):
            own = parts_of(seed, clusters, seeds=number == 2)
            same(combiner.combine(own), combine(own))
            weights = [0.2 * (place + 1) * (-1) ** place for place in range(len(own))]
            same(combiner.combine(own, weights), combine(own, weights))


def test_arrays_that_are_gone_are_not_taken_for_others():
    """What is remembered holds the arrays that it is remembered by: no later one can have their identity."""
    combiner = Combiner()
    for turn in range(200):
        own = parts_of(turn, [np.arange(3) + turn % 7, np.arange(4) + turn % 5])
        same(combiner.combine(own), combine(own))
        assert combiner.sets_of(own[0]).freedoms.tobytes() == Combiner().sets_of(own[0]).freedoms.tobytes()
        del own
        gc.collect(0)


def test_models_share_what_they_have_in_common():
    """Averages of two models over the same arrays hold the same arrays of clusters and shares."""
    first = parts_of(0, [np.arange(20), np.arange(10, 30)])
    second = [Part(0.1, one.clusters, one.influence * 2, one.n, shares=one.shares) for one in first]
    combiner = Combiner()
    a, b = combiner.combine(first), combiner.combine(second)
    assert a.clusters is b.clusters
    assert a.shares is b.shares
