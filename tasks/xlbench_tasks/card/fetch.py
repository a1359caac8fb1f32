"""Finds or downloads the data of a card before a run.

Of every split, the first home that has anything is the one that a run would read; a home whose source is `Fetchable` is
asked to fetch what is not there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from xlbench import Data, DataMissing
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.homes import sources_of
from xlbench_tasks.data.source import Fetchable, Home


def at_hand(card: Card, data: Data) -> str:
    """Where the card's data lies, found without a request; "" where some of it would have to be fetched.

    Raises `DataMissing`, which says where it can be had, where it cannot be fetched.
    """
    places = _places(card, data, fetching=False)
    return str(_common(places)) if places else ""


def fetch(card: Card, data: Data) -> str:
    """Fetch what is not at hand and return where the data lies; `DataMissing` where that does not succeed."""
    return str(_common(_places(card, data, fetching=True)))


def wanted_languages(card: Card, data: Data) -> tuple[str, ...]:
    """The languages that are asked for and those that the card's options ask together with each: what is paired with
    all others, what is trained on. None where all are."""
    if not data.languages:
        return ()
    pairs = card.options.get("pairs", ())
    beside = [*((pairs,) if isinstance(pairs, str) else pairs), *card.options.get("from", ())]
    known = card.languages or tuple(dict.fromkeys((*data.languages, *beside)))
    return tuple(language for language in known if language in data.languages or language in beside)


def _places(card: Card, data: Data, *, fetching: bool) -> list[Path]:
    """Where the splits lie; empty where one of them is not at hand."""
    places: list[Path] = []
    for split in ("test",) if card.holdout else tuple(card.splits) or ("test",):
        found = _of_split(card, data, split, fetching=fetching)
        if not found:
            return []
        places += found
    return places


def _of_split(card: Card, data: Data, split: str, *, fetching: bool) -> Sequence[Path]:
    """Where one split lies, in the home that a run would read."""
    languages, reasons = wanted_languages(card, data), []
    for home, source in zip(card.homes, sources_of(card, data, split), strict=True):
        try:
            if isinstance(source, Fetchable):
                return source.fetch(languages) if fetching else source.at_hand(languages)
            present = source.languages()
        except DataMissing as missing:
            reasons.append(str(missing))
            continue
        if split == "test" and (lacking := [language for language in languages if language not in present]):
            raise DataMissing(source.why_missing(lacking[0]))
        if present:
            return [_folder(home, data)]
    raise DataMissing("; and ".join(reasons) or f"{card.name}: there is nothing in any of its homes")


def _folder(home: Home, data: Data) -> Path:
    """The part of the data root that holds a home's files: what comes before the first placeholder of its patterns."""
    root = data.root or Path()
    heads = []
    for pattern in home.patterns():
        head, placeholder, _ = pattern.partition("{")
        heads.append(root / (head.rpartition("/")[0] if placeholder else head))
    return _common(heads or [root])


def _common(places: Sequence[Path]) -> Path:
    """The folder (or the one file) that holds all of them."""
    return Path(os.path.commonpath(places))
