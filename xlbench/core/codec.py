"""Records as plain JSON values, and back, with every field's type checked."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from xlbench.core.errors import ResultsError
from xlbench.core.record import SCHEMA, Cell, Run, Score, T


def to_json(record: Score | Cell | Run) -> dict[str, Any]:
    """A plain dictionary with the schema's version; `from_json` is its inverse. A run's cells and folder are left
    out: they are stored beside it."""
    if isinstance(record, Run):
        record = dataclasses.replace(record, cells=())  # they may be many, and `asdict` copies deeply
    plain = dataclasses.asdict(record)
    if isinstance(record, Run):
        del plain["cells"], plain["folder"]
    return {"schema": SCHEMA, **plain}


def from_json(kind: type[T], plain: Any, **extra: Any) -> T:
    """Build a record from `to_json`'s dictionary; `ResultsError` names what does not fit."""
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        found = plain.get("schema") if isinstance(plain, dict) else type(plain).__name__
        raise ResultsError(f"schema {found!r} is not the {SCHEMA} that this version reads")
    values = {name: value for name, value in plain.items() if name != "schema"} | extra
    built = _build(kind, values, kind.__name__)
    assert isinstance(built, kind)
    return built


def _build(kind: Any, value: Any, where: str) -> Any:
    """Convert one JSON value to the annotated type ``kind``, checking it."""
    if type(value) is kind and kind in (str, int, float):  # nearly all values of thousands of records
        return value
    origin, arguments = _parts(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, kind):
            return value
        hints = _hints(kind)
        if not isinstance(value, dict) or value.keys() - hints.keys():
            unknown = ", ".join(sorted(value.keys() - hints.keys())) if isinstance(value, dict) else repr(value)
            raise ResultsError(f"{where} holds something unknown: {unknown}")
        try:
            return kind(**{name: _build(hints[name], item, f"{where}.{name}") for name, item in value.items()})
        except TypeError as error:
            raise ResultsError(f"{where} is incomplete: {error}") from None
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_build(arguments[0], item, where) for item in value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {name: _build(arguments[1], item, f"{where}.{name}") for name, item in value.items()}
    if kind is Any or _fits(kind, origin, arguments, value):
        return value
    raise ResultsError(f"{where} has an unexpected value: {value!r}")


@functools.cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    return typing.get_origin(kind), typing.get_args(kind)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Resolved annotations; resolving them anew for each of thousands of scores would take seconds."""
    return typing.get_type_hints(kind)


def _fits(kind: Any, origin: Any, arguments: tuple[Any, ...], value: Any) -> bool:
    if origin is Literal:
        return value in arguments
    if origin in (typing.Union, types.UnionType):
        return any(_fits(option, *_parts(option), value) for option in arguments)
    if kind is type(None):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(kind, type) and isinstance(value, kind)
