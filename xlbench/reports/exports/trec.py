"""Searches as files of TREC: a run file and a file of judgments (qrels) a cell, for pytrec_eval, ranx and trec_eval."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterable, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.found_documents import FoundDocuments
from xlbench.core.ids import slug
from xlbench.core.record import Cell
from xlbench.core.version import __version__
from xlbench.reports.exports.exported import Export

LIST = "trec.json"
"""The list of the files that were written, by which they are known again."""
NOTHING = "nothing-found"
"""Stands for a document in the list of a query that finds none: readers leave out queries that are in no list."""
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,150}")
_SPACE = re.compile(r"[\s%]")


def export(
    model: str, fingerprint: str, depth: int, searches: Iterable[tuple[Cell, FoundDocuments]], there: bytes
) -> Export:
    """A run file and a qrels file of every search, and a list of them.

    Args:
        model: The model's name.
        fingerprint: The model's fingerprint.
        depth: How many documents of each query are listed at most.
        searches: Cells, with what is found.
        there: The list of an earlier export that lies where this one is written; b"" where there is none.
    """
    files: dict[str, str] = {}
    cells: list[dict[str, Any]] = []
    for cell, found in searches:
        where = f"{cell.task} {cell.subset}"
        stem = _stem(cell, files)
        queries, documents = _ids(found.queries, where, "queries"), _ids(found.documents, where, "documents")
        names = {"run": f"{stem}.run.txt", "qrels": f"{stem}.qrels.txt"}
        files[names["run"]] = _run(found, queries, documents, _in_one_word(f"{model}-{fingerprint[:8]}"))
        files[names["qrels"]] = _qrels(found, queries, documents)
        main = cell.main
        cells.append({
            "task": cell.task, "subset": cell.subset, "data_fingerprint": cell.data_fingerprint, **names,
            "queries": len(queries), "documents": len(documents),
            **({main.metric: main.value} if main else {}),
        })  # fmt: skip
    digests = {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()}
    listed = {"written_by": f"xlbench {__version__}, export trec", "model": model, "fingerprint": fingerprint,
              "depth": depth, "cells": cells, "sha256": digests}  # fmt: skip
    files[LIST] = json.dumps(listed, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    known = _known(there, fingerprint)
    return Export(files, lambda name, content: hashlib.sha256(content).hexdigest() == known.get(name, ""))


def _stem(cell: Cell, taken: Container[str]) -> str:
    """What a cell's files begin with: the names of its task and subset, where they are names of files that none has."""
    plain = f"{cell.task}.{cell.subset}"
    if _FILE.fullmatch(plain) and f"{plain}.run.txt" not in taken:
        return plain
    return f"{slug(cell.task)}.{slug(cell.subset)}"


def _known(there: bytes, fingerprint: str) -> dict[str, str]:
    """By name, the SHA-256 of the files that an earlier export of the same model has written, its list among them."""
    try:
        told = json.loads(there)
        own = {str(name): str(digest) for name, digest in told["sha256"].items()}
        same = told["fingerprint"] == fingerprint
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return own | {LIST: hashlib.sha256(there).hexdigest()} if same else {}


def _ids(given: Sequence[str], where: str, what: str) -> list[str]:
    """Ids in one word each.

    Raises:
        UsageError: Two ids become one, or an id is empty.
    """
    made = [_in_one_word(one) for one in given]
    if len(set(made)) != len(made) or not all(made):
        raise UsageError(
            f"{where}: ids of {what} are empty, or differ in white space alone: a TREC file cannot hold them"
        )
    return made


def _in_one_word(text: str) -> str:
    """The text, its white space written as in addresses (%20): a TREC file is cut at any."""
    if not re.search(r"\s", text):
        return text
    return _SPACE.sub(lambda found: quote(found[0]), text)


def _run(found: FoundDocuments, queries: Sequence[str], documents: Sequence[str], tag: str) -> str:
    scores = falling(found.scores)
    lines: list[str] = []
    for query, places, own in zip(queries, found.places.tolist(), scores, strict=True):
        listed = [(documents[place], str(score)) for place, score in zip(places, own, strict=True) if place >= 0]
        for rank, (document, score) in enumerate(listed or [(_nothing(documents), "0.0")], 1):
            lines.append(f"{query} Q0 {document} {rank} {score} {tag}\n")
    return "".join(lines)


def falling(scores: np.ndarray) -> np.ndarray:
    """Scores (n, k) in single precision, each lower than the one before it: trec_eval sorts by them anew, with a rule
    of its own for equal ones. Equal scores fall by the smallest step there is."""
    made = scores.astype(np.float32)
    for place in range(1, made.shape[1]):
        made[:, place] = np.minimum(made[:, place], np.nextafter(made[:, place - 1], np.float32(-np.inf)))
    return made


def _nothing(documents: Sequence[str]) -> str:
    name = NOTHING
    while name in documents:
        name += "-"
    return name


def _qrels(found: FoundDocuments, queries: Sequence[str], documents: Sequence[str]) -> str:
    return "".join(f"{queries[query]} 0 {documents[document]} {grade}\n" for query, document, grade in found.judged)
