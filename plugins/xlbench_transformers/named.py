"""The named models: entries of ``named.toml``, each a spec with a pinned revision and facts about the model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from xlbench_transformers.layout import Kind


@dataclass(frozen=True)
class NamedCheckpoint:
    """One entry; the fields that are not given are empty."""

    spec: str = ""
    """A spec with its scheme, without revision."""
    revision: str = ""
    """The full commit of the hub's repository."""
    license: str = ""
    description: str = ""
    trained_on: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The scheme of the spec."""
        return cast("Kind", self.spec.partition(":")[0])


@cache
def entries() -> Mapping[str, NamedCheckpoint]:
    """Name -> entry."""
    text = resources.files(__package__).joinpath("named.toml").read_text(encoding="utf-8")
    return {
        name: NamedCheckpoint(**{**entry, "trained_on": tuple(entry.get("trained_on", ()))})
        for name, entry in tomllib.loads(text).items()
    }
