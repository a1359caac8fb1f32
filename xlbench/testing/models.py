"""The check of a model: identity, late loading, and vectors that depend on the text alone."""

from __future__ import annotations

from collections.abc import Sequence

from xlbench.core.errors import UsageError
from xlbench.core.model import Model
from xlbench.testing.checked_model import CheckedModel
from xlbench.testing.checks import Examination
from xlbench.testing.model_rules import CHECKS, LONG, ROLES
from xlbench.testing.tagger_rules import CHECKS as TAG_CHECKS

__all__ = ["LONG", "ROLES", "TEXTS", "check_model", "examine_model"]

TEXTS = (
    "a",
    "?!",
    "👍🏽",
    "A short sentence.",
    "नमस्ते, तपाईंलाई कस्तो छ?",
    "これは少し長い文です。",
    "Words, words and more words: " * 12,
    "Zwei Sätze.\nDer zweite ist länger als der erste.",
    "مرحبا بالعالم",
)
"""Texts of several scripts and very different lengths, so that padding shows; without letters, and of two lines."""


def check_model(model: Model, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4) -> None:
    """Check that a model loads late, has a stable identity, and that its encoder takes every role and gives finite
    vectors of one length: in the order of the texts, the same every time, the same for a text alone as in any batch,
    and the same when the model is loaded again. Of a model that tags words by itself (`Model.tag`), the tags as well.

    Where ``load`` and ``fingerprint`` can be pickled (functions of a module, `functools.partial`), vectors and
    fingerprint have to be the same in another process, too.

    Args:
        model: The model.
        texts: Different texts to encode, two at the least.
        tolerance: Up to which two vectors are the same, relative to a vector's length: last bits may differ, and in
            half precision more than these (float16: give 0.01, bfloat16: 0.05).

    Raises:
        ConformanceError: The model breaks a rule; the message says which, and what to do.
        UsageError: ``texts`` are equal or fewer than two.
    """
    if len(set(texts)) != len(texts) or len(texts) < 2:
        raise UsageError("check_model needs texts that differ, two at the least")
    examine_model(model, texts, tolerance).require()


def examine_model(model: Model, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4) -> Examination:
    """The checks of `check_model`, to be made one by one."""
    name = getattr(model, "name", type(model).__name__)
    tags = () if getattr(model, "tag", None) is None else TAG_CHECKS
    return Examination(f"model {name}", CheckedModel(model, list(texts), tolerance), (*CHECKS, *tags))
