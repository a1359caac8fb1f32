"""The parts of a strategy, by their names: what is wanted most, among which groups, in how large rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xlbench import UsageError
from xlbench.core.text import did_you_mean

ACQUISITIONS: Mapping[str, str] = {
    "uniform": "at random",
    "entropy": "where the mean probabilities have the highest entropy",
    "margin": "where the two likeliest labels are nearest to each other",
    "bald": "where samples of the model disagree most: entropy of their mean less their mean entropy",
    "variance": "where the probabilities vary most from sample to sample",
    "furthest-batch": "the text whose vector is furthest from all chosen ones, one after the other",
}
CLUSTERINGS: Mapping[str, str] = {
    "none": "no groups",
    "ward": "groups by Ward's method, made once; every group in turn gives one text",
    "ward-every-round": "the same, made again in every round of the texts that have no label yet",
}
SCHEDULES: Mapping[str, str] = {
    "constant": "rounds of equal size",
    "linear": "rounds that shrink by the same number each",
    "dif-build": "rounds that are larger the more predictions the last one has changed",
}
SAMPLINGS: Mapping[str, str] = {
    "accumulating": "a round adds to what is learned from",
    "recalculating": "a round chooses anew, of all texts, what is learned from",
}
CLUSTERED_ON: Mapping[str, str] = {
    "vectors": "the encoder's vectors",
    "tf-idf": "character n-grams",
}
SAMPLED_BY: Mapping[str, str] = {
    "dropout": "dropout of input features, one mask a sample for all texts",
    "bootstrap": "probes of bootstrapped labels",
}


@dataclass(frozen=True)
class Strategy:
    """How labels are spent."""

    acquisition: str = "uniform"
    clusters: str = "none"
    schedule: str = "constant"
    sampling: str = "accumulating"
    warm_start: bool = False
    """Whether the first half of the budget is drawn at random, whatever the acquisition."""

    def __post_init__(self) -> None:
        for name, allowed in _PARTS.items():
            value = getattr(self, name)
            if value not in allowed:
                raise UsageError(
                    f"{name}: there is no {value!r}, only {', '.join(allowed)}.{did_you_mean(str(value), allowed)}"
                )

    @property
    def name(self) -> str:
        """What it is called: its acquisition, and whatever is not the default."""
        plain = Strategy()
        parts = [getattr(self, part) for part in _PARTS if getattr(self, part) != getattr(plain, part)]
        named = parts if self.acquisition != plain.acquisition else [plain.acquisition, *parts]
        return "_".join([*named, *["warm"] * self.warm_start])


_PARTS = {"acquisition": ACQUISITIONS, "clusters": CLUSTERINGS, "schedule": SCHEDULES, "sampling": SAMPLINGS}


def strategy_of(options: Mapping[str, Any]) -> Strategy:
    """The strategy that options name, whatever else they say."""
    return Strategy(**{name: options[name] for name in (*_PARTS, "warm_start") if name in options})
