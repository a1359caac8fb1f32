"""Encoding: every text of a task is encoded once; vectors are checked, cached and reused.

| module | what it does |
|---|---|
| `session` | what a task asks for vectors, transformed |
| `words` | what it is given of words: vectors, or a model's own tags |
| `transformed`, `cell_notes` | what a transform may give; what is noted of a cell meanwhile |
| `remembered` | what many cells learn from the same vectors |
| `vector_source` | vectors as the encoder gives them: from memory, else from the cache, else from the encoder |
| `checked_encoder` | the encoder, with every answer timed and checked |
| `checked_search`, `checked_tagger` | a model's own search and tags, likewise |
| `checks` | what an encoder may return |
| `vector_memory` | the vectors of one model while it is being scored |
| `cache` | the vectors on disk, shared by all runs |

The public names are imported when they are first used: numpy takes a moment.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.encoding.session import EncodingSession
    from xlbench.encoding.vector_source import CHUNK, WORD_CHUNK, ModelCache
    from xlbench.encoding.words import WordTags, WordVectors

__all__ = ["CHUNK", "WORD_CHUNK", "EncodingSession", "ModelCache", "WordTags", "WordVectors"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'xlbench.encoding' has no attribute {name!r}")
    module = {"EncodingSession": "session", "WordTags": "words", "WordVectors": "words"}.get(name, "vector_source")
    return getattr(importlib.import_module(f"xlbench.encoding.{module}"), name)
