"""`shell_text`: a command as a line for a shell, for readers on other machines."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

_START = r"(?:(?<=^)|(?<=[=,:]))"
"""Where a path begins in an argument: first, or behind a sign as in ``--data=DIR``."""
_END = r"(?=$|[/\\])"


def shell_text(command: Iterable[str]) -> str:
    """The command with quotes where a shell needs them. The data root is ``$XLBENCH_DATA``, a home folder ``$HOME``:
    who trained a model, and where it lay, is nobody's business."""
    given = [("XLBENCH_DATA", os.environ.get("XLBENCH_DATA", "")), ("HOME", os.path.expanduser("~"))]
    roots = [(name, Path(folder).absolute()) for name, folder in given if folder not in ("", "~")]
    known = [(name, str(root)) for name, root in roots if root != Path(root.anchor)]
    return " ".join(_argument(one, known) for one in command)


def _argument(text: str, roots: Iterable[tuple[str, str]]) -> str:
    for name, root in roots:
        parts = re.split(_START + re.escape(root) + _END, text)
        if len(parts) > 1:
            return '"' + f"${name}".join(re.sub(r'([\\"`$])', r"\\\1", part) for part in parts) + '"'
    return shlex.quote(text)
