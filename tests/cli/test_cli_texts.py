"""`xlbench texts` as a process: files of each kind, which read back as they are, and what is refused in one line."""

from __future__ import annotations

import csv
import hashlib
import json

import pyarrow.parquet as pq
import pytest
from tiny_task import one_line, texts, tiny, write_texts

ENGLISH = {*texts("eng")}


def rows(path) -> list[dict[str, str]]:
    """The rows of a file."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("kind", ["jsonl", "tsv", "parquet"])
def test_a_file_has_texts_hashes_and_roles(kind, xlbench_cli, tmp_path):
    """Each text of the task is there once, with its hash and without a role."""
    done = xlbench_cli(["texts", *tiny(tmp_path), "-l", "deu", "--out", f"new/texts.{kind}"])
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"40 texts of 2 subsets: new/texts.{kind}\n"
    found = rows(tmp_path / "new" / f"texts.{kind}")
    assert {row["text"] for row in found} == ENGLISH | {*texts("deu")}
    assert len(found) == 40
    assert all(row["hash"] == hashlib.sha256(row["text"].encode()).hexdigest() for row in found)
    assert {row["role"] for row in found} == {""}
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"texts.{kind}"]


def test_a_text_file_has_a_text_a_line(xlbench_cli, tmp_path):
    """Plain lines are the same texts in the same order."""
    options = tiny(tmp_path)
    for name in ("texts.txt", "texts.jsonl"):
        assert xlbench_cli(["texts", *options, "--out", name, "-q"]).stdout == ""
    lines = (tmp_path / "texts.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [row["text"] for row in rows(tmp_path / "texts.jsonl")]


def test_roles_are_told(xlbench_cli, tmp_path):
    """Queries and documents of a search are counted and marked; a text file, which cannot tell them, is refused."""
    arguments = ["texts", "-t", "mini-search", "-l", "isl", "--json"]
    done = xlbench_cli([*arguments, "--out", "texts.jsonl"])
    told = json.loads(done.stdout)
    found = rows(tmp_path / "texts.jsonl")
    assert set(told["roles"]) == {row["role"] for row in found} == {"query", "document"}
    assert told["texts"] == len(found)
    assert (told["failed"], told["file"]) == ([], "texts.jsonl")
    assert "a .txt file does not tell them: use .jsonl" in one_line(xlbench_cli([*arguments, "--out", "texts.txt"]), 2)
    assert [path.name for path in tmp_path.iterdir()] == ["texts.jsonl"]


@pytest.mark.parametrize(("kind", "fits"), [("jsonl", True), ("parquet", True), ("tsv", False), ("txt", False)])
def test_a_text_with_a_line_break_of_unicode(kind, fits, xlbench_cli, tmp_path):
    """JSON and parquet hold what a reader of lines would split; the others refuse it, and leave no file."""
    options = tiny(tmp_path)
    write_texts(tmp_path / "data", "eng", ["one\u2028two", *texts("eng")[1:]])
    done = xlbench_cli(["texts", *options, "--out", f"texts.{kind}", "-q"])
    if fits:
        assert done.returncode == 0, done.stderr
        assert "one\u2028two" in {row["text"] for row in rows(tmp_path / f"texts.{kind}")}
    else:
        assert f"which no .{kind} file can hold: use .jsonl or .parquet" in one_line(done, 2)
        assert not (tmp_path / f"texts.{kind}").exists()


def test_a_file_of_another_stays(xlbench_cli, tmp_path):
    """A file that is the same already is written over; another one is refused and left as it is."""
    options = [*tiny(tmp_path), "--out", "texts.jsonl", "-q"]
    assert [xlbench_cli(["texts", *options]).returncode for _ in range(2)] == [0, 0]
    (tmp_path / "texts.jsonl").write_text("mine\n")
    line = one_line(xlbench_cli(["texts", *options]), 2)
    assert line == "xlbench: texts.jsonl is there, and is another file: move it away, or choose another --out"
    assert (tmp_path / "texts.jsonl").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "a.jsonl"], "name a task or a suite"),
        (["-t", "mini-new", "--out", "a.jsonl"], "Did you mean"),
        (["-t", "mini-news", "-l", "islx", "--out", "a.jsonl"], "no task here has the language 'islx'"),
        (["-t", "mini-news", "--out", "a.json"], "Did you mean '.jsonl'?"),
        (["-t", "ntrex", "-l", "hin", "--offline", "--out", "a.jsonl"], "there are no texts to write: ntrex"),
    ],
)
def test_what_cannot_be_written_is_one_line(arguments, said, xlbench_cli, tmp_path):
    """Whatever is wrong ends with one line and exit code 2, and leaves no file."""
    assert said in one_line(xlbench_cli(["texts", *arguments]), 2)
    assert not list(tmp_path.iterdir())


def test_damaged_data_is_told(xlbench_cli, tmp_path):
    """The texts of other subsets are written; the exit code and a line say that some are lacking."""
    options = tiny(tmp_path)
    (tmp_path / "data" / "tiny.deu.txt").write_bytes(b"\xff\xfe\xff\n")
    done = xlbench_cli(["texts", *options, "--out", "texts.jsonl"])
    assert done.returncode == 1
    assert "error: tiny deu-eng" in done.stderr or "error: tiny eng-deu" in done.stderr
    assert {row["text"] for row in rows(tmp_path / "texts.jsonl")} >= ENGLISH
