"""Reader of words and tags in columns: a word a line, an empty line after each sentence, tags in IOB2.

What is damaged is repaired as ``_tags.py`` says; every other tag that the card does not know is an error with its line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files, tags
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

KEYS = {
    "files": str | list[str],
    "files_of": list[list[str]],
    "tags": dict[str, str],
    "language": str,
    "delimiter": ("tab", "space", "whitespace"),
    "token": int,
    "tag": int,
    "comment": str,
    "id": str,
    "own_ids": list[str],
    "documents": str,
    "token_prefix": list[str],
    "embedded": bool,
    "max_rows": int,
}
"""``files``: patterns; ``files_of``, instead: pairs of a language and its file; ``tags``: entity type in the files ->
type, "O" to drop it (all of them); ``delimiter``: whitespace without it; ``token``, ``tag``: numbers of columns from 1,
without them the first and the last; ``comment``: how lines begin that are no words; ``id``: how the line with a
sentence's id begins: an id is the same sentence in all languages but those of ``own_ids``; ``documents``: how the line
begins with which a document does; ``token_prefix``: what is cut off the beginning of words; ``embedded``: the files are
the plugin's own."""
REQUIRED = ("tags",)


@dataclass
class Sentence(tags.Sentence):
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
        self._tagset = tags.Tagset(table["tags"])
        self._separator = {"tab": "\t", "space": " "}.get(table.get("delimiter", ""))
        self._prefixes: tuple[str, ...] = tuple(table.get("token_prefix", ()))
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
            if language not in self.home.languages:
                hint = did_you_mean(language, self.home.languages)
                raise UsageError(f"{where}: {language!r} is none of the card's languages.{hint}")
        if min(table.get("token", 1), table.get("tag", 1)) < 1:
            raise UsageError(f"{where}: columns are counted from 1")
        if self._own_ids and "id" not in table:
            raise UsageError(f"{where} own_ids: there is no id that could be shared")

    def _find(self) -> Mapping[str, Path]:
        if not self._pairs and "language" not in self.home.table:
            return files.by_language(self, self._patterns)
        named = self._pairs or {self.home.table["language"]: self._patterns[0]}
        root = files.root_of(self)
        paths = {language: root / pattern for language, pattern in named.items()} if root else {}
        found = {language: path for language, path in paths.items() if path.is_file()}
        if not found:
            raise DataMissing(self.missing(f"{self.name} is not at hand: no file {self._place()}"))
        return found

    def _place(self) -> str:
        return files.place(self, self._patterns)

    def _read(self, language: str) -> Records:
        path = self._found[language]
        sentences = list(itertools.islice(self._sentences(path), self._rows()))
        if not sentences:
            raise DataError(f"{path} holds no sentence")
        ids, clusters = self._ids(path, language, sentences)
        return self._tagset.records(ids, clusters, sentences)

    def _ids(self, path: Path, language: str, sentences: Sequence[Sentence]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids and clusters: from the comments or row numbers; a document's sentences are a cluster."""
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
        if "documents" not in self.home.table:
            return ids, ids
        return ids, tuple(f"{prefix}document-{sentence.document}" for sentence in sentences)

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        """The sentences of a file, one by one."""
        marks = {name: self.home.table.get(name) for name in ("id", "documents", "comment")}
        now, width, documents = Sentence(), 0, 0
        for number, line in enumerate(files.split_lines(files.read_text(path)), 1):
            mark = next((name for name, begins in marks.items() if begins and line.startswith(begins)), "")
            if (mark or not line.strip()) and now.words:
                yield now
                now = Sentence(document=documents)
            if mark == "documents":
                documents += 1
                now.document = documents
            elif mark == "id":
                now.item = line.removeprefix(self.home.table["id"]).strip()
            elif not mark and line.strip():
                now.line = now.line or number
                cells = line.split(self._separator)
                width = width or len(cells)
                self._add(now, cells, width, f"{path}, line {number}")
        if now.words:
            yield now

    def _add(self, now: Sentence, cells: list[str], width: int, where: str) -> None:
        """Add a row to its sentence, or count it where it is a tag alone."""
        token, tag = self.home.table.get("token", 1), self.home.table.get("tag", len(cells))
        alone = len(cells) == 1 and self._tagset.read(cells[0]) is not None
        if alone or (len(cells) == width and not tags.visible(cells[token - 1])):
            now.lost_rows += 1
            return
        if len(cells) != width:
            raise DataError(f"{where}: {len(cells)} columns where those before have {width}")
        if max(token, tag) > width or width < 2:
            raise DataError(f"{where}: {width} columns; the card asks for more (or for another delimiter)")
        meant = self._tagset.read(cells[tag - 1])
        if meant is None:
            raise DataError(f"{where}: {self._tagset.unknown(cells[tag - 1])}")
        if "\t" in cells[token - 1]:
            raise DataError(f"{where}: a tab inside of a word; set delimiter = 'tab' or 'whitespace' in the card")
        prefix = next((prefix for prefix in self._prefixes if cells[token - 1].startswith(prefix)), "")
        now.add(cells[token - 1].removeprefix(prefix), meant)


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
