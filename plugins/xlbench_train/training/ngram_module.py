"""A static encoder as a trainable module of sentence-transformers: hashed n-grams with an embedding bag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.input_module import InputModule
from sentence_transformers.sentence_transformer.modules import Normalize

from xlbench import UsageError
from xlbench_train.static import files
from xlbench_train.static.encoder import StaticEncoder
from xlbench_train.static.features import NgramFeatures
from xlbench_train.static.table import packed


class NgramEmbedding(InputModule):
    """Words are sums of their features' rows, texts sums of their words (see `xlbench_train.static.encoder`).

    Where a text has no word, its vector is zero.
    """

    def __init__(self, weights: torch.Tensor, bits: int = 32) -> None:
        """``weights``: shape (buckets, dimensions). ``bits``: in how many a number is to be saved."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.embedding = torch.nn.EmbeddingBag.from_pretrained(weights, freeze=False, mode="sum")
        self.bits = bits
        self._features = NgramFeatures(len(weights))

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Bags of numbers: the words of each text, and the buckets of each word; their starts without the last.

        ``input_ids``, the buckets, has the name by which the library's trainer knows a text.
        """
        found = self._features([f"{prompt or ''}{text}" for text in inputs])
        return {
            "input_ids": torch.from_numpy(found.words.values),
            "word_starts": torch.from_numpy(found.words.starts[:-1]),
            "word_sizes": torch.from_numpy(np.maximum(np.diff(found.words.starts), 1).astype(np.float32)),
            "words": torch.from_numpy(found.texts.values),
            "text_starts": torch.from_numpy(found.texts.starts[:-1]),
        }

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Add ``sentence_embedding``, shape (texts, dimensions)."""
        words = self.embedding(features["input_ids"], features["word_starts"])
        words = words / features["word_sizes"].sqrt()[:, None]
        if not len(words):  # no text has a word: embedding_bag refuses an empty table
            words = words.new_zeros((1, words.shape[1])) + 0 * self.embedding.weight[:1]
        features["sentence_embedding"] = torch.nn.functional.embedding_bag(
            features["words"], words, features["text_starts"], mode="sum"
        )
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return int(self.embedding.embedding_dim)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Vectors of words: those of the static encoder over the same table."""
        return StaticEncoder(self.embedding.weight.detach().cpu().float().numpy()).encode_words(sentences)

    @property
    def max_seq_length(self) -> float:
        """Texts have no length limit."""
        return float("inf")

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write ``config.json`` and ``model.safetensors``; there is no other way than the safe one."""
        table = self.embedding.weight.detach().cpu().float().numpy()
        settings = files.Settings(len(table), table.shape[1], self.bits)
        files.save(Path(output_path), packed(table, self.bits), settings)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> NgramEmbedding:  # type: ignore[override]
        """Read what `save` wrote, whatever the bits."""
        names = ("token", "cache_folder", "revision", "local_files_only")
        hub = {name: kwargs[name] for name in names if name in kwargs}
        paths = [
            cls.load_file_path(model_name_or_path, filename=name, subfolder=subfolder, **hub)
            for name in (files.SETTINGS, files.WEIGHTS)
        ]
        if None in paths:
            raise UsageError(f"{model_name_or_path} holds no {files.SETTINGS} and {files.WEIGHTS} of an n-gram table")
        table, settings = files.load(Path(str(paths[1])).parent)
        return cls(torch.from_numpy(table.unpacked()), bits=settings.bits)


def new_ngram_model(buckets: int, dimensions: int, seed: int) -> SentenceTransformer:
    """An untrained model: a random row a bucket, so that texts are the nearer the more n-grams they share.

    Args:
        buckets: Rows of the table.
        dimensions: Width of a row, and of the vectors.
        seed: Of the random numbers; equal tables for equal seeds, whatever the machine.

    Raises:
        UsageError: For sizes below 1.
    """
    if min(buckets, dimensions) < 1:
        raise UsageError(f"ngrams:{buckets}x{dimensions}: give at least one bucket and one dimension")
    rows = np.random.default_rng(seed).standard_normal((buckets, dimensions), np.float32) / np.float32(dimensions**0.5)
    return SentenceTransformer(modules=[NgramEmbedding(torch.from_numpy(rows)), Normalize()], device="cpu")
