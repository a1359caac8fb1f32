"""The folder of a study: may it be used, is it locked by another process, and with which settings was it begun."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xlbench import UsageError
from xlbench.core.files import check_folder, write_whole
from xlbench_train.training import output_folder
from xlbench_train.training.output_folder import INNER, LOCK, RECORD, UNITS

LAST = "README.md"
"""The file that is written last: where it is, the study is whole."""


def check(out: Path, *, resume: bool) -> None:
    """`UsageError` where a folder holds something that a study would spoil, or nothing to go on with."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder")
    begun = output_folder.is_begun(out)
    if resume and not begun:
        raise UsageError(f"--out {out}: there is no study to go on with: leave --resume out")
    if begun and not resume:
        what = (
            "a finished study" if (out / LAST).is_file() else "a study that is not finished; --resume goes on with it"
        )
        raise UsageError(f"--out {out} holds {what}: nothing is written over it; choose another folder")
    others = sorted(path.name for path in out.iterdir()) if out.is_dir() and not begun else []
    inner = out / INNER
    if others == [INNER] and {path.name for path in inner.iterdir()} <= {LOCK}:
        others = []
    if others:
        raise UsageError(f"--out {out} holds other files ({others[0]}): nothing is written over it; choose another")


@contextlib.contextmanager
def begun(out: Path, record: Mapping[str, Any], *, resume: bool) -> Iterator[Path]:
    """Hold the folder, which is this study's from here on. Yields the folder of what is computed.

    Raises:
        UsageError: It cannot be written to, another process computes there, or what lies there was asked for otherwise.
        DataError: The record there is damaged.
    """
    folder = out / INNER
    check_folder(folder, "the study", "--out")
    with output_folder.locked(out):
        check(out, resume=resume)
        path = folder / RECORD
        if path.is_file():
            output_folder.check_record(path, record)
        else:
            write_whole(path, json.dumps(record, indent=1, ensure_ascii=False).encode(), durable_name=True)
        yield folder / UNITS
