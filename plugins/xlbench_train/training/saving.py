"""Saves the trained model: a folder of sentence-transformers, its head, and the list of what it was trained on."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xlbench import ResultsError, UsageError, text_keys
from xlbench.core.files import write_whole
from xlbench_train.training.objectives import LABELS

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

HEAD = "siamese_head.safetensors"
LAST = "modules.json"
"""Written last: a folder without it is no model, and a kill leaves none that is half."""


def save(
    out: Path, staging: Path, model: SentenceTransformer, head: torch.nn.Linear | None, more: Mapping[str, str | bytes]
) -> None:
    """Write the model's folder, whole or not at all.

    Args:
        out: The folder; what else lies in it stays.
        staging: A folder on the same disk, for the files until they are whole.
        model: What was trained.
        head: W and its bias of the objective softmax.
        more: Further files by their names.

    Raises:
        UsageError, ResultsError: It cannot be written.
    """
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        model.save_pretrained(str(staging), create_model_card=False)
        for name, content in {**more, **_head_files(head)}.items():
            (staging / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        for path in sorted(staging.iterdir(), key=lambda each: each.name == LAST):
            _sync(path)
            target = out / path.name
            if target.is_dir():  # of a process that was killed while it moved them
                shutil.rmtree(target)
            os.replace(path, target)
        staging.rmdir()
    except OSError as error:
        kind = ResultsError if error.errno == 28 else UsageError
        raise kind(
            f"cannot write the model to {out}: {error.strerror or error}; the checkpoints are kept: --resume goes on"
        ) from None


def _sync(path: Path) -> None:
    """Have a file, or those of a folder, on the disk before it gets its name."""
    for each in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        with each.open("rb") as file:
            os.fsync(file.fileno())


def _head_files(head: torch.nn.Linear | None) -> dict[str, bytes]:
    """The head as ``siamese:`` reads it beside a folder of sentence-transformers."""
    if head is None:
        return {}
    from safetensors.numpy import save as as_bytes

    tensors = {f"classifier.{name}": value.detach().float().cpu().numpy() for name, value in head.named_parameters()}
    table = {"head": {"weight": "classifier.weight", "bias": "classifier.bias", "labels": list(LABELS)}}
    return {HEAD: as_bytes(tensors), "siamese.json": json.dumps(table, indent=1).encode()}


def trained_on_files(names: Sequence[str], texts: Iterable[str], of_base: Any) -> dict[str, str | bytes]:
    """``xlbench.toml`` and the keys of the texts that the model has seen, by which boards mark scores.

    Args:
        names: Names of data sets.
        texts: All that it was trained on.
        of_base: Keys that the base came with, or None.
    """
    keys = np.unique(text_keys(texts))
    if of_base is not None:
        keys = np.union1d(keys, of_base)
    content = io.BytesIO()
    np.save(content, keys, allow_pickle=False)
    toml = f'trained_on = {json.dumps(list(names))}\ntrained_on_texts = "trained_on_texts.npy"\n'
    return {"xlbench.toml": toml, "trained_on_texts.npy": content.getvalue()}


def rewrite_card(out: Path, text: str) -> None:
    """Write the model card anew, when there is more to say."""
    write_whole(out / "README.md", text.encode(), durable_name=True)
