"""`Collection`: queries, documents and relevance judgments of one language.

Records hold a collection in one of two forms. Questions with their passages: an item a question, with the field
``passage``; equal passages are one document, which is relevant to its questions alone. Or items of both kinds, with the
fields ``part`` (`QUERY` or `DOCUMENT`) and ``judged``, which says of a document the grades that it has, by query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xlbench import DataError
from xlbench_tasks.data.records import Records

QUERY, DOCUMENT = "query", "document"


@dataclass(frozen=True)
class Collection:
    """What is searched for, and where, in one language."""

    queries: Mapping[str, str]
    """Id -> text; none where only documents are in this language."""
    clusters: Mapping[str, str]
    """Id of a query -> its cluster: the source that it was written from."""
    documents: Mapping[str, str]
    """Id -> text; none where only queries are in this language."""
    grades: Mapping[str, Mapping[str, int]]
    """Id of a query -> id of a document -> grade: 0 for one that was judged and is not relevant."""
    notes: tuple[str, ...] = ()
    """What the reader says of the data."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """What it has counted."""


def collection_of(records: Records, where: str) -> Collection:
    """The collection that records hold; `DataError`, which begins with ``where``, for records of neither form."""
    if "passage" in records.fields:
        return _of_passages(records)
    if "part" not in records.fields or "judged" not in records.fields:
        raise DataError(
            f"{where}: a search needs documents: read the data with reader = 'search', or name the column of each "
            f"question's passage: fields = {{ text = '...', passage = '...' }}"
        )
    return _of_parts(records)


def _of_passages(records: Records) -> Collection:
    """Documents are called after the first question of each passage; without clusters, a passage is one."""
    first: dict[str, str] = {}
    grades: dict[str, dict[str, int]] = {}
    for item, passage in zip(records.ids, records.fields["passage"], strict=True):
        grades[item] = {first.setdefault(passage, f"{item} passage"): 1}
    alone = records.clusters == records.ids
    clusters = [next(iter(grades[item])) for item in records.ids] if alone else records.clusters
    return Collection(
        dict(zip(records.ids, records.fields["text"], strict=True)),
        dict(zip(records.ids, clusters, strict=True)),
        {item: passage for passage, item in first.items()},
        grades,
        records.notes,
        records.facts,
    )


def _of_parts(records: Records) -> Collection:
    queries: dict[str, str] = {}
    clusters: dict[str, str] = {}
    documents: dict[str, str] = {}
    grades: dict[str, dict[str, int]] = {}
    fields = (records.fields[name] for name in ("part", "text", "judged"))
    for item, cluster, part, text, judged in zip(records.ids, records.clusters, *fields, strict=True):
        if part == QUERY:
            queries[item], clusters[item] = text, cluster
            continue
        documents[item] = text
        for query, grade in (json.loads(judged) if judged else {}).items():
            grades.setdefault(query, {})[item] = grade
    return Collection(queries, clusters, documents, grades, records.notes, records.facts)


@dataclass(frozen=True)
class Entry:
    """A query or a document of a file."""

    id: str
    text: str
    place: str
    """Where it stands: ``corpus.jsonl, line 7``."""
    cluster: str = ""


def records_of(
    name: str,
    queries: Sequence[Entry],
    documents: Sequence[Entry],
    grades: Mapping[str, Mapping[str, int]],
    notes: tuple[str, ...] = (),
    facts: Mapping[str, int] | None = None,
) -> Records:
    """Records of a collection.

    Args:
        name: The data set's, with which ids begin.
        queries: In their order.
        documents: In their order, those that are judged among them.
        grades: Id of a document -> id of a query -> grade.
        notes: Footnotes.
        facts: Counts.
    """
    entries = [*queries, *documents]
    ids = [f"{name}:{query.id}" for query in queries] + [f"{name}:document {document.id}" for document in documents]
    own = [f"{name}:{query.cluster}" if query.cluster else item for item, query in zip(ids, queries, strict=False)]
    judged = [
        json.dumps({f"{name}:{query}": grade for query, grade in grades[document.id].items()}, ensure_ascii=False)
        if document.id in grades
        else ""
        for document in documents
    ]
    fields = {
        "text": tuple(entry.text for entry in entries),
        "part": (QUERY,) * len(queries) + (DOCUMENT,) * len(documents),
        "judged": ("",) * len(queries) + tuple(judged),
    }
    clusters = (*own, *ids[len(queries) :])
    return Records(tuple(ids), clusters, fields, notes, dict(facts or {}), places=lambda row: entries[row].place)
