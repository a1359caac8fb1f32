"""The columns of a data set's table: as they are, and as the strings of a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.bins import Bins
from xlbench_tasks.data.classes import class_name, class_names, labels_by_name
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.row_tables import JOINT
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class HubTable:
    """A table that `datasets` has read."""

    data: Dataset
    place: str
    """Where it is, in words, for messages."""
    damage: Callable[[], str]
    """What is wrong with its files; "" where nothing is found."""
    labels: Mapping[str, str] | None
    """Label in the data set -> label of the card; None where labels are taken as they are."""
    bins: Bins | None = None
    """The classes of labels that are numbers."""

    def __len__(self) -> int:
        return len(self.data)

    def values(self, column: str) -> list[Any]:
        """A column as it is, but for class numbers, which come by their names."""
        if column not in self.data.column_names:
            there_are, hint = ", ".join(self.data.column_names), did_you_mean(column, self.data.column_names)
            raise DataError(f"{self.place} has no column {column!r}, only {there_are}.{hint}")
        try:
            values: list[Any] = self.data[column][:]
        except UnicodeDecodeError as error:  # pyarrow looks at texts no sooner than here
            raise DataError(self.damage() or f"{self.place}, column {column!r}: not UTF-8 ({error})") from error
        names = class_names(self.data.features[column])
        return [class_name(names, value) for value in values] if names is not None else values

    def strings(self, rows: Sequence[int], field: str, column: str | list[str]) -> tuple[str, ...]:
        """The values of a field as strings: none is empty, and each label is one that the card knows."""
        if isinstance(column, list):
            parts = [self.strings(rows, field, part) for part in column]
            return tuple(map(JOINT.join, zip(*parts, strict=True)))
        values = self.values(column)
        labels: Mapping[str, str] = {}
        if field == "label" and self.labels is not None:
            names = class_names(self.data.features[column])
            labels = labels_by_name(self.labels, names, f"{self.place}, column {column!r}")
        bins = self.bins if field == "label" else None
        fault = bins.fault if bins else f"labels that are none of the card's {sorted(labels)}"
        unknown = UnknownValues(self.place, fault, in_other_notation(labels))
        for row in rows:
            value, where = values[row], f"{self.place}, row {row + 1}"
            kinds = str | int | float if field == "score" or bins else str | int
            if not isinstance(value, kinds) or not visible(str(value)):
                raise DataError(f"{where}: the {field} ({column}) is empty or no text: {value!r}")
            if (labels and str(value) not in labels) or (bins and bins.of(str(value)) is None):
                unknown.add(str(value), f"row {row + 1}")
        unknown.check()
        if bins:
            return tuple(str(bins.of(str(values[row]))) for row in rows)
        return tuple(labels[str(values[row])] if labels else str(values[row]) for row in rows)
