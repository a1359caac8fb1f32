"""Encoding: every text of a task is encoded once; vectors are checked, cached and reused.

| module | what it does |
|---|---|
| `session` | what a task asks for vectors, transformed |
| `transformed`, `cell_notes` | what a transform may give; what is noted of a cell meanwhile |
| `vector_source` | vectors as the encoder gives them: from memory, else from the cache, else from the encoder |
| `checked_encoder` | the encoder, with every answer timed and checked |
| `checks` | what an encoder may return |
| `vector_memory` | the vectors of one model while it is being scored |
| `cache` | the vectors on disk, shared by all runs |

The public names are imported when they are first used: numpy takes a moment.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.encoding.session import EncodingSession, WordVectors
    from xlbench.encoding.vector_source import CHUNK, WORD_CHUNK, ModelCache

__all__ = ["CHUNK", "WORD_CHUNK", "EncodingSession", "ModelCache", "WordVectors"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'xlbench.encoding' has no attribute {name!r}")
    module = "session" if name in ("EncodingSession", "WordVectors") else "vector_source"
    return getattr(importlib.import_module(f"xlbench.encoding.{module}"), name)
