"""Reader of tables in text files: TSV and CSV, with and without a header, read to the letter.

Where the languages are is said by ``{language}``: in ``files`` (a file a language), as the ``text`` of ``fields`` (a
column a language, named in the header), or nowhere, with ``language`` naming the only one, of one file or of several
that are read one after the other. Items are numbered by the row of their file, from 1. Rows of one file in several
columns are the same item; rows of different files are not, unless an ``id`` column says so. Values are strings: "NA",
"null" and "nan" too. Blank lines are skipped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

KEYS = {
    "files": str | list[str],
    "embedded": bool,
    "fields": dict[str, str | int | list[str | int]],
    "where": dict[str, str],
    "id": str | int,
    "labels": dict[str, str],
    "language": str,
    "header": bool,
    "delimiter": str,
    "quoting": ("csv", "none"),
    "keep_line_end": bool,
    "max_rows": int,
}
"""``embedded``: the files are the plugin's own, not below the data root; ``fields``: field -> the name of a column, or
its number from 1 (``text`` can be several, which are joined); ``id``: the column of item ids that all languages share;
``labels``: label in the file -> label (all of them); ``header``: the first line names the columns (default);
``delimiter``: default tab for .tsv, comma otherwise; ``quoting``: ``csv`` (default) or ``none``, where a quote is a
character; ``keep_line_end``: with ``none``, a carriage return at a line's end is part of the text."""
REQUIRED = ("files", "fields")

JOINT = "\n"
"""Stands between the columns of a joined text."""

_BARE_RETURN = re.compile(r"\r(?!\n|\Z)")


@dataclass(frozen=True)
class Table:
    """A file's rows, all of one width, with the physical line on which each begins."""

    path: Path
    columns: tuple[str, ...]
    """Names from the header; empty without one."""
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    numbers: Sequence[int]
    """Which row of the file each is, from 1."""

    def position(self, column: str | int) -> int:
        """Where a column is, from 0; `DataError` where the file does not have it (or has it twice)."""
        width = len(self.columns) or len(self.rows[0])
        if isinstance(column, int):
            if column > width:
                raise DataError(f"{self.path} has {width} columns, so none with number {column}")
            return column - 1
        if self.columns.count(column) != 1:
            has = "two columns" if column in self.columns else "no column"
            names = ", ".join(map(repr, self.columns))
            raise DataError(f"{self.path} has {has} {column!r}, only {names}.{did_you_mean(column, self.columns)}")
        return self.columns.index(column)

    def only(self, where: Mapping[str, str]) -> Table:
        """The rows that have all these values, by column."""
        wanted = [(self.position(column), value) for column, value in where.items()]
        kept = [place for place, row in enumerate(self.rows) if all(row[at] == value for at, value in wanted)]
        rows, lines, numbers = ([of[place] for place in kept] for of in (self.rows, self.lines, self.numbers))
        return Table(self.path, self.columns, rows, lines, numbers)


class Delimited(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home)
        self._fields: Mapping[str, str | int | list[str | int]] = home.table["fields"]
        self._where: Mapping[str, str] = home.table.get("where", {})
        self._tables: dict[Path, Table] = {}
        self._per_column = self._fields.get("text") == LANGUAGE
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        table, where = self.home.table, self.home.where
        check_fields(self.home)
        per_file = [LANGUAGE in pattern for pattern in self._patterns]
        if any(per_file) != all(per_file) or any(per_file) + self._per_column + ("language" in table) != 1:
            raise UsageError(
                f"{where}: say in one place what the languages are: {LANGUAGE} in every pattern of files, "
                f"fields.text = '{LANGUAGE}' for a column a language, or language = '...' for the only one"
            )
        if self._per_column and len(self._patterns) != 1:
            raise UsageError(f"{where} files: several files need {LANGUAGE} in their pattern, or one language for all")
        columns = [*joined_columns(self._fields.values())]
        columns += [*([table["id"]] if "id" in table else []), *self._where]
        if any(column < 1 for column in columns if isinstance(column, int)):
            raise UsageError(f"{where}: columns are counted from 1")
        if not table.get("header", True) and any(isinstance(column, str) for column in columns):
            raise UsageError(f"{where}: without a header, columns are numbers (the first is 1)")
        if len(self._delimiter) != 1 or self._delimiter in '"\r\n':
            raise UsageError(f"{where} delimiter: {self._delimiter!r} is not one character that can separate columns")
        if table.get("keep_line_end") and table.get("quoting") != "none":
            raise UsageError(f"{where} keep_line_end: only with quoting = 'none'; in CSV the quotes say what is text")

    @property
    def _delimiter(self) -> str:
        given: str | None = self.home.table.get("delimiter")
        return given if given is not None else "\t" if self._patterns[0].endswith(".tsv") else ","

    def _find(self) -> Mapping[str, tuple[tuple[Path, ...], str]]:
        """Language -> its files, and the column that is its text where the languages are columns."""
        if not self._per_column and "language" not in self.home.table:
            return {language: ((path,), "") for language, path in files.by_language(self, self._patterns).items()}
        root = files.root_of(self)
        paths = tuple(root / pattern for pattern in self._patterns) if root else ()
        if not paths or not all(path.is_file() for path in paths):
            raise DataMissing(self.missing(f"{self.name} is not at hand: no file {self._place()}"))
        if not self._per_column:
            return {self.home.table["language"]: (paths, "")}
        codes = self.home.by_language(self._table(paths[0]).columns, str(paths[0]))
        if not codes:
            raise DataError(f"{paths[0]}: no column is a language that the card declares; name them under aliases")
        return {language: (paths, code) for language, code in codes.items()}

    def _place(self) -> str:
        return files.place(self, self._patterns)

    def _table(self, path: Path) -> Table:
        if path not in self._tables:
            table = read_table(path, self._delimiter, self.home.table)
            if self._where and table.rows and not (table := table.only(self._where)).rows:
                wanted = " and ".join(f"{column} is {value!r}" for column, value in self._where.items())
                raise DataError(f"{path} has no row whose {wanted}; correct where in {self.home.where}")
            self._tables[path] = table
        return self._tables[path]

    def _read(self, language: str) -> Records:
        paths, column = self._found[language]
        columns = {field: column if value == LANGUAGE else value for field, value in self._fields.items()}
        fields: dict[str, tuple[str, ...]] = dict.fromkeys(columns, ())
        ids: tuple[str, ...] = ()
        for path in paths:
            table = self._table(path)
            if not table.rows:
                raise DataMissing(f"{self.name} has no {language!r} here: {path} has a header and no rows")
            fields = {field: fields[field] + self._column(table, field, value) for field, value in columns.items()}
            own = "" if self._per_column else f"{language}:"
            ids += self._ids(table, own if len(paths) == 1 else f"{own}{path.stem}:")
        places = self._places(len(ids), fields.get("label", ()))
        ids = tuple(ids[place] for place in places)
        return Records(ids, ids, {name: tuple(values[place] for place in places) for name, values in fields.items()})

    def _column(self, table: Table, field: str, column: str | int | list[str | int]) -> tuple[str, ...]:
        """The values of a field: none is empty, and each label is one that the card knows."""
        if isinstance(column, list):
            parts = [self._column(table, f"{field} ({part})", part) for part in column]
            return tuple(map(JOINT.join, zip(*parts, strict=True)))
        position = table.position(column)
        values = tuple(row[position] for row in table.rows)
        for line, value in zip(table.lines, values, strict=True):
            if not value.strip():
                raise DataError(f"{table.path}, line {line}: the {field} is empty")
        labels: Mapping[str, str] = self.home.table.get("labels", {}) if field == "label" else {}
        if not labels:
            return values
        for line, value in zip(table.lines, values, strict=True):
            if value not in labels:
                raise DataError(f"{table.path}, line {line}: {value!r} is none of the card's labels {sorted(labels)}")
        return tuple(labels[value] for value in values)

    def _ids(self, table: Table, prefix: str) -> tuple[str, ...]:
        """Ids from the id column, unique in the file, or row numbers."""
        if "id" not in self.home.table:
            return tuple(f"{self.name}:{prefix}{row}" for row in table.numbers)
        position = table.position(self.home.table["id"])
        first_line: dict[str, int] = {}
        for line, row in zip(table.lines, table.rows, strict=True):
            if first_line.setdefault(row[position], line) != line:
                seen = first_line[row[position]]
                raise DataError(f"{table.path}, line {line}: id {row[position]!r} was on line {seen} already")
        return tuple(f"{self.name}:{value}" for value in first_line)


def joined_columns(given: Iterable[Any]) -> Iterator[Any]:
    """Every column of ``fields``, those that are joined one by one."""
    for column in given:
        yield from column if isinstance(column, list) else (column,)


def check_fields(home: Home) -> None:
    """Check ``fields`` and ``labels`` of a home (this reader's, or the hub's), and a fixed ``language``."""
    fields, language = home.table["fields"], home.table.get("language")
    if "text" not in fields:
        raise UsageError(f"{home.where} fields: name the column of the text: fields = {{ text = '...' }}")
    for name, column in fields.items():
        if isinstance(column, list) and (name != "text" or len(set(column)) != len(column) or len(column) < 2):
            raise UsageError(f"{home.where} fields: only text can be joined, of two columns or more, each once")
        if isinstance(column, list) and LANGUAGE in column:
            raise UsageError(f"{home.where} fields: {LANGUAGE} stands for one column, and cannot be joined")
    if "labels" in home.table and "label" not in fields:
        raise UsageError(f"{home.where} labels: there is no field 'label' that they could be the values of")
    if language is not None and language not in home.languages:
        hint = did_you_mean(language, home.languages)
        raise UsageError(f"{home.where} language: {language!r} is none of the card's languages.{hint}")


def read_table(path: Path, delimiter: str, options: Mapping[str, object]) -> Table:
    """Read a file; `DataError` names the physical line of broken quoting and of rows with another number of columns."""
    text = files.read_text(path)
    plain = options.get("quoting") == "none"
    records = _plain(text, delimiter, bool(options.get("keep_line_end"))) if plain else _quoted(path, text, delimiter)
    numbered = [(line, tuple(row)) for line, row in records if row not in ([], [""])]
    if not numbered:
        raise DataError(f"{path} holds nothing but blank lines")
    first_line, first = numbered[0]
    for line, row in numbered:
        if len(row) != len(first):
            raise DataError(
                f"{path}, line {line}: {_count(len(row))} where line {first_line} has {len(first)}"
                + (" (the delimiter is a tab)" if delimiter == "\t" else f" (the delimiter is {delimiter!r})")
            )
    header = first if options.get("header", True) else ()
    body = numbered[1:] if header else numbered
    return Table(path, header, [row for _, row in body], [line for line, _ in body], range(1, len(body) + 1))


def _count(n: int) -> str:
    return f"{n} column{'s' if n != 1 else ''}"


def _plain(text: str, delimiter: str, keep_line_end: bool) -> Iterator[tuple[int, list[str]]]:
    """Rows without quoting: a line is a row."""
    for number, line in enumerate(files.split_lines(text, keep_line_end), 1):
        yield number, line.split(delimiter)


def _quoted(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with CSV quoting, each with the physical line on which it begins."""
    # `csv` would end a row at a bare carriage return, which is a character of the text here: another one stands in.
    stand_in = next(char for char in map(chr, range(0xE000, 0xF900)) if char not in text)
    lines = _BARE_RETURN.sub(stand_in, text).split("\n")
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, line {begins}: the quoting of the row that begins here is broken ({error}); "
                f"where quotes are plain characters, set quoting = 'none' in the card"
            ) from None
        yield begins, [cell.replace(stand_in, "\r") for cell in row]


def source(home: Home, data: Data) -> Delimited:
    """A source over delimited files."""
    return Delimited(home, data)
