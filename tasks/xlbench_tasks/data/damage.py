"""Finds which file of a data set is damaged, and on which line, after a library failed to read it."""

from __future__ import annotations

import json
from pathlib import Path

from xlbench import DataError
from xlbench_tasks.data.text import kind_of, read_text

_TEXTS = (".json", ".jsonl", ".csv", ".tsv", ".txt")


def damage_below(folder: Path) -> str:
    """What is wrong with the first damaged file of a folder, in a line; "" where none is found to be.

    Texts must be UTF-8, JSON must be JSON, and no file may be a pointer of Git LFS or git-annex.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".") and (damage := damage_of(path)):
            return damage
    return ""


def damage_of(path: Path) -> str:
    """The same of one file."""
    try:
        with path.open("rb") as file:
            what = kind_of(file.read(200))
        if "pointer" in what:
            return f"{path} is {what}"
        if path.suffix in _TEXTS:
            text = read_text(path)
            return _broken_json(path, text) if path.suffix.startswith(".json") else ""
    except (DataError, OSError) as damage:
        return str(damage)
    return ""


def _broken_json(path: Path, text: str) -> str:
    """What is wrong with JSON: one value in the whole file, or one a line; "" for nothing."""
    try:
        json.loads(text)
        return ""
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("["):
            return f"{path}, line {error.lineno}: no JSON ({error.msg})"
    for number, line in enumerate(text.split("\n"), 1):
        try:
            json.loads(line or "{}")
        except json.JSONDecodeError as error:
            return f"{path}, line {number}: no JSON ({error.msg}); every line must be one JSON object"
    return ""
