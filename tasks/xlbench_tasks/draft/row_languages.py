"""The languages of a table: those that a column says of each row, else one for all rows of a file."""

from __future__ import annotations

from xlbench.core.text import first_of
from xlbench_tasks.data.text import visible
from xlbench_tasks.draft import columns, language
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import aliases_of, say_files, say_languages
from xlbench_tasks.draft.written import Draft


def say_languages_of(draft: Draft, tables: Tables, texts: Column, *taken: Column) -> dict[str, str | int]:
    """Put the languages and the files into the draft.

    Args:
        draft: what is written.
        tables: the tables.
        texts: the column of texts.
        taken: columns that mean something else.

    Returns:
        The field ``language`` and its column, where one tells the language of each row.
    """
    if not tables.found.words:
        every = tables.columns_of(tables.found.files)
        if column := columns.language_of(every, (texts, *taken)):
            _say_column(draft, tables, column)
            return {"language": column.ref}
    some = tables.texts(texts)
    say_languages(draft, tables.found, lambda file: some[file])
    return {}


def _say_column(draft: Draft, tables: Tables, column: Column) -> None:
    """Say the languages by a column of them."""
    words = {value: language.in_cell(value) for value in column.counts if visible(value)}
    codes = sorted({code for code in words.values() if code})
    if unknown := [word for word, code in words.items() if not code]:
        draft.unsure.append(f"Which language is {first_of(unknown, 5)}? These rows are left out.")
    draft.card["languages"] = (codes, f"from the column {column.ref!r}")
    say_files(draft, tables.found)
    if aliases := aliases_of(words, codes):
        draft.data["aliases"] = (aliases, "the word of the column = the code")
