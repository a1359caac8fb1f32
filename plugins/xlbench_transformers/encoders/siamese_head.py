"""The classification head of a siamese checkpoint: its settings, its weights, and the probabilities that it gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from xlbench import DataError, EncoderError
from xlbench.core.permissions import permissions
from xlbench.core.text import did_you_mean
from xlbench_transformers.encoders import hf

SETTINGS = "siamese.json"
POOLINGS = ("mean", "cls", "max", "last")
INPUTS = ("u", "v", "|u-v|")
"""What a head is given, unless ``siamese.json`` says otherwise: Reimers and Gurevych, Sentence-BERT (2019)."""
_FEATURES = {
    "u": lambda u, v: u,
    "v": lambda u, v: v,
    "|u-v|": lambda u, v: np.abs(u - v),
    "u*v": lambda u, v: u * v,
}


class CheckpointTensors:
    """The tensors of a checkpoint by name: shapes at once, numbers when they are asked for."""

    def __init__(self, folder: Path, pattern: str = "model*.safetensors") -> None:
        self._file_of: dict[str, Path] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._unpickled: dict[str, torch.Tensor] = {}
        with hf.loading(folder, "model"):
            for path in sorted(folder.glob(pattern)):
                with safe_open(path, framework="pt") as file:
                    for name in file.keys():  # noqa: SIM118 - not a mapping
                        self._file_of[name] = path
                        self._shapes[name] = tuple(file.get_slice(name).get_shape())
            if not self._shapes and permissions().allow_pickle:
                for path in sorted(folder.glob("pytorch_model*.bin")):
                    self._unpickled.update(torch.load(path, map_location="cpu", weights_only=True))
                self._shapes = {name: tuple(value.shape) for name, value in self._unpickled.items()}
        if not self._shapes:
            raise EncoderError(f"{folder}: no weights in model.safetensors; pickles are read with --allow-pickle alone")

    @property
    def names(self) -> Sequence[str]:
        """The names of all tensors."""
        return list(self._shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, known without reading it."""
        return self._shapes[name]

    def read(self, name: str) -> torch.Tensor:
        """A tensor's numbers, from the file."""
        if name in self._unpickled:
            return self._unpickled[name]
        with safe_open(self._file_of[name], framework="pt") as file:
            tensor: torch.Tensor = file.get_tensor(name)
            return tensor


@dataclass(frozen=True)
class SiameseSettings:
    """``siamese.json``: ``pooling``, and ``head`` with ``weight``, ``bias``, ``inputs`` and ``labels``."""

    pooling: str | None = None
    weight: str | None = None
    """Name of the head's matrix among the tensors."""
    bias: str | None = None
    inputs: tuple[str, ...] = INPUTS
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """softmax(W x + b) over features x of a pair's vectors."""

    name: str
    tensors: tuple[str, ...]
    """Names of the tensors that it was read from."""
    weight: NDArray[np.float32]
    """(classes, len(inputs) * d)"""
    bias: NDArray[np.float32]
    inputs: tuple[str, ...]
    labels: tuple[str, ...]

    def probabilities(self, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each class, (n, classes), for vectors (n, d) of the first and the second texts."""
        features = np.concatenate([_FEATURES[name](u, v) for name in self.inputs], axis=1).astype(np.float64)
        logits = features @ self.weight.T + self.bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return shares


def read_head(folder: Path, shapes: CheckpointTensors, name: str, settings: SiameseSettings) -> Head:
    """The head whose weights are the tensor ``name``. `EncoderError` if its shape or labels do not fit."""
    weight = shapes.read(name).float().numpy()
    bias_name = settings.bias or f"{name.removesuffix('weight')}bias"
    bias = np.zeros(len(weight), np.float32)
    if bias_name in shapes.names:
        bias = shapes.read(bias_name).float().numpy()
    elif settings.bias:
        raise EncoderError(f"{folder / SETTINGS}: there is no tensor {settings.bias!r} for the head's bias")
    if bias.shape != (len(weight),):
        raise EncoderError(f"{folder}: the head {name} has {len(weight)} classes, its bias has shape {bias.shape}")
    if settings.labels and len(settings.labels) != len(weight):
        raise EncoderError(
            f"{folder / SETTINGS}: {len(settings.labels)} labels for the {len(weight)} classes of {name}"
        )
    tensors = (name, bias_name) if bias_name in shapes.names else (name,)
    return Head(name, tensors, weight, bias, settings.inputs, settings.labels)


def describe_head(head: Head | None) -> str:
    """The head in words, for the details of a model."""
    if head is None:
        return "none"
    labels = f" ({', '.join(head.labels)})" if head.labels else ""
    return f"{head.name}: {len(head.weight)} classes{labels} over {', '.join(head.inputs)}"


def read_settings(path: Path) -> SiameseSettings:
    """``siamese.json``, checked; all defaults where there is none."""
    if not path.is_file():
        return SiameseSettings()
    try:
        table: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: no JSON: {error}") from None
    _check_keys(path, table, ("pooling", "head"))
    head = table.get("head") or {}
    _check_keys(path, head, ("weight", "bias", "inputs", "labels"))
    pooling = table.get("pooling")
    if pooling is not None and pooling not in POOLINGS:
        raise DataError(
            f"{path}: pooling {pooling!r}: choose one of {', '.join(POOLINGS)}.{did_you_mean(str(pooling), POOLINGS)}"
        )
    inputs = tuple(map(str, head.get("inputs") or INPUTS))
    for name in inputs:
        if name not in _FEATURES:
            raise DataError(f"{path}: a head has no input {name!r}: choose among {', '.join(_FEATURES)}")
    return SiameseSettings(
        pooling, head.get("weight"), head.get("bias"), inputs, tuple(map(str, head.get("labels") or ()))
    )


def _check_keys(path: Path, table: Any, known: Sequence[str]) -> None:
    if not isinstance(table, dict):
        raise DataError(f"{path}: {table!r} is no object with {' and '.join(known)}")
    for name in table:
        if name not in known:
            raise DataError(
                f"{path}: there is no setting {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}"
            )
