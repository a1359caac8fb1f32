"""Objects in JSON files: one a line, or the items of a list, each with its line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from xlbench import DataError
from xlbench_tasks.data import text
from xlbench_tasks.data.row_tables import Absent, Row

NAMED = 100
"""So many objects say which keys there are."""

T = TypeVar("T")


class JsonTable:
    """A file whose objects are rows. A column is a key, or keys with dots between them: ``translation.en``."""

    nothing = "no objects"

    def __init__(self, path: Path, columns: Sequence[str], list_at: str = "") -> None:
        """``list_at``: the keys, with dots between them, of the list in a file that is one object."""
        self.path = path
        self.unit = "item" if list_at else "line"
        self._columns = tuple(columns)
        self._list_at = list_at

    def position(self, column: str | int) -> int:
        """See `Table`; whether an object has the key shows where it is read."""
        return self._columns.index(str(column))

    def rows(self) -> Iterator[Row]:
        """The rows, once; `DataError` names the line of what is no JSON object."""
        for number, (line, values) in enumerate(self._objects(), 1):
            place = f"{self.path}, {self.unit} {line}"
            cells = tuple(_checked(value_at(values, column), column, place) for column in self._columns)
            yield Row(self, cells, line, number)

    def names(self) -> Sequence[str]:
        """The keys of the first objects, those inside of others with dots."""
        return list(dict.fromkeys(key for _, values in islice(self._objects(), NAMED) for key in flat_keys(values)))

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every object with its line, or with its number in the list."""
        if self._list_at:
            found: Iterator[tuple[int, Any]] = enumerate(self._inner_list(), 1)
        else:
            found = _values(self.path)
        for line, values in found:
            if not isinstance(values, dict):
                raise DataError(f"{self.path}, {self.unit} {line}: {_kind(values)} in place of a JSON object")
            yield line, values

    def _inner_list(self) -> list[Any]:
        whole = _parsed(text.read_text(self.path), f"{self.path}")
        found = value_at(whole, self._list_at) if isinstance(whole, dict) else whole
        if isinstance(found, Absent):
            raise DataError(f"{self.path}: {found}")
        if not isinstance(whole, dict) or not isinstance(found, list):
            raise DataError(
                f"{self.path}: {_kind(found)}, and no list at {self._list_at!r}, which the card's list names"
            )
        return found


def value_at(values: Any, column: str) -> Any:
    """What an object has under a key, or under keys with dots between them (a number counts the items of a list, from
    0); `Absent` where it has no such key, None where a part on the way is null."""
    if isinstance(values, dict) and column in values:
        return values[column]
    found = values
    for part in column.split("."):
        if found is None:
            return None
        if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict) and part in found:
            found = found[part]
        else:
            return Absent(column, list(flat_keys(values)))
    return found


def flat_keys(values: Any, before: str = "") -> Iterator[str]:
    """The keys of an object, and of objects in it with dots between them."""
    for key, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict) and value:
            yield from flat_keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def _checked(value: Any, column: str, place: str) -> Any:
    """A value as it is; a string must be one that a UTF-8 file can hold: escapes can make others."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            bad = f"\\u{ord(value[error.start]):04x}"
            raise DataError(f"{place}: {column} holds {bad}, half of a character; mend the data") from None
    if isinstance(value, str) and "\0" in value:
        raise DataError(f"{place}: {column} holds a NUL character; mend the data")
    return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    """The values of a file, one a line or the items of one list, each with the line on which it begins."""
    lines = ((number, line) for number, line in enumerate(text.lines(path), 1) if line.strip())
    first = next(lines, None)
    if first is None:
        raise DataError(f"{path} holds nothing but blank lines")
    if first[1].lstrip().startswith("["):
        yield from _items(text.read_text(path), path)
        return
    for number, line in chain([first], lines):
        where = f"{path}, line {number}"
        try:
            yield number, _parsed(line, where)
        except DataError as error:
            if number == first[0] and (advice := _one_object(path)):
                raise DataError(f"{path} {advice}") from None
            raise error from None


def _one_object(path: Path) -> str:
    """What to do about a file that is one JSON object over several lines; "" where it is none."""
    try:
        whole = json.loads(text.read_text(path))
    except (ValueError, RecursionError):
        return ""
    lists = [key for key, value in whole.items() if isinstance(value, list)] if isinstance(whole, dict) else []
    there_are = f" (lists are at {', '.join(map(repr, lists))})" if lists else ""
    return f"is one JSON object: say at which key its list of rows is: list = '...'{there_are}"


def _items(whole: str, path: Path) -> Iterator[tuple[int, Any]]:
    """The items of the list that a text is, each with its line."""
    at, line, counted = whole.index("[") + 1, 1, 0
    is_first = True
    while True:
        at = _after_space(whole, at)
        line, counted = line + whole.count("\n", counted, at), at
        where = f"{path}, line {line}"
        mark = whole[at : at + 1]
        if mark == "]":
            if whole[at + 1 :].strip():
                raise DataError(f"{where}: something follows the end of the list")
            return
        if not mark:
            raise DataError(f"{path}: the list does not end; the file is cut off, get it again")
        if not is_first:
            if mark != ",":
                raise DataError(f"{where}: no JSON (expecting ',' between items, or ']' at the end of the list)")
            at = _after_space(whole, at + 1)
            line, counted = line + whole.count("\n", counted, at), at
            where = f"{path}, line {line}"
        value, at = _attempt(partial(_DECODER.raw_decode, whole, at), where, path)
        is_first = False
        yield line, value


def _after_space(whole: str, at: int) -> int:
    while whole[at : at + 1] in (" ", "\t", "\n", "\r") and at < len(whole):
        at += 1
    return at


def _parsed(line: str, where: str) -> Any:
    return _attempt(partial(_DECODER.decode, line), where)


def _attempt(parse: Callable[[], T], where: str, path: Path | None = None) -> T:
    """What a parser makes; `DataError`, which begins with ``where``, for what is no JSON. Of a whole file
    (``path``) the line is that of the fault."""
    try:
        return parse()
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}" if path else where
        raise DataError(f"{where}: no JSON ({error.msg}, column {error.colno}); every row must be one object") from None
    except ValueError as error:  # of constants, keys and numbers
        raise DataError(f"{where}: no JSON ({error})") from None
    except RecursionError:
        raise DataError(f"{where}: no JSON (lists or objects in one another without end)") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: of two, one would be lost in silence."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} twice in one object")
    return made


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object)
