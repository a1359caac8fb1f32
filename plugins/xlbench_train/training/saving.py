"""Saves a trained model, whole or not at all, with the list of what it was trained on."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xlbench import ResultsError, UsageError, text_keys
from xlbench.core.files import write_whole
from xlbench_train.training.output_folder import LAST_FILES


def save(out: Path, staging: Path, write: Callable[[Path], None], more: Mapping[str, str | bytes]) -> None:
    """Write the model's folder, whole or not at all: a kill leaves none that is half.

    Args:
        out: The folder; what else lies in it stays.
        staging: A folder on the same disk, for the files until they are whole.
        write: Saves the model in a folder, as its library does.
        more: Further files by their names.

    Raises:
        UsageError, ResultsError: It cannot be written.
    """
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        write(staging)
        for name, content in more.items():
            (staging / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        last = next((name for name in LAST_FILES if (staging / name).exists()), "")
        for path in sorted(staging.iterdir(), key=lambda each: each.name == last):
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
