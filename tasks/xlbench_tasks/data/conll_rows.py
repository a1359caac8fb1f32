"""The rows of files of words and tags: each a word with its tag, or with one in each of several columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import tags, text

NO_WORD = re.compile(r"[0-9]+[-.][0-9]+")
"""The number of a line of CoNLL-U that is no word: a range of words (``3-4``), or an empty node (``8.1``)."""


@dataclass
class ConllSentence(tags.Sentence):
    """The rows between two empty lines."""

    item: str = ""
    """The id from its comment."""
    document: int = 0
    """How many documents had begun before it did."""
    line: int = 0
    """Where it begins."""


class ConllRows:
    """The rows of one file: all of one width."""

    def __init__(self, table: Mapping[str, Any], tagset: tags.Tagset, path: Path) -> None:
        self._token: int = table.get("token", 1)
        given = table.get("tag", 0)  # 0: the last one
        self._columns: tuple[int, ...] = tuple(given) if isinstance(given, list) else (given,)
        self._key: str = table.get("tag_key", "")
        self._prefixes: tuple[str, ...] = tuple(table.get("token_prefix", ()))
        self._tagset, self._path = tagset, path
        self._width = 0
        self._keys: Counter[str] = Counter()
        self.first_line = 0
        self._unknown = tagset.unknown(str(path))

    def has_tag(self, cells: Sequence[str]) -> bool:
        """Whether a line has as many columns as the rows before it and tags where theirs are."""
        width = len(cells)
        fits = width > 1 and width == (self._width or width) >= max(self._columns)
        return fits and all(self._tagset.read(self._raw(cells, column)) is not None for column in self._columns)

    def _raw(self, cells: Sequence[str], column: int) -> str:
        """The tag of a column as the file has it; O where the column has keys, and none is that of tags."""
        cell = cells[column - 1]
        return next(iter(self._values(cell)), tags.OUTSIDE) if self._key else cell

    def _values(self, cell: str) -> list[str]:
        """What stands under the key of tags."""
        parts = (part.partition("=") for part in cell.split("|"))
        return [value for key, _, value in parts if key.strip() == self._key]

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
        if max(self._token, *self._columns) > self._width or self._width < 2:
            raise DataError(f"{where}: {self._width} columns; the card asks for more{_other_scheme(cells)}")
        if self._key and self._is_no_word(cells, where):
            return
        word, found = cells[self._token - 1], []
        for column in self._columns:
            raw = self._raw(cells, column)
            tag = self._tagset.read(raw)
            if tag is None:
                self._unknown.add(raw, f"line {line}")
            found.append(tag or tags.Tag(tags.OUTSIDE))
        if "\t" in word:
            raise DataError(f"{where}: a tab inside of a word; set delimiter = 'tab' or 'whitespace' in the card")
        prefix = next((prefix for prefix in self._prefixes if word.startswith(prefix)), "")
        now.add(word.removeprefix(prefix), tuple(found), line)

    def _is_no_word(self, cells: Sequence[str], where: str) -> bool:
        """Whether a line of CoNLL-U is none of a word; counts the keys of those that are.

        Raises:
            DataError: a word has two tags, or what is no word has one.
        """
        values = [self._values(cells[column - 1]) for column in self._columns]
        if any(len(its) > 1 for its in values):
            raise DataError(f"{where}: {self._key!r} is there twice")
        no_word = NO_WORD.fullmatch(cells[0]) is not None
        if no_word and any(values):
            raise DataError(f"{where}: {cells[0]} is no word, and has a tag; tags belong to words")
        for column in self._columns if not no_word else ():
            self._keys.update(part.partition("=")[0].strip() for part in cells[column - 1].split("|"))
        return no_word

    def check(self, *, whole: bool) -> None:
        """Raise `DataError` for tags that are none, and where a ``whole`` file has the key of tags nowhere."""
        self._unknown.check()
        if whole and self._key and self._keys and not self._keys[self._key]:
            there = ", ".join(key for key, _ in self._keys.most_common(20) if key != "_") or "none"
            raise DataError(
                f"{self._path}: no word has {self._key!r} in its column of tags; the keys there are {there}."
                f"{did_you_mean(self._key, self._keys)}"
            )


def _other_scheme(cells: Sequence[str]) -> str:
    """Which delimiter would split a row's only cell."""
    fits = [name for name, mark in (("tab", "\t"), ("space", " ")) if mark in cells[0]] if len(cells) == 1 else []
    return f"; delimiter = {fits[0]!r} would split {cells[0][:60]!r}" if fits else " (or for another delimiter)"
