"""Drafts for searches: a corpus, queries and judgments in three files, or questions with passages: `search`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.data import question_files, search_files, text
from xlbench_tasks.draft.found import Found
from xlbench_tasks.draft.names import NamedFile
from xlbench_tasks.draft.sets import FileSet, aliases_of, alone, say_languages
from xlbench_tasks.draft.written import Draft

PARTS = ("corpus", "queries", "qrels")
SOME = 200
"""So many texts tell a language."""


def shape_of(path: Path) -> str:
    """The shape (``squad``, ``belebele``) of a file of questions with passages; "" for any other file."""
    if not {".json", ".jsonl"} & {suffix.lower() for suffix in path.suffixes[-2:]}:
        return ""
    first = next((line for line in text.lines(path) if line.strip()), "")
    try:
        values: Any = json.loads(first if first.rstrip().endswith("}") else text.read_text(path))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(values, dict):
        return ""
    if {"link", "question", "flores_passage"} <= values.keys():
        return "belebele"
    articles = values.get("data")
    return "squad" if isinstance(articles, list) and articles and "paragraphs" in articles[0] else ""


def fill(draft: Draft, found: FileSet, shape: str, place: Found) -> None:
    """Make a draft of files of questions with passages."""
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("search", f"questions with passages, in the shape of {shape}")
    draft.data["reader"] = ("search", "")

    def texts(file: str) -> Sequence[str]:
        asked = question_files.SHAPES[shape](place.path(file))
        return [question.passage for question in islice(asked, SOME)]

    say_languages(draft, found, texts)
    draft.data["shape"] = (shape, "")


def of_parts(draft: Draft, found: Found, named: Sequence[NamedFile]) -> FileSet | None:
    """Make a draft of a corpus, queries and judgments, as BEIR has them; None where there are no such files."""
    parts = {part: [one for one in named if _is_part(one.file, part)] for part in PARTS}
    if not all(parts.values()):
        return None
    qrels = next((one for one in parts["qrels"] if one.split == "test"), parts["qrels"][0])
    chosen = FileSet([*parts["corpus"], *parts["queries"], qrels], str(found.root))
    chosen.left_out += [one.file for one in named if one not in chosen.files and one not in parts["qrels"]]
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("search", "there is a corpus, there are queries, and judgments of both")
    codes = sorted({one.language for one in parts["corpus"] if one.language})
    draft.data["reader"] = ("search", "")
    if len(codes) > 1:
        draft.card["languages"] = (codes, "from the names of files")
        firsts = {part: (qrels if part == "qrels" else parts[part][0]) for part in PARTS}
        for part, one in firsts.items():
            draft.data[part] = (one.pattern.replace(SPLIT, one.split_word), "")
        if aliases := aliases_of(chosen.words, codes):
            draft.data["aliases"] = (aliases, "the word of the file's name = the code")
        return chosen
    first = parts["corpus"][0].file
    code, why = (codes[0], "from the name of the file") if codes else alone(draft, chosen, _texts(found.path(first)))
    draft.card["languages"] = ([code], why)
    for part, one in (("corpus", parts["corpus"][0]), ("queries", parts["queries"][0]), ("qrels", qrels)):
        draft.data[part] = (one.file.removesuffix(".gz"), "")
    draft.data["language"] = (code, "")
    draft.data["drop_empty"] = (True, "documents without a text are left out, and counted")
    return chosen


def _is_part(file: str, part: str) -> bool:
    path = Path(file)
    if part == "qrels":
        return "qrels" in (path.parent.name, path.name.partition(".")[0].lower())
    return path.name.partition(".")[0].lower() == part


def _texts(corpus: Path) -> list[str]:
    """Some texts of a corpus; none where it is damaged, which the trial of the draft says."""
    try:
        return [entry.text for entry in islice(search_files.entries(corpus, "document", ""), SOME)]
    except DataError:
        return []
