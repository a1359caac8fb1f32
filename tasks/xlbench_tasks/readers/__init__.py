"""Readers: one file a format. Each turns a home (a checked table of a card) into a `Source` of its records.

A reader is a module with ``KEYS`` (what its table may hold: name -> type or allowed values), ``REQUIRED`` (names) and
``source(home, data) -> Source``, which checks what types cannot say (`UsageError`), imports nothing heavy and touches
no file.

``hub_keys`` and ``hub_table`` are parts of ``hub``: what its table in a card may hold, and the table of the data set.

A card names one of these by its plain name, and anybody else's as ``package.module``.
"""

from collections.abc import Callable, Mapping

READERS = ("cldr", "conll", "delimited", "hub", "nearmiss", "parallel", "search")

PACKAGED = ("cldr",)
"""Those whose data comes with a package that is installed anyway."""

PARTS = {"KEYS": Mapping, "REQUIRED": tuple, "source": Callable}
"""What a reader's module has, and of which type."""
