"""Reads files of questions with passages, in the formats of Belebele and SQuAD.

Errors name the file and the line, or the question.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from xlbench import DataError
from xlbench_tasks.data import text
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.search_files import json_object


class Question(NamedTuple):
    """A question of a file."""

    id: str
    text: str
    passage: str
    cluster: str
    place: str


def _belebele(path: Path) -> Iterator[Question]:
    """JSON lines with ``link``, ``question_number``, ``question`` and ``flores_passage``: the first two are the same in
    every language, and the page of the link is what questions share."""
    for number, line in enumerate(text.lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        values = json_object(line, where)
        link, asked, passage = (_text(values, key, where) for key in ("link", "question", "flores_passage"))
        yield Question(f"{link} {values.get('question_number')}", asked, passage, link, where)


def _squad(path: Path) -> Iterator[Question]:
    """One JSON document: ``data`` holds articles with ``paragraphs``, which have a ``context`` and ``qas``, each with
    an ``id`` and a ``question``. Ids are the same in every language, and so are the titles of XQuAD's articles."""
    try:
        articles = json.loads(text.read_text(path))["data"]
        for number, article in enumerate(articles, 1):
            title = str(article.get("title") or f"article {number}")
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    where = f"{path}, question {question['id']}"
                    asked = _text(question, "question", where)
                    passage = _text(paragraph, "context", where)
                    yield Question(str(question["id"]), asked, passage, title, where)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}: no JSON ({error.msg})") from None
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is not in SQuAD's form (data, paragraphs, qas): {error}") from None


SHAPES: Mapping[str, Callable[[Path], Iterator[Question]]] = {"belebele": _belebele, "squad": _squad}
"""What a card calls a shape -> how its files are read."""


def _text(values: Mapping[str, Any], key: str, where: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not text.visible(value):
        raise DataError(f"{where}: the {key} is {text.empty(value) if isinstance(value, str) else repr(value)}")
    return value


def records(name: str, path: Path, shape: str, limit: int | None, *, alone: bool = False) -> Records:
    """The questions of a file, each with its ``passage``, or the first of them; `DataError` where an id is there twice.

    Clusters are articles; or every question is ``alone``.
    """
    first: dict[str, Question] = {}
    for question in islice(SHAPES[shape](path), limit):
        if (seen := first.setdefault(question.id, question)) is not question:
            raise DataError(f"{question.place}: the id {question.id!r} was at {seen.place} already; remove one of them")
    if not first:
        raise DataError(f"{path} holds no question")
    found = list(first.values())
    return Records(
        tuple(f"{name}:{question.id}" for question in found),
        tuple(f"{name}:{question.id if alone else question.cluster}" for question in found),
        {"text": tuple(one.text for one in found), "passage": tuple(one.passage for one in found)},
        places=lambda row: found[row].place,
    )
