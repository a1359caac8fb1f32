"""`Download`: a model's or a task's way to get its files before a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, ParamSpec

P = ParamSpec("P")
"""What the functions are called with: nothing for a model, the `Data` for a task."""


@dataclass(frozen=True)
class Download(Generic[P]):
    """How to download a model's or a task's files before a run."""

    fetch: Callable[P, str]
    """Downloads what is not here and returns the local path; `DataMissing` where it cannot be downloaded."""
    at_hand: Callable[P, str] | None = None
    """Local path where all of it is here, found without a request; else "". `DataMissing` where it cannot be
    downloaded. None: not known."""
    origin: str = ""
    """Where it is downloaded from, for people to read."""
    revision: str = ""
    """The pinned revision; "": not pinned."""

    def given(self, *arguments: P.args, **named: P.kwargs) -> Download[[]]:
        """The same download, its functions called with these arguments."""
        at_hand = partial(self.at_hand, *arguments, **named) if self.at_hand else None
        return Download(partial(self.fetch, *arguments, **named), at_hand, self.origin, self.revision)

    def local_path(self, *arguments: P.args, **named: P.kwargs) -> str:
        """Local path, found without a request; "" where it is not known, or not all of it is here."""
        return self.at_hand(*arguments, **named) if self.at_hand else ""
