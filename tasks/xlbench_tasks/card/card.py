"""A card: a checked description of a task, as its TOML file gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from xlbench_tasks.data.source import Home


@dataclass(frozen=True)
class Card:
    """A card that has been checked. Plain values only: it can be compared and pickled."""

    file: str
    name: str
    area: str
    protocol: str
    description: str
    license: str
    languages: tuple[str, ...]
    """All that it declares; none: whichever are at hand."""
    homes: tuple[Home, ...]
    """Where the data can be, in the order in which they are tried."""
    version: int = 1
    citation: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    """Which of the protocol's metrics, the main one first; all where it is empty."""
    splits: Mapping[str, str] = field(default_factory=dict)
    holdout: Mapping[str, float] = field(default_factory=dict)
    folds: int = 0
    """Of cross-fitting; 0 without it."""
    modules: tuple[str, ...] = ()
    """Modules of other packages that it names, as its protocol or readers."""
    register: Literal["", "regularized", "unregularized"] = ""
