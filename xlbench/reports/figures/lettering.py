"""Text in pictures: names of strangers, fonts that have their characters, and what stands for those that none has.

matplotlib brings DejaVu Sans, which has Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic letters. What it
lacks is looked for among the fonts that are installed. What none of them has is written in Latin letters, and said.
"""

from __future__ import annotations

import os.path
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xlbench.core.text import first_of, one_line

OWN = "DejaVu Sans"
"""The font that comes with matplotlib, so that it is on every machine."""
NO_LETTERS = ("Last Resort", "cm", "STIX")
"""How fonts are called that have a box for every character, or other characters than they say."""
ELLIPSIS = "…"
KEPT = 3
"""Characters that stay of what names begin with alike."""


@dataclass(frozen=True)
class Lettering:
    """The fonts of one picture, and the characters that none of them has."""

    families: tuple[str, ...] = (OWN,)
    missing: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    """What a reader of the picture should know about its letters: a line at most."""

    def plain(self, text: str, most: int | None = None) -> str:
        """A stranger's text to be drawn: one line of characters that there are, none of which is mathematics.

        ``most``: so many characters at most; what is in the middle goes.
        """
        line = self._readable(text)
        return _escaped(line if most is None else _cut(line, most))

    def distinct(self, texts: Sequence[str], most: int) -> list[str]:
        """Several texts, cut to so many characters, but never so that two that differ look alike.

        Of names that would, what they begin with alike goes; where that is not enough, they are numbered.
        """
        lines = [self._readable(text) for text in texts]
        shown = {line: _cut(line, most) for line in lines}
        for group in _alike(shown):
            start = len(os.path.commonprefix(group)) - KEPT  # noqa: RUF071 - of any text
            shown |= {line: _cut(ELLIPSIS + line[max(start, 0) :], most) for line in group}
        hopeless = [line for group in _alike(shown) for line in group]
        for number, line in enumerate(hopeless, 1):
            shown[line] = _cut(shown[line], most - len(f" ({number})")) + f" ({number})"
        return [_escaped(shown[line]) for line in lines]

    def _readable(self, text: str) -> str:
        line = one_line(text)
        if self.missing.isdisjoint(line):
            return line
        return one_line("".join(_latin(c) if c in self.missing else c for c in line))


def _cut(line: str, most: int) -> str:
    """So many characters of a line; what is in the middle goes."""
    if len(line) <= most:
        return line
    head = (most - 1) // 2
    return line[:head] + ELLIPSIS + line[len(line) - (most - 1 - head) :]


def _alike(shown: Mapping[str, str]) -> list[list[str]]:
    """Groups of lines that are shown alike."""
    groups: dict[str, list[str]] = {}
    for line, text in shown.items():
        groups.setdefault(text, []).append(line)
    return [group for group in groups.values() if len(group) > 1]


def _escaped(line: str) -> str:
    return line.replace("$", r"\$")


def _latin(character: str) -> str:
    """What stands for a character; nothing for a mark on another, a question mark where nobody knows."""
    from anyascii import anyascii

    return anyascii(character) or ("" if unicodedata.category(character).startswith("M") else "?")


def lettering_for(texts: Iterable[str]) -> Lettering:
    """The fonts for these texts: the one that matplotlib brings, then installed ones for what it lacks."""
    lines = list(dict.fromkeys(map(one_line, texts)))
    wanted = {character for line in lines for character in line if character != " "}
    families, missing = [OWN], wanted - _characters_in_font(_path_of(OWN), wanted)
    for family, path in _installed() if missing else ():
        had = _characters_in_font(path, missing)
        if had:
            families.append(family)
            missing -= had
        if not missing:
            break
    return Lettering(tuple(families), frozenset(missing), _notes(lines, missing))


def _notes(lines: Sequence[str], missing: set[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    names = [line for line in lines if not missing.isdisjoint(line)]
    scripts = sorted({unicodedata.name(c, "unnamed").split()[0].split("-")[0].title() for c in missing})
    return (
        f"no installed font has all characters of {first_of(names, 3)} ({', '.join(scripts[:3])}): they are written in "
        "Latin letters; install a font that has them, such as Noto Sans of that script",
    )


def _path_of(family: str) -> str:
    from matplotlib import font_manager

    return str(font_manager.findfont(font_manager.FontProperties(family=[family])))


def _installed() -> list[tuple[str, str]]:
    """Families and files of upright fonts of regular weight: Noto Sans, which has most scripts, then by name."""
    from matplotlib import font_manager

    found = {
        (not font.name.startswith("Noto Sans"), font.name, font.fname)
        for font in font_manager.fontManager.ttflist
        if font.style == "normal" and font.weight in (400, "normal", "regular", "book")
        and not font.name.startswith((*NO_LETTERS, OWN))
    }  # fmt: skip
    return [(name, path) for _, name, path in sorted(found)]


def _characters_in_font(path: str, characters: set[str]) -> set[str]:
    """Those of the characters that a font file has; none where it cannot be read."""
    from matplotlib import font_manager

    try:
        font = font_manager.get_font(path)
        return {character for character in characters if font.get_char_index(ord(character))}
    except (OSError, RuntimeError):
        return set()
