"""Pooling and layers: values that numpy gives by hand, padding on either side, and layers that there are not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import xlbench
from xlbench_transformers.encoders import pooling

pytestmark = pytest.mark.slow

VECTORS = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32) - 2
MASKS = {
    "right": np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]),
    "left": np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]),
}
BY_HAND = {
    "mean": lambda kept: kept.mean(axis=0),
    "max": lambda kept: kept.max(axis=0),
    "cls": lambda kept: kept[0],
    "last": lambda kept: kept[-1],
}


@pytest.mark.parametrize("side", MASKS)
@pytest.mark.parametrize("how", BY_HAND)
def test_padding_is_left_out_on_either_side(how, side):
    """A text's vector is made of its own tokens alone, whichever side is padded; a maximum below zero stays there."""
    mask = MASKS[side]
    pooled = pooling.pool(torch.from_numpy(VECTORS), torch.from_numpy(mask), how).numpy()
    expected = [BY_HAND[how](vectors[kept == 1]) for vectors, kept in zip(VECTORS, mask, strict=True)]
    np.testing.assert_allclose(pooled, expected, rtol=1e-6)


def test_a_padding_vector_that_is_no_number_does_no_harm():
    """NaN in a padded place, as some attention kernels leave it, stays out of the mean."""
    vectors = torch.tensor([[[1.0], [3.0], [torch.nan]]])
    assert pooling.pool(vectors, torch.tensor([[1, 1, 0]]), "mean").tolist() == [[2.0]]


def test_half_precision_is_pooled_in_float32():
    """The mean of 4,000 bfloat16 numbers is not lost to their eight bits."""
    vectors = torch.full((1, 4000, 1), 1.0, dtype=torch.bfloat16)
    pooled = pooling.pool(vectors, torch.ones(1, 4000), "mean")
    assert pooled.dtype == torch.float32
    assert pooled.item() == 1.0


def output(states):
    return SimpleNamespace(last_hidden_state=states[-1], hidden_states=tuple(states))


def test_layers_are_averaged():
    """The vectors of a token in several layers are averaged; layers count from the embeddings, 0, or from the end."""
    states = [torch.full((1, 2, 3), float(10**layer)) for layer in range(4)]
    for layers, expected in [((-1,), 1000), ((0, -1), 500.5), ((-2, -1), 550), ((0, 1, 2, 3), 277.75), ((1,), 10)]:
        vectors = pooling.token_vectors(output(states), layers, torch.Size((1, 2)))
        assert vectors.dtype == torch.float32
        np.testing.assert_allclose(vectors.numpy(), np.full((1, 2, 3), expected))


@pytest.mark.parametrize("layer", [4, -5, 12])
def test_a_layer_that_there_is_not(layer):
    """A layer out of range is one line that says how many layers there are."""
    states = [torch.zeros(1, 2, 3)] * 4
    with pytest.raises(xlbench.UsageError, match=rf"^layer={layer}: the model has 3 layers: 1 to 3 .* 0, the embedd"):
        pooling.token_vectors(output(states), (0, layer), torch.Size((1, 2)))


def test_a_layer_of_another_length():
    """Layers that do not have a vector for each token (characters, blocks of tokens) are refused."""
    states = [torch.zeros(1, 2, 3), torch.zeros(1, 1, 3), torch.zeros(1, 2, 3)]
    with pytest.raises(xlbench.EncoderError, match=r"gives \(1, 1\) vectors for \(1, 2\)"):
        pooling.token_vectors(output(states), (1,), torch.Size((1, 2)))


def test_an_unknown_pooling():
    """A pooling that there is not is named with those that there are."""
    with pytest.raises(xlbench.UsageError, match="pooling=median: choose one of mean, cls, max, last"):
        pooling.pool(torch.zeros(1, 1, 1), torch.ones(1, 1), "median")
