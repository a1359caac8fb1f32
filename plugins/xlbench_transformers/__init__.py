"""Encoders of the transformers, sentence-transformers and model2vec libraries: named models, and any checkpoint.

The plugin's hooks. A checkpoint's libraries are imported when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

import xlbench
from xlbench_transformers import reranking, schemes, tagging


@xlbench.hookimpl
def xlbench_models() -> Iterator[xlbench.Model]:
    """The named models: pinned revisions of public checkpoints."""
    return schemes.named_models()


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """``hf:``, ``st:``, ``siamese:``, ``static:``, a bare name or path, a named model with options, ``rerank:`` and
    ``tagger:``."""
    yield from schemes.schemes()
    yield reranking.scheme()
    yield tagging.scheme()
