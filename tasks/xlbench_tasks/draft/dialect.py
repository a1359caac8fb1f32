"""The dialect of a table in a text file: its delimiter, and how it quotes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from xlbench import DataError
from xlbench_tasks.data import text
from xlbench_tasks.data.delimited_files import DelimitedTable

DELIMITERS = ("\t", ",", ";", "|", "#")
"""Those that are tried, in this order."""
USUAL = {".csv": ",", ".tsv": "\t"}
"""Ending of a name -> the delimiter that it promises."""
QUOTINGS = ("csv", "none")
SAMPLE = 2_000
"""So many lines tell the delimiter."""
MOSTLY = 0.98
"""From this share of its rows on that are of one width, a file is taken for a table."""
MOST_ROWS = 200_000
"""So many rows are looked at."""

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Dialect:
    """How a file is a table."""

    delimiter: str
    rows: Mapping[str, Sequence[Cells]]
    """Quoting -> all rows, the first line's among them; only the quotings that read the whole file."""
    problem: str = ""
    """Where no quoting reads it: why."""
    first: Sequence[Cells] = field(default=())
    """Where no quoting reads it: the rows before the trouble."""
    reader: str = "delimited"
    inside: str = ""
    """Of JSON: the key of the list of rows; of a workbook with several sheets: the sheet."""
    lists: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Column of lists of different texts or whole numbers -> how often each of these occurs."""

    def read_as(self, quoting: str) -> Sequence[Cells]:
        """The rows with this quoting, or as many as can be read."""
        return self.rows.get(quoting) or self.first

    @property
    def width(self) -> int:
        """How many columns the first row has."""
        return len(self.read_as(next(iter(self.rows), ""))[0])


def sniff(path: Path) -> Dialect | None:
    """The dialect of a file; None where it is no table of two columns or more. `DataError` for what is no text."""
    lines = [line for line in islice(text.lines(path), SAMPLE) if line.strip()]
    if not lines:
        raise DataError(f"{path} holds nothing but blank lines")
    for delimiter in _candidates(path, lines):
        found = _read(path, delimiter)
        if found.rows or found.first:
            return found
    if ragged := _trouble_of_ragged(path, lines):
        raise DataError(ragged)
    return None


def _trouble_of_ragged(path: Path, lines: Sequence[str]) -> str:
    """What is wrong with a file that is named as a table, and whose rows are of several widths; "" of any other."""
    usual = USUAL.get(path.suffix.lower())
    if usual and sum(usual in line for line in lines) > len(lines) / 2 and usual in lines[0]:
        return _read(path, usual).problem or f"{path} has rows of several widths"
    return ""


def _candidates(path: Path, lines: Sequence[str]) -> list[str]:
    """The delimiters that cut nearly all lines into equally many cells, the likeliest first."""
    usual = USUAL.get(path.suffix.lower(), "\t")
    able = [mark for mark in DELIMITERS if mark in lines[0] and (mark != "#" or _is_text_file(path))]
    if "," in able and _is_text_file(path) and sum(", " in line for line in lines) > len(lines) / 2:
        able.remove(",")  # sentences
    fit = {mark: max(_share(row) for row in _widths(lines, mark)) for mark in able}
    good = [mark for mark in able if fit[mark] >= MOSTLY]
    return sorted(good, key=lambda mark: (mark != usual, DELIMITERS.index(mark)))


def _is_text_file(path: Path) -> bool:
    return path.suffix.lower() not in (".csv", ".tsv")


def _widths(lines: Sequence[str], delimiter: str) -> list[list[int]]:
    """How many cells each row has, without quotes and with them."""
    plain = [line.count(delimiter) + 1 for line in lines]
    try:
        quoted = [len(row) for row in csv.reader((f"{line}\n" for line in lines), delimiter=delimiter) if row]
    except csv.Error:
        quoted = []
    return [plain, quoted[:-1] or quoted]  # the last one may be cut off


def _share(widths: Sequence[int]) -> float:
    """The share of rows of the most frequent width, where that is two or more."""
    if not widths:
        return 0.0
    width, count = Counter(widths).most_common(1)[0]
    return count / len(widths) if width > 1 else 0.0


def _read(path: Path, delimiter: str) -> Dialect:
    """The file with each quoting, as the reader of cards reads it."""
    rows: dict[str, Sequence[Cells]] = {}
    problem, first = "", tuple[Cells, ...]()
    for quoting in QUOTINGS:
        read: list[Cells] = []
        try:
            table = DelimitedTable(path, delimiter, {"header": False, "quoting": quoting})
            read.extend(row.cells for row in islice(table.rows(), MOST_ROWS))
        except DataError as error:
            if not problem or len(read) > len(first):
                problem, first = str(error), tuple(read)
            continue
        if len(read[0]) > 1:
            rows[quoting] = read
    return Dialect(delimiter, rows, "" if rows else problem, () if rows else first)


def quoting_of(dialects: Sequence[Dialect]) -> str:
    """The quoting that reads all files of a set: with quotes where these are CSV's throughout, else without; the most
    frequent one where none reads all."""
    able = [one for one in QUOTINGS if all(one in dialect.rows for dialect in dialects)]
    if not able:
        return Counter(quoting for dialect in dialects for quoting in dialect.rows or QUOTINGS).most_common(1)[0][0]
    if len(able) == 2 and not all(map(_is_wrapped, dialects)):
        return "none"
    return able[0]


def _is_wrapped(dialect: Dialect) -> bool:
    """Whether quotes stand around whole cells, and inside of them in twos."""
    if len(dialect.rows["csv"]) != len(dialect.rows["none"]):
        return True
    for row in dialect.rows["none"]:
        begins = [place for place, cell in enumerate(row) if cell.startswith('"')]
        ends = [place for place, cell in enumerate(row) if cell.endswith('"')]
        if len(begins) != len(ends) or any(end < begin for begin, end in zip(begins, ends, strict=True)):
            return False
    return True
