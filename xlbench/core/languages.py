"""Converts language codes between xlbench and mteb (``hin`` and ``hin-Deva``), and into English names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

SCRIPTS_MATTER = ("srp", "zho")
"""Languages whose code always has a script here."""


def from_scripts(codes: Iterable[str]) -> dict[str, str]:
    """Codes with a script (``hin-Deva``, ``zho-Hans``) -> ours (``hin``, ``zho_Hans``).

    The script stays where it is not the language's usual one, or where the codes have several for it.
    """
    distinct = set(codes)
    languages = Counter(code.partition("-")[0] for code in distinct)
    return {code: _ours(code, several=languages[code.partition("-")[0]] > 1) for code in distinct}


def _ours(code: str, *, several: bool) -> str:
    language, _, script = code.partition("-")
    usual = usual_script(language)
    matters = several or language in SCRIPTS_MATTER or (bool(usual) and script != usual)
    return f"{language}_{script}" if script and matters else language


def with_script(code: str) -> str:
    """Our code with a script: ``hin`` is ``hin-Deva``; the language alone where its usual script is not known."""
    language, *more = code.split("_")
    script = next((part for part in more if len(part) == 4), "") or usual_script(language)
    return "-".join(filter(None, (language, script)))


def usual_script(language: str) -> str:
    """The script that a language is mostly written in, by Unicode's CLDR; "" where that is not known."""
    from babel.core import get_global

    short = get_global("language_aliases").get(language, language)
    parts = get_global("likely_subtags").get(short, "").split("_")
    return next((part for part in parts if len(part) == 4), "")


def language_name(code: str) -> str:
    """English name of a language by its code, with the code: ``Hindi (hin)``; the code alone where none is known."""
    from babel import Locale
    from babel.core import get_global

    language, _, script = code.partition("_")
    english = Locale("en")
    name = english.languages.get(get_global("language_aliases").get(language, language), "")
    written = english.scripts.get(script, script)
    return f"{', '.join(filter(None, (name, written)))} ({code})" if name else code
