"""Siamese checkpoints: one encoder for both texts of a pair, and perhaps a classification head.

The encoder may be a folder of sentence-transformers, a Hugging Face checkpoint, or one whose tensors lie under a prefix
of the training code's (``encoder.``, ``bert.`` ...) beside the head. The head makes no vectors; `pair_probabilities` is
what it was trained for. Loading and encoding are those of ``st`` and ``hf``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from xlbench import EncoderError, Role, Spec, UsageError
from xlbench.core.text import did_you_mean
from xlbench_transformers.encoders import batching, completeness, hf, st
from xlbench_transformers.encoders.siamese_head import (
    SETTINGS,
    CheckpointTensors,
    Head,
    SiameseSettings,
    describe_head,
    read_head,
    read_settings,
)

HEAD = "siamese_head.safetensors"
"""The head's own file, beside a folder of sentence-transformers."""


def load(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> SiameseEncoder:
    """Load the pair's encoder and its head, where there is one; see `xlbench_transformers.encoders.load`."""
    settings = read_settings(folder / SETTINGS)
    chain = (folder / "modules.json").is_file()
    load_encoder = _load_chain if chain else _load_checkpoint
    encoder, head = load_encoder(folder, spec, settings, trust_remote_code=trust_remote_code)
    details = {"head": describe_head(head)}
    if not chain:
        given = "pooling" in spec.given
        details["pooling_from"] = "spec" if given else SETTINGS if settings.pooling else "default"
    kind = SiameseWordEncoder if hasattr(encoder, "encode_words") else SiameseEncoder
    return kind(encoder, head, details)


class SiameseEncoder:
    """The encoder that both texts of a pair go through, and the head over their vectors."""

    def __init__(self, encoder: Any, head: Head | None, details: Mapping[str, str]) -> None:
        self._encoder = encoder
        self.head = head
        self.parameters: int = encoder.parameters
        """Numbers that the encoder has learned; the head's are not among them."""
        self._about = dict(details)

    @property
    def details(self) -> dict[str, str | int]:
        """What is known of it once it is loaded; ``head``: its classes and inputs, or none."""
        return {**self._encoder.details, **self._about}

    @property
    def truncated(self) -> NDArray[np.bool_]:
        """(n,) whether each text of the last call of `encode` was cut at the length limit."""
        cut: NDArray[np.bool_] = self._encoder.truncated
        return cut

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, d): u or v of a pair, it makes no difference."""
        vectors: NDArray[np.float32] = self._encoder.encode(texts, role=role)
        return vectors

    def pair_probabilities(self, texts_a: Sequence[str], texts_b: Sequence[str]) -> NDArray[np.float64]:
        """What the head says of n pairs: probabilities (n, classes), in the order of its rows (`Head.labels`).

        `EncoderError` where there is no head, or not as many texts on both sides.
        """
        if self.head is None:
            raise EncoderError("there is no head over pairs beside this encoder, so that it has no probabilities")
        if len(texts_a) != len(texts_b):
            raise EncoderError(f"{len(texts_a)} texts and {len(texts_b)} make no pairs")
        both = self.encode([*texts_a, *texts_b])
        return self.head.probabilities(both[: len(texts_a)], both[len(texts_a) :])


class SiameseWordEncoder(SiameseEncoder):
    """The same where the encoder gives vectors of words."""

    @property
    def words_without_pieces(self) -> int:
        """Words so far of which the tokenizer left nothing, and which got the mean vector of their sentence."""
        return int(self._encoder.words_without_pieces)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each."""
        vectors: list[NDArray[np.float32]] = self._encoder.encode_words(sentences)
        return vectors


def _load_chain(
    folder: Path, spec: Spec, settings: SiameseSettings, *, trust_remote_code: bool
) -> tuple[st.SentenceEncoder, Head | None]:
    """A folder of sentence-transformers, which says itself how it pools, and keeps a head in a file of its own."""
    for name in ("pooling", "layer", "layers"):
        if name in spec.given:
            raise UsageError(f"{spec.text!r}: {name} is the folder's own where it has a modules.json")
    if settings.pooling or (settings.weight and not (folder / HEAD).is_file()):
        raise UsageError(
            f"{folder / SETTINGS}: pooling is for folders without a modules.json, and head for those with a {HEAD}"
        )
    encoder = st.load(folder, spec, trust_remote_code=trust_remote_code)
    if not (folder / HEAD).is_file():
        return encoder, None
    shapes = CheckpointTensors(folder, HEAD)
    head = _head(folder, shapes, frozenset(), len(encoder.encode(["a"])[0]), settings)
    if head is None:
        raise EncoderError(f"{folder / HEAD}: no matrix in it has a column for each of {', '.join(settings.inputs)}")
    return encoder, head


def _load_checkpoint(
    folder: Path, spec: Spec, settings: SiameseSettings, *, trust_remote_code: bool
) -> tuple[hf.HuggingFaceEncoder, Head | None]:
    """A checkpoint of Hugging Face's, its encoder's tensors perhaps under a prefix."""
    device, dtype = batching.device_of(spec), batching.dtype_of(spec)
    shapes = CheckpointTensors(folder)
    with hf.loading(folder, "model"):
        config = transformers.AutoConfig.from_pretrained(
            folder, trust_remote_code=trust_remote_code, local_files_only=True
        )
        part = _encoder_part(folder, shapes, config, trust_remote_code=trust_remote_code)
        own = None if part.natural else {name.removeprefix(part.prefix): shapes.read(name) for name in part.names}
    head = _head(folder, shapes, part.names, int(config.get_text_config().hidden_size), settings)
    model = hf.load_model(
        folder, dtype, trust_remote_code=trust_remote_code, weights=own, heads=head.tensors if head else ()
    )
    if not part.natural:  # else transformers has said what is left over
        left = set(shapes.names) - part.names - set(head.tensors if head else ())
        completeness.check_unused(folder, [name.removeprefix(part.prefix) for name in left], model)
    if settings.pooling and "pooling" not in spec.given:
        spec = replace(spec, values={**spec.values, "pooling": settings.pooling})
    tokenizer = hf.load_tokenizer(folder, trust_remote_code=trust_remote_code)
    encoder = hf.HuggingFaceEncoder(model, tokenizer, spec, device)
    return encoder, head


@dataclass(frozen=True)
class _EncoderTensors:
    """Which tensors of a checkpoint are the encoder's."""

    prefix: str
    natural: bool
    """Whether transformers itself expects the prefix."""
    names: frozenset[str]


def _encoder_part(folder: Path, shapes: CheckpointTensors, config: Any, *, trust_remote_code: bool) -> _EncoderTensors:
    """The tensors that the encoder expects, under the prefix with which most of them are there."""
    with torch.device("meta"):  # names without numbers
        make: Any = transformers.AutoModel.from_config
        plain = make(config, trust_remote_code=trust_remote_code)
    expected = set(plain.state_dict())
    found: dict[str, set[str]] = {}
    for name in shapes.names:
        parts = name.split(".")
        for cut in range(len(parts)):
            if ".".join(parts[cut:]) in expected:
                found.setdefault("".join(f"{part}." for part in parts[:cut]), set()).add(name)
    if not found:
        raise EncoderError(f"{folder}: no tensor is one of a {type(plain).__name__}: the first is {min(shapes.names)}")
    prefix, names = max(found.items(), key=lambda item: (len(item[1]), -len(item[0])))
    return _EncoderTensors(prefix, prefix in ("", f"{plain.base_model_prefix}."), frozenset(names))


def _head(
    folder: Path, shapes: CheckpointTensors, of_encoder: frozenset[str], width: int, settings: SiameseSettings
) -> Head | None:
    """The head beside the encoder: named by ``siamese.json``, else the one matrix with a column for every input."""
    columns = len(settings.inputs) * width
    name = settings.weight
    if name is None:
        others = [name for name in shapes.names if name not in of_encoder]
        fitting = [name for name in others if len(shapes.shape(name)) == 2 and shapes.shape(name)[1] == columns]
        if len(fitting) > 1:
            raise EncoderError(
                f"{folder}: {' and '.join(fitting)} could be the head: say which in {SETTINGS}, as "
                f'{{"head": {{"weight": "{fitting[0]}"}}}}'
            )
        return read_head(folder, shapes, fitting[0], settings) if fitting else None
    if name not in shapes.names:
        guess = did_you_mean(name, shapes.names)
        raise EncoderError(f"{folder / SETTINGS}: there is no tensor {name!r} for the head.{guess}")
    if len(shapes.shape(name)) != 2 or shapes.shape(name)[1] != columns:
        raise EncoderError(
            f"{folder / SETTINGS}: the head {name} has shape {shapes.shape(name)}; over {', '.join(settings.inputs)} "
            f"of vectors of {width} it would be (classes, {columns})"
        )
    return read_head(folder, shapes, name, settings)
