"""Holds texts out of a corpus, by whole documents and with all their repeats, to tell what a model has learned."""

from __future__ import annotations

from dataclasses import dataclass

from xlbench import UsageError, text_keys
from xlbench.core.ids import digest
from xlbench.core.text import count_text
from xlbench_train.mlm.corpus import Corpus, Text

SHARE = 0.1
"""Of the texts, at most, that are held out."""
AT_MOST = 1000
AT_LEAST = 8
"""Texts below which a validation loss says nothing."""


@dataclass(frozen=True)
class Split:
    """Texts to train on and texts to evaluate on, with no text and no document in both."""

    training: tuple[Text, ...]
    evaluation: tuple[Text, ...]
    notes: tuple[str, ...]
    """How they were chosen, each a sentence for a person."""


def hold_out(corpus: Corpus, seed: int) -> Split:
    """A tenth of the texts is held out, by whole documents; which, follows from their names, texts and the seed alone.

    A text without a document is one of its own, with its repeats. Texts of the training that repeat one that is held
    out, but for case, white space and Unicode notation, are left out.

    Raises:
        UsageError: There are too few texts.
    """
    texts = corpus.texts
    keys = text_keys([one.text for one in texts])
    groups = [one.document or f"\0{key}" for one, key in zip(texts, keys, strict=True)]
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    at_most = min(int(SHARE * len(texts)), AT_MOST)
    chosen: set[str] = set()
    held = 0
    for group in sorted(sizes, key=lambda name: digest("held out", str(seed), name)):
        if held + sizes[group] <= at_most:
            chosen.add(group)
            held += sizes[group]
    if held < AT_LEAST:
        raise UsageError(
            f"{count_text(held, 'text')} of {len(texts):,} can be held out, which tells nothing of what is learned "
            f"(under {AT_LEAST}): give a larger --corpus, of shorter documents"
        )
    seen = {key for key, group in zip(keys, groups, strict=True) if group in chosen}
    rest = [(one, key in seen) for one, key, group in zip(texts, keys, groups, strict=True) if group not in chosen]
    training = tuple(one for one, is_seen in rest if not is_seen)
    evaluation = tuple(one for one, group in zip(texts, groups, strict=True) if group in chosen)
    notes = [
        f"{len(evaluation):,} of {len(texts):,} texts are held out, of {count_text(len(chosen), 'document')}"
        if any(one.document for one in texts)
        else f"{len(evaluation):,} of {len(texts):,} texts are held out, text by text: no documents are known"
    ]
    if repeats := len(rest) - len(training):
        notes.append(f"not trained on: {count_text(repeats, 'text')} that repeat one that is held out")
    return Split(training, evaluation, tuple(notes))
