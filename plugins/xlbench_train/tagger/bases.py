"""The transformer that a tagger starts from: an encoder with a new head, or a tagger whose head goes on as far as its
labels are the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import Catalog, EncoderError, UsageError
from xlbench.core.text import error_text
from xlbench_train.tagger.settings import MAX_LENGTH
from xlbench_train.training.bases import Base, find_checkpoint

NO_LIMIT = 10**9
"""A tokenizer's ``model_max_length`` above this says that its checkpoint names none."""
HEADS = ("classifier", "score")
"""How transformers call the layer that gives labels."""


def find_base(spec: str, catalog: Catalog) -> Base:
    """The base that a spec means, its files on this machine; ``tagger:DIR`` is the same as the folder.

    Raises:
        UsageError: Nobody knows it, or it is no transformer.
        DataMissing: It would have to be downloaded, and cannot be.
    """
    return find_checkpoint(
        spec.removeprefix("tagger:"), catalog, kinds=("hf", "st"), readable="a transformer of Hugging Face's library"
    )


def labels_of(types: Sequence[str]) -> list[str]:
    """The labels of a tagger: O, and B- and I- of each type."""
    return ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]


@dataclass(frozen=True)
class Loaded:
    """A token classifier that is to be trained, and its tokenizer."""

    model: Any
    tokenizer: Any
    notes: tuple[str, ...] = ()


def load_base(base: Base, labels: Sequence[str], seed: int, layers: int | None = None) -> Loaded:
    """The base as a token classifier of ``labels``, in single precision; what is new of its head follows from the seed.

    ``layers``: only so many of its own, from the first; None: all.

    Raises:
        UsageError: Its tokenizer does not say which word a piece is of.
        EncoderError: It cannot be loaded, or weights of its encoder are missing.
    """
    import torch
    import transformers

    assert base.folder is not None
    folder = _transformer_folder(base.folder)
    own = _own_labels(folder)
    torch.manual_seed(seed)
    kept = own or list(labels)
    names: dict[str, Any] = {"id2label": dict(enumerate(kept)), "label2id": {one: n for n, one in enumerate(kept)}}
    if layers is not None:
        most = _config(folder).get("num_hidden_layers")
        if not isinstance(most, int) or layers > most:
            raise UsageError(f"--layers {layers}: {base.spec} has {most if isinstance(most, int) else 'none to count'}")
        names["num_hidden_layers"] = layers
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, report = transformers.AutoModelForTokenClassification.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True, output_loading_info=True, **names
        )
    except Exception as error:  # whatever a library raises over somebody's files is one line about those files
        raise EncoderError(
            f"--base {base.spec}: it cannot be loaded as a token classifier: {error_text(error)}"
        ) from error
    if not tokenizer.is_fast:
        raise UsageError(
            f"--base {base.spec}: its tokenizer does not say which word a piece is of: save a fast one with it"
        )
    missing = [name for name in report["missing_keys"] if own or name.partition(".")[0] not in HEADS]
    if missing:
        raise EncoderError(f"--base {base.spec}: weights are missing, and would be random: {sorted(missing)[0]} ...")
    if not own:
        return Loaded(model, tokenizer, (f"a new head of {len(labels)} labels on {base.spec}",))
    if own == list(labels):
        return Loaded(model, tokenizer, (f"goes on from the tagger {base.spec}, head and all",))
    return Loaded(model, tokenizer, (_with_other_labels(model, own, labels, base),))


def _with_other_labels(model: Any, own: Sequence[str], labels: Sequence[str], base: Base) -> str:
    """Give a tagger a head of other labels, which begins with the rows that it has of them; what was done, in words."""
    import torch

    name = next((one for one in HEADS if isinstance(getattr(model, one, None), torch.nn.Linear)), None)
    if name is None:
        raise EncoderError(f"--base {base.spec}: the head of a {type(model).__name__} cannot be given other labels")
    before = getattr(model, name)
    head = torch.nn.Linear(before.in_features, len(labels))
    shared = [label for label in labels if label in own]
    with torch.no_grad():
        head.weight.normal_(0, 0.02)
        head.bias.zero_()
        for label in shared:
            head.weight[labels.index(label)] = before.weight[own.index(label)]
            head.bias[labels.index(label)] = before.bias[own.index(label)]
    setattr(model, name, head)
    model.num_labels = model.config.num_labels = len(labels)
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: number for number, label in enumerate(labels)}
    return (
        f"goes on from the tagger {base.spec}; of {len(labels)} labels its head has {len(shared)} "
        f"({', '.join(shared)}), the others are new"
    )


def length_limit(model: Any, tokenizer: Any, asked: int | None) -> int:
    """Tokens of a window, special ones included. `UsageError` where more are asked for than the model has positions."""
    import torch

    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    tables = (part for name, part in model.named_modules() if name.split(".")[-1] == "position_embeddings")
    padding = next((table.padding_idx for table in tables if isinstance(table, torch.nn.Embedding)), None)
    if most and padding is not None:  # RoBERTa and its kin number positions from the padding id + 1
        most -= padding + 1
    if asked and most and asked > most:
        raise UsageError(f"--max-length {asked}: the base has positions for {most} tokens")
    named = tokenizer.model_max_length
    known = [one for one in (most, named if named and named < NO_LIMIT else None, MAX_LENGTH) if one]
    return asked or int(min(known))


def _transformer_folder(folder: Path) -> Path:
    """Where the transformer lies in a checkpoint: the folder itself, or that of its first module."""
    if _config(folder).get("model_type"):
        return folder
    inner = folder / "0_Transformer"
    return inner if inner.is_dir() else folder


def _own_labels(folder: Path) -> list[str]:
    """The labels of a token classifier; none of any other checkpoint."""
    config = _config(folder)
    is_tagger = any(str(one).endswith("ForTokenClassification") for one in config.get("architectures") or [])
    names = config.get("id2label")
    if not is_tagger or not isinstance(names, dict):
        return []
    return [str(names[number]) for number in sorted(names, key=int)]


def _config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
