"""The language filter: what py3langid takes a text for, and how often it is right on texts whose language is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlbench.core.errors import UsageError, require_extra
from xlbench.core.ids import is_language
from xlbench.core.text import did_you_mean

OTHER = "other"
"""In a confusion table: any language but those that have columns."""


def library_code(language: str) -> str:
    """The code that py3langid has for a language: two letters where there are some."""
    from babel.core import get_global

    plain = language.partition("_")[0]
    return str(get_global("language_aliases").get(plain, plain))


def check_language(language: str) -> None:
    """`UsageError` where this is no ISO 639-3 code, with the code that may be meant."""
    if is_language(language):
        return
    from babel.core import get_global

    aliases = get_global("language_aliases")
    meant = [code for code, short in aliases.items() if short == language and len(code) == 3]
    meant.sort(key=lambda code: (not code.startswith(language[:2]), code))
    codes = [code for code in aliases if len(code) == 3]
    guess = f" Did you mean {meant[0]!r}?" if meant else did_you_mean(language, codes)
    raise UsageError(f"--language {language}: give an ISO 639-3 code, such as nep.{guess}")


class LanguageFilter:
    """Tells whether texts are in a language."""

    def __init__(self, language: str, against: Sequence[str] = (), among: Sequence[str] = ()) -> None:
        """Load the identifier.

        Args:
            language: The one to keep, by ISO 639-3.
            against: Others that are told by their ISO 639-3 codes; the rest by the codes of the library.
            among: The only languages that a text may be taken for, the one to keep among them; none: all.

        Raises:
            UsageError: The library is not installed, or does not know one of the languages.
        """
        require_extra("langid", "the step lid", "py3langid")
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self.language = language
        self._identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
        labels = set(self._identifier.labels)
        self._names = {library_code(code): code for code in (*among, *against, language)}
        for short, code in self._names.items():
            if short not in labels:
                raise UsageError(
                    f"the step lid: py3langid does not know {code!r}.{did_you_mean(code, _long_codes(labels))} "
                    f"Leave the step out, or name another language"
                )
        if among:
            self._identifier.set_languages(sorted({library_code(code) for code in (*among, language)}))

    def language_of(self, text: str) -> str:
        """What a text is taken for: one of the named languages, or another by py3langid's code."""
        short = str(self._identifier.classify(text)[0])
        return self._names.get(short, short)

    def keeps(self, text: str) -> bool:
        """Whether a text is taken for the language to keep."""
        return self.language_of(text) == self.language


def _long_codes(labels: Iterable[str]) -> list[str]:
    from babel.core import get_global

    wanted = set(labels)
    return [code for code, short in get_global("language_aliases").items() if short in wanted and len(code) == 3]


@dataclass(frozen=True)
class ConfusionRow:
    """What the filter takes the texts of one known language for."""

    language: str
    source: str
    """Where the texts come from."""
    texts: int
    predicted: Mapping[str, int]
    """Language, or `OTHER`, -> how many texts."""
    kept: int
    """How many the filter would keep."""
    low: float
    high: float
    """Bounds of the 95% interval of the share that is kept (Wilson 1927)."""


def confusion_row(
    filter_: LanguageFilter, language: str, source: str, texts: Iterable[str], columns: Sequence[str]
) -> ConfusionRow:
    """Measure the filter on texts of one language.

    Args:
        filter_: The filter.
        language: What the texts are in.
        source: Where they come from.
        texts: At least one.
        columns: The languages that are told from the others.
    """
    from scipy.stats import binomtest

    counts = Counter(filter_.language_of(text) for text in texts)
    named = {code: counts[code] for code in columns}
    kept = counts[filter_.language]
    bounds = binomtest(kept, counts.total()).proportion_ci(method="wilson")
    return ConfusionRow(
        language, source, counts.total(), named | {OTHER: counts.total() - sum(named.values())}, kept,
        float(bounds.low), float(bounds.high),
    )  # fmt: skip
