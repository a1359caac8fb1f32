"""Reads files that a stranger may have written: regular ones of a bounded size, and TOML with bounded keys."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError

LARGEST_TOML, DOTS = 1 << 20, 200
"""Bytes that a TOML file may have, and dots that a line of it may."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def check_regular(path: Path, largest: int | None = None) -> None:
    """Refuse what could be read without end; whoever opens the file tells that it is absent, or a folder.

    Args:
        path: The file.
        largest: How many bytes it may have; None: any number.

    Raises:
        UsageError: It is a pipe or a device, or larger.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{path} is no regular file (a pipe or a device): give a file")
    if largest is not None and found.st_size > largest:
        raise UsageError(f"{path.name} has {found.st_size:,} bytes, and can have {largest:,}")


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        text: The file's text.

    Raises:
        tomllib.TOMLDecodeError: It is no TOML, is nested without end, or has a key of hundreds of parts: to read that
            takes time and memory by the square of their number.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > DOTS and _QUOTED.sub("", line).partition("#")[0].count(".") > DOTS:
            raise tomllib.TOMLDecodeError(f"line {number}: more than {DOTS} dots outside of quotes: no key has so many")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("tables or lists in one another without end") from None
