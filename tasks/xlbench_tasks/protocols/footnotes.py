"""Footnotes that several protocols write: on notation, on ranks, and on hubs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xlbench import Columns
from xlbench_tasks.data.text import twins
from xlbench_tasks.protocols.retrieval_metrics import RANKS


def notes_on_notation(texts: Iterable[str]) -> Iterator[str]:
    """A footnote on texts that look the same: what an encoder is given is never changed, and so they are several."""
    if count := twins(texts):
        differ = "1 text differs" if count == 1 else f"{count} texts differ"
        yield f"{differ} from another in notation alone (NFC, NFD): they are taken as they are, for different ones"


def notes_on_ranks(repeated: int, tie_rate: float) -> Iterator[str]:
    """Footnotes on repeated candidates and on ties, where there are any."""
    if repeated:
        yield "candidates with the same text are one target"
    if tie_rate > 0:
        yield "a rival exactly as near as the translation counts against the model (tie rate: Data warnings)"


HUBS = 1.2
"""By how much candidates raise the standard error of `accuracy` where the pool's hubs matter."""


def notes_on_hubs(columns: Columns) -> Iterator[str]:
    """A footnote where few candidates stand before many right answers: what that does to intervals was measured."""
    import numpy as np

    own, metric = np.asarray(columns["rank"]) == 1, RANKS[0]
    assert metric.through_others is not None
    if own.std() > 0 and (own + metric.through_others(columns)).std() >= HUBS * own.std():
        yield "a few candidates stand before many right answers: intervals cover 78 to 95% (docs/coverage.md)"
