"""Scoring by mteb itself: its own evaluation of one subset, with vectors of our session, and what it predicted."""

from __future__ import annotations

import contextlib
import io
import json
import math
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Columns, EncoderError, Metric
from xlbench.libraries.for_mteb import MtebEncoder
from xlbench_mteb.models import RegisteredEncoder
from xlbench_mteb.names import NamedTask, SubsetOfTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xlbench import EncodingSession

AGREE = 1e-6
"""How far our value of a metric, from mteb's predictions, may be from the one that mteb gives."""


@dataclass(frozen=True)
class Scored:
    """What mteb makes of a subset."""

    scores: Mapping[str, Any]
    """Its scores, by its names."""
    predictions: Any
    """What it predicted, as it saves predictions."""


def score(ready: Any, subset: SubsetOfTask, split: str, session: EncodingSession) -> Scored:
    """Have mteb evaluate a subset of a loaded task, to the letter of its protocol.

    Args:
        ready: A new task of mteb with this subset alone, its data loaded.
        subset: The subset.
        split: The split.
        session: Gives the vectors; every text is encoded once, whatever mteb asks for again.
    """
    encoder = _encoder(session, ready.metadata)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a logistic regression did not converge is mteb's protocol
        found = ready.evaluate(
            encoder, split, subsets_to_run=[subset.name], encode_kwargs={}, prediction_folder=Path(folder)
        )
        saved = json.loads((Path(folder) / ready.prediction_file_name).read_text(encoding="utf-8"))
    return Scored(_of_subset(found, subset), _of_subset(saved, subset)[split])


class _OfRegistry(MtebEncoder):
    """A model of mteb's registry as mteb asks it: with the prompts of the task, and similarities of its own."""

    def __init__(self, session: EncodingSession, registered: RegisteredEncoder, metadata: Any) -> None:
        super().__init__(registered.session_of(metadata), "xlbench/session", "none")
        self._outer, self._model = session, registered.model

    def encode(self, inputs: Iterable[Any], *, prompt_type: Any = None, **of_mteb: Any) -> NDArray[np.float32]:
        """Vectors (n, d) of the texts of mteb's batches, which are counted in the session of the run."""
        inner = self._session
        encoded, seconds = inner.encoded, inner.seconds
        vectors = super().encode(inputs, prompt_type=prompt_type, **of_mteb)
        self._outer.charge(inner.encoded - encoded, inner.seconds - seconds)
        self._outer.dimensions = inner.dimensions
        return vectors

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Similarities (n, m) as the model has them."""
        return self._model.similarity(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Similarities (n,) of pairs as the model has them."""
        return self._model.similarity_pairwise(embeddings1, embeddings2)


def _encoder(session: EncodingSession, metadata: Any) -> MtebEncoder:
    """The session's model for mteb. What mteb has loaded is told the task, so that its prompts are those of mteb."""
    said = session.details
    is_known_other = bool(said) and said.get("loaded_by") != RegisteredEncoder.details["loaded_by"]
    if not is_known_other and isinstance(session.encoder, RegisteredEncoder):
        return _OfRegistry(session, session.encoder, metadata)
    return MtebEncoder(session, "xlbench/session", "none")


def _of_subset(found: Mapping[str, Any], subset: SubsetOfTask) -> Any:
    """What belongs to the subset: data with a column a language is called "parallel" in predictions."""
    return found[subset.name] if subset.name in found else found["parallel"]


def check(metrics: Sequence[Metric], columns: Columns, scores: Mapping[str, Any], where: str) -> None:
    """Raise `EncoderError` where a metric of ours is not what mteb says: its protocol is another than we know."""
    for metric in metrics:
        ours, theirs = float(metric.value(metric.rows(columns).sum(axis=0))), float(scores[metric.name])
        if math.isnan(ours) and math.isnan(theirs):
            continue  # for both of us it is not defined
        if not abs(ours - theirs) <= AGREE:
            raise EncoderError(
                f"{where}: mteb's {metric.name} is {theirs:.7f}, and its predictions give {ours:.7f}: this version of "
                f"mteb has another protocol"
            )


def facts_of(task: NamedTask, subset: SubsetOfTask, split: str) -> dict[str, str]:
    """What mteb calls task, subset and split, so that exported results have these names."""
    from xlbench_mteb import registry

    return {"mteb_task": task.name, "mteb_subset": subset.name, "mteb_split": split,
            "mteb_version": registry.version(), "mteb_revision": task.source[1]}  # fmt: skip
