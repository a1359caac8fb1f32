"""Any model of xlbench as an encoder of mteb, under a name and a revision that follow from its content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.catalog import load
from xlbench.core.errors import UsageError
from xlbench.core.ids import slug
from xlbench.core.model import Model, Role
from xlbench.core.text import GIB
from xlbench.libraries.mteb_import import import_mteb
from xlbench.runs.sessions import open_session

if TYPE_CHECKING:
    import numpy as np
    import torch
    from mteb.models.model_meta import ModelMeta
    from numpy.typing import NDArray

    from xlbench.encoding import EncodingSession
    from xlbench.encoding.cache import Cache


def as_mteb(model: str | Model, *, cache: bool | str | Path = True) -> MtebEncoder:
    """A model for ``mteb.evaluate(model, tasks)``, by a name or a spec, or a `Model`.

    Every text is encoded once, its vector is checked and kept as in a run of xlbench. mteb's own cache knows models by
    name and revision alone: here both follow from the content (weights, tokenizer, pooling, prompt ...), so that the
    scores of one checkpoint are never told for another. The encoder is told the role of a text (query or document), and
    never the task: a prompt belongs to the model's spec.

    Args:
        model: A name, a spec or a `Model`.
        cache: Whether vectors are kept between calls, or the folder that keeps them.

    Raises:
        UsageError: mteb is not installed, there is no such model, the spec is several models, or the model fits its
            transform to the texts of a cell, which mteb does not have.
    """
    import_mteb("xlbench.as_mteb")
    if isinstance(model, str):
        found = load().select_models([model])
        if len(found) > 1:
            raise UsageError(f"{model!r} is {len(found)} models: name one")
        model = found[0]
    fingerprint, transform = model.identity(), model.transform() if model.transform else None
    if transform is not None and transform.fit_on is None:
        raise UsageError(f"{model.name} fits its transform to the texts of a cell, and mteb has no cells")
    kept = _opened(cache) if model.cached else None
    session = open_session(model, fingerprint, model.vectors_identity(), transform, kept)
    return MtebEncoder(session, f"xlbench/{slug(model.name, fingerprint)}", fingerprint)


def _opened(cache: bool | str | Path) -> Cache | None:
    from xlbench.encoding.cache import Cache, default_folder

    if cache is False:
        return None
    return Cache(default_folder() if cache is True else Path(cache), 20 * GIB)


class MtebEncoder:
    """What mteb calls an EncoderProtocol, over a session. The model is loaded when the first text is encoded."""

    def __init__(self, session: EncodingSession, name: str, revision: str) -> None:
        """``name`` and ``revision`` are what mteb's cache knows it by: ``organization/name``, and a text."""
        self._session, self._name, self._revision = session, name, revision

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """The model as mteb describes models: what is not known is None."""
        from mteb.models.model_meta import ModelMeta

        similarity = "dot" if self._session.similarity == "dot" else "cosine"
        known = {"name": self._name, "revision": self._revision, "similarity_fn_name": similarity}
        return ModelMeta.create_empty(overwrites=known)

    def encode(self, inputs: Iterable[Any], *, prompt_type: Any = None, **of_mteb: Any) -> NDArray[np.float32]:
        """Vectors (n, d) of the texts of mteb's batches.

        Args:
            inputs: Batches, each with a list ``text``.
            prompt_type: mteb's "query" or "document"; None where a text is neither.
            of_mteb: What mteb says besides of task, split, subset and batches; the encoder is not told it.
        """
        texts = [text for batch in inputs for text in batch["text"]]
        return self._session.encode(texts, _role(prompt_type))

    def similarity(self, embeddings1: Any, embeddings2: Any) -> torch.Tensor:
        """Similarities (n, m) of n and m vectors: cosines, or dot products where the model says so."""
        from mteb import similarity_functions

        of = similarity_functions.dot_score if self._session.similarity == "dot" else similarity_functions.cos_sim
        return of(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Similarities (n,) of n pairs of vectors."""
        from mteb import similarity_functions

        is_dot = self._session.similarity == "dot"
        of = similarity_functions.pairwise_dot_score if is_dot else similarity_functions.pairwise_cos_sim
        return of(embeddings1, embeddings2)


def _role(prompt_type: Any) -> Role | None:
    """mteb's kind of text as a role; `UsageError` for a kind that there is no role for."""
    if prompt_type is None:
        return None
    name = str(getattr(prompt_type, "value", prompt_type))
    if name == "query":
        return "query"
    if name in ("document", "passage"):
        return "document"
    raise UsageError(
        f"mteb asks for texts of the kind {name!r}, and a model of xlbench has queries and documents alone"
    )
