"""Finds the configuration file, in the current folder or above it, and reads what it says and on which lines."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml

NAME, PROJECT = "xlbench.toml", "pyproject.toml"
VARIABLE = "XLBENCH_CONFIG"
OF_CHECKPOINTS = "trained_on"
"""How the keys begin of an xlbench.toml that lies in a checkpoint's folder, and is about that alone."""
TOOL = ("tool", "xlbench")
"""The table of pyproject.toml that is a configuration."""


@dataclass(frozen=True)
class SettingsFile:
    """A configuration file that was read."""

    path: Path
    """As it is shown: relative to the current folder where it lies there or above."""
    text: str
    tables: Mapping[str, Any]
    """What it says: that of its table [tool.xlbench], of a pyproject.toml."""
    prefix: tuple[str, ...] = ()
    """The table that holds all others."""

    @property
    def folder(self) -> Path:
        """The folder that paths in the file are relative to."""
        return self.path.parent

    def where(self, *keys: str) -> str:
        """``xlbench.toml, line 3``: where a table or a key stands, given by its keys from the top."""
        line = _line_of(self.text, (*self.prefix, *keys))
        return f"{self.path}, line {line}" if line else str(self.path)

    def label(self, *keys: str) -> str:
        """``[run]``: the name of a table, as the file has it."""
        return f"[{'.'.join((*self.prefix, *keys))}]"

    def rebased(self, path: str) -> str:
        """A path of the file, as seen from the current folder."""
        path = os.path.expanduser(path)
        if path == "-" or self.folder == Path():
            return path
        path = os.path.normpath(os.path.join(self.folder, path))
        path = path if os.path.isabs(path) or path.startswith(os.pardir) else os.path.join(os.curdir, path)
        return path.replace(os.sep, "/")  # specs and cards are written so on every system


def find(named: str | None = None) -> tuple[Path | None, str]:
    """The configuration file that counts.

    Args:
        named: The file that ``--config`` names; None: that of XLBENCH_CONFIG, else the nearest xlbench.toml or
            pyproject.toml with a table [tool.xlbench], from the current folder upwards.

    Returns:
        The file, and ""; or None, and why the file that is there is not used, or "" where there is none.

    Raises:
        UsageError: The file that is named is not there.
    """
    given = named or os.environ.get(VARIABLE) or None
    if given is not None:
        path = Path(given).expanduser()
        if not path.exists():
            raise UsageError(f"there is no configuration file {path} ({'--config' if named else VARIABLE})")
        return path, ""
    try:
        here = Path.cwd()
    except OSError:  # a folder that was removed
        return None, ""
    for up, folder in enumerate((here, *here.parents)):
        for name in (NAME, PROJECT):
            path = folder / name
            if path.is_dir() or not path.exists() or not _is_for_commands(path):
                continue
            why = _distrusted(path, here=up == 0)
            return (None, f"{path} is not used: {why}") if why else (Path(*[os.pardir] * up, name), "")
    return None, ""


def read(path: Path) -> SettingsFile:
    """The file's content; `UsageError` where it cannot be read, or is no TOML."""
    try:
        check_regular(path, LARGEST_TOML)
        text = path.read_text(encoding="utf-8-sig")
        tables = parse_toml(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    if path.name != PROJECT:
        return SettingsFile(path, text, tables)
    own: Any = tables
    for key in TOOL:
        own = own.get(key, {}) if isinstance(own, dict) else {}
    if not isinstance(own, dict):
        raise UsageError(f"{path}: [tool.xlbench] is no table")
    return SettingsFile(path, text, own, TOOL)


def _is_for_commands(path: Path) -> bool:
    """Whether a file is a configuration: a pyproject.toml with a table for xlbench, or an xlbench.toml that does not
    just say what a checkpoint was trained on. `read` says what is wrong with a file that cannot be read."""
    own = path.name == NAME
    try:
        check_regular(path, LARGEST_TOML)
        text = path.read_text(encoding="utf-8-sig")
        tables = parse_toml(text) if "xlbench" in text or own else {}
    except tomllib.TOMLDecodeError:
        return own or "tool.xlbench" in text
    except (OSError, ValueError, UsageError):
        return own
    if own:
        return not tables or not all(key.startswith(OF_CHECKPOINTS) for key in tables)
    tool = tables.get("tool")
    return isinstance(tool, dict) and "xlbench" in tool


def _distrusted(path: Path, *, here: bool) -> str:
    """Why a file that nobody named is not used, or "": it could name code of somebody else to be run.

    In the current folder, files of others are used where the folder is theirs as well: somebody went there.
    """
    if os.name == "nt":
        return ""
    trust = f"name it with --config (or {VARIABLE}) if you trust it"
    found, link, folder = path.stat(), path.lstat(), path.parent.stat()
    strangers = {found.st_uid, link.st_uid} - {0, os.geteuid()}
    if here:
        return f"it belongs to another user; {trust}" if strangers - {folder.st_uid} else ""
    if strangers:
        return f"it lies above the current folder and belongs to another user; {trust}"
    if found.st_mode & stat.S_IWOTH or (folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX):
        return f"it lies above the current folder and everybody may change it; {trust}"
    return ""


_HEADER = re.compile(r"\[\[?([^\[\]]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""([\w\-."' ]+?)\s*=""")


def _line_of(text: str, keys: Sequence[str]) -> int:
    """The line on which a key or a table begins, else that of the table around it; 0 where neither is seen.

    The parser keeps no lines; what looks like a key inside of a text of several lines may be taken for one.
    """
    wanted, here = [*keys], list[str]()
    best, line = 0, 0
    for number, written in enumerate(text.splitlines(), 1):
        header = _HEADER.match(written.strip())
        key = None if header else _KEY.match(written.strip())
        if header:
            path = here = _parts(header[1])
        elif key:
            path = [*here, *_parts(key[1])]
        else:
            continue
        if path[: len(wanted)] == wanted:
            return number
        if len(path) > best and path == wanted[: len(path)]:
            best, line = len(path), number
    return line


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
