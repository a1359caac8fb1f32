"""Labels from numbers: a column of numbers (stars, ages, scores) is cut at edges into named classes.

A class holds its lower edge and not its upper one; the last class holds both. ``-inf`` and ``inf`` are edges, too. A
number outside of the outermost edges is of no class, and neither is what is no number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import Any

from xlbench import UsageError
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.text import visible

KEYS: dict[str, Any] = {"bins": list[float | int], "bin_names": list[str]}
"""``bins``: the edges, in ascending order; ``bin_names``: what the classes between them are called, ``[1, 3)`` and so
on without it."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Bins:
    """Edges of classes, one more than there are names."""

    edges: tuple[float, ...]
    names: tuple[str, ...]

    def of(self, value: str) -> str | None:
        """The class of a number; None for one outside, and for what is no number."""
        if not _NUMBER.fullmatch(value.strip()):
            return None
        number = float(value)
        if not self.edges[0] <= number <= self.edges[-1]:
            return None
        return self.names[min(bisect_right(self.edges, number), len(self.names)) - 1]

    @property
    def fault(self) -> str:
        """What is wrong with the others, for errors."""
        return (
            f"labels that are no numbers from {self.edges[0]:g} to {self.edges[-1]:g}, the outermost bins of the card"
        )


def bins_of(table: Mapping[str, Any]) -> Bins | None:
    """The bins of a [data] table; None where it has none."""
    if "bins" not in table:
        return None
    edges = tuple(map(float, table["bins"]))
    spans = [f"[{low:g}, {high:g})" for low, high in pairwise(edges)]
    usual = [*spans[:-1], *(f"{span[:-1]}]" for span in spans[-1:])]
    return Bins(edges, tuple(table.get("bin_names", usual)))


def check_bins(home: Home) -> None:
    """Raise `UsageError` for edges that are none, and for names that are not theirs."""
    table, where = home.table, home.where
    if "bins" not in table:
        if "bin_names" in table:
            raise UsageError(f"{where} bin_names: there are no bins to name")
        return
    edges = table["bins"]
    if len(edges) < 3 or any(map(isnan, edges)) or any(low >= high for low, high in pairwise(edges)):
        raise UsageError(f"{where} bins: give three edges or more in ascending order, for two classes or more")
    if "label" not in table["fields"]:
        raise UsageError(f"{where} bins: there is no field 'label' whose numbers they could cut")
    if "labels" in table:
        raise UsageError(f"{where} bins: name the classes with bin_names; labels is for labels that are no numbers")
    names = table.get("bin_names", [])
    if "bin_names" in table and (len(names) != len(edges) - 1 or len(set(names)) < len(names)):
        raise UsageError(
            f"{where} bin_names: {len(edges)} edges make {len(edges) - 1} classes; name each, and each once"
        )
    if not all(map(visible, names)):
        raise UsageError(f"{where} bin_names: a name is empty")
