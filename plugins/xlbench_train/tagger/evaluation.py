"""Entity F1 on development sentences, by the tasks' own protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from xlbench import EncodingSession
from xlbench_train.tagger.data import Source
from xlbench_train.tagger.pieces import IGNORED, Windows

FIGURES = {"entity_f1": "entity F1", "precision": "precision", "recall": "recall"}
"""What is found of the development sentences -> its heading in the table."""


class GivenTags:
    """A tagger that has tagged already: see `xlbench.WordTagger`."""

    def __init__(self, tags: Mapping[tuple[str, ...], Sequence[str]]) -> None:
        self._tags = tags

    def read_as(self, types: Sequence[str]) -> dict[str, str]:
        """Its types are those of the task."""
        return {kind: kind for kind in types}

    def tag_words(self, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> list[list[str]]:
        """The tags of sentences that it has seen."""
        return [list(self._tags[tuple(words)]) for words in sentences]


def score(source: Source, tags: Sequence[Sequence[str]]) -> dict[str, float]:
    """The figures of `FIGURES` for tags of the development sentences, in their order."""
    given = dict(zip(source.dev.words, tags, strict=True))
    session = EncodingSession(load=_no_encoder, tag=lambda: GivenTags(given))
    outcome = source.task.evaluate(source.dev_subset(), session)
    by_name = {metric.name: metric for metric in source.task.metrics}
    found = {}
    for name in FIGURES:
        if name in by_name:
            sums = np.asarray(by_name[name].rows(outcome.columns), np.float64).sum(axis=0)
            found[name] = float(by_name[name].value(sums))
    return found


def mean_scores(
    sources: Sequence[Source],
    windows: Sequence[Windows],
    labels: Sequence[str],
    best: NDArray[np.int64],
    marks: NDArray[np.int64],
) -> dict[str, float]:
    """The figures averaged over languages, each counting once.

    Args:
        sources: Whose development sentences were asked.
        windows: Theirs, one after the other.
        labels: By number.
        best: The best label of every token of every window, (n, longest).
        marks: The labels of the same, `IGNORED` where there is none.
    """
    start = 0
    found = []
    for source, own in zip(sources, windows, strict=True):
        end = start + len(own.windows)
        found.append(score(source, tags_of(source, own, labels, best[start:end], marks[start:end])))
        start = end
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def tags_of(
    source: Source, windows: Windows, labels: Sequence[str], best: NDArray[np.int64], marks: NDArray[np.int64]
) -> list[list[str]]:
    """The tags of all development sentences: each word's best label, as conlleval reads it: an I- that continues
    nothing begins an entity."""
    tags = [["O"] * len(words) for words in source.dev.words]
    for window, row, mark in zip(windows.windows, best, marks, strict=True):
        for place, label in zip(window.words, row[mark != IGNORED].tolist(), strict=True):
            tags[window.sentence][place] = labels[label]
    for own in tags:
        before = "O"
        for place, tag in enumerate(own):
            if tag.startswith("I-") and before[2:] != tag[2:]:
                own[place] = f"B-{tag[2:]}"
            before = own[place]
    return tags


def _no_encoder() -> NoReturn:
    raise NotImplementedError("development sentences are tagged, and have no vectors")


def best_labels(logits: Any, labels: Any) -> Any:
    """What is kept of the scores of a batch: the best label of every token."""
    scores = logits[0] if isinstance(logits, tuple) else logits
    return scores.argmax(dim=-1)
