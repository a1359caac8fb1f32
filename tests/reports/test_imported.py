"""Results of mteb of all versions as figures, and these on a board beside measured scores."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from saved_runs import save_cell, save_run

from xlbench import DataError, Results, UsageError
from xlbench.reports.boards import imported_figures, markdown
from xlbench.reports.boards.plain import plain
from xlbench.reports.exports import mteb_results
from xlbench.reports.imported import NOTE, as_csv, read_mteb
from xlbench.reports.published import Figure, compare, match_cells, merge_figures, read_figures
from xlbench.reports.render import boards_of
from xlbench.runs.run_folder import load_run
from xlbench.runs.store import Store

NEW = {
    "task_name": "Pairs", "dataset_revision": "1", "mteb_version": "2.20.0", "evaluation_time": 3.0,
    "scores": {"dev": [], "test": [
        {"hf_subset": "eng_Latn-hin_Deva", "languages": ["eng-Latn", "hin-Deva"], "main_score": 0.5, "f1": 0.5,
         "accuracy": 0.6, "v_measure_std": 0.1, "accuracy_stderr": 0.2, "n": 60, "ci_low": 0.4},
        {"hf_subset": "odd", "languages": ["eng-Latn", "hin-Deva", "nep-Deva"], "main_score": 0.25, "f1": 0.25},
    ]},
}  # fmt: skip
OLD = {  # as before 1.11: splits at the top, subsets below
    "mteb_dataset_name": "Pairs", "mteb_version": "1.0.0", "dataset_revision": None,
    "test": {"en-hi": {"accuracy": 0.7, "f1": 0.65, "main_score": 0.65}, "evaluation_time": 9.1},
}  # fmt: skip
OLDEST = {  # one subset, and scores by distance
    "mteb_dataset_name": "Sts",
    "test": {"cos_sim": {"pearson": 0.8, "spearman": 0.79}, "evaluation_time": 2.0},
}


def write(folder, name, plain):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(plain), encoding="utf-8")


def test_results_of_all_versions_are_read(tmp_path):
    """Subsets go by their languages, metrics by their names of today; times, spreads and ends of intervals are none."""
    write(tmp_path, "results/org__new/abc123/Pairs.json", NEW)
    write(tmp_path, "results/org__new/abc123/model_meta.json", {"name": "org/new"})
    write(tmp_path, "results/org__old/Pairs.json", OLD)
    write(tmp_path, "results/org__old/Sts.json", OLDEST)
    pairs, sts = "mteb:Pairs?protocol=mteb", "mteb:Sts?protocol=mteb"
    assert {replace(one, mteb_subset="") for one in read_mteb(tmp_path).figures} == {
        Figure("org/new", pairs, "eng-hin", "main_score", 0.5), Figure("org/new", pairs, "eng-hin", "f1", 0.5),
        Figure("org/new", pairs, "eng-hin", "accuracy", 0.6), Figure("org/new", pairs, "odd", "main_score", 0.25),
        Figure("org/new", pairs, "odd", "f1", 0.25), Figure("org/old", pairs, "en-hi", "accuracy", 0.7),
        Figure("org/old", pairs, "en-hi", "f1", 0.65), Figure("org/old", pairs, "en-hi", "main_score", 0.65),
        Figure("org/old", sts, "default", "cosine_pearson", 0.8),
        Figure("org/old", sts, "default", "cosine_spearman", 0.79),
    }  # fmt: skip
    names = {one.subset: one.mteb_subset for one in read_mteb(tmp_path).figures}
    assert names == {"eng-hin": "eng_Latn-hin_Deva", "odd": "odd", "en-hi": "en-hi", "default": "default"}


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("results/org__name/abc/T.json", "org/name"),
        ("results/org__name/T.json", "org/name"),
        ("results/name/T.json", "name"),
        ("name/T.json", "name"),
        ("results/org/name/T.json", "org/name"),
        (f"results/name/{'a' * 40}/T.json", "name"),
        ("results/no_model_name_available/no_revision_available/T.json", "no_model_name_available"),
        ("T.json", "given"),
    ],
)
def test_a_model_is_called_as_the_folders_of_all_versions_call_it(file, model, tmp_path):
    """With a revision below its name or without, and with its organization or without."""
    write(tmp_path / "given", file, OLDEST)
    assert {one.model for one in read_mteb(tmp_path / "given").figures} == {model}


def test_a_described_revision_is_no_model(tmp_path):
    """Where mteb has written of the model beside its results, the folder is a revision, whatever its name."""
    for revision in ("1", "2"):
        write(tmp_path, f"name/{revision}/T.json", OLDEST)
        write(tmp_path, f"name/{revision}/model_meta.json", {"name": "name"})
    assert {one.model for one in read_mteb(tmp_path).figures} == {"name@1", "name@2"}


def test_revisions_of_one_model_are_told_apart(tmp_path):
    """Results of two revisions are those of two models, never one mixed of both."""
    for revision, value in (("a" * 40, 0.5), ("b" * 40, 0.75)):
        changed = json.loads(json.dumps(NEW).replace("0.5", str(value)))
        write(tmp_path, f"results/org__new/{revision}/Pairs.json", changed)
    values = {
        (one.model, one.value) for one in read_mteb(tmp_path).figures if one.metric == "f1" and one.subset != "odd"
    }
    assert values == {(f"org/new@{'a' * 12}", 0.5), (f"org/new@{'b' * 12}", 0.75)}


def test_what_is_no_score_is_counted(tmp_path):
    """Files that are no results, other splits and numbers that are no shares are left out, each with a count."""
    write(tmp_path, "org__new/abc/Pairs.json", {**NEW, "scores": {**NEW["scores"], "dev": [{"f1": 0.1}]}})
    write(tmp_path, "org__new/abc/Large.json", {"task_name": "Large", "scores": {"test": [{"f1": 0.3, "ap": 85.3}]}})
    write(tmp_path, "org__new/abc/notes.json", {"hello": "world"})
    (tmp_path / "org__new" / "abc" / "Cut.json").write_text('{"task_name": "Cu')
    assert read_mteb(tmp_path).left_out == (
        "1 left out: a file that cannot be read as JSON", "1 left out: a file that is no result of mteb",
        "1 left out: a split beside the test split", "1 left out: a value that is no share (not from -1 to 1)",
    )  # fmt: skip


def test_figures_of_another_split_are_counted(tmp_path):
    """A result without a test split is read from its first one, and a line says how many are."""
    write(tmp_path, "org__new/abc/Pairs.json", NEW)
    write(tmp_path, "org__new/abc/Dev.json", {"task_name": "Dev", "scores": {"dev": [{"f1": 0.1}]}})
    found = read_mteb(tmp_path)
    assert [one.value for one in found.figures if one.task == "mteb:Dev?protocol=mteb"] == [0.1]
    assert found.left_out[-1] == "1 without a test split: their figures are of the first split that there is"


def test_a_folder_without_results_is_a_line(tmp_path):
    """No folder, and one without a result, are wrong uses."""
    with pytest.raises(UsageError, match="there is no folder"):
        read_mteb(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no results of mteb"):
        read_mteb(tmp_path)


def test_our_own_exports_come_back(tmp_path):
    """What is exported is imported with the same values, under the names of the task and subset that were scored; what
    mteb's protocol scored keeps mteb's. A file that says something odd of itself is taken for mteb's."""
    run = save_run(tmp_path / "r", "alpha", {("pairs", "eng-hin"): 30, ("pairs", "zho_Hans-eng"): 12})
    for name, content in mteb_results.export(run).files.items():
        write(tmp_path / "out", name, json.loads(content))
    figures = {(one.task, one.subset, one.metric): one.value for one in read_mteb(tmp_path / "out").figures}
    assert figures["pairs", "eng-hin", "accuracy"] == figures["pairs", "eng-hin", "main_score"] == 0.5
    assert figures["pairs", "zho_Hans-eng", "accuracy"] == 0.2
    told = next((tmp_path / "out").rglob("pairs.json"))
    for own in ({"task": 3, "subset": "eng-hin"}, {"task": "mteb:P?protocol=mteb", "subset": "x"}, "pairs", None):
        plain = json.loads(told.read_text())
        for entry in plain["scores"]["test"]:
            entry["xlbench"] = own
        told.write_text(json.dumps(plain))
        assert {one.task for one in read_mteb(tmp_path / "out").figures} == {"mteb:pairs?protocol=mteb"}


def test_a_figure_of_mteb_is_of_the_cell_that_has_its_name_there(tmp_path):
    """A file with some subsets of a task alone may call them otherwise than the task does, which knows all: what counts
    is mteb's name. A figure whose languages are those of another subset's cell is not set beside it."""
    task = "mteb:P?protocol=mteb"
    for subset, name in {"zho_Hans": "zh-simple", "hin": "hin_Deva"}.items():
        save_cell(Store(tmp_path), "alpha", task, subset, 30, facts={"mteb_subset": name})
    entries = [
        {"hf_subset": "zh-simple", "languages": ["zho-Hans"], "accuracy": 0.5},
        {"hf_subset": "hin_Latn", "languages": ["hin-Deva"], "accuracy": 0.25},
    ]
    write(tmp_path / "theirs", "org__m/1/P.json", {"task_name": "P", "scores": {"test": entries}})
    (tmp_path / "theirs.csv").write_text(as_csv(read_mteb(tmp_path / "theirs")))
    figures = tuple(replace(one, subset="zho" if "zho" in one.subset else one.subset)
                    for one in read_figures(tmp_path / "theirs.csv"))  # fmt: skip
    run = load_run(Store(tmp_path).folder("alpha", "a" * 64))
    assert [one.subset for one in match_cells(figures, run.cells)] == ["hin_Latn", "zho_Hans"]
    (board,) = boards_of([tmp_path], imported=figures).boards
    assert [(one.subset, one.value) for one in board.imported] == [("zho_Hans", 0.5)]
    compared = compare(figures, Results((run,)), 0.5, "alpha")
    assert [(one.figure.subset, one.verdict) for one in compared] == [("hin_Latn", "missing"), ("zho_Hans", "agrees")]
    bare = tuple(replace(one, mteb_subset="") for one in figures)
    assert match_cells(bare, run.cells) == bare


def test_figures_stand_beside_measured_scores_and_are_not_ranked(tmp_path):
    """A board shows them in a section of its own, says that they have no interval, and is otherwise what it was."""
    save_run(tmp_path / "r", "alpha", {("pairs", "eng-hin"): 30, ("pairs", "hin-eng"): 20})
    save_run(tmp_path / "r", "beta", {("pairs", "eng-hin"): 40, ("pairs", "hin-eng"): 10})
    theirs = [Figure("org/x", "pairs", "eng-hin", "accuracy", 0.987), Figure("org/x", "other", "hin", "f1", 0.5)]
    found = boards_of([tmp_path / "r"], imported=theirs)
    (board,), (without,) = found.boards, boards_of([tmp_path / "r"]).boards
    assert board.imported == (theirs[0],)
    assert "1 imported figures of other tasks, subsets or metrics than a board's main ones" in found.left_out
    text = markdown.render(board)[".md"]
    part = next(part for part in text.split("\n\n") if "imported, no interval" in part and part.startswith("|"))
    header, _, row = part.splitlines()[:3]
    assert [cell.strip() for cell in header.strip("|").split("|")][-1] == "org/x (imported, no interval)"
    assert row.rstrip("| ").endswith("98.7")
    assert "±" in row or "[" in row
    before, _, after = text.partition("## Imported values")
    assert before + after.partition("## ")[1] + after.partition("## ")[2] == markdown.render(without)[".md"]
    assert [one["model"] for one in plain(board)["models"]] == [one["model"] for one in plain(without)["models"]]
    assert plain(board)["imported"][0]["value"] == 0.987
    assert "imported" not in plain(without)
    assert imported_figures.section(without, 1) == ""


def test_the_table_is_one_of_published_figures(tmp_path):
    """The table is read back by `xlbench published` and `xlbench board --imported`, and says what its numbers are."""
    write(tmp_path, "org__new/abc/Pairs.json", NEW)
    found = read_mteb(tmp_path)
    (tmp_path / "theirs.csv").write_text(as_csv(found), encoding="utf-8")
    assert read_figures(tmp_path / "theirs.csv") == found.figures
    assert as_csv(found).splitlines()[1].endswith(f'"{NOTE}"')


@pytest.mark.slow
def test_the_commands(tmp_path, xlbench_cli):
    """`xlbench import mteb` writes the table, and `xlbench board --imported` shows it."""
    write(tmp_path, "theirs/org__new/abc/Pairs.json", NEW)
    save_run(tmp_path / "results", "alpha", {("mteb:Pairs?protocol=mteb", "eng-hin"): 30})
    done = xlbench_cli(["import", "mteb", "theirs", "--out", "theirs.csv"])
    assert (done.returncode, done.stdout) == (0, "wrote theirs.csv: 5 figures of 1 model and 1 task\n"), done.stderr
    done = xlbench_cli(["board", "results", "--imported", "theirs.csv", "--print"])
    assert done.returncode == 0, done.stderr
    assert "## Imported values" in done.stdout
    assert "60.0" in done.stdout
    done = xlbench_cli(["import", "mteb", "nowhere", "--out", "x.csv"])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_foreign_and_damaged_files_are_counted_and_cost_nothing_else(tmp_path):
    """What is no result, is damaged, or stands in percent is left out with its reason; the rest is read."""
    folder = tmp_path / "org__m" / "rev1"
    folder.mkdir(parents=True)
    good = {"task_name": "Good", "scores": {"test": [{"hf_subset": "default", "main_score": 0.5}]}}
    contents = {
        "Good": json.dumps(good),
        "config": json.dumps({"model": {"dropout": 0.1}}),
        "Percent": json.dumps({"task_name": "P", "scores": {"test": [{"main_score": 85.3, "f1": 0.9}]}}),
        "Number": json.dumps({"task_name": "N", "scores": {"test": 3}}),
        "Codes": json.dumps({"task_name": "C", "scores": {"test": [{"languages": 5, "main_score": 0.1}]}}),
        "Huge": json.dumps({"task_name": "H", "scores": {"test": [{"main_score": 10**400}]}}),
        "Deep": "[" * 100_000,
        "Empty": json.dumps({"task_name": "E", "scores": []}),
    }
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(content, encoding="utf-8")
    found = read_mteb(tmp_path)
    assert [(one.model, one.task, one.value) for one in found.figures] == [("org/m", "mteb:Good?protocol=mteb", 0.5)]
    assert set(found.left_out) == {
        "1 left out: a file that cannot be read as JSON",
        "1 left out: a file that is no result of mteb",
        "2 left out: a result that is damaged",
        "1 left out: a result without a score",
        "2 left out: a subset whose main score is above 1, as in percent",
    }


def test_old_results_with_details_keep_their_scores(tmp_path):
    """A split that has scores of its own is one subset, whatever lies below it."""
    (tmp_path / "org__m").mkdir()
    old = {"mteb_dataset_name": "T", "mteb_version": "1.9.0",
           "test": {"v_measure": 0.4, "v_measures": {"Level 0": [0.3, 0.5]}, "main_score": 0.4}}  # fmt: skip
    (tmp_path / "org__m" / "T.json").write_text(json.dumps(old), encoding="utf-8")
    assert {(one.metric, one.value) for one in read_mteb(tmp_path).figures} == {("v_measure", 0.4), ("main_score", 0.4)}


def test_a_folder_may_be_named_from_within(tmp_path, monkeypatch):
    """From within a folder of results, ``.`` has the names of its models."""
    folder = tmp_path / "org__m" / "rev1"
    folder.mkdir(parents=True)
    result = {"task_name": "T", "scores": {"test": [{"main_score": 0.5}]}}
    (folder / "T.json").write_text(json.dumps(result), encoding="utf-8")
    for here in (tmp_path, folder.parent):
        monkeypatch.chdir(here)
        assert {one.model for one in read_mteb(Path()).figures} == {"org/m"}


def test_two_figures_of_one_score_are_an_error():
    """Files that say the same are read as one; where they differ, the score is named with both values."""
    figure = Figure("org/m", "mini-news", "hin", "macro_f1", 0.9)
    assert merge_figures([figure, figure]) == (figure,)
    with pytest.raises(DataError, match=r"two figures of org/m mini-news hin macro_f1: 0\.9 and 0\.1; keep one"):
        merge_figures([figure, replace(figure, value=0.1)])
