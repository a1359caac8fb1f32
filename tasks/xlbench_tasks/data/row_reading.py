"""`RowReading`: what the readers of rows share, be these of tables in text files, of JSON or of Parquet.

Where the languages are is said by ``{language}``: in ``files`` (a file a language), in the ``text`` of ``fields`` (a
column a language), or nowhere: with ``fields.language``, the column of each row's code, or with ``language``, the only
one, of one file or of several that are read one after the other. Items are numbered by the row of their file, from 1.
Rows of one file in several columns are the same item; other rows are not, unless an ``id`` column says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing
from xlbench_tasks.data import files, sample
from xlbench_tasks.data.bins import Bins, bins_of
from xlbench_tasks.data.label_sets import has_sets, is_list
from xlbench_tasks.data.records import Records, joined
from xlbench_tasks.data.row_keys import check_rows, flat_columns
from xlbench_tasks.data.row_tables import Row, Table, Unreadable, plain, text_of
from xlbench_tasks.data.row_values import records_of
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.text import visible

DROPPED = "rows without what the card asks of them are left out (how many is in the facts)"
OTHER_ROWS = "rows_of_other_languages"
"""The fact that counts them: of all rows, and the same for every language."""
OTHERS = "rows of languages that the card does not declare are left out (how many is in the facts)"

Paths = tuple[Path, ...]


class RowReading(Reading):
    """A reader adds ``_table`` (a file's rows) and ``_names`` (the names of its columns)."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home)
        self._fields: Mapping[str, Any] = {key: one for key, one in home.table["fields"].items() if key != "language"}
        self._code_column: str | int | None = home.table["fields"].get("language")
        self._where: Mapping[str, str] = home.table.get("where", {})
        self._pivot: Mapping[str, Any] = home.table.get("pivot", {})
        text = self._fields.get("text")
        self._per_column = isinstance(text, dict) or LANGUAGE in str(text)
        self._rows_of: dict[tuple[Paths, str], Sequence[Row]] = {}
        self._dropped: Counter[tuple[Paths, str]] = Counter()
        self._other_codes: Counter[str] = Counter()
        check_rows(home, self._patterns)

    def _table(self, path: Path) -> Table:
        """The rows of a file."""
        raise NotImplementedError

    def _names(self, path: Path) -> Sequence[str]:
        """The names of a file's columns."""
        raise NotImplementedError

    def _shared(self) -> float:
        return 0.0 if self._pivot else super()._shared()  # each language has its own part of the pivot's items

    def _columns(self) -> list[str | int]:
        """All columns that are read, each once; where the languages are columns, those that were found."""
        if LANGUAGE in str(self._fields["text"]):
            others = [column for column in self._said_columns() if LANGUAGE not in str(column)]
            return [*dict.fromkeys([*others, *(column for _, column in self._found.values())])]
        return self._said_columns()

    def _said_columns(self) -> list[str | int]:
        """All columns that the card names, each once."""
        table = self.home.table
        named = [*flat_columns(self._fields.values()), *(table[key] for key in ("id", "cluster") if key in table)]
        named += [*self._where, *([] if self._code_column is None else [self._code_column])]
        named += [self._pivot["text"]] if self._pivot else []
        return list(dict.fromkeys(named))

    def _find(self) -> Mapping[str, tuple[Paths, str | int]]:
        """Language -> its files, and the column that is its text where the languages are columns."""
        table = self.home.table
        if any(LANGUAGE in pattern for pattern in self._patterns):
            by_language = files.by_language(self, self._patterns)
            found: dict[str, tuple[Paths, str | int]] = {one: ((path,), "") for one, path in by_language.items()}
            if self._pivot:
                if self._pivot["language"] in found:
                    raise DataError(
                        f"{self._place()}: {self._pivot['language']!r} is the pivot, and has a file of its own"
                    )
                found[self._pivot["language"]] = ((), "")
            return found
        paths = self._listed_files()
        if "language" in table:
            return {table["language"]: (paths, "")}
        if self._code_column is not None:
            return dict.fromkeys(self._group(paths), (paths, ""))
        text = self._fields["text"]
        if isinstance(text, dict):
            return {language: (paths, column) for language, column in text.items()}
        head, _, tail = text.partition(LANGUAGE)
        like = [name for name in self._names(paths[0]) if name.startswith(head) and name.endswith(tail)]
        codes = [name[len(head) : len(name) - len(tail)] for name in like if len(name) > len(head) + len(tail)]
        found_codes = self.home.by_language(codes, str(paths[0]))
        if not found_codes:
            raise DataError(f"{paths[0]}: no column is a language that the card declares; name them under aliases")
        return {language: (paths, f"{head}{code}{tail}") for language, code in found_codes.items()}

    def _listed_files(self) -> Paths:
        """The files whose names hold no language; `DataMissing` where one of them is not there."""
        root = files.root_of(self)
        found = [files.find(root, pattern) for pattern in self._patterns]
        if None in found:
            raise DataMissing(self.missing(f"{self.name} is not at hand: no file {self._place()}"))
        return tuple(path for path in found if path is not None)

    def _place(self) -> str:
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        if self._code_column is not None:
            self.languages()  # which is what reads the codes
            return self._undeclared_codes()
        return files.undeclared_files(self, self._patterns)

    def _undeclared_codes(self) -> str:
        """What to know of rows whose codes are of no declared language."""
        codes = [code for code, _ in self._other_codes.most_common() if code]
        return files.undeclared_codes(self.home, codes, "rows")

    def _group(self, paths: Paths) -> Sequence[str]:
        """Read files whose rows have a code each, and keep the rows of every declared language."""
        assert self._code_column is not None
        groups: dict[str, list[Row]] = {}
        for table in map(self._table, paths):
            place = table.position(self._code_column)
            for row in self._asked_rows(table, "rows"):
                code = text_of(row.cells[place], "language", row)
                if not visible(code) and not self.home.table.get("drop_empty"):
                    raise DataError(f"{row.place}: the language is empty")
                groups.setdefault(code, []).append(row)
        found = self.home.by_language(groups, self._place())
        self._other_codes = Counter({one: len(rows) for one, rows in groups.items() if one not in found.values()})
        if not found:
            raise DataError(
                f"{self._place()}: no row is of a language that the card declares{self._undeclared_codes()}"
            )
        files.check_codes(self.home, [code for code in self._other_codes if code], self._place())
        for language, code in found.items():
            self._rows_of[paths, language] = self._sampled(self._complete(groups[code], (paths, language)))
        return tuple(found)

    def _rows_of_language(self, language: str) -> Sequence[Row]:
        """The rows of a language: those that ``where`` asks for, cut down to what is wanted."""
        paths, _ = self._found[language]
        key = (paths, language if self._code_column is not None else "")
        if key not in self._rows_of:
            rows = chain.from_iterable(self._asked_rows(table, repr(language)) for table in map(self._table, paths))
            self._rows_of[key] = self._sampled(self._complete(rows, key))
        if not self._rows_of[key]:
            raise DataError(f"{self._place()}: every row of {language!r} lacks what fields asks for")
        return self._rows_of[key]

    def _asked_rows(self, table: Table, what: str) -> Iterator[Row]:
        """The rows of a file that ``where`` asks for."""
        wanted = [(table.position(column), value) for column, value in self._where.items()]
        row = found = None
        for row in table.rows():
            for place, _ in wanted:
                if isinstance(row.cells[place], Unreadable):
                    raise DataError(f"{row.place}: what where asks for is {row.cells[place]}")
            if all(plain(row.cells[place]) == value for place, value in wanted):
                found = row
                yield row
        if row is None:
            raise DataMissing(f"{self.name} has no {what} here: {table.path} has {table.nothing}")
        if found is None:
            asked = " and ".join(f"{column} is {value!r}" for column, value in self._where.items())
            raise DataError(f"{table.path} has no row whose {asked}; correct where in {self.home.where}")

    def _complete(self, rows: Iterable[Row], key: tuple[Paths, str]) -> Iterator[Row]:
        """The rows, but with ``drop_empty`` none that lacks a field; a text in a column a language is looked at later,
        so that all languages keep the same rows of a sample."""
        fields = [one for name, one in self._fields.items() if not (name == "text" and self._per_column)]
        columns = [*flat_columns(fields), *([self._pivot["text"]] if self._pivot else [])]
        if not self.home.table.get("drop_empty"):
            columns = []
        places: dict[Table, list[int]] = {}
        for row in rows:
            if columns and row.table not in places:
                places[row.table] = [row.table.position(column) for column in columns]
            if columns and not all(visible(plain(row.cells[place])) for place in places[row.table]):
                self._dropped[key] += 1
            else:
                yield row

    def _sampled(self, rows: Iterable[Row]) -> Sequence[Row]:
        """So many rows as are wanted, spread over labels where there are some."""
        most, limit = self.home.table.get("max_rows"), self.data.limit
        if limit is None or "label" not in self._fields:
            return sample.first_rows(rows, most, limit)
        given, places = self._fields["label"], dict[Table, list[int]]()
        columns = given if isinstance(given, list) else [given]
        labels: Mapping[str, str] = self.home.table.get("labels", {})
        bins = bins_of(self.home.table)
        known = set[str]() if has_sets(self.home) else _known_labels(self.home, bins)

        def label_of(row: Row) -> str:
            if row.table not in places:
                places[row.table] = [row.table.position(column) for column in columns]
            cells = [row.cells[place] for place in places[row.table]]
            label = str(cells) if is_list(self.home) else " ".join(text_of(cell, "label", row) for cell in cells)
            return (bins.of(label) or label) if bins else labels.get(label, label)

        return sample.of_every_label(rows, label_of, most, limit, known)

    def _read(self, language: str) -> Records:
        if language != self._pivot.get("language"):
            return self._records_with(language, self._fields)
        parts = [self._records_with(one, {"text": self._pivot["text"]}) for one in self.languages() if one != language]
        return joined(parts)

    def _records_with(self, language: str, fields: Mapping[str, Any]) -> Records:
        """The rows of a language with these fields."""
        paths, column = self._found[language]
        rows, dropped = (
            self._rows_of_language(language),
            self._dropped[paths, language if self._code_column is not None else ""],
        )
        columns = {**fields, "text": column} if self._per_column else fields
        if self._per_column and self.home.table.get("drop_empty"):
            kept = [row for row in rows if visible(plain(row.cells[row.table.position(column)]))]
            if not kept:
                raise DataError(f"{self._place()}: every row of {language!r} lacks what fields asks for")
            rows, dropped = kept, dropped + len(rows) - len(kept)
        records = records_of(self.home, rows, columns, "" if self._per_column else f"{language}:", paths)
        facts = {f"rows_left_out ({language})": dropped} if dropped else {}
        if others := sum(self._other_codes.values()):
            facts[OTHER_ROWS] = others
        notes = (*([DROPPED] if dropped else []), *([OTHERS] if others else []))
        return replace(records, notes=notes, facts=facts)


def _known_labels(home: Home, bins: Bins | None) -> set[str]:
    """All labels that there may be; none where that is not known."""
    return set(bins.names) if bins else set(home.table.get("labels", {}).values()) or set(home.labels)
