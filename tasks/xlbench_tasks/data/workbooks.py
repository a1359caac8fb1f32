"""Sheets of Excel workbooks (.xlsx): rows of cells with their types, read as a stream."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.row_tables import Unreadable
from xlbench_tasks.data.text import kind_of
from xlbench_tasks.data.xml_events import Event, Events

Book = zipfile.ZipFile

LARGEST = 1 << 30
"""So many bytes may a part of a workbook have, unpacked."""

_BOOK, _RELATIONS, _STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
"""How a workbook writes characters that XML cannot hold, and underscores that would look like one of these."""
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class SheetRow(NamedTuple):
    """A row that has a cell with something in it."""

    number: int
    """As the sheet counts it, from 1."""
    cells: dict[int, Any]
    """Column, from 1 -> string, number, truth value or `Unreadable`; empty cells are absent."""


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A workbook; `DataError` where it is none, or damaged."""
    try:
        with path.open("rb") as file:
            what = kind_of(file.read(200))
        if what and not what.startswith(("an Excel workbook (.xlsx)", "a ZIP archive")):
            raise DataError(f"{path} is {what}")
        with zipfile.ZipFile(path) as archive:
            if _BOOK not in archive.namelist():
                raise DataError(f"{path} is no Excel workbook (.xlsx)")
            yield archive
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error) as error:  # of its packing, or encrypted
        raise DataError(f"{path} cannot be read as an Excel workbook ({error}); get it again") from None


def sheets(path: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of a sheet -> the part of the workbook that holds it, in their order."""
    targets = {}
    for event in _events(path, archive, _RELATIONS):
        if event.kind == "start" and event.name == "Relationship":
            target = event.values.get("Target", "")
            targets[event.values.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    found = {}
    for event in _events(path, archive, _BOOK):
        if event.kind == "start" and event.name == "sheet":
            found[event.values.get("name", "")] = targets.get(event.values.get("id", ""), "")
    return found


def sheet_named(path: Path, archive: zipfile.ZipFile, name: str) -> str:
    """The part of the workbook that holds a sheet; with "" the only one. `DataError` where it has no such sheet."""
    found = sheets(path, archive)
    there_are = ", ".join(map(repr, found))
    if name and name not in found:
        raise DataError(f"{path} has no sheet {name!r}, only {there_are}.{did_you_mean(name, found)}")
    if not name and len(found) != 1:
        raise DataError(f"{path} has {len(found)} sheets: say sheet = '...' in the card, one of {there_are or 'none'}")
    part = found[name] if name else next(iter(found.values()))
    if part not in archive.namelist():
        raise DataError(f"{path} is damaged: the sheet {name or there_are} is not in it; get it again")
    return part


def sheet_rows(path: Path, archive: zipfile.ZipFile, part: str) -> Iterator[SheetRow]:
    """The rows of a sheet that are not empty, in order."""
    strings = list(_shared_strings(path, archive))
    ahead = sorted(_merged_cells(path, archive, part), key=lambda one: one.top, reverse=True)
    merged: list[_Merged] = []
    reading, last = _SheetReading(path, strings), 0
    for event in _events(path, archive, part):
        row = reading.take(event)
        if row is None:
            continue
        if row.number <= last:
            raise DataError(f"{path}, row {row.number}: after row {last}; the workbook is damaged")
        last = row.number
        while ahead and ahead[-1].top <= last:
            merged.append(ahead.pop())
        merged = [one for one in merged if one.bottom >= last]
        for one in merged:
            why = Unreadable(f"a part of the merged cells {one.name}; split them")
            row.cells.update(dict.fromkeys(range(one.left, one.right + 1), why))
        if row.cells:
            yield row


class _Merged(NamedTuple):
    name: str
    left: int
    top: int
    right: int
    bottom: int


def _merged_cells(path: Path, archive: zipfile.ZipFile, part: str) -> Sequence[_Merged]:
    """The merged cells of a sheet, which are listed behind its rows."""
    found: list[_Merged] = []
    if not _mentions(path, archive, part, b"mergeCell"):
        return found
    for event in _events(path, archive, part):
        if event.kind == "start" and event.name == "mergeCell":
            name = event.values.get("ref", "")
            corners = [_REFERENCE.fullmatch(corner) for corner in name.split(":")]
            if len(corners) != 2 or None in corners:
                raise DataError(f"{path}: {name!r} is no range of cells; the workbook is damaged")
            (left, top), (right, bottom) = ((_column(corner[1]), int(corner[2])) for corner in corners if corner)
            found.append(_Merged(name, left, top, right, bottom))
    return found


def _mentions(path: Path, archive: zipfile.ZipFile, part: str, name: bytes) -> bool:
    """Whether a part of a workbook in UTF-8 may have an element of this name: to look for bytes is much faster."""
    tail, is_utf8 = b"", True
    with _opened_part(path, archive, part) as file:
        while block := file.read(1 << 20):
            if not tail:
                is_utf8 = block[1:2] != b"\0" and block[:1] not in (b"\xff", b"\xfe", b"\0")
            if not is_utf8 or name in tail + block:
                return True
            tail = block[-len(name) :]
    return False


def _shared_strings(path: Path, archive: zipfile.ZipFile) -> Iterator[Any]:
    """The strings that cells point to; pronunciations that stand beside them are none of their text."""
    if _STRINGS not in archive.namelist():
        return
    parts: list[str] = []
    inside = phonetic = False
    for event in _events(path, archive, _STRINGS):
        if event.kind == "text":
            if inside and not phonetic:
                parts.append(event.name)
        elif event.name == "t":
            inside = event.kind == "start"
        elif event.name == "rPh":
            phonetic = event.kind == "start"
        elif event.name == "si":
            if event.kind == "end":
                yield _text("".join(parts))
            parts = []


class _SheetReading:
    """Makes rows of a sheet's events."""

    def __init__(self, path: Path, strings: Sequence[Any]) -> None:
        self._path, self._strings = path, strings
        self._row = SheetRow(0, {})
        self._column = 0
        self._type = ""
        self._parts: list[str] = []
        self._inside = self._phonetic = self._is_formula = False

    def take(self, event: Event) -> SheetRow | None:
        """Read an event further; a row at its end."""
        if event.kind == "text":
            if self._inside and not self._phonetic:
                self._parts.append(event.name)
        elif event.name in ("v", "t"):
            self._inside = event.kind == "start"
        elif event.name == "rPh":
            self._phonetic = event.kind == "start"
        elif event.name == "f":
            self._is_formula = True
        elif event.name == "c":
            self._cell(event)
        elif event.name == "row":
            if event.kind == "end":
                return self._row
            number = event.values.get("r", "")
            self._row = SheetRow(int(number) if number.isdecimal() else self._row.number + 1, {})
            self._column = 0
        return None

    def _cell(self, event: Event) -> None:
        if event.kind == "start":
            reference = _REFERENCE.fullmatch(event.values.get("r", ""))
            self._column = _column(reference[1]) if reference else self._column + 1
            self._type = event.values.get("t", "n")
            self._parts, self._is_formula = [], False
            return
        value = self._value("".join(self._parts))
        if value is not None and value != "":
            self._row.cells[self._column] = value

    def _value(self, content: str) -> Any:
        """What a cell holds; None for nothing."""
        if self._is_formula:
            return Unreadable("a formula; save its value in its place")
        if self._type == "e":
            return Unreadable(f"the error {content}")
        if self._type in ("str", "inlineStr"):
            return _text(content)
        if not content:
            return None
        if self._type == "s":
            if not content.isdecimal() or int(content) >= len(self._strings):
                raise DataError(f"{self._path}, row {self._row.number}: no string {content!r}; the workbook is damaged")
            return self._strings[int(content)]
        if self._type == "b":
            return content == "1"
        if self._type == "d":
            return Unreadable(f"the date {content}")
        return _number(content)


def _number(content: str) -> Any:
    try:
        number = float(content)
    except ValueError:
        return Unreadable(f"no number: {content[:40]!r}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _column(letters: str) -> int:
    """The number of a column, from 1: A, B ... Z, AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _text(content: str) -> Any:
    """A text whose escapes are resolved; `Unreadable` where they are of no character that a text can hold."""
    if "_x" not in content:
        return content
    resolved = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), content)
    try:
        whole = resolved.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return Unreadable("a text with half of a character in it; mend the data")
    return Unreadable("a text with a NUL character in it; mend the data") if "\0" in whole else whole


def _opened_part(path: Path, archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    """A part of a workbook; `DataError` where there is none, or one that is too large."""
    if part not in archive.namelist():
        raise DataError(f"{path} is damaged: it has no {part}; get it again")
    if archive.getinfo(part).file_size > LARGEST:
        raise DataError(f"{path}: {part} has more than {LARGEST:,} bytes; export the sheet as CSV or TSV in UTF-8")
    return archive.open(part)


def _events(path: Path, archive: zipfile.ZipFile, part: str) -> Iterator[Event]:
    """The events of a part of a workbook."""
    with _opened_part(path, archive, part) as file:
        yield from Events(file.read, f"{path}, {part}")
