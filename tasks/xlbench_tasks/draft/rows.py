"""The tables of a set, read with one quoting and one idea of a header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xlbench_tasks.draft import columns
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.dialect import Cells, Dialect, quoting_of
from xlbench_tasks.draft.names import NamedFile
from xlbench_tasks.draft.sets import FileSet

SOME = 300
"""So many texts tell a language."""


@dataclass
class Tables:
    """See the module."""

    found: FileSet
    dialects: Mapping[str, Dialect]
    quoting: str = ""
    header: bool = False
    header_why: str = ""

    def __post_init__(self) -> None:
        self.quoting = quoting_of([self.dialects[one.file] for one in self.found.files])
        if self.dialect.reader in ("delimited", "xlsx"):
            longest_first = sorted(self.found.files, key=lambda one: -len(self.rows(one)))
            self.header, self.header_why = columns.header_of([self.rows(one) for one in longest_first])
        else:
            self.header = True

    def files_with_header(self) -> list[str]:
        """The files whose first rows name columns, each looked at alone."""
        return [one.file for one in self.found.files if columns.header_of([self.rows(one)])[0]]

    @property
    def dialect(self) -> Dialect:
        """That of the first file."""
        return self.dialects[self.found.files[0].file]

    def rows(self, one: NamedFile) -> Sequence[Cells]:
        """The rows of a file, that of the header among them."""
        return self.dialects[one.file].read_as(self.quoting)

    def columns_of(self, files: Sequence[NamedFile]) -> list[Column]:
        """The columns that all of these files have, the longest file's values first."""
        read = sorted((self.rows(one) for one in files), key=len, reverse=True)
        if not self.header:
            return columns.columns_of(read, header=False)
        if any(len(set(rows[0])) < len(rows[0]) for rows in read) and all(rows[0] == read[0][0] for rows in read):
            return columns.columns_of(read, header=True)
        names = [name for name in read[0][0] if all(name in rows[0] for rows in read)]
        places = [[rows[0].index(name) for name in names] for rows in read]
        cut = [[tuple(row[at] for at in place) for row in rows] for rows, place in zip(read, places, strict=True)]
        made = columns.columns_of(cut, header=True)
        return [replace(one, place=read[0][0].index(one.name) + 1) for one in made]

    def values(self, one: NamedFile, column: Column) -> list[str]:
        """The values of a column in one file."""
        rows = self.rows(one)
        names = rows[0] if self.header else ()
        place = names.index(column.name) if column.name in names else column.place - 1
        return [row[place] for row in rows[int(self.header) :]]

    def texts(self, column: Column) -> dict[str, list[str]]:
        """File -> some texts of a column."""
        return {one.file: self.values(one, column)[:SOME] for one in self.found.files}


def fits(dialects: Mapping[str, Dialect], one: NamedFile, other: NamedFile) -> bool:
    """Whether two files may be tables of one set: of one delimiter, and one header or one width."""
    mine, yours = dialects[one.file], dialects[other.file]
    if (mine.reader, mine.delimiter, mine.inside) != (yours.reader, yours.delimiter, yours.inside):
        return False
    if mine.width == yours.width:
        return True
    names = set(_first(mine)) & set(_first(yours))
    return len(names) > 1 and all(re.search(r"[^\W\d]", name) for name in names)


def _first(dialect: Dialect) -> Cells:
    return dialect.read_as(next(iter(dialect.rows), ""))[0]
