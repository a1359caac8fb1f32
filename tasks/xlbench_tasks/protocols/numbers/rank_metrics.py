"""Metrics of the rank of the correct answer, as functions of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

OF_RANK: Mapping[str, Callable[[Any], Any]] = {
    "accuracy": lambda rank: rank == 1,
    "recall_at_5": lambda rank: rank <= 5,
    "recall_at_10": lambda rank: rank <= 10,
    "mrr": lambda rank: 1.0 / rank,
}
"""Metric -> from ranks (n,), 1 being best, to what each query adds to the mean."""
