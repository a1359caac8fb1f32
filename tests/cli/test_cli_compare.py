"""``xlbench compare`` as a real process: which runs are meant, what is printed and written, and what is refused."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def go(xlbench_cli, finished):
    """A function that compares the two runs of a finished results folder, or what else is given."""

    def run(*args, **options):
        return xlbench_cli(["compare", *args, "--results", str(finished)], **options)

    return run


def folder_of(results, model):
    (folder,) = results.glob(f"{model}-*")
    return folder


def test_two_models_by_name(go):
    """Names of models in the results folder: the sentence first, then the table of overall, areas and tasks."""
    done = go("random", "ngram")
    assert done.returncode == 0, done.stderr
    first, _, head, *_ = done.stdout.splitlines()
    assert first.startswith("ngram is better than random overall (+")
    assert head.split()[:4] == ["before", "after", "difference", "p"]
    for name in ("overall", "retrieval", "mini-parallel", "mini-ner"):
        assert f"\n{name} " in done.stdout


def test_folders_and_names_are_the_same(go, finished):
    """The folder of a run, its name, and the results folder given alone name the same runs."""
    named = go("ngram", "random").stdout
    assert named
    assert go(str(folder_of(finished, "ngram")), "random").stdout == named
    assert go(str(finished), "--baseline", "ngram").stdout == named


def test_files_are_written_by_their_ending(go, tmp_path):
    """Markdown, CSV and JSON; another ending is refused before anything is computed."""
    files = [tmp_path / "new" / name for name in ("a.md", "a.csv", "a.json")]
    done = go("random", "ngram", *(f"--out={path}" for path in files))
    assert done.returncode == 0, done.stderr
    assert all(path.stat().st_size for path in files)
    assert done.stderr.splitlines() == [f"wrote {path}" for path in files]
    refused = go("random", "ngram", "--out", str(tmp_path / "a.docx"))
    assert refused.returncode == 2
    assert "a comparison is written as .md, .csv, .json, .png, .svg, .pdf" in refused.stderr


def test_several_candidates_are_written_into_one_file(go, tmp_path):
    """Of four runs, a page, a table, JSON and a plot hold all three candidates."""
    files = [tmp_path / f"three{ending}" for ending in (".md", ".csv", ".json", ".svg")]
    packs = str(ROOT / "leaderboards" / "runs")
    done = go(packs, "--baseline", "random", "-t", "mini-parallel", *(f"--out={path}" for path in files))
    assert done.returncode == 0, done.stderr
    page, table, plain, plot = (path.read_text(encoding="utf-8") for path in files)
    candidates = {"ngram", "ngram-translit", "siamese-mini"}
    assert {row["candidate_run"] for row in csv.DictReader(table.splitlines())} == candidates
    assert {one["candidate"] for one in json.loads(plain)["comparisons"]} == candidates
    assert page.count("than random") == 3
    assert plot.startswith("<?xml")


def test_json_for_programs(go):
    """--json prints one object: the sentence and every verdict, numbers unrounded."""
    plain = json.loads(go("random", "ngram", "--json", "-t", "mini-news").stdout)
    assert plain["schema"] == 1
    assert {one["level"] for one in plain["verdicts"]} == {"overall", "area", "task", "language", "subset"}
    overall = plain["verdicts"][0]
    assert overall["difference"] == pytest.approx(overall["candidate"] - overall["baseline"])


def test_all_pairs(go, finished):
    """--all-pairs prints scores with letters; as JSON the same."""
    done = go(str(finished), "--all-pairs")
    assert done.returncode == 0, done.stderr
    assert "runs that share a letter cannot be told apart" in done.stdout
    plain = json.loads(go(str(finished), "--all-pairs", "--json").stdout)
    assert plain["runs"] == ["ngram", "random"]
    assert plain["groups"][0]["name"] == "overall"
    assert plain["groups"][0]["letters"] == ["", ""], "the two are told apart"
    assert "one without a letter is told from all others" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["ngram"], "a comparison needs two runs at least"),
        (["ngram", "ngram"], "one run is given twice"),
        (["ngram", "randon"], "no run of a model 'randon'. Did you mean 'random'?"),
        (["ngram", "random", "--baseline", "rnd"], "no run is called 'rnd'."),
        (["ngram", "random", "-t", "mini-nws"], "no run has a task 'mini-nws'. Did you mean 'mini-news'"),
        (["ngram", "random", "-l", "deu"], "no run has the language 'deu'"),
        (["ngram", "random", "--all-pairs", "--examples", "3"], "--examples has no use with --all-pairs"),
        (["ngram", "random", "--all-pairs", "--out", "a.md"], "--out has no use with --all-pairs"),
        (["ngram", "random", "--all-pairs", "--method", "bootstrap"], "--method has no use with --all-pairs"),
        (["ngram", "random", "--all-pairs", "--over", "languages"], "--over has no use with --all-pairs"),
        ([], "a comparison needs two runs at least"),
        (["--a", "ngram", "--b", "random"], "--a is given 1 time: a recipe needs 2 runs at least"),
        (["ngram", "--a", "ngram", "--b", "random"], "RUN has no use with --a and --b"),
        (["ngram", "random", "--metric", "acc_norm"], "--metric is for logs (lm-eval:, inspect:)"),
        (["ngram", "random", "--level", "1.5"], "1.5"),
        (["ngram", "random", "--level", "nan"], "give a number between 0 and 1"),
    ],
)
def test_wrong_usage_is_one_line(go, args, said):
    """What cannot be compared is exit code 2 and says why, without a traceback."""
    done = go(*args)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_damaged_items_are_refused(go, finished, tmp_path):
    """An item file that was changed ends the comparison with exit code 3 and its name."""
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    path = next((folder_of(copy, "ngram") / "cells").glob("*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = go(str(folder_of(copy, "ngram")), "random")
    assert done.returncode == 3
    assert path.name in done.stderr
    assert "Traceback" not in done.stderr


def test_comparing_imports_no_model_library(finished):
    """Neither torch nor scikit-learn nor mteb is needed, nor imported."""
    code = (
        "import sys; from xlbench.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert not end.code, end.code\n"
        "sys.exit(', '.join({'torch', 'sklearn', 'mteb', 'transformers'} & {*sys.modules}) or 0)"
    )
    args = ["compare", "ngram", "random", "--results", str(finished)]
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_examples_have_their_texts(go):
    """Items that changed most stand beside their texts, as the task's own reader finds them."""
    done = go("random", "ngram", "-t", "mini-news", "--examples", "3", "--json")
    assert done.returncode == 0, done.stderr
    import xlbench_tasks

    folder = Path(xlbench_tasks.__file__).parent / "mini"
    known = "".join(path.read_text(encoding="utf-8") for path in folder.glob("news/*") if path.is_file())
    changed = json.loads(done.stdout)["changed"]
    assert len(changed) == 3
    assert all(one["text"].rstrip("…") in known and one["text"] for one in changed)


def test_texts_that_are_not_at_hand_are_said(xlbench_cli, tmp_path):
    """A task that no plugin offers, and data other than was scored: one line each, and the items' ids alone."""
    from saved_runs import save_run

    for model, hits in (("alpha", 20), ("beta", 50)):
        save_run(tmp_path / "r", model, {("strange", "eng-deu"): hits, ("mini-parallel", "eng-isl"): hits})
    args = ["compare", "alpha", "beta", "--results", str(tmp_path / "r"), "--examples", "200"]
    done = xlbench_cli(args)
    assert done.returncode == 0, done.stderr
    assert "note: strange: no texts of items: no plugin that is installed offers the task" in done.stdout
    assert "note: mini-parallel: no texts of items: what is at hand is other data than was scored" in done.stdout
    assert "strange:eng-deu:30" in done.stdout
