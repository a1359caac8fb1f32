"""LoRA: trains adapters instead of the whole transformer, and merges them before saving."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from xlbench import UsageError
from xlbench.core.errors import require_extra

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def add_adapter(model: SentenceTransformer, rank: int, spec: str) -> None:
    """Put adapters of a rank on all linear layers of the transformer, and freeze the rest.

    Raises:
        UsageError: The base has no transformer, or peft is not installed.
    """
    require_extra("train", "--lora", "peft")
    from peft import LoraConfig, get_peft_model
    from sentence_transformers.sentence_transformer.modules import Transformer

    first: Any = model[0]
    if not isinstance(first, Transformer):
        raise UsageError(f"--lora {rank}: {spec} does not begin with a transformer")
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers in its older words
        first.model = get_peft_model(first.model, config)


def merge_adapter(model: SentenceTransformer) -> None:
    """Merge the adapters into the transformer, which is then as it was, with other weights."""
    first: Any = model[0]
    first.model = first.model.merge_and_unload()
