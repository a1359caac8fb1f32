"""A card as a task: its subsets, its protocol, and the fetching of its data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xlbench import Data, Download, ItemText, Metric, Outcome, Subset, Task
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import check_language_options
from xlbench_tasks.data.source import Home
from xlbench_tasks.lookup import module_of
from xlbench_tasks.readers import PACKAGED

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench.core.data_view import DataView

_HUB = "https://huggingface.co/datasets"


def task(card: Card) -> Task:
    """The task that a card describes.

    Its settings are what shapes its scores beside the data: the protocol, the protocol's version and options. Where
    the data lies is not: what was read has a fingerprint of its own.
    """
    protocol = module_of("protocol", card.protocol, card.file)
    settings = {"protocol": card.protocol, "protocol_version": protocol.VERSION, "options": dict(card.options),
                "holdout": dict(card.holdout)} | ({"folds": card.folds} if card.folds else {})  # fmt: skip
    by_name: dict[str, Metric] = {metric.name: metric for metric in protocol.metrics(card.options)}
    return Task(
        **described_fields(card),
        metrics=tuple(by_name[name] for name in card.metrics or by_name),
        subsets=partial(_subsets, card),
        evaluate=partial(_evaluate, card, protocol.evaluate),
        texts=_texts,
        find=getattr(protocol, "find", None),
        settings=json.dumps(settings, sort_keys=True, ensure_ascii=False),
    )


def _evaluate(card: Card, evaluate: Callable[..., Outcome], subset: Subset, session: EncodingSession) -> Outcome:
    """The protocol's outcome, with the chance levels of the metrics that the card takes."""
    outcome = evaluate(subset, session, options=card.options)
    if not card.metrics:
        return outcome
    return replace(outcome, chance={name: level for name, level in outcome.chance.items() if name in card.metrics})


def _view(card: Card, data: Data) -> DataView:
    from xlbench_tasks.card import view

    return view.view(card, data)


def _texts(subset: Subset) -> Sequence[ItemText]:
    from xlbench_tasks.card import texts

    return texts.texts(subset)


def described_fields(card: Card) -> dict[str, Any]:
    """The fields of the task that the card says itself."""
    return {
        "name": card.name,
        "area": card.area,
        "version": card.version,
        "languages": card.languages,
        "data": card.homes[0].name,
        "description": card.description,
        "license": card.license,
        "citation": card.citation,
        "register": card.register,
        "home": "; or ".join(_home_text(home) for home in card.homes),
        "download": None if _is_packaged(card) else _download(card),
        "view": partial(_view, card),
    }


def _download(card: Card) -> Download[[Data]]:
    """How its data is brought: from the first of its homes that is on the hub, or by hand."""
    hub = [home for home in card.homes if home.reader == "hub" and "revision" in home.table]
    return Download(
        fetch=partial(_fetch, card),
        at_hand=partial(_at_hand, card),
        origin=next((f"{_HUB}/{home.table['repo']}" for home in hub), ""),
        revision=next((str(home.table["revision"]) for home in hub), ""),
    )


def _is_packaged(card: Card) -> bool:
    """Whether its data is part of a package that is installed."""
    return card.homes[0].reader in PACKAGED or bool(card.homes[0].table.get("embedded"))


def _at_hand(card: Card, data: Data) -> str:
    from xlbench_tasks.card import fetch

    return fetch.at_hand(card, data)


def _fetch(card: Card, data: Data) -> str:
    from xlbench_tasks.card import fetch

    return fetch.fetch(card, data)


def _subsets(card: Card, data: Data) -> Iterable[Subset]:
    protocol = module_of("protocol", card.protocol, card.file)
    opened, languages = open_data(card, data), card.languages
    if not languages:  # whichever are at hand; one that is asked for and is not there is missing
        languages = tuple(dict.fromkeys((*opened.languages(), *data.languages)))
        check_language_options(card.options, protocol, languages, card.file)
    subsets: Iterable[Subset] = protocol.subsets(opened, card.options, data, languages)
    return subsets


def _home_text(home: Home) -> str:
    """A home in words, for a reader."""
    table = home.table
    if "repo" in table and "revision" not in table:
        return f"the folder {table['repo']}"
    if "repo" in table:
        return f"{_HUB}/{table['repo']} at {table['revision']}"
    listed = " and ".join(home.patterns())
    return ", from ".join(part for part in (listed, table.get("url", "")) if part) or f"reader {home.reader}"
