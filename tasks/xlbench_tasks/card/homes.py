"""Opens the data of a card: which reader opens which home, and which split comes from where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xlbench import Data
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.data.source import Home, Source
from xlbench_tasks.data.splits import DataSet, FirstAvailable, HeldOut
from xlbench_tasks.lookup import module_of


def source_of(home: Home, data: Data) -> Source:
    """The source that a home's reader makes of it; `UsageError` for what types of keys cannot say. Touches no file."""
    source: Source = module_of("reader", home.reader, home.where).source(home, data)
    return source


def open_source(card: Card, data: Data, split: str = "test") -> Source:
    """One split of the card's data: of the first of its homes where there is any."""
    sources = sources_of(card, data, split)
    return sources[0] if len(sources) == 1 else FirstAvailable(sources)


def sources_of(card: Card, data: Data, split: str) -> list[Source]:
    """One split of the card's data in each of its homes, in the order in which they are tried."""
    usual = card.splits.get(split, split)
    return [source_of(of_split(home, home.table.get("splits", {}).get(split, usual)), data) for home in card.homes]


def open_data(card: Card, data: Data) -> DataSet:
    """The card's data, with its splits."""
    if card.holdout:
        whole = open_source(card, data)
        return DataSet({part: HeldOut(whole, card.holdout, part) for part in card.holdout})
    if card.folds:
        whole = open_source(card, data)
        return DataSet({"train": whole, "test": whole}, card.folds)
    return DataSet({split: open_source(card, data, split) for split in card.splits or ("test",)})


def of_split(home: Home, name: str) -> Home:
    """A home with ``{split}`` replaced, everywhere in its table, by what the data set calls the split."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(SPLIT, name)
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value

    return replace(home, table={key: filled(value) for key, value in home.table.items()})
