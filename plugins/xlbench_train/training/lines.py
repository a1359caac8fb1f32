"""Reads lines and JSON objects of text files, plain or gzipped; errors name the line."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench.core.foreign_files import check_regular

GZIP = b"\x1f\x8b"
"""How a gzipped file begins, whatever it is called."""


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, without their ends; a byte-order mark is dropped.

    Raises:
        DataError: It cannot be read, is damaged, or a line is not UTF-8.
    """
    try:
        for number, raw in enumerate(_raw_lines(path), 1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise DataError(f"{path}, line {number}: not UTF-8; save the file as UTF-8") from None
            if number == 1 and "\r" in text.rstrip("\r\n"):
                raise DataError(
                    f"{path}, line 1: carriage returns within the line: save the file with \\n as line ends"
                )
            if "\x00" in text:
                raise DataError(f"{path}, line {number}: a NUL character, as in UTF-16 or a binary file; save as UTF-8")
            yield text.rstrip("\n").removesuffix("\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: the gzipped file is damaged ({error}): get it again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _raw_lines(path: Path) -> Iterator[bytes]:
    check_regular(path)
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        yield from file


def read_objects(path: Path, expected: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and objects of a JSON-lines file; blank lines are passed over.

    Args:
        path: The file.
        expected: What a line should be, for the error.

    Raises:
        DataError: A line is none; the error names file and line.
    """
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: no JSON ({error})") from None
        _check_characters(value, f"{path}, line {number}")
        if not isinstance(value, dict):
            raise DataError(f"{path}, line {number}: {expected}")
        yield number, value


def _check_characters(value: Any, where: str) -> None:
    """`DataError` for what JSON can spell and no text has: half a character, and NUL."""
    shown = json.dumps(value, ensure_ascii=False)
    try:
        shown.encode()
    except UnicodeEncodeError as error:
        half = shown[error.start].encode("utf-16-be", "surrogatepass").hex()
        raise DataError(f"{where}: half a character (\\u{half}): write the file anew, as UTF-8") from None
    if re.search(r"(?<!\\)(?:\\\\)*\\u0000", shown):
        raise DataError(f"{where}: a NUL character: take it out")
