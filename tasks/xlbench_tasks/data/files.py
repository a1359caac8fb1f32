"""Text files under the data root, or in a plugin: finding them by a pattern, reading them to the last character.

No format is known here beyond "UTF-8" and "a line ends with a line feed".
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from xlbench import DataError, DataMissing, UsageError
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

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
        raise DataMissing(reading.missing(f"{reading.name} is not at hand: no file {place(reading, listed)}"))
    return files


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


def read_text(path: Path) -> str:
    """A file's text: strict UTF-8, without the byte order mark at its start; `DataError` names line and byte."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if not raw:
        raise DataError(f"{path} is empty")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = f"byte {error.start} (0x{raw[error.start]:02x})"
        raise DataError(f"{path}, line {line}: {byte} is not UTF-8; save the file as UTF-8") from None
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise DataError(f"{path}, line {line}: a NUL byte; the file is damaged, or it is not UTF-8")
    return text.removeprefix("\ufeff")


def split_lines(text: str, keep_line_end: bool = False) -> list[str]:
    r"""Lines, split on ``\n`` alone: U+2028, U+0085, VT, FF and a bare ``\r`` are characters of a text.

    One ``\r`` at a line's end belongs to the line end and goes, unless ``keep_line_end``.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines if keep_line_end else [line.removesuffix("\r") for line in lines]
