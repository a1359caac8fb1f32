"""Pools token vectors into one vector a text, from one or several layers.

Arithmetic on tensors alone, in float32 whatever the model computes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from xlbench import EncoderError, UsageError


def check_layers(layers: Sequence[int], count: int) -> None:
    """`UsageError` where one of ``layers`` is none of a model with ``count`` layers above its embeddings."""
    for layer in layers:
        if not -count - 1 <= layer <= count:
            raise UsageError(
                f"layer={layer}: the model has {count} layers: 1 to {count} (or -{count} to -1), and 0, the embeddings"
            )


def token_vectors(output: Any, layers: Sequence[int], shape: torch.Size) -> torch.Tensor:
    """Vectors of tokens, float32 (texts, tokens, d): the mean of the given layers, 0 the embeddings, -1 the last.

    ``output`` is what a transformers model returns; it needs ``hidden_states`` for any layer but the last alone.
    ``shape`` is (texts, tokens). Raises `UsageError` for a layer that there is not, `EncoderError` where the model has
    no vector for each token.
    """
    if tuple(layers) == (-1,):
        chosen = [output.last_hidden_state]
    else:
        states = output.hidden_states
        check_layers(layers, len(states) - 1)
        chosen = [states[layer] for layer in layers]
    for state in chosen:
        if state.shape[:-1] != shape:
            raise EncoderError(f"the model gives {tuple(state.shape[:-1])} vectors for {tuple(shape)} (texts, tokens)")
    mean: torch.Tensor = chosen[0].float()
    for state in chosen[1:]:
        mean = mean + state.float()
    return mean / len(chosen) if len(chosen) > 1 else mean


def pool(vectors: torch.Tensor, mask: torch.Tensor, how: str) -> torch.Tensor:
    """One vector a text, float32 (n, d), of its tokens' vectors (n, t, d).

    ``mask`` (n, t) is 1 at tokens and 0 at padding, which may be on either side; every text has a token. ``how``:
    ``mean`` of all tokens (special ones, too), ``max`` of each dimension, ``cls`` the first token, ``last`` the last.
    """
    vectors = vectors.float()
    mask = mask.bool()
    if how == "cls":
        return _at(vectors, mask.int().argmax(dim=1))
    if how == "last":
        return _at(vectors, mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1))
    if how == "max":
        return vectors.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(dim=1)
    if how == "mean":
        return vectors.masked_fill(~mask.unsqueeze(-1), 0).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    raise UsageError(f"pooling={how}: choose one of mean, cls, max, last")


def _at(vectors: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """The vector in column ``columns[i]`` of text i."""
    return vectors[torch.arange(len(vectors), device=vectors.device), columns]
