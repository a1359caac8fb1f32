"""Reads names and shapes of safetensors, and bounds what a configuration may ask for."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from xlbench import DataError, UsageError
from xlbench_transformers.listing import check_regular, objects_in

MAX_HEADER_BYTES = 4 << 20
"""Size of the largest header that is read, some 40,000 tensors: parsing takes about thirty times as much memory."""

MAX_LAYERS = 1000
"""Layers of a model, by its configuration: each is an object before any weight is read."""

MAX_LABELS = 100_000
"""Labels of a head, by its configuration, for each of which transformers makes a name."""

_LAYER_COUNT = re.compile(r"(num_|n_)?(\w+_)?layers?")
_LABEL_COUNTS = ("num_labels", "_num_labels")
_WIDTHS = ("hidden_size", "dim", "d_model", "n_embd")
_WRAPPED = re.compile(r"(encoder|([\w.]+\.)?auto_model)\.embeddings\.")
"""Names of tensors of an encoder that was saved within a module of training code; no class of transformers alone has
such names, but those with a decoder."""

Shapes = Mapping[str, tuple[int, ...]]
"""Name -> shape of tensors."""


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the tensors in a safetensors file, whose length is checked. `DataError` for a damaged one.

    Format: eight bytes with the length of the header, the header (JSON), the numbers.
    """
    check_regular(path.parent, (path.name,))
    damaged = f"{path} is damaged: it was cut off, or is no safetensors file: download or save it anew"
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = path.stat().st_size
            if not 2 <= length <= size - 8:
                raise DataError(damaged)
            if length > MAX_HEADER_BYTES:
                raise DataError(
                    f"{path}: its list of tensors has {length:,} bytes; more than {MAX_HEADER_BYTES:,} are not read"
                )
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        if end + length + 8 != size:
            raise DataError(damaged)
        return {name: tuple(tensor["shape"]) for name, tensor in header.items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise DataError(damaged) from None


def check_counts(config: Mapping[str, Any], label: str) -> None:
    """`UsageError` where a configuration asks for more layers or labels than any model has: making them never ends."""
    for table in objects_in(config):
        for name, value in table.items():
            if not isinstance(value, int):
                continue
            limit = MAX_LAYERS if _LAYER_COUNT.fullmatch(name) else MAX_LABELS if name in _LABEL_COUNTS else value
            if value > limit:
                raise UsageError(f"{label}: config.json has {name} = {value:,}; more than {limit:,} are not loaded")


def check_sizes(config: Mapping[str, Any], shapes: Shapes, label: str) -> None:
    """`UsageError` where a table of weights would have more rows than there are numbers in all the weights."""
    held = sum(map(prod, shapes.values()))
    for table in objects_in(config):
        for name in ("vocab_size", *_WIDTHS, "intermediate_size", "d_ff"):
            value = table.get(name)
            if isinstance(value, int) and value > max(held, 1 << 20):
                raise UsageError(f"{label}: config.json has {name} = {value:,}, and its weights hold {held:,} numbers")


def is_wrapped_pair(config: Mapping[str, Any], shapes: Shapes) -> bool:
    """Whether the weights are an encoder of pairs, which transformers would not find or would read in part.

    It has a classifier over (u, v, |u - v|), a matrix of three times as many columns as the encoder is wide, beside an
    encoder whose tensors share a prefix; or its encoder lies within another module, as training code leaves it.
    """
    width = next((config[key] for key in _WIDTHS if key in config), None)
    prefix, _ = Counter(name.partition(".")[0] for name in shapes).most_common(1)[0]
    heads = [shape for name, shape in shapes.items() if len(shape) == 2 and name.partition(".")[0] != prefix]
    if width and any(shape[1] == 3 * width for shape in heads):
        return True
    return any(map(_WRAPPED.match, shapes)) and not any(name.startswith("decoder.") for name in shapes)
