"""Parses specs, ``scheme:target?option=value&option=value``, and checks their options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean

Kind = Literal["text", "int", "float", "bool", "choice", "ints", "layers"]

_TRUE, _FALSE = ("true", "yes", "1", ""), ("false", "no", "0")
"""How a spec writes the two, in either case; a name that stands alone is true."""


def parse_bool(text: str) -> bool:
    """The truth value that a text of a spec stands for; `ValueError` where it is none."""
    if text.lower() not in _TRUE + _FALSE:
        raise ValueError(text)
    return text.lower() in _TRUE


@dataclass(frozen=True)
class Option:
    """One setting of a scheme's specs."""

    name: str
    kind: Kind = "text"
    """``int``: a positive whole number; ``ints``: several, with commas; ``layers``: whole numbers of either sign, with
    commas; ``bool``: also true where the name stands alone."""
    default: Any = None
    choices: tuple[str, ...] = ()
    description: str = ""

    def parse(self, text: str) -> Any:
        """The value that ``text`` stands for: a str, int, float, bool or tuple of ints. `UsageError` otherwise."""
        try:
            return self._parse_value(text)
        except ValueError:
            raise UsageError(
                f"option {self.name}={text}: {self._expected_values()}{did_you_mean(text, self.choices)}"
            ) from None

    def _parse_value(self, text: str) -> Any:
        if self.kind == "int":
            return _positive(text)
        if self.kind == "ints":
            return tuple(_positive(part) for part in text.split(","))
        if self.kind == "layers":
            return tuple(int(part) for part in text.split(","))
        if self.kind == "float":
            return float(text)
        if self.kind == "bool":
            return parse_bool(text)
        if not text or (self.choices and text not in self.choices):
            raise ValueError(text)
        return text

    def _expected_values(self) -> str:
        if self.choices:
            return f"choose one of {', '.join(self.choices)}."
        return {
            "int": "give a whole number of at least 1.",
            "ints": "give whole numbers of at least 1, with commas between them.",
            "layers": "give whole numbers, with commas between them; -1 is the last layer.",
            "float": "give a number.",
            "bool": "give true or false.",
        }.get(self.kind, "give a value.")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


@dataclass(frozen=True)
class Spec:
    """A spec taken apart: ``text`` as it was given, its target, and a value for every option that the scheme has."""

    text: str
    target: str
    given: Mapping[str, Any]
    """The options that were given, by name."""
    values: Mapping[str, Any]
    """All options: the given values, and defaults for the rest."""

    def __getitem__(self, option: str) -> Any:
        return self.values[option]


def parse(text: str, options: Sequence[Option], scheme: str = "") -> Spec:
    """Parse a spec such as ``hf:NAME?pooling=cls``.

    A value may be percent-encoded, so that a prompt can hold ``&`` and spaces; ``+`` stands for itself.

    Args:
        text: The spec.
        options: The options that it may have.
        scheme: A prefix (``hf``) that is dropped where the spec has it.

    Returns:
        The spec's target, the options that were given, and all options with their values.

    Raises:
        UsageError: It names nothing, has an unknown option (with "did you mean") or one twice, or a wrong value.
    """
    target, _, query = text.partition("?")
    if scheme and target.startswith(f"{scheme}:"):
        target = target[len(scheme) + 1 :]
    if not target:
        raise UsageError(f"{text!r} names nothing: write {scheme or 'scheme'}:NAME or {scheme or 'scheme'}:./folder")
    known = {option.name: option for option in options}
    given: dict[str, Any] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known:
            able = ", ".join(known) or "none"
            raise UsageError(f"{text!r} has no option {name!r}.{did_you_mean(name, known)} There are: {able}")
        if name in given:
            raise UsageError(f"{text!r} gives {name!r} twice")
        try:
            given[name] = known[name].parse(unquote(value))
        except UsageError as error:
            raise UsageError(f"{text!r}: {error}") from None
    return Spec(text, target, given, {name: option.default for name, option in known.items()} | given)
