"""Reader of parallel text: one file a language, one text a line, line i of one file translates line i of the others.

Item ids are line numbers, from 1, and so are equal across languages. Nothing is repaired: lines that do not match are
an error, because everything after the first lost line would be scored against the wrong translation.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from xlbench import Data, DataError, UsageError
from xlbench_tasks.data import files, text
from xlbench_tasks.data.blocks import blocks, check_block
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

KEYS = {
    "files": str | list[str],
    "embedded": bool,
    "clusters": str,
    "block": int,
    "keep_line_end": bool,
    "max_rows": int,
}
"""``files``: patterns with ``{language}``; ``embedded``: the files are the plugin's own, not below the data root;
``clusters``: a file with a cluster id a line; ``block``: without one, so many lines in a row are a cluster;
``keep_line_end``: a carriage return at a line's end is part of the text;
``max_rows``: only so many lines from the start."""
REQUIRED = ("files",)


class Parallel(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home)
        for pattern in self._patterns:
            if LANGUAGE not in pattern:
                raise UsageError(f"{home.where} files: {pattern!r} needs {LANGUAGE}, which stands for the file's code")
        clusters = files.patterns(home, "clusters")
        if clusters and LANGUAGE in clusters[0]:
            raise UsageError(f"{home.where} clusters: one file for all languages, so without {LANGUAGE}")
        check_block(home, instead="clusters")
        self._clusters_file = clusters[0] if clusters else ""
        self._reference: tuple[Path, int] | None = None  # the first file read, and its number of lines
        self._clusters: tuple[str, ...] | None = None

    def _find(self) -> dict[str, Path]:
        return files.by_language(self, self._patterns)

    def _place(self) -> str:
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        return files.undeclared_files(self, self._patterns)

    def _read(self, language: str) -> Records:
        clusters = self._cluster_ids()
        texts = self._lines(self._found[language], keep_line_end=bool(self.home.table.get("keep_line_end")))
        ids = tuple(f"{self.name}:{row}" for row in range(1, len(texts) + 1))
        path = self._found[language]
        clusters = clusters[: len(ids)] if clusters else blocks(self.home, ids, str(path))
        return Records(ids, clusters, {"text": tuple(texts)}, places=lambda row: f"{path}, line {row + 1}")

    def _cluster_ids(self) -> tuple[str, ...]:
        """One id a line, read before any text, so that all are aligned with it; empty where the card names none."""
        if self._clusters is None:
            root = files.root_of(self)
            path = files.find(root, self._clusters_file) or (root or Path()) / self._clusters_file
            lines = self._lines(path) if self._clusters_file and root else []
            self._clusters = tuple(f"{self.name}:{line}" for line in lines)
        return self._clusters

    def _lines(self, path: Path, *, keep_line_end: bool = False) -> list[str]:
        """The wanted lines of a file that is as long as all the others; none of them is empty."""
        wanted = self._rows()
        lines = list(itertools.islice(text.lines(path, keep_line_end=keep_line_end), wanted))
        self._check_length(path, len(lines) if wanted is None else text.count_lines(path))
        for number, line in enumerate(lines, 1):
            if not text.visible(line):
                raise DataError(
                    f"{path}, line {number}: {text.empty(line)}; every line needs a text, or all files lose that line"
                )
        return lines

    def _check_length(self, path: Path, count: int) -> None:
        """Refuse a file with more or fewer lines than the first one that was read."""
        other, expected = self._reference = self._reference or (path, count)
        if count != expected:
            longer, unpaired = (path, expected + 1) if count > expected else (other, count + 1)
            raise DataError(
                f"{path} has {count} lines but {other} has {expected}: "
                f"line {unpaired} of {longer.name} has no partner; get both files again from one release"
            )


def source(home: Home, data: Data) -> Parallel:
    """A source over parallel text files."""
    return Parallel(home, data)
