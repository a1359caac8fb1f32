"""Finds the base of a siamese encoder, and loads it as a trainable sentence-transformers model."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Catalog, EncoderError, UsageError
from xlbench.core.errors import XlbenchError
from xlbench.core.text import error_text
from xlbench_train.siamese.settings import MAX_LENGTH, NGRAMS, Settings
from xlbench_train.training.bases import Base, find_checkpoint, scheme_of
from xlbench_train.training.devices import device_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TRAINABLE = ("st", "hf", "siamese")
"""Kinds of checkpoint whose folder sentence-transformers reads."""
NGRAM_MODULE = "xlbench_train.training.ngram_module.NgramEmbedding"
"""The type of a trained table, as a saved folder names it."""


@dataclass(frozen=True)
class SiameseBase(Base):
    """A base, found but not loaded."""

    is_static: bool = False
    """Whether it is a table of n-grams, a new one or one that was trained before."""


def find_base(spec: str, catalog: Catalog) -> SiameseBase:
    """The base that a spec means, its files on this machine.

    Raises:
        UsageError: Nobody knows it, or it cannot be trained.
        DataMissing: It would have to be downloaded, and cannot be.
    """
    if spec.startswith(NGRAMS):
        table_size(spec)
        return SiameseBase(spec, is_static=True)
    base = find_checkpoint(
        spec,
        catalog,
        kinds=TRAINABLE,
        readable="one of sentence-transformers or of Hugging Face",
        or_new=f"{NGRAMS}65536x192 for a static one",
        options="--pooling, --max-length, --prompt",
    )
    assert base.folder is not None
    if scheme_of(base) == "siamese" and not (base.folder / "modules.json").is_file():
        raise UsageError(
            f"--base {spec}: the encoder lies beside a head or under a prefix, which no library reads: give the folder "
            f"that it was trained from, or one of sentence-transformers"
        )
    return SiameseBase(**vars(base), is_static=NGRAM_MODULE in _module_types(base.folder))


def _module_types(folder: Path) -> list[str]:
    """The types of the modules of a folder of sentence-transformers."""
    path = folder / "modules.json"
    return [str(entry["type"]) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def table_size(spec: str) -> tuple[int, int]:
    """Buckets and dimensions of ``ngrams:65536x192``; `UsageError` where the spec gives none."""
    found = re.fullmatch(rf"{NGRAMS}(\d+)x(\d+)", spec)
    buckets, dimensions = map(int, found.groups()) if found else (0, 0)
    if not 256 <= buckets <= 1 << 24 or not 2 <= dimensions <= 4096:
        raise UsageError(
            f"--base {spec}: write {NGRAMS}BUCKETSxDIMENSIONS, as {NGRAMS}65536x192, with 256 to 16,777,216 buckets "
            f"and 2 to 4,096 dimensions"
        )
    return buckets, dimensions


def load_base(base: SiameseBase, settings: Settings) -> SentenceTransformer:
    """The model to be trained: the base with the pooling, length limit and prompt that were asked for.

    Raises:
        UsageError: The base does not have what a setting is about.
        EncoderError: It cannot be loaded.
    """
    if base.folder is None:
        from xlbench_train.training.ngram_module import new_ngram_model

        model = new_ngram_model(*table_size(base.spec), seed=settings.seed)
    else:
        model = _load_model(base, settings)
    if settings.prompt:  # whatever the role of a text
        model.prompts = dict.fromkeys([*model.prompts, "query", "document", "training"], settings.prompt)
        model.default_prompt_name = "training"
    return model


def prompt_of(model: SentenceTransformer) -> str:
    """What a model puts before a text of no role: in training as ever after."""
    return str(model.prompts.get(model.default_prompt_name or "") or "")


def _load_model(base: SiameseBase, settings: Settings) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    from xlbench_train.training.ngram_module import NgramEmbedding

    assert base.folder is not None
    device = device_of(settings.device)
    arguments = {"dtype": torch.float32, "use_safetensors": True}
    try:
        if (base.folder / "modules.json").is_file():
            own = {NGRAM_MODULE: NgramEmbedding}  # which the library would look for in the folder
            model = SentenceTransformer._load_with_module_classes(
                str(base.folder), own, device=device, local_files_only=True, model_kwargs=arguments
            )
        else:
            first: Any = Transformer(str(base.folder), model_kwargs=arguments)
            mode = settings.pooling or base.pooling
            pooling: Any = Pooling(
                first.get_embedding_dimension(), pooling_mode="lasttoken" if mode == "last" else mode
            )
            model = SentenceTransformer(modules=[first, pooling], device=device)
    except XlbenchError:
        raise
    except Exception as error:  # libraries raise anything for a damaged checkpoint
        raise EncoderError(f"--base {base.spec} cannot be loaded: {error_text(error)}") from error
    model.float()
    for module in model:
        if isinstance(module, NgramEmbedding):
            module.bits = 32  # rounded to the few bits of a packed base, what is learned would be lost
    if settings.pooling and (base.folder / "modules.json").is_file():
        _replace_pooling(model, settings.pooling, base.spec)
    _set_length_limit(model, settings, base.spec)
    return model


def _replace_pooling(model: SentenceTransformer, mode: str, spec: str) -> None:
    """Another pooling in the place of the folder's own."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    places = [place for place, module in enumerate(model) if isinstance(module, Pooling)]
    if not places:
        raise UsageError(f"--pooling {mode}: {spec} has no module that pools: leave --pooling out")
    own: Any = model[places[0]]
    model[places[0]] = Pooling(own.embedding_dimension, pooling_mode=mode)


def _set_length_limit(model: SentenceTransformer, settings: Settings, spec: str) -> None:
    """The length limit, which cannot be over the model's own."""
    own = model.max_seq_length
    if own is None or own == float("inf"):
        return
    if (settings.max_length or 0) > own:
        raise UsageError(f"--max-length {settings.max_length}: {spec} reads {own} tokens at most")
    model.max_seq_length = min(settings.max_length or MAX_LENGTH, own)
