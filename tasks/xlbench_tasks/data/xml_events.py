"""Reads XML as a stream of events: nothing is built up, no entity is expanded and nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from xml.parsers import expat

from xlbench import DataError

_CHUNK = 1 << 16
_SEPARATOR = " "
"""Stands between a namespace and a name, and is in neither."""
_NONE: Mapping[str, str] = {}


class Event(NamedTuple):
    """The start or the end of an element, or text between two of these."""

    kind: str
    """"start", "end" or "text"."""
    name: str
    """Of the element, without its namespace; of text, the text."""
    values: Mapping[str, str]
    """Attributes at a start, by their names without namespaces."""
    line: int


class Events:
    """The events of an XML document."""

    def __init__(self, read: Callable[[int], bytes], place: str) -> None:
        """``read`` gives so many bytes more, ``place`` names the file in errors."""
        self._read = read
        self._place = place
        self._found: list[Event] = []
        self._names: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda name: self._add("end", self._local(name), _NONE)
        parser.CharacterDataHandler = lambda text: self._add("text", text, _NONE)
        parser.EntityDeclHandler = self._refuse_declaration
        parser.SkippedEntityHandler = self._refuse_entity

    def __iter__(self) -> Iterator[Event]:
        """Every event, once.

        Raises:
            DataError: It is no XML, or declares or uses entities of its own; names the line.
        """
        while True:
            block = self._read(_CHUNK)
            try:
                self._parser.Parse(block, not block)
            except expat.ExpatError as error:
                raise DataError(
                    f"{self._place}, line {error.lineno}: no XML ({expat.ErrorString(error.code)})"
                ) from None
            except (LookupError, ValueError) as error:  # of its encoding
                raise DataError(f"{self._place}: {error}; save the file as UTF-8") from None
            found, self._found = self._found, []
            yield from found
            if not block:
                return

    def _add(self, kind: str, name: str, values: Mapping[str, str]) -> None:
        self._found.append(Event(kind, name, values, self._parser.CurrentLineNumber))

    def _start(self, name: str, values: Mapping[str, str]) -> None:
        local = self._local
        self._add("start", local(name), {local(key): value for key, value in values.items()} if values else _NONE)

    def _refuse_declaration(self, name: str, *_: object) -> None:
        raise DataError(
            f"{self._place}, line {self._parser.CurrentLineNumber}: declares the entity {name!r}, which could grow "
            f"without end or come from elsewhere; write its text out"
        )

    def _refuse_entity(self, name: str, _: object) -> None:
        raise DataError(f"{self._place}, line {self._parser.CurrentLineNumber}: &{name}; is not known; write it out")

    def _local(self, name: str) -> str:
        """A name without its namespace, taken apart once."""
        if name not in self._names:
            self._names[name] = name.rpartition(_SEPARATOR)[2]
        return self._names[name]
