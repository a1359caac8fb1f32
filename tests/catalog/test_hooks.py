"""The hooks are what their documentation says: every example runs as a plugin, every hook is explained and tested."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from xlbench import catalog
from xlbench.catalog.checking import KINDS
from xlbench.catalog.hooks import HOOKS, Hooks
from xlbench.core.task import Data


def example_of(hook: str) -> str:
    """The code block of a hook's docstring."""
    _, _, block = inspect.cleandoc(getattr(Hooks, hook).__doc__).partition("::\n\n")
    return textwrap.dedent(block)


@pytest.fixture
def run_example(tmp_path, monkeypatch) -> Callable[[str], catalog.Catalog]:
    """A function: a hook -> the catalog of a plugin whose module holds exactly that hook's example."""

    def run(hook: str) -> catalog.Catalog:
        name = f"example_of_{hook}"
        (tmp_path / f"{name}.py").write_text(example_of(hook), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        loaded = catalog.load([EntryPoint("example", name, "xlbench")])
        assert not loaded.warnings()
        assert loaded.plugins[-1].hooks == (hook,)
        return loaded

    return run


def test_example_of_xlbench_models(run_example):
    """The model "vowels" loads, counts vowels, and has an identity without a fingerprint of its own."""
    (vowels,) = run_example("xlbench_models").models.values()
    assert vowels.name == "vowels"
    vectors = vowels.load().encode(["aab", "io"])
    np.testing.assert_allclose(vectors, [[2.1, 0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 1.1, 1.1, 0.1]])
    assert re.fullmatch("[0-9a-f]{64}", vowels.identity())


def test_example_of_xlbench_schemes(run_example):
    """A spec ``constant:5`` becomes a model of five dimensions; other specs are not the scheme's."""
    loaded = run_example("xlbench_schemes")
    five, three = loaded.select_models(["constant:5", "constant:3"])
    assert five.load().encode(["a", "b"]).shape == (2, 5)
    assert five.identity() != three.identity()
    assert not loaded.schemes["constant"].matches("hf:constant")


def session(vector_of: Callable[[str], list[float]]) -> Any:
    """The least that a task's ``evaluate`` needs: vectors for texts."""
    return SimpleNamespace(encode=lambda texts: np.array([vector_of(text) for text in texts]))


@pytest.mark.parametrize(
    ("vector_of", "accuracy"),
    [
        (lambda text: [1.0, 0.0] if "bank" in text else [0.0, 1.0], 1.0),  # by kind
        (lambda text: [1.0, 0.0] if text in ("two red cats", "all banks fell") else [0.0, 1.0], 0.0),  # by number
    ],
)
def test_example_of_xlbench_tasks(vector_of, accuracy, run_example):
    """The task "kinds" scores 1 where neighbors are of one kind, and 0 where they never are."""
    (task,) = run_example("xlbench_tasks").tasks.values()
    (subset,) = task.subsets(Data())
    outcome = task.evaluate(subset, session(vector_of))
    assert len(outcome.item_ids) == subset.n == 4
    (metric,) = task.metrics
    assert metric.value(metric.rows(outcome.columns).sum(axis=0)) == accuracy


def test_example_of_xlbench_suites(run_example):
    """The suite "my-field" names two tasks, which other plugins have to offer."""
    assert run_example("xlbench_suites").select_suite("my-field").tasks == ("lexicon", "ntrex")


def test_example_of_xlbench_engines(run_example):
    """The engine "backwards" does every job, the last one first."""
    engine = run_example("xlbench_engines").select_engine("backwards")
    assert list(engine.map(lambda job: [job, job * 10], [1, 2, 3])) == [3, 30, 2, 20, 1, 10]


def test_example_of_xlbench_boards(run_example):
    """The format "names" writes the models' names in the board's order, a line each."""
    names = run_example("xlbench_boards").boards["names"]
    board = SimpleNamespace(rows=[SimpleNamespace(model="labse"), SimpleNamespace(model="ngram")])
    assert names.render(board) == {".names.txt": "labse\nngram\n"}


def test_example_of_xlbench_recipes(run_example, tmp_path):
    """The recipe "vocabulary" gives a command that writes each word of a text once, in order."""
    recipe = run_example("xlbench_recipes").select_recipe("vocabulary")
    (tmp_path / "text").write_text("b a\nb", encoding="utf-8")
    out = tmp_path / "out"
    recipe.command().main([str(tmp_path / "text"), "--out", str(out)], standalone_mode=False)
    assert out.read_text(encoding="utf-8") == "a\nb\n"


def test_every_hook_has_a_test():
    """A hook without a test of its example in this file is not finished."""
    tested = {name.removeprefix("test_example_of_") for name in globals() if name.startswith("test_example_of_")}
    assert tested == set(HOOKS)


def test_every_hook_has_a_kind():
    """The catalog knows what each hook yields, and no kind is without a hook."""
    assert {f"xlbench_{kind}" for kind in KINDS} == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_when_it_fires(hook):
    """The docstring of a hook says what it is for, when it fires, and shows an example with that very hook."""
    explained = inspect.getdoc(getattr(Hooks, hook))
    assert "Fires when" in explained
    assert re.search(rf"^    @xlbench\.hookimpl\n    def {hook}\(\):", explained, re.MULTILINE)


def test_documentation_has_a_heading_for_every_hook_and_for_nothing_else():
    """docs/plugins.md explains each hook under its name; a heading with any other hook's name would mislead."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### `?(xlbench_\w+)`?(?:\(\))?\s*$", text, re.MULTILINE)
    assert sorted(headings) == sorted(HOOKS)
    assert set(re.findall(r"hookimpl(?:\([^)]*\))?\s+def (xlbench_\w+)", text)) <= set(HOOKS)
