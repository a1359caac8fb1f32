"""Drafts for texts with labels, a row each: protocols `classification` and, for words, `clustering`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from xlbench.core.text import first_of
from xlbench_tasks.data.text import visible
from xlbench_tasks.draft import columns
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.labels import area_of, sorted_labels
from xlbench_tasks.draft.row_languages import say_languages_of
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import say_splits
from xlbench_tasks.draft.written import Draft

SHARED = 0.9
"""From this share of ids on that two languages have in common, these are taken for the same items."""


def fill(
    draft: Draft, tables: Tables, every: Sequence[Column], text: tuple[Column, str], label: tuple[Column, str]
) -> None:
    """Texts with labels: classification, or clustering of words into many classes."""
    found, (texts, text_why), (labels, label_why) = tables.found, text, label
    values = sorted_labels(labels.counts)
    area, why = area_of(values, [found.folder, *(one.file for one in found.files[:1]), labels.name])
    words = texts.words < 3 and area != "sentiment"
    draft.card["area"] = ("clustering" if words else area, "" if words else why)
    kinds = f"{len(values)} different labels"
    draft.card["protocol"] = (
        ("clustering", f"words with {kinds}: are they grouped by their vectors?") if words
        else ("classification", f"texts with {kinds}: a probe learns them from vectors")
    )  # fmt: skip
    say_splits(draft, found, learns=not words)
    fields = {"text": texts.ref, "label": labels.ref, **say_languages_of(draft, tables, texts, labels)}
    draft.data["fields"] = (fields, f"{text_why}; {label_why}")
    _say_rivals(draft, every, texts, labels)
    if len(found.codes) > 1 and (shared := _shared_id(tables, every, labels)):
        draft.data["id"] = (
            shared.ref,
            "the languages share these ids, with the same labels: the items are translations",
        )
    draft.options["labels"] = (values, "")
    if all(re.fullmatch(r"-?\d+", value) for value in values):
        table = ", ".join(f'{value} = "..."' for value in values[:3])
        draft.unsure.append(
            f"What do the labels {first_of(values, 6)} mean? In [data], labels = {{ {table} }} names all."
        )


def fill_numbers(draft: Draft, tables: Tables, number: Column, text: tuple[Column, str]) -> None:
    """Texts with a number each, cut into three classes of about equal size."""
    found, (texts, text_why) = tables.found, text
    values = sorted(float(one.replace(",", ".")) for one in number.values if visible(one))
    edges = [values[len(values) // 3], values[2 * len(values) // 3]]
    draft.card["area"] = area_of((), [found.folder, *(one.file for one in found.files[:1]), number.name])
    draft.card["protocol"] = ("classification", "texts with a number each, cut into classes: a probe learns them")
    say_splits(draft, found, learns=True)
    draft.data["fields"] = (
        {"text": texts.ref, "label": number.ref, **say_languages_of(draft, tables, texts, number)},
        f"{text_why}; column {number.ref!r} is of numbers",
    )
    draft.data["bins"] = ([-math.inf, *dict.fromkeys(edges), math.inf], "about a third of the items each")
    draft.unsure.append(f"Where do the classes of {number.ref!r} begin and end? bins cuts it into thirds.")


def _say_rivals(draft: Draft, every: Sequence[Column], text: Column, label: Column) -> None:
    """Other columns that may be the text or the label."""
    others = [one for one in every if one not in (text, label) and not (one.tells_languages or one.tells_splits)]
    texts = [one for one in others if one.has_letters and (one.is_called(columns.TEXT) or one.length * 2 > text.length)]
    if rivals := [repr(one.ref) for one in texts if not one.is_called((*columns.ID, *columns.LABEL))]:
        draft.unsure.append(f"The text may be (in part) {first_of(rivals, 3)}: several can be joined in a list.")
    named = label.is_called(columns.LABEL)
    if rivals := [repr(one.ref) for one in others if one.is_called(columns.LABEL) or (not named and one.may_be_label)]:
        draft.unsure.append(f"The label may be {first_of(rivals, 3)}, and not {label.ref!r}.")


def _shared_id(tables: Tables, every: Sequence[Column], label: Column | None) -> Column | None:
    """The column whose values are the same in all languages, with the same labels; None where there is none."""
    files = tables.found.of_split("test")
    for column in every:
        if not (column.is_called(columns.ID) or (not column.name and column.is_number)) or column.empty:
            continue
        known: dict[str, str] = {}
        for number, one in enumerate(files):
            ids, labels = tables.values(one, column), tables.values(one, label or column)
            if len(set(ids)) < len(ids):
                break
            pairs = dict(zip(ids, labels, strict=True))
            common = pairs.keys() & known.keys()
            if number and (
                len(common) < SHARED * len(pairs) or (label and any(pairs[item] != known[item] for item in common))
            ):
                break
            known |= pairs
        else:
            return column
    return None
