"""The languages of a table: those that a column says of each row, else one for all rows of a file."""

from __future__ import annotations

from collections.abc import Sequence

from xlbench.core.text import first_of
from xlbench_tasks.data.text import visible
from xlbench_tasks.draft import columns, language
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import aliases_of, say_files, say_languages
from xlbench_tasks.draft.written import Draft

MOST_COMPARED = 4
"""The texts of so many values of a column are looked at, to see whether they are in one language."""


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
        column = columns.language_of(every, (texts, *taken))
        if column and not _is_contradicted(column, texts):
            _say_column(draft, tables, column)
            return {"language": column.ref}
        _say_lost(draft, column or columns.called(every, columns.LANGUAGE), taken)
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
    if not column.is_called(columns.LANGUAGE):
        draft.unsure.append(f"The column {column.ref!r} is taken for the language of each row, by its values.")


def _is_contradicted(column: Column, texts: Column) -> bool:
    """Whether a column of another name has codes of languages, and all texts are in one that is none of them, as where
    the codes are of countries."""
    if column.is_called(columns.LANGUAGE):
        return False
    seen = {
        language.of_texts([text for text, code in zip(texts.values, column.values, strict=True) if code == value])[0]
        for value in [*column.counts][:MOST_COMPARED]
    }
    codes = {language.in_cell(value) for value in column.counts}
    return len(seen) == 1 and not seen & codes and not min(seen).startswith(language.UNKNOWN)


def _say_lost(draft: Draft, column: Column | None, taken: Sequence[Column]) -> None:
    """Say that a column which may tell languages is not heeded."""
    if column is None or len(column.counts) < 2 or column.place in {one.place for one in taken}:
        return
    if not column.is_called(columns.LANGUAGE):
        draft.unsure.append(f"The column {column.ref!r} has codes of languages, and its texts are all in another one.")
        return
    words = first_of([repr(word) for word in column.counts if not language.in_cell(word)], 5)
    draft.unsure.insert(
        0,
        f"The column {column.ref!r} is not heeded, and all rows are read as of one language: no code is known for "
        f"{words}. Name the codes under aliases, and the column under fields, as language.",
    )
