"""What labels that are numbers mean: mteb numbers those of some data sets split by split, and one number is then two
labels where a split lacks one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BY_A_SET = frozenset({"DKHateClassification", "ScalaClassification"})
"""Tasks whose labels mteb numbers in the order of a set of words, which is another one in every process."""


@dataclass(frozen=True)
class Meant:
    """The labels of a train split and of the split that is scored."""

    values: Mapping[str, list[Any]]
    """Split -> labels: as they are, but by their names where one number has several."""
    ours: tuple[str, ...] = ()
    """Notes on scores by our protocol."""
    mteb: tuple[str, ...] = ()
    """Notes on scores by mteb's, which goes by the numbers."""


def meant(task: str, tables: Mapping[str, Any], column: str, values: Mapping[str, list[Any]]) -> Meant:
    """Labels that mean the same in both splits, as far as it can be known; notes where that is not as mteb has them.

    Args:
        task: mteb's name of the task.
        tables: Split -> table of `datasets`: the train split, then the scored one; one alone where they are the same.
        column: The column of the labels.
        values: Split -> its labels.
    """
    if task in BY_A_SET:
        return Meant(_in_order_of_rows(values, [*tables]))
    if len(tables) < 2:
        return Meant(values)
    (train, first), (scored, second) = ((split, _names(table, column)) for split, table in tables.items())
    if first and second:
        pairs = enumerate(zip(first, second, strict=False))
        other = next(((number, one, two) for number, (one, two) in pairs if one != two), None)
        if other is None:
            return Meant(values)
        number, one, two = other
        what = f"the labels of each split by itself: {number} is {one!r} in {train} and {two!r} in {scored}"
        named = {
            split: [_name(its, value) for value in values[split]] for split, its in ((train, first), (scored, second))
        }
        return Meant(
            named, (f"labels go by their names, as mteb has numbered {what}",),
            (f"mteb has numbered {what}, so that its scores here are of wrong labels",),
        )  # fmt: skip
    counts = [_count(values[split]) for split in (train, scored)]
    if None not in counts and counts[0] != counts[1]:
        note = (
            f"labels are numbers without names, {counts[0]} of them in {train} and {counts[1]} in {scored}: if each "
            f"split was numbered by itself, one number is two labels, and scores are of wrong ones"
        )
        return Meant(values, (note,), (note,))
    return Meant(values)


def _in_order_of_rows(values: Mapping[str, list[Any]], splits: Sequence[str]) -> dict[str, list[Any]]:
    """Labels numbered as they come in the rows of the splits, whatever their numbers are."""
    places = {label: number for number, label in enumerate(dict.fromkeys(one for its in splits for one in values[its]))}
    return {split: [places[label] for label in values[split]] for split in splits}


def _names(table: Any, column: str) -> Sequence[str]:
    """What the numbers of a column are called; nothing where that is not said."""
    return getattr(getattr(table, "features", {}).get(column), "names", None) or ()


def _name(names: Sequence[str], value: Any) -> Any:
    return names[value] if 0 <= value < len(names) else str(value)


def _count(values: Sequence[Any]) -> int | None:
    """How many labels there are, where they are the numbers from 0 on, as a numbering gives them."""
    if any(type(value) is not int for value in values):
        return None
    return len({*values}) if {*values} == {*range(len({*values}))} else None
