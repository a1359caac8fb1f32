"""The FAQ is true: what it quotes is what the code says, and no kind of error is left out."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest
from conftest import ROOT

from xlbench.core import errors
from xlbench.testing.process import ConformanceError

FAQ = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(.+)` \| (.+) \|$", FAQ, re.MULTILINE)


@pytest.fixture(scope="module")
def site_messages():
    """The module that reads the messages from the source."""
    spec = importlib.util.spec_from_file_location("site_messages", ROOT / "docs" / "site_messages.py")
    module = sys.modules["site_messages"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def said(site_messages) -> list[str]:
    """What errors say: their messages, and those of the two that are put together in one place."""
    (extra,) = re.findall(r'return f"(\{what\}.*)"', (ROOT / "xlbench/core/errors.py").read_text(encoding="utf-8"))
    (command,) = re.findall(r'f"(No such command .*)"', (ROOT / "xlbench/cli/__init__.py").read_text(encoding="utf-8"))
    return [one.text for one in site_messages.messages()] + [re.sub(r"\{.*?\}", "…", one) for one in (extra, command)]


def is_quoted(row: str, message: str) -> bool:
    """Whether the words of a row, in their order, are words of a message that begins so."""
    start = re.match(r"…*", row).group()
    parts = [part for part in re.split(r"[… ]*…[… ]*", row) if part]
    pattern = ".*?".join(map(re.escape, parts))
    return bool(re.match(rf"[… ]*{pattern}" if not start else rf".*?{pattern}", message))


@pytest.mark.parametrize("row", [message for message, _ in ROWS])
def test_what_the_faq_quotes_is_what_the_code_says(row, said):
    """Each message of docs/faq.md is one of the source, with gaps where something is filled in."""
    assert any(is_quoted(row, message) for message in said)


def test_a_message_that_nobody_says_is_seen(said):
    """A quoted message with another word is not found."""
    assert any(is_quoted("… is empty", message) for message in said)
    assert not any(is_quoted("… is hollow", message) for message in said)
    assert not any(is_quoted("give a suite or a task, not both", message) for message in said)


def test_every_row_has_a_remedy():
    """The tables have some fifty messages, each once, each with what to do."""
    assert len(ROWS) > 50
    assert len({message for message, _ in ROWS}) == len(ROWS)
    assert all(len(remedy) > 9 for _, remedy in ROWS)
    assert len(re.findall(r"^\| .*`.* \|$", FAQ, re.MULTILINE)) == len(ROWS)


def test_every_kind_of_error_has_its_messages(site_messages):
    """The page of messages has a section for each class of errors, and lists messages below it."""
    classes = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.XlbenchError)}
    names = {one.__name__ for one in classes} - {"XlbenchError"} | {ConformanceError.__name__}
    assert names == set(site_messages.ERRORS)
    found = site_messages.messages()
    assert {one.error for one in found} >= names - {"MissingExtraError"}
    shown = site_messages.page()
    assert all(f"`` {one.text} ``" in shown for one in found)
    assert len(found) > 500
