"""Finds the base model of a spec, and loads it as a trainable sentence-transformers model.

Checkpoints are found, downloaded and refused as `xlbench run` does it, through the catalog; what is trained is their
folder.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Catalog, EncoderError, Model, UsageError
from xlbench.core.errors import XlbenchError
from xlbench.core.text import error_text
from xlbench_train.settings import MAX_LENGTH, NGRAMS, Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TRAINABLE = ("st", "hf", "siamese")
"""Kinds of checkpoint whose folder sentence-transformers reads."""
_OF_RUN = ("--allow-pickle", "--trust-remote-code")
"""Options that errors offer which may lift a refusal; a training has none of the kind."""
NGRAM_MODULE = "xlbench_train.training.ngram_module.NgramEmbedding"
"""The type of a trained table, as a saved folder names it."""


@dataclass(frozen=True)
class Base:
    """A base, found but not loaded."""

    spec: str
    license: str = ""
    trained_on: tuple[str, ...] = ()
    folder: Path | None = None
    """None: a new table of n-grams."""
    pooling: str = ""
    """How a checkpoint without modules of its own is pooled where the settings do not say."""
    model: Model | None = None
    is_static: bool = False
    """Whether it is a table of n-grams, a new one or one that was trained before."""


def find_base(spec: str, catalog: Catalog) -> Base:
    """The base that a spec means, its files on this machine.

    Raises:
        UsageError: Nobody knows it, or it cannot be trained.
        DataMissing: It would have to be downloaded, and cannot be.
    """
    if spec.startswith(NGRAMS):
        table_size(spec)
        return Base(spec, is_static=True)
    bare = _path_of(spec)
    if "?" in bare and not re.fullmatch(r"[^?]+\?revision=[^&]+", bare):
        raise UsageError(
            f"--base {spec}: options of a spec do not shape what is trained: give --pooling, --max-length, --prompt; "
            f"?revision= alone is read"
        )
    try:
        (model,) = catalog.select_models([bare])[:1]
        if model.download is None:
            raise UsageError(
                f"--base {spec}: it cannot be trained: it is no checkpoint, but code of {_owner(model, catalog)}. Give "
                f"a folder, a name on the hub, or {NGRAMS}65536x192"
            )
        kind = str(dict(model.details).get("scheme", ""))
        folder = Path(model.download.fetch())
    except XlbenchError as error:
        if not any(option in str(error) for option in _OF_RUN):
            raise
        raise UsageError(
            f"--base {spec}: training reads safetensors alone, and runs no code that comes with a checkpoint: save it "
            f"so with the library's save_pretrained, or give another base"
        ) from error
    kind = str(dict(model.details).get("scheme", kind))
    _check_kind(spec, kind, folder)
    pooling = str(dict(model.details).get("pooling", "mean"))
    static = any(name == NGRAM_MODULE for name in _module_types(folder))
    return Base(spec, model.license or _license_in(folder), model.trained_on, folder, pooling, model, static)


def _license_in(folder: Path) -> str:
    """The license that the front matter of a folder's own card names; empty where there is none."""
    try:
        card = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    front = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    found = re.search(r"^license: *[\"']?([\w.+-]+)", front[1], re.MULTILINE) if front else None
    return found[1] if found else ""


def _module_types(folder: Path) -> list[str]:
    """The types of the modules of a folder of sentence-transformers."""
    path = folder / "modules.json"
    return [str(entry["type"]) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def _path_of(spec: str) -> str:
    """A folder that is given without ``./`` is meant as one."""
    bare = Path(spec).expanduser()
    return f"./{spec}" if bare.is_dir() and re.match(r"[\w-]", spec) and ":" not in spec else spec


def _owner(model: Model, catalog: Catalog) -> str:
    plugin = catalog.origins.get(("models", model.name))
    return f"the plugin {plugin.name}" if plugin else "one's own"


def _check_kind(spec: str, kind: str, folder: Path) -> None:
    if kind not in TRAINABLE:
        raise UsageError(
            f"--base {spec}: a checkpoint for {kind}: cannot be trained: give one of sentence-transformers or of "
            f"Hugging Face, or {NGRAMS}65536x192 for a static one"
        )
    if kind == "siamese" and not (folder / "modules.json").is_file():
        raise UsageError(
            f"--base {spec}: the encoder lies beside a head or under a prefix, which no library reads: give the folder "
            f"that it was trained from, or one of sentence-transformers"
        )


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


def load_base(base: Base, settings: Settings) -> SentenceTransformer:
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


def _load_model(base: Base, settings: Settings) -> SentenceTransformer:
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


def device_of(name: str) -> str:
    """The device that a setting means: ``auto`` is a GPU where there is one. `UsageError` where it is not there."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[name]:
        raise UsageError(f"--device {name}: there is no such device here: take cpu or auto")
    return name
