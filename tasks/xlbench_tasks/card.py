"""Cards: a task in a TOML file. A card is read and checked here, every key of it, and becomes a `Task`.

Errors name the file and the key. No data is read here; that begins when the task's subsets are asked for. What a
[data] table may hold is said by its reader, what [options] may hold by the protocol; either can be another package's.
"""

from __future__ import annotations

import json
import re
import reprlib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from xlbench import AREAS, Data, DataError, Metric, Subset, Task, UsageError
from xlbench.names import check_name, did_you_mean
from xlbench_tasks.modules import allowed, module_of
from xlbench_tasks.protocols import PROTOCOLS
from xlbench_tasks.readers import PACKAGED
from xlbench_tasks.readers._files import read_text
from xlbench_tasks.source import DataSet, FirstAtHand, HeldOut, Home, Source

CARDS = Path(__file__).parent / "cards"

REGISTERS = ("regularized", "unregularized")
"""Kinds of text: edited, such as news and encyclopaedias; or as people write, such as tweets, comments and reviews."""

KEYS: Mapping[str, Any] = {
    "name": str,
    "area": AREAS,
    "version": int,
    "protocol": PROTOCOLS,
    "description": str,
    "licence": str,
    "citation": str,
    "languages": list[str],
    "register": REGISTERS,
    "data": dict[str, Any],
    "options": dict[str, Any],
    "metrics": list[str],
    "splits": dict[str, str],
    "holdout": dict[str, float],
    "extends": str,
}
"""What a card may hold. ``protocol``: one of these, or a module, ``package.module``;
``splits``: train, dev and test -> what the data set calls them, in the place of ``{split}``;
``holdout``: the share of each, for a data set without splits;
``extends``: a card of the same folder (or of this plugin) whose keys this one begins with."""
SPLITS = ("train", "dev", "test")
SPLIT = "{split}"
REQUIRED = ("name", "area", "protocol", "description", "licence", "languages", "data")

DATA_KEYS: Mapping[str, Any] = {"name": str, "url": str, "aliases": dict[str, str], "splits": dict[str, str]}
"""What every [data] table may hold: the data set's name, where its files can be had, the data set's code -> language
where the two differ, and the card's splits that this home calls otherwise than the card."""

_HUB = "https://huggingface.co/datasets"
_LANGUAGE = re.compile(r"[a-z]{3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")


@dataclass(frozen=True)
class Card:
    """A card that has been checked. Plain values only: it can be compared and pickled."""

    file: str
    name: str
    area: str
    protocol: str
    description: str
    licence: str
    languages: tuple[str, ...]
    homes: tuple[Home, ...]
    """Where the data can be, in the order in which they are tried."""
    version: int = 1
    citation: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    """Which of the protocol's metrics, the main one first; all where it is empty."""
    splits: Mapping[str, str] = field(default_factory=dict)
    holdout: Mapping[str, float] = field(default_factory=dict)
    register: Literal["", "regularized", "unregularized"] = ""


def read_card(path: Path, spec: str = "") -> Card:
    """Read and check a card; `UsageError` names the file and the key. ``spec`` is what it was asked for by, where that
    is not its name."""
    raw, beside = _inherited(path, ())
    where = path.name
    check_table(raw, {**KEYS, "protocol": allowed("protocol", raw.get("protocol"))}, where, REQUIRED)
    check_name(f"{where}: task", raw["name"])
    if raw.get("version", 1) < 1:
        raise UsageError(f"{where}: version must be 1 or more")
    languages = _check_languages(raw["languages"], where)
    splits = _check_splits(raw, where)
    protocol = module_of("protocol", raw["protocol"], where)
    options = raw.get("options", {})
    check_table(options, protocol.OPTIONS, f"{where}: [options]")
    try:
        known = [metric.name for metric in protocol.metrics(options)]
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    for metric in raw.get("metrics", ()):
        if metric not in known:
            hint = did_you_mean(metric, known)
            raise UsageError(f"{where}: protocol {raw['protocol']!r} has no metric {metric!r}.{hint}")
    homes = _homes(raw["data"], raw["name"], languages, splits, where, beside)
    return Card(
        file=where,
        name=raw["name"],
        area=raw["area"],
        protocol=raw["protocol"],
        description=raw["description"],
        licence=raw["licence"],
        languages=languages,
        homes=tuple(replace(home, task=spec or raw["name"]) for home in homes),
        version=raw.get("version", 1),
        citation=raw.get("citation", ""),
        options=options,
        metrics=tuple(raw.get("metrics", ())),
        splits=splits,
        holdout=raw.get("holdout", {}),
        register=raw.get("register", ""),
    )


def _check_splits(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    """The splits of a card; `UsageError` for unknown ones, and for shares that are not shares."""
    splits, holdout = raw.get("splits", {}), raw.get("holdout", {})
    if splits and holdout:
        raise UsageError(f"{where}: splits and holdout exclude each other")
    for name in (*splits, *holdout):
        if name not in SPLITS:
            raise UsageError(f"{where}: there is no split {name!r}, only {_words(SPLITS)}.{did_you_mean(name, SPLITS)}")
    if (splits or holdout) and "test" not in {**splits, **holdout}:
        raise UsageError(f"{where}: there is no test split")
    if holdout and (min(holdout.values()) <= 0 or abs(sum(holdout.values()) - 1) > 1e-9):
        raise UsageError(f"{where}: the shares of holdout must be above 0 and add up to 1")
    return dict(splits)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file; `UsageError` where there is none, or where it is broken (with the line)."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not valid TOML: {error}") from None
    except DataError as error:
        raise UsageError(str(error)) from None


def _inherited(path: Path, seen: tuple[Path, ...]) -> tuple[dict[str, Any], Path]:
    """A card's keys on top of those of the card that it extends; its [data] and [options] are merged key by key.

    With them comes the folder of the card that says ``embedded``: whoever extends it means the same files.
    """
    own = read_toml(path)
    folder = path.resolve().parent
    if "extends" not in own:
        return own, folder
    if path.resolve() in seen:
        raise UsageError(f"{path.name}: extends itself, by way of {seen[-1].name}")
    if "name" not in own:
        raise UsageError(f"{path.name}: a card that extends another needs a name of its own")
    parent = path.parent / f"{check_name('card', own['extends'])}.toml"
    if not parent.is_file():
        parent = CARDS / parent.name
    if not parent.is_file():
        known = sorted(file.stem for folder in (path.parent, CARDS) for file in folder.glob("*.toml"))
        raise UsageError(f"{path.name}: extends no card: {own['extends']!r}.{did_you_mean(own['extends'], known)}")
    base, beside = _inherited(parent, (*seen, path.resolve()))
    if isinstance(own.get("data"), dict) and "embedded" in own["data"]:
        beside = folder
    for name in ("data", "options"):
        if isinstance(own.get(name), dict) and isinstance(base.get(name), dict):
            own[name] = base[name] | own[name]
    return base | own, beside


def _check_languages(languages: list[str], where: str) -> tuple[str, ...]:
    if not languages:
        raise UsageError(f"{where}: languages is empty")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise UsageError(
                f"{where}: {language!r} in languages is not an ISO 639-3 code, with a script or a region where it "
                f"matters (hin, zho_Hans, por_BR)"
            )
    if repeated := sorted({language for language in languages if languages.count(language) > 1}):
        raise UsageError(f"{where}: languages has {', '.join(map(repr, repeated))} twice")
    return tuple(languages)


def _homes(
    data: dict[str, Any], task: str, languages: tuple[str, ...], splits: Mapping[str, str], where: str, beside: Path
) -> tuple[Home, ...]:
    """The homes of a card: its [data] table, then [data.hub]. Embedded files lie ``beside`` the card; those of this
    plugin's cards lie elsewhere, as the readers know."""
    tables = [(f"{where}: [data]", {key: value for key, value in data.items() if key != "hub"})]
    if "hub" in data:
        if not isinstance(data["hub"], dict):
            raise UsageError(f"{where}: [data.hub] must be a table")
        tables.append((f"{where}: [data.hub]", {"reader": "hub", **data["hub"]}))
    name = check_name("data set", data.get("name", task))
    homes = [_home(place, table, name, languages) for place, table in tables]
    for home in homes:
        _check_home_splits(home, splits)
    if homes[0].table.get("embedded") is True and beside != CARDS.resolve():
        homes[0] = replace(homes[0], table={**homes[0].table, "embedded": str(beside)})
    return tuple(homes)


def _home(where: str, table: dict[str, Any], name: str, languages: tuple[str, ...]) -> Home:
    keys: dict[str, Any] = {"reader": allowed("reader", table.get("reader")), **DATA_KEYS}
    required: tuple[str, ...] = ("reader",)
    checked = table
    if _fits(keys["reader"], table.get("reader")):
        reader = module_of("reader", table["reader"], where)
        keys, required = keys | reader.KEYS, reader.REQUIRED
    else:  # which keys there may be is not known, but a misspelt "reader" is
        checked = {key: value for key, value in table.items() if key == "reader" or did_you_mean(key, ["reader"])}
    check_table(checked, keys, where, required)
    for code, language in table.get("aliases", {}).items():
        if language not in languages:
            hint = did_you_mean(language, languages)
            raise UsageError(f"{where} aliases: {code!r} is {language!r}, which languages does not list.{hint}")
    if table.get("max_rows", 1) < 1:
        raise UsageError(f"{where} max_rows: must be 1 or more")
    home = Home(where, name, table["reader"], languages, table)
    _source(home, Data())  # checks what types cannot say, and touches no file
    return home


def _check_home_splits(home: Home, splits: Mapping[str, str]) -> None:
    """That a home tells the card's splits apart, and renames none but those."""
    own: Mapping[str, str] = home.table.get("splits", {})
    known = tuple(splits) or ("test",)
    for name in own:
        if name not in known:
            raise UsageError(
                f"{home.where} splits: the card has no {name!r}, only {_words(known)}.{did_you_mean(name, known)}"
            )
    told_apart = of_split(home, "").table != home.table
    if own and not told_apart:
        raise UsageError(f"{home.where} splits: nothing in this table holds {SPLIT}, whose place the names could take")
    if len(splits) > 1 and not told_apart:
        raise UsageError(f"{home.where}: {SPLIT} is nowhere in this table, so {_words(splits)} would be the same data")


def check_table(table: Mapping[str, Any], keys: Mapping[str, Any], where: str, required: Iterable[str] = ()) -> None:
    """Check a table's keys against ``keys`` (name -> type or allowed values) and ``required``; `UsageError`."""
    for name, value in table.items():
        if name not in keys:
            raise UsageError(
                f"{where} has no key {name!r}.{did_you_mean(name, keys) or f' It can have {_words(keys)}.'}"
            )
        if not _fits(keys[name], value):
            hint = did_you_mean(value, keys[name]) if isinstance(value, str) and isinstance(keys[name], tuple) else ""
            raise UsageError(f"{where} {name}: {reprlib.repr(value)} is not {_described(keys[name])}.{hint}")
    if missing := [name for name in required if name not in table]:
        raise UsageError(f"{where} lacks {_words(missing)}")


def _fits(kind: Any, value: Any) -> bool:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, tuple):
        return value in kind
    if origin is types.UnionType:
        return any(_fits(option, value) for option in arguments)
    if origin is list:
        return isinstance(value, list) and all(_fits(arguments[0], item) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(arguments[1], item) for item in value.values())
    return kind is Any or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))


def _described(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, tuple):
        return f"one of {_words(kind)}"
    if origin is types.UnionType:
        return " or ".join(_described(option) for option in arguments)
    if origin is list:
        return f"a list, each item {_described(arguments[0])}"
    if origin is dict:
        return "a table" if arguments[1] is Any else f"a table, each value {_described(arguments[1])}"
    return {str: "a string (in quotes)", int: "a whole number", float: "a number", bool: "true or false"}[kind]


def _words(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _source(home: Home, data: Data) -> Source:
    source: Source = module_of("reader", home.reader, home.where).source(home, data)
    return source


def open_source(card: Card, data: Data, split: str = "test") -> Source:
    """One split of the card's data: of the first of its homes where there is any."""
    sources = sources_of(card, data, split)
    return sources[0] if len(sources) == 1 else FirstAtHand(sources)


def sources_of(card: Card, data: Data, split: str) -> list[Source]:
    """One split of the card's data in each of its homes, in the order in which they are tried."""
    usual = card.splits.get(split, split)
    return [_source(of_split(home, home.table.get("splits", {}).get(split, usual)), data) for home in card.homes]


def open_data(card: Card, data: Data) -> DataSet:
    """The card's data, with its splits."""
    if card.holdout:
        whole = open_source(card, data)
        return DataSet({part: HeldOut(whole, card.holdout, part) for part in card.holdout})
    return DataSet({split: open_source(card, data, split) for split in card.splits or ("test",)})


def of_split(home: Home, name: str) -> Home:
    """A home with ``{split}`` replaced, everywhere in its table, by what the data set calls the split."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(SPLIT, name)
        return [filled(item) for item in value] if isinstance(value, list) else value

    return replace(home, table={key: filled(value) for key, value in home.table.items()})


def task(card: Card) -> Task:
    """The task that a card describes.

    Its settings are what shapes its scores beside the data: the protocol, the protocol's version and options. Where
    the data lies is not: what was read has a fingerprint of its own.
    """
    protocol = module_of("protocol", card.protocol, card.file)
    settings = {"protocol": card.protocol, "protocol_version": protocol.VERSION, "options": dict(card.options),
                "holdout": dict(card.holdout)}  # fmt: skip
    hub = [home for home in card.homes if home.reader == "hub"]
    by_name: dict[str, Metric] = {metric.name: metric for metric in protocol.metrics(card.options)}
    return Task(
        name=card.name,
        area=card.area,
        metrics=tuple(by_name[name] for name in card.metrics or by_name),
        subsets=partial(_subsets, card),
        evaluate=partial(protocol.evaluate, options=card.options),
        version=card.version,
        settings=json.dumps(settings, sort_keys=True, ensure_ascii=False),
        languages=card.languages,
        data=card.homes[0].name,
        description=card.description,
        licence=card.licence,
        citation=card.citation,
        register=card.register,
        home="; or ".join(_shown(home) for home in card.homes),
        origin=next((f"{_HUB}/{home.table['repo']}" for home in hub), ""),
        revision=next((str(home.table["revision"]) for home in hub), ""),
        at_hand=None if _comes_along(card) else partial(_at_hand, card),
        fetch=None if _comes_along(card) else partial(_fetch, card),
    )


def _comes_along(card: Card) -> bool:
    """Whether its data is part of a package that is installed."""
    return card.homes[0].reader in PACKAGED or bool(card.homes[0].table.get("embedded"))


def _at_hand(card: Card, data: Data) -> str:
    from xlbench_tasks import bringing

    return bringing.at_hand(card, data)


def _fetch(card: Card, data: Data) -> str:
    from xlbench_tasks import bringing

    return bringing.bring(card, data)


def _subsets(card: Card, data: Data) -> Iterable[Subset]:
    protocol = module_of("protocol", card.protocol, card.file)
    subsets: Iterable[Subset] = protocol.subsets(open_data(card, data), card.options, data, card.languages)
    return subsets


def _shown(home: Home) -> str:
    """A home in words, for a reader."""
    table = home.table
    if "repo" in table:
        return f"{_HUB}/{table['repo']} at {table['revision']}"
    files = table.get("files", ())
    listed = " and ".join([files] if isinstance(files, str) else files)
    return ", from ".join(part for part in (listed, table.get("url", "")) if part) or f"reader {home.reader}"
