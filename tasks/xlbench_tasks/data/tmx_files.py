"""Translation units of TMX files: a text each in some languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xlbench import DataError
from xlbench_tasks.data.packed import unpacked
from xlbench_tasks.data.text import kind_of
from xlbench_tasks.data.xml_events import Event, Events

_CODES = ("bpt", "ept", "it", "ph", "ut", "sub")
"""Elements in a segment whose content is no text of it: formatting codes, and texts of their own."""


@dataclass
class Unit:
    """A translation unit."""

    number: int
    """Which of the file it is, from 1."""
    line: int
    id: str = ""
    """Its ``tuid``; "" without one."""
    texts: dict[str, str] = field(default_factory=dict)
    """Language of the card -> text."""
    lines: dict[str, int] = field(default_factory=dict)
    """Language -> the line on which its text begins."""
    coded: set[str] = field(default_factory=set)
    """Languages in whose text formatting codes were left out."""
    codes: list[str] = field(default_factory=list)
    """What the file calls the languages that the card does not declare."""


def units(path: Path, language_of: Callable[[str], str | None]) -> Iterator[Unit]:
    """The units of a file, read as they are asked for.

    Args:
        path: The file: XML in UTF-8 or UTF-16, plain or packed.
        language_of: What the file calls a language -> that of the card, or None.

    Raises:
        DataError: It is no TMX, a unit has two texts of one language, or a text says no language; names the line.
    """
    with unpacked(path) as file:
        what = kind_of(file.peek(200)[:200])
        if what and "UTF-16" not in what:
            raise DataError(f"{path} is {what}")
        reading = _Reading(path, language_of)
        for event in Events(file.read, str(path)):
            reading.take(event)
            if reading.done is not None:
                yield reading.done
                reading.done = None


class _Reading:
    """Makes units of events."""

    def __init__(self, path: Path, language_of: Callable[[str], str | None]) -> None:
        self._path, self._language_of = path, language_of
        self._count = 0
        self._unit: Unit | None = None
        self._code = ""  # of the variant that is read
        self._parts: list[str] | None = None  # of the segment that is read
        self._inside = 0  # so many elements of codes are open
        self._has_codes = False
        self._is_tmx = False
        self.done: Unit | None = None

    def take(self, event: Event) -> None:
        """Read an event further; a whole unit is then ``done``."""
        if event.kind == "text":
            if self._parts is not None and not self._inside:
                self._parts.append(event.name)
        elif event.kind == "start":
            self._start(event)
        else:
            self._end(event)

    def _start(self, event: Event) -> None:
        if not self._is_tmx:
            if event.name != "tmx":
                raise DataError(f"{self._path} is no TMX: it begins with <{event.name}>")
            self._is_tmx = True
        elif event.name == "tu":
            self._count += 1
            self._unit = Unit(self._count, event.line, event.values.get("tuid", ""))
        elif event.name == "tuv":
            self._code = event.values.get("lang", "")
            if not self._code:
                raise DataError(f"{self._path}, line {event.line}: a text says no language (xml:lang)")
        elif event.name == "seg" and self._unit is not None:
            self._parts, self._has_codes = [], False
        elif event.name in _CODES and self._parts is not None:
            self._inside += 1
            self._has_codes = True

    def _end(self, event: Event) -> None:
        if event.name in _CODES and self._parts is not None:
            self._inside -= 1
        elif event.name == "seg" and self._unit is not None and self._parts is not None:
            self._add("".join(self._parts), event.line)
            self._parts = None
        elif event.name == "tu":
            self.done, self._unit = self._unit, None

    def _add(self, text: str, line: int) -> None:
        assert self._unit is not None
        language = self._language_of(self._code)
        if language is None:
            self._unit.codes.append(self._code)
            return
        if language in self._unit.texts:
            raise DataError(
                f"{self._path}, line {line}: unit {self._unit.number} has a second text in {language!r} "
                f"({self._code!r}), the first is on line {self._unit.lines[language]}; keep one of them"
            )
        self._unit.texts[language], self._unit.lines[language] = text, line
        if self._has_codes:
            self._unit.coded.add(language)
