"""What a card's table of a data set of the Hugging Face hub may hold, and what the types of its keys cannot say."""

from __future__ import annotations

import re

from xlbench import UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import tags
from xlbench_tasks.data.bins import KEYS as BIN_KEYS
from xlbench_tasks.data.blocks import check_block
from xlbench_tasks.data.hub_data import FORMATS
from xlbench_tasks.data.row_keys import check_fields
from xlbench_tasks.data.source import LANGUAGE, Home

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
    **BIN_KEYS,
    "tags": dict[str, str],
    "scheme": tuple(tags.SCHEMES),
    "drop_empty": list[str],
    "language": str,
    "max_rows": int,
}
"""``revision``: the full commit id, without which only a local folder is read; ``config``, ``split``: as the hub names
them; ``files``: instead of both, a file of the repository, for a language or for all; ``fields``: field -> column
(``text`` can be several, which are joined; a dot leads into a column of structs), or ``tokens`` and ``tags``;
``where``: column = value, only these rows; ``pivot``: the ``language`` that all the others are paired with, and the
column that is its ``text``; ``id``: the column of item ids that all languages share, or the columns that make one
together; ``cluster``: the column that says what hangs together; ``block``: so many rows in a row, or ids, are a
cluster; ``labels``: label in the data set, or its number -> label (all of them); ``bins``, ``bin_names``: see
`xlbench_tasks.data.bins`; ``tags``, ``scheme``: as in ``readers/conll.py``; ``drop_empty``: the fields without which a
row is left out."""
REQUIRED = ("repo", "fields")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")
WORDS = ("tokens", "tags")


def is_per_column(home: Home) -> bool:
    """Whether a language is a column of its own."""
    return LANGUAGE in str(home.table["fields"].get("text", ""))


def check_table(home: Home) -> None:
    """Raise `UsageError` for what the types of the keys cannot say."""
    table, where = home.table, home.where
    config, files = table.get("config", ""), table.get("files", "")
    if not _REPO.fullmatch(table["repo"]) or ".." in table["repo"]:
        raise UsageError(f"{where} repo: {table['repo']!r} is not 'organization/name'")
    if "revision" in table and not _REVISION.fullmatch(table["revision"]):
        raise UsageError(f"{where} revision: {table['revision']!r} is not a full commit id (40 hex digits)")
    if "files" in table and ("split" in table or "config" in table):
        raise UsageError(f"{where} files: stands in place of config and split; {{split}} can be in the file's name")
    if "files" not in table and "split" not in table:
        raise UsageError(f"{where} lacks 'split' (or files, for files of a repository without splits)")
    if files and not files.endswith(tuple(FORMATS)):
        raise UsageError(f"{where} files: {files!r} does not end in one of {', '.join(FORMATS)}")
    places = (is_per_column(home), LANGUAGE in config, LANGUAGE in files, "language" in table)
    if sum(places) + sum(LANGUAGE in value for value in table.get("where", {}).values()) != 1:
        raise UsageError(
            f"{where}: say in one place what the languages are: fields.text = '{LANGUAGE}' for a column a "
            f"language, {LANGUAGE} in config, in files or in where, or language = '...' for the only one"
        )
    check_block(home, instead="cluster")
    _check_fields(home)
    _check_pivot(home)


def _check_fields(home: Home) -> None:
    """That there is a text with its labels, or words with their tags; and what rows may lack."""
    table, where, fields, has_tags = home.table, home.where, home.table["fields"], "tags" in home.table["fields"]
    if has_tags != ("tokens" in fields) or ("tags" in table and not has_tags):
        raise UsageError(f"{where}: words come with tags: fields = {{ tokens = '...', tags = '...' }}")
    if not has_tags:
        check_fields(home)
    elif more := [name for name in fields if name not in WORDS]:
        raise UsageError(f"{where} fields: {more[0]!r} does not go with words and tags, which make the text")
    elif any(isinstance(column, list) for column in fields.values()):
        raise UsageError(f"{where} fields: only text can be joined")
    if "scheme" in table and not has_tags:
        raise UsageError(f"{where} scheme: is that of tags, and there are none")
    for name in table.get("drop_empty", ()):
        if name not in fields:
            hint = did_you_mean(name, fields)
            raise UsageError(f"{where} drop_empty: {name!r} is none of the fields.{hint}")


def _check_pivot(home: Home) -> None:
    where, pivot = home.where, home.table.get("pivot", {})
    if not pivot:
        return
    if set(pivot) != {"language", "text"}:
        raise UsageError(f"{where} pivot: say its language, and the column of its text")
    if pivot["language"] not in home.languages:
        hint = did_you_mean(pivot["language"], home.languages)
        raise UsageError(f"{where} pivot: {pivot['language']!r} is none of the card's languages.{hint}")
    if is_per_column(home) or {"language", "id"} & set(home.table) or set(home.table["fields"]) != {"text"}:
        raise UsageError(
            f"{where} pivot: goes with texts alone, which are numbered by their rows, and with {LANGUAGE} in "
            f"config, files or where"
        )
