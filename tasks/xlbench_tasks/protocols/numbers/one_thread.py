"""Products on one thread: sums are then added up in one order, and small products are faster than on many threads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Within it, numpy's and scipy's linear algebra runs on one thread."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limited


@cache
def _libraries() -> Any:
    """The libraries of linear algebra, which are looked for once: that takes longer than a small product."""
    import scipy.linalg  # noqa: F401  brings a library of its own, which has to be there by now
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
