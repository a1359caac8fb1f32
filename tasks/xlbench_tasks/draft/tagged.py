"""Files of words and tags: which columns they stand in, and what else is in such files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xlbench import DataError
from xlbench_tasks.data import tag_schemes, tags, text
from xlbench_tasks.data.text import visible

SAMPLE = 4_000
"""So many lines tell the columns."""
DOCUMENT = "-DOCSTART-"
"""How a line begins with which a document does, in any file."""
MOSTLY = 0.9
CHUNKS = {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"}
"""Phrases, whose tags often stand beside those of entities."""
_TAG = re.compile(r"(O|[BIESMLU]?-\S+)", re.IGNORECASE)
_COMMENT = re.compile(r"#+ ?\w.*\s\S")
_KEYED = re.compile(r"(?:^|\|)(?P<key>[^=|]+)=[BIESMLU]-[^|]+")
_PREFIX = re.compile(r"[a-z]{2,3}:(?=.)")


@dataclass(frozen=True)
class Layout:
    """How a file has words and tags in columns."""

    delimiter: str
    """tab, space or whitespace."""
    width: int
    token: int
    tag: int
    """Columns, from 1."""
    key: str = ""
    """Under which the tag stands in its column (``name=B-PER``); "" where it is all of the column."""
    comment: str = ""
    documents: str = ""
    """How the lines begin that are no words, and those with which a document begins."""
    rivals: tuple[int, ...] = ()
    """Other columns of tags."""

    @property
    def separator(self) -> str | None:
        """What splits a line."""
        return {"tab": "\t", "space": " "}.get(self.delimiter)


@dataclass(frozen=True)
class Tagged:
    """What a file of a layout holds."""

    kinds: Counter[str]
    """Types of entities -> how many of their tags; as the file writes them."""
    prefixes: str
    """The letters before the dash that occur."""
    words: tuple[str, ...]
    """Some of its words."""
    scheme: str = ""
    """The scheme that some of its sentences follow, as cards call it; "" where these leave it open."""
    token_prefix: str = ""
    """What nearly all words begin with (``hi:``)."""
    documents: int = 0
    """How many times a document is said to begin."""


def layout(path: Path) -> Layout | None:
    """How a file has a word and its tag a line; None where it has not. `DataError` for what is no text."""
    lines = list(islice(text.lines(path), SAMPLE))
    blank = sum(not visible(line) for line in lines[:-1])
    comments = [
        line for line in lines if re.match(r"#+ ?\w", line) and len(line.split()) > 1 and not _ends_in_tag(line)
    ]
    rows = [line for line in lines if visible(line) and line not in set(comments) and not line.startswith(DOCUMENT)]
    if not blank or len(rows) < 2 * blank or len(rows) < 5:
        return None
    delimiter = (
        "tab" if _all_have(rows, "\t") else "space" if _all_have(rows, " ") and _one_space(rows) else "whitespace"
    )
    cells = [row.split({"tab": "\t", "space": " "}.get(delimiter)) for row in rows]
    width, count = Counter(map(len, cells)).most_common(1)[0]
    if width < 2 or count < MOSTLY * len(cells):
        return None
    table = [row for row in cells if len(row) == width]
    tagged = [place for place in range(width, 1, -1) if _is_tags([row[place - 1] for row in table])]
    tagged = [place for place in tagged if not _is_chunks([row[place - 1] for row in table])] or tagged
    tag = next(iter(tagged), 0)
    key = "" if tag else _key_of([row[-1] for row in table])
    if not (tag or key):
        return None
    tag = tag or width
    token = 2 if tag > 2 and all(re.fullmatch(r"[\d.-]+", row[0]) for row in table) else 1
    mark = "# " if comments and all(line.startswith("# ") for line in comments) else "#" if comments else ""
    document = next((line for line in comments if "newdoc" in line), "")
    return Layout(
        delimiter,
        width,
        token,
        tag,
        key,
        mark,
        document.partition("=")[0] + "= " if " = " in document else "",
        tuple(tagged[1:]),
    )


def _ends_in_tag(line: str) -> bool:
    cells = line.split()
    return len(cells) == 2 and bool(_TAG.fullmatch(cells[1]))


def _all_have(rows: Sequence[str], mark: str) -> bool:
    return sum(mark in row for row in rows) >= MOSTLY * len(rows)


def _one_space(rows: Sequence[str]) -> bool:
    return sum("  " not in row and row.count(" ") == rows[0].count(" ") for row in rows) >= 0.999 * len(rows)


def _is_tags(values: Sequence[str]) -> bool:
    """Whether a column holds tags, and not the same one always."""
    fitting = sum(bool(_TAG.fullmatch(value.strip("\u200b\u200c\u200d\ufeff"))) for value in values)
    return fitting >= MOSTLY * len(values) and len(set(values)) > 1


def _is_chunks(values: Sequence[str]) -> bool:
    """Whether tags are of phrases, and of no entities."""
    return {value.rpartition("-")[2].upper() for value in values if "-" in value} <= CHUNKS


def _key_of(values: Sequence[str]) -> str:
    """The key that tags stand under in a column of several (``SpaceAfter=No|name=B-PER``); "" for none."""
    keys = Counter(match["key"] for value in values for match in _KEYED.finditer(value))
    return keys.most_common(1)[0][0] if keys else ""


def read(path: Path, how: Layout) -> Tagged:
    """The types of entities in a whole file, and some of its words."""
    kinds: Counter[str] = Counter()
    prefixes, words, known = set[str](), list[str](), dict[str, tags.Tag | None]()
    sentences: list[list[tags.Tag]] = [[]]
    documents = 0
    for line in text.lines(path):
        cells = line.split(how.separator)
        documents += line.startswith((DOCUMENT, how.documents or DOCUMENT))
        if not visible(line):
            sentences += [[]] if sentences[-1] and len(words) < SAMPLE else []
        if len(cells) != how.width or not visible(line):
            continue
        raw = _raw_tag(cells, how)
        if raw not in known:
            known[raw] = tags.read_tag(raw, _AnyType())
        tag = known[raw]
        if tag and tag.prefix != tags.OUTSIDE:
            kinds[tag.kind] += 1
            prefixes.add(tag.prefix)
        if len(words) < SAMPLE and visible(cells[how.token - 1]):
            words.append(cells[how.token - 1])
            sentences[-1].append(tag or tags.Tag(tags.OUTSIDE))
    marks = Counter(match[0] for word in words if (match := _PREFIX.match(word)))
    mark, count = marks.most_common(1)[0] if marks else ("", 0)
    prefix = mark if count >= 0.95 * len(words) else ""
    return Tagged(kinds, "".join(sorted(prefixes)), tuple(words), _scheme(sentences), prefix, documents)


def _raw_tag(cells: Sequence[str], how: Layout) -> str:
    """The tag of a row as the file writes it."""
    raw = cells[how.tag - 1]
    if not how.key:
        return raw
    return next((one.partition("=")[2] for one in raw.split("|") if one.startswith(f"{how.key}=")), tags.OUTSIDE)


def _scheme(sentences: Sequence[Sequence[tags.Tag]]) -> str:
    """The scheme of tags, as the reader finds it; "" where they follow none."""
    try:
        return tag_schemes.find_scheme(sentences, "")
    except DataError:
        return ""


class _AnyType(dict[str, str]):
    """Knows every type of entity."""

    def __contains__(self, _: object) -> bool:
        return True
