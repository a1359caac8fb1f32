"""The model that is trained: a checkpoint that can tell masked words, or a new BERT of a size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from xlbench import Catalog, EncoderError, UsageError
from xlbench.core.text import did_you_mean, error_text
from xlbench_train.mlm.settings import NEW, Settings
from xlbench_train.training.bases import Base, find_checkpoint

KINDS = ("hf", "st")
"""Schemes of checkpoints whose transformer the library reads."""
LAYERS, POSITIONS = 2, 512
"""Of a new model, where nobody says others."""
_FORM = f"write {NEW}HEADSxWIDTH, as {NEW}6x300, or {NEW}layers=2,heads=6,width=300,inner=1200,positions=512"


@dataclass(frozen=True)
class Size:
    """Of a new BERT."""

    heads: int
    width: int
    """Dimensions of a token's vector."""
    layers: int = LAYERS
    inner: int = 0
    """Dimensions within a layer; 0: four times the width, as in BERT (Devlin et al. 2019)."""
    positions: int = POSITIONS
    """Tokens that it reads at most."""


def size_of(spec: str) -> Size:
    """The size that ``new:6x300`` (heads x width, of two layers) or ``new:layers=2,heads=6,width=300`` means.

    Raises:
        UsageError: It is none.
    """
    text = spec.removeprefix(NEW)
    if short := re.fullmatch(r"(\d+)x(\d+)", text):
        given = {"heads": int(short[1]), "width": int(short[2])}
    else:
        parts = [part.partition("=") for part in text.split(",")]
        names = tuple(Size.__dataclass_fields__)
        for name, _, value in parts:
            if name not in names or not value.isdecimal():
                raise UsageError(f"--base {spec}: {_FORM}.{did_you_mean(name, names) if value else ''}".rstrip("."))
        given = {name: int(value) for name, _, value in parts}
    if not {"heads", "width"} <= given.keys():
        raise UsageError(f"--base {spec}: {_FORM}")
    size = Size(**given)
    if min(size.heads, size.width, size.layers, size.positions) < 1 or size.width % size.heads:
        raise UsageError(
            f"--base {spec}: a width of {size.width} cannot be shared among {size.heads} heads: give a multiple of the "
            f"heads, and numbers from 1"
        )
    return size


def find_base(spec: str, catalog: Catalog) -> Base:
    """The base that a spec means, its files on this machine.

    Raises:
        UsageError: Nobody knows it, or it cannot be trained.
        DataMissing: It would have to be downloaded, and cannot be.
    """
    if spec.startswith(NEW):
        size_of(spec)
        return Base(spec)
    return find_checkpoint(
        spec, catalog, kinds=KINDS, readable="one of Hugging Face", or_new=f"{NEW}6x300 for a new one",
        options="--max-length",
    )  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """A model that tells masked words."""

    model: Any
    notes: tuple[str, ...] = ()


def load_model(base: Base, tokenizer: Any, settings: Settings) -> Loaded:
    """The model to be trained, of the tokenizer's vocabulary where it is new.

    Raises:
        EncoderError: It cannot be loaded.
    """
    import torch

    torch.manual_seed(settings.seed)
    return _new(size_of(base.spec), tokenizer) if base.folder is None else _from_folder(base)


def _new(size: Size, tokenizer: Any) -> Loaded:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.inner or 4 * size.width,
        max_position_embeddings=size.positions,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Loaded(BertForMaskedLM(config))


def _from_folder(base: Base) -> Loaded:
    import torch
    from transformers import AutoModelForMaskedLM

    try:
        model, found = AutoModelForMaskedLM.from_pretrained(
            str(base.folder), dtype=torch.float32, use_safetensors=True, local_files_only=True,
            output_loading_info=True,
        )  # fmt: skip
    except Exception as error:  # libraries raise anything for a checkpoint that is none of theirs
        raise EncoderError(f"--base {base.spec} cannot be loaded to tell masked words: {error_text(error)}") from error
    prefix = f"{model.base_model_prefix}."
    lacking = sorted(found["missing_keys"])
    if of_encoder := [name for name in lacking if name.startswith(prefix)]:
        raise EncoderError(f"--base {base.spec} lacks weights of its encoder, {of_encoder[0]} among them: get it again")
    notes = ("the base has no layer that tells masked words: a new one is trained",) * bool(lacking)
    return Loaded(model, notes)


def check_length(base: Base, settings: Settings) -> None:
    """`UsageError` where a base reads fewer tokens than are asked for, `EncoderError` where it does not say."""
    limit: int | None
    if base.folder is None:
        limit = size_of(base.spec).positions
    else:
        from transformers import AutoConfig

        try:
            limit = length_limit(AutoConfig.from_pretrained(str(base.folder), local_files_only=True))
        except Exception as error:  # libraries raise anything for a damaged folder
            raise EncoderError(f"--base {base.spec} cannot be loaded: {error_text(error)}") from error
    if limit is not None and settings.max_length > limit:
        raise UsageError(f"--max-length {settings.max_length}: {base.spec} reads {limit} tokens at most")


def length_limit(config: Any) -> int | None:
    """Tokens that a model reads at most, special ones included; None where nothing says it."""
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None:
        return None
    # RoBERTa and its kin count positions from behind the padding's
    offset = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return int(positions) - offset
