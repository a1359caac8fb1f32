"""Folders of sentence-transformers, encoded by that library: pooling, dense layers and prompts are the folder's own.

Vectors of texts are those of ``SentenceTransformer.encode`` (``encode_query`` and ``encode_document`` for the roles);
what is added is the length limit, which texts were cut at it, batches that fit the memory, and vectors of words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding, Transformer

from xlbench import EncoderError, Role, Spec, UsageError
from xlbench.core.permissions import permissions
from xlbench_transformers.encoders import batching, hf, tokens
from xlbench_transformers.encoders.words import WordReader
from xlbench_transformers.layout import tensors

BYTES_PER_TOKEN = 4
"""Of UTF-8, roughly: batches are cut by it where no tokenizer is known. No score depends on it."""


def load(folder: Path, spec: Spec, trust_remote_code: bool = False) -> SentenceEncoder:
    """Load the sentence-transformers folder; see `xlbench_transformers.encoders.load`.

    The encoder has ``encode_words`` where the first module is a Transformer.
    """
    model = load_sentence_transformer(folder, spec, trust_remote_code)
    first = model[0]
    if isinstance(first, StaticEmbedding):
        return TableEncoder(model, spec)
    if isinstance(first, Transformer) and first.tokenizer is not None:
        return TransformerEncoder(model, spec)
    return SentenceEncoder(model, spec)


def load_sentence_transformer(folder: Path, spec: Spec, trust_remote_code: bool = False) -> SentenceTransformer:
    """The folder's chain of modules on the device of ``spec`` and in its dtype, whatever its files are in.

    Weights are safetensors alone, unless pickles are permitted. Raises `EncoderError` where it cannot be loaded.
    """
    device, dtype = batching.device_of(spec), batching.dtype_of(spec)
    safe = None if permissions().allow_pickle else True
    with hf.loading(folder, "model"):
        model = SentenceTransformer(
            str(folder),
            device=str(device),
            trust_remote_code=trust_remote_code,
            local_files_only=True,
            model_kwargs={"dtype": dtype, "use_safetensors": safe},
        )
    # The dtype above reaches the transformer alone; dense layers and static tables come as they were saved.
    model.to(dtype=dtype).eval()
    if isinstance(model[0], Transformer):
        _require_weights(folder, model[0], dtype, trust_remote_code)
    return model


def _require_weights(folder: Path, first: Transformer, dtype: torch.dtype, trust_remote_code: bool) -> None:
    """`EncoderError` where weights of the Transformer are missing: the library would make them up, and say nothing.

    Names are compared first. Where they differ, which may be an older way of writing them, transformers is asked.
    """
    site = folder / str(json.loads((folder / "modules.json").read_text(encoding="utf-8"))[0].get("path", ""))
    saved = [name for path in site.glob("model*.safetensors") for name in tensors(path)]
    prefix = f"{first.model.base_model_prefix}."
    known = {*saved, *(name.removeprefix(prefix) for name in saved)}
    if any(name not in known and "pooler" not in name for name, _ in first.model.named_parameters()):
        hf.load_model(site, dtype, trust_remote_code)


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
        self._limit = self._limited(spec["max_length"])
        self._batcher = batching.Batcher(model.device, spec["batch_size"] or self._batch_size)
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        """Numbers that the model has learnt, its embeddings among them."""
        self.truncated: NDArray[np.bool_] = np.zeros(0, bool)
        """Which texts of the last call of `encode` were cut at the length limit."""
        self.details: dict[str, str | int] = {
            "modules": ", ".join(map(_described, model)),
            "dtype": spec["dtype"],
            "device": str(model.device),
            "max_length": self._limit or "none",
            **self._prompts(),
        }
        """What is known of it once it is loaded: also the prompts in force, the spec's or the folder's own."""

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, d), as the library's ``encode``, ``encode_query`` or
        ``encode_document`` does, with the prompt of ``spec`` in place of the folder's own where there is one."""
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        given, prompt = self._with_prompt(tokens.readable(texts), role)
        call = {"query": self._model.encode_query, "document": self._model.encode_document}.get(
            role or "", self._model.encode
        )
        shown = prompt if prompt is not None else str(self.details[_prompt_name(role)])
        lengths, self.truncated = self._measured([shown + text for text in given], self._limit_of(role))

        def encoded(rows: NDArray[np.int64]) -> torch.Tensor:
            batch = [given[row] for row in rows]
            vectors: torch.Tensor = call(
                batch, batch_size=len(batch), prompt=prompt, show_progress_bar=False, convert_to_tensor=True
            )
            return vectors

        return batching.collect(self._batcher.run(lengths, encoded))

    def _with_prompt(self, texts: list[str], role: Role | None) -> tuple[list[str], str | None]:
        """Texts, and the prompt for the library to put before them; None: the folder's own."""
        own = {"query": self._spec["prompt_query"], "document": self._spec["prompt_document"]}.get(role or "")
        prompt = own or self._spec["prompt"]
        if not prompt:
            return texts, None
        if "{text}" in prompt:
            return [prompt.replace("{text}", text) for text in texts], ""
        return texts, prompt

    def _prompts(self) -> dict[str, str]:
        """The prompts in force by the name of their option: those of ``spec``, else those that the library takes."""
        known = {name: prompt or "" for name, prompt in self._model.prompts.items()}
        default = known.get(self._model.default_prompt_name or "", "")
        query = known.get("query", default)
        document = next((known[name] for name in ("document", "passage", "corpus") if name in known), default)
        own = {"prompt": default, "prompt_query": query, "prompt_document": document}
        given = self._spec["prompt"]
        return {name: self._spec[name] or given or own[name] for name in own}

    def _limited(self, asked: int | None) -> int | None:
        """Set the length limit and return it, in tokens; None where there is none."""
        if asked is not None:
            kind = type(self._first).__name__
            raise UsageError(f"max_length={asked}: the checkpoint begins with {kind}, which has no limit to set")
        return None

    def _limit_of(self, role: Role | None) -> int | None:
        """The limit for texts of a role: some folders have one of their own for queries."""
        own = getattr(self._first, f"{role}_length", None) if role else None
        return own if isinstance(own, int) else self._limit

    def _measured(self, texts: list[str], limit: int | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
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

    def _limited(self, asked: int | None) -> int | None:
        limit = tokens.length_limit(self._first.model, self._tokenizer, asked)
        if limit is not None:
            self._model.max_seq_length = limit
        return limit

    def _measured(self, texts: list[str], limit: int | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The tokenizer's own counts: it is asked twice, and batches of equal texts save more than that."""
        found, cut = tokens.tokenise(self._tokenizer, texts, limit)
        return found.lengths, cut


class TableEncoder(SentenceEncoder):
    """A chain that begins with a table of vectors of pieces (StaticEmbedding): its tokenizer may have a limit."""

    _batch_size = 1024  # a look-up and a sum: what costs time is the call

    def _limited(self, asked: int | None) -> int | None:
        tokenizer = self._first.tokenizer
        if asked is not None:
            tokenizer.enable_truncation(asked)
        return int(tokenizer.truncation["max_length"]) if tokenizer.truncation else None

    def _measured(self, texts: list[str], limit: int | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        found = self._first.tokenizer.encode_batch(texts, add_special_tokens=False)
        lengths = np.array([max(len(encoding.ids), 1) for encoding in found], np.int64)
        return lengths, np.array([bool(encoding.overflowing) for encoding in found], bool)


def _prompt_name(role: Role | None) -> str:
    return f"prompt_{role}" if role else "prompt"


def _described(module: torch.nn.Module) -> str:
    """A module's name, with the pooling where it pools."""
    how = getattr(module, "pooling_mode", None)
    if how is None:
        return type(module).__name__
    return f"{type(module).__name__} ({how if isinstance(how, str) else ' and '.join(how)})"
