"""The output folder of a training: may it be used, is it locked by another process, and with which settings was it
begun."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xlbench import DataError, UsageError
from xlbench.core.files import check_folder, write_whole
from xlbench_train.training import checkpoints, history, progress
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.progress import Progress

INNER = "training"
"""The folder within the model's in which everything lies that is no part of the model."""
RECORD = "settings.json"
LOCK = "lock"
"""Held by the process that trains; the system lets go of it when that ends, by whatever cause."""
NOT_ASKED = ("out", "device")
"""Settings that may be others when a training goes on."""
_CHECKPOINTS = "checkpoints"
UNITS = "finished"
"""The folder within `INNER` of what a study (`xlbench train active`) has computed."""
_SCRAPS = (progress.FILE, "history.csv", "report", "new", "tokenizer")
"""What a disposable training leaves in `INNER` beside checkpoints and its record, which is written over."""
LAST_FILES = ("modules.json", "config.json")
"""Of a model the last file that is written is the first of these that it has: where that is, the model is whole."""


def is_begun(out: Path) -> bool:
    """Whether a training was begun there."""
    return (out / INNER / RECORD).is_file()


def is_finished(out: Path) -> bool:
    """Whether a model lies there that a recipe has finished."""
    return _has_model(out) and is_begun(out) and not (out / INNER / _CHECKPOINTS).is_dir()


def _has_model(out: Path) -> bool:
    return any((out / name).exists() for name in LAST_FILES)


def clean(out: Path) -> None:
    """Mark a model as finished, and remove what nobody needs any more: checkpoints, and the vectors of the report.

    Again, where an earlier process was killed in the midst of it.
    """
    checkpoints.remove_all(out / INNER / _CHECKPOINTS)
    shutil.rmtree(out / INNER / "report" / "cache", ignore_errors=True)


def failure(out: Path) -> str:
    """Why the training of a finished model could not go on to its end; empty where it could."""
    known = Progress.read(out / INNER)
    return f"{known.why}; it is in {out}" if known.failed else ""


def is_disposable(out: Path) -> bool:
    """Whether it holds only a training with nothing to lose: no model, no checkpoint, no epoch, no part of a study."""
    folder = out / INNER
    if _has_model(out) or not is_begun(out):
        return False
    if (folder / UNITS).is_dir() and any((folder / UNITS).iterdir()):
        return False
    parts = [folder, *(folder / _CHECKPOINTS).glob("stage-*")]
    return not any(
        checkpoints.complete_checkpoints(part / _CHECKPOINTS) or history.has_epochs(part / "history.csv")
        for part in parts
    )


def check_name(out: Path) -> None:
    """`UsageError` for a folder that no spec can name."""
    if "?" in str(out.absolute()):
        raise UsageError(
            f"--out {out}: what comes after a ? is read as options: choose a folder without one in its path"
        )


def check(out: Path, *, resume: bool) -> None:
    """`UsageError` where a folder holds something that a training would spoil, or nothing to go on from, or where
    another process trains."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder")
    if (out / INNER / LOCK).is_file():
        with locked(out):
            pass
    _check_content(out, resume=resume)


def _check_content(out: Path, *, resume: bool) -> None:
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    ours = is_begun(out)
    if resume:
        if not ours:
            raise UsageError(f"--out {out}: there is no training to go on with: leave --resume out")
        return
    if ours and not is_disposable(out):
        what = "a finished model" if is_finished(out) else "a training that is not finished; --resume goes on with it"
        raise UsageError(f"--out {out} holds {what}: nothing is written over it; choose another folder")
    if INNER in names and (ours or {path.name for path in (out / INNER).iterdir()} <= {LOCK}):
        names.remove(INNER)
    if names:
        what = "another model" if {*LAST_FILES} & {*names} else "other files"
        raise UsageError(f"--out {out} holds {what} ({names[0]}): nothing is written over it; choose another folder")


@contextlib.contextmanager
def lock(out: Path, *, resume: bool) -> Iterator[None]:
    """Lock the folder against other processes, then check it again: another process may have trained there meanwhile.

    Raises:
        UsageError: Another process trains there, or has finished; or the folder cannot be written to.
    """
    check_folder(out / INNER, "the model", "--out")
    with locked(out):
        _check_content(out, resume=resume)
        if is_finished(out):
            raise UsageError(f"--out {out}: another process has finished this training meanwhile")
        yield


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of a folder, which exists. `UsageError` where another process holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(out / INNER / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"--out {out}: another process trains there: wait for its end, or choose another folder"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot write the model to {out}: {error.strerror or error}; choose another --out") from None
    try:
        yield
    finally:
        lock.release()


def record_of(settings: Any, **content: str) -> Mapping[str, Any]:
    """What identifies a training: it goes on only where all of this is as it was.

    Args:
        settings: A dataclass of plain values; those of `NOT_ASKED` may change.
        **content: Digests of what is trained on and from, by their names with underscores for spaces, as
            ``content_of_the_base``.
    """
    asked = {name: value for name, value in asdict(settings).items() if name not in NOT_ASKED}
    plain: dict[str, Any] = json.loads(json.dumps(asked, default=str))
    return {**plain, **{name.replace("_", " "): value for name, value in content.items()}}


def claim(out: Path, record: Mapping[str, Any], *, resume: bool) -> Path:
    """Claim the folder for this training, or check that it already is this training's. Returns its inner folder.

    What a disposable earlier training left is removed. ``record``: see `record_of`.

    Raises:
        UsageError: It cannot be written to, or what lies there was asked for otherwise.
        DataError: The record there is damaged.
    """
    folder = out / INNER
    path = folder / RECORD
    if path.is_file():
        is_free = is_disposable(out) and all(each == folder for each in out.iterdir())
        try:
            check_record(path, record)
            if resume or not is_free:
                return folder
        except (UsageError, DataError):
            if not is_free:
                raise
    check_folder(folder, "the model", "--out")
    checkpoints.remove_all(folder / _CHECKPOINTS)
    for name in _SCRAPS:
        _remove(folder / name)
    write_whole(path, json.dumps(record, indent=1, ensure_ascii=False).encode(), durable_name=True)
    return folder


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check_record(path: Path, record: Mapping[str, Any]) -> None:
    """`UsageError` where another training was recorded, `DataError` where that is damaged."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(known, dict)
    except (ValueError, AssertionError):
        raise DataError(f"{path} is damaged: choose another --out") from None
    for name, value in record.items():
        if known.get(name) != value:
            is_setting = " " not in name
            change = f"was {known.get(name)!r}, and is {value!r} now" if is_setting else "changed since it was begun"
            raise UsageError(f"--resume: {_setting_name(name)} {change}: give what was given, or choose another --out")


def _setting_name(name: str) -> str:
    return f"--{name.replace('_', '-')}" if " " not in name else f"the {name}"


def is_done(out: Path, say: Callable[[str], None], settings: Any = None) -> bool:
    """Whether what is to be gone on with is a finished model, which is said; what is left beside it is removed.

    Args:
        out: The folder.
        say: Is told.
        settings: A dataclass of plain values: what is asked for now; None: whatever it is.

    Raises:
        UsageError: It is, and was asked for otherwise, or by another recipe.
        TrainingStopped: It is, and its training had failed.
    """
    if not is_finished(out):
        return False
    if settings is not None:
        check_record(out / INNER / RECORD, record_of(settings))
    clean(out)
    if why := failure(out):
        raise TrainingStopped(why)
    say(f"{out} is finished already")
    return True
