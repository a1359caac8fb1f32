"""Class labels of hub data sets: their numbers, names, and a card's labels for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlbench import DataError


def class_names(feature: Any) -> list[str] | None:
    """The names of a column's classes; None where its values are no class numbers."""
    return list(feature.names) if hasattr(feature, "int2str") else None


def class_name(names: Sequence[str], value: Any) -> str | None:
    """The name of a class by its number; None for what is no number of a class."""
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def name_tags(names: Sequence[str] | None, tags: Any) -> Any:
    """Tags that are class numbers by their names; others as they are."""
    return tags if names is None or not isinstance(tags, list) else [class_name(names, tag) for tag in tags]


def labels_by_name(labels: Mapping[str, str], names: Sequence[str] | None, where: str) -> Mapping[str, str]:
    """The card's labels by what the column holds: the names of its classes (``names``), or its own values (None).

    The keys of the card's table are either all names of classes or all their numbers.

    Raises:
        DataError: they could be both, and would mean different classes; begins with ``where``.
    """
    if names is None:
        return labels
    by_number = {name: labels[str(number)] for number, name in enumerate(names) if str(number) in labels}
    all_numbers = len(by_number) == len(labels)
    if not all_numbers:
        return labels
    by_name = {name: labels[name] for name in names if name in labels}
    if len(by_name) == len(labels) and by_name != by_number:
        raise DataError(
            f"{where}: the keys {sorted(labels)} of labels are both numbers and names of the classes {list(names)}; "
            f"list all classes, so that only one of the two is possible"
        )
    return by_number
