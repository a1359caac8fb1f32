"""A static encoder's folder: ``config.json`` says what its features are, ``model.safetensors`` holds its table.

The same folder is one of sentence-transformers (see `xlbench_train.training.ngram_module`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as as_bytes

from xlbench import DataError, UsageError
from xlbench_train.static import features
from xlbench_train.static.table import BITS, PackedTable

SETTINGS, WEIGHTS = "config.json", "model.safetensors"
TABLE, SCALES = "embedding.weight", "embedding.scales"
"""Names of the tensors."""


@dataclass(frozen=True)
class Settings:
    """What config.json says."""

    buckets: int
    dimensions: int
    bits: int = 32
    features: int = features.VERSION


def save(folder: Path, table: PackedTable, settings: Settings) -> None:
    """Write settings and table into ``folder``, which is there."""
    tensors = {TABLE: np.ascontiguousarray(table.numbers)}
    if table.scales is not None:
        tensors[SCALES] = np.ascontiguousarray(table.scales)
    (folder / WEIGHTS).write_bytes(as_bytes(tensors))  # its own save_file lets nobody else read the file
    (folder / SETTINGS).write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")


def read_settings(folder: Path) -> Settings:
    """The settings of ``folder``.

    Raises:
        UsageError: Where there is no such file, or it is that of another version.
        DataError: Where it is damaged.
    """
    path = folder / SETTINGS
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        settings = Settings(**{name: found[name] for name in ("buckets", "dimensions", "bits", "features")})
    except FileNotFoundError:
        raise UsageError(f"there is no {path}: give the folder of an n-gram table") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path} does not describe an n-gram table ({error}): download or train it anew") from None
    numbers = (settings.buckets, settings.dimensions, settings.bits, settings.features)
    if not all(type(number) is int for number in numbers) or min(numbers) < 1 or settings.bits not in BITS:
        raise DataError(f"{path}: buckets, dimensions, bits and features must be whole numbers: train it anew")
    if settings.features != features.VERSION:
        raise UsageError(
            f"{path}: its features are of version {settings.features}, this xlbench reads {features.VERSION}: "
            f"train it anew, or install the xlbench that made it"
        )
    return settings


def load(folder: Path) -> tuple[PackedTable, Settings]:
    """Settings and table of ``folder``.

    Raises:
        UsageError: Where a file is missing.
        DataError: Where one is damaged, or the two do not go together.
    """
    settings = read_settings(folder)
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise UsageError(f"there is no {path}: download or train it anew") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is damaged ({error}): download or train it anew") from None
    _check(path, tensors, settings)
    return PackedTable(tensors[TABLE], tensors.get(SCALES), settings.bits), settings


def _check(path: Path, tensors: dict[str, np.ndarray], settings: Settings) -> None:
    """`DataError` where the tensors are not those that the settings promise."""
    kind, width = {4: (np.uint8, settings.dimensions // 2), 8: (np.int8, settings.dimensions)}.get(
        settings.bits, (np.float32, settings.dimensions)
    )
    expected: dict[str, tuple[tuple[int, ...], np.dtype]] = {TABLE: ((settings.buckets, width), np.dtype(kind))}
    if settings.bits < 32:
        expected[SCALES] = ((settings.buckets,), np.dtype(np.float16))
    found = {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
    if found != expected:
        raise DataError(f"{path} does not hold the table that {SETTINGS} describes: download or train it anew")
    measured = tensors.get(SCALES, tensors[TABLE])
    if not np.isfinite(measured).all():
        raise DataError(f"{path} holds numbers that are not finite: download or train it anew")
