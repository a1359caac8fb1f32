"""Finds the files of a card by its patterns, below the data root or in a plugin."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from xlbench import DataError, DataMissing, UsageError
from xlbench_tasks.data import packed
from xlbench_tasks.data.codes import meant_language
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

SHOWN = 5
"""So many files of no declared language are named."""

MINI = Path(__file__).parent.parent / "mini"
"""This plugin's own data, which the patterns of its own cards are relative to where they say ``embedded = true``."""


def patterns(home: Home, key: str = "files", times: int = 1) -> tuple[str, ...]:
    """The file patterns under a key, checked: below the data root, with ``{language}`` at most so many ``times``, each
    of which stands for the same language."""
    given = home.table.get(key, ())
    listed = (given,) if isinstance(given, str) else tuple(given)
    for pattern in listed:
        path = PurePosixPath(pattern)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UsageError(f"{home.where} {key}: {pattern!r} must be a path below the data root")
        if pattern.count(LANGUAGE) > times:
            often = "once" if times == 1 else f"{times} times"
            raise UsageError(f"{home.where} {key}: {pattern!r} holds {LANGUAGE} more than {often}")
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
    head, *tails = pattern.split(LANGUAGE)
    name = re.compile(re.escape(head) + "(.+)" + r"\1".join(map(re.escape, tails)))
    found = {}
    for path in sorted(root.glob("*".join(map(glob.escape, (head, *tails))))):
        match = name.fullmatch(path.relative_to(root).as_posix())
        # what ``corpus.{language}`` finds, too, may be the same file packed
        if match and path.is_file() and not match[1].endswith(packed.ENDINGS):
            found[match[1]] = path
    return found


def with_packed(listed: Sequence[str]) -> tuple[str, ...]:
    """Patterns, each followed by those of the same file packed."""
    return tuple(name for pattern in listed for name in packed.names(pattern))


def find(root: Path | None, name: str) -> Path | None:
    """A file below the root, or the same file packed; None where there is neither."""
    if root is None:
        return None
    return next((root / one for one in packed.names(name) if (root / one).is_file()), None)


def beside(root: Path, listed: Sequence[str], others: Sequence[str]) -> dict[Path, str]:
    """Every file that patterns find -> the name of the one that belongs to it: of the other pattern in the same place,
    with what stands in the place of ``{language}``."""
    found: dict[Path, str] = {}
    for pattern, other in zip(listed, others, strict=True):
        for name in packed.names(pattern):
            for code, path in (expand(root, name) if LANGUAGE in name else {"": root / name}).items():
                found.setdefault(path, other.replace(LANGUAGE, code))
    return found


def partner(root: Path, path: Path, names: Mapping[Path, str]) -> Path:
    """The file that belongs to one, plain or packed; `DataError` where it is not there."""
    found = find(root, names[path])
    if found is None:
        raise DataError(
            f"{path} has no partner: there is no file {root / names[path]}; get both again from one release"
        )
    return found


def by_language(reading: Reading, listed: Sequence[str]) -> dict[str, Path]:
    """Declared language -> its file, plain or packed: that of the first pattern, in the card's order, which has one.

    `DataMissing` where there is none at all; `DataError` where one pattern has two for a language.
    """
    root = root_of(reading)
    files: dict[str, Path] = {}
    for pattern in with_packed(listed) if root is not None else ():
        assert root is not None
        for language, path in _by_language(reading, expand(root, pattern)).items():
            files.setdefault(language, path)
    if not files:
        where = f"{describe_location(reading, listed)}{undeclared_files(reading, listed)}"
        raise DataMissing(reading.missing(f"{reading.name} is not at hand: no file {where}"))
    return files


def undeclared_files(reading: Reading, listed: Sequence[str]) -> str:
    """What to know of files that fit the patterns but are of no declared language, with the aliases that would take
    them: ``; there is t.fr: aliases = { fr = "fra" } would take it``. The empty string where there are none.

    No alias is advised for a language that has a file already, or for one that several files may be: with it, two
    files would be one language. These are named with what to do.
    """
    root = root_of(reading)
    by_code: dict[str, Path] = {}
    taken: dict[str, Path] = {}
    for pattern in (one for one in with_packed(listed) if LANGUAGE in one) if root is not None else ():
        assert root is not None
        for code, path in expand(root, pattern).items():
            if (language := reading.home.language_of(code)) is None:
                by_code.setdefault(code, path)
            else:
                taken.setdefault(language, path)
    if not by_code:
        return ""
    languages = {code: meant_language(code, reading.home.languages) for code in by_code}
    ordered = sorted(by_code, key=lambda code: (languages[code] is None, code))
    shown = {code: path.relative_to(root or Path()).as_posix() for code, path in by_code.items()}
    named = ", ".join(shown[code] for code in ordered[:SHOWN])
    more = f" and {len(by_code) - SHOWN} more" if len(by_code) > SHOWN else ""
    claims: dict[str, list[str]] = {}
    for code in ordered:
        if language := languages[code]:
            claims.setdefault(language, []).append(code)
    sure = {codes[0]: language for language, codes in claims.items() if len(codes) == 1 and language not in taken}
    aliases = ", ".join(f"{json.dumps(code)} = {json.dumps(language)}" for code, language in sure.items())
    advice = f"; in {reading.home.where}, aliases = {{ {aliases} }} would take them" if aliases else ""
    for language, codes in claims.items():
        if not set(codes) & set(sure):
            read = taken[language].relative_to(root or Path()).as_posix() if language in taken else ""
            advice += _advice_on_duplicates(language, read, [shown[code] for code in codes])
    return f"; there are files of no declared language: {named}{more}{advice}"


def undeclared_codes(home: Home, codes: Sequence[str], what: str) -> str:
    """The same of codes that stand in a file, or are names of folders: ``; there are rows of no declared language``."""
    if not codes:
        return ""
    meant = {code: meant_language(code, home.languages) for code in codes}
    aliases = ", ".join(f"{json.dumps(code)} = {json.dumps(one)}" for code, one in meant.items() if one)
    advice = f"; in {home.where}, aliases = {{ {aliases} }} would take them" if aliases else ""
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return f"; there are {what} of no declared language: {', '.join(map(repr, codes[:SHOWN]))}{more}{advice}"


def check_codes(home: Home, codes: Sequence[str], place: str) -> None:
    """Raise `DataError` for codes of no language where the card declares none: nobody said which are meant, and so none
    is left out in silence."""
    if codes and not home.languages:
        raise DataError(
            f"{place}: {codes[0]!r} is no language's code or name: name its language under aliases in {home.where}, or "
            f"list the languages that are meant in the card"
        )


def _advice_on_duplicates(language: str, read: str, others: Sequence[str]) -> str:
    """What to do where several files may be of one language, of which one may be ``read``."""
    if read:
        them = "it" if len(others) == 1 else "them"
        return (
            f"; {language} is read from {read}, and {' and '.join(others)} may be {language} too: remove {them}, or "
            f"remove {read} and name the one to read in its place under aliases"
        )
    return f"; {' and '.join(others)} may both be {language}: keep one of them, and name it under aliases"


def _by_language(reading: Reading, by_code: Mapping[str, Path]) -> dict[str, Path]:
    """Declared language -> the file of one pattern; `DataError` where there are two."""
    files: dict[str, Path] = {}
    for code, path in by_code.items():
        if (language := reading.home.language_of(code)) is None:
            if not reading.home.languages:  # nobody said which files are meant: none is left out in silence
                raise DataError(
                    f"{path}: {code!r} is no language's code or name: name its language under aliases in "
                    f"{reading.home.where}, or list the languages that are meant in the card"
                )
            continue
        if language in files:
            raise DataError(f"{files[language]} and {path} are both {language!r}: {_remedy(reading, code, language)}")
        files[language] = path
    return files


def _remedy(reading: Reading, code: str, language: str) -> str:
    """What to do about two files of one language."""
    aliases = reading.home.table.get("aliases", {})
    alias = next((other for other in (code, *aliases) if aliases.get(other) == language), None)
    if alias is None:
        return "remove one of them, or rename it"
    return f"remove one of them, or the alias {alias!r} of {reading.home.where}"


def describe_location(reading: Reading, listed: Sequence[str]) -> str:
    """Where files were looked for, in words: ``a/b.{language}.txt under /data``."""
    root = root_of(reading)
    under = f"under {root}" if root is not None else "because no data root is set (--data DIR or XLBENCH_DATA)"
    return f"{' or '.join(listed)} {under}"
