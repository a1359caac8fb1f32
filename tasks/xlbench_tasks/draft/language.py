"""Languages: what a word of a file's name or a column may mean, and what texts are written in."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from xlbench_tasks.data.codes import BIBLIOGRAPHIC, three_letters
from xlbench_tasks.data.scripts import MOSTLY, script_of

UNKNOWN = "und"
"""The code of a language that nobody could tell."""

ADVICE = "With pip install 'xlbench[langid]' it is guessed from texts"
"""What would tell more."""

ONLY = {
    "ARMENIAN": "hye", "GEORGIAN": "kat", "GREEK": "ell", "GUJARATI": "guj", "GURMUKHI": "pan", "HANGUL": "kor",
    "HIRAGANA": "jpn", "KATAKANA": "jpn", "KANNADA": "kan", "KHMER": "khm", "LAO": "lao", "MALAYALAM": "mal",
    "MYANMAR": "mya", "ORIYA": "ory", "SINHALA": "sin", "TAMIL": "tam", "TELUGU": "tel", "THAANA": "div",
    "THAI": "tha",
}  # fmt: skip
"""Scripts that nearly all texts in them share one language of."""

CODES = {
    "ARABIC": "Arab", "BENGALI": "Beng", "CJK": "Hani", "CYRILLIC": "Cyrl", "DEVANAGARI": "Deva", "ETHIOPIC": "Ethi",
    "HEBREW": "Hebr", "LATIN": "Latn", "TIBETAN": "Tibt",
}  # fmt: skip
"""Other scripts, by the codes of ISO 15924."""

SIMPLIFIED, TRADITIONAL = frozenset("这个们国时说对会来过为后学"), frozenset("這個們國時說對會來過為後學")

NO_CODES = {
    "all", "and", "ann", "any", "app", "art", "bad", "big", "bio", "bow", "bug", "bus", "can", "car", "cat", "che",
    "cmd", "com", "con", "cor", "cut", "dat", "day", "dem", "der", "dev", "dim", "doc", "eff", "end", "fit", "fix",
    "for", "fun", "gap", "gen", "get", "gld", "gol", "had", "han", "has", "her", "his", "hit", "how", "ids", "ner",
    "new", "nil", "not", "now", "num", "old", "one", "our", "out", "own", "pos", "ref", "row", "run", "san", "see",
    "src", "tgt", "set", "she", "sub", "sum", "ted", "the", "top", "tot", "toy", "try", "two", "use", "val", "var",
    "was", "wav", "way", "who", "win", "you", "as", "be", "id", "in", "is", "it", "my", "no", "of", "or", "so",
    "to", "am", "pm", "mt", "ml", "ai", "cv", "db", "el", "io", "ps", "km", "st",
}  # fmt: skip
"""Words and abbreviations that are codes of languages too: alone they are taken for none."""

_PART = re.compile(r"[a-z]{2,3}")
_TAGGED = re.compile(r"(?P<code>[a-z]{2,3})[_-](?P<more>[A-Z][a-z]{3}|[A-Z]{2})")


@cache
def _names() -> Mapping[str, str]:
    """English names of languages, as sets of words in any order -> their codes by the CLDR."""
    from babel import Locale

    english: Mapping[str, str] = Locale("en").languages
    names = {_words(name): code for code, name in english.items() if len(name) > 3}
    return names | {
        "batak toba": "bbc", "farsi": "fa", "kinyarwanda": "rw", "ngaju": "nij", "odia": "ory", "oriya": "ory",
        "panjabi": "pa", "tagalog": "tl",
    }  # fmt: skip


@cache
def _known_codes() -> frozenset[str]:
    """Codes of two and three letters that the CLDR has a name or another code for."""
    from babel import Locale
    from babel.core import get_global

    return frozenset(
        code for code in (*Locale("en").languages, *get_global("language_aliases")) if _PART.fullmatch(code)
    )


def _words(name: str) -> str:
    return " ".join(sorted(re.findall(r"[^\W\d_]+", name.casefold())))


@lru_cache(maxsize=100_000)
def meant(word: str) -> str:
    """The language that a word of a name stands for (``hin``, ``zh-CN``, ``Hindi``, ``toba_batak``); "" for none."""
    if match := _TAGGED.fullmatch(word):
        code = _of_code(match["code"])
        return _with_more(code, match["more"]) if code else ""
    if _PART.fullmatch(word):
        return _of_code(word)
    return of_name(word)


def in_cell(value: str) -> str:
    """The language that a cell of a table stands for, in capitals, too (``EN``); "" for none."""
    return meant(value.strip()) or meant(value.strip().lower())


def of_name(word: str) -> str:
    """The language of an English name, whatever the order of its words; "" for none."""
    plain = _words(word)
    if len(plain) < 4:
        return ""
    for name in (plain, plain.removesuffix("ese")):
        if code := _names().get(name):
            return code if len(code) == 3 else _of_code(code)
    return ""


def is_weak(word: str) -> bool:
    """Whether a word that may be a code is an ordinary one or an abbreviation, too."""
    from babel.core import get_global

    return word in NO_CODES or (len(word) == 3 and word not in get_global("language_aliases"))


def _of_code(code: str) -> str:
    if code not in _known_codes():
        return ""
    return code if len(code) == 3 and code not in BIBLIOGRAPHIC else three_letters(code) or ""


def _with_more(code: str, more: str) -> str:
    """The code with a script or a region, where that is not the usual one."""
    from xlbench.core.languages import SCRIPTS_MATTER, usual_script

    if code == "zho":
        return f"zho_{'Hant' if more in ('TW', 'HK', 'MO', 'Hant') else 'Hans'}"
    if len(more) != 4:
        return code if more.lower() == code[:2] else f"{code}_{more}"
    return code if more == usual_script(code) and code not in SCRIPTS_MATTER else f"{code}_{more}"


def of_texts(texts: Sequence[str]) -> tuple[str, str]:
    """The language of texts and how it was told; where nobody can tell, ``und`` with their script, and why.

    The second is "" where there is no letter at all.
    """
    letters = Counter(one for text in texts for one in map(script_of, text) if one)
    if not letters:
        return UNKNOWN, "no letters"
    total = letters.total()
    for script, code in ONLY.items():  # of Japanese, part of the characters is Chinese
        if letters[script] >= (0.2 if code == "jpn" else MOSTLY) * total:
            return code, f"its letters are {script.title()}"
    script = letters.most_common(1)[0][0]
    if script == "CJK":
        return f"zho_{chinese_script(texts)}", "its characters are Chinese"
    if code := _by_library(texts):
        return code, "py3langid takes its texts for that"
    short = CODES.get(script, "")
    return f"{UNKNOWN}_{short}" if short else UNKNOWN, f"its letters are {script.title()}"


def chinese_script(texts: Iterable[str]) -> str:
    """``Hans`` or ``Hant``, by characters that only one of them has."""
    counts = Counter(char for text in texts for char in text)
    return "Hant" if sum(counts[c] for c in TRADITIONAL) > sum(counts[c] for c in SIMPLIFIED) else "Hans"


def _by_library(texts: Sequence[str]) -> str:
    """The language that py3langid names for texts; "" where it is not installed, or names different ones."""
    try:
        import py3langid
    except ImportError:
        return ""
    sample = [text for text in texts if len(text) > 1][:200]
    whole = unicodedata.normalize("NFC", "\n".join(sample))[:20_000]
    found: Any = py3langid.classify(whole)
    return _of_code(str(found[0]))


def agrees(code: str, texts: Sequence[str]) -> bool:
    """Whether texts are written in the usual script of a language, as far as that is known."""
    from xlbench_tasks.data.scripts import other_script

    return not other_script(texts, code)
