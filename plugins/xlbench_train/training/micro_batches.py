"""Micro-batch sizes: how much of a batch goes through the model at a time, at first and after memory ran out."""

from __future__ import annotations

from xlbench_train.training.failures import TrainingStopped

CPU_MICRO_BATCH = 4
"""Examples that go through a transformer at a time on a CPU."""


def first_micro_batch(batch_size: int, device: str) -> int:
    """The micro-batch size to start with: on a CPU a small one, which is faster for transformers (less padding) and
    takes a fraction of the memory; otherwise the whole batch."""
    return batch_size if device != "cpu" else _largest_divisor(batch_size, CPU_MICRO_BATCH)


def smaller_micro_batch(batch_size: int, micro_batch_size: int, unit: str) -> int:
    """The largest divisor of the batch size that is at most half the micro-batch size.

    Raises:
        TrainingStopped: It is 1 already. ``unit`` is what a batch has so many of, as ``pair``.
    """
    if micro_batch_size == 1:
        raise TrainingStopped(
            f"out of memory with a single {unit} at a time: take a smaller --max-length, --lora 8, or a smaller base; "
            f"--resume goes on from the last checkpoint"
        )
    return _largest_divisor(batch_size, micro_batch_size // 2)


def _largest_divisor(batch_size: int, most: int) -> int:
    """The largest divisor of a batch that is not larger than ``most``."""
    return max(size for size in range(1, most + 1) if batch_size % size == 0)
