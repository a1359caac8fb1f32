"""Batches of pairs: how many go through a model at a time, and the smaller batches of a table of n-grams."""

from __future__ import annotations

from xlbench_train.siamese.settings import Settings
from xlbench_train.training import micro_batches
from xlbench_train.training.failures import TrainingStopped


def first_micro_batch(settings: Settings, device: str) -> int:
    """The micro-batch size to start with: of a table of n-grams the whole batch."""
    if settings.is_static:
        return settings.batch_size
    return micro_batches.first_micro_batch(settings.batch_size, device)


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
