"""Maps language codes and names of other standards to ISO 639-3."""

from __future__ import annotations

import re
from collections.abc import Iterable

BIBLIOGRAPHIC = (
    "alb", "arm", "baq", "bur", "chi", "cze", "dut", "fre", "geo", "ger", "gre", "ice", "mac", "mao", "may", "per",
    "rum", "scc", "scr", "slo", "tib", "wel",
)  # fmt: skip
"""Second three-letter codes of languages whose ISO 639-3 code is another."""


def meant_language(code: str, languages: Iterable[str]) -> str | None:
    """Which of these languages a word of a data set may mean: ``fr``, ``fre``, ``French`` or ``fr-FR`` is ``fra``.

    None where it is no word for a language, for none of these, or for several of them.
    """
    wanted, script = _plain(code)
    fitting = [language for language in languages if _plain(language)[0] == wanted] if wanted else []
    if script:
        fitting = [language for language in fitting if _plain(language)[1] in ("", script)] or fitting
    return fitting[0] if len(fitting) == 1 else None


def three_letters(code: str) -> str | None:
    """The ISO 639-3 code for an ISO 639-1 code or an English name; None where there is none."""
    from babel.core import get_global

    wanted, script = _plain(code)
    fitting: list[str] = [
        long
        for long, short in get_global("language_aliases").items()
        if short == wanted and len(long) == 3 and long not in BIBLIOGRAPHIC
    ]
    if not fitting:
        return None
    # Of a language and its standard variety (zho, cmn; est, ekk) the language: its code begins as the short one does.
    best = min(fitting, key=lambda long: (long[:2] != wanted, long[0] != wanted[0], long))
    return f"{best}_{script}" if script else f"{best}"


def _plain(code: str) -> tuple[str, str]:
    """The shortest code of the language that is meant, "" where none is, and the script, "" where none is said."""
    parts = re.split("[-_]", code.strip())
    script = next((part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    return _plain_language(parts[0]), script


def _plain_language(word: str) -> str:
    from babel import Locale
    from babel.core import get_global

    low = word.casefold()
    if re.fullmatch("[a-z]{2,3}", low):
        return str(get_global("language_aliases").get(low, low))
    names: dict[str, str] = {name.casefold(): code for code, name in Locale("en").languages.items()}
    return names.get(low, "")
