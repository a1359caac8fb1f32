"""Reader of delimited tables (TSV, CSV), with or without a header.

Where the languages are is said by ``{language}``: in ``files`` (a file a language), as the ``text`` of ``fields`` (a
column a language, named in the header), or nowhere, with ``language`` naming the only one, of one file or of several
that are read one after the other. Items are numbered by the row of their file, from 1. Rows of one file in several
columns are the same item; rows of different files are not, unless an ``id`` column says so. Values are strings: "NA",
"null" and "nan" too. Blank lines are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files, sample, text
from xlbench_tasks.data.blocks import blocks, check_block
from xlbench_tasks.data.delimited_files import Row, Table
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

KEYS = {
    "files": str | list[str],
    "embedded": bool,
    "fields": dict[str, str | int | list[str | int]],
    "where": dict[str, str],
    "id": str | int,
    "cluster": str | int,
    "block": int,
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
``cluster``: the column that says what hangs together (a document, a speaker); ``block``: so many rows, or ids, are one;
``labels``: label in the file -> label (all of them); ``header``: the first line names the columns (default; to be said
where all columns are numbers); ``delimiter``: default tab for .tsv, comma otherwise; ``quoting``: ``csv`` (default) or
``none``, where a quote is a character; ``keep_line_end``: with ``none``, a carriage return at a line's end is part of
the text."""
REQUIRED = ("files", "fields")

JOINT = "\n"
"""Stands between the columns of a joined text."""


class Delimited(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home)
        self._fields: Mapping[str, str | int | list[str | int]] = home.table["fields"]
        self._where: Mapping[str, str] = home.table.get("where", {})
        self._rows_of: dict[Sequence[Path], Sequence[Row]] = {}
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
        columns = [*flat_columns(self._fields.values())]
        columns += [*(table[key] for key in ("id", "cluster") if key in table), *self._where]
        if any(column < 1 for column in columns if isinstance(column, int)):
            raise UsageError(f"{where}: columns are counted from 1")
        check_block(self.home, instead="cluster")
        if "header" not in table and all(isinstance(column, int) for column in columns):
            raise UsageError(
                f"{where}: all columns are numbers, so say header = true (the first line names the columns) or "
                f"header = false (the first line is data)"
            )
        if not table.get("header", True) and any(isinstance(column, str) for column in columns):
            raise UsageError(f"{where}: without a header, columns are numbers (the first is 1)")
        if len(self._delimiter) != 1 or self._delimiter in '"\r\n':
            raise UsageError(f"{where} delimiter: {self._delimiter!r} is not one character that can separate columns")
        if table.get("keep_line_end") and table.get("quoting") != "none":
            raise UsageError(f"{where} keep_line_end: only with quoting = 'none'; in CSV the quotes say what is text")

    @property
    def _delimiter(self) -> str:
        given: str | None = self.home.table.get("delimiter")
        return given if given is not None else "\t" if self._patterns[0].removesuffix(".gz").endswith(".tsv") else ","

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
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        return files.undeclared_files(self, self._patterns)

    def _table(self, path: Path) -> Table:
        return Table(path, self._delimiter, self.home.table)

    def _limited_rows(self, paths: Sequence[Path], language: str) -> Sequence[Row]:
        """The rows of files, one file after the other: those that ``where`` asks for, cut down to what is wanted."""
        if paths not in self._rows_of:
            tables = [self._table(path) for path in paths]
            rows = chain.from_iterable(self._rows_of_language(table, language) for table in tables)
            most, limit = self.home.table.get("max_rows"), self.data.limit
            if limit is not None and "label" in self._fields:
                column = self._fields["label"]
                assert not isinstance(column, list)  # only the text can be joined
                places = {table: table.position(column) for table in tables}
                labels: Mapping[str, str] = self.home.table.get("labels", {})

                def label_of(row: Row) -> str:
                    label = row.cells[places[row.table]]
                    return labels.get(label, label)

                found = sample.of_every_label(
                    rows, label_of, most, limit, set(labels.values()) or set(self.home.labels)
                )
            else:
                found = sample.first_rows(rows, most, limit)
            self._rows_of[paths] = found
        return self._rows_of[paths]

    def _rows_of_language(self, table: Table, language: str) -> Iterator[Row]:
        """The rows of a file that ``where`` asks for."""
        wanted = [(table.position(column), value) for column, value in self._where.items()]
        row = found = None
        for row in table.rows():
            if all(row.cells[place] == value for place, value in wanted):
                found = row
                yield row
        if row is None:
            raise DataMissing(f"{self.name} has no {language!r} here: {table.path} has a header and no rows")
        if found is None:
            asked = " and ".join(f"{column} is {value!r}" for column, value in self._where.items())
            raise DataError(f"{table.path} has no row whose {asked}; correct where in {self.home.where}")

    def _read(self, language: str) -> Records:
        paths, column = self._found[language]
        rows = self._limited_rows(paths, language)
        own = "" if self._per_column else f"{language}:"
        ids = self._ids(rows, own, several=len(paths) > 1)
        columns = {field: column if value == LANGUAGE else value for field, value in self._fields.items()}
        fields = {field: self._column(rows, field, value) for field, value in columns.items()}
        clusters = self._clusters(rows) if "cluster" in self.home.table else blocks(self.home, ids, str(paths[0]))
        return Records(ids, clusters, fields, places=lambda row: f"{rows[row].table.path}, line {rows[row].line}")

    def _clusters(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Clusters from their column; one is the same in every language."""
        values = _values(rows, self.home.table["cluster"])
        for row, value in zip(rows, values, strict=True):
            if not visible(value):
                raise DataError(f"{row.table.path}, line {row.line}: the cluster is {text.empty(value)}")
        return tuple(f"{self.name}:cluster {value}" for value in values)

    def _column(self, rows: Sequence[Row], field: str, column: str | int | list[str | int]) -> tuple[str, ...]:
        """The values of a field: none is empty, and each label is one that the card knows."""
        if isinstance(column, list):
            parts = [self._column(rows, f"{field} ({part})", part) for part in column]
            return tuple(map(JOINT.join, zip(*parts, strict=True)))
        values = _values(rows, column)
        for row, value in zip(rows, values, strict=True):
            if not visible(value):
                raise DataError(f"{row.table.path}, line {row.line}: the {field} is {text.empty(value)}")
        labels: Mapping[str, str] = self.home.table.get("labels", {}) if field == "label" else {}
        return self._map_labels(rows, values, labels) if labels else values

    def _map_labels(self, rows: Sequence[Row], values: Sequence[str], labels: Mapping[str, str]) -> tuple[str, ...]:
        """The card's labels for those of the files; `DataError` lists all that it does not know."""
        several = len({row.table for row in rows}) > 1
        unknown = UnknownValues(
            self._place() if several else str(rows[0].table.path),
            f"labels that are none of the card's {sorted(labels)}",
            in_other_notation(labels),
        )
        for row, value in zip(rows, values, strict=True):
            if value not in labels:
                unknown.add(value, f"{row.table.path}, line {row.line}" if several else f"line {row.line}")
        unknown.check()
        return tuple(labels[value] for value in values)

    def _ids(self, rows: Sequence[Row], prefix: str, *, several: bool) -> tuple[str, ...]:
        """Ids from the id column, each once, or row numbers (with the file's name where there are ``several``)."""
        if "id" not in self.home.table:
            return tuple(
                f"{self.name}:{prefix}{row.table.path.stem + ':' if several else ''}{row.number}" for row in rows
            )
        first: dict[str, Row] = {}
        for row, item in zip(rows, _values(rows, self.home.table["id"]), strict=True):
            if not visible(item):
                raise DataError(f"{row.table.path}, line {row.line}: the id is empty")
            if (seen := first.setdefault(item, row)) is not row:
                where = f"line {seen.line}" if seen.table is row.table else f"{seen.table.path}, line {seen.line}"
                raise DataError(f"{row.table.path}, line {row.line}: id {item!r} was on {where} already")
        return tuple(f"{self.name}:{item}" for item in first)


def _values(rows: Sequence[Row], column: str | int) -> tuple[str, ...]:
    """The cells of a column, which may stand at another place in each file."""
    places = {table: table.position(column) for table in dict.fromkeys(row.table for row in rows)}
    return tuple(row.cells[places[row.table]] for row in rows)


def flat_columns(given: Iterable[Any]) -> Iterator[Any]:
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


def source(home: Home, data: Data) -> Delimited:
    """A source over delimited files."""
    return Delimited(home, data)
