"""A draft as TOML: keys with a comment each, and at the top what it is unsure of."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 110
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class Draft:
    """What is known of a card that is being drafted."""

    card: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Key -> value and reason."""
    data: dict[str, tuple[Any, str]] = field(default_factory=dict)
    options: dict[str, tuple[Any, str]] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    """Sentences: what should be looked at."""
    left_out: list[str] = field(default_factory=list)
    """Sentences: which files are no part of it, and why."""

    def take(self, other: Draft) -> None:
        """Add all that another draft knows."""
        self.card |= other.card
        self.data |= other.data
        self.options |= other.options
        self.unsure += other.unsure
        self.left_out += other.left_out

    def text(self, head: Sequence[str]) -> str:
        """The TOML, below the lines of ``head``, which become comments."""
        parts = [*(_comment(line) for line in head)]
        for title, said in (("Not sure:", self.unsure), ("Left out:", self.left_out)):
            if said:
                parts += ["#", _comment(title), *(_comment(f"- {one}", "  ") for one in said)]
        parts += ["", *_table(self.card), "", "[data]", *_table(self.data)]
        if self.options:
            parts += ["", "[options]", *_table(self.options)]
        return "\n".join(parts) + "\n"


def _table(keys: Mapping[str, tuple[Any, str]]) -> list[str]:
    """The lines of a table."""
    lines = []
    for key, (value, why) in keys.items():
        if why:
            lines.append(_comment(why))
        lines.append(f"{key} = {toml(value)}")
    return lines


def _comment(text: str, indent: str = "") -> str:
    plain = "".join(char if char.isprintable() else "?" for char in text)
    if plain.startswith("  "):  # a command, to be copied
        return f"# {plain}"
    return "\n".join(textwrap.wrap(plain, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}",
                                   break_long_words=False, break_on_hyphens=False)) or "#"  # fmt: skip


def toml(value: Any) -> str:
    """A value in TOML; lists that are too long for a line have several."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(name)} = {toml(one)}" for name, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    items = [toml(one) for one in value]
    line = f"[{', '.join(items)}]"
    if len(line) <= WIDTH:
        return line
    if all(isinstance(one, str) for one in value) and max(map(len, items)) < 20:
        inside = textwrap.fill(", ".join(items), WIDTH - 4, break_long_words=False, break_on_hyphens=False)
        return (
            "[\n" + textwrap.indent(inside, "    ") + ",\n]" if not any(" " in one for one in items) else _tall(items)
        )
    return _tall(items)


def _tall(items: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)
