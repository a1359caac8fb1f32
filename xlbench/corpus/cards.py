"""Reads the texts of a task in one language (``card:ntrex:nep``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xlbench.catalog import Catalog
from xlbench.core.errors import DataError, DataMissing, UsageError
from xlbench.core.item_texts import item_texts
from xlbench.core.task import Data, ItemText, Task
from xlbench.core.text import did_you_mean
from xlbench.corpus.inputs import CARD, Input


@dataclass(frozen=True)
class CardTexts:
    """The texts of a task in one language, each item once."""

    task: Task
    language: str
    texts: tuple[ItemText, ...]


def read_card(source: Input, catalog: Catalog, data: Data) -> CardTexts:
    """The texts that a card has in a language: those that are scored, each item once, whatever it is paired with.

    Args:
        source: An input such as ``card:ntrex:nep``.
        catalog: Where the task is looked up; a path of a card of one's own is fine, too.
        data: Where its files lie.

    Raises:
        UsageError: There is no such task or language, or the task does not tell its texts.
        DataMissing: The data is not at hand.
        DataError: The data is damaged.
    """
    name, _, language = source.spec.target.removeprefix(CARD).rpartition(":")
    (task,) = catalog.select_tasks([name])
    why, seen = "", set[str]()
    for subset in task.subsets(data):
        seen.update(subset.languages)
        if language not in subset.languages or subset.train_items == 0:
            continue
        if subset.damaged:
            raise DataError(subset.damaged)
        if subset.missing:
            why = why or subset.missing
            continue
        texts = {text.item: text for text in item_texts(task, subset) if text.language == language}
        if texts:
            return CardTexts(task, language, tuple(texts.values()))
    if why:
        raise DataMissing(f"{source.spec.text}: {why}")
    guess = did_you_mean(language, seen | set(task.languages))
    raise UsageError(f"{source.spec.text}: {task.name} has no texts in {language!r}.{guess} Give an ISO 639-3 code")


def texts_of(card: CardTexts) -> Iterator[tuple[int, str, str]]:
    """Number from 1, text and document of each."""
    for number, text in enumerate(card.texts, 1):
        yield number, text.text, text.cluster
