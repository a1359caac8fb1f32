"""Encodes texts with a sentence-transformers folder, by its own modules and prompts.

Vectors of texts are those of ``SentenceTransformer.encode`` (``encode_query`` and ``encode_document`` for the roles);
what is added is the length limit, which texts were cut at it, batches that fit the memory, and vectors of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Router, StaticEmbedding, Transformer

from xlbench import EncoderError, Role, Spec, UsageError
from xlbench_transformers.encoders import batching, hf, prompts, tokens
from xlbench_transformers.encoders.st_loading import load_sentence_transformer
from xlbench_transformers.encoders.words import WordReader

BYTES_PER_TOKEN = 4
"""Of UTF-8, roughly: batches are cut by it where no tokenizer is known. No score depends on it."""


def load(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> SentenceEncoder:
    """Load the sentence-transformers folder; see `xlbench_transformers.encoders.load`.

    The encoder has ``encode_words`` where the first module is a Transformer.
    """
    model = load_sentence_transformer(folder, spec, trust_remote_code=trust_remote_code)
    first = model[0]
    if isinstance(first, Router):
        return RouterEncoder(model, spec)
    if isinstance(first, StaticEmbedding):
        return TableEncoder(model, spec)
    if isinstance(first, Transformer) and first.tokenizer is not None:
        return TransformerEncoder(model, spec)
    if hasattr(first, "encode_words"):
        return NgramEncoder(model, spec)
    return SentenceEncoder(model, spec)


class SentenceEncoder:
    """Texts in, vectors of a chain of modules out. ``spec`` has the options of the scheme ``st``.

    This class is for chains that begin with something else than a Transformer or a table: it knows of no length limit.
    """

    _batch_size: int | None = None
    """Texts at a time where the spec does not say; None: by the device."""

    def __init__(self, model: SentenceTransformer, spec: Spec) -> None:
        self._model = model
        self._first: Any = model[0]
        self._spec = spec
        self._limit = self._set_length_limit(spec["max_length"])
        self._prompts = prompts.Prompts(
            spec, self._own_prompts(), {name: text or "" for name, text in model.prompts.items()}
        )
        self._batcher = batching.Batcher(model.device, spec["batch_size"] or self._batch_size)
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        """Numbers that the model has learned, its embeddings among them."""
        self.truncated: NDArray[np.bool_] = np.zeros(0, bool)
        """Which texts of the last call of `encode` were cut at the length limit."""
        self._loaded: dict[str, str | int] = {
            "modules": ", ".join(map(_describe_module, model)),
            "dtype": spec["dtype"],
            "device": str(model.device),
            "max_length": self._limit or "none",
            **_similarity(model, spec),
        }

    @property
    def details(self) -> dict[str, str | int]:
        """What is known of it once it is loaded: also the prompts that were applied so far, the spec's or the folder's
        own."""
        return {**self._loaded, **self._prompts.details()}

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, d), as the library's ``encode``, ``encode_query`` or
        ``encode_document`` does, with the prompt of ``spec`` in place of the folder's own where there is one."""
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        self._prompts.note(role)
        prompt = self._prompts.given(role)
        given = tokens.readable(texts)
        if prompt is not None and prompts.TEXT in prompt:
            given, prompt = prompts.with_prompt(prompt, given), ""
        call = {"query": self._model.encode_query, "document": self._model.encode_document}.get(
            role or "", self._model.encode
        )
        shown = self._prompts.of(role) if prompt is None else prompt
        lengths, self.truncated = self._token_counts([shown + text for text in given], role)

        def encoded(rows: NDArray[np.int64]) -> torch.Tensor:
            """Vectors of the texts ``rows``, still on the device."""
            batch = [given[row] for row in rows]
            vectors: torch.Tensor = call(
                batch, batch_size=len(batch), prompt=prompt, show_progress_bar=False, convert_to_tensor=True
            )
            return vectors

        return batching.collect(self._batcher.run(lengths, encoded))

    def _own_prompts(self) -> dict[Role | None, str]:
        """The folder's prompts by role, as the library takes them."""
        known = {name: prompt or "" for name, prompt in self._model.prompts.items()}
        default = known.get(self._model.default_prompt_name or "", "")
        document = next((known[name] for name in ("document", "passage", "corpus") if name in known), default)
        return {None: default, "query": known.get("query", default), "document": document}

    def _set_length_limit(self, max_length: int | None) -> int | None:
        """Set the length limit and return it, in tokens; None where there is none."""
        if max_length is not None:
            kind = type(self._first).__name__
            raise UsageError(f"max_length={max_length}: the checkpoint begins with {kind}, which has no limit to set")
        return None

    def _limit_of(self, role: Role | None) -> int | None:
        """The limit for texts of a role: some folders have one of their own for queries."""
        own = getattr(self._first, f"{role}_length", None) if role else None
        return own if isinstance(own, int) else self._limit

    def _token_counts(self, texts: list[str], role: Role | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Lengths by which batches are cut, in tokens or so, and which texts are over the limit; prompts included."""
        return np.array([len(text.encode()) // BYTES_PER_TOKEN + 1 for text in texts], np.int64), np.zeros(
            len(texts), bool
        )


class TransformerEncoder(SentenceEncoder):
    """A chain that begins with a Transformer: its tokenizer says what was cut, its last layer what words are."""

    def __init__(self, model: SentenceTransformer, spec: Spec) -> None:
        self._tokenizer: Any = model[0].tokenizer
        super().__init__(model, spec)
        self._words = WordReader(
            self._tokenizer,
            hf.Backbone(self._first.model, self._tokenizer, model.device),
            self._batcher,
            limit=self._limit,
            words=spec["words"],
            window=spec["window"],
        )

    @property
    def words_without_pieces(self) -> int:
        """Words so far of which the tokenizer left nothing, and which got the mean vector of their sentence."""
        return self._words.without_pieces

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each, of the Transformer's
        last layer; modules after it and prompts make no difference. See `WordReader`."""
        return self._words.read(sentences)

    def _set_length_limit(self, max_length: int | None) -> int | None:
        limit = tokens.length_limit(self._first.model, self._tokenizer, max_length)
        if limit is not None:
            self._model.max_seq_length = limit
        return limit

    def _token_counts(self, texts: list[str], role: Role | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The tokenizer's own counts: it is asked twice, and batches of equal texts save more than that."""
        batch, cut = tokens.tokenize(self._tokenizer, texts, self._limit_of(role))
        return batch.lengths, cut


class RouterEncoder(SentenceEncoder):
    """A chain that sends queries and documents through modules of their own: limits are those of each route."""

    def _set_length_limit(self, max_length: int | None) -> int | None:
        """Set the limit of every route; the smallest of them is told."""
        limits = []
        for route in self._first.sub_modules.values():
            first = route[0]
            if isinstance(first, Transformer) and first.tokenizer is not None:
                limit = tokens.length_limit(first.model, first.tokenizer, max_length)
                first.max_seq_length = limit
                limits.append(limit)
            elif max_length is not None:
                raise UsageError(
                    f"max_length={max_length}: a route begins with {type(first).__name__}, which has no limit"
                )
        return min((limit for limit in limits if limit is not None), default=None)

    def _token_counts(self, texts: list[str], role: Role | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The counts of the tokenizer of the route that the role takes."""
        name = self._first._resolve_route(task=role, modality="text")
        first = self._first.sub_modules[name][0]
        if not isinstance(first, Transformer) or first.tokenizer is None:
            return super()._token_counts(texts, role)
        batch, cut = tokens.tokenize(first.tokenizer, texts, first.max_seq_length)
        return batch.lengths, cut


class TableEncoder(SentenceEncoder):
    """A chain that begins with a table of vectors of pieces (StaticEmbedding): its tokenizer may have a limit."""

    zero_is_unknown = True
    """A vector of zeros is that of a text of which no piece is known."""

    _batch_size = 1024  # a look-up and a sum: what costs time is the call

    def _set_length_limit(self, max_length: int | None) -> int | None:
        tokenizer = self._first.tokenizer
        if max_length is not None:
            tokenizer.enable_truncation(max_length)
        return int(tokenizer.truncation["max_length"]) if tokenizer.truncation else None

    def _token_counts(self, texts: list[str], role: Role | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        encodings = self._first.tokenizer.encode_batch(texts, add_special_tokens=False)
        lengths = np.array([max(len(encoding.ids), 1) for encoding in encodings], np.int64)
        return lengths, np.array([bool(encoding.overflowing) for encoding in encodings], bool)


def _similarity(model: SentenceTransformer, spec: Spec) -> dict[str, str]:
    """A note where the folder names another similarity than the cosine, which gives other neighbors."""
    own = str(getattr(model.similarity_fn_name, "value", None) or model.similarity_fn_name or "cosine")
    unit = any(isinstance(module, Normalize) for module in model) or own == "cosine"
    if unit or spec["similarity"] == own:
        return {}
    hint = ": similarity=dot takes it where the task can" if own == "dot" else ""
    return {"similarity_of_folder": f"{own}, scored by {spec['similarity']}{hint}"}


class NgramEncoder(SentenceEncoder):
    """A chain that begins with a table of n-grams (xlbench_train's NgramEmbedding), which has vectors of words, too."""

    zero_is_unknown = True
    """A vector of zeros is that of a text without a word."""

    _batch_size = 1024

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each, as the module has
        them; modules after it and prompts make no difference."""
        found: list[NDArray[np.float32]] = self._first.encode_words(sentences)
        return found


def _describe_module(module: torch.nn.Module) -> str:
    """A module's name, with the pooling where it pools."""
    how = getattr(module, "pooling_mode", None)
    if how is None:
        return type(module).__name__
    return f"{type(module).__name__} ({how if isinstance(how, str) else ' and '.join(how)})"
