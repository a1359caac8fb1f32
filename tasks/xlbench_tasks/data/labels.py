"""Checks of labels: unknown ones, and several spellings of one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from xlbench import DataError
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.unknown_values import UnknownValues


def labels_of(name: str, records: Mapping[str, Records]) -> dict[str, None]:
    """The different labels of records by language, in the order of their first items.

    Raises:
        DataError: the records have no labels; begins with the data set's ``name``.
    """
    found: dict[str, None] = {}
    for language, one in records.items():
        if "label" not in one.fields:
            raise DataError(f"{name}: the data of {language!r} has no labels; add label to fields in the card's [data]")
        found |= dict.fromkeys(one.fields["label"])
    return found


def check_known(name: str, labels: Sequence[str], *parts: Mapping[str, Records]) -> None:
    """Raise `DataError` where records have labels that are none of ``labels``: all of them, with counts over all parts
    and places."""
    if all(set(labels_of(name, records)) <= set(labels) for records in parts):
        return
    fault = (
        f"labels that are none of the card's ({', '.join(labels)}); add them to labels of [options], or mend the data"
    )
    unknown = UnknownValues(name, fault, in_other_notation(labels))
    for one in chain.from_iterable(records.values() for records in parts):
        for row, label in enumerate(one.fields["label"]):
            if label not in labels:
                unknown.add(label, one.place(row))
    unknown.check()


def in_other_notation(known: Iterable[str]) -> Callable[[str], str]:
    """For `UnknownValues`: what to say of a value that looks like a known one, and is one in NFC."""
    by_form = {unicodedata.normalize("NFC", label): label for label in known}

    def hint(value: str) -> str:
        meant = by_form.get(unicodedata.normalize("NFC", value))
        if meant is None:
            return ""
        return f" It is {meant!r} of the card in other notation (NFC, NFD), {meant!a}: write both as {value!a}"

    return hint


def check_spellings(name: str, labels: Iterable[str]) -> None:
    """Raise `DataError` for labels that differ only in case, white space or the notation of their characters."""
    spellings: dict[str, str] = {}
    for label in labels:
        plain = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
        if (other := spellings.setdefault(plain, label)) != label:
            raise DataError(f"{name}: {other!r} and {label!r} are spellings of one label; mend the data")
