"""What stands between a task and an encoder: every text is encoded once, every vector is checked, kept and found again.

| room | what it does |
|---|---|
| `session` | what a task is given: vectors of texts, by whatever encoder |
| `checks` | what an encoder may return |
| `memory` | the vectors of one model while it is being scored |
| `cache` | the vectors on disk, shared by all runs |

The public names are imported when they are first used: numpy takes a moment.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.encoding.session import CHUNK, WORD_CHUNK, EncodingSession, Keeping, WordVectors

__all__ = ["CHUNK", "WORD_CHUNK", "EncodingSession", "Keeping", "WordVectors"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'xlbench.encoding' has no attribute {name!r}")
    return getattr(importlib.import_module("xlbench.encoding.session"), name)
