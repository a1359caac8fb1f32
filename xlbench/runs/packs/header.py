"""What a pack is: its members by name, and the header that says what they are.

A pack is a zip of stored members, whose names and number are fixed; all but the first are compressed with Zstandard:

    pack.json               schema, kind, model; of every other member its SHA-256 and its size when decompressed
    run.json.zst            the manifest
    cells.jsonl.zst         a cell a line
    items-0.parquet.zst     the items of all cells with the same columns, one cell after the other; items-1 and so on
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCHEMA = 1
ENDING = ".xlpack"
HEAD, MANIFEST, CELLS, ITEMS = "pack.json", "run.json.zst", "cells.jsonl.zst", "items-{}.parquet.zst"
REMEDY = "get it again from where it came from, or make it again with `xlbench pack`"
Kind = Literal["run", "baseline"]
ACCEPTED = ("accepted_by", "accepted_on", "why", "previous")
"""What is known about every baseline; ``previous`` is the SHA-256 of the pack that it takes the place of, or empty."""


@dataclass(frozen=True)
class PackMember:
    """One member, as it is stored."""

    sha256: str
    bytes: int
    """When decompressed."""


@dataclass(frozen=True)
class PackHeader:
    """What ``pack.json`` holds."""

    kind: Kind
    xlbench: str
    """The version that made it."""
    model: str
    fingerprint: str
    cells: int
    items: int
    members: Mapping[str, PackMember]
    about: Mapping[str, str] = field(default_factory=dict)
    """What its maker says of it; of a baseline, all of `ACCEPTED`."""
    schema: int = SCHEMA

    def problem(self) -> str:
        """What is wrong with it, or the empty string."""
        if self.kind == "baseline" and (lacking := [name for name in ACCEPTED if name not in self.about]):
            return f"it is a baseline and does not say {lacking[0]!r}"
        count = len(self.members) - 2
        expected = {MANIFEST, CELLS, *(ITEMS.format(number) for number in range(count))}
        if set(self.members) != expected:
            odd = sorted(expected ^ set(self.members))[0]
            return f"the member {odd[:80]!r} is {'lacking' if odd in expected else 'none that a pack has'}"
        if min(self.cells, self.items, *(member.bytes for member in self.members.values())) < 0:
            return "a count is negative"
        return ""
