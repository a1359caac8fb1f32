"""The settings of the recipe ``siamese``: plain values, checked for what makes no sense together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from xlbench import UsageError
from xlbench_train.training import output_folder

Objective = Literal["softmax", "contrastive", "triplet", "cosine", "distill"]

OBJECTIVES: dict[str, str] = {
    "softmax": "softmax(W(u, v, |u - v|)): is a pair a translation",
    "contrastive": "the translation among all second sides of the batch",
    "triplet": "the translation nearer than another text, by a margin",
    "cosine": "regression: cosine 1 of translations, 0 of other pairs",
    "distill": "both sides where a --teacher has the first",
}
NEGATIVES: dict[str, tuple[str, ...]] = {
    "softmax": ("random", "hard"),
    "contrastive": ("in-batch", "hard"),
    "triplet": ("random", "hard"),
    "cosine": ("random", "hard"),
    "distill": (),
}
"""Objective -> where its other pairs may come from, the default first."""
POOLINGS = ("mean", "cls", "max", "lasttoken")
MAX_LENGTH = 128
"""Tokens of a text, where nothing is given and the base reads as many."""
NGRAMS = "ngrams:"
"""How the spec of a static base of hashed character n-grams begins: ``ngrams:65536x192``."""


@dataclass(frozen=True)
class Settings:
    """What was asked for. 0 epochs, pairs or rate is the default of the kind of base, see `resolve`."""

    base: str
    pairs: tuple[str, ...]
    out: Path
    eval_pairs: tuple[str, ...] = ()
    objective: Objective = "contrastive"
    negatives: str | None = None
    teacher: str | None = None
    epochs: int = 0
    batch_size: int = 0
    learning_rate: float = 0.0
    warmup: float = 0.1
    max_length: int | None = None
    pooling: str | None = None
    prompt: str = ""
    lora: int | None = None
    patience: int = 3
    seed: int = 0
    device: str = "auto"
    skip_empty: bool = False
    is_static: bool = False
    """Whether the base is a table of n-grams, and no transformer."""


def resolve(given: Settings, *, is_static: bool) -> Settings:
    """The settings with the defaults of a kind of base where nothing is given. `UsageError` for one that it lacks."""
    if is_static:
        for name, value in (("--lora", given.lora), ("--pooling", given.pooling), ("--max-length", given.max_length)):
            if value:
                raise UsageError(f"{name} {value} is for transformers: a table of n-grams has nothing of the kind")
    static = is_static
    return replace(
        given,
        is_static=static,
        negatives=given.negatives or (NEGATIVES[given.objective] or ("none",))[0],
        epochs=given.epochs or (5 if static else 3),
        batch_size=given.batch_size or (512 if static else 32),
        learning_rate=given.learning_rate or (0.02 if static else 2e-4 if given.lora else 2e-5),
    )


def check(given: Settings) -> None:
    """`UsageError` where two settings make no sense together, whatever the base."""
    output_folder.check_name(given.out)
    able = NEGATIVES[given.objective]
    if given.negatives and given.negatives not in able:
        takes = f"takes {' or '.join(able)}" if able else "has none"
        raise UsageError(f"--negatives {given.negatives}: the objective {given.objective} {takes}")
    if given.objective == "distill" and not given.teacher:
        raise UsageError("--objective distill needs a --teacher, whose vectors are learned")
    if given.teacher and given.objective != "distill":
        raise UsageError(f"--teacher is for --objective distill: {given.objective} learns from the pairs alone")
    if given.objective == "contrastive" and given.batch_size == 1:
        raise UsageError(
            "--batch-size 1: the objective contrastive learns from the other pairs of a batch: give 2 or more"
        )
