"""The settings of the recipe ``mlm``: plain values, checked for what makes no sense together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from xlbench import UsageError
from xlbench_train.training import output_folder

NEW = "new:"
"""How the spec of a new model begins."""
TOKENIZERS: dict[str, str] = {
    "new": "trained on the corpus",
    "base": "the base's own",
    "extend": "the base's own, with frequent words of the corpus that it takes apart",
}
MASKS: dict[str, str] = {
    "whole-word": "all pieces of a word, or none",
    "token": "pieces",
    "weighted": "pieces, rare ones more often",
}
PIECES = ("wordpiece", "unigram")
VOCABULARY = 8000
"""Pieces of a new tokenizer, where nobody says another number."""
ADDED = 1000
"""Words that a tokenizer is extended by, where nobody says another number."""
MASKED_SHARE = 0.15
"""Of the tokens, that are to be told: that of BERT (Devlin et al. 2019)."""


@dataclass(frozen=True)
class Settings:
    """What was asked for. 0 steps, epochs, minutes or rate, and no tokenizer, are defaults, see `resolve`."""

    base: str
    corpus: tuple[str, ...]
    out: Path
    tokenizer: str = ""
    pieces: str = "wordpiece"
    vocabulary: int = 0
    steps: int = 0
    epochs: int = 0
    budget_minutes: float = 0.0
    evaluations: int = 10
    """Of a training that is counted in steps, the one before it left out."""
    mask: str = "whole-word"
    batch_size: int = 32
    learning_rate: float = 0.0
    warmup: float = 0.1
    max_length: int = 128
    lora: int | None = None
    patience: int = 3
    seed: int = 0
    device: str = "auto"

    @property
    def is_new(self) -> bool:
        """Whether the model is a new one."""
        return self.base.startswith(NEW)


def resolve(given: Settings) -> Settings:
    """The settings with defaults where nothing is given, which a kind of base has of its own."""
    tokenizer = given.tokenizer or ("new" if given.is_new else "base")
    rate = 5e-4 if given.is_new else 2e-4 if given.lora else 5e-5
    return replace(
        given,
        tokenizer=tokenizer,
        vocabulary=given.vocabulary or {"new": VOCABULARY, "extend": ADDED}.get(tokenizer, 0),
        epochs=given.epochs or (0 if given.steps or given.budget_minutes else 3),
        learning_rate=given.learning_rate or rate,
    )


def check(given: Settings) -> None:
    """`UsageError` where two settings make no sense together; of resolved ones."""
    output_folder.check_name(given.out)
    amounts = {"--steps": given.steps, "--epochs": given.epochs, "--budget-minutes": given.budget_minutes}
    if len(several := [name for name, value in amounts.items() if value]) > 1:
        raise UsageError(f"{' and '.join(several)} each say how long to train: give one of them")
    if given.is_new:
        if given.tokenizer != "new":
            raise UsageError(
                f"--tokenizer {given.tokenizer}: a new model has none of its own: give --tokenizer new, or a --base "
                f"that has one"
            )
        if given.lora:
            raise UsageError(f"--lora {given.lora}: a new model has nothing to adapt: leave --lora out")
    elif given.lora and given.tokenizer != "base":
        raise UsageError(
            f"--lora {given.lora} trains no vectors of pieces, and --tokenizer {given.tokenizer} has new ones: give "
            f"--tokenizer base, or leave --lora out"
        )
    if given.tokenizer == "base" and given.vocabulary:
        raise UsageError(
            f"--vocabulary {given.vocabulary}: the base's tokenizer stays as it is: give --tokenizer extend"
        )
