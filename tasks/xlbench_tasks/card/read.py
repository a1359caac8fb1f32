"""Reading a card: its TOML file, every key of it checked, made into a `Card`.

Errors name the file and the key. What a [data] table may hold is said by its reader, what [options] may hold by the
protocol; either can be another package's.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench import AREAS, Data, UsageError
from xlbench.core.ids import check_name, is_language
from xlbench.core.text import did_you_mean
from xlbench_tasks.card import defaults
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.homes import of_split, source_of
from xlbench_tasks.card.schema import (
    DATA_KEYS,
    KEYS,
    REQUIRED,
    SPLIT,
    SPLITS,
    check_table,
    fits_type,
    read_toml,
    type_words,
)
from xlbench_tasks.data.codes import three_letters
from xlbench_tasks.data.source import Home
from xlbench_tasks.lookup import allowed, module_of

PARTITIONS = ("splits", "holdout", "folds")
"""Keys that say what is learned from and what is scored; a card has one of them, or none."""

CARDS = Path(__file__).parent.parent / "cards"
"""The folder of the first-party cards."""


def read_card(path: Path, spec: str = "", *, imports: bool = True) -> Card:
    """Read and check a card.

    Args:
        path: the card's file.
        spec: what it was asked for by, where that is not its name: its path. Such a card may leave out what follows
            from the rest (`defaults`).
        imports: whether modules of other packages that it names are imported; without them, what a card asks of its
            protocol and its readers is not checked.

    Raises:
        UsageError: names the file and the key.
    """
    raw, beside = _read_with_inheritance(path, (), named=not spec)
    where = path.name
    keys = {**KEYS, "protocol": allowed("protocol", raw.get("protocol"))}
    check_table(raw, keys, where, defaults.REQUIRED if spec else REQUIRED)
    stated = "languages" in raw
    if spec:
        raw = defaults.complete(raw, path)
        check_table(raw, keys, where, REQUIRED)
    check_name(f"{where}: task", raw["name"])
    _check_area(raw["area"], where)
    if raw.get("version", 1) < 1:
        raise UsageError(f"{where}: version must be 1 or more")
    languages = _check_languages(raw["languages"], where, at_hand=not stated)
    splits = _check_splits(raw, where)
    if imports or "." not in raw["protocol"]:
        raw = {**raw, "options": _check_options(raw, languages, where)}
    homes = _homes(raw["data"], raw["name"], languages, splits, where, beside, imports=imports)
    if not spec and (loose := [home for home in homes if home.reader == "hub" and "revision" not in home.table]):
        raise UsageError(f"{loose[0].where} lacks 'revision'")
    labels, types = _listed(raw, "labels", "kinds"), _listed(raw, "types")
    homes = tuple(replace(home, task=spec or raw["name"], labels=labels, types=types) for home in homes)
    return _card_of(raw, where, languages, splits, homes)


def _card_of(
    raw: Mapping[str, Any], where: str, languages: tuple[str, ...], splits: dict[str, str], homes: tuple[Home, ...]
) -> Card:
    """The card of checked keys, ``where`` being its file."""
    return Card(
        file=where,
        name=raw["name"],
        area=raw["area"],
        protocol=raw["protocol"],
        description=raw["description"],
        license=raw["license"],
        languages=languages,
        homes=homes,
        version=raw.get("version", 1),
        citation=raw.get("citation", ""),
        options=raw.get("options", {}),
        metrics=tuple(raw.get("metrics", ())),
        splits=splits,
        holdout=raw.get("holdout", {}),
        folds=raw.get("folds", 0),
        modules=tuple(
            dict.fromkeys(name for name in (raw["protocol"], *(home.reader for home in homes)) if "." in name)
        ),
        register=raw.get("register", ""),
    )


def _listed(raw: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """What the first of these options lists; nothing where it holds something else."""
    options = raw.get("options", {})
    found: Any = next((options[name] for name in names if name in options), None)
    return tuple(found) if fits_type(list[str], found) else ()


def _check_options(raw: Mapping[str, Any], languages: Sequence[str], where: str) -> dict[str, Any]:
    """That the protocol has these options and metrics, and that languages in the options are the card's; the options,
    with those that [data] says."""
    protocol = module_of("protocol", raw["protocol"], where)
    if "folds" in raw and not getattr(protocol, "CROSS_FITTING", False):
        raise UsageError(f"{where}: folds: protocol {raw['protocol']!r} learns nothing from items")
    options = raw.get("options", {})
    check_table(options, protocol.OPTIONS, f"{where}: [options]")
    if languages:  # of a card that has whichever are at hand, they are not known yet
        check_language_options(options, protocol, languages, where)
    options = defaults.follow(options, getattr(protocol, "FOLLOWS", {}), raw["data"])
    try:
        known = [metric.name for metric in protocol.metrics(options)]
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    for metric in raw.get("metrics", ()):
        if metric not in known:
            hint = did_you_mean(metric, known)
            raise UsageError(f"{where}: protocol {raw['protocol']!r} has no metric {metric!r}.{hint}")
    return options


def check_language_options(options: Mapping[str, Any], protocol: Any, languages: Sequence[str], where: str) -> None:
    """Raise `UsageError` where an option of a protocol's module names a language that is none of the card's."""
    for name, words in getattr(protocol, "LANGUAGE_OPTIONS", {}).items():
        given = options.get(name, ())
        for language in (given,) if isinstance(given, str) else given:
            if language not in (*languages, *words):
                other = f"{type_words(words)} or " if words else ""
                raise UsageError(
                    f"{where}: [options] {name}: {language!r} is none of the card's languages; give {other}one of them."
                    f"{did_you_mean(language, (*words, *languages))}"
                )


def _check_area(area: str, where: str) -> None:
    """That an area is a name, and no misspelled known one; it may be one of the card's own."""
    check_name(f"{where}: area", area)
    if area not in AREAS and (near := difflib.get_close_matches(area.casefold(), AREAS, n=1, cutoff=0.75)):
        raise UsageError(f"{where} area: {area!r} is all but {near[0]!r}. Did you mean {near[0]!r}?")


def _check_splits(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    """The splits of a card; `UsageError` for unknown ones, and for shares that are not shares."""
    splits, holdout = raw.get("splits", {}), raw.get("holdout", {})
    if sum(key in raw for key in PARTITIONS) > 1:
        raise UsageError(f"{where}: splits, holdout and folds exclude each other")
    if raw.get("folds", 2) < 2:
        raise UsageError(f"{where}: folds: must be 2 or more")
    for name in (*splits, *holdout):
        if name not in SPLITS:
            raise UsageError(
                f"{where}: there is no split {name!r}, only {type_words(SPLITS)}.{did_you_mean(name, SPLITS)}"
            )
    if (splits or holdout) and "test" not in {**splits, **holdout}:
        raise UsageError(f"{where}: there is no test split")
    if holdout and (min(holdout.values()) <= 0 or abs(sum(holdout.values()) - 1) > 1e-9):
        raise UsageError(f"{where}: the shares of holdout must be above 0 and add up to 1")
    return dict(splits)


def _read_with_inheritance(path: Path, seen: tuple[Path, ...], *, named: bool) -> tuple[dict[str, Any], Path]:
    """A card's keys on top of those of the card that it extends; its [data] and [options] are merged key by key, and
    one of `PARTITIONS` takes the place of whichever the other has.

    With them comes the folder of the card that says ``embedded``: whoever extends it means the same files. One that is
    not ``named`` may be called as its file is.
    """
    own = read_toml(path)
    folder = path.resolve().parent
    if "extends" not in own:
        return own, folder
    if path.resolve() in seen:
        raise UsageError(f"{path.name}: extends itself, by way of {seen[-1].name}")
    if "name" not in own:
        if named:
            raise UsageError(f"{path.name}: a card that extends another needs a name of its own")
        own["name"] = path.stem
    parent = path.parent / f"{check_name('card', own['extends'])}.toml"
    if not parent.is_file():
        parent = CARDS / parent.name
    if not parent.is_file():
        known = sorted(file.stem for folder in (path.parent, CARDS) for file in folder.glob("*.toml"))
        raise UsageError(f"{path.name}: extends no card: {own['extends']!r}.{did_you_mean(own['extends'], known)}")
    base, beside = _read_with_inheritance(parent, (*seen, path.resolve()), named=named)
    if isinstance(own.get("data"), dict) and "embedded" in own["data"]:
        beside = folder
    for name in ("data", "options"):
        if isinstance(own.get(name), dict) and isinstance(base.get(name), dict):
            own[name] = base[name] | own[name]
    if any(name in own for name in PARTITIONS):
        base = {name: value for name, value in base.items() if name not in PARTITIONS}
    return base | own, beside


def _check_languages(languages: list[str], where: str, *, at_hand: bool) -> tuple[str, ...]:
    """The languages of a card; none where they are those ``at_hand``."""
    if not languages and not at_hand:
        raise UsageError(f"{where}: languages is empty")
    for language in languages:
        if not is_language(language):
            meant = three_letters(language)
            hint = f". Did you mean {meant!r}? Files that say {language}: aliases = {{ {language} = {meant!r} }}"
            raise UsageError(
                f"{where}: {language!r} in languages is not an ISO 639-3 code, with a script or a region where it "
                f"matters (hin, zho_Hans, por_BR){hint if meant else ''}"
            )
    if repeated := sorted({language for language in languages if languages.count(language) > 1}):
        raise UsageError(f"{where}: languages has {', '.join(map(repr, repeated))} twice")
    return tuple(languages)


def _homes(
    data: dict[str, Any],
    task: str,
    languages: tuple[str, ...],
    splits: Mapping[str, str],
    where: str,
    beside: Path,
    *,
    imports: bool,
) -> tuple[Home, ...]:
    """The homes of a card: its [data] table, then [data.hub]. Embedded files lie ``beside`` the card; those of this
    plugin's cards lie elsewhere, as the readers know."""
    tables = [(f"{where}: [data]", {key: value for key, value in data.items() if key != "hub"})]
    if "hub" in data:
        if not isinstance(data["hub"], dict):
            raise UsageError(f"{where}: [data.hub] must be a table")
        tables.append((f"{where}: [data.hub]", {"reader": "hub", **data["hub"]}))
    name = check_name("data set", data.get("name", task))
    homes = [_home(place, table, name, languages, imports=imports) for place, table in tables]
    for home in homes:
        _check_home_splits(home, splits)
    if homes[0].table.get("embedded") is True and beside != CARDS.resolve():
        homes[0] = replace(homes[0], table={**homes[0].table, "embedded": str(beside)})
    return tuple(homes)


def _home(where: str, table: dict[str, Any], name: str, languages: tuple[str, ...], *, imports: bool) -> Home:
    keys: dict[str, Any] = {"reader": allowed("reader", table.get("reader")), **DATA_KEYS}
    required: tuple[str, ...] = ("reader",)
    checked = table
    later = not imports and "." in str(table.get("reader"))
    if fits_type(keys["reader"], table.get("reader")) and not later:
        reader = module_of("reader", table["reader"], where)
        keys, required = keys | reader.KEYS, reader.REQUIRED
    else:  # which keys there may be is not known, but a misspelled "reader" is
        checked = {key: value for key, value in table.items() if key == "reader" or did_you_mean(key, ["reader"])}
    check_table(checked, keys, where, required)
    for code, language in table.get("aliases", {}).items():
        if not languages and not is_language(language):
            raise UsageError(f"{where} aliases: {code!r} is {language!r}, which is no ISO 639-3 code")
        if languages and language not in languages:
            hint = did_you_mean(language, languages)
            raise UsageError(f"{where} aliases: {code!r} is {language!r}, which languages does not list.{hint}")
    if table.get("max_rows", 1) < 1:
        raise UsageError(f"{where} max_rows: must be 1 or more")
    if not 0 < table.get("shared", 1) <= 1:
        raise UsageError(f"{where} shared: must be above 0 and at most 1")
    home = Home(where, name, table["reader"], languages, table)
    if not later:
        source_of(home, Data())  # checks what types cannot say, and touches no file
    return home


def _check_home_splits(home: Home, splits: Mapping[str, str]) -> None:
    """That a home tells the card's splits apart, and renames none but those."""
    own: Mapping[str, str] = home.table.get("splits", {})
    known = tuple(splits) or ("test",)
    for name in own:
        if name not in known:
            raise UsageError(
                f"{home.where} splits: the card has no {name!r}, only {type_words(known)}.{did_you_mean(name, known)}"
            )
    told_apart = of_split(home, "").table != home.table
    if own and not told_apart:
        raise UsageError(f"{home.where} splits: nothing in this table holds {SPLIT}, whose place the names could take")
    if len(splits) > 1 and not told_apart:
        raise UsageError(
            f"{home.where}: {SPLIT} is nowhere in this table, so {type_words(splits)} would be the same data"
        )
