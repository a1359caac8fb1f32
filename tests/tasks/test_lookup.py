"""Cards that name modules of other packages, and cards that are hostile: what is imported when, and what is refused."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import environment

from xlbench import Data, Task, UsageError
from xlbench_tasks import xlbench_schemes
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.schema import read_toml

CARD = """\
name = "mine"
area = "riddles"
protocol = "{protocol}"
description = "Mine"
license = "CC0-1.0"
languages = ["eng", "mlt"]
[data]
reader = "{reader}"
files = "{{language}}.txt"
[options]
"""
MODULE = """\
from pathlib import Path
import xlbench
from xlbench import Subset

Path({trace!r}).write_text("imported")
VERSION = 3
OPTIONS = {{}}
KEYS = {{"files": str}}
REQUIRED = ()
def metrics(options): return (xlbench.metrics.share("right", "hit", "so many"),)
def subsets(data_set, options, data, languages): return [Subset("eng", ("eng",), n=2)]
def evaluate(subset, session, options): return None
def source(home, data): return None
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a card and the module that it names; importing it leaves a file ``trace``."""
    (tmp_path / "riddling").mkdir()
    (tmp_path / "riddling" / "__init__.py").touch()
    text = MODULE.format(trace=str(tmp_path / "trace"))
    (tmp_path / "riddling" / "protocol.py").write_text(text, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(CARD.format(protocol="riddling.protocol", reader="parallel"), encoding="utf-8")
    return tmp_path


def command(folder: Path, *args: str, path: list[Path] | None = None) -> subprocess.CompletedProcess[str]:
    """``python -m xlbench`` in a folder, which is not on the import path unless ``path`` has it."""
    return subprocess.run(
        [sys.executable, "-m", "xlbench", *args],
        cwd=folder, env=environment(path or [], {}), capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("reachable", [True, False])
def test_listing_a_card_imports_nothing_of_it(folder, reachable):
    """Neither a module beside the card nor an installed one: the list names the module in the place of a metric."""
    done = command(folder, "list", "tasks", "./mine.toml", "--json", path=[folder] if reachable else [])
    assert done.returncode == 0, done.stderr
    (listed,) = json.loads(done.stdout)["tasks"]
    assert (listed["name"], listed["area"], listed["metric"]) == ("mine", "riddles", "(of riddling.protocol)")
    assert not (folder / "trace").exists()


def test_the_current_folder_is_not_on_the_import_path(folder):
    """Its module is not found, and does not run: one line says so, and what to do; a reader's neither."""
    for card in (
        {"protocol": "riddling.protocol", "reader": "parallel"},
        {"protocol": "retrieval", "reader": "riddling.protocol"},
    ):
        (folder / "mine.toml").write_text(CARD.format(**card), encoding="utf-8")
        done = command(folder, "run", "-t", "./mine.toml", "-m", "ngram", "-n")
        assert not (folder / "trace").exists()
        assert "'riddling.protocol' cannot be imported: ModuleNotFoundError" in done.stderr
        assert "name its folder in PYTHONPATH" in done.stderr
        assert done.returncode in (1, 2)


def test_scoring_says_what_it_imports(folder):
    """Before the code of the card's modules runs, a line on standard error names the card and the modules, once."""
    done = command(folder, "run", "-t", "./mine.toml", "-m", "ngram", "-n", path=[folder])
    assert (folder / "trace").exists()
    assert done.stderr.count("'./mine.toml' imports riddling.protocol: code that is not xlbench's") == 1
    assert "mine" in done.stdout


def test_a_file_of_the_current_folder_does_not_stand_in_for_a_library(folder):
    """A click.py beside the card is no part of the command line."""
    (folder / "click.py").write_text("raise SystemExit('mine ran')\n", encoding="utf-8")
    done = command(folder, "list", "suites")
    assert (done.returncode, "mine ran" in done.stderr + done.stdout) == (0, False)


def test_a_task_of_a_foreign_module_imports_it_when_it_is_asked(folder, monkeypatch):
    """Its metrics, settings and subsets are the module's; it goes to another process without being imported."""
    (scheme,) = xlbench_schemes()
    assert scheme.tasks is not None
    (made,) = scheme.tasks(str(folder / "mine.toml"))
    assert isinstance(made, Task)
    again = pickle.loads(pickle.dumps(made.subsets))
    assert (made.name, made.imports, (folder / "trace").exists()) == ("mine", ("riddling.protocol",), False)
    monkeypatch.syspath_prepend(str(folder))
    try:
        assert [metric.name for metric in made.metrics] == ["right"]
        assert json.loads(made.settings)["protocol_version"] == 3
        assert [subset.name for subset in again(Data(folder))] == ["eng"]
        assert len(made.identity()) == 64
    finally:
        for name in ("riddling", "riddling.protocol"):
            sys.modules.pop(name, None)
    assert (folder / "trace").exists()


def test_what_a_card_asks_of_a_foreign_module_is_checked_with_it(folder, monkeypatch):
    """An unknown option is a mistake in the card as ever, told when the module is imported."""
    with (folder / "mine.toml").open("a", encoding="utf-8") as card:
        card.write("speed = 3\n")
    assert read_card(folder / "mine.toml", imports=False).modules == ("riddling.protocol",)
    monkeypatch.syspath_prepend(str(folder))
    try:
        with pytest.raises(UsageError, match=r"mine\.toml: \[options\] has no key 'speed'"):
            read_card(folder / "mine.toml")
    finally:
        for name in ("riddling", "riddling.protocol"):
            sys.modules.pop(name, None)


HOSTILE = {
    "a key of 100,000 parts": ("x" + ".x" * 100_000 + " = 1\n", "line 1: more than 200 dots outside of quotes"),
    "a table of 100,000 parts": ("[x" + ".x" * 100_000 + "]\n", "line 1: more than 200 dots outside of quotes"),
    "a key of quoted parts": ('"x"' + '."x"' * 100_000 + " = 1\n", "line 1: more than 200 dots outside of quotes"),
    "lists in lists": ("x = " + "[" * 100_000 + "]" * 100_000 + "\n", "tables or lists in one another without end"),
    "two megabytes": ("# " + "x" * 2_000_000 + "\n", r"has 2,000,003 bytes, and can have 1,048,576"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_card_is_refused_without_delay(kind, tmp_path):
    """What would take gigabytes, or end the process, is one line with the file's name, in bounded time and memory."""
    import tracemalloc

    content, said = HOSTILE[kind]
    (tmp_path / "bad.toml").write_text(content, encoding="utf-8")
    (tmp_path / "good.toml").write_text("".join(f"key{n} = {n}\n" for n in range(10_000)), encoding="utf-8")
    tracemalloc.start()
    begin = time.process_time()
    read_toml(tmp_path / "good.toml")
    usual = time.process_time() - begin
    tracemalloc.reset_peak()
    begin = time.process_time()
    with pytest.raises(UsageError, match=rf"bad\.toml.*{said}"):
        read_toml(tmp_path / "bad.toml")
    seconds, (_, most) = time.process_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200e6
    assert seconds < 5 * usual + 1  # a key of 100,000 parts takes minutes where it is not refused


def test_dots_in_texts_and_comments_are_no_parts_of_a_key(tmp_path):
    """A long description, its line of dots and a comment are read."""
    dots = "." * 500
    (tmp_path / "good.toml").write_text(
        f"description = \"it's {dots}\" # {dots}\nother = '{dots}'\na.b.c = 1\n", encoding="utf-8"
    )
    assert read_toml(tmp_path / "good.toml") == {"description": f"it's {dots}", "other": dots, "a": {"b": {"c": 1}}}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_no_card(tmp_path):
    """It is not opened, which would wait for ever."""
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(UsageError, match="there is no file"):
        read_toml(tmp_path / "pipe.toml")


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("qa", ""),
        ("riddles", ""),
        ("newz", "Did you mean 'news'"),
        ("Sentiment", "Did you mean 'sentiment'"),
        ("a b", "area name"),
    ],
)
def test_areas_are_open_but_not_to_slips(folder, area, said):
    """A card may bring an area of its own; one that is all but a known one is a slip."""
    text = CARD.format(protocol="retrieval", reader="parallel").replace('"riddles"', f'"{area}"')
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    if not said:
        assert read_card(folder / "mine.toml").area == area
        return
    with pytest.raises(UsageError, match=said):
        read_card(folder / "mine.toml")
