"""Permissions of this process: to stay offline, to unpickle weights, to run a checkpoint's code.

Kept in environment variables, which worker processes inherit, and which say the same to the libraries underneath.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

OFFLINE = ("XLBENCH_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The variables by which this process, and libraries of the field, are put offline."""
_PICKLE = "XLBENCH_ALLOW_PICKLE"
_CODE = "XLBENCH_TRUST_REMOTE_CODE"
_YES = {"1", "true", "yes", "on"}


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What a run is allowed to do. The default uses the network and refuses all code of strangers."""

    offline: bool = False
    """Make no request at all."""
    allow_pickle: bool = False
    """Load weights from pickles, which can run code while they are read."""
    trust_remote_code: bool = False
    """Run code that comes with a checkpoint, where its revision is pinned."""


def permissions() -> Permissions:
    """What is permitted now. Any of the variables by which libraries of the field are put offline counts."""
    return Permissions(
        offline=any(_is_set(name) for name in OFFLINE),
        allow_pickle=_is_set(_PICKLE),
        trust_remote_code=_is_set(_CODE),
    )


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _YES


@contextlib.contextmanager
def without_requests() -> Iterator[None]:
    """Make no request until the end of the ``with``; libraries that are imported meanwhile are not put offline."""
    before = os.environ.get(OFFLINE[0])
    os.environ[OFFLINE[0]] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[OFFLINE[0]]
        else:
            os.environ[OFFLINE[0]] = before


@contextlib.contextmanager
def granted(wanted: Permissions) -> Iterator[None]:
    """Permit what is ``wanted`` besides what the environment permits, until the end of the ``with``.

    Libraries read their variables when they are imported: enter this before they are.
    """
    names = [name for name in OFFLINE if wanted.offline]
    names += [_PICKLE] * wanted.allow_pickle + [_CODE] * wanted.trust_remote_code
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
