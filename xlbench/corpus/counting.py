"""What is counted while a corpus is prepared: lines by input, register and step, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from xlbench.corpus.inputs import Input
from xlbench.corpus.steps import StepCount

READ = "read"
"""What comes before the first step."""
EMPTY, DAMAGED = "empty", "damaged"
"""Why a line is left out before the first step."""


@dataclass
class InputCount:
    """What was read of one input, and what became of it."""

    source: Input
    license: str = ""
    register: str = ""
    bytes: int = 0
    sha256: str = ""
    """Of the file as it is, packed or not; of a card's texts, of these."""
    lines: int = 0
    """Texts, the empty ones too."""
    kept: int = 0


@dataclass
class Progress:
    """How far a preparation is."""

    name: str = ""
    """The input that is read now."""
    done: int = 0
    total: int = 0
    """Bytes of the files that are read, and of all; cards count as none."""
    lines: int = 0
    kept: int = 0


@dataclass
class Tally:
    """What is counted while lines go through."""

    read: StepCount = field(default_factory=lambda: StepCount(READ))
    registers: Counter[str] = field(default_factory=Counter)
    sources: list[InputCount] = field(default_factory=list)
    words: int = 0
    characters: int = 0
