"""`xlbench list tasks`, narrowed to an area and to languages."""

import json

import pytest

from xlbench.cli import main


def listed(capsys, *arguments):
    """Names of the tasks, the exit code, and what is on standard error."""
    with pytest.raises(SystemExit) as stop:
        main(["list", *arguments])
    shown = capsys.readouterr()
    names = [task["name"] for task in json.loads(shown.out)["tasks"]] if shown.out.startswith("{") else shown.out
    return names, stop.value.code, shown.err


def test_tasks_of_an_area_and_of_languages(capsys):
    """Only tasks of the area, and with one of the languages; a name narrows further."""
    every, *_ = listed(capsys, "tasks", "--json")
    ner, *_ = listed(capsys, "tasks", "--area", "ner", "--json")
    assert 0 < len(ner) < len(every)
    slovak, *_ = listed(capsys, "tasks", "--language", "slk", "-l", "isl", "--json")
    assert "slovak-reviews" in slovak
    assert "afrisenti" not in slovak
    assert listed(capsys, "tasks", "mini-*", "--area", "ner", "--json")[0] == ["mini-ner"]
    assert listed(capsys, "tasks", "--area", "sport") == ("no task has that\n", 0, "")


def test_models_have_neither(capsys):
    """An area or a language of models is a wrong use: one line."""
    _, code, told = listed(capsys, "models", "--area", "ner")
    assert (code, told.count("\n")) == (2, 1)
    assert "only tasks have an area and languages" in told
