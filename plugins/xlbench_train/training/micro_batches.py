"""Micro-batch sizes: how many pairs of a batch go through the model at a time, at first and after memory ran out."""

from __future__ import annotations

from xlbench_train.settings import Settings
from xlbench_train.training.failures import TrainingStopped

CPU_MICRO_BATCH = 4
"""Pairs that go through a transformer at a time on a CPU."""


def first_micro_batch(settings: Settings, device: str) -> int:
    """The micro-batch size to start with: on a CPU a small one for transformers, which is faster (less padding) and
    takes a fraction of the memory; otherwise the whole batch."""
    if settings.is_static or device != "cpu":
        return settings.batch_size
    return _largest_divisor(settings.batch_size, CPU_MICRO_BATCH)


def smaller_micro_batch(batch_size: int, micro_batch_size: int) -> int:
    """The largest divisor of the batch size that is at most half the micro-batch size. `TrainingStopped` if that is
    1."""
    if micro_batch_size == 1:
        raise TrainingStopped(
            "out of memory with a single pair at a time: take a smaller --max-length, --lora 8, or a smaller base; "
            "--resume goes on from the last checkpoint"
        )
    return _largest_divisor(batch_size, micro_batch_size // 2)


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


def _largest_divisor(batch_size: int, most: int) -> int:
    """The largest divisor of a batch that is not larger than ``most``."""
    return max(size for size in range(1, most + 1) if batch_size % size == 0)
