"""Drafts for two texts a row with a score or one of two labels, `similarity` and `pairs`; and for questions with their
passages, `search`."""

from __future__ import annotations

from collections.abc import Sequence

from xlbench_tasks.draft import columns
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.labels import sorted_labels, yes_of
from xlbench_tasks.draft.row_languages import say_languages_of
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import say_splits
from xlbench_tasks.draft.written import Draft


def score_of(every: Sequence[Column], pair: tuple[Column, Column]) -> Column | None:
    """The column that says of pairs how alike they are, or whether they are one; None where there is none."""
    others = [one for one in every if one not in pair and not one.is_called(columns.ID)]
    others = [one for one in others if not (one.tells_languages or one.tells_splits)]
    named = columns.called(others, columns.SCORE) or columns.called(others, columns.LABEL)
    if named and (named.is_number or len(named.counts) == 2):
        return named
    numbers = [one for one in others if one.is_number and not (one.is_unique and one.place == 1)]
    return numbers[0] if numbers else next((one for one in others if len(one.counts) == 2 and not one.empty), None)


def fill(draft: Draft, tables: Tables, pair: tuple[Column, Column], score: Column) -> None:
    """Two texts a row, and how alike they are, or which of two labels they have."""
    found, values = tables.found, sorted_labels(score.counts)
    yes = yes_of(values) if len(values) == 2 else ""
    draft.card["area"] = ("similarity", "")
    if yes:
        draft.card["protocol"] = ("pairs", f"two texts a row, and one of two labels ({values[0]}, {values[1]})")
        draft.options["labels"], draft.options["positive"] = (values, ""), (yes, "says that the texts are a pair")
        draft.unsure.append(f"Does the label {yes!r} say that two texts belong together? It is taken to.")
    else:
        draft.card["protocol"] = ("similarity", "two texts a row, and a number: do cosines order pairs as it does?")
    say_splits(draft, found, learns=False)
    languages = say_languages_of(draft, tables, pair[0], pair[1], score)
    field = "label" if yes else "score"
    draft.data["fields"] = ({"text": pair[0].ref, "second": pair[1].ref, field: score.ref, **languages}, "")


def fill_questions(draft: Draft, tables: Tables, question: Column, passage: Column) -> None:
    """A question and the passage that answers it."""
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("search", "a question and its passage a row: is the passage found for the question?")
    say_splits(draft, tables.found, learns=False)
    languages = say_languages_of(draft, tables, passage, question)
    draft.data["fields"] = ({"text": question.ref, "passage": passage.ref, **languages}, "from the names of columns")
