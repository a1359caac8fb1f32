"""What a card that is named by its path may leave out: its name, area, languages and license follow from the rest.

A card that comes with a package says all of it, for nobody who lists tasks has its file before him.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xlbench_tasks.card.schema import fits_type
from xlbench_tasks.data.bins import KEYS as BIN_KEYS
from xlbench_tasks.data.bins import bins_of
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.data.tags import ANY, OUTSIDE

REQUIRED = ("protocol", "data")
"""The keys that every card has."""

NOT_STATED = "not stated"
"""The license of a card that says nothing of it."""

_AREAS = {
    "retrieval": "retrieval",
    "nearmiss": "retrieval",
    "search": "retrieval",
    "alignment": "retrieval",
    "similarity": "similarity",
    "pairs": "similarity",
    "clustering": "clustering",
    "tagging": "ner",
    "label-budget": "classification",
    "multilabel": "classification",
}
"""The area of a protocol's tasks; of another, its own name."""


def complete(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The keys of a card, with those that it leaves out.

    ``languages`` are those that its tables name; empty, and so whichever are at hand, where ``{language}`` in the names
    of files, or a column of codes, says what they are; and left out where neither is so.
    """
    made = {"name": path.stem, "description": "", "license": NOT_STATED, **raw}
    protocol = raw.get("protocol")
    if isinstance(protocol, str):
        made.setdefault("area", _AREAS.get(protocol, protocol.rpartition(".")[2]))
    tables = list(_tables(raw.get("data")))
    if "languages" not in raw:
        named = list(dict.fromkeys(code for table in tables for code in _named_languages(table)))
        told = [_data_tells_languages(table) for table in tables]
        if (named and not any(told)) or (not named and told and all(told)):
            made["languages"] = named
    return made


def _tables(data: Any) -> Iterator[Mapping[str, Any]]:
    """The homes of a card, as far as they are tables."""
    if isinstance(data, dict):
        yield data
        if isinstance(data.get("hub"), dict):
            yield {"reader": "hub", **data["hub"]}


def _named_languages(table: Mapping[str, Any]) -> Iterator[str]:
    """The languages of a home that says them one by one: the only one, or that of each file or column."""
    fields = table.get("fields")
    if isinstance(fields, dict) and isinstance(fields.get("text"), dict):
        yield from fields["text"]
    if isinstance(table.get("language"), str):
        yield table["language"]
    if fits_type(list[list[str]], table.get("files_of")):
        yield from (pair[0] for pair in table["files_of"] if pair)


def _data_tells_languages(table: Mapping[str, Any]) -> bool:
    """Whether the names of files, or codes in the files, say what the languages are."""
    given, fields = [table[key] for key in ("files", "corpus", "queries", "qrels") if key in table], table.get("fields")
    by_row = isinstance(fields, dict) and "language" in fields
    return table.get("reader") != "hub" and (by_row or table.get("reader") == "tmx" or LANGUAGE in str(given))


def follow(options: Mapping[str, Any], follows: Mapping[str, str], data: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a protocol, with those that the data's tables say.

    Args:
        options: What the card's [options] hold.
        follows: Option -> the key of [data] whose values it lists, where it is not given.
        data: The card's [data].
    """
    made = dict(options)
    for option, key in follows.items():
        told = [one for one in (_listed(table, key) for table in _tables(data)) if one is not None]
        if option not in options and told:
            values = dict.fromkeys(value for one in told for value in one)
            if key != "tags":
                made[option] = list(values)
            elif ANY not in values:
                made[option] = [value for value in values if value != OUTSIDE]
    return made


def _listed(table: Mapping[str, Any], key: str) -> Sequence[str] | None:
    """The values of a table in a home, or the names of its bins; None where it has no such table."""
    if fits_type(dict[str, str], table.get(key)):
        return tuple(table[key].values())
    if key == "labels" and all(fits_type(kind, table.get(name, [])) for name, kind in BIN_KEYS.items()):
        bins = bins_of(table)
        return bins.names if bins and len(bins.names) > 1 else None
    return None
