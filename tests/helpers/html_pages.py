"""Boards as pages in a browser, and what the pages are expected to say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from browsing import Opened

from xlbench.reports.html import page as pages

ITEMS = {
    "n": 5, "whole": True, "ids": ["item-0", "item-1", "item-2"], "texts": ["a text", "ein Text"],
    "sets": [{"task": "topics", "subset": "eng", "ids": [0, 1, 2], "bits": ["Bw==", "BQ==", "AQ==", None],
              "texts": [[0, 1], [0], []]}],
}  # fmt: skip
"""Three items: alpha has all right, beta the first and the last, gamma the first; of delta nothing is known."""


def opening(browser: Any, folder: Path) -> Callable[..., contextlib.AbstractContextManager[Opened]]:
    """A function that opens a board as a page from a file in the folder; ``change`` changes the page before."""
    count = iter(range(1000))

    @contextlib.contextmanager
    def open_page(board: Any, change: Callable[[str], str] = str, **context: Any) -> Iterator[Opened]:
        path = folder / f"{next(count)}.html"
        path.write_text(change(pages.render(board, date(2026, 1, 31), items=context.pop("items", None))), "utf-8")
        one = Opened(browser, path, **context)
        yield one
        one.close()

    return open_page


def points(value: float) -> str:
    """As the page writes a fraction."""
    return f"{100 * value:.1f}"


def scores(entry: Any) -> str:
    """As the page writes a score and its interval."""
    return f"{points(entry.value)} {points(entry.low)}–{points(entry.high)}"
