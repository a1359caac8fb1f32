"""Loaded rerankers: score pairs of query and document, and reorder the documents of a first search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from xlbench import EncoderError, Searcher, Spec
from xlbench.core.search_lists import first_of_lists
from xlbench_transformers.encoders import batching, hf
from xlbench_transformers.weights import tensor_shapes

Found = tuple[NDArray[np.int64], NDArray[np.float64]]
Pairs = Sequence[tuple[str, str]]

PAIRS = 1024
"""Pairs that are scored in one call."""


class Scorer(Protocol):
    """Scores pairs of a query and a document."""

    def __call__(self, pairs: Pairs) -> NDArray[np.float64]:
        """(n,): how well the document of each pair fits its query."""
        ...


class Reranking:
    """A first search, whose best documents another model puts in order."""

    def __init__(self, scorer: Scorer, first: Searcher | None, depth: int) -> None:
        self._scorer, self._first, self._depth = scorer, first, depth

    def search(
        self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Callable[[int], Found]
    ) -> Found:
        """The first search's documents, the best of them in the scorer's order: see `xlbench.Searcher`. Those behind
        keep their order, below all that were scored, and stay equal where they were. Of equally good documents that
        stand on both sides of the depth none is scored: which of them stand before it follows from a file's order."""
        asked = max(depth, self._depth + 1)
        found = self._first.search(queries, documents, asked, nearest) if self._first else nearest(asked)
        places = np.array(found[0], np.int64)
        best, _ = first_of_lists(places, found[1], self._depth)
        rows, columns = np.nonzero(best >= 0)
        chosen = zip(rows.tolist(), places[rows, columns].tolist(), strict=True)
        pairs = [(queries[row], documents[place]) for row, place in chosen]
        scored = np.concatenate(
            [np.zeros(0), *(self._scorer(pairs[start : start + PAIRS]) for start in range(0, len(pairs), PAIRS))]
        )
        lowest = float(scored.min(initial=0.0))
        scores = lowest - 1.0 - _levels(found[1])
        scores[rows, columns] = scored
        scores[places < 0] = -np.inf
        order = np.lexsort((np.broadcast_to(np.arange(places.shape[1]), places.shape), -scores), axis=1)[:, :depth]
        ordered: NDArray[np.float64] = np.take_along_axis(scores, order, axis=1)
        ordered[~np.isfinite(ordered)] = lowest - 2.0 - places.shape[1]
        return np.take_along_axis(places, order, axis=1), ordered


def _levels(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, k): how many different scores stand before each of descending ones."""
    new = scores[:, 1:] != scores[:, :-1]
    return np.concatenate([np.zeros((len(scores), 1)), np.cumsum(new, axis=1, dtype=np.float64)], axis=1)


def load(
    kind: Literal["CrossEncoder", "MultiVectorEncoder"], folder: Path, spec: Spec, first: Searcher | None
) -> Reranking:
    """The reranker of a folder, in single precision, over what ``first`` finds (None: the model's vectors)."""
    scorer = (cross_encoder if kind == "CrossEncoder" else multi_vector)(folder, spec)
    return Reranking(scorer, first, spec["depth"])


def _load_complete(make: Callable[..., Any], folder: Path, spec: Spec, *, pooler: bool) -> Any:
    """A model of the library, in single precision and with all of its weights; ``pooler``: it needs a pooler's."""
    with hf.loading(folder, "reranker"):
        model = make(
            str(folder),
            device=str(batching.device_of(spec)),
            local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )
    model.float().eval()
    check_complete(folder, model, pooler=pooler)
    return model


def check_complete(folder: Path, model: Any, *, pooler: bool) -> None:
    """`EncoderError` where a weight of the model is in none of the folder's files: the library would make it random."""
    saved = {
        (name, tuple(shape)) for path in folder.rglob("*.safetensors") for name, shape in tensor_shapes(path).items()
    }
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        known = any((".".join(parts[start:]), tuple(parameter.shape)) in saved for start in range(len(parts)))
        if not known and (pooler or "pooler" not in parts):
            raise EncoderError(
                f"{folder}: the weight {name} is in none of its files, and would be random: save it whole"
            )


def cross_encoder(folder: Path, spec: Spec) -> Scorer:
    """Scores by a CrossEncoder, as it gives them."""
    from sentence_transformers import CrossEncoder

    model = _load_complete(CrossEncoder, folder, spec, pooler=True)
    size = spec["batch_size"] or 32

    def score(pairs: Pairs) -> NDArray[np.float64]:
        given = model.predict([list(pair) for pair in pairs], batch_size=size, show_progress_bar=False)
        return np.asarray(given, np.float64).reshape(len(pairs))

    return score


def multi_vector(folder: Path, spec: Spec) -> Scorer:
    """Scores by a MultiVectorEncoder: the sum over the query's tokens of the largest similarity to one of the
    document's (MaxSim; Khattab and Zaharia 2020). Each distinct text is encoded once a call."""
    from sentence_transformers.multi_vector_encoder import MultiVectorEncoder

    model = _load_complete(MultiVectorEncoder, folder, spec, pooler=False)
    size = spec["batch_size"] or 32

    def encoded(encode: Callable[..., Any], texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        distinct = list(dict.fromkeys(texts))
        vectors = encode(distinct, batch_size=size, show_progress_bar=False, convert_to_numpy=True)
        return {text: np.asarray(one, np.float32) for text, one in zip(distinct, vectors, strict=True)}

    def score(pairs: Pairs) -> NDArray[np.float64]:
        queries = encoded(model.encode_query, [query for query, _ in pairs])
        documents = encoded(model.encode_document, [document for _, document in pairs])
        return np.array([float((queries[query] @ documents[one].T).max(axis=1).sum()) for query, one in pairs])

    return score
