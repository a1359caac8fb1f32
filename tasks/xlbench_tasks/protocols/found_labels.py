"""Labels that a card does not list: those that occur in its data, and averages over classes that count them there.

What was found is in the facts of a cell, and a note says that nobody listed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench import Columns, DataError, Metric
from xlbench.stats.metrics.means import ratio_gradient, ratio_value
from xlbench_tasks.data.labels import check_spellings, labels_of
from xlbench_tasks.protocols.transfer import SubsetRecords

if TYPE_CHECKING:
    import numpy as np

COUNT = "label_count"
"""The column that says of every item how many labels there are: the same number for all."""
MOST_ALONE = 10
"""More items that all have different labels are an error."""
NOTE = "the card lists no labels: they are those that occur in the data (which: label_names in the facts)"


def labels_in(parts: SubsetRecords) -> tuple[str, ...]:
    """The labels that items of a subset have, sorted: learned from, chosen on or asked for.

    Raises:
        DataError: items have no labels, or two of them are spellings of one.
    """
    where = parts.data_set
    found = labels_of(where, parts.train) | labels_of(where, parts.dev) | labels_of(where, {"": parts.test})
    labels = tuple(sorted(found))
    check_spellings(f"{where} {parts.target}", labels)
    return labels


def check_repeated(parts: SubsetRecords, labels: Mapping[str, None]) -> None:
    """Raise `DataError` where every item has a label of its own, as if a column of ids were that of labels."""
    items = {item for one in (*parts.train.values(), parts.test) for item in one.ids}
    if MOST_ALONE < len(items) == len(labels):
        raise DataError(
            f"{parts.data_set} {parts.target}: each of {len(items):,} items has a label of its own, such as "
            f"{next(iter(labels))!r}: there is nothing to learn; name the column of labels under fields"
        )


def with_labels(options: Mapping[str, Any], parts: SubsetRecords) -> Mapping[str, Any]:
    """The options with the labels of the data, where they list none."""
    return options if "labels" in options else {**options, "labels": list(labels_in(parts))}


def count_column(codes: np.ndarray, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """The column `COUNT` of items with these codes."""
    import numpy as np

    return {COUNT: np.full(len(codes), len(labels))}


def over_classes(name: str, make: Callable[..., Metric], column: str, description: str, many: int) -> Metric:
    """An average over as many classes as the columns say, as ``make`` computes it for listed ones.

    Args:
        name: of the metric.
        make: `xlbench.metrics.macro_f1` or one of its kind.
        column: the predictions.
        description: of the metric.
        many: with more labels than this, rows are pseudo-values and their number, (n, 2), whose mean is the value.
    """
    few = make(name, range(2), "true", column, description)
    assert few.gradient is not None
    gradient = few.gradient

    def listed(columns: Columns) -> Metric | None:
        count = int(columns[COUNT][0])
        return make(name, range(count), "true", column) if count <= many else None

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        from xlbench_tasks.protocols.numbers import classes

        if (metric := listed(columns)) is not None:
            return metric.rows(columns)
        pseudo = classes.pseudo_values(make, int(columns[COUNT][0]), columns["true"], columns[column])
        return np.stack([pseudo, np.ones_like(pseudo)], axis=-1)

    def value(sums: np.ndarray) -> np.ndarray:
        return few.value(sums) if sums.shape[-1] != 2 else ratio_value(sums)

    def slope(sums: np.ndarray) -> np.ndarray:
        return gradient(sums) if sums.shape[-1] != 2 else ratio_gradient(sums)

    def influence(columns: Columns) -> np.ndarray:
        metric = listed(columns)
        if metric is not None and metric.influence is not None:
            return metric.influence(columns)
        pseudo = rows(columns)[:, 0]
        centered: np.ndarray = pseudo - pseudo.mean()
        return centered

    return Metric(name, rows, value, "studentized", (0.0, 1.0), slope, influence, description=description)
