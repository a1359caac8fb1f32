"""Texts whose language is known, and what the language filter takes them for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xlbench.catalog import Catalog
from xlbench.core.errors import UsageError, XlbenchError
from xlbench.core.permissions import without_requests
from xlbench.core.task import Data
from xlbench.corpus.cards import read_card
from xlbench.corpus.inputs import CARD, Input, inputs_of
from xlbench.corpus.languages import ConfusionRow, LanguageFilter, check_language, confusion_row
from xlbench.corpus.reading import Watch, read_texts

TASKS = ("ntrex", "sib200-news", "mini-parallel")
"""Tasks whose texts the filter is measured on where no others are given: the first that has any language at hand."""
AT_MOST = 20_000
"""Texts of a language that the filter is measured on."""


@dataclass(frozen=True)
class LabeledTexts:
    """Texts of one language."""

    language: str
    source: str
    texts: tuple[str, ...]


def labeled_texts(languages: Sequence[str], given: Sequence[str], catalog: Catalog, data: Data) -> list[LabeledTexts]:
    """Texts whose language is known.

    Args:
        languages: Those that are asked for.
        given: Specs, ``CODE=FILE`` or ``CODE=card:TASK:CODE``; none: texts of the first of `TASKS` that has some.
        catalog: Where tasks are looked up.
        data: Where their files lie.

    Returns:
        Texts of every given language, or of those of ``languages`` that the task has.

    Raises:
        UsageError: A spec is wrong.
        DataError: A file is damaged.
        DataMissing: The data of a card that was named is not at hand.
    """
    if given:
        return [_given(text, catalog, data) for text in given]
    for task in TASKS:
        with without_requests():  # nobody has asked for these data
            texts = [*_of_task(task, languages, catalog, data)]
        if texts:
            return texts
    return []


def _given(text: str, catalog: Catalog, data: Data) -> LabeledTexts:
    language, sign, spec = text.partition("=")
    if not sign:
        raise UsageError(f"--measure-on {text}: write CODE=FILE, as hin=hindi.txt or hin=card:ntrex:hin")
    check_language(language)
    (source,) = inputs_of([spec], "--measure-on")
    texts = tuple(_nonempty(_texts(source, catalog, data)))
    if not texts:
        raise UsageError(f"--measure-on {text}: there is no text in it")
    return LabeledTexts(language, source.name, texts)


def _texts(source: Input, catalog: Catalog, data: Data) -> Iterator[str]:
    if source.is_card:
        yield from (text.text for text in read_card(source, catalog, data).texts)
        return
    for _, text, _ in read_texts(source, Watch(), skip_damaged=False):
        yield text


def _nonempty(texts: Iterator[str]) -> Iterator[str]:
    number = 0
    for text in texts:
        plain = " ".join(text.split())
        if plain:
            yield plain
            number += 1
        if number == AT_MOST:
            return


def _of_task(task: str, languages: Sequence[str], catalog: Catalog, data: Data) -> Iterator[LabeledTexts]:
    """Texts of those of the languages that the task has at hand."""
    for language in languages:
        (source,) = inputs_of([f"{CARD}{task}:{language}"])
        try:
            texts = tuple(_nonempty(text.text for text in read_card(source, catalog, data).texts))
        except XlbenchError:
            continue
        if texts:
            yield LabeledTexts(language, f"{task}, {language}", texts)


def measure(filter_: LanguageFilter, texts: Sequence[LabeledTexts], columns: Sequence[str]) -> Iterator[ConfusionRow]:
    """A row of the confusion table for each set of texts."""
    for labeled in texts:
        yield confusion_row(filter_, labeled.language, labeled.source, labeled.texts, columns)
