"""Encodes texts as averages of static token vectors (model2vec, StaticEmbedding).

Folders of model2vec, and of sentence-transformers whose first module is such a table. A table in half precision is
computed with in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from xlbench import EncoderError, Role, Spec, UsageError
from xlbench_transformers.encoders import hf, prompts, tokens
from xlbench_transformers.encoders.st import TableEncoder
from xlbench_transformers.encoders.st_loading import load_sentence_transformer
from xlbench_transformers.weights import tensor_shapes


def load(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> Model2VecEncoder | WordTableEncoder:
    """Load the folder of static vectors; see `xlbench_transformers.encoders.load`."""
    if _is_model2vec(folder):
        return Model2VecEncoder(folder, spec)
    model = load_sentence_transformer(folder, spec, trust_remote_code=trust_remote_code)
    if not isinstance(model[0], StaticEmbedding):
        raise EncoderError(f"{folder}: no static vectors, its first module is {type(model[0]).__name__}: try st:")
    return WordTableEncoder(model, spec)


def _is_model2vec(folder: Path) -> bool:
    """Whether model2vec wrote the folder: its table is called ``embeddings``, the other one ``embedding.weight``."""
    file = folder / "model.safetensors"
    return file.is_file() and "embeddings" in tensor_shapes(file)


class WordTableEncoder(TableEncoder):
    """A table of sentence-transformers that also gives vectors of words."""

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each. Every word alone
        (there is no context), without a prompt; a word of which no piece is known is all zeros."""

        def alone(words: list[str]) -> NDArray[np.float32]:
            """Vectors of words, each as a text of its own."""
            vectors: NDArray[np.float32] = self._model.encode(
                tokens.readable(words), batch_size=1024, prompt="", show_progress_bar=False
            ).astype(np.float32)
            return vectors

        return _words_alone(sentences, alone)


class Model2VecEncoder:
    """Texts in, vectors of model2vec out. ``spec`` has the options of the scheme ``static``.

    Whether vectors are of unit length, and the length limit, are the folder's own settings. It computes on the
    processor.
    """

    zero_is_unknown = True
    """A vector of zeros is that of a text of which no piece is known."""

    def __init__(self, folder: Path, spec: Spec) -> None:
        from model2vec import StaticModel

        if spec["device"] not in ("auto", "cpu"):
            raise UsageError(f"device={spec['device']}: model2vec computes on the processor: leave it out, or give cpu")
        if spec["dtype"] != "float32":
            raise UsageError(f"dtype={spec['dtype']}: model2vec is computed in float32 here: leave it out")
        with hf.loading(folder, "model"):
            model = StaticModel.from_pretrained(folder, force_download=False)
        model.embedding = model.embedding.astype(np.float32)
        model.weights = None if model.weights is None else model.weights.astype(np.float32)
        if spec["max_length"]:
            model.config.pop("max_length", None)  # or it would report that the two differ
            model.max_length = spec["max_length"]
        self._model = model
        self._spec = spec
        self.parameters = int(model.embedding.size)
        """Numbers in the table."""
        self.truncated: NDArray[np.bool_] = np.zeros(0, bool)
        """Which texts of the last call of `encode` were cut at the length limit."""
        self._prompts = prompts.Prompts(spec)
        self._loaded: dict[str, str | int | bool] = {
            "modules": "model2vec",
            "dtype": "float32",
            "device": "cpu",
            "max_length": model.max_length or "none",
            "unit_length": bool(model.normalize),
        }

    @property
    def details(self) -> dict[str, str | int | bool]:
        """What is known of it once it is loaded, and which prompts were applied so far."""
        return {**self._loaded, **self._prompts.details()}

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, d), as ``StaticModel.encode`` does.

        model2vec leaves out pieces that it does not know: a text of none but these is all zeros.
        """
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        self._prompts.note(role)
        given = tokens.readable(prompts.with_prompt(self._prompts.of(role), texts))
        self.truncated = self._truncate(given)
        return self._encode(given)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each. Every word alone
        (there is no context), without a prompt; a word of which no piece is known is all zeros."""
        return _words_alone(sentences, lambda words: self._encode(tokens.readable(words)))

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        size = self._spec["batch_size"] or 1024
        # In this process: its own workers are for millions of texts at once, and a session hands over thousands.
        vectors = self._model.encode(texts, batch_size=size, use_multiprocessing=False)
        return vectors.astype(np.float32, copy=False)

    def _truncate(self, texts: list[str]) -> NDArray[np.bool_]:
        """Which texts model2vec cuts: at a number of characters first, and then at the limit."""
        cut = np.zeros(len(texts), bool)
        limit = self._model.max_length
        if limit is None:
            return cut
        characters = limit * self._model.median_token_length
        cut[:] = [len(text) > characters for text in texts]
        suspected = [row for row, text in enumerate(texts) if not cut[row] and len(text.encode()) > limit]
        if suspected:
            encodings = self._model.tokenizer.encode_batch([texts[row] for row in suspected], add_special_tokens=False)
            cut[suspected] = [bool(encoding.overflowing) for encoding in encodings]
        return cut


def _words_alone(sentences: Sequence[Sequence[str]], alone: Any) -> list[NDArray[np.float32]]:
    """Vectors of the words of sentences, of ``alone(distinct words)``."""
    if not len(sentences):
        raise EncoderError("there is nothing to encode: the list of sentences is empty")
    number_of: dict[str, int] = {}
    rows = [[number_of.setdefault(word, len(number_of)) for word in sentence] for sentence in sentences]
    vectors = alone(list(number_of))
    return [vectors[np.array(row, np.int64)] for row in rows]
