"""The notebooks of the documentation run from top to bottom, and every cell shows something."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pandas as pd
import pytest
from conftest import ROOT

from xlbench.reports import frames

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


def code_of(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does: the value of its last expression is what it shows."""
    tree = ast.parse(code)
    assert isinstance(tree.body[-1], ast.Expr), f"the cell ends in no expression, and shows nothing:\n{code}"
    last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "a notebook's cell", "exec"), names)
    return eval(compile(last, "a notebook's cell", "eval"), names)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_and_show_something(path, monkeypatch):
    """Every cell runs in the notebook's folder, and what it ends in has a table, a picture or a text to show."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(path.parent)
    names: dict[str, Any] = {}
    values = [shown(code, names) for code in code_of(json.loads(path.read_text(encoding="utf-8")))]
    kinds = {type(value).__name__ for value in values}
    assert {"Results", "Comparison", "DataFrame", "Figure"} <= kinds
    for value in values:
        page = value._repr_html_() if hasattr(value, "_repr_html_") else None
        assert page or repr(value)
        assert page is None or "<script" not in page
        assert not isinstance(value, pd.DataFrame) or not value.empty
        if type(value).__name__ == "Figure":
            assert value._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path):
    """A notebook is of format 4.5, its cells have ids of their own, and no output or count of a run is in the file."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-zA-Z0-9-_]{1,64}", one) for one in ids)
    for cell in notebook["cells"]:
        wanted = {"id", "cell_type", "metadata", "source"}
        assert set(cell) == wanted | ({"outputs", "execution_count"} if cell["cell_type"] == "code" else set())
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_notebooks_lead_somewhere(path):
    """Every relative link in a text of a notebook is a file."""
    texts = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    targets = [target for text in texts for target in re.findall(r"\]\(([^)\s#:]+)\)", text)]
    assert targets
    assert all((path.parent / target).exists() for target in targets)


def test_columns_of_frames_are_documented():
    """The table in docs/python.md has every column of every level, and no other."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \| ([a-z, ]+) \| .+ \|$", page, re.MULTILINE)
    documented = {
        (level, name)
        for names, levels in rows
        for name in re.findall("`(.+?)`", names)
        for level in (frames.LEVELS if levels == "all" else levels.split(", "))
    }
    assert documented == {(level, name) for level, names in frames.COLUMNS.items() for name in names}
    assert set(re.findall(r"^\| `(\w+)` \| (?:a|the|an) ", page, re.MULTILINE)) >= set(frames.LEVELS)
