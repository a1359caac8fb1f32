"""``xlbench board``, and the files of boards, as a real process: which runs stand together, and what is written."""

import csv
import json
import re
import shutil

import pytest
from board_files import repeatable_files
from one_module import installed
from tiny_task import CARD, one_line, texts, tiny, write_texts

pytestmark = pytest.mark.slow

LONG = [
    "model", "fingerprint", "area", "task", "subset", "metric", "value", "low", "high", "method", "n", "clusters",
    "chance", "majority", "register", "status", "note", "covers",
]  # fmt: skip


@pytest.fixture
def go(xlbench_cli, installed_dists):
    """A function that runs ``xlbench`` with two distributions installed: models, a task and its suite."""

    def run(*args, **options):
        return xlbench_cli(args, [installed_dists("bad_encoders", "good")], **options)

    return run


def run_tiny(go, folder, *args):
    done = go("run", *tiny(folder), *args, "--quiet")
    assert done.returncode == 0, done.stderr
    return done


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def models_on(text):
    """Names in the first table of a board, best first, without the row of what guessing scores."""
    lines = [line for line in text.splitlines() if line.startswith("|") and "*Chance*" not in line]
    rows = [line.split("|") for line in lines]
    return [row[2].split()[0] for row in rows[2:] if len(row) > 4 and row[1].strip()[:1] in "=123456789—"]


def printed_models(text):
    """Names in the standings that a command prints, best first."""
    rows = [line.split() for line in text.splitlines()]
    return [row[1] for row in rows if len(row) > 2 and re.fullmatch(r"=?\d+(–\d+)?|—", row[0])]


def test_a_run_of_loose_tasks_writes_the_files_of_a_board(go, tmp_path):
    """A run of tasks writes run.md, run.subsets.md, run.html, run.csv (a row a model), tasks, languages, scores, data,
    hubs, models and costs, each in a file."""
    run_tiny(go, tmp_path, "-m", "good-letters", "-m", "random")
    boards = tmp_path / "leaderboards"
    assert sorted(path.name for path in boards.iterdir()) == [
        "run.costs.csv", "run.costs.md", "run.csv", "run.data.csv", "run.html", "run.hubs.csv", "run.languages.csv",
        "run.md", "run.models.csv", "run.scores.csv", "run.subsets.md", "run.tasks.csv",
    ]  # fmt: skip
    head, *rows = table(boards / "run.csv")
    assert [row[head.index("model")] for row in rows] == ["good-letters", "random"]
    assert models_on((boards / "run.md").read_text(encoding="utf-8"))[:2] == ["good-letters", "random"]


def test_the_long_table_has_these_columns_and_six_decimals_or_more(go, tmp_path):
    """<board>.scores.csv has exactly its columns, a row a metric of every cell, and at least six decimals."""
    run_tiny(go, tmp_path, "-m", "random")
    head, *rows = table(tmp_path / "leaderboards" / "run.scores.csv")
    assert head == LONG
    by_name = [dict(zip(head, row, strict=True)) for row in rows]
    assert {row["subset"] for row in by_name} == {"eng-deu", "deu-eng", "eng-fra", "fra-eng"}
    metrics = {row["metric"] for row in by_name}
    assert {"accuracy", "mrr"} <= metrics
    assert len(rows) == 4 * len(metrics)
    for row in by_name:
        for number in ("value", "low", "high"):
            assert re.fullmatch(r"-?\d+\.\d{6,}", row[number]), row
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert (row["n"], row["clusters"], row["status"], row["area"]) == ("20", "20", "ok", "retrieval")
        assert re.fullmatch(r"[0-9a-f]{64}", row["fingerprint"])
        assert row["method"]


def test_boards_without_costs_are_the_same_bytes_every_time(go, tmp_path):
    """What varies from run to run is in the costs files and the page's costs alone: a run made anew gives the
    same bytes elsewhere."""
    run_tiny(go, tmp_path, "-m", "good-letters", "-m", "random")
    run_tiny(go, tmp_path, "-m", "random", "-m", "good-letters", "--results", "anew", "--boards", "anew-boards")
    first = repeatable_files(tmp_path / "leaderboards")
    assert {"run.md", "run.csv", "run.scores.csv", "run.html"} <= set(first)
    assert repeatable_files(tmp_path / "anew-boards") == first
    assert "seconds" in table(tmp_path / "leaderboards" / "run.costs.csv")[0]
    assert "seconds" not in table(tmp_path / "leaderboards" / "run.csv")[0]


def test_a_new_checkpoint_stands_beside_published_runs(go, tmp_path):
    """``board`` renders several results folders together: as if all had been run into one."""
    run_tiny(go, tmp_path, "-m", "random", "--results", "published")
    run_tiny(go, tmp_path, "-m", "good-letters", "--results", "mine")
    done = go("board", "published", "mine", "--boards", "together")
    assert done.returncode == 0
    assert printed_models(done.stdout) == ["good-letters", "random"]
    run_tiny(go, tmp_path, "-m", "random", "-m", "good-letters", "--results", "one", "--boards", "at-once")
    for name in ("run.md", "run.csv", "run.scores.csv"):
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "at-once" / name).read_bytes()


def test_a_single_run_of_a_folder_can_be_given(go, tmp_path):
    """FOLDERS may be single runs in a results folder; the others of it stay out."""
    run_tiny(go, tmp_path, "-m", "random", "-m", "good-letters")
    (single,) = (tmp_path / "results").glob("random-*")
    assert printed_models(go("board", single, "--boards", "x").stdout) == ["random"]


def test_board_needs_no_plugin_no_data_and_no_model(go, xlbench_cli, tmp_path):
    """Saved runs are enough: with plugin, card and texts gone, the board is the same to the byte."""
    run_tiny(go, tmp_path, "-m", "good-letters")
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "tiny.toml").unlink()
    done = xlbench_cli(["board", "--boards", "later"])
    assert done.returncode == 0, done.stderr
    for name in ("run.md", "run.csv", "run.scores.csv"):
        assert (tmp_path / "leaderboards" / name).read_bytes() == (tmp_path / "later" / name).read_bytes()


def test_print_shows_the_board_in_full_and_writes_nothing(go, tmp_path):
    """--print gives the whole markdown board on standard output and no file."""
    run_tiny(go, tmp_path, "-m", "good-letters")
    before = (tmp_path / "leaderboards" / "run.md").read_text(encoding="utf-8")
    shutil.rmtree(tmp_path / "leaderboards")
    done = go("board", "--print")
    assert (done.returncode, done.stdout.rstrip("\n")) == (0, before.rstrip("\n"))
    assert not (tmp_path / "leaderboards").exists()


def test_a_suite_has_a_board_of_its_own(go, tmp_path):
    """A whole suite's run writes <suite>.*, which holds the other models in the results folder too."""
    for model in ("random", "letters"):
        assert go("run", "--suite", "kinds-only", "-m", model, "--quiet").returncode == 0
    boards = tmp_path / "leaderboards"
    assert {path.name.split(".")[0] for path in boards.iterdir()} == {"kinds-only"}
    assert sorted(models_on((boards / "kinds-only.md").read_text(encoding="utf-8"))[:2]) == ["letters", "random"]


FAILING = """
import xlbench


def raises(board):
    raise ValueError("no such font")


@xlbench.hookimpl
def xlbench_boards():
    yield xlbench.BoardFormat("raises", raises)
    yield xlbench.BoardFormat("leaves", lambda board: {"/../../evil.txt": "x"})
"""


def test_a_format_that_fails_is_named_and_ends_with_1(go, xlbench_cli, tmp_path):
    """`board` and `run` write the boards of all other formats, nothing outside of their folder, and end with code 1."""
    run_tiny(go, tmp_path)
    site = installed(tmp_path / "site", "xl_failing", FAILING)
    expected = repeatable_files(tmp_path / "leaderboards")
    assert len(expected) > 5
    for command in (["board", "results"], ["run", "-m", "random", *tiny(tmp_path), "--results", "more"]):
        done = xlbench_cli([*command, "--boards", f"{command[0]}/boards"], [site])
        assert done.returncode == 1
        assert "board format raises failed on run, and wrote nothing: ValueError: no such font" in done.stderr
        assert "board format leaves failed on run, and wrote nothing: the suffix" in done.stderr
        written = repeatable_files(tmp_path / command[0] / "boards")
        assert set(written) >= set(expected)
        assert command[0] == "run" or {name: written[name] for name in expected} == expected
    assert not list(tmp_path.rglob("*evil*"))


def test_packs_and_ones_own_runs_of_the_same_models_are_no_conflict(go, xlbench_cli, tmp_path):
    """What was just computed, beside packs of the same models from elsewhere, is one row a model, without a word."""
    run_tiny(go, tmp_path, "-m", "ngram", "-m", "random", "--boards", "own")
    again = tmp_path / "elsewhere"
    again.mkdir()
    run_tiny(lambda *args: go(*args, cwd=again), again, "-m", "ngram", "-m", "random")
    assert xlbench_cli(["pack", again / "results", "--all", "--out", "packs"]).returncode == 0
    done = xlbench_cli(["board", "results", "packs", "--boards", "both"])
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line and not line.startswith("wrote ")] == []
    pages = [(tmp_path / folder / "run.md").read_bytes() for folder in ("both", "own")]
    assert pages[0] == pages[1]
    assert sorted(models_on(pages[0].decode())) == ["ngram", "random"]


def test_board_of_a_suite_leaves_loose_tasks_out(go, tmp_path):
    """--suite renders that suite's tasks alone; without it there is a board for every suite of the runs, and run.md
    with the cells of no suite."""
    assert go("run", "--suite", "kinds-only", "-m", "letters", "--quiet").returncode == 0
    run_tiny(go, tmp_path, "-m", "letters")
    for args in ([], ["--suite", "kinds-only"]):
        shutil.rmtree(tmp_path / "leaderboards")
        assert go("board", *args).returncode == 0
        names = {path.name.split(".")[0] for path in (tmp_path / "leaderboards").iterdir()}
        assert names == ({"kinds-only"} if args else {"kinds-only", "run"})
        for name, task in (("kinds-only", "kinds"), ("run", "tiny")):
            if name in names:
                _, *rows = table(tmp_path / "leaderboards" / f"{name}.scores.csv")
                assert {row[LONG.index("task")] for row in rows} == {task}


def test_part_of_a_suite_is_no_board_of_the_suite(go, tmp_path):
    """A sample of a suite, or some of its languages, never becomes or changes the suite's board."""
    assert go("run", "--suite", "kinds-only", "-m", "letters", "--quiet").returncode == 0
    before = (tmp_path / "leaderboards" / "kinds-only.scores.csv").read_bytes()
    assert go("run", "--suite", "kinds-only", "-m", "random", "--limit", "2", "--quiet").returncode == 0
    assert go("run", "--suite", "kinds-only", "-m", "random", "-l", "eng", "--quiet").returncode == 0
    assert (tmp_path / "leaderboards" / "kinds-only.scores.csv").read_bytes() == before


def test_a_missing_part_is_a_dash_and_never_a_zero(go, tmp_path):
    """An average over a cell that failed is not shown, the cell has its reason, and the model is not ranked."""
    task = tiny(tmp_path)
    write_texts(tmp_path / "data", "deu", ["a cursed line", *texts("deu")[1:]])
    assert go("run", *task, "-m", "nan-for-one", "-m", "random", "--quiet").returncode == 1
    head, *rows = table(tmp_path / "leaderboards" / "run.csv")
    by_model = {row[head.index("model")]: dict(zip(head, row, strict=True)) for row in rows}
    lost = by_model["nan-for-one"]
    assert (lost["overall"], lost["retrieval"], lost["rank"], lost["status"]) == ("", "", "", "incomplete")
    assert by_model["random"]["rank"] == "1"
    failed = [
        row for row in table(tmp_path / "leaderboards" / "run.scores.csv") if row[LONG.index("status")] == "error"
    ]
    assert len(failed) == 2
    for row in failed:
        assert row[LONG.index("value")] == ""
        assert "holds NaN" in row[LONG.index("note")]
    assert "holds NaN" in (tmp_path / "leaderboards" / "run.md").read_text(encoding="utf-8")


def test_a_language_called_nan_is_a_language(go, tmp_path):
    """Min Nan's code survives the whole way from the card to the boards."""
    task = tiny(tmp_path)
    (tmp_path / "tiny.toml").write_text(CARD.replace('"nep"', '"nan"'), encoding="utf-8")
    write_texts(tmp_path / "data", "nan", texts("nan"))
    assert go("run", *task, "-m", "random", "-l", "nan", "--quiet").returncode == 0
    subsets = {row[LONG.index("subset")] for row in table(tmp_path / "leaderboards" / "run.scores.csv")[1:]}
    assert subsets == {"eng-nan", "nan-eng"}
    assert go("board").returncode == 0
    assert "eng-nan" in (tmp_path / "leaderboards" / "run.subsets.md").read_text(encoding="utf-8")


def test_two_contents_of_one_name_are_told_apart(go, xlbench_cli, installed_dists, tmp_path):
    """Two checkpoints with one name stand on two lines, each with its fingerprint's first digits."""
    run_tiny(go, tmp_path, "-m", "good-letters")
    changed = tmp_path / "changed"
    shutil.copytree(installed_dists("bad_encoders", "good"), changed)
    module = changed / "xl_bad_encoders.py"
    text = module.read_text(encoding="utf-8").replace("partial(str, name)", 'partial(str, name + " retrained")')
    module.write_text(text, encoding="utf-8")
    done = xlbench_cli(["run", *tiny(tmp_path), "-m", "good-letters", "--quiet"], [changed])
    assert done.returncode == 0, done.stderr
    shown = go("board", "--print").stdout
    labels = set(re.findall(r"good-letters \(?([0-9a-f]{6,})", shown))
    assert len(labels) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nowhere"], "there is no folder nowhere: give a results folder"),
        (["data"], "data holds no runs: give a results folder"),
        (["results", "nowhere"], "there is no folder nowhere"),
        (["--suite", "minni"], "none of these runs was made for the suite 'minni'. They were made for: no suite"),
    ],
    ids=str,
)
def test_folders_without_runs_are_one_line(args, said, go, tmp_path):
    """A folder that is not there, or holds no runs, or no run of the suite, ends with code 2 and writes nothing."""
    run_tiny(go, tmp_path, "-m", "random")
    shutil.rmtree(tmp_path / "leaderboards")
    assert said in one_line(go("board", *args), 2)
    assert not (tmp_path / "leaderboards").exists()


def test_a_wrong_suite_gets_a_guess(go):
    """A suite that none of the runs was made for is answered with the nearest that one was."""
    assert go("run", "--suite", "kinds-only", "-m", "letters", "--quiet").returncode == 0
    line = one_line(go("board", "--suite", "kind-only"), 2)
    assert "the suite 'kind-only'. Did you mean 'kinds-only'?" in line


def test_one_model_from_two_folders_is_joined(go, tmp_path):
    """The same run in two folders counts once; what one of them lacks is taken from the other."""
    run_tiny(go, tmp_path, "-m", "random")
    shutil.copytree(tmp_path / "results", tmp_path / "copy")
    alone = go("board", "results", "--print")
    both = go("board", "results", "copy", "--print")
    assert (both.stdout, both.stderr, both.returncode) == (alone.stdout, "", 0)
    next((tmp_path / "copy").glob("random-*/cells/*/*.json")).unlink()
    assert go("board", "results", "copy", "--print").stdout == alone.stdout


def test_a_part_of_what_is_saved_can_be_rendered(go, tmp_path):
    """--model, --task and --language make run.md of a part; wrong names get a guess, and what is left out is said."""
    run_tiny(go, tmp_path, "-m", "random", "-m", "good-letters")
    done = go("board", "--model", "rand*", "--language", "fra")
    assert printed_models(done.stdout) == ["random"]
    assert "xlbench: the selection leaves out: 6 saved cells of tiny" in done.stderr
    subsets = {row[LONG.index("subset")] for row in table(tmp_path / "leaderboards" / "run.scores.csv")[1:]}
    assert subsets == {"eng-fra", "fra-eng"}
    assert "none of these runs is of a model 'randon'. Did you mean 'random'?" in one_line(
        go("board", "-m", "randon"), 2
    )


def test_json_has_the_standings_with_ranks_by_area_and_task(go, tmp_path):
    """``board --print --json`` prints the board's models with the ranks of every average, and writes nothing; ``run
    --json`` has the same."""
    done = run_tiny(go, tmp_path, "-m", "good-letters", "-m", "random", "--json")
    before = {path: path.read_bytes() for path in (tmp_path / "leaderboards").iterdir()}
    printed = json.loads(go("board", "--print", "--json").stdout)
    assert {path: path.read_bytes() for path in (tmp_path / "leaderboards").iterdir()} == before
    (board,) = printed["boards"]
    assert json.loads(done.stdout)["standings"] == [board]
    first = board["models"][0]
    assert (first["model"], first["rank"]) == ("good-letters", 1)
    assert {*next(iter(first["tasks"].values()))["rank"]} == {"rank", "low", "high", "tied_with_best", "letters"}


def test_formats_are_chosen_by_name(go, tmp_path):
    """--format writes these formats, of `board` and of `run`, and no file of an older board stays; --print prints the
    first file of each; a wrong name is answered with the nearest, before anything is computed."""
    run_tiny(go, tmp_path, "-m", "random", "--format", "latex", "--format", "json")
    boards = tmp_path / "leaderboards"
    assert sorted(path.name for path in boards.iterdir()) == ["run.json", "run.tex"]
    printed = go("board", "--print", "--format", "latex")
    assert printed.stdout.rstrip("\n") == (boards / "run.tex").read_text(encoding="utf-8").rstrip("\n")
    assert json.loads(go("board", "--print", "--json").stdout)["boards"] == [
        json.loads((boards / "run.json").read_text(encoding="utf-8"))
    ]
    (boards / "run.tex").write_text("of an older board")
    assert go("board").returncode == 0
    assert {"run.md", "run.csv", "run.tex"} <= {path.name for path in boards.iterdir()}
    assert (boards / "run.tex").read_text(encoding="utf-8").rstrip() == printed.stdout.rstrip()
    for command in (["board"], ["run", *tiny(tmp_path), "-m", "letters"]):
        assert "no board format 'latx'. Did you mean 'latex'?" in one_line(go(*command, "--format", "latx"), 2)
    assert len(list((tmp_path / "results").iterdir())) == 1


def test_a_board_by_another_metric_and_over_languages(go, tmp_path):
    """--metric and --over ask another question: run.md says so, in its own words and in JSON, and what has no such
    score is counted."""
    run_tiny(go, tmp_path, "-m", "random", "-m", "good-letters")
    assert go("run", "--suite", "kinds-only", "-m", "random", "--quiet").returncode == 0
    done = go("board", "-t", "./tiny.toml", "--metric", "mrr", "--area", "retrieval", "--print")
    assert "scores by mrr in points" in done.stdout
    assert go("board", "-t", "tiny", "--over", "languages", "--print").returncode == 2
    done = go("board", "-t", "./tiny.toml", "-t", "kinds", "--metric", "mrr", "--print", "--json")
    (board,) = json.loads(done.stdout)["boards"]
    assert (board["metric"], board["over"], [*board["models"][0]["tasks"]]) == ("mrr", "items", ["tiny"])
    assert "xlbench: without a score by mrr: " in done.stderr
    assert "of the area 'retrieva'. Did you mean 'retrieval'?" in one_line(go("board", "--area", "retrieva"), 2)
