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

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import hub_data, tags
from xlbench_tasks.data.blocks import blocks, check_block
from xlbench_tasks.data.classes import class_name, class_names, labels_by_name, name_tags
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues
from xlbench_tasks.readers.delimited import JOINT, check_fields, flat_columns

if TYPE_CHECKING:
    from datasets import Dataset

KEYS = {
    "repo": str,
    "revision": str,
    "config": str,
    "split": str,
    "files": str,
    "fields": dict[str, str | list[str]],
    "where": dict[str, str],
    "pivot": dict[str, str],
    "id": str | list[str],
    "cluster": str,
    "block": int,
    "labels": dict[str, str],
    "tags": dict[str, str],
    "scheme": tuple(tags.SCHEMES),
    "drop_empty": list[str],
    "language": str,
    "max_rows": int,
}
"""``revision``: the full commit id; ``config``, ``split``: as the hub names them; ``files``: instead of both, a file of
the repository, for a language or for all; ``fields``: field -> column (``text`` can be several, which are joined; a dot
leads into a column of structs), or ``tokens`` and ``tags``; ``where``: column = value, only these rows; ``pivot``: the
``language`` that all the others are paired with, and the column that is its ``text``; ``id``: the column of item ids
that all languages share, or the columns that make one together; ``cluster``: the column that says what hangs together;
``block``: so many rows in a row, or ids, are a cluster; ``labels``: label in the data set, or
its number -> label (all of them); ``tags``, ``scheme``: as in ``readers/conll.py``; ``drop_empty``: the fields without
which a row is left out."""
REQUIRED = ("repo", "revision", "fields")

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")
_WORDS = ("tokens", "tags")


class Hub(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        table = home.table
        self._repository = hub_data.Repository(table["repo"], table["revision"], data, home.task)
        self._config: str = table.get("config", "")
        self._files: str = table.get("files", "")
        self._where: Mapping[str, str] = table.get("where", {})
        self._fields: Mapping[str, str | list[str]] = table["fields"]
        self._pivot: Mapping[str, str] = table.get("pivot", {})
        self._per_column = LANGUAGE in str(self._fields.get("text", ""))
        self._per_row = [value for value in self._where.values() if LANGUAGE in value]
        self._tagset = tags.Tagset(table["tags"], table.get("scheme", "")) if "tags" in table else None
        self._loaded: dict[str, Dataset] = {}
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        table, where = self.home.table, self.home.where
        if not _REPO.fullmatch(table["repo"]) or ".." in table["repo"]:
            raise UsageError(f"{where} repo: {table['repo']!r} is not 'organization/name'")
        if not _REVISION.fullmatch(table["revision"]):
            raise UsageError(f"{where} revision: {table['revision']!r} is not a full commit id (40 hex digits)")
        if "files" in table and ("split" in table or "config" in table):
            raise UsageError(f"{where} files: stands in place of config and split; {{split}} can be in the file's name")
        if "files" not in table and "split" not in table:
            raise UsageError(f"{where} lacks 'split' (or files, for files of a repository without splits)")
        if self._files and not self._files.endswith(tuple(hub_data.FORMATS)):
            raise UsageError(f"{where} files: {self._files!r} does not end in one of {', '.join(hub_data.FORMATS)}")
        places = (self._per_column, LANGUAGE in self._config, LANGUAGE in self._files, "language" in table)
        if sum(places) + len(self._per_row) != 1:
            raise UsageError(
                f"{where}: say in one place what the languages are: fields.text = '{LANGUAGE}' for a column a "
                f"language, {LANGUAGE} in config, in files or in where, or language = '...' for the only one"
            )
        check_block(self.home, instead="cluster")
        self._check_fields()
        self._check_pivot()

    def _check_fields(self) -> None:
        """That there is a text with its labels, or words with their tags; and what rows may lack."""
        where = self.home.where
        if bool(self._tagset) != ("tags" in self._fields) or ("tags" in self._fields) != ("tokens" in self._fields):
            raise UsageError(f"{where}: words come with tags: fields = {{ tokens = '...', tags = '...' }}, and [tags]")
        if self._tagset is None:
            check_fields(self.home)
        elif more := [name for name in self._fields if name not in _WORDS]:
            raise UsageError(f"{where} fields: {more[0]!r} does not go with words and tags, which make the text")
        elif any(isinstance(column, list) for column in self._fields.values()):
            raise UsageError(f"{where} fields: only text can be joined")
        if "scheme" in self.home.table and self._tagset is None:
            raise UsageError(f"{where} scheme: is that of tags, and there are none")
        for name in self.home.table.get("drop_empty", ()):
            if name not in self._fields:
                hint = did_you_mean(name, self._fields)
                raise UsageError(f"{where} drop_empty: {name!r} is none of the fields.{hint}")

    def _check_pivot(self) -> None:
        where, pivot = self.home.where, self._pivot
        if not pivot:
            return
        if set(pivot) != {"language", "text"}:
            raise UsageError(f"{where} pivot: say its language, and the column of its text")
        if pivot["language"] not in self.home.languages:
            hint = did_you_mean(pivot["language"], self.home.languages)
            raise UsageError(f"{where} pivot: {pivot['language']!r} is none of the card's languages.{hint}")
        if self._per_column or {"language", "id"} & set(self.home.table) or set(self._fields) != {"text"}:
            raise UsageError(
                f"{where} pivot: goes with texts alone, which are numbered by their rows, and with {LANGUAGE} in "
                f"config, files or where"
            )

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
        return tuple(folder / hub_data.split_archive_name(unit)[0] for unit in units)

    @property
    def _per_unit(self) -> bool:
        """Whether a language is a configuration, or a file, of its own."""
        return LANGUAGE in (self._files or self._config)

    def _find_columns(self) -> Iterable[str] | None:
        """What stands in the place of ``{language}``, as far as it is known without a request; None: it is not."""
        if not self._per_unit:
            return ()
        if self._files:
            names, pattern = self._repository.known_files(), hub_data.split_archive_name(self._files)[0]
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
            return _between(self._load("").column_names, str(self._fields["text"]))
        if LANGUAGE in self._config:
            return _between(self._repository.configs(), self._config)
        if LANGUAGE in self._files:
            return _between(self._repository.files(), hub_data.split_archive_name(self._files)[0])
        column, value = next((column, value) for column, value in self._where.items() if LANGUAGE in value)
        return _between(dict.fromkeys(map(str, self._values(self._load(""), column))), value)

    def _load(self, code: str) -> Dataset:
        """The table of a language (or of all), read once."""
        name = (self._files or self._config).replace(LANGUAGE, code)
        if name not in self._loaded:
            read = self._repository
            data = read.file(name) if self._files else read.split(name, self.home.table["split"])
            inside = any("." in column for column in flat_columns(self._fields.values()))
            self._loaded[name] = data.flatten() if inside else data
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
        data = self._load(code)
        columns = {name: _fill_template(column, code) for name, column in given.items()}
        rows, dropped = self._rows_of(data, code, columns)
        labels = self._column(data, rows, "label", columns["label"]) if "label" in columns else ()
        rows = [rows[place] for place in self._places(len(rows), labels)]
        ids = self._ids(data, rows, language)
        if self._tagset is not None:
            return self._tagged_sentences(data, rows, ids)
        fields = {name: self._column(data, rows, name, column) for name, column in columns.items()}
        notes = ("rows without what the card asks of them are left out (how many is in the facts)",) if dropped else ()
        facts = {f"rows_left_out ({language})": dropped} if dropped else {}
        clusters = self._clusters(data, rows, ids)
        return Records(
            ids, clusters, fields, notes, facts, places=lambda item: f"{self._place()}, row {rows[item] + 1}"
        )

    def _rows_of(self, data: Dataset, code: str, columns: Mapping[str, Any]) -> tuple[list[int], int]:
        """The rows of a language, from 0: those that ``where`` asks for; and how many more lack what is needed."""
        rows = list(range(len(data)))
        for column, value in self._where.items():
            wanted, values = value.replace(LANGUAGE, code), self._values(data, column)
            rows = [row for row in rows if str(values[row]) == wanted]
        if not rows:
            raise DataMissing(f"{self.name}: {self._place()} has no rows {'of ' + code if code else 'in this split'}")
        found = len(rows)
        for name in self.home.table.get("drop_empty", ()):
            if isinstance(asked := columns.get(name), str):
                values = self._values(data, asked)
                rows = [row for row in rows if values[row] is not None and visible(str(values[row]))]
        return rows, found - len(rows)

    def _ids(self, data: Dataset, rows: Sequence[int], language: str) -> tuple[str, ...]:
        """Ids from the id column, or row numbers, from 1."""
        if "id" in self.home.table:
            given: str | list[str] = self.home.table["id"]
            parts = [self._column(data, rows, "id", name) for name in ([given] if isinstance(given, str) else given)]
            return tuple(f"{self.name}:{' '.join(values)}" for values in zip(*parts, strict=True))
        prefix = "" if self._per_column else f"{language}:"
        return tuple(f"{self.name}:{prefix}{row + 1}" for row in rows)

    def _clusters(self, data: Dataset, rows: Sequence[int], ids: Sequence[str]) -> tuple[str, ...]:
        """Clusters from their column, the same in every language; without one, blocks."""
        if "cluster" not in self.home.table:
            return blocks(self.home, ids, self._place())
        values = self._column(data, rows, "cluster", self.home.table["cluster"])
        return tuple(f"{self.name}:cluster {value}" for value in values)

    def _values(self, data: Dataset, column: str) -> list[Any]:
        """A column as it is, but for class numbers, which come by their names."""
        if column not in data.column_names:
            there_are, hint = ", ".join(data.column_names), did_you_mean(column, data.column_names)
            raise DataError(f"{self._place()} has no column {column!r}, only {there_are}.{hint}")
        try:
            values: list[Any] = data[column][:]
        except UnicodeDecodeError as error:  # pyarrow looks at texts no sooner than here
            raise DataError(
                self._repository.damage() or f"{self._place()}, column {column!r}: not UTF-8 ({error})"
            ) from error
        names = class_names(data.features[column])
        return [class_name(names, value) for value in values] if names is not None else values

    def _column(self, data: Dataset, rows: Sequence[int], field: str, column: str | list[str]) -> tuple[str, ...]:
        """The values of a field as strings: none is empty, and each label is one that the card knows."""
        if isinstance(column, list):
            parts = [self._column(data, rows, field, part) for part in column]
            return tuple(map(JOINT.join, zip(*parts, strict=True)))
        values = self._values(data, column)
        labels = self._labels(data, column) if field == "label" and "labels" in self.home.table else {}
        fault = f"labels that are none of the card's {sorted(labels)}"
        unknown = UnknownValues(self._place(), fault, in_other_notation(labels))
        for row in rows:
            value, where = values[row], f"{self._place()}, row {row + 1}"
            kinds = str | int | float if field == "score" else str | int
            if not isinstance(value, kinds) or not visible(str(value)):
                raise DataError(f"{where}: the {field} ({column}) is empty or no text: {value!r}")
            if labels and str(value) not in labels:
                unknown.add(str(value), f"row {row + 1}")
        unknown.check()
        return tuple(labels[str(values[row])] if labels else str(values[row]) for row in rows)

    def _labels(self, data: Dataset, column: str) -> Mapping[str, str]:
        """Label in the column -> label of the card."""
        names = class_names(data.features[column])
        return labels_by_name(self.home.table["labels"], names, f"{self._place()}, column {column!r}")

    def _tagged_sentences(self, data: Dataset, rows: Sequence[int], ids: Sequence[str]) -> Records:
        """Sentences of words and tags; those without a word are left out, and counted."""
        assert self._tagset is not None
        tokens, tags = (self._values(data, str(self._fields[name])) for name in _WORDS)
        names = class_names(getattr(data.features[str(self._fields["tags"])], "feature", None))
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
        clusters = self._clusters(data, with_words, kept)
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
