"""Files under the data root, or in a plugin, found by the patterns of a card; what lies there beside them."""

from __future__ import annotations

import glob
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from xlbench import DataError, DataMissing, UsageError
from xlbench_tasks.data.codes import meant
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

SHOWN = 5
"""So many files of no declared language are named."""

MINI = Path(__file__).parent.parent / "mini"
"""This plugin's own data, which the patterns of its own cards are relative to where they say ``embedded = true``."""


def patterns(home: Home, key: str = "files") -> tuple[str, ...]:
    """The file patterns under a key, checked: below the data root, with at most one ``{language}``."""
    given = home.table.get(key, ())
    listed = (given,) if isinstance(given, str) else tuple(given)
    for pattern in listed:
        path = PurePosixPath(pattern)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UsageError(f"{home.where} {key}: {pattern!r} must be a path below the data root")
        if pattern.count(LANGUAGE) > 1:
            raise UsageError(f"{home.where} {key}: {pattern!r} holds {LANGUAGE} more than once")
    return listed


def root_of(reading: Reading) -> Path | None:
    """The folder that a home's patterns are relative to: the data root, or where ``embedded`` files lie: this
    plugin's own data (True), or the folder that the card was read from."""
    embedded: bool | str = reading.home.table.get("embedded", False)
    if not embedded:
        return reading.data.root
    return MINI if embedded is True else Path(embedded)


def expand(root: Path, pattern: str) -> dict[str, Path]:
    """The files that a pattern stands for: what is in the place of ``{language}`` -> path, in sorted order."""
    head, _, tail = pattern.partition(LANGUAGE)
    found = {}
    for path in sorted(root.glob(f"{glob.escape(head)}*{glob.escape(tail)}")):
        code = path.relative_to(root).as_posix()[len(head) :].removesuffix(tail)
        if code and path.is_file():
            found[code] = path
    return found


def by_language(reading: Reading, listed: Sequence[str]) -> dict[str, Path]:
    """Declared language -> its file: that of the first pattern, in the card's order, which has one.

    `DataMissing` where there is none at all; `DataError` where one pattern has two for a language.
    """
    root = root_of(reading)
    files: dict[str, Path] = {}
    for pattern in listed if root is not None else ():
        assert root is not None
        for language, path in _by_language(reading, expand(root, pattern)).items():
            files.setdefault(language, path)
    if not files:
        what = f"{reading.name} is not at hand: no file {place(reading, listed)}{lying_there(reading, listed)}"
        raise DataMissing(reading.missing(what))
    return files


def lying_there(reading: Reading, listed: Sequence[str]) -> str:
    """What to know of files that fit the patterns but are of no declared language, with the aliases that would take
    them: ``; there is t.fr: aliases = { fr = "fra" } would take it``. The empty string where there are none."""
    root = root_of(reading)
    by_code: dict[str, Path] = {}
    for pattern in (one for one in listed if LANGUAGE in one) if root is not None else ():
        assert root is not None
        by_code |= {code: path for code, path in expand(root, pattern).items() if not reading.home.language_of(code)}
    if not by_code:
        return ""
    languages = {code: meant(code, reading.home.languages) for code in by_code}
    ordered = sorted(by_code, key=lambda code: (languages[code] is None, code))
    named = ", ".join(by_code[code].relative_to(root or Path()).as_posix() for code in ordered[:SHOWN])
    more = f" and {len(by_code) - SHOWN} more" if len(by_code) > SHOWN else ""
    aliases = ", ".join(f'{json.dumps(code)} = "{languages[code]}"' for code in ordered if languages[code])
    advice = f"; in {reading.home.where}, aliases = {{ {aliases} }} would take them" if aliases else ""
    return f"; there are files of no declared language: {named}{more}{advice}"


def _by_language(reading: Reading, by_code: Mapping[str, Path]) -> dict[str, Path]:
    """Declared language -> the file of one pattern; `DataError` where there are two."""
    files: dict[str, Path] = {}
    for code, path in by_code.items():
        if (language := reading.home.language_of(code)) is None:
            continue
        if language in files:
            raise DataError(f"{files[language]} and {path} are both {language!r}; remove one, or rename it")
        files[language] = path
    return files


def place(reading: Reading, listed: Sequence[str]) -> str:
    """Where files were looked for, in words: ``a/b.{language}.txt under /data``."""
    root = root_of(reading)
    under = f"under {root}" if root is not None else "because no data root is set (--data DIR or XLBENCH_DATA)"
    return f"{' or '.join(listed)} {under}"
