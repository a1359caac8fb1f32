"""Runs xlbench in a pseudo-terminal, and says what would be on its screen. No tests here."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|.", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """What a command did in a terminal."""

    code: int
    raw: str
    """All that was written."""
    screen: tuple[str, ...]
    """The lines that are left, those that have scrolled away first."""
    frames: tuple[str, ...]
    """What the live line said, one after the other."""


def in_terminal(
    args: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    columns: int,
    *,
    redirect: Mapping[str, Path] | None = None,
    stop: Callable[[str], bool] = lambda raw: False,
    timeout: float = 120,
) -> Shown:
    """Run ``xlbench`` in a terminal of so many columns.

    Args:
        args: The command line.
        folder: Where it runs.
        env: Its environment.
        columns: Of the window.
        redirect: Streams (``stdout``, ``stderr``) that go to files.
        stop: Told all that was written so far; Ctrl-C is pressed once where it says so.
        timeout: Seconds after which it is too late.
    """
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    streams = {name: path.open("wb") for name, path in (redirect or {}).items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "xlbench", *args], cwd=folder, env=dict(env), stdin=theirs,
        stdout=streams.get("stdout", theirs), stderr=streams.get("stderr", theirs),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its own terminal, so that Ctrl-C reaches it
    )  # fmt: skip
    os.close(theirs)
    written, stopped, until = b"", False, time.monotonic() + timeout
    try:
        while time.monotonic() < until:
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # nobody has it open any more
                break
            if not chunk:
                break
            written += chunk
            if not stopped and stop(written.decode("utf-8", "replace")):
                os.write(ours, b"\x03")
                stopped = True
        code = process.wait(timeout=max(1.0, until - time.monotonic()))
    finally:
        process.kill()
        os.close(ours)
        for stream in streams.values():
            stream.close()
    raw = written.decode("utf-8")
    frames = tuple(part.rstrip(" \b") for part in re.split(r"[\r\n]+", raw) if re.search(r"\d/\d+ cells", part))
    return Shown(code, raw, tuple(screen_of(raw, columns)), frames)


def screen_of(raw: str, columns: int) -> list[str]:
    """The lines that a terminal shows. A text that is wider than the window goes on in the next line, as there."""
    rows: list[list[str]] = [[]]
    column = 0
    for token in _TOKEN.findall(raw):
        if token == "\n":
            rows.append([])
            column = 0 if raw.find("\r\n") < 0 else column
        elif token == "\r":
            column = 0
        elif token == "\b":
            column = max(column - 1, 0)
        elif token.startswith("\x1b"):
            assert token.endswith("m"), token  # colors alone: no moves of the cursor
        else:
            if column == columns:
                rows.append([])
                column = 0
            rows[-1] += [" "] * (column + 1 - len(rows[-1]))
            rows[-1][column] = token
            column += 1
    return ["".join(row).rstrip() for row in rows]
