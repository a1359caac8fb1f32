"""Drafts for tables: what kind of data their columns make, and how a card reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlbench import UsageError
from xlbench.core.text import count_text, first_of
from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.card.schema import SPLITS as SCHEMA_SPLITS
from xlbench_tasks.draft import columns, labeled, multilabel, pairs, translations
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.dialect import Dialect
from xlbench_tasks.draft.names import SPLITS
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import FileSet
from xlbench_tasks.draft.written import Draft

SETS = {"label_separator", "label_list"}
"""Keys of cards whose items may lack labels."""
MANY_GAPS = 0.1
"""A file is left out where a larger share of a column's cells is empty, and others have no such column."""


def fill(draft: Draft, found: FileSet, dialects: Mapping[str, Dialect]) -> None:
    """Make a draft of tables, by what their columns are.

    Raises:
        UsageError: Nothing can be asked of them.
    """
    tables = Tables(found, dialects)
    _drop_gaps(draft, tables)
    every = tables.columns_of(found.files)
    draft.data["reader"] = (tables.dialect.reader, "")
    _fill_by_columns(draft, tables, every)
    if tables.dialect.inside:
        key = "sheet" if tables.dialect.reader == "xlsx" else "list"
        draft.data[key] = (tables.dialect.inside, "the one with the most rows")
    if not tables.header:
        draft.data["header"] = (False, tables.header_why)
    elif all(isinstance(column, int) for column in draft.data["fields"][0].values()):
        draft.data["header"] = (True, tables.header_why)
    if tables.dialect.reader == "delimited":
        _say_dialect(draft, tables)
    _say_gaps(draft, tables)
    _say_doubts(draft, tables, every)


def _say_doubts(draft: Draft, tables: Tables, every: Sequence[Column]) -> None:
    """Say what a card of this draft would read otherwise than somebody meant it: splits by rows, stray headers."""
    if (column := next((one for one in every if one.tells_splits), None)) and not tables.found.splits:
        _say_splits_of(draft, column)
    if not tables.header and (stray := tables.files_with_header()):
        draft.unsure.insert(
            0,
            f"The first line of {first_of(stray, 3)} looks like a header, that of others does not: it is read as "
            "data. Give all files the same header, or none.",
        )


def _say_splits_of(draft: Draft, column: Column) -> None:
    """Have each split be the rows of which a column says so, where it has one word for each."""
    words = sorted(column.counts)
    splits = {SPLITS[word.strip().lower()]: word for word in words}
    learns = "folds" in draft.card
    if "test" not in splits and "dev" in splits:
        splits = {**splits, "test": splits.pop("dev")}
        draft.unsure.append(f"There is no test split: that called {splits['test']!r} is scored.")
    if not column.name or len(splits) < len(words) or not {"test", *(["train"] if learns else [])} <= splits.keys():
        listed = first_of([repr(word) for word in words], 5)
        why = f"The column {column.ref!r} says which split each row is of ({listed}), and is not heeded"
        draft.unsure.insert(0, f"{why}: write a file for each split (train.csv, test.csv), and draft again.")
        return
    draft.card.pop("folds", None)
    draft.card["splits"] = ({one: splits[one] for one in SCHEMA_SPLITS if one in splits}, f"column {column.name!r}")
    draft.data["where"] = ({column.name: SPLIT}, "the rows of each split")


def _fill_by_columns(draft: Draft, tables: Tables, every: Sequence[Column]) -> None:
    found, pair, label = tables.found, columns.pair_of(every), columns.label_of(every)
    question, passage = columns.called(every, columns.QUESTION), columns.called(every, columns.PASSAGE)
    if wide := translations.wide(tables.columns_of(found.files[:1]) if tables.header else ()):
        translations.fill_wide(draft, tables, wide)
        if label:
            draft.unsure.append(f"The column {label[0].ref!r} may be a label: what is asked for is translations.")
    elif question and passage and question.has_letters and passage.has_letters:
        pairs.fill_questions(draft, tables, question, passage)
    elif (flags := _flags_of(draft, every, label)) and (text := columns.text_of(every)):
        multilabel.fill_flags(draft, tables, flags, text)
    elif (sets := multilabel.list_of(tables, label and label[0])) and (text := columns.text_of(every)):
        multilabel.fill_list(draft, tables, *sets, text)
    elif pair and (score := pairs.score_of(every, pair)):
        pairs.fill(draft, tables, pair, score)
    elif label and (text := columns.text_of([one for one in every if one is not label[0]])):
        if mark := multilabel.separator_of(label[0]):
            multilabel.fill_separated(draft, tables, label[0], text, mark)
        else:
            labeled.fill(draft, tables, every, text, label)
    elif (number := columns.number_of(every)) and (
        text := columns.text_of([one for one in every if one is not number])
    ):
        labeled.fill_numbers(draft, tables, number, text)
    elif pair and translations.fill_two(draft, tables, pair):
        return
    elif (label := columns.label_of(every, languages=True)) and (text := columns.text_of(every)):
        labeled.fill(draft, tables, every, text, label)
        draft.unsure.append(f"The label, {label[0].ref!r}, holds languages: is it what is to be told?")
    else:
        named = first_of([repr(column.ref) for column in every], 5)
        raise UsageError(
            f"{found.files[0].file}: no column holds labels or scores, and no two hold translations "
            f"({named}): there is nothing to ask"
            + ("; if two columns are translations, say the languages in the file's name (en-de)" if pair else "")
        )


def _flags_of(draft: Draft, every: Sequence[Column], label: tuple[Column, str] | None) -> list[Column]:
    """The columns of 0 and 1 that are labels; none where another column is called a label."""
    flags = multilabel.flags_of(every)
    if not flags or label is None or not label[0].is_called(columns.LABEL):
        return flags
    said = first_of([repr(one.name) for one in flags], 3)
    draft.unsure.append(f"Columns of 0 and 1 may be labels, too, of which a text has several: {said}.")
    return []


def _drop_gaps(draft: Draft, tables: Tables) -> None:
    """Leave out files in which a column is mostly filled, but not nearly everywhere, and which others do without."""
    found = tables.found
    gaps = {}
    for one in found.files:
        own = tables.columns_of([one])
        gaps[one.file] = [c.ref for c in own if MANY_GAPS * len(c.values) < c.empty < len(c.values)]
    if any(gaps.values()) and not all(gaps.values()):
        for file in (file for file, refs in gaps.items() if refs):
            draft.left_out.append(f"{file}: column {gaps[file][0]!r} is empty in many rows.")
        found.files = [one for one in found.files if not gaps[one.file]]


def _say_dialect(draft: Draft, tables: Tables) -> None:
    """Put delimiter and quoting into the draft, where they are not what a reader takes by itself."""
    patterns = draft.data["files"][0]
    name = patterns if isinstance(patterns, str) else patterns[0]
    if tables.dialect.delimiter != ("\t" if name.removesuffix(".gz").endswith(".tsv") else ","):
        draft.data["delimiter"] = (tables.dialect.delimiter, "")
    if tables.quoting == "csv" and (mark := _other_quote(tables)):
        draft.data["quote"] = (mark, "it stands around all texts")
    if tables.quoting == "none":
        draft.data["quoting"] = ("none", "a quote is a character: as CSV, files are broken or read otherwise")
    for one in tables.found.files:
        dialect = tables.dialects[one.file]
        if dialect.problem or tables.quoting not in dialect.rows:
            draft.unsure.append(f"A run will stop here: {dialect.problem or f'{one.file} quotes otherwise'}")


def _other_quote(tables: Tables) -> str:
    """The character that stands around all texts in the place of a quote; "" for none."""
    found = columns.text_of(tables.columns_of(tables.found.files))
    texts = found[0].own if found else ()
    first = texts[0][:1] if texts else ""
    around = first in ("'", "`") and all(len(one) > 1 and one[0] == one[-1] == first for one in texts)
    return first if around else ""


def _say_gaps(draft: Draft, tables: Tables) -> None:
    """Have rows left out that lack what is asked of them, and say how many."""
    fields = draft.data["fields"][0]
    used = [column for name, column in fields.items() if name != "label" or not draft.data.keys() & SETS]
    gaps = [column for column in tables.columns_of(tables.found.files) if column.empty and column.ref in used]
    if gaps:
        said = first_of([f"{column.ref!r} in {count_text(column.empty, 'row')}" for column in gaps], 3)
        draft.data["drop_empty"] = (True, f"empty cells: {said}")
        if "label_separator" in draft.data:
            _say_unlabeled(draft, tables, fields["label"])


def _say_unlabeled(draft: Draft, tables: Tables, label: str | int) -> None:
    """Say that items without any label go with the rows that lack a text."""
    column = next(one for one in tables.columns_of(tables.found.files) if one.ref == label)
    if column.empty:
        rows = count_text(column.empty, "row")
        draft.unsure.append(f"{rows} without a label would be items, and are left out with those that lack a text.")
