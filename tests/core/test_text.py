"""Texts of errors and of sizes: one way each."""

import pytest

from xlbench.core.errors import UsageError
from xlbench.core.text import byte_count, count_text, error_text, reason_of


class BrokenError(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (UsageError("a\n  b"), "a b", "UsageError: a b"),
        (ValueError("a\tb"), "ValueError: a b", "ValueError: a b"),
        (ValueError(), "ValueError", "ValueError"),
        (MemoryError("x"), "out of memory", "MemoryError: x"),
        (ValueError("\ud800"), "ValueError: \\ud800", "ValueError: \\ud800"),
        (BrokenError(), "BrokenError: its text fails with ValueError", "BrokenError: its text fails with ValueError"),
    ],
)
def test_an_error_is_one_line(error, reason, text):
    """Our own messages stand alone, others behind their type; whatever the exception, there is a line."""
    assert (reason_of(error), error_text(error)) == (reason, text)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 KiB"), (1_288_490_189, "1.2 GiB"), (3 << 50, "3,072.0 TiB")],
)
def test_bytes_are_counted_in_powers_of_1024(count, shown):
    """A unit that suits, and no more than one decimal."""
    assert byte_count(count) == shown


@pytest.mark.parametrize(
    ("number", "nouns", "shown"),
    [(0, ("pair",), "0 pairs"), (1, ("pair",), "1 pair"), (1234, ("query", "queries"), "1,234 queries")],
)
def test_a_count_has_its_noun_in_the_plural_but_for_one(number, nouns, shown):
    """With commas; nouns that take no s bring their plural."""
    assert count_text(number, *nouns) == shown
