"""What a task has read of its data, for a person who looks whether it is what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataPart:
    """One language of one split."""

    language: str
    split: str
    """train, dev or test; "" where the data has no splits."""
    files: tuple[str, ...] = ()
    """Where it was read, as far as that is known."""
    trouble: str = ""
    """Why it could not be read: file, line, what to do. What follows is then empty."""
    is_damaged: bool = False
    """Whether that is damage, and not absence."""
    items: int = 0
    clusters: int = 0
    """How many groups of items there are that stand or fall together; as many as items where each is alone."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Label, or type of entity -> how many items have it, or how many such entities there are."""
    lengths: tuple[int, int, int] = (0, 0, 0)
    """The shortest, the median and the longest text, in characters."""
    duplicates: int = 0
    """Items whose text another one before has, but for case and white space."""
    hidden: int = 0
    """Texts with characters that nobody sees, such as U+200B."""
    in_train: int = 0
    """Of another split than train: items whose text is in train."""
    samples: tuple[str, ...] = ()
    """Some texts, with their labels: the first, one from the middle and the last."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """What the reader has left out or repaired, by its name."""


@dataclass(frozen=True)
class DataView:
    """All parts of a task's data, and what lies beside it."""

    parts: tuple[DataPart, ...] = ()
    folds: int = 0
    """Into how many parts its items are dealt for cross-fitting; 0: they are not."""
    undeclared: tuple[str, ...] = ()
    """What is known of files, or rows, of languages that the task does not declare."""
    beside: tuple[str, ...] = ()
    """Other files in the folders that were read."""
