"""Reader of words and tags in columns: a word a line, an empty line after each sentence.

Schemes of tags, and what is repaired in them, are those of ``tags.py``; tags that the card does not know are an error
that lists them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files, tags, text
from xlbench_tasks.data.blocks import check_block
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

KEYS = {
    "files": str | list[str],
    "files_of": list[list[str]],
    "tags": dict[str, str],
    "scheme": tuple(tags.SCHEMES),
    "language": str,
    "delimiter": ("tab", "space", "whitespace"),
    "token": int,
    "tag": int,
    "comment": str,
    "id": str,
    "own_ids": list[str],
    "documents": str,
    "block": int,
    "token_prefix": list[str],
    "embedded": bool,
    "max_rows": int,
}
"""``files``: patterns; ``files_of``, instead: pairs of a language and its file; ``tags``: entity type in the files ->
type, "O" to drop it (all of them, or the others under ``*``; without it the types of [options], or those that occur);
``scheme``: how tags mark entities, found from the tags without it; ``delimiter``: whitespace without it; ``token``,
``tag``: numbers of columns from 1, without them the first and the last; ``comment``: how lines begin that are no words
(unless they have a tag); ``id``: how the line with a sentence's id begins: an id is the same sentence in all languages
but those of ``own_ids``; ``documents``: how the line begins with which a document does, beside ``-DOCSTART-``;
``block``: of running text without documents, so many sentences in a row are a cluster; ``token_prefix``: what is cut
off the beginning of words; ``embedded``: the files are the plugin's own."""
REQUIRED: tuple[str, ...] = ()

DOCUMENT = "-DOCSTART-"
"""The word of a line with which a document begins, in any file."""
LONGEST = 200
"""A file whose only sentence has more words lacks the empty lines between its sentences."""


@dataclass
class ConllSentence(tags.Sentence):
    """The rows between two empty lines."""

    item: str = ""
    """The id from its comment."""
    document: int = 0
    """How many documents had begun before it did."""
    line: int = 0
    """Where it begins."""


class Conll(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        table = home.table
        self._pairs = dict(_pairs(home))
        self._patterns = tuple(self._pairs.values()) or files.patterns(home)
        self._tagset = tags.tagset_of(home)
        self._separator = {"tab": "\t", "space": " "}.get(table.get("delimiter", ""))
        self._own_ids = table.get("own_ids", ())
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        table, where = self.home.table, self.home.where
        ways = any(LANGUAGE in pattern for pattern in self._patterns) + bool(self._pairs) + ("language" in table)
        if ways != 1:
            raise UsageError(
                f"{where}: say in one place what the languages are: {LANGUAGE} in files, pairs of a language and its "
                f"file in files_of, or language = '...' for the only one"
            )
        if ("files" in table) == bool(self._pairs) or ("language" in table and len(self._patterns) != 1):
            raise UsageError(f"{where}: give either files (one, where language says whose) or files_of")
        named = [*self._pairs, *self._own_ids, *([table["language"]] if "language" in table else [])]
        for language in named:
            if self.home.languages and language not in self.home.languages:
                hint = did_you_mean(language, self.home.languages)
                raise UsageError(f"{where}: {language!r} is none of the card's languages.{hint}")
        if min(table.get("token", 1), table.get("tag", 1)) < 1:
            raise UsageError(f"{where}: columns are counted from 1")
        check_block(self.home, instead="documents")
        if self._own_ids and "id" not in table:
            raise UsageError(f"{where} own_ids: there is no id that could be shared")

    def _find(self) -> Mapping[str, Path]:
        if not self._pairs and "language" not in self.home.table:
            return files.by_language(self, self._patterns)
        named = self._pairs or {self.home.table["language"]: self._patterns[0]}
        root = files.root_of(self)
        paths = {language: files.find(root, pattern) for language, pattern in named.items()}
        found = {language: path for language, path in paths.items() if path is not None}
        if not found:
            raise DataMissing(self.missing(f"{self.name} is not at hand: no file {self._place()}"))
        return found

    def _place(self) -> str:
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        return files.undeclared_files(self, self._patterns)

    def _read(self, language: str) -> Records:
        path = self._found[language]
        rows = _Rows(self.home.table, self._tagset, path)
        sentences = list(itertools.islice(self._sentences(path, rows), self._rows()))
        rows.unknown.check()
        if not sentences:
            raise DataError(f"{path} holds no sentence")
        ids, clusters = self._ids(path, language, sentences)
        records = self._tagset.records(ids, clusters, sentences, str(path))
        return replace(records, places=lambda row: f"{path}, line {sentences[row].line}")

    def _ids(
        self, path: Path, language: str, sentences: Sequence[ConllSentence]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids and clusters: from the comments or row numbers; the sentences of a document or a block are a cluster."""
        shared = "id" in self.home.table and language not in self._own_ids
        prefix = f"{self.name}:" if shared else f"{self.name}:{language}:"
        if "id" not in self.home.table:
            ids = tuple(f"{prefix}{row}" for row in range(1, len(sentences) + 1))
        else:
            first_line: dict[str, int] = {}
            for sentence in sentences:
                if not sentence.item:
                    raise DataError(f"{path}, line {sentence.line}: no id ({self.home.table['id']!r}) before it")
                if first_line.setdefault(sentence.item, sentence.line) != sentence.line:
                    seen = first_line[sentence.item]
                    raise DataError(f"{path}, line {sentence.line}: the sentence of line {seen} has the same id")
            ids = tuple(prefix + item for item in first_line)
        if "documents" not in self.home.table and not sentences[-1].document:
            block = self.home.table.get("block", 0)
            return ids, tuple(f"{prefix}block-{row // block}" for row in range(len(ids))) if block else ids
        return ids, tuple(f"{prefix}document-{sentence.document}" for sentence in sentences)

    def _sentences(self, path: Path, rows: _Rows) -> Iterator[ConllSentence]:
        """The sentences of a file, one by one."""
        now, documents = ConllSentence(), 0
        for number, line in enumerate(text.lines(path), 1):
            cells = line.split(self._separator)
            mark, seen = self._mark(line, cells, rows), text.visible(line)
            if (mark or not seen) and now.words:
                yield now
                now = ConllSentence(document=documents)
            if mark == "documents":
                documents += 1
                now.document = documents
            elif mark == "id":
                now.item = line.removeprefix(self.home.table["id"]).strip()
            elif not mark and seen:
                now.line = now.line or number
                rows.add(now, cells, number)
        if now.words:
            if now.line == rows.first_line and len(now.words) > LONGEST:
                raise DataError(
                    f"{path}: one sentence of {len(now.words)} words; put an empty line after each sentence"
                )
            yield now

    def _mark(self, line: str, cells: Sequence[str], rows: _Rows) -> str:
        """What a line is that is no word: documents, id, comment; or the empty string.

        A word can begin like a comment (``#hashtag``): what has a tag in its column is a word.
        """
        table = self.home.table
        if "id" in table and line.startswith(table["id"]):
            return "id"
        if cells[:1] == [DOCUMENT] or ("documents" in table and line.startswith(table["documents"])):
            return "documents"
        if "comment" in table and line.startswith(table["comment"]) and not rows.has_tag(cells):
            return "comment"
        return ""


class _Rows:
    """The rows of one file: all of one width, each a word with its tag."""

    def __init__(self, table: Mapping[str, Any], tagset: tags.Tagset, path: Path) -> None:
        self._token: int = table.get("token", 1)
        self._tag: int = table.get("tag", 0)  # 0: the last one
        self._prefixes: tuple[str, ...] = tuple(table.get("token_prefix", ()))
        self._tagset, self._path = tagset, path
        self._width = 0
        self.first_line = 0
        self.unknown = tagset.unknown(str(path))

    def has_tag(self, cells: Sequence[str]) -> bool:
        """Whether a line has as many columns as the rows before it and a tag where theirs is."""
        width = len(cells)
        return width > 1 and width == (self._width or width) >= self._tag and self._read(cells) is not None

    def _read(self, cells: Sequence[str]) -> tags.Tag | None:
        return self._tagset.read(cells[self._tag - 1])

    def add(self, now: ConllSentence, cells: Sequence[str], line: int) -> None:
        """Add a row to its sentence, or count it where it is a tag alone."""
        where = f"{self._path}, line {line}"
        self._width = self._width or len(cells)
        self.first_line = self.first_line or line
        alone = len(cells) == 1 and self._tagset.read(cells[0]) is not None
        if alone or (len(cells) == self._width >= self._token and not text.visible(cells[self._token - 1])):
            now.lost_rows += 1
            return
        if len(cells) != self._width:
            raise DataError(f"{where}: {len(cells)} columns where those before have {self._width}")
        if max(self._token, self._tag) > self._width or self._width < 2:
            raise DataError(f"{where}: {self._width} columns; the card asks for more{_other_scheme(cells)}")
        word, tag = cells[self._token - 1], self._read(cells)
        if tag is None:
            self.unknown.add(cells[self._tag - 1], f"line {line}")
            tag = tags.Tag(tags.OUTSIDE)
        if "\t" in word:
            raise DataError(f"{where}: a tab inside of a word; set delimiter = 'tab' or 'whitespace' in the card")
        prefix = next((prefix for prefix in self._prefixes if word.startswith(prefix)), "")
        now.add(word.removeprefix(prefix), tag)


def _other_scheme(cells: Sequence[str]) -> str:
    """Which delimiter would split a row's only cell."""
    fits = [name for name, mark in (("tab", "\t"), ("space", " ")) if mark in cells[0]] if len(cells) == 1 else []
    return f"; delimiter = {fits[0]!r} would split {cells[0][:60]!r}" if fits else " (or for another delimiter)"


def _pairs(home: Home) -> Iterator[tuple[str, str]]:
    """Language and file, from ``files_of``; `UsageError` where something is wrong with a pair."""
    seen = set()
    for pair in home.table.get("files_of", ()):
        if len(pair) != 2 or pair[0] in seen or LANGUAGE in pair[1]:
            raise UsageError(f"{home.where} files_of: {pair} is not a language (each once) and its file")
        seen.add(pair[0])
        files.patterns(replace(home, table={"files_of": pair[1]}), "files_of")
        yield pair[0], pair[1]


def source(home: Home, data: Data) -> Conll:
    """A source over files of words and tags."""
    return Conll(home, data)
