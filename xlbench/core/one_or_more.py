"""`OneOrMore`: what is given as one thing or as several."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
OneOrMore: TypeAlias = T | Sequence[T]
"""A thing, or several of them: a text alone is one name, never a sequence of letters."""


def as_list(given: Any) -> tuple[Any, ...]:
    """What was given as one thing or as several, as several."""
    if isinstance(given, str | os.PathLike) or not isinstance(given, Iterable):
        return (given,)
    return tuple(given)
