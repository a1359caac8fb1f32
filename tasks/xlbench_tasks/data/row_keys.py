"""What the [data] tables of the readers of rows have in common, and the checks of what types cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from xlbench import UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.bins import KEYS as BIN_KEYS
from xlbench_tasks.data.bins import check_bins
from xlbench_tasks.data.blocks import check_block
from xlbench_tasks.data.label_sets import KEYS as SET_KEYS
from xlbench_tasks.data.label_sets import check_sets
from xlbench_tasks.data.source import LANGUAGE, Home

ROW_KEYS: dict[str, Any] = {
    "files": str | list[str],
    "embedded": bool,
    "fields": dict[str, str | list[str] | dict[str, str]],
    "where": dict[str, str],
    "id": str,
    "cluster": str,
    "block": int,
    "labels": dict[str, str],
    **BIN_KEYS,
    **SET_KEYS,
    "language": str,
    "pivot": dict[str, str],
    "drop_empty": bool,
    "max_rows": int,
}
"""``embedded``: the files are the plugin's own, not below the data root; ``fields``: field -> column (``text`` can be
several, which are joined, or a column a language; ``language`` is the column of codes, of which each row has one);
``where``: column = value, only these rows; ``id``: the column of item ids that all languages share; ``cluster``: the
column that says what hangs together (a document, a speaker); ``block``: so many rows, or ids, are one; ``labels``:
label in the file -> label (all of them); ``bins``, ``bin_names``: see `bins`; ``label_separator``: see
`label_sets`; ``language``: the only one; ``pivot``: the ``language`` that all the others are paired
with, each in a file of its own, and the column that is its
``text``; ``drop_empty``: rows that lack a field are left out and counted."""
ROW_REQUIRED = ("files", "fields")


def check_rows(home: Home, patterns: Sequence[str]) -> None:
    """Raise `UsageError` for what the types of the keys of `ROW_KEYS` cannot say."""
    table, where = home.table, home.where
    check_fields(home, several=("text", "label"))
    check_sets(home)
    text, per_file = table["fields"]["text"], [LANGUAGE in pattern for pattern in patterns]
    places = any(per_file), LANGUAGE in str(text), isinstance(text, dict), "language" in table["fields"]
    if any(per_file) != all(per_file) or sum(places) + ("language" in table) != 1:
        raise UsageError(
            f"{where}: say in one place what the languages are: {LANGUAGE} in every pattern of files, "
            f"fields.text = '{LANGUAGE}' for a column a language, fields.language for a column of codes, or "
            f"language = '...' for the only one"
        )
    if (LANGUAGE in str(text) or isinstance(text, dict)) and len(patterns) != 1:
        raise UsageError(f"{where} files: several files need {LANGUAGE} in their pattern, or one language for all")
    check_block(home, instead="cluster")
    _check_pivot(home, per_file=any(per_file))


def check_fields(home: Home, several: Sequence[str] = ("text",)) -> None:
    """Check ``fields`` and ``labels`` of a home (of rows, or the hub's), and a fixed ``language``; ``several``: the
    fields that can be several columns."""
    fields, language = home.table["fields"], home.table.get("language")
    if "text" not in fields:
        raise UsageError(f"{home.where} fields: name the column of the text: fields = {{ text = '...' }}")
    for name, column in fields.items():
        if isinstance(column, list) and (name not in several or len(set(column)) != len(column) or len(column) < 2):
            what = "a label can be columns of 0 and 1" if name in several[1:] else "only text can be joined"
            raise UsageError(f"{home.where} fields: {what}, of two columns or more, each once")
        if isinstance(column, list) and any(LANGUAGE in str(part) for part in column):
            raise UsageError(f"{home.where} fields: {LANGUAGE} stands for one column, and cannot be joined")
        if isinstance(column, dict):
            _check_column_of_each(home, name, column)
    if "labels" in home.table and "label" not in fields:
        raise UsageError(f"{home.where} labels: there is no field 'label' that they could be the values of")
    check_bins(home)
    if language is not None:
        check_declared(home, "language", language)


def _check_column_of_each(home: Home, name: str, columns: dict[str, Any]) -> None:
    """Check a table of language = column."""
    if name != "text" or not columns:
        raise UsageError(f"{home.where} fields: only text can be a column of each language, of one language or more")
    for language in columns:
        check_declared(home, "fields.text", language)


def check_declared(home: Home, key: str, language: str) -> None:
    """Raise `UsageError` where a key of a home's table names a language that its card does not declare."""
    if home.languages and language not in home.languages:
        hint = did_you_mean(language, home.languages)
        raise UsageError(f"{home.where} {key}: {language!r} is none of the card's languages.{hint}")


def _check_pivot(home: Home, *, per_file: bool) -> None:
    pivot = home.table.get("pivot")
    if pivot is None:
        return
    if set(pivot) != {"language", "text"}:
        raise UsageError(f"{home.where} pivot: say its language, and the column of its text")
    check_declared(home, "pivot", pivot["language"])
    if not per_file or "id" in home.table or set(home.table["fields"]) != {"text"}:
        raise UsageError(
            f"{home.where} pivot: goes with texts alone, which are numbered by their rows, and with {LANGUAGE} in files"
        )


def check_numbers(home: Home, columns: Sequence[str | int]) -> None:
    """Check columns that can be numbers, and whether the first line names them."""
    table, where = home.table, home.where
    if any(column < 1 for column in columns if isinstance(column, int)):
        raise UsageError(f"{where}: columns are counted from 1")
    if "header" not in table and all(isinstance(column, int) for column in columns):
        raise UsageError(
            f"{where}: all columns are numbers, so say header = true (the first line names the columns) or "
            f"header = false (the first line is data)"
        )
    if not table.get("header", True) and any(isinstance(column, str) for column in columns):
        raise UsageError(f"{where}: without a header, columns are numbers (the first is 1)")


def flat_columns(columns: Iterable[Any]) -> Iterator[Any]:
    """All columns that are named in a list, in lists in it and in tables of a column a language."""
    for column in columns:
        if isinstance(column, list):
            yield from column
        elif isinstance(column, dict):
            yield from column.values()
        else:
            yield column
