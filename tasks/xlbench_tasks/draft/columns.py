"""What the columns of a table hold: a header, and which column is the text, the label, the id, the language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xlbench_tasks.data.text import visible
from xlbench_tasks.draft import language
from xlbench_tasks.draft.dialect import Cells
from xlbench_tasks.draft.names import SPLITS

TEXT = ("text", "sentence", "tweet", "review", "content", "body", "article", "document", "comment", "post", "message",
        "utterance", "word", "name", "headline", "title")  # fmt: skip
LABEL = ("label", "labels", "sentiment", "category", "class", "topic", "polarity", "intent", "tag", "target", "gold",
         "stars", "rating", "emotion")  # fmt: skip
ID = ("id", "index_id", "idx", "index", "uid", "guid", "sentence_id", "item_id", "doc_id", "key", "no", "nr")
LANGUAGE = ("language", "lang", "lang_code", "language_code", "iso", "locale", "lng")
SCORE = ("score", "similarity", "relatedness", "similarity_score", "relatedness_score", "gold_score", "mean", "rating")
FIRST = ("text1", "sentence1", "word1", "first", "premise", "text_a", "sentence_a", "question1", "s1", "source", "w1")
SECOND = ("text2", "sentence2", "word2", "second", "hypothesis", "text_b", "sentence_b", "question2", "s2", "target",
          "w2")  # fmt: skip
QUESTION = ("question", "query")
PASSAGE = ("passage", "context", "paragraph", "document", "flores_passage", "answer")
KNOWN = frozenset({*TEXT, *LABEL, *ID, *LANGUAGE, *SCORE, *FIRST, *SECOND, "url", "split", "question", "passage"})

MOST_LABELS = 100
"""A column with more different values is taken for no label, unless it is called one."""
MOST_EMPTY = 0.1
"""A column of which a larger share is empty is no label, unless it is called one."""
FEWEST_NUMBERS = 10
"""A column of numbers has so many different ones, to be cut into classes."""
FEWEST_ROWS = 20
"""So many rows tell a header by values that come again and again."""
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class Column:
    """A column over all files of a set."""

    place: int
    """From 1."""
    name: str
    """From the header; "" where there is none, or where it has none for this column."""
    values: Sequence[str]
    own: Sequence[str]
    """Those of the first file alone: other files may have the same texts again."""

    @property
    def plain(self) -> str:
        """The name as it is compared: the last part of one with dots, in lower case, with underscores
        between words and without marks around it (``Lang.``)."""
        return re.sub(r"[^\w.]+", "_", self.name.lower()).strip("_.").rpartition(".")[2].strip("_")

    def is_called(self, names: Sequence[str]) -> bool:
        """Whether it has one of these names, with or without a space in it (``word 1``)."""
        return self.plain in names or self.plain.replace("_", "") in names

    @cached_property
    def counts(self) -> Counter[str]:
        """Value -> how often."""
        return Counter(self.values)

    @cached_property
    def empty(self) -> int:
        """How many values nobody sees."""
        return sum(not visible(value) for value in self.values)

    @cached_property
    def length(self) -> float:
        """The mean length in characters."""
        return sum(map(len, self.values)) / max(1, len(self.values))

    @cached_property
    def words(self) -> float:
        """The mean number of words."""
        return sum(len(value.split()) for value in self.values) / max(1, len(self.values))

    @cached_property
    def is_number(self) -> bool:
        """Whether all values are numbers."""
        return all(_NUMBER.fullmatch(value.strip()) for value in self.counts if visible(value)) and self.has_text

    @property
    def has_text(self) -> bool:
        """Whether any value can be seen."""
        return self.empty < len(self.values)

    @cached_property
    def is_unique(self) -> bool:
        """Whether no value occurs twice."""
        return len(self.counts) == len(self.values)

    @property
    def is_varied(self) -> bool:
        """Whether so many values differ that they can be texts."""
        return len(set(self.own)) > len(self.own) / 4

    @cached_property
    def has_letters(self) -> bool:
        """Whether most values hold a letter."""
        sample = self.values[:500]
        return sum(any(map(str.isalpha, value)) for value in sample) > len(sample) / 2

    @property
    def may_be_label(self) -> bool:
        """Whether few values occur again and again."""
        n = len(self.values)
        return 2 <= len(self.counts) <= min(MOST_LABELS, max(2, n // 4)) and self.length < 60 and self.has_text

    @property
    def may_be_language(self) -> bool:
        """Whether its values are codes or names of languages."""
        values = [value for value in self.counts if visible(value)]
        return 0 < len(values) <= 1_000 and sum(bool(language.in_cell(one)) for one in values) >= 0.8 * len(values)

    @cached_property
    def tells_languages(self) -> bool:
        """Whether it says of every row in which of several languages it is, whatever the column is called."""
        if self.is_called(LANGUAGE):
            return self.may_be_language
        if not 2 <= len(self.counts) <= min(1_000, len(self.values) / 2):
            return False
        words = [one.strip().lower() for one in self.counts]
        return all(map(language.in_cell, self.counts)) and not all(map(language.is_weak, words))

    @cached_property
    def tells_splits(self) -> bool:
        """Whether it says of every row in which split it is."""
        return len(self.counts) > 1 and {one.strip().lower() for one in self.counts} <= SPLITS.keys()

    @property
    def ref(self) -> str | int:
        """How a card calls it: by its name, or by its number."""
        return self.name or self.place


def header_of(files: Sequence[Sequence[Cells]]) -> tuple[bool, str]:
    """Whether the first rows name the columns, and how that was told."""
    first = files[0][0]
    plain = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in first]
    if known := [cell for cell, one in zip(first, plain, strict=True) if one in KNOWN or one.replace("_", "") in KNOWN]:
        return True, f"the first line holds {known[0]!r}"
    if sum(bool(language.meant(cell)) and not language.is_weak(cell) for cell in first) > 1 and _is_rare(files[0]):
        return True, "the first line names languages"
    if len(files) > 1 and all(rows[0] == first for rows in files[1:]):
        return True, "the first line is the same in all files"
    if first[0] == "" and all(_NUMBER.fullmatch(row[0]) for row in files[0][1:]):
        return True, "the first column counts rows and has no name"
    for place, cell in enumerate(first):
        body = [row[place] for row in files[0][1:]]
        if body and not _NUMBER.fullmatch(cell.strip()) and visible(cell) and all(map(_NUMBER.fullmatch, body)):
            return True, f"{cell!r} stands above numbers"
    if above := _above_repeated(files[0]):
        return True, f"{above!r} stands above values that come again and again, and is none of them"
    return False, "the first line looks like those below it"


def _above_repeated(rows: Sequence[Cells]) -> str:
    """The first cell of a column whose other values all occur several times, where the whole first row is rare; ""
    where there is none."""
    body = rows[1:]
    for place, cell in enumerate(rows[0]):
        counts = Counter(row[place] for row in body)
        few = len(body) >= FEWEST_ROWS and len(counts) <= len(body) / 10 and min(counts.values()) > 1
        if few and cell not in counts and any(map(str.isalpha, cell)) and _is_rare(rows):
            return cell
    return ""


def _is_rare(rows: Sequence[Cells]) -> bool:
    """Whether the values of the first row occur nowhere below it."""
    return all(row[place] != cell for row in rows[1:200] for place, cell in enumerate(rows[0]))


def columns_of(files: Sequence[Sequence[Cells]], *, header: bool) -> list[Column]:
    """The columns over files of one width, whose headers (if any) are the same."""
    bodies = [one[int(header) :] for one in files]
    names = files[0][0] if header else ("",) * len(files[0][0])
    made = []
    for place, name in enumerate(name if names.count(name) == 1 else "" for name in names):
        own = [row[place] for row in bodies[0]]
        made.append(Column(place + 1, name, own + [row[place] for body in bodies[1:] for row in body], own))
    return made


def called(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    """The column with the first of these names that there is."""
    for name in names:
        for column in columns:
            if column.plain == name or column.plain.replace("_", "") == name:
                return column
    return None


def label_of(columns: Sequence[Column], *, languages: bool = False) -> tuple[Column, str] | None:
    """The column of labels, and how it was told; one of languages only where these are asked for."""
    able = [one for one in columns if not one.is_unique and one.has_text and not one.tells_splits]
    able = [one for one in able if one.tells_languages == languages]
    named = called([column for column in able if len(column.counts) > 1], LABEL)
    if named:
        return named, f"the column is called {named.name!r}"
    full = [one for one in able if one.empty <= MOST_EMPTY * len(one.values)]
    found = [column for column in full if column.may_be_label and not column.is_called(ID)]
    if not found:
        return None
    best = min(found, key=lambda column: (len(column.counts), column.place))
    return best, f"column {best.place} has {len(best.counts)} different values in {len(best.values):,} rows"


def language_of(columns: Sequence[Column], taken: Sequence[Column]) -> Column | None:
    """The column that says in which language each row is: by its name, else by its values; None where none does."""
    able = [one for one in columns if one.place not in {other.place for other in taken} and one.tells_languages]
    return called(able, LANGUAGE) or next(iter(able), None)


def text_of(columns: Sequence[Column]) -> tuple[Column, str] | None:
    """The column of texts, and how it was told."""
    able = [column for column in columns if column.has_letters and not column.is_called((*ID, *LANGUAGE, "url"))]
    able = [column for column in able if column.is_varied]
    if not able:
        return None
    longest = max(able, key=lambda column: column.length)
    named = called(able, TEXT)
    if named and (named.length * 2 > longest.length or longest.is_called(LABEL)):
        return named, f"the column is called {named.name!r}"
    return longest, f"column {longest.place} has the longest texts"


def pair_of(columns: Sequence[Column]) -> tuple[Column, Column] | None:
    """Two columns of texts that are alike: a pair a row; None where there is no such pair, or more than one."""
    first, second = called(columns, FIRST), called(columns, SECOND)
    if first and second and first.has_letters and second.has_letters:
        return first, second
    texts = [
        column for column in columns if column.has_letters and not column.is_called((*ID, *LANGUAGE, *LABEL, "url"))
    ]
    texts = [column for column in texts if column.is_varied]
    if len(texts) != 2 or max(one.length for one in texts) > 3 * min(one.length for one in texts) + 3:
        return None
    return texts[0], texts[1]


def number_of(columns: Sequence[Column]) -> Column | None:
    """The column of numbers that may be cut into classes: the first with many different ones; None for none."""
    able = [one for one in columns if one.is_number and not one.is_called(ID) and len(set(one.own)) >= FEWEST_NUMBERS]
    counting = [one for one in able if [*map(str, range(len(one.own)))] == [*one.own]]
    return next((one for one in able if one not in counting), None)
