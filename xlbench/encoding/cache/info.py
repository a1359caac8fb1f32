"""What a cache says of itself: what it holds, by which names, and what checking it has found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean
from xlbench.encoding.cache.tables import ModelInfo


@dataclass(frozen=True)
class Info:
    """What a cache holds, and where."""

    path: Path
    bytes: int
    """On the disk: vectors with their log, digests of files, and damaged files that were set aside."""
    cap: int
    entries: int
    models: tuple[ModelInfo, ...]
    """Those with most bytes first."""
    set_aside: tuple[Path, ...]
    """Damaged files that were set aside."""


@dataclass(frozen=True)
class VerifyReport:
    """What checking every entry has found."""

    entries: int
    """Checked."""
    damaged: int
    """Of these, removed: all of them where the file as a whole was set aside."""


def identities_named(name: str, info: Info) -> list[str]:
    """The identities that a label (which several may have) or the beginning of an identity stands for.

    Raises:
        UsageError: It stands for none, or is the beginning of several.
    """
    models = info.models
    if labeled := [one.identity for one in models if one.label == name]:
        return labeled
    matching = [one.identity for one in models if len(name) >= 4 and one.identity.startswith(name.lower())]
    if len(matching) > 1:
        raise UsageError(f"{name!r} begins {len(matching)} identities in the cache: give more digits")
    if not matching:
        meant = did_you_mean(name, [one.label for one in models if one.label])
        raise UsageError(
            f"the cache {info.path.parent} holds no model {name!r}.{meant} "
            f"Give a label or the first digits of an identity; 'xlbench cache info' shows both"
        )
    return matching
