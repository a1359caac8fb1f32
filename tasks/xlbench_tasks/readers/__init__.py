"""Readers: one file a format. Each turns a home (a checked table of a card) into a `Source`; they read, nothing else.

A reader is a module with ``KEYS`` (what its table may hold: name -> type or allowed values), ``REQUIRED`` (names) and
``source(home, data) -> Source``, which checks what types cannot say (`UsageError`), imports nothing heavy and touches
no file.
"""

READERS = ("cldr", "conll", "delimited", "hub", "parallel")
