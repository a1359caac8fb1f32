"""Reader of names from the CLDR, which Babel brings along: what countries, languages, months ... are called.

No files and no network. An item is a thing with one name a language: ``cldr:territory:NP``, and its category is its
label. A name is left out where it tells nothing about a model: it is only a code or the root's placeholder (not
translated); it equals the name in the ``pivot`` language (case folded, in NFC), so that comparing strings would find
it; or two things have it, so that neither can be told from the other. The pivot's own ambiguous names go too, and with
them the things.

Things are chosen by fixed rules, so that a language's items do not depend on which others a card lists: real regions
and the macro-regions; languages with a two-letter code; currencies that are legal tender somewhere; units that are
not ratios.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xlbench import Data, UsageError, code_fingerprint
from xlbench.core.ids import digest
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Home, Reading
from xlbench_tasks.data.text import visible

if TYPE_CHECKING:
    from babel import Locale

KEYS = {"categories": list[str], "pivot": str}
"""``categories``: which of `CATEGORIES`; ``pivot``: the language whose names others must
differ from."""
REQUIRED = ("categories", "pivot")

_REGION = re.compile(r"[A-Z]{2}|[0-9]{3}")
_NO_REGION = {"ZZ", "XA", "XB", "QO"}  # unknown; two pseudo-locales for testing; a bin of leftover islands
_TWO_LETTERS = re.compile(r"[a-z]{2}")


def _territories(locale: Locale) -> dict[str, str]:
    names = locale.territories.items()
    return {code: name for code, name in names if _REGION.fullmatch(code) and code not in _NO_REGION}


def _languages(locale: Locale) -> dict[str, str]:
    return {code: name for code, name in locale.languages.items() if _TWO_LETTERS.fullmatch(code)}


def _months(locale: Locale) -> dict[str, str]:
    return _stand_alone(locale, "months")


def _weekdays(locale: Locale) -> dict[str, str]:
    return _stand_alone(locale, "days")


def _stand_alone(locale: Locale, what: str) -> dict[str, str]:
    """Names of months or days as they stand alone ("January", not "of January").

    A locale that does not have them has an alias to its names in dates, inherited from the root. Babel resolves it in
    place, in the dictionary that all locales share: after ``Locale("ja").months["stand-alone"]["wide"]``, Swahili's
    months are Japanese. So the data is read without resolving, and a value that is the root's own is taken as the
    alias that it is, or was.
    """
    from babel import localedata

    own, root = localedata.load(str(locale))[what], localedata.load("root")[what]
    in_dates, alone = own["format"]["wide"], own["stand-alone"]["wide"]
    if alone is root["stand-alone"]["wide"] or isinstance(alone, localedata.Alias):
        alone = in_dates
    elif isinstance(alone, tuple):  # the alias, and what differs from it
        alone = {**in_dates, **alone[1]}
    untranslated = root["format"]["wide"]
    return {str(key): name for key, name in alone.items() if name != untranslated[key]}


def _currencies(locale: Locale) -> dict[str, str]:
    from babel.core import get_global

    uses = [use for uses in get_global("territory_currencies").values() for use in uses]
    tender = {code for code, _, end, is_tender in uses if is_tender and end is None}
    return {code: name for code, name in locale.currencies.items() if code in tender}


def _units(locale: Locale) -> dict[str, str]:
    """Long names; the short one where the long one is absent, because then, in the CLDR, they are the same."""
    from babel import localedata

    root = localedata.load("root")["unit_display_names"]
    names = {}
    for unit, forms in localedata.load(str(locale))["unit_display_names"].items():
        name = forms.get("long") or forms.get("short")
        if name and "-per-" not in unit and name != root.get(unit, {}).get("short"):
            names[unit] = name
    return names


CATEGORIES: Mapping[str, Callable[[Locale], dict[str, str]]] = {
    "territory": _territories,
    "language": _languages,
    "month": _months,
    "weekday": _weekdays,
    "currency": _currencies,
    "unit": _units,
}
"""Category -> the names that a locale gives, by code (weekdays: 0 is Monday)."""


class Cldr(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._categories: list[str] = home.table["categories"]
        self._pivot: str = home.table["pivot"]
        for category in self._categories:
            if category not in CATEGORIES:
                hint = did_you_mean(category, CATEGORIES)
                raise UsageError(f"{home.where} categories: there is no {category!r}, only {list(CATEGORIES)}.{hint}")
        if self._pivot not in home.languages:
            raise UsageError(f"{home.where} pivot: {self._pivot!r} is none of the card's languages")

    def _find(self) -> dict[str, Locale]:
        located = {language: locale_of(language) for language in self.home.languages}
        found = {language: locale for language, locale in located.items() if locale is not None}
        if self._pivot not in found:
            raise UsageError(f"{self.home.where} pivot: {self._place()} has no names in {self._pivot!r}")
        return found

    def _shared(self) -> float:
        return 0.0  # names are left out, each language's own

    def _place(self) -> str:
        import babel

        return f"Babel {babel.__version__}"

    def _read(self, language: str) -> Records:
        """A language's names, kept between runs by the version of Babel: they are slow to take out of it."""
        from xlbench.encoding.cache import derived

        content = (self._place(), self._code, self.name, self._pivot, language, str(self.data.limit), *self._categories)
        kept = derived("cldr", content, lambda: self._selected(language))
        names, facts = kept["names"], kept["facts"]
        ids = tuple(names)
        notes = (f"names equal to {self._pivot}, and names of several things, are left out (counts in the facts)",)
        labels = tuple(thing.split(":")[1] for thing in ids)
        fields = {"text": tuple(names.values()), "label": labels}
        return Records(ids, ids, fields, notes if facts else (), facts, f"{self._place()} CLDR")

    def _selected(self, language: str) -> dict[str, dict[str, Any]]:
        """Thing -> name, of the things whose name tells something; and how many names were left out, as facts."""
        names = self._names(language)
        there_are = list(self._pivot_names)
        places = self._places(len(there_are), [thing.split(":")[1] for thing in there_are])
        things = dict.fromkeys(there_are[place] for place in places)
        facts = {}
        if language != self._pivot:
            names = {thing: name for thing, name in names.items() if thing in things}
            equal = {thing for thing, name in names.items() if fold(name) == fold(self._pivot_names[thing])}
            names = {thing: name for thing, name in names.items() if thing not in equal}
            if equal:
                facts[f"left out ({language}): equal to {self._pivot}"] = len(equal)
        kept = _unambiguous(names)
        if len(kept) < len(names):
            facts[f"left out ({language}): ambiguous"] = len(names) - len(kept)
        return {"names": {thing: kept[thing] for thing in things if thing in kept}, "facts": facts}

    @cached_property
    def _pivot_names(self) -> dict[str, str]:
        """The things that there are: those with an unambiguous name in the pivot language, in their fixed order."""
        return _unambiguous(self._names(self._pivot))

    @cached_property
    def _code(self) -> str:
        """What the names follow from besides Babel: this reader, what it takes for visible, and Python's Unicode."""
        return code_fingerprint(__name__, "xlbench_tasks.data.text") + unicodedata.unidata_version

    def _names(self, language: str) -> dict[str, str]:
        """Thing -> name, in NFC without white space around it; no name is its own code.

        The order is fixed and says nothing: in the order of codes all the parts of the world, all months would stand
        together, as if things beside each other had something to do with each other.
        """
        locale = self._found[language]
        names = {
            f"{self.name}:{category}:{code}": unicodedata.normalize("NFC", name).strip()
            for category in self._categories
            for code, name in CATEGORIES[category](locale).items()
            if visible(name) and fold(name) != fold(code)
        }
        return dict(sorted(names.items(), key=lambda item: digest(item[0])))


def locale_of(language: str) -> Any:
    """Babel's locale for an ISO 639-3 code (with a script where it matters), or None where Babel has none."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return None
    # Babel answers with the language's usual script where it does not have the one that was asked for.
    script = language.partition("_")[2]
    return locale if not script or script == locale.script else None


def fold(name: str) -> str:
    """What two names are compared by: case folded, in NFC."""
    return unicodedata.normalize("NFC", name.casefold()).strip()


def _unambiguous(names: Mapping[str, str]) -> dict[str, str]:
    """Without every name that several things have."""
    bearers = Counter(map(fold, names.values()))
    return {thing: name for thing, name in names.items() if bearers[fold(name)] == 1}


def source(home: Home, data: Data) -> Cldr:
    """A source over Babel's CLDR."""
    return Cldr(home, data)
