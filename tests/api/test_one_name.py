"""Wherever the public functions take several names, a text alone is one name, and no sequence of letters."""

from __future__ import annotations

import inspect

import pytest
from saved_runs import save_run

import xlbench
from xlbench import catalog
from xlbench.testing.tasks import check_task


@pytest.mark.parametrize("function", [xlbench.run, xlbench.curve, xlbench.fetch, xlbench.compare, xlbench.board])
def test_functions_say_that_they_take_one_or_several(function):
    """Every parameter that takes names of models, tasks, languages or folders takes one, too."""
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("models", "tasks", "languages", "folders"):
            assert parameter.annotation.startswith("OneOrMore["), name


def test_one_name_in_a_fetch():
    """One model, task and language are asked for as themselves."""
    names = {result.name for result in xlbench.fetch("random", "mini-news", languages="mlt", dry_run=True)}
    assert names == {"random", "mini-news"}


def test_one_name_in_a_comparison_and_a_board(tmp_path):
    """One task, one language and one folder are themselves, in a comparison, a board and results."""
    runs = [save_run(tmp_path, model, {("pairs", "nan"): hits, ("topics", "deu"): hits}) for model, hits in
            (("alpha", 30), ("beta", 45))]  # fmt: skip
    found = xlbench.compare(*runs, tasks="pairs", languages="nan")
    assert [one.name for one in found.of("subset")] == ["pairs nan"]
    assert "run.md" in xlbench.board(str(tmp_path))
    assert xlbench.load(str(tmp_path)).select(tasks="topics", models="beta").models == ("beta",)


def test_one_name_in_the_catalog():
    """One spec of a model or a task is selected as itself."""
    there = catalog.load()
    assert [model.name for model in there.select_models("random")] == ["random"]
    assert [one.name for one in there.select_tasks("mini-news")] == ["mini-news"]


def test_one_name_in_a_fingerprint_and_a_check():
    """One distribution counts with its version, and one subset is evaluated alone."""
    assert xlbench.code_fingerprint("json", distributions="numpy") == xlbench.code_fingerprint(
        "json", distributions=["numpy"]
    )
    with pytest.raises(xlbench.UsageError, match="the task has no subset 'nowhere'"):
        check_task(catalog.load().tasks["mini-news"], only="nowhere")
