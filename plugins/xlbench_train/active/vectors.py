"""Vectors of places, encoded as `xlbench run` encodes: checked, and kept in the cache."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from xlbench import Data, EncoderError, EncodingSession, Model, Outcome, Subset, Task, metrics, run
from xlbench_tasks.protocols.active.frozen import FrozenVectors
from xlbench_train.active.places import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

Vectors = Mapping[int, "NDArray[np.float32]"]


def vectors_of(model: Model, places: Sequence[Place]) -> dict[str, NDArray[np.float32]]:
    """Text -> vector (d,), of all texts of the places. `EncoderError` where they cannot be encoded."""
    known: dict[str, NDArray[np.float32]] = {}
    task = Task(
        "vectors", "active", (metrics.share("encoded", "encoded"),),
        subsets=partial(_subsets, places),
        evaluate=lambda subset, session: _evaluate(places[int(subset.name[5:])], session, known),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        (found,) = run([model], [task], results=folder).runs
    failed = next((cell for cell in found.cells if cell.status != "ok"), None)
    if failed is not None:
        raise EncoderError(f"{model.name} cannot encode {places[int(failed.subset[5:])].name}: {failed.reason}")
    return known


def _subsets(places: Sequence[Place], data: Data) -> list[Subset]:
    return [Subset(f"place{number}", n=2, fingerprint=str(number)) for number, _ in enumerate(places)]


def _evaluate(place: Place, session: EncodingSession, known: dict[str, Any]) -> Outcome:
    texts = list(dict.fromkeys(text for pool in place.pools for text in (*pool.texts, *pool.test_texts)))
    if not session.is_gathering:
        known |= zip(texts, session.encode(texts), strict=True)
    else:
        session.encode(texts)
    return Outcome(["0", "1"], {"encoded": np.array([True, False])})


def frozen(place: Place, known: Mapping[str, NDArray[np.float32]]) -> list[FrozenVectors]:
    """The vectors of each fold of a place."""
    return [FrozenVectors.of(stacked(pool.texts, known), stacked(pool.test_texts, known)) for pool in place.pools]


def stacked(texts: Sequence[str], known: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """The vectors (n, d) of n texts."""
    return np.stack([known[text] for text in texts])
