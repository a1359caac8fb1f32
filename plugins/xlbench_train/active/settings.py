"""The settings of the recipe `active`: plain values, checked for what makes no sense together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from xlbench import UsageError
from xlbench_tasks.protocols.active.strategy import Strategy

BASELINE = Strategy()
"""What every other strategy is compared with: at random, in rounds of equal size."""


@dataclass(frozen=True)
class Settings:
    """What was asked for."""

    base: str
    tasks: tuple[str, ...]
    """``NAME`` or ``NAME:SUBSET,SUBSET``."""
    out: Path
    acquisition: tuple[str, ...] = ("uniform",)
    clusters: tuple[str, ...] = ("none",)
    schedule: tuple[str, ...] = ("constant",)
    sampling: tuple[str, ...] = ("accumulating",)
    warm_start: tuple[str, ...] = ("no",)
    budget: int = 500
    rounds: int = 10
    seeds: int = 5
    seed: int = 0
    """The first of them."""
    clusters_a_class: int = 10
    clustered_on: str = "vectors"
    """``vectors``, ``tf-idf`` or a model's spec."""
    samples: int = 10
    sampled_by: str = "dropout"
    c: float = 30.0
    full: bool = True
    """Whether the score with all labels of the pool is computed, too."""
    fine_tune: bool = False
    lora: int | None = None
    epochs: int = 10
    batch_size: int = 16
    learning_rate: float = 0.0
    """0: 2e-5, or 2e-4 with LoRA."""
    max_length: int = 128
    prompt: str = ""
    candidates: int = 0
    device: str = "auto"

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """All combinations, the baseline first, each once."""
        parts = (self.acquisition, self.clusters, self.schedule, self.sampling, self.warm_start)
        made = [Strategy(*one[:4], warm_start=one[4] == "yes") for one in product(*parts)]
        # With nothing but random draws, the first half at random is no other strategy.
        kept = [one for one in made if one.acquisition != "uniform" or one.clusters != "none" or not one.warm_start]
        return tuple(dict.fromkeys([BASELINE, *kept]))

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.learning_rate or (2e-4 if self.lora else 2e-5)

    def options(self, labels: tuple[str, ...]) -> Mapping[str, Any]:
        """As the protocol `label-budget` has them."""
        names = ("budget", "rounds", "seeds", "clusters_a_class", "clustered_on", "samples", "sampled_by", "c",
                 "candidates")  # fmt: skip
        return {"labels": labels, **{name: getattr(self, name) for name in names}}


def check(settings: Settings) -> None:
    """`UsageError` for what makes no sense, in one line."""
    if settings.budget < settings.rounds:
        raise UsageError(
            f"--rounds {settings.rounds}: a budget of {settings.budget} labels is less than one a round: lower it, or "
            f"raise --budget"
        )
    if not settings.fine_tune:
        for name in ("lora", "learning_rate", "prompt", "candidates"):
            if getattr(settings, name):
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option} is for --fine-tune: a probe on frozen vectors has nothing of the kind")
    elif settings.sampled_by != "dropout":
        raise UsageError("--sampled-by bootstrap is for frozen vectors: a transformer's samples are its own dropout")
    strategies = settings.strategies
    if settings.clustered_on != "vectors" and all(one.clusters == "none" for one in strategies):
        raise UsageError("--clustered-on has no meaning without --clusters ward or ward-every-round")
    if len(strategies) == 1:
        raise UsageError(
            "there is nothing to compare with random draws: give an --acquisition, say entropy,bald, or --clusters "
            "ward, or --schedule linear"
        )
