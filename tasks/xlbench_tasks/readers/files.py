"""Reader of files that have a line an item: texts in one, and what belongs to each text in others.

One file a language, or one of the only language, with a text a line; and beside it a file for every other field
(``label``, ``second``, ``score``), for ids and for clusters, whose line i belongs to line i of the texts. Files that
are not all of one length are an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from xlbench import Data, DataError, UsageError
from xlbench_tasks.data import files, text
from xlbench_tasks.data.row_keys import ROW_KEYS
from xlbench_tasks.data.row_reading import RowReading
from xlbench_tasks.data.row_tables import Row
from xlbench_tasks.data.source import LANGUAGE, Home

_SAME = ("embedded", "block", "labels", "bins", "bin_names", "label_separator", "language", "drop_empty", "max_rows")
KEYS = {
    "files": str,
    "fields": dict[str, str],
    "id": str,
    "cluster": str,
    "keep_line_end": bool,
    **{key: ROW_KEYS[key] for key in _SAME},
}
"""``files``: the file of the texts; ``fields``: field -> its file; ``id``, ``cluster``: the files of these;
``keep_line_end``: a carriage return at a line's end is part of the text; all others as in `ROW_KEYS`."""
REQUIRED = ("files", "fields")


class Lines:
    """Files as a table: a row is what stands on one line of all of them."""

    unit = "line"
    nothing = "no lines"

    def __init__(self, paths: Mapping[str, Path], *, keep_line_end: bool) -> None:
        """``paths``: field -> its file, that of the text first."""
        self._paths = dict(paths)
        self._keep_line_end = keep_line_end
        self.path = paths["text"]

    def position(self, column: str | int) -> int:
        """See `Table`."""
        return list(self._paths).index(str(column))

    def rows(self) -> Iterator[Row]:
        """The rows, once; `DataError` where a file is longer than another."""
        lengths = {path: text.count_lines(path) for path in self._paths.values()}
        for path, count in lengths.items():
            if count != (expected := lengths[self.path]):
                longer = path if count > expected else self.path
                raise DataError(
                    f"{path} has {count} lines but {self.path} has {expected}: line {min(count, expected) + 1} of "
                    f"{longer.name} has no partner; get both files again from one release"
                )
        columns = [
            text.lines(path, keep_line_end=self._keep_line_end and field == "text")
            for field, path in self._paths.items()
        ]
        for number, cells in enumerate(zip(*columns, strict=True), 1):
            yield Row(self, cells, number, number)


class Files(RowReading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        table = home.table
        beside = {**table["fields"], **{key: table[key] for key in ("id", "cluster") if key in table}}
        if not table["fields"] or {"text", "language"} & set(table["fields"]):
            raise UsageError(
                f"{home.where} fields: name the files of what belongs to the texts, which are in files: "
                f"fields = {{ label = '...' }}"
            )
        self._beside = {
            field: files.patterns(replace(home, table={field: name}), field)[0] for field, name in beside.items()
        }
        for field, name in self._beside.items():
            if (LANGUAGE in name) != (LANGUAGE in table["files"]):
                raise UsageError(f"{home.where} {field}: {name!r} and files both need {LANGUAGE}, or neither does")
        if (LANGUAGE in table["files"]) == ("language" in table):
            raise UsageError(
                f"{home.where}: say what the languages are: {LANGUAGE} in files, or language = '...' for the only one"
            )
        fields = {field: field for field in ("text", *table["fields"])}
        own = {key: key for key in ("id", "cluster") if key in table}
        super().__init__(replace(home, table={**table, "fields": fields, **own}), data)

    @cached_property
    def _partners(self) -> Mapping[str, Mapping[Path, str]]:
        """Field -> the name of its file for each file of texts."""
        root = files.root_of(self)
        assert root is not None  # a file was found below it
        return {field: files.beside(root, self._patterns, [name]) for field, name in self._beside.items()}

    def files(self, language: str) -> tuple[Path, ...]:
        """The files that a language is read from, those of its labels and other fields among them."""
        texts, root = super().files(language), files.root_of(self)
        beside = [files.find(root, names[path]) for path in texts for names in self._partners.values()]
        return (*texts, *(path for path in beside if path is not None))

    def _table(self, path: Path) -> Lines:
        root = files.root_of(self)
        assert root is not None
        others = {field: files.partner(root, path, names) for field, names in self._partners.items()}
        return Lines({"text": path, **others}, keep_line_end=bool(self.home.table.get("keep_line_end")))

    def _names(self, path: Path) -> Sequence[str]:
        return ["text", *self._beside]


def source(home: Home, data: Data) -> Files:
    """A source over files with a line an item."""
    return Files(home, data)
