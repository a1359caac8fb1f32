"""Masks: which tokens of a block are to be told, by the library's collator, drawn from a block's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DataCollatorForLanguageModeling

from xlbench.core.ids import digest
from xlbench_train.mlm.settings import MASKED_SHARE

ALPHA, THETA = 0.5, 10
"""Of `weights`: those of its source."""


def weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (v,) by inverse frequency: w(t) = max(count(t), theta) ^ -alpha.

    With theta = 10, below which a token is as rare as any, and alpha = 0.5: the frequency weighted sampling of Zhang et
    al. (2023), "Weighted Sampling for Masked Language Modeling" (https://arxiv.org/abs/2302.14225).

    Args:
        counts: How often each token (v,) occurs in the corpus.
    """
    found: NDArray[np.float64] = np.maximum(counts, THETA).astype(np.float64) ** -ALPHA
    return found


def weighted_probabilities(weight: torch.Tensor, is_free: torch.Tensor, share: float) -> torch.Tensor:
    """Of tokens (b, n), with which probability each is masked: min(1, share * n_free * w / sum of w), in each row.

    Each is drawn by itself, so that a row has share * n_free masked tokens on average (fewer where a probability
    exceeded 1); tokens are drawn in proportion to their weights, as in the source of `weights`.

    Args:
        weight: Of each token.
        is_free: Whether it may be masked at all.
        share: Of the free tokens, that are masked.
    """
    free = weight * is_free
    wanted = share * is_free.sum(dim=1, keepdim=True)
    return (wanted * free / free.sum(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)


class _Weighted(DataCollatorForLanguageModeling):
    """The library's collator with masks by weight: those that are drawn are the only ones that it may mask, and it
    masks them all."""

    weight: torch.Tensor
    """Of each token of the vocabulary (v,)."""

    def torch_mask_tokens(
        self, inputs: Any, special_tokens_mask: Any | None = None, offset_mapping: Any | None = None
    ) -> tuple[Any, Any]:
        """Tokens with masks and labels, both (b, n)."""
        assert isinstance(special_tokens_mask, torch.Tensor)
        is_free = special_tokens_mask == 0
        probability = weighted_probabilities(self.weight[inputs], is_free, MASKED_SHARE)
        drawn = torch.bernoulli(probability, generator=self.generator).bool()
        found: tuple[Any, Any] = super().torch_mask_tokens(inputs, special_tokens_mask=~drawn)
        return found


class Masking:
    """A collator whose masks follow from the seed, the epoch and the numbers of the blocks alone: a training that was
    killed and goes on draws the same ones."""

    def __init__(self, tokenizer: Any, mask: str, seed: int, weight: NDArray[np.float64] | None = None) -> None:
        """``mask``: one of `MASKS`; ``weight``: of each token (v,), for ``weighted``."""
        self._seed = seed
        common: dict[str, Any] = {"tokenizer": tokenizer, "mlm_probability": MASKED_SHARE}
        if mask == "whole-word":
            # the library knows no random tokens for whole words
            self._collator = DataCollatorForLanguageModeling(
                **common, whole_word_mask=True, mask_replace_prob=1.0, random_replace_prob=0.0
            )
        elif mask == "token":
            self._collator = DataCollatorForLanguageModeling(**common)
        else:
            assert weight is not None
            self._collator = _Weighted(**common | {"mlm_probability": 1.0})
            self._collator.weight = torch.from_numpy(weight)
        self._keeps_words = mask == "whole-word"

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Blocks as a batch: ``input_ids`` with masks, ``attention_mask``, and ``labels``, -100 where nothing is asked;
        each (b, n)."""
        given = [dict(example) for example in examples]
        draws = [example.pop("draw") for example in given]
        if not self._keeps_words:
            for example in given:
                del example["offset_mapping"]
        number = int(digest("mask", str(self._seed), repr(draws))[:15], 16)
        self._collator.generator = torch.Generator().manual_seed(number)
        found: dict[str, torch.Tensor] = dict(self._collator(given))
        return found
