"""`xlbench list tasks --show` and the data in a dry run, as processes."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def card(tmp_path):
    """A card of labeled texts, and its data."""
    rows = "".join(f"text number {n}\t{('bad', 'good')[n % 2]}\n" for n in range(20))
    (tmp_path / "eng.tsv").write_text(f"text\tlabel\n{rows}text number 3\tgood\n", encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\narea = "sentiment"\nprotocol = "classification"\ndescription = "d"\nlicense = "x"\nfolds = 4\n'
        'languages = ["eng"]\n[data]\nreader = "delimited"\nembedded = true\nfiles = "{language}.tsv"\n'
        'fields = { text = "text", label = "label" }\n[options]\nlabels = ["bad", "good"]\n',
        encoding="utf-8",
    )
    return path


def test_what_is_read_of_a_task_is_shown(card, xlbench_cli):
    """Items, labels, copies, files and samples are printed; --json has the same for programs."""
    done = xlbench_cli(["list", "tasks", "./mine.toml", "--show"])
    assert done.returncode == 0, done.stderr
    table, _, rest = done.stdout.partition("\n\n")
    assert table.splitlines()[0] == "mine"
    assert table.split()[-10:] == ["eng", "all", "21", "21", "13", "13", "14", "1", "0", "0"]
    assert "labels (all): good (11), bad (10)" in rest
    assert "every item is scored, by what is learned from 3 of 4 parts" in rest
    assert "files (1): eng.tsv" in rest
    assert "    text number 0 | bad\n    text number 10 | bad\n    text number 3 | good\n" in rest
    plain = json.loads(xlbench_cli(["list", "tasks", "./mine.toml", "--show", "--json"]).stdout)
    assert plain["tasks"]["mine"]["parts"][0]["labels"] == {"good": 11, "bad": 10}


def test_a_dry_run_has_a_line_about_own_data(card, xlbench_cli):
    """Below the plan, a line about the data of a card of one's own; none about tasks that a plugin lists."""
    done = xlbench_cli(["run", "-n", "-t", "./mine.toml", "-m", "random"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n\nmine: 21 items in eng; good (11), bad (10); 1 copy\n")
    listed = xlbench_cli(["run", "-n", "-t", "mini-sentiment", "-l", "eng", "-m", "random"])
    assert "mini-sentiment: " not in listed.stdout
    assert "mine: " not in xlbench_cli(["run", "-n", "-q", "-t", "./mine.toml", "-m", "random"]).stdout


def test_damage_is_shown_and_ends_in_1(card, tmp_path, xlbench_cli):
    """A file that cannot be read is named with its line, and the exit code says so."""
    with (tmp_path / "eng.tsv").open("a", encoding="utf-8") as file:
        file.write("\u200b\tgood\n")
    done = xlbench_cli(["list", "tasks", "./mine.toml", "--show"])
    assert done.returncode == 1
    assert "damaged: eng: " in done.stdout
    assert "eng.tsv, line 23: the text is empty but for characters that nobody sees" in done.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["tasks", "--show"], "--show reads the data of tasks that are named"),
    (["models", "ngram", "--show"], "--show reads the data of tasks that are named"),
    (["tasks", "./mine.toml", "--show", "--data", "nowhere"], "there is no data folder nowhere"),
])  # fmt: skip
def test_what_cannot_be_shown_is_said_in_a_line(card, xlbench_cli, arguments, said):
    """--show needs the names of tasks, and a data root that is there."""
    done = xlbench_cli(["list", *arguments])
    assert done.returncode == 2
    assert said in done.stderr
