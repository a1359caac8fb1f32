"""Tags words with a token classifier of transformers: an ordinary checkpoint, read by its own labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xlbench import EncoderError, Spec
from xlbench.core.permissions import permissions
from xlbench_transformers import type_names
from xlbench_transformers.encoders import batching, completeness, hf, tokens
from xlbench_transformers.encoders.tag_labels import TagLabels, labels_of
from xlbench_transformers.encoders.words import WordReader

if TYPE_CHECKING:
    from numpy.typing import NDArray


def load(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> Tagger:
    """The tagger of the checkpoint in ``folder``, as the settings of ``spec`` want it.

    Raises:
        EncoderError: It is no token classifier, weights of it are missing (its head would be random), or its labels
            are no tags.
        UsageError: A setting that the checkpoint cannot follow.
    """
    device = batching.device_of(spec)
    tokenizer = hf.load_tokenizer(folder, trust_remote_code=trust_remote_code)
    model = _load_classifier(folder, batching.dtype_of(spec), trust_remote_code=trust_remote_code)
    return Tagger(model, tokenizer, spec, device)


def _load_classifier(folder: Path, dtype: torch.dtype, *, trust_remote_code: bool) -> torch.nn.Module:
    import transformers

    with hf.loading(folder, "token classifier"):
        model, report = transformers.AutoModelForTokenClassification.from_pretrained(
            folder,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
            local_files_only=True,
            use_safetensors=None if permissions().allow_pickle else True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told below, with the name and the sizes
        )
    completeness.check_report(folder, model, model, report)
    evaluated: torch.nn.Module = model.to(dtype).eval()
    return evaluated


class Logits(hf.Backbone):
    """A token classifier on its device: tokens in, a score a label out."""

    def vectors(self, batch: tokens.Tokens, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of the labels of every token, float32 (len(rows), t, labels), and the mask (len(rows), t)."""
        inputs = self.inputs(batch, rows)
        with torch.inference_mode():
            return self.model(**inputs, return_dict=True).logits.float(), inputs["attention_mask"]


class Tagger:
    """Words in, tags out: see `xlbench.WordTagger`. A word has the label of its first piece (``words=mean``: that of
    the mean of its pieces' scores); sentences beyond the length limit go through in windows, as for `WordReader`."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, spec: Spec, device: torch.device) -> None:
        config: Any = model.config
        self._labels: TagLabels = labels_of({int(n): str(name) for n, name in config.id2label.items()}, spec["tags"])
        self._given = type_names.parse_map(spec["map"], self._labels.own_types)
        self._decode = spec["decode"]
        limit = tokens.length_limit(model, tokenizer, spec["max_length"])
        batcher = batching.Batcher(device, spec["batch_size"])
        backbone = Logits(model, tokenizer, device)
        self._words = WordReader(tokenizer, backbone, batcher, limit=limit, words=spec["words"], window=spec["window"])
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self.details: dict[str, str | int] = {
            "tagger": type(model).__name__,
            "tags": self._labels.scheme,
            "own_types": ", ".join(self._labels.own_types),
            "decode": self._decode,
            "dtype": spec["dtype"],
            "device": str(device),
            "max_length": limit or "none",
        }

    def read_as(self, types: Sequence[str]) -> dict[str, str]:
        """How the checkpoint's types are read where ``types`` are asked for: see `type_names.read_as`."""
        return type_names.read_as(self._labels.own_types, types, self._given)

    def tag_words(self, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> list[list[str]]:
        """Tags of n sentences, as IOB2 over ``types``."""
        read_as = self.read_as(types)
        scores = self._words.read(sentences)
        if not all(np.isfinite(one).all() for one in scores):
            raise EncoderError("the token classifier gives scores that are not finite")
        return [self._labels.as_iob2(self._chosen(one.astype(np.float64)), read_as) for one in scores]

    def _chosen(self, scores: NDArray[np.float64]) -> list[int]:
        """The labels of a sentence, of scores (words, labels)."""
        if self._decode == "each":
            each: list[int] = scores.argmax(axis=1).tolist()
            return each
        most = scores.max(axis=1, keepdims=True)
        return self._labels.best(scores - most - np.log(np.exp(scores - most).sum(axis=1, keepdims=True)))
