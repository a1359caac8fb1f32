"""Reader of words and tags in columns: a word a line, an empty line after each sentence.

Schemes of tags, and what is repaired in them, are those of ``tags.py``; tags that the card does not know are an error
that lists them all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files, tags, text
from xlbench_tasks.data.blocks import check_block
from xlbench_tasks.data.conll_rows import ConllRows, ConllSentence
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
    "tag": int | list[int],
    "tag_key": str,
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
``tag``: numbers of columns from 1, without them the first and the last, and of several columns of tags the first that
has an entity; ``tag_key``: the tag is under this key of a column such as the MISC of CoNLL-U
(``name=B-PER|SpaceAfter=No``); ``comment``: how lines begin that are no words (unless they have a tag); ``id``: how the
line with a sentence's id begins: an id is the same sentence in all languages but those of ``own_ids``; ``documents``:
how the line begins with which a document does, beside ``-DOCSTART-``; ``block``: of running text without documents, so
many sentences in a row are a cluster; ``token_prefix``: what is cut off the beginning of words; ``embedded``: the files
are the plugin's own."""
REQUIRED: tuple[str, ...] = ()

DOCUMENT = "-DOCSTART-"
"""The word of a line with which a document begins, in any file."""
LONGEST = 200
"""A file whose only sentence has more words lacks the empty lines between its sentences."""


class Conll(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        table = home.table
        self._pairs = dict(_pairs(home))
        self._patterns = tuple(self._pairs.values()) or files.patterns(home)
        self._tagset = tags.tagset_of(home)
        usual = "tab" if "tag_key" in table else "whitespace"
        self._separator = {"tab": "\t", "space": " "}.get(table.get("delimiter", usual))
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
        given = table.get("tag", 1)
        columns = given if isinstance(given, list) else [given]
        if min([table.get("token", 1), *columns]) < 1:
            raise UsageError(f"{where}: columns are counted from 1")
        if not columns or len(set(columns)) < len(columns):
            raise UsageError(f"{where} tag: name one column of tags or several, each once")
        if "tag_key" in table and not re.fullmatch(r"[^\s=|]+", table["tag_key"]):
            raise UsageError(f"{where} tag_key: {table['tag_key']!r} is no key, which holds no space, = or |")
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
        rows = ConllRows(self.home.table, self._tagset, path)
        sentences = list(itertools.islice(self._sentences(path, rows), self._rows()))
        rows.check(whole=self._rows() is None)
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

    def _sentences(self, path: Path, rows: ConllRows) -> Iterator[ConllSentence]:
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

    def _mark(self, line: str, cells: Sequence[str], rows: ConllRows) -> str:
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
