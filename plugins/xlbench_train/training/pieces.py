"""How many pairs go through a model at a time, of a batch of any size: at first, and where memory has run out."""

from __future__ import annotations

from xlbench_train.settings import Settings
from xlbench_train.training.failures import TrainingStopped

PIECE = 4
"""Pairs that go through a transformer at a time on a processor."""


def first_piece(settings: Settings, device: str) -> int:
    """How many pairs go through at a time until memory runs out: on a processor few of a transformer, which is quicker
    (they are padded less) and takes a fraction of the memory."""
    if settings.is_static or device != "cpu":
        return settings.batch_size
    return _part(settings.batch_size, PIECE)


def smaller_piece(batch_size: int, piece: int) -> int:
    """At most half as many pairs at a time, of which a batch is made without a remainder, so that it stays as large.
    `TrainingStopped` where it is one already."""
    if piece == 1:
        raise TrainingStopped(
            "out of memory with a single pair at a time: take a smaller --max-length, --lora 8, or a smaller base; "
            "--resume goes on from the last checkpoint"
        )
    return _part(batch_size, piece // 2)


def smaller_batch(settings: Settings) -> int:
    """Half a batch of a table of n-grams, which is not taken apart. `TrainingStopped` where there is nothing to halve:
    of the objective contrastive, a single pair has no other to be told from."""
    half = settings.batch_size // 2
    if half < (2 if settings.objective == "contrastive" else 1):
        raise TrainingStopped(
            f"out of memory with batches of {settings.batch_size}: take a smaller table than {settings.base}, in "
            f"another --out"
        )
    return half


def _part(batch_size: int, most: int) -> int:
    """The largest divisor of a batch that is not larger than ``most``."""
    return max(size for size in range(1, most + 1) if batch_size % size == 0)
