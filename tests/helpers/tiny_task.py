"""A tiny task of parallel text that a test writes for itself: a card, and a text file a language. No tests here."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

CARD = """\
name = "tiny"
area = "retrieval"
protocol = "retrieval"
description = "Find the partner of a line of made-up words"
license = "CC0-1.0"
languages = ["eng", "deu", "fra", "nep"]

[data]
reader = "parallel"
files = "tiny.{language}.txt"

[options]
pairs = "eng"
"""
"""The card declares four languages; nep is not at hand unless a test writes it."""

SYLLABLES = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st", "uv", "wx", "yz")


def texts(language: str, lines: int = 20) -> list[str]:
    """Lines of made-up words: even lines have the same words in all languages, odd ones have words of their own."""
    shared, own = random.Random(7), random.Random(language)
    rows = []
    for line in range(lines):
        words = shared.choices(SYLLABLES, k=6)
        rows.append(" ".join(own.choices(SYLLABLES, k=6) if line % 2 else words) + f" {language} {line}")
    return rows


def write_texts(folder: Path, language: str, lines: list[str]) -> Path:
    """Write a language's file and return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"tiny.{language}.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def tiny(folder: Path, lines: int = 20) -> list[str]:
    """Write card and texts into a folder; returns the options for a command that runs there."""
    (folder / "tiny.toml").write_text(CARD, encoding="utf-8")
    for language in ("eng", "deu", "fra"):
        write_texts(folder / "data", language, texts(language, lines))
    return ["--task", "./tiny.toml", "--data", "data"]


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on standard error with which a command that cannot be carried out ends; checks that it is one."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("xlbench: ")
    return line
