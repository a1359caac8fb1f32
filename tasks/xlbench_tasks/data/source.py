"""`Source` (a data set), `Home` (where a card's data can be), and `Reading`, the base class of readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from xlbench import Data, DataError, DataMissing
from xlbench.core.ids import is_language
from xlbench_tasks.data.codes import three_letters
from xlbench_tasks.data.records import Records, sample_by_label

LANGUAGE = "{language}"
"""The placeholder that stands, in a card, for the code that the data set uses for a language."""


_SCRIPT = re.compile(r"(?P<language>[a-z]{2,3})[_-][A-Z][a-z]{3}")


class Source(Protocol):
    """A data set as protocols see it: languages, and the records of each."""

    @property
    def name(self) -> str:
        """The data set's name, with which item ids begin."""
        ...

    def languages(self) -> tuple[str, ...]:
        """Codes of the languages at hand, sorted; `DataMissing` where nothing of the data set is at hand."""
        ...

    def why_missing(self, language: str) -> str:
        """One line: why a declared language is not at hand, and how to get it."""
        ...

    def read(self, language: str) -> Records:
        """The records of a language, read once; `DataError` names file and line, `DataMissing` says what is absent."""
        ...


@runtime_checkable
class Fetchable(Protocol):
    """What a source may have besides: its data can be fetched (``xlbench fetch``)."""

    def at_hand(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Where these languages (none: all) lie, found without a request; empty where one of them does not."""
        ...

    def fetch(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Fetch what is not at hand, and say where all lies; `DataMissing` where that does not succeed."""
        ...


@dataclass(frozen=True)
class Home:
    """A place where a card's data can be: one of the card's tables, whose keys and types have been checked."""

    where: str
    """Names the card's file and table in errors: ``ntrex.toml: [data]``."""
    name: str
    """The data set's name."""
    reader: str
    """Which module of ``readers/`` opens it."""
    languages: tuple[str, ...]
    """All that the card declares; none: whichever are at hand."""
    table: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    """What ``--task`` takes to mean the card's task: its name, or the path of its file."""
    labels: tuple[str, ...] = ()
    """All labels (of near misses: kinds) that there may be, as the card's [options] list them; none where they are not
    listed."""
    types: tuple[str, ...] = ()
    """The same of types of entities."""

    def patterns(self) -> tuple[str, ...]:
        """The names of files that its table gives, whichever keys its reader has for them."""
        given = [self.table[key] for key in ("files", "corpus", "queries", "qrels") if key in self.table]
        return tuple(name for one in given for name in ((one,) if isinstance(one, str) else one))

    def language_of(self, code: str) -> str | None:
        """The declared language that the data set calls ``code``, or None.

        The card's ``aliases`` come first. Otherwise hyphens count as underscores, and a script that the card does not
        declare is dropped: ``srp-Cyrl`` is ``srp_Cyrl``, and ``hin_Deva`` is ``hin``. Where the card declares none, any
        code or English name of a language will do: ``fr`` and ``French`` are ``fra``.
        """
        aliases: Mapping[str, str] = self.table.get("aliases", {})
        if code in aliases:
            return aliases[code]
        plain = code.replace("-", "_")
        if not self.languages:
            return plain if is_language(plain) else three_letters(code)
        if plain not in self.languages and (match := _SCRIPT.fullmatch(plain)):
            plain = match["language"]
        return plain if plain in self.languages else None

    def by_language(self, codes: Iterable[str], place: str) -> dict[str, str]:
        """Declared language -> the data set's code for it; `DataError` where two codes are one language."""
        found: dict[str, str] = {}
        for code in codes:
            language = self.language_of(code)
            if language is None:
                continue
            if language in found:
                raise DataError(
                    f"{place}: {found[language]!r} and {code!r} are both {language!r}: rename one of them, or "
                    f"change aliases in {self.where}"
                )
            found[language] = code
        return found


class Reading:
    """What the readers' sources share: what is at hand is looked up once, and each language is read once.

    A reader adds ``_find()`` (language -> whatever it needs to read it; `DataMissing` where nothing is there),
    ``_read(language)`` and ``_place()`` (where it looks, for errors). Making a source touches no file.
    """

    def __init__(self, home: Home, data: Data) -> None:
        self.home = home
        self.data = data
        self._records: dict[str, Records] = {}
        self._damaged: dict[str, DataError] = {}

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.home.name

    def languages(self) -> tuple[str, ...]:
        """See `Source`."""
        return tuple(sorted(self._found))

    def why_missing(self, language: str) -> str:
        """See `Source`."""
        return self.missing(f"{self.name} has no {language!r} here: none in {self._where_not}")

    def files(self, language: str) -> tuple[Path, ...]:
        """The files that a language is read from; none where it is not at hand."""
        return tuple(dict.fromkeys(_paths_in(self._found.get(language))))

    def undeclared(self) -> str:
        """What there is of languages that the card does not declare, in words; "" for nothing, or not known."""
        try:
            return self._undeclared_files().removeprefix("; ")
        except (DataMissing, DataError):
            return ""

    def read(self, language: str) -> Records:
        """See `Source`."""
        if language not in self._records:
            if language not in self._found:
                raise DataMissing(self.why_missing(language))
            if language in self._damaged:  # many subsets may ask for it
                raise self._damaged[language]
            try:
                self._records[language] = replace(self._read(language), shared=self._shared())
            except DataError as damage:
                self._damaged[language] = damage
                raise
        return self._records[language]

    @property
    def _found(self) -> Mapping[str, Any]:
        """What `_find` found: language -> where its data is. `DataMissing` if it found nothing."""
        if isinstance(self._lookup, DataMissing):
            raise self._lookup
        return self._lookup

    @cached_property
    def _lookup(self) -> Mapping[str, Any] | DataMissing:
        try:
            return self._find()
        except DataMissing as missing:  # remembered too: to find that a network is not there takes half a minute
            return missing

    @cached_property
    def _where_not(self) -> str:
        """Where a missing language was looked for and what lies there: thousands of subsets may ask."""
        return f"{self._place()}{self._undeclared_files()}"

    def missing(self, what: str) -> str:
        """What is missing, and where the card says that it can be had."""
        url = self.home.table.get("url")
        return f"{what}; get it from {url}" if url else what

    def _rows(self) -> int | None:
        """How many rows are wanted: the lesser of the card's ``max_rows`` and the run's limit; None: all."""
        wanted = [n for n in (self.home.table.get("max_rows"), self.data.limit) if n is not None]
        return min(wanted, default=None)

    def _places(self, n: int, labels: Sequence[str] = ()) -> Sequence[int]:
        """Which of n rows are wanted: the first ``max_rows``, and of these as many as the run's limit says, from the
        start or, where rows have ``labels``, spread over these."""
        n = min(n, self.home.table.get("max_rows", n))
        if self.data.limit is None or self.data.limit >= n:
            return range(n)
        return sample_by_label(labels[:n], self.data.limit) if labels else range(self.data.limit)

    def _shared(self) -> float:
        """The least share of ids that languages must have in common: the card's, else all."""
        return float(self.home.table.get("shared", 1.0))

    def _find(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def _read(self, language: str) -> Records:
        raise NotImplementedError

    def _place(self) -> str:
        raise NotImplementedError

    def _undeclared_files(self) -> str:
        """What a reader knows of data of languages that the card does not declare; ends the reason of a missing one."""
        return ""


def _paths_in(found: Any) -> Iterator[Path]:
    """The paths in what `Reading._find` has found for a language: a path, or several in tuples and mappings."""
    if isinstance(found, Path):
        yield found
    elif isinstance(found, Mapping):
        for one in found.values():
            yield from _paths_in(one)
    elif isinstance(found, tuple | list):
        for one in found:
            yield from _paths_in(one)
