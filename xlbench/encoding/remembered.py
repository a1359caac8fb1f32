"""`Remembered`: the last results of what many cells learn from the same vectors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

R = TypeVar("R")

REMEMBERED = 256
"""Results that are kept: more than there are languages to learn from, in any one task."""


class Remembered:
    """The last `REMEMBERED` results, by their keys."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def once(self, key: Hashable, make: Callable[[], R]) -> R:
        """``make()``, or what it gave before for an equal ``key``."""
        if key not in self._results:
            self._results[key] = make()
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
        self._results.move_to_end(key)
        result: R = self._results[key]
        return result
