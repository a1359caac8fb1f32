"""Drafts for tables: what kind of data their columns make, and how a card reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xlbench import UsageError
from xlbench.core.text import count_text, first_of
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.draft import columns, language
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.dialect import Cells, Dialect, quoting_of
from xlbench_tasks.draft.labels import area_of, sorted_labels, yes_of
from xlbench_tasks.draft.names import NamedFile
from xlbench_tasks.draft.sets import FileSet, aliases_of, say_languages, say_splits
from xlbench_tasks.draft.written import Draft

MANY_GAPS = 0.1
"""A file is left out where a larger share of a column's cells is empty, and others have no such column."""
SHARED = 0.9
"""From this share of ids on that two languages have in common, these are taken for the same items."""


@dataclass
class Tables:
    """The tables of a set, read with one quoting and one idea of a header."""

    found: FileSet
    dialects: Mapping[str, Dialect]
    quoting: str = ""
    header: bool = False
    header_why: str = ""

    def __post_init__(self) -> None:
        self.quoting = quoting_of([self.dialects[one.file] for one in self.found.files])
        self.header, self.header_why = columns.header_of([self.rows(one) for one in self._longest_first()])

    def _longest_first(self) -> list[NamedFile]:
        return sorted(self.found.files, key=lambda one: -len(self.rows(one)))

    def rows(self, one: NamedFile) -> Sequence[Cells]:
        """The rows of a file, that of the header among them."""
        return self.dialects[one.file].read_as(self.quoting)

    def columns_of(self, files: Sequence[NamedFile]) -> list[Column]:
        """The columns that all of these files have, the longest file's values first."""
        read = sorted((self.rows(one) for one in files), key=len, reverse=True)
        if not self.header:
            return columns.columns_of(read, header=False)
        names = [name for name in read[0][0] if all(name in rows[0] for rows in read)]
        places = [[rows[0].index(name) for name in names] for rows in read]
        cut = [[tuple(row[at] for at in place) for row in rows] for rows, place in zip(read, places, strict=True)]
        made = columns.columns_of(cut, header=True)
        return [replace(one, place=read[0][0].index(one.name) + 1) for one in made]


def fits(dialects: Mapping[str, Dialect], one: NamedFile, other: NamedFile) -> bool:
    """Whether two files may be tables of one set: of one delimiter, and one header or one width."""
    mine, yours = dialects[one.file], dialects[other.file]
    if mine.delimiter != yours.delimiter:
        return False
    if mine.width == yours.width:
        return True
    names = set(_first(mine)) & set(_first(yours))
    return len(names) > 1 and all(re.search(r"[^\W\d]", name) for name in names)


def _first(dialect: Dialect) -> Cells:
    return dialect.read_as(next(iter(dialect.rows), ""))[0]


def fill(draft: Draft, found: FileSet, dialects: Mapping[str, Dialect]) -> None:
    """Make a draft of tables, by what their columns are."""
    tables = Tables(found, dialects)
    _drop_gaps(draft, tables)
    every = tables.columns_of(found.files)
    draft.data["reader"] = ("delimited", "")
    wide = [column for column in tables.columns_of(found.files[:1]) if tables.header and _is_language(column)]
    pair = columns.pair_of(every)
    label = columns.label_of(every)
    if len(wide) > 1:
        _fill_wide(draft, tables, wide)
    elif pair and (score := _score_of(every, pair)):
        _fill_pairs(draft, tables, pair, score)
    elif label and (text := columns.text_of([one for one in every if one is not label[0]])):
        _fill_labeled(draft, tables, every, text, label)
    else:
        raise UsageError(
            f"{found.files[0].file}: no column holds labels or scores, and no two hold translations "
            f"({_described(every)}): there is nothing to ask"
        )
    _say_dialect(draft, tables)
    _say_problems(draft, tables, every)


def _drop_gaps(draft: Draft, tables: Tables) -> None:
    """Leave out files in which a column is mostly filled, but not nearly everywhere, and which others do without."""
    found = tables.found
    gaps = {}
    for one in found.files:
        columns_ = tables.columns_of([one])
        gaps[one.file] = [c.ref for c in columns_ if MANY_GAPS * len(c.values) < c.empty < len(c.values)]
    if any(gaps.values()) and not all(gaps.values()):
        for file in (file for file, refs in gaps.items() if refs):
            draft.left_out.append(f"{file}: column {gaps[file][0]!r} is empty in many rows.")
        found.files = [one for one in found.files if not gaps[one.file]]


def _described(every: Sequence[Column]) -> str:
    return first_of([repr(column.ref) for column in every], 5)


def _is_language(column: Column) -> bool:
    return bool(language.meant(column.name)) and not language.is_weak(column.name) and column.has_letters


def _say_dialect(draft: Draft, tables: Tables) -> None:
    """Put header, delimiter and quoting into the draft, where they are not what a reader takes by itself."""
    first = tables.found.files[0].file
    delimiter = tables.dialects[first].delimiter
    if not tables.header:
        draft.data["header"] = (False, tables.header_why)
    patterns = draft.data["files"][0]
    usual = (
        "\t" if (patterns if isinstance(patterns, str) else patterns[0]).removesuffix(".gz").endswith(".tsv") else ","
    )
    if delimiter != usual:
        draft.data["delimiter"] = (delimiter, "")
    if tables.quoting == "none":
        draft.data["quoting"] = (
            "none",
            "a quote is a character of the text: as CSV, files are broken or read otherwise",
        )


def _say_problems(draft: Draft, tables: Tables, every: Sequence[Column]) -> None:
    """What in the tables a run will stop at."""
    for one in tables.found.files:
        dialect = tables.dialects[one.file]
        if dialect.problem or tables.quoting not in dialect.rows:
            draft.unsure.append(f"A run will stop here: {dialect.problem or f'{one.file} quotes otherwise'}")
    used = draft.data["fields"][0].values()
    for column in every:
        if column.empty and column.ref in used:
            draft.unsure.append(
                f"Column {column.ref!r} is empty in {count_text(column.empty, 'row')}: a run will stop at the first."
            )


def _texts(tables: Tables, text: Column) -> dict[str, list[str]]:
    """File -> some texts of it."""
    made = {}
    for one in tables.found.files:
        rows = tables.rows(one)
        names = rows[0] if tables.header else ()
        place = names.index(text.name) if text.name in names else text.place - 1
        made[one.file] = [row[place] for row in rows[int(tables.header) :][:300] if place < len(row)]
    return made


def _fill_labeled(
    draft: Draft, tables: Tables, every: Sequence[Column], text: tuple[Column, str], label: tuple[Column, str]
) -> None:
    """Texts with labels: classification, or clustering of words into many classes."""
    found, (texts, text_why), (labels, label_why) = tables.found, text, label
    values = sorted_labels(labels.counts)
    area, why = area_of(values, [found.folder, *(one.file for one in found.files[:1]), labels.name])
    words = texts.words < 3 and area != "sentiment"
    draft.card["area"] = ("clustering" if words else area, "" if words else why)
    kinds = f"{len(values)} different labels"
    draft.card["protocol"] = (
        ("clustering", f"words with {kinds}: are they grouped by their vectors?") if words
        else ("classification", f"texts with {kinds}: a probe learns them from vectors")
    )  # fmt: skip
    say_splits(draft, found, learns=not words)
    if not _say_language_column(draft, tables, every, texts):
        some = _texts(tables, texts)
        say_languages(draft, found, lambda file: some[file])
    draft.data["fields"] = ({"text": texts.ref, "label": labels.ref}, f"{text_why}; {label_why}")
    _say_rivals(draft, every, texts, labels)
    if len(found.codes) > 1 and (shared := _shared_id(tables, every, labels)):
        draft.data["id"] = (
            shared.ref,
            "the languages share these ids, with the same labels: the items are translations",
        )
    draft.options["labels"] = (values, "")
    if all(re.fullmatch(r"-?\d+", value) for value in values):
        table = ", ".join(f'{value} = "..."' for value in values[:6])
        draft.unsure.append(
            f"What do the labels {first_of(values, 6)} mean? In [data], labels = {{ {table} }} names them."
        )


def _say_rivals(draft: Draft, every: Sequence[Column], text: Column, label: Column) -> None:
    """Other columns that may be the text or the label."""
    others = [one for one in every if one not in (text, label)]
    texts = [one for one in others if one.has_letters and (one.is_called(columns.TEXT) or one.length * 2 > text.length)]
    if rivals := [repr(one.ref) for one in texts if not one.is_called((*columns.ID, *columns.LABEL))]:
        draft.unsure.append(f"The text may be (in part) {first_of(rivals, 3)}: several can be joined in a list.")
    named = label.is_called(columns.LABEL)
    if rivals := [repr(one.ref) for one in others if one.is_called(columns.LABEL) or (not named and one.may_be_label)]:
        draft.unsure.append(f"The label may be {first_of(rivals, 3)}, and not {label.ref!r}.")


def _say_language_column(draft: Draft, tables: Tables, every: Sequence[Column], text: Column) -> bool:
    """Say the languages by a column of them; False where there is none."""
    column = columns.called(every, columns.LANGUAGE)
    if tables.found.words or column is None or not column.may_be_language:
        return False
    value = column.counts.most_common(1)[0][0]
    code = language.meant(value)
    draft.card["languages"] = ([code], f"from the column {column.ref!r}")
    draft.data["files"] = (tables.found.files[0].file, "")
    draft.data["where"] = ({str(column.ref): value}, "")
    draft.data["language"] = (code, "")
    if len(column.counts) > 1:
        draft.unsure.append(
            f"The column {column.ref!r} has {len(column.counts)} languages, and a card reads one of them: {value!r}."
        )
    return True


def _shared_id(tables: Tables, every: Sequence[Column], label: Column | None) -> Column | None:
    """The column whose values are the same in all languages, with the same labels; None where there is none."""
    files = tables.found.of_split("test")
    for column in every:
        if not (column.is_called(columns.ID) or (not column.name and column.is_number)) or column.empty:
            continue
        known: dict[str, str] = {}
        for number, one in enumerate(files):
            ids, labels = _values(tables, one, column), _values(tables, one, label or column)
            if len(set(ids)) < len(ids):
                break
            pairs = dict(zip(ids, labels, strict=True))
            common = pairs.keys() & known.keys()
            if number and (
                len(common) < SHARED * len(pairs) or (label and any(pairs[item] != known[item] for item in common))
            ):
                break
            known |= pairs
        else:
            return column
    return None


def _values(tables: Tables, one: NamedFile, column: Column) -> list[str]:
    rows = tables.rows(one)
    place = rows[0].index(column.name) if tables.header and column.name in rows[0] else column.place - 1
    return [row[place] for row in rows[int(tables.header) :]]


def _score_of(every: Sequence[Column], pair: tuple[Column, Column]) -> Column | None:
    """The column that says of pairs how alike they are, or whether they are one; None where there is none."""
    others = [one for one in every if one not in pair and not one.is_called(columns.ID)]
    named = columns.called(others, columns.SCORE) or columns.called(others, columns.LABEL)
    if named and (named.is_number or len(named.counts) == 2):
        return named
    numbers = [one for one in others if one.is_number and not (one.is_unique and one.place == 1)]
    return numbers[0] if numbers else next((one for one in others if len(one.counts) == 2 and not one.empty), None)


def _fill_pairs(draft: Draft, tables: Tables, pair: tuple[Column, Column], score: Column) -> None:
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
    first = _texts(tables, pair[0])
    say_languages(draft, found, lambda file: first[file])
    field = "label" if yes else "score"
    draft.data["fields"] = ({"text": pair[0].ref, "second": pair[1].ref, field: score.ref}, "")


def _fill_wide(draft: Draft, tables: Tables, wide: Sequence[Column]) -> None:
    """A column a language: the texts of a row are translations."""
    found = tables.found
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("retrieval", f"{len(wide)} columns are languages: the texts of a row are translations")
    say_splits(draft, found, learns=False)
    name = found.patterns[0] if len(found.splits) > 1 else found.files[0].file
    if found.words:
        name = found.files[0].file
        draft.card.pop("splits", None)
    if len(found.files) > len(found.splits or "1"):
        draft.unsure.append(f"A card reads one such table: {name}. Make a draft of each of the others.")
        found.only(lambda one: one.file == name or not found.words)
    words = {column.name: language.meant(column.name) for column in wide if not column.empty}
    codes = sorted(set(words.values()))
    if lost := [column.name for column in wide if column.empty]:
        draft.unsure.append(f"Columns with empty cells are left out: {first_of(lost, 5)}.")
    if len(codes) < 2:
        raise UsageError(f"{name}: of its columns {_described(wide)} fewer than two hold a text in every row")
    draft.card["languages"] = (codes, "from the names of columns")
    draft.data["files"] = (name, "")
    draft.data["fields"] = ({"text": LANGUAGE}, "a column a language")
    if aliases := aliases_of(words, codes):
        draft.data["aliases"] = (aliases, "the name of the column = the code")
    if len(codes) > 2 and "eng" in codes:
        draft.options["pairs"] = ("eng", "every other language to it, and from it")
