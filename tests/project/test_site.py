"""The documentation as a site: every page is in its menu, every public name in its reference, all of it is here."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT

import xlbench
from xlbench import testing
from xlbench.cli import COMMANDS

DOCS = ROOT / "docs"
MENU = re.findall(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
REFERENCE = "\n".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md")))
REFERRED = re.findall(r"^::: (\S+)$", REFERENCE, re.MULTILINE)

LOADS = r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"' >]+)"""
"""What a page loads from another place; a link that a reader may follow is none."""


@pytest.fixture(scope="module")
def site() -> Path:
    """The site that ``make docs`` has built."""
    if "XLBENCH_SITE" not in os.environ:
        pytest.skip("make docs builds the site and sets XLBENCH_SITE")
    return Path(os.environ["XLBENCH_SITE"])


@pytest.fixture(scope="module")
def hooks():
    """The module that changes pages while the site is built."""
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_menu_once():
    """The menu of mkdocs.yml names every page of docs/ once, and no other."""
    assert sorted(MENU) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_every_public_name_is_in_the_reference_once():
    """What ``xlbench`` and ``xlbench.testing`` offer has a place in docs/reference, and one alone."""
    wanted = {f"xlbench.{name}" for name in xlbench.__all__} - {"xlbench.__version__"}
    wanted |= {f"xlbench.testing.{name}" for name in testing.__all__}
    assert not wanted - set(REFERRED)
    assert len(REFERRED) == len(set(REFERRED))


@pytest.mark.parametrize("name", REFERRED)
def test_what_the_reference_names_is_there(name):
    """Each name of docs/reference can be imported."""
    module, _, last = name.rpartition(".")
    assert hasattr(importlib.import_module(module), last)


def test_every_function_says_what_it_takes_gives_and_raises():
    """Each function of the reference describes every parameter, what it returns and which errors it raises."""
    for name in ("run", "load", "board", "compare", "gate", "fetch", "pack", "unpack", "confusion"):
        text = getattr(xlbench, name).__doc__
        for argument in inspect.signature(getattr(xlbench, name)).parameters:
            assert re.search(rf"^ +{argument}: ", text, re.MULTILINE), f"{name}: {argument}"
        assert "Returns:" in text, name
        assert "Raises:" in text, name


@pytest.mark.parametrize("suite", ["nepali", "low-resource-sentiment", "indian-ner"])
def test_the_page_of_a_study_names_every_task_of_its_suite(suite):
    """Each task of a study's suite has a row in the page's table of tasks, and no other has."""
    text = (DOCS / "studies" / f"{suite}.md").read_text(encoding="utf-8")
    table = text.partition(f"## The suite `{suite}`")[2].partition("\n\n|")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", row.split(" | ")[0])}
    with (ROOT / "tasks" / "xlbench_tasks" / "suites" / f"{suite}.toml").open("rb") as file:
        assert named == set(tomllib.load(file)["tasks"])


def test_a_link_out_of_the_documentation_is_a_name_or_a_copy(hooks):
    """A page and a schema are copied into the site; of another file the name is said; within docs/ nothing changes."""
    copies = []
    files = SimpleNamespace(get_file_from_path=lambda path: True, append=copies.append)
    page = SimpleNamespace(file=SimpleNamespace(src_uri="studies/some.md"))

    def shown(text: str) -> str:
        return hooks.on_page_markdown(text, page, None, files)

    assert shown("[the board](../../leaderboards/open.html)") == "[the board](../repository/leaderboards/open.html)"
    assert shown("[it](../../README.md#install)") == "it (`README.md` in the repository)"
    assert shown("[it](../gate.md#a-policy)") == "[it](../gate.md#a-policy)"
    assert shown("```text\n[it](../../README.md)\n```") == "```text\n[it](../../README.md)\n```"


def test_a_list_after_a_line_of_text_stays_a_list(hooks):
    """GitHub lets a list follow a line of text; here an empty line comes between, and parts are
    indented by four; code stays as it is."""
    page = SimpleNamespace(file=SimpleNamespace(src_uri="some.md"))
    text = "Three:\n- one\n  - a part\n- two\n\n```text\nThree:\n- one\n```\n"
    shown = hooks.on_page_markdown(text, page, None, None)
    assert shown == "Three:\n\n- one\n    - a part\n- two\n\n```text\nThree:\n- one\n```\n"


def test_the_site_has_every_page(site):
    """Each page of docs/ is a page of the site."""
    for name in MENU:
        assert (site / name).with_suffix(".html").is_file(), name


def test_the_site_loads_nothing_from_elsewhere(site):
    """No page, and no style sheet, asks another server for a script, a style, a font or a picture."""
    pages = [page for page in site.rglob("*.html") if "repository" not in page.parts]
    assert pages
    for page in pages:
        assert not re.findall(LOADS, _head_and_body(page)), page
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def _head_and_body(page: Path) -> str:
    """A page without the links that name it: `canonical`, `next` and `prev` load nothing."""
    return re.sub(r"<link[^>]*rel=.?(?:canonical|next|prev)[^>]*>", "", page.read_text(encoding="utf-8"))


def test_the_site_shows_every_command_and_every_name(site):
    """The page of commands has a section each, and those of the reference a heading with an anchor a name."""
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"Usage: xlbench {name} " in text
    reference = "".join(page.read_text(encoding="utf-8") for page in (site / "reference").glob("*.html"))
    for name in REFERRED:
        assert f'id="{name}"' in reference, name


def test_no_markdown_is_left_on_the_site(site):
    """No list, table, link or fence stands as plain text on a page, since its syntax was not understood."""
    for name in MENU:
        text = (site / name).with_suffix(".html").read_text(encoding="utf-8")
        body = re.sub(
            r"<pre.*?</pre>|<code.*?</code>", "", text.partition("<article")[2].partition("</article>")[0], flags=re.S
        )
        left = re.findall(r"\n(?:- |\* |\d+\. |\|).*|```.*|\[[^\]<]+\]\([^)<]+\)|^::: .*", body, re.MULTILINE)
        assert not left, name
