"""`Download`: how what a model or a task needs comes onto this machine beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, ParamSpec

P = ParamSpec("P")
"""What the functions are called with: nothing for a model, the `Data` for a task."""


@dataclass(frozen=True)
class Download(Generic[P]):
    """What ``xlbench fetch`` does for a model or a task, and what a reader is told of it."""

    fetch: Callable[P, str]
    """Brings it, where it is not at hand, and returns where it lies; `DataMissing` where it cannot be brought."""
    at_hand: Callable[P, str] | None = None
    """Where it lies on this machine, found without a request; "" where some of it would have to be brought,
    `DataMissing` where it cannot be. None: that is not known."""
    origin: str = ""
    """Where it is brought from, for a reader."""
    revision: str = ""
    """The pinned revision of it; "": not pinned."""

    def given(self, *arguments: P.args, **named: P.kwargs) -> Download[[]]:
        """The same, its functions with these arguments."""
        at_hand = partial(self.at_hand, *arguments, **named) if self.at_hand else None
        return Download(partial(self.fetch, *arguments, **named), at_hand, self.origin, self.revision)

    def place(self, *arguments: P.args, **named: P.kwargs) -> str:
        """Where it lies, without a request; "" where that is not known, or some of it would have to be brought."""
        return self.at_hand(*arguments, **named) if self.at_hand else ""
