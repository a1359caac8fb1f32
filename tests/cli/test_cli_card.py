"""`xlbench card` as a process: from a file to scores in two commands, and what is refused in one line."""

from __future__ import annotations

import tomllib

import pytest


@pytest.fixture
def reviews(tmp_path):
    """A table of reviews with labels, below the folder that commands run in."""
    rows = "".join(f"it was {'good' if n % 2 else 'bad'} on day {n},{'pos' if n % 2 else 'neg'}\n" for n in range(40))
    path = tmp_path / "mine" / "reviews.eng.csv"
    path.parent.mkdir()
    path.write_text(f"text,label\n{rows}", encoding="utf-8")
    return path


def test_a_file_is_drafted_and_scored(reviews, xlbench_cli, tmp_path):
    """A draft beside its data runs as it is, without a data root."""
    done = xlbench_cli(["card", reviews, "--out", "mine.toml"])
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote mine.toml\n"
    assert "xlbench run --task ./mine.toml --model ngram" in done.stdout
    card = tomllib.loads((tmp_path / "mine.toml").read_text(encoding="utf-8"))
    assert (card["name"], card["languages"]) == ("mine", ["eng"])
    assert (card["data"]["files"], card["data"]["embedded"]) == ("mine/reviews.eng.csv", True)
    scored = xlbench_cli(["run", "--task", "./mine.toml", "--model", "random", "--limit", "20"])
    assert scored.returncode == 0, scored.stderr
    assert "random  mine  eng" in scored.stdout


def test_the_commands_of_a_draft_name_its_file(reviews, xlbench_cli, tmp_path):
    """What a draft says to type has the card's own path, in quotes where it has a space, and its data root."""
    done = xlbench_cli(["card", reviews, "--data", "mine", "--name", "n", "--out", "my cards/a.toml"])
    assert done.returncode == 0, done.stderr
    assert f'  xlbench run --task "my cards/a.toml" --data {tmp_path / "mine"} --model ngram\n' in done.stdout
    scored = xlbench_cli(["run", "-n", "--task", "my cards/a.toml", "--data", "mine", "--model", "random"])
    assert scored.returncode == 0, scored.stderr


def test_a_draft_is_printed_for_a_data_root(reviews, xlbench_cli, tmp_path):
    """Without a file to write, the card is printed; its files are relative to the data root."""
    done = xlbench_cli(["card", reviews, "--data", tmp_path / "mine", "--name", "short"])
    assert done.returncode == 0, done.stderr
    card = tomllib.loads(done.stdout)
    assert (card["name"], card["data"]["files"]) == ("short", "reviews.eng.csv")
    assert "embedded" not in card["data"]


@pytest.mark.parametrize(("arguments", "said"), [
    (["no.csv"], "xlbench: there is no file no.csv"),
    (["mine/reviews.eng.csv", "--out", "mine.txt"], "xlbench: --out: 'mine.txt' must end in .toml"),
    (["mine/reviews.eng.csv", "--data", "other"], "xlbench: "),
    (["mine/reviews.eng.csv", "--name", "a b"], "xlbench: task name 'a b' is not allowed"),
    (["mine/reviews.eng.csv", "--out", "there.toml"], "xlbench: there is a file there.toml: name another"),
    ([], "Missing argument 'FILE...'"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_a_line(reviews, xlbench_cli, tmp_path, arguments, said):
    """Wrong files and names are refused in one line, and nothing is written."""
    (tmp_path / "there.toml").write_text("kept", encoding="utf-8")
    (tmp_path / "other").mkdir()
    done = xlbench_cli(["card", *arguments])
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "other", "there.toml"}
    assert (tmp_path / "there.toml").read_text(encoding="utf-8") == "kept"


def test_a_card_is_written_over_where_that_is_said(reviews, xlbench_cli, tmp_path):
    """With --force, the draft takes the place of the card that is there."""
    (tmp_path / "there.toml").write_text("kept", encoding="utf-8")
    assert xlbench_cli(["card", reviews, "--out", "there.toml", "--force"]).returncode == 0
    assert (tmp_path / "there.toml").read_text(encoding="utf-8") != "kept"
