"""LoRA on the transformer within a model of sentence-transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlbench import UsageError
from xlbench.core.errors import require_extra
from xlbench_train.training.adapters import merged, with_adapters

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def add_adapter(model: SentenceTransformer, rank: int, spec: str) -> None:
    """Put adapters of a rank on all linear layers of the transformer, and freeze the rest.

    Raises:
        UsageError: The base has no transformer, or peft is not installed.
    """
    require_extra("train", "--lora", "peft")
    from sentence_transformers.sentence_transformer.modules import Transformer

    first: Any = model[0]
    if not isinstance(first, Transformer):
        raise UsageError(f"--lora {rank}: {spec} does not begin with a transformer")
    first.model = with_adapters(first.model, rank)


def merge_adapter(model: SentenceTransformer) -> None:
    """Merge the adapters into the transformer, which is then as it was, with other weights."""
    first: Any = model[0]
    first.model = merged(first.model)
