"""The promise to plugins: what version 0.1 called, took and offered stays. The tables here are never shortened."""

from __future__ import annotations

import dataclasses
import inspect
import json

import pytest

import xlbench
from xlbench.catalog import loading
from xlbench.catalog.hooks import HOOKS, Hooks
from xlbench.stats import metrics

HOOKS_OF_0_1: dict[str, tuple[str, ...]] = {
    "xlbench_models": (), "xlbench_schemes": (), "xlbench_tasks": (), "xlbench_suites": (), "xlbench_engines": (),
    "xlbench_boards": (), "xlbench_recipes": (),
}  # fmt: skip
"""Hook -> the names of its arguments."""

FIELDS_OF_0_1 = {
    "BoardFormat": "name render description suffixes default",
    "Data": "root limit train_size training_draws languages",
    "Download": "fetch at_hand origin revision",
    "Engine": "name map description takes_workers",
    "FoundDocuments": "item_ids queries documents places scores judged",
    "ItemText": "item text language label cluster",
    "Metric": "name rows value interval bounds gradient influence seeds description direction through_others",
    "Model": "name load fingerprint description license trained_on trained_on_texts in_suites spec details transform "
             "vectors search cached download",
    "Option": "name kind default choices description",
    "Outcome": "item_ids columns cluster_ids chance facts notes seed_ids retrained training_ids item_texts",
    "Recipe": "name command description",
    "Scheme": "name matches model tasks suites description options combine",
    "Subset": "name languages n fingerprint load missing damaged train_items training_draws",
    "Suite": "name tasks description",
    "Task": "name area metrics subsets evaluate version settings languages data description license citation home "
            "register download imports texts find",
    "Transform": "fit fit_on words similarity",
}  # fmt: skip
"""What plugins make or are given -> its fields, in their order."""

NAMES_OF_0_1 = [
    "AREAS",
    "BoardFormat",
    "Catalog",
    "Cell",
    "Columns",
    "Comparison",
    "Confusion",
    "Data",
    "DataError",
    "DataMissing",
    "Download",
    "Encoder",
    "EncoderError",
    "EncodingSession",
    "Engine",
    "Estimate",
    "FoundDocuments",
    "Gate",
    "ItemText",
    "Metric",
    "Model",
    "Option",
    "Outcome",
    "Permissions",
    "Policy",
    "Recipe",
    "Results",
    "ResultsError",
    "Role",
    "Run",
    "Scheme",
    "Score",
    "Searcher",
    "SentenceEvaluator",
    "Spec",
    "Subset",
    "Suite",
    "Task",
    "Transform",
    "UsageError",
    "WordEncoder",
    "WordTagger",
    "XlbenchError",
    "__version__",
    "as_mteb",
    "board",
    "code_fingerprint",
    "compare",
    "confusion",
    "curve",
    "fetch",
    "gate",
    "hookimpl",
    "load",
    "metrics",
    "pack",
    "run",
    "text_keys",
    "unpack",
]

METHODS_OF_0_1 = {
    "EncodingSession": {"encode": ("texts", "role"), "encode_words": ("sentences",)},
    "Catalog": {"select_models": ("specs",), "select_tasks": ("specs", "suite"), "select_suite": ("name",)},
}
"""What plugins are given -> its methods -> the arguments that they may be called with, by position or name."""


def arguments(function) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_no_hook_is_lost_and_none_loses_an_argument():
    """Every hook of version 0.1 is there, with the arguments of then before any that came later."""
    for hook, names in HOOKS_OF_0_1.items():
        assert hook in HOOKS
        assert arguments(getattr(Hooks, hook))[: len(names)] == [*names]


@pytest.mark.parametrize("name", FIELDS_OF_0_1)
def test_no_field_is_lost_or_moved_and_new_ones_may_be_left_out(name):
    """What version 0.1 could say by position or by name can be said so still; later fields have defaults."""
    then, now = FIELDS_OF_0_1[name].split(), dataclasses.fields(getattr(xlbench, name))
    assert [field.name for field in now][: len(then)] == then
    assert not any(field.kw_only for field in now[: len(then)])
    missing = dataclasses.MISSING
    assert all(field.default is not missing or field.default_factory is not missing for field in now[len(then) :])


def test_no_public_name_is_lost():
    """Every name of `xlbench` that version 0.1 had is there."""
    assert set(NAMES_OF_0_1) <= set(xlbench.__all__)


@pytest.mark.parametrize("name", METHODS_OF_0_1)
def test_methods_that_plugins_call_take_what_they_took(name):
    """The arguments of version 0.1 are there, in their order; later ones may be left out."""
    for method, names in METHODS_OF_0_1[name].items():
        parameters = [*inspect.signature(getattr(getattr(xlbench, name), method)).parameters.values()][1:]
        assert [one.name for one in parameters][: len(names)] == [*names]
        assert all(one.default is not one.empty for one in parameters[len(names) :])
    assert arguments(metrics.share)[:2] == ["name", "column"]


@pytest.mark.parametrize("hook", HOOKS_OF_0_1)
def test_a_hook_that_gains_an_argument_calls_old_plugins_as_before(hook, monkeypatch):
    """Where a later version calls a hook with an argument, a function that takes none is asked all the same."""

    def later(self, machine):
        """The hook of a later version."""

    later.__qualname__ = f"Hooks.{hook}"
    monkeypatch.setattr(Hooks, hook, xlbench.catalog.hooks.hookspec(later))
    old = loading._plugin_manager(hook, xlbench.hookimpl(lambda: ["old"]))
    new = loading._plugin_manager(hook, xlbench.hookimpl(lambda machine: [machine]))
    assert getattr(old.hook, hook)(machine="m") == [["old"]]
    assert getattr(new.hook, hook)(machine="m") == [["m"]]


@pytest.fixture
def first(installed_dists, xlbench_cli):
    """A function: arguments -> what xlbench does where a plugin of version 0.1 is installed, and no other."""
    site = installed_dists("first_version")
    return lambda *args: xlbench_cli(["--plugin", "xl-first-version", *args], [site])


@pytest.mark.slow
def test_every_hook_of_a_plugin_of_0_1_is_called(first):
    """Nothing of it is broken, and all that it offers is there."""
    plain = json.loads(first("plugins", "--json").stdout)
    (plugin,) = [one for one in plain["plugins"] if one["plugin"] == "first"]
    assert set(plugin["hooks"]) == set(HOOKS_OF_0_1)
    assert {f"xlbench_{kind}" for kind in plugin["offers"]} == set(HOOKS_OF_0_1)
    assert plain["broken"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "args",
    [
        ["-m", "first", "-m", "first:4", "-s", "first-suite", "--engine", "first-backwards"],
        ["-m", "first-again:first:4", "-t", "tasks:first", "--engine", "first-several", "--workers", "2"],
        ["-m", "first", "-s", "suite:first", "--engine", "processes", "--workers", "1"],
    ],
    ids=["engine and suite", "schemes and workers", "another process"],
)
def test_what_a_plugin_of_0_1_offers_works(args, first, tmp_path):
    """Its models, schemes, tasks, suites and engines make cells, and its board format is written."""
    done = first("run", *args, "--json", "--strict")
    assert done.returncode == 0, done.stderr
    assert {cell["status"] for cell in json.loads(done.stdout)["cells"]} == {"ok"}
    (names,) = (tmp_path / "leaderboards").glob("*.first.txt")
    assert set(args) & set(names.read_text(encoding="utf-8").split())


@pytest.mark.slow
def test_the_recipe_of_a_plugin_of_0_1_runs(first):
    """Its command gets the catalog, and its options."""
    done = first("train", "first-alphabet", "--letters", "4")
    assert (done.returncode, done.stdout) == (0, "abcdTrue\n")


@pytest.mark.slow
def test_a_plugin_of_0_1_passes_the_checks_of_now(first):
    """What it offers was as it should be, and no check of a later version says otherwise."""
    done = first("plugins", "check", "first", "--quiet")
    assert done.returncode == 0, done.stdout
