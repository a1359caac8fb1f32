"""A cache in a folder of its own, vectors to put into it, and processes that share it."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import environment

from xlbench.encoding.cache import (
    Cache,
    keys_of,
)

A, B, C = "a" * 64, "b" * 64, "c" * 64

WORK = """
import sys
import numpy as np
from pathlib import Path
from xlbench.encoding.cache import Cache, keys_of

def vectors(texts):
    return np.array([np.random.default_rng(int(text)).normal(size=48) for text in texts], np.float32)
"""
"""For processes that share a cache: the vector of a text is a function of it."""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as one:
        yield one


def numbers(count: int, d: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, d)).astype(np.float32)


def keys(count: int, name: str = "") -> list[bytes]:
    return keys_of([f"{name}{number}" for number in range(count)])


def process(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK + code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment([], {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def damage(cache: Cache, query: str, *values: Any) -> None:
    """Change the database behind the cache's back."""
    with contextlib.closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute(query, values)
