"""Readers: one module a format. Each turns a home (a checked table of a card) into a `Source` of its records.

A reader is a module with ``KEYS`` (what its table may hold: name -> type or allowed values), ``REQUIRED`` (names) and
``source(home, data) -> Source``, which checks what types cannot say (`UsageError`), imports nothing heavy and touches
no file.

A card names one of these by its plain name, and anybody else's as ``package.module``.
"""

from collections.abc import Callable, Mapping

READERS = (
    "cldr", "conll", "delimited", "files", "folders", "hub", "jsonl", "nearmiss", "parallel", "parquet", "search",
    "tmx", "xlsx",
)  # fmt: skip

PACKAGED = ("cldr",)
"""Those whose data comes with a package that is installed anyway."""

PARTS = {"KEYS": Mapping, "REQUIRED": tuple, "source": Callable}
"""What a reader's module has, and of which type."""
