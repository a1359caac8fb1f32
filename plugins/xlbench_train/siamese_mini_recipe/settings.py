"""The hyperparameters of siamese-mini, chosen on held-out documents of NTREX."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How it is trained."""

    buckets: int = 65536
    dimensions: int = 256
    steps: int = 300
    batch: int = 1024
    learning_rate: float = 0.03
    scale: float = 10.0
    """Of the cosines in the loss: one over the temperature."""
    english: float = 0.5
    """Share of pairs that have English on one side; in the others two translations meet."""
    teacher: float = 10.0
    """Weight of the distance to the teacher's vector of the English, beside the loss of the pairs."""
    words: int = 60000
    """Words of the teacher's vocabulary."""
    teacher_of_words: float = 8.0
    """Weight of the distance to the teacher's vectors of words."""
    bits: int = 4
    """Of a number of the table, once it is trained."""
    seed: int = 0
