"""LoRA: trains adapters instead of a whole transformer, and merges them before saving."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from xlbench.core.errors import require_extra


def with_adapters(transformer: Any, rank: int, *, whole: Sequence[str] = ()) -> Any:
    """A transformer with adapters of a rank on all its linear layers (but its output layer), the rest frozen.

    Args:
        transformer: One of Hugging Face's library.
        rank: Of the two matrices of an adapter.
        whole: Names of modules that are trained whole beside them, such as a new ``classifier``.

    Raises:
        MissingExtraError: peft is not installed.
    """
    require_extra("train", "--lora", "peft")
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", modules_to_save=[*whole] or None
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in its older words
        return get_peft_model(transformer, config)


def merged(transformer: Any) -> Any:
    """The transformer as it was, with the adapters merged into its weights."""
    return transformer.merge_and_unload()
