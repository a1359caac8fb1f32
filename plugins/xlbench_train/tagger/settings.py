"""The settings of the recipe ``tagger``: plain values, checked for what makes no sense together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from xlbench import UsageError
from xlbench_train.training import output_folder

MAX_LENGTH = 256
"""Tokens of a window, where nothing is given and the base reads as many."""
LEARNING_RATE = 5e-5
LORA_RATE = 5e-4


@dataclass(frozen=True)
class Settings:
    """What was asked for. A learning rate of 0 is the default, see `resolve`."""

    base: str
    tasks: tuple[str, ...]
    """``il-ner:hin,urd`` each: a task and its languages."""
    out: Path
    progressive: bool = False
    """Whether languages are trained one after the other, in the order given, and not all together."""
    train_size: int | None = None
    """At most so many training sentences of each language."""
    dev_size: int | None = None
    """At most so many sentences of each language to evaluate on."""
    epochs: int = 3
    batch_size: int = 8
    learning_rate: float = 0.0
    warmup: float = 0.1
    max_length: int | None = None
    layers: int | None = None
    """Only so many of the base's layers, from the first."""
    lora: int | None = None
    patience: int = 3
    seed: int = 0
    device: str = "auto"


def resolve(given: Settings) -> Settings:
    """The settings with the defaults where nothing is given."""
    return replace(given, learning_rate=given.learning_rate or (LORA_RATE if given.lora else LEARNING_RATE))


def check(given: Settings) -> None:
    """`UsageError` where two settings make no sense together, whatever base and data are."""
    output_folder.check_name(given.out)
    if given.dev_size is not None and given.dev_size < 1:
        raise UsageError("--dev-size: at least 1 sentence is needed to choose an epoch by")
