"""Reader of parallel sentences with near misses: what `parallel` or `delimited` reads, and a file of near misses beside
it for each language that has some.

With ``fields`` the sentences are tables, as `delimited` reads them; without, a sentence a line, as `parallel` does, and
ids are numbers of lines. A file of near misses is tab-separated, with the columns ``id``, ``kind`` and ``text``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

from xlbench import Data, DataMissing, UsageError
from xlbench_tasks.data import files
from xlbench_tasks.data.near_misses import with_near_misses
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.readers import delimited, parallel

OWN = "near_misses"

_OTHERS = (
    "max_rows",
    "labels",
    "bins",
    "bin_names",
    "label_separator",
    "language",
    "pivot",
    "drop_empty",
)
"""Keys of these readers that parallel sentences with near misses have no use for."""

KEYS = {key: kind for key, kind in {**parallel.KEYS, **delimited.KEYS, OWN: str}.items() if key not in _OTHERS}
"""``near_misses``: the pattern of their files, with ``{language}``; all else as `parallel` or `delimited` has it."""
REQUIRED = ("files", OWN)


class NearMissFiles(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home, OWN)
        if LANGUAGE not in self._patterns[0]:
            raise UsageError(f"{home.where} {OWN}: {self._patterns[0]!r} needs {LANGUAGE}: a file for each language")
        reader: ModuleType = delimited if "fields" in home.table else parallel
        self._texts: Reading = reader.source(replace(home, table=_keys_of(home, reader)), data)

    def _find(self) -> Mapping[str, None]:
        return dict.fromkeys(self._texts.languages())

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        """Language -> its near misses."""
        return files.by_language(self, self._patterns)

    def why_missing(self, language: str) -> str:
        """See `Source`."""
        return self._texts.why_missing(language)

    def files(self, language: str) -> tuple[Path, ...]:
        """See `Reading`: the sentences, and the near misses if there are any."""
        try:
            near = self._files.get(language)
        except DataMissing:
            near = None
        return (*self._texts.files(language), *([near] if near else []))

    def _read(self, language: str) -> Records:
        records = self._texts.read(language)
        try:
            path = self._files.get(language)
        except DataMissing:  # none at all; whoever needs them says so
            path = None
        if path is None:
            return records
        is_sample = self.data.limit is not None
        return with_near_misses(records, path, self.name, self.home.labels, is_sample=is_sample)


def _keys_of(home: Home, reader: ModuleType) -> Mapping[str, object]:
    """The keys of a table that are the reader's of the sentences; `UsageError` for one that is the other's alone."""
    others = delimited.KEYS if reader is parallel else parallel.KEYS
    for key in home.table:
        if key in others and key not in reader.KEYS:
            how = "with fields (a table)" if reader is parallel else "without fields (a sentence a line)"
            raise UsageError(f"{home.where} {key}: only {how}")
    return {key: value for key, value in home.table.items() if key != OWN}


def source(home: Home, data: Data) -> NearMissFiles:
    """A source over parallel sentences and their near misses."""
    return NearMissFiles(home, data)
