"""Reader of parallel text: one file a language, one text a line, line i of one file translates line i of the others.

Or, with ``pivot``, two files for every language: its own and their translations into one other language, as Moses and
Tatoeba have them. Item ids are line numbers, from 1, and so are equal across languages (with ``pivot``: of each pair).
Nothing is repaired: lines that do not match are an error, because everything after the first lost line would be scored
against the wrong translation.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, UsageError
from xlbench_tasks.data import files, text
from xlbench_tasks.data.blocks import blocks, check_block
from xlbench_tasks.data.records import Records, joined
from xlbench_tasks.data.row_keys import check_declared
from xlbench_tasks.data.row_reading import DROPPED
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

KEYS = {
    "files": str | list[str],
    "embedded": bool,
    "clusters": str,
    "block": int,
    "pivot": dict[str, str | list[str]],
    "drop_empty": bool,
    "keep_line_end": bool,
    "max_rows": int,
}
"""``files``: patterns with ``{language}``; ``embedded``: the files are the plugin's own, not below the data root;
``clusters``: a file with a cluster id a line; ``block``: without one, so many lines in a row are a cluster;
``pivot``: the ``language`` that every other one has translations of its own into, and the ``files`` of these;
``drop_empty``: lines without a text are left out; ``keep_line_end``: a carriage return at a line's end is part of the
text; ``max_rows``: only so many lines from the start."""
REQUIRED = ("files",)


class Parallel(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._pivot: Mapping[str, Any] = home.table.get("pivot", {})
        self._patterns = files.patterns(home, times=2 if self._pivot else 1)
        self._pivot_patterns = self._checked_pivot()
        for pattern in (*self._patterns, *self._pivot_patterns):
            if LANGUAGE not in pattern:
                raise UsageError(f"{home.where} files: {pattern!r} needs {LANGUAGE}, which stands for the file's code")
        clusters = files.patterns(home, "clusters")
        if clusters and LANGUAGE in clusters[0]:
            raise UsageError(f"{home.where} clusters: one file for all languages, so without {LANGUAGE}")
        check_block(home, instead="clusters")
        self._clusters_file = clusters[0] if clusters else ""
        self._references: dict[str, tuple[Path, int]] = {}  # the first file read of all, or of a pair, and its lines
        self._clusters: tuple[str, ...] | None = None
        self._pairs: dict[str, tuple[Records, Records]] = {}

    def _checked_pivot(self) -> Sequence[str]:
        """The patterns of the pivot's files; `UsageError` for what types cannot say."""
        pivot, where = self._pivot, f"{self.home.where} pivot"
        if not pivot:
            return ()
        if set(pivot) != {"language", "files"} or not isinstance(pivot["language"], str):
            raise UsageError(f"{where}: say its language, and the files of its texts")
        check_declared(self.home, "pivot", pivot["language"])
        if "clusters" in self.home.table:
            raise UsageError(f"{where}: every pair has lines of its own, and one file of clusters would fit none")
        patterns = files.patterns(replace(self.home, where=where, table={"files": pivot["files"]}), times=2)
        if len(patterns) != len(self._patterns):
            raise UsageError(f"{where}: as many files as under files: each belongs to the one in the same place")
        return patterns

    def _shared(self) -> float:
        return 0.0 if self._pivot else super()._shared()  # each language has its own part of the pivot's items

    def _find(self) -> Mapping[str, Path | tuple[Path, ...]]:
        found = files.by_language(self, self._patterns)
        if self._pivot:
            if (pivot := self._pivot["language"]) in found:
                raise DataError(f"{found[pivot]}: {pivot!r} is the pivot, and has no file of its own")
            partners = files.beside(root, self._patterns, self._pivot_patterns) if (root := files.root_of(self)) else {}
            others = (files.find(root, partners[path]) for path in found.values())
            return {**found, pivot: tuple(path for path in others if path is not None)}
        return found

    def _place(self) -> str:
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        return files.undeclared_files(self, self._patterns)

    def _read(self, language: str) -> Records:
        if self._pivot and language == self._pivot["language"]:
            return joined([self._pair(one)[1] for one in self.languages() if one != language])
        if self._pivot:
            return self._pair(language)[0]
        clusters = self._cluster_ids()
        path = self._found[language]
        texts = self._lines(path, "", keep_line_end=bool(self.home.table.get("keep_line_end")))
        return self._records_of(language, path, texts, self._seen_rows([path], [texts]), "", clusters)

    def _pair(self, language: str) -> tuple[Records, Records]:
        """The items of a language, and the same in the pivot."""
        if language not in self._pairs:
            root, own = files.root_of(self), self._found[language]
            assert root is not None
            other = files.partner(root, own, files.beside(root, self._patterns, self._pivot_patterns))
            keep = bool(self.home.table.get("keep_line_end"))
            sides = [(path, self._lines(path, language, keep_line_end=keep)) for path in (own, other)]
            rows = self._seen_rows([own, other], [texts for _, texts in sides])
            a, b = (self._records_of(language, path, texts, rows, f"{language}:") for path, texts in sides)
            self._pairs[language] = a, b
        return self._pairs[language]

    def _records_of(
        self,
        language: str,
        path: Path,
        texts: Sequence[str],
        rows: Sequence[int],
        prefix: str,
        clusters: Sequence[str] = (),
    ) -> Records:
        """Records of the lines ``rows`` of a file, counted from 0."""
        ids = tuple(f"{self.name}:{prefix}{row + 1}" for row in rows)
        own = tuple(clusters[row] for row in rows) if clusters else blocks(self.home, ids, str(path))
        dropped = len(texts) - len(rows)
        return Records(
            ids,
            own,
            {"text": tuple(texts[row] for row in rows)},
            (DROPPED,) if dropped else (),
            {f"rows_left_out ({language})": dropped} if dropped else {},
            places=lambda item: f"{path}, line {rows[item] + 1}",
        )

    def _cluster_ids(self) -> tuple[str, ...]:
        """One id a line, read before any text, so that all are aligned with it; empty where the card names none."""
        if self._clusters is None:
            root = files.root_of(self)
            path = files.find(root, self._clusters_file) or (root or Path()) / self._clusters_file
            lines = self._lines(path, "") if self._clusters_file and root else []
            self._check_seen(path, lines)
            self._clusters = tuple(f"{self.name}:{line}" for line in lines)
        return self._clusters

    def _lines(self, path: Path, group: str, *, keep_line_end: bool = False) -> list[str]:
        """The wanted lines of a file that is as long as all the others of its group."""
        wanted = self._rows()
        lines = list(itertools.islice(text.lines(path, keep_line_end=keep_line_end), wanted))
        self._check_length(path, len(lines) if wanted is None else text.count_lines(path), group)
        return lines

    def _seen_rows(self, paths: Sequence[Path], sides: Sequence[Sequence[str]]) -> Sequence[int]:
        """Which lines have a text in every file, counted from 0: all of them, unless some are to be left out."""
        if not self.home.table.get("drop_empty"):
            for path, texts in zip(paths, sides, strict=True):
                self._check_seen(path, texts)
            return range(len(sides[0]))
        rows = [row for row, texts in enumerate(zip(*sides, strict=True)) if all(map(text.visible, texts))]
        if not rows:
            raise DataError(f"{' and '.join(map(str, paths))}: no line has a text")
        return rows

    def _check_seen(self, path: Path, lines: Sequence[str]) -> None:
        for number, line in enumerate(lines, 1):
            if not text.visible(line):
                raise DataError(
                    f"{path}, line {number}: {text.empty(line)}; every line needs a text, or all files lose that line"
                )

    def _check_length(self, path: Path, count: int, group: str) -> None:
        """Refuse a file with more or fewer lines than the first one of its group that was read."""
        other, expected = self._references.setdefault(group, (path, count))
        if count != expected:
            longer, unpaired = (path, expected + 1) if count > expected else (other, count + 1)
            raise DataError(
                f"{path} has {count} lines but {other} has {expected}: "
                f"line {unpaired} of {longer.name} has no partner; get both files again from one release"
            )


def source(home: Home, data: Data) -> Parallel:
    """A source over parallel text files."""
    return Parallel(home, data)
