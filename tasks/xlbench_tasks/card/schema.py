"""The keys of a card and their types, and the check of a table against them."""

from __future__ import annotations

import reprlib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xlbench import DataError, UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.text import read_text
from xlbench_tasks.protocols import PROTOCOLS

REGISTERS = ("regularized", "unregularized")
"""Kinds of text: edited, such as news and encyclopedias; or as people write, such as tweets, comments and reviews."""

KEYS: Mapping[str, Any] = {
    "name": str,
    "area": str,
    "version": int,
    "protocol": PROTOCOLS,
    "description": str,
    "license": str,
    "citation": str,
    "languages": list[str],
    "register": REGISTERS,
    "data": dict[str, Any],
    "options": dict[str, Any],
    "metrics": list[str],
    "splits": dict[str, str],
    "holdout": dict[str, float],
    "folds": int,
    "extends": str,
}
"""What a card may hold. ``protocol``: one of these, or a module, ``package.module``;
``splits``: train, dev and test -> what the data set calls them, in the place of ``{split}``;
``holdout``: the share of each, for a data set without splits;
``folds``: into how many parts such a data set is dealt, each of which is scored by what is learned from the others;
``extends``: a card of the same folder (or of this plugin) whose keys this one begins with."""
_PLAIN = (str, int, float, bool)

SPLITS = ("train", "dev", "test")
SPLIT = "{split}"
REQUIRED = ("name", "area", "protocol", "description", "license", "languages", "data")

DATA_KEYS: Mapping[str, Any] = {
    "name": str,
    "url": str,
    "aliases": dict[str, str],
    "splits": dict[str, str],
    "shared": float | int,
}
"""What every [data] table may hold: the data set's name, where its files can be had, the data set's code -> language
where the two differ, the card's splits that this home calls otherwise than the card, and the least share of ids that
two languages must have in common."""


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file; `UsageError` where there is none, or where it is broken (with the line)."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    check_regular(path, LARGEST_TOML)
    try:
        return parse_toml(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not valid TOML: {error}") from None
    except DataError as error:
        raise UsageError(str(error)) from None


def check_table(table: Mapping[str, Any], keys: Mapping[str, Any], where: str, required: Iterable[str] = ()) -> None:
    """Check a table's keys against ``keys`` (name -> type or allowed values) and ``required``; `UsageError`."""
    for name, value in table.items():
        if name not in keys:
            raise UsageError(
                f"{where} has no key {name!r}.{did_you_mean(name, keys) or f' It can have {type_words(keys)}.'}"
            )
        if not fits_type(keys[name], value):
            hint = did_you_mean(value, keys[name]) if isinstance(value, str) and isinstance(keys[name], tuple) else ""
            raise UsageError(f"{where} {name}: {reprlib.repr(value)} is not {_describe_type(keys[name])}.{hint}")
    if missing := [name for name in required if name not in table]:
        raise UsageError(f"{where} lacks {type_words(missing)}")


def fits_type(kind: Any, value: Any) -> bool:
    """Whether a value is of a type (``list[str]``, ``dict[str, int]``, ``str | int``), or one of a tuple's values."""
    if isinstance(kind, tuple):
        return value in kind
    if kind in _PLAIN:  # nearly all: `get_origin` is slow, and a list of tasks checks thousands of values
        return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return any(fits_type(option, value) for option in arguments)
    if origin is list:
        return isinstance(value, list) and all(fits_type(arguments[0], item) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits_type(arguments[1], item) for item in value.values())
    return kind is Any or isinstance(value, kind)


def _describe_type(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, tuple):
        return f"one of {type_words(kind)}"
    if origin is types.UnionType:
        return " or ".join(_describe_type(option) for option in arguments)
    if origin is list:
        return f"a list, each item {_describe_type(arguments[0])}"
    if origin is dict:
        return "a table" if arguments[1] is Any else f"a table, each value {_describe_type(arguments[1])}"
    return {str: "a string (in quotes)", int: "a whole number", float: "a number", bool: "true or false"}[kind]


def type_words(names: Iterable[str]) -> str:
    """Names in quotes with commas between them."""
    return ", ".join(map(repr, names))
