"""Reader of Hugging Face data sets: a repository at a pinned revision, as a local folder or from the hub.

A folder ``<data root>/<org>/<name>`` in the hub's layout (parquet, JSON lines ..., a README.md with configurations)
comes first; otherwise the pinned revision is fetched into the client's own cache, or found there when it is offline.
No loading script is run: of a repository that needs one, single files can be read (``files``).

Where the languages are is said by ``{language}``: as the ``text`` of ``fields`` (a column a language, or a part of one:
``translation.{language}``), in ``config`` (a configuration a language), in ``files`` (a file a language), in a value of
``where`` (rows of a language), or nowhere, with ``language`` naming the only one. Item ids are as in
``readers/delimited.py``. Sentences of words and tags, two lists a row, become what ``readers/conll.py`` makes of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing
from xlbench_tasks.data import hub_data, tags
from xlbench_tasks.data.archives import split_archive_name
from xlbench_tasks.data.bins import bins_of
from xlbench_tasks.data.blocks import blocks
from xlbench_tasks.data.classes import class_names, name_tags
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.row_keys import flat_columns
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.text import visible
from xlbench_tasks.readers.hub.keys import KEYS as KEYS
from xlbench_tasks.readers.hub.keys import REQUIRED as REQUIRED
from xlbench_tasks.readers.hub.keys import WORDS, check_table, is_per_column
from xlbench_tasks.readers.hub.table import HubTable


class Hub(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        table = home.table
        self._repository = hub_data.Repository(table["repo"], table.get("revision", ""), data, home.task)
        self._config: str = table.get("config", "")
        self._files: str = table.get("files", "")
        self._where: Mapping[str, str] = table.get("where", {})
        self._fields: Mapping[str, str | list[str]] = table["fields"]
        self._pivot: Mapping[str, str] = table.get("pivot", {})
        self._per_column = is_per_column(home)
        self._per_row = [value for value in self._where.values() if LANGUAGE in value]
        self._tagset = tags.tagset_of(home) if "tags" in self._fields else None
        self._loaded: dict[str, HubTable] = {}
        check_table(home)

    def _shared(self) -> float:
        return 0.0 if self._pivot else super()._shared()  # each language has its own part of the pivot's items

    def _place(self) -> str:
        return self._repository.location

    def why_missing(self, language: str) -> str:
        """See `Source`."""
        if self._repository.folder is not None or not self._repository.offline:
            return super().why_missing(language)
        return f"{self.name} has no {language!r} on this machine; {self._repository.how_to_get(language)}"

    def at_hand(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Where these languages (none: all) lie, found without a request; empty where one of them does not, or where
        that cannot be told without one."""
        repository = self._repository
        if repository.folder is not None:
            return (repository.folder,)
        repository.check_origin()
        try:
            repository.check_readable()
        except DataMissing:
            return ()
        known = self._find_columns()
        if known is None or (self._per_unit and len(self._units(known, languages)) < max(len(languages), 1)):
            return ()
        find = repository.cached_file if self._files else repository.cached_config
        places = [find(unit) for unit in self._units(known, languages)]
        return tuple(place for place in places if place is not None) if places and None not in places else ()

    def fetch(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Fetch these languages (none: all) from the hub, as far as they are not at hand, and say where they lie."""
        if places := self.at_hand(languages):
            return places
        self._repository.check_readable()
        codes = self._codes() if self._per_unit else ()
        units = self._units(codes, languages)
        if self._per_unit and len(units) < max(len(languages), 1):
            raise DataMissing(f"{self._place()} does not have all of: {', '.join(languages or self.home.languages)}")
        if not self._files:
            return tuple(self._repository.prepare(unit) for unit in units)
        folder = self._repository.fetch_files(units)
        return tuple(folder / split_archive_name(unit)[0] for unit in units)

    @property
    def _per_unit(self) -> bool:
        """Whether a language is a configuration, or a file, of its own."""
        return LANGUAGE in (self._files or self._config)

    def _find_columns(self) -> Iterable[str] | None:
        """What stands in the place of ``{language}``, as far as it is known without a request; None: it is not."""
        if not self._per_unit:
            return ()
        if self._files:
            names, pattern = self._repository.known_files(), split_archive_name(self._files)[0]
        else:
            names, pattern = self._repository.known_configs(), self._config
        return None if names is None else _between(names, pattern)

    def _units(self, codes: Iterable[str], languages: Sequence[str]) -> list[str]:
        """The configurations or files that hold these languages (none: all of the card's)."""
        if not self._per_unit:
            return [self._files or self._config]
        found = self.home.by_language(codes, self._place())
        wanted = [code for language, code in found.items() if not languages or language in languages]
        return [(self._files or self._config).replace(LANGUAGE, code) for code in wanted]

    def _find(self) -> Mapping[str, str]:
        """Language -> what the data set calls it: a column, a configuration, a part of a file's name or of a value."""
        self._repository.check_readable()
        if "language" in self.home.table:
            self._load("")
            return {self.home.table["language"]: ""}
        found = self.home.by_language(self._codes(), self._place())
        if not found:
            what = "column" if self._per_column else "configuration" if self._config else "file or row"
            raise DataError(f"{self._place()}: no {what} is a language that the card declares; name them under aliases")
        if self._pivot:
            if self._pivot["language"] in found:
                raise DataError(f"{self._place()}: {self._pivot['language']!r} is the pivot, and has rows of its own")
            found[self._pivot["language"]] = ""
        return found

    def _codes(self) -> Iterable[str]:
        """What stands in the place of ``{language}``."""
        if self._per_column:
            return _between(self._load("").data.column_names, str(self._fields["text"]))
        if LANGUAGE in self._config:
            return _between(self._repository.configs(), self._config)
        if LANGUAGE in self._files:
            return _between(self._repository.files(), split_archive_name(self._files)[0])
        column, value = next((column, value) for column, value in self._where.items() if LANGUAGE in value)
        return _between(dict.fromkeys(map(str, self._load("").values(column))), value)

    def _load(self, code: str) -> HubTable:
        """The table of a language (or of all), read once."""
        name = (self._files or self._config).replace(LANGUAGE, code)
        if name not in self._loaded:
            read = self._repository
            data = read.file(name) if self._files else read.split(name, self.home.table["split"])
            inside = any("." in column for column in flat_columns(self._fields.values()))
            flat = data.flatten() if inside else data
            self._loaded[name] = HubTable(
                flat, self._place(), read.damage, self.home.table.get("labels"), bins_of(self.home.table)
            )
        return self._loaded[name]

    def _read(self, language: str) -> Records:
        if language != self._pivot.get("language"):
            return self._rows_as(language, self._fields)
        parts = [self._rows_as(one, {"text": self._pivot["text"]}) for one in self.languages() if one != language]
        ids = tuple(item for part in parts for item in part.ids)
        clusters = tuple(cluster for part in parts for cluster in part.clusters)
        return Records(ids, clusters, {"text": tuple(text for part in parts for text in part.fields["text"])})

    def _rows_as(self, language: str, given: Mapping[str, str | list[str]]) -> Records:
        """The rows of a language with these fields."""
        code = self._found[language]
        table = self._load(code)
        columns = {name: _fill_template(column, code) for name, column in given.items()}
        rows, dropped = self._rows_of(table, code, columns)
        labels = table.strings(rows, "label", columns["label"]) if "label" in columns else ()
        rows = [rows[place] for place in self._places(len(rows), labels)]
        ids = self._ids(table, rows, language)
        if self._tagset is not None:
            return self._tagged_sentences(table, rows, ids)
        fields = {name: table.strings(rows, name, column) for name, column in columns.items()}
        notes = ("rows without what the card asks of them are left out (how many is in the facts)",) if dropped else ()
        facts = {f"rows_left_out ({language})": dropped} if dropped else {}
        clusters = self._clusters(table, rows, ids)
        return Records(
            ids, clusters, fields, notes, facts, places=lambda item: f"{self._place()}, row {rows[item] + 1}"
        )

    def _rows_of(self, table: HubTable, code: str, columns: Mapping[str, Any]) -> tuple[list[int], int]:
        """The rows of a language, from 0: those that ``where`` asks for; and how many more lack what is needed."""
        rows = list(range(len(table)))
        for column, value in self._where.items():
            wanted, values = value.replace(LANGUAGE, code), table.values(column)
            rows = [row for row in rows if str(values[row]) == wanted]
        if not rows:
            raise DataMissing(f"{self.name}: {self._place()} has no rows {'of ' + code if code else 'in this split'}")
        found = len(rows)
        for name in self.home.table.get("drop_empty", ()):
            if isinstance(asked := columns.get(name), str):
                values = table.values(asked)
                rows = [row for row in rows if values[row] is not None and visible(str(values[row]))]
        return rows, found - len(rows)

    def _ids(self, table: HubTable, rows: Sequence[int], language: str) -> tuple[str, ...]:
        """Ids from the id column, or row numbers, from 1."""
        if "id" in self.home.table:
            given: str | list[str] = self.home.table["id"]
            parts = [table.strings(rows, "id", name) for name in ([given] if isinstance(given, str) else given)]
            return tuple(f"{self.name}:{' '.join(values)}" for values in zip(*parts, strict=True))
        prefix = "" if self._per_column else f"{language}:"
        return tuple(f"{self.name}:{prefix}{row + 1}" for row in rows)

    def _clusters(self, table: HubTable, rows: Sequence[int], ids: Sequence[str]) -> tuple[str, ...]:
        """Clusters from their column, the same in every language; without one, blocks."""
        if "cluster" not in self.home.table:
            return blocks(self.home, ids, self._place())
        values = table.strings(rows, "cluster", self.home.table["cluster"])
        return tuple(f"{self.name}:cluster {value}" for value in values)

    def _tagged_sentences(self, table: HubTable, rows: Sequence[int], ids: Sequence[str]) -> Records:
        """Sentences of words and tags; those without a word are left out, and counted."""
        assert self._tagset is not None
        tokens, tags = (table.values(str(self._fields[name])) for name in WORDS)
        names = class_names(getattr(table.data.features[str(self._fields["tags"])], "feature", None))
        kept, with_words, sentences, places = [], [], [], []
        unknown = self._tagset.unknown(self._place())
        for row, item in zip(rows, ids, strict=True):
            place = f"{self._place()}, row {row + 1}"
            sentence = self._tagset.sentence(tokens[row], name_tags(names, tags[row]), place, unknown)
            if sentence.words:
                kept.append(item)
                with_words.append(row)
                sentences.append(sentence)
                places.append(place)
        unknown.check()
        if not kept:
            raise DataError(f"{self._place()}: no row has a word")
        clusters = self._clusters(table, with_words, kept)
        records = self._tagset.records(tuple(kept), clusters, sentences, self._place())
        records = replace(records, places=places.__getitem__)
        if empty := len(rows) - len(kept):
            note = "sentences without a word are left out (how many is in the facts)"
            return replace(
                records, notes=(*records.notes, note), facts={**records.facts, "sentences_without_word": empty}
            )
        return records


def _fill_template(column: str | list[str], code: str) -> str | list[str]:
    return column.replace(LANGUAGE, code) if isinstance(column, str) else column


def _between(names: Iterable[str], pattern: str) -> list[str]:
    """What stands in the place of ``{language}`` in the names that are like the pattern."""
    head, _, tail = pattern.partition(LANGUAGE)
    like = [name for name in names if name.startswith(head) and name.endswith(tail)]
    return [name[len(head) : len(name) - len(tail)] for name in like if len(name) > len(head) + len(tail)]


def source(home: Home, data: Data) -> Hub:
    """A source over a data set of the Hugging Face hub."""
    return Hub(home, data)
