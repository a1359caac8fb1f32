"""Hindi in Latin letters by rule, as the embedded suite's file `romanized/hin_Latn.tsv` has it.

    python tests/helpers/romanized_hindi.py  (writes the file anew)

Letters are spelled as people who chat spell them, without marks: long and short vowels are alike, and so are retroflex
and dental letters. The inherent vowel is dropped at the end of a word, and between a vowel and a consonant with a vowel
of its own, from right to left, never twice in a row (Ohala 1983). No word is an exception, so that some come out as
nobody would write them.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

SPELLED = """
क k ख kh ग g घ gh ङ n  च ch छ chh ज j झ jh ञ n  ट t ठ th ड d ढ dh ण n  त t थ th द d ध dh न n
प p फ ph ब b भ bh म m  य y र r ल l व v  श sh ष sh स s ह h
"""
CONSONANTS = dict(zip(SPELLED.split()[::2], SPELLED.split()[1::2], strict=True))
DOTTED = {"क": "q", "ख": "kh", "ग": "g", "ज": "z", "ड": "d", "ढ": "dh", "फ": "f"}
VOWELS = dict(zip("अआइईउऊऋएऐओऔऑऍ", ["a", "a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e"], strict=True))
SIGNS = dict(zip("ािीुूृेैोौॉॅ", ["a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e"], strict=True))
VIRAMA, DOT = "्", "़"
NASAL = {"ं": "n", "ँ": "n", "ः": "h"}
MARKS = {"।": ".", "ॐ": "om", **{chr(0x966 + digit): str(digit) for digit in range(10)}}


@dataclass
class Unit:
    """A consonant, or none, with the vowel behind it."""

    letter: str
    onset: str
    vowel: str = ""
    inherent: bool = False
    """Whether the vowel is the one that is not written."""
    nasal: str = ""

    @property
    def latin(self) -> str:
        """In Latin letters."""
        return self.onset + self.vowel + self.nasal


def romanize(text: str) -> str:
    """A text whose Devanagari words are in Latin letters; a sentence begins with a capital, all else is as it was."""
    plain = re.sub(r"[\u0900-\u097f\u200c\u200d]+", lambda word: _word(word[0]), unicodedata.normalize("NFD", text))
    composed = unicodedata.normalize("NFC", plain)
    return re.sub(r"(^[^\w]*|[.?!] \W*)(\w)", lambda found: found[1] + found[2].upper(), composed)


def _word(word: str) -> str:
    """One run of Devanagari."""
    units = _units(word)
    for place in range(len(units) - 1, 0, -1):
        unit, before = units[place], units[place - 1]
        after = units[place + 1] if place + 1 < len(units) else None
        ends = after is None or (not after.vowel and not after.onset.isalpha())
        between = after is not None and bool(after.onset) and bool(after.vowel)
        if unit.inherent and not unit.nasal and before.vowel and (ends or between):
            unit.vowel, unit.inherent = "", False
    return re.sub("n(?=[pbm])", "m", "".join(unit.latin for unit in units))


def _units(word: str) -> list[Unit]:
    units: list[Unit] = []
    for char in word:
        if char in CONSONANTS:
            units.append(Unit(char, CONSONANTS[char], "a", inherent=True))
        elif char in VOWELS:
            units.append(Unit("", "", VOWELS[char]))
        elif char in MARKS:
            units.append(Unit("", MARKS[char]))
        elif units and char == DOT:
            units[-1].onset = DOTTED.get(units[-1].letter, units[-1].onset)
        elif units and char == VIRAMA:
            units[-1].vowel, units[-1].inherent = "", False
        elif units and char in SIGNS:
            units[-1].vowel, units[-1].inherent = SIGNS[char], False
        elif units and char in NASAL:
            units[-1].nasal = NASAL[char]
    return units


def write(mini: Path) -> None:
    """Write ``romanized/hin_Latn.tsv`` from ``parallel/hin.tsv``."""
    with (mini / "parallel" / "hin.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    lines = ["\t".join(rows[0])] + ["\t".join({**row, "text": romanize(row["text"])}.values()) for row in rows]
    (mini / "romanized").mkdir(exist_ok=True)
    (mini / "romanized" / "hin_Latn.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[2] / "tasks/xlbench_tasks/mini")
