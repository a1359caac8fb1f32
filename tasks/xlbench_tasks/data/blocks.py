"""Clusters by position: consecutive items form one cluster where nothing else names clusters."""

from __future__ import annotations

from collections.abc import Sequence

from xlbench import DataError, UsageError
from xlbench_tasks.data.source import Home


def check_block(home: Home, instead: str = "") -> None:
    """Check the key ``block`` of a home's table; ``instead`` is the key that names clusters, beside which it is none.

    Raises:
        UsageError: It is less than 2, or stands beside ``instead``.
    """
    if home.table.get("block", 2) < 2:
        raise UsageError(f"{home.where} block: give 2 items or more; without it, every item is alone")
    if "block" in home.table and instead in home.table:
        raise UsageError(f"{home.where} block: {instead} says what the clusters are; remove one of them")


def blocks(home: Home, ids: Sequence[str], place: str) -> tuple[str, ...]:
    """The cluster of each item: its block, where the card gives a length, else the item itself.

    A block is what the number that ends an id says, so that equal ids are in one block in every language: so many
    rows, or so many numbers of the column ``id``, of which a split may have but a few. Rows are counted from 1.

    Raises:
        DataError: An id does not end in a number; ``place`` is where it was read.
    """
    length: int | None = home.table.get("block")
    if length is None:
        return tuple(ids)
    found, first = [], 0 if "id" in home.table else 1
    for item in ids:
        head, _, number = item.rpartition(":")
        if not number.isdecimal():
            raise DataError(
                f"{place}: the id {number!r} is no whole number, and so of no block; remove block in {home.where}"
            )
        found.append(f"{head}:block-{(int(number) - first) // length}")
    return tuple(found)
