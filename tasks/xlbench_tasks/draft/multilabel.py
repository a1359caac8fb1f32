"""Drafts for texts with any number of labels each: protocol `multilabel`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xlbench_tasks.data.text import visible
from xlbench_tasks.draft import columns
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.labels import area_of, sorted_labels
from xlbench_tasks.draft.row_languages import say_languages_of
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import say_splits
from xlbench_tasks.draft.written import Draft

SEPARATORS = (";", "|", ",")
OFTEN = 0.05
"""In so large a share of the cells a separator stands at the least, where it is one."""
_MARKS = ({"0", "1"}, {"false", "true"}, {"False", "True"})


def flags_of(every: Sequence[Column]) -> list[Column]:
    """The columns of 0 and 1 that are labels, one each: two at the least; none where there are fewer."""
    found = [one for one in every if one.name and not one.empty and set(one.counts) in _MARKS]
    found = [one for one in found if not one.is_called((*columns.LABEL, *columns.SCORE))]
    return found if len(found) > 1 else []


def separator_of(column: Column) -> str:
    """What stands between labels in the cells of a column; "" where each cell is one label."""
    cells = [value for value in column.values if visible(value)]
    for mark in SEPARATORS:
        parts = [[part.strip() for part in cell.split(mark)] for cell in cells]
        several = sum(len(one) > 1 for one in parts)
        counts = Counter(part for one in parts for part in one)
        once = sum(count == 1 for count in counts.values())
        if (
            several >= max(2, OFTEN * len(cells))
            and len(counts) <= columns.MOST_LABELS
            and once <= len(counts) / 10
            and all(len(set(one)) == len(one) and all(one) for one in parts)
        ):
            return mark
    return ""


def fill_flags(draft: Draft, tables: Tables, flags: Sequence[Column], text: tuple[Column, str]) -> None:
    """A column of 0 and 1 a label."""
    names = [one.name for one in flags]
    languages = _fill(draft, tables, names, text, flags)
    draft.data["fields"] = (
        {"text": text[0].ref, "label": names, **languages},
        f"{text[1]}; {len(names)} columns hold 0 and 1 alone",
    )


def fill_separated(draft: Draft, tables: Tables, label: Column, text: tuple[Column, str], mark: str) -> None:
    """A column of labels with a separator between them."""
    parts = {part.strip() for cell in label.counts if visible(cell) for part in cell.split(mark)}
    languages = _fill(draft, tables, sorted_labels(parts), text, [label])
    draft.data["fields"] = ({"text": text[0].ref, "label": label.ref, **languages}, text[1])
    draft.data["label_separator"] = (mark, f"column {label.ref!r} has several labels in a cell")


def list_of(tables: Tables, label: Column | None) -> tuple[str, list[str]] | None:
    """The column of lists of labels and all of these: the one that is called so, else the only one; None where there is
    none, or where another column is called a label."""
    counts: dict[str, Counter[str]] = {}
    for one in tables.found.files:
        for name, its in tables.dialects[one.file].lists.items():
            counts.setdefault(name, Counter()).update(its)
    few = [name for name, its in counts.items() if 1 < len(its) <= columns.MOST_LABELS and its.total() > 2 * len(its)]
    named = [name for name in few if Column(0, name, (), ()).is_called(columns.LABEL)]
    if (label and label.is_called(columns.LABEL)) or len(named or few) != 1:
        return None
    name = (named or few)[0]
    return name, sorted_labels(counts[name])


def fill_list(draft: Draft, tables: Tables, name: str, labels: list[str], text: tuple[Column, str]) -> None:
    """A list of labels a row."""
    languages = _fill(draft, tables, labels, text, ())
    draft.data["fields"] = ({"text": text[0].ref, "label": name, **languages}, text[1])
    draft.data["label_list"] = (True, f"column {name!r} holds lists of {len(labels)} labels")


def _fill(
    draft: Draft, tables: Tables, labels: list[str], text: tuple[Column, str], taken: Sequence[Column]
) -> dict[str, str | int]:
    """All but the fields; the field of the language, where a column tells it."""
    found = tables.found
    draft.card["area"] = area_of(labels, [found.folder, found.files[0].file])
    draft.card["protocol"] = (
        "multilabel",
        f"texts with any number of {len(labels)} labels: a probe learns each of them",
    )
    say_splits(draft, found, learns=True)
    draft.options["labels"] = (labels, "")
    return say_languages_of(draft, tables, text[0], *taken)
