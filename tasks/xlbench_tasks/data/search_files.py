"""Files of searches: queries and documents in JSON lines or tables, judgments as in BEIR or TREC.

Errors name the file and the line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench_tasks.data import text
from xlbench_tasks.data.collections import Entry

ID_KEYS = ("_id", "id", "docid", "query_id")
"""What the id is called in JSON lines; the first of these that a line has."""

MOST = 1_000_000
"""The largest grade: what is larger is an id in the wrong column."""

TEXT_KEYS = ("text", "query", "contents")
"""What the text is called; a ``title`` beside it comes first, with a space between them."""


def entries(path: Path, kind: str, cluster: str = "") -> Iterator[Entry]:
    """The queries or documents of a file: JSON lines, or id and text with a tab between them.

    Args:
        path: The file.
        kind: What a line is: "query" or "document".
        cluster: The key of JSON lines, there or in ``metadata``, that says what a query was written from.

    Raises:
        DataError: A line is none, has no id or text, or an id occurs twice.
    """
    as_json = ".json" in "".join(path.suffixes)
    first: dict[str, int] = {}
    for number, line in enumerate(text.lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        entry = _of_json(line, where, kind, cluster) if as_json else _of_table(line, where, kind)
        if not text.visible(entry.id):
            raise DataError(f"{where}: the id is {text.empty(entry.id)}")
        if (seen := first.setdefault(entry.id, number)) != number:
            raise DataError(f"{where}: the {kind} id {entry.id!r} was on line {seen} already; remove one of them")
        yield entry


def _of_json(line: str, where: str, kind: str, cluster: str) -> Entry:
    values = json_object(line, where)
    item = next((values[key] for key in ID_KEYS if key in values), None)
    content = next((values[key] for key in TEXT_KEYS if key in values), None)
    if not isinstance(item, str | int) or isinstance(item, bool) or not isinstance(content, str):
        raise DataError(
            f"{where}: a {kind} needs an id ({' or '.join(ID_KEYS[:2])}) and a text ({' or '.join(TEXT_KEYS[:2])})"
        )
    title = values.get("title") if kind == "document" else ""
    whole = f"{title} {content}".strip() if isinstance(title, str) and title else content
    return Entry(str(item), whole, where, _cluster(values, cluster, where) if cluster else "")


def _cluster(values: Mapping[str, Any], key: str, where: str) -> str:
    metadata = values.get("metadata")
    found = values.get(key, metadata.get(key) if isinstance(metadata, dict) else None)
    if not isinstance(found, str | int) or not text.visible(str(found)):
        raise DataError(f"{where}: no {key!r}, which the card's cluster names, there or in metadata")
    return str(found)


def _of_table(line: str, where: str, kind: str) -> Entry:
    item, tab, content = line.partition("\t")
    if not tab:
        raise DataError(f"{where}: no tab: a line is the id of a {kind}, a tab and its text")
    return Entry(item, content, where)


def json_object(line: str, where: str) -> dict[str, Any]:
    """The JSON object of a line; `DataError`, which begins with ``where``, where it is none."""
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: no JSON ({error.msg}); every line must be one JSON object") from None
    if not isinstance(values, dict):
        raise DataError(f"{where}: {type(values).__name__} in place of a JSON object")
    return values


def qrels(path: Path) -> Iterator[tuple[str, str, int, str]]:
    """The judgments of a file: query, document, grade and where that stands.

    As BEIR has them, ``query-id corpus-id score`` with tabs and that header; or as TREC does, ``query iteration
    document grade``, with any white space. Grades below 0 (TREC's spam) count as 0.

    Raises:
        DataError: A line has other columns, a grade is no whole number, or a pair is judged twice.
    """
    first: dict[tuple[str, str], int] = {}
    beir = False
    for number, line in enumerate(text.lines(path), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if number == 1 and [cell.strip().casefold() for cell in cells] == ["query-id", "corpus-id", "score"]:
            beir = True
            continue
        where = f"{path}, line {number}"
        query, document, given = _judgment(cells if beir else line.split(), where, beir=beir)
        if (seen := first.setdefault((query, document), number)) != number:
            raise DataError(f"{where}: query {query!r} and document {document!r} were judged on line {seen} already")
        yield query, document, _grade(given, where), where


def _judgment(cells: list[str], where: str, *, beir: bool) -> tuple[str, str, str]:
    if len(cells) == 3 and beir:
        return cells[0], cells[1], cells[2]
    if len(cells) == 4 and not beir:
        return cells[0], cells[2], cells[3]
    expected = "query-id, corpus-id and score" if beir else "a TREC line's query, iteration, document and grade"
    raise DataError(
        f"{where}: {len(cells)} columns, and not {expected}"
        + ("" if beir else " (a BEIR file begins with the line query-id, corpus-id, score)")
    )


def _grade(given: str, where: str) -> int:
    try:
        grade = float(given)
    except ValueError:
        grade = math.nan
    if not grade.is_integer() or grade > MOST:
        raise DataError(f"{where}: the grade {given!r} is no whole number up to {MOST:,}")
    return max(0, int(grade))


def without_empty(found: Iterable[Entry], kind: str, *, drop: bool) -> tuple[list[Entry], set[str]]:
    """The entries with a text, and the ids of those without: an error, unless these are to be left out (``drop``)."""
    kept, dropped = [], set()
    for entry in found:
        if text.visible(entry.text):
            kept.append(entry)
        elif not drop:
            raise DataError(
                f"{entry.place}: the {kind} {entry.id!r} is {text.empty(entry.text)}; remove it"
                + ("" if kind == "query" else ", or set drop_empty = true in the card's [data]")
            )
        else:
            dropped.add(entry.id)
    return kept, dropped
