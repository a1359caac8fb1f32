"""``xlbench run`` as a real process: every option, the settings file, what is shown, and stopping and going on."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from conftest import environment
from tiny_task import one_line, texts, tiny, write_texts

pytestmark = pytest.mark.slow

RUN = ["run", "--model", "good-letters"]


@pytest.fixture
def go(xlbench_cli, installed_dists):
    """A function that runs ``xlbench`` with the distribution bad_encoders installed."""

    def run(*args, **options):
        return xlbench_cli(args, [installed_dists("bad_encoders")], **options)

    return run


def planned(done):
    """The cells of a dry run in JSON."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["cells"]


def scores(folder, board="run"):
    """Rows of a board's long table."""
    with (folder / "leaderboards" / f"{board}.scores.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- what is run


def test_without_options_it_is_the_embedded_models_on_the_suite_mini(xlbench_cli):
    """``xlbench run`` means suite mini and every model that a plugin offers for suites."""
    cells = planned(xlbench_cli(["run", "--dry-run", "--json"]))
    (mini,) = json.loads(xlbench_cli(["list", "suites", "mini", "--json"]).stdout)["suites"]
    assert {cell["task"] for cell in cells} == set(mini["tasks"])
    assert {"random", "ngram"} <= {cell["model"] for cell in cells}
    assert cells == planned(xlbench_cli(["run", "--suite", "mini", "--dry-run", "--json"]))


def test_models_are_names_and_patterns_and_repeatable(go, tmp_path):
    """--model may be given more than once, as a name or a pattern; each model counts once, in the order given."""
    cells = planned(go("run", "-m", "zeros", "-m", "wrong-*", "-m", "zeros", *tiny(tmp_path), "-n", "--json"))
    assert list(dict.fromkeys(cell["model"] for cell in cells)) == ["zeros", "wrong-count", "wrong-shape"]


def test_tasks_are_names_patterns_and_cards(go, tmp_path):
    """--task takes a name, a pattern and a path to a card, together."""
    by_name = planned(go(*RUN, "-t", "lexicon", "-l", "mlt", "-n", "--json"))
    assert [cell["subset"] for cell in by_name] == ["eng-mlt", "mlt-eng"]
    assert planned(go(*RUN, "-t", "lexic?n", "-l", "mlt", "-n", "--json")) == by_name
    both = planned(go(*RUN, "-t", "lexicon", *tiny(tmp_path), "-l", "deu", "-n", "--json"))
    assert {(cell["task"], cell["subset"]) for cell in both} == {
        ("lexicon", "deu-eng"), ("lexicon", "eng-deu"), ("tiny", "deu-eng"), ("tiny", "eng-deu")
    }  # fmt: skip


def test_a_language_keeps_the_subsets_that_involve_it(go, tmp_path):
    """--language is repeatable and keeps a subset where one of its languages is named."""
    task = tiny(tmp_path)
    assert {cell["subset"] for cell in planned(go(*RUN, *task, "-l", "fra", "-n", "--json"))} == {"eng-fra", "fra-eng"}
    cells = planned(go(*RUN, *task, "-l", "fra", "-l", "deu", "-n", "--json"))
    assert {cell["subset"] for cell in cells} == {"eng-fra", "fra-eng", "eng-deu", "deu-eng"}


def test_data_comes_from_the_environment_unless_it_is_given(go, tmp_path):
    """XLBENCH_DATA is the data root where --data names none."""
    card = tiny(tmp_path)[:2]
    assert len(planned(go(*RUN, *card, "-n", "--json", env={"XLBENCH_DATA": str(tmp_path / "data")}))) == 4
    (tmp_path / "other").mkdir()
    write_texts(tmp_path / "other", "eng", texts("eng"))
    write_texts(tmp_path / "other", "deu", texts("deu"))
    given = go(*RUN, *card, "--data", "other", "-n", "--json", env={"XLBENCH_DATA": str(tmp_path / "data")})
    assert len(planned(given)) == 2


def test_results_and_boards_go_where_they_are_told(go, tmp_path):
    """Results lie in ./results and boards in ./leaderboards, unless --results and --boards name other folders."""
    task = tiny(tmp_path)
    assert go(*RUN, *task).returncode == 0
    assert (tmp_path / "leaderboards" / "run.md").is_file()
    default = files(tmp_path / "results")
    done = go(*RUN, *task, "--results", "deep/own", "--boards", "deep/shown")
    assert done.returncode == 0
    assert files(tmp_path / "deep" / "own") == default
    assert "wrote deep/shown/run.md" in done.stderr.replace("\\", "/")
    assert files(tmp_path / "deep" / "shown") == files(tmp_path / "leaderboards")


def test_the_board_is_shown_and_progress_is_not_on_standard_output(go, tmp_path):
    """Standard output is the standings and what they say; progress and the files written are on standard error."""
    done = go(*RUN, *tiny(tmp_path))
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:2]] == ["Model", "good-letters"]
    assert lines[-1].startswith("good-letters scores ")
    assert "wrote" not in done.stdout
    first, *others = done.stderr.splitlines()
    assert first == "good-letters: tiny: 4 ok (1 of 1)"
    wrote = [line.replace("\\", "/") for line in others if line.startswith("wrote ")]
    assert wrote[0] == "wrote leaderboards/run.md"
    assert wrote[-1].startswith("wrote leaderboards/run{.")
    assert "results are in results" in others
    assert "good-letters: tiny: 4 ok, as before" in go(*RUN, *tiny(tmp_path)).stderr.splitlines()


# ---- what is done already


def test_a_dry_run_shows_the_cells_writes_nothing_and_loads_no_model(go, tmp_path):
    """--dry-run gives cells, items and what is done, before and after the run, without a folder or a model."""
    task = tiny(tmp_path)
    before = files(tmp_path)
    no_loading = {"XL_NO_LOADING": "1"}
    done = go(*RUN, *task, "--dry-run", env=no_loading)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, line.split(" (")[0]) == (0, "tiny: no data here for 1 of its languages: nep")
    assert done.stdout.splitlines()[0].split() == ["model", "task", "cells", "items", "to", "do"]
    assert done.stdout.splitlines()[1].split() == ["good-letters", "tiny", "4", "80", "4"]
    assert files(tmp_path) == before
    assert not (tmp_path / "results").exists()
    assert go(*RUN, *task, "-l", "deu").returncode == 0
    after = files(tmp_path)
    cells = planned(go(*RUN, *task, "-n", "--json", env=no_loading))
    assert {cell["subset"]: (cell["state"], cell["items"]) for cell in cells} == {
        "eng-deu": ("done", 20), "deu-eng": ("done", 20), "eng-fra": ("todo", 20), "fra-eng": ("todo", 20)
    }  # fmt: skip
    assert files(tmp_path) == after


def test_what_is_done_is_not_computed_again(go, tmp_path):
    """The same command again loads no model, and leaves the same board."""
    task = tiny(tmp_path)
    assert go(*RUN, *task).returncode == 0
    first = scores(tmp_path)
    assert go(*RUN, *task, env={"XL_NO_LOADING": "1"}).returncode == 0
    assert scores(tmp_path) == first
    write_texts(tmp_path / "data", "fra", [*texts("fra")[:-1], "quite another line"])
    states = {cell["subset"]: cell["state"] for cell in planned(go(*RUN, *task, "-n", "--json"))}
    assert states == {"eng-deu": "done", "deu-eng": "done", "eng-fra": "todo", "fra-eng": "todo"}


def test_a_sample_is_marked_and_never_on_a_board(go, tmp_path):
    """--limit scores the first items, says so, writes no board, and does not count as done for the whole."""
    task = tiny(tmp_path)
    done = go(*RUN, *task, "--limit", "6")
    assert done.returncode == 0
    assert [line.split()[3] for line in done.stdout.splitlines()[1:]] == ["6"] * 4
    assert "a sample: the first 6 items of each subset; no board is written" in done.stderr
    assert not (tmp_path / "leaderboards").exists()
    assert "only samples" in one_line(go("board"), 2)
    assert {cell["state"] for cell in planned(go(*RUN, *task, "-n", "--json"))} == {"todo"}
    assert go(*RUN, *task).returncode == 0
    assert {row["n"] for row in scores(tmp_path)} == {"20"}
    assert go("board", "--boards", "leaderboards").returncode == 0
    assert {row["n"] for row in scores(tmp_path)} == {"20"}
    assert {cell["state"] for cell in planned(go(*RUN, *task, "-n", "--json", "--limit", "6"))} == {"done"}


METHODS = {
    "bootstrap": ("percentile", "student"),
    "percentile": ("percentile", "percentile"),
    "bca": ("bca", "bca"),
    "student": ("student", "student"),
    "jackknife": ("jackknife", "jackknife"),
    "wilson": ("wilson", "wilson"),
}
"""--ci -> the method of a share of hits (accuracy), and of a mean (mrr)."""


def test_each_interval_method_scores_saved_rows_again(go, tmp_path):
    """Every --ci changes the method column and the interval, keeps the values, and loads no model."""
    task = [*tiny(tmp_path), "-l", "deu"]
    assert go(*RUN, *task).returncode == 0
    values = {(row["subset"], row["metric"]): row["value"] for row in scores(tmp_path)}
    seen = set()
    for ci, methods in METHODS.items():
        done = go(*RUN, *task, "--ci", ci, "--quiet", env={"XL_NO_LOADING": "1"})
        assert done.returncode == 0, done.stderr
        rows = scores(tmp_path)
        assert {(row["subset"], row["metric"]): row["value"] for row in rows} == values
        found = {row["metric"]: row for row in rows if row["subset"] == "eng-deu"}
        assert (found["accuracy"]["method"], found["mrr"]["method"]) == methods, ci
        seen.add((found["accuracy"]["low"], found["accuracy"]["high"], found["mrr"]["low"], found["mrr"]["high"]))
    assert len(seen) == len(METHODS)


def test_a_seed_moves_resampled_intervals_and_no_value(go, tmp_path):
    """Another --seed gives other resamples of the same rows; the first seed again gives the first bytes again."""
    task = [*tiny(tmp_path), "-l", "deu", "--ci", "percentile"]
    boards = []
    for seed in ("0", "5", "0"):
        assert go(*RUN, *task, "--seed", seed, env={"XL_NO_LOADING": "1"} if boards else {}).returncode == 0
        boards.append(scores(tmp_path))
    first, other, again = boards
    assert first == again
    assert [row["value"] for row in first] == [row["value"] for row in other]
    assert [row["low"] for row in first] != [row["low"] for row in other]


# ---- what goes wrong in a run


def test_a_failing_cell_is_shown_and_the_others_go_on(go, tmp_path):
    """A cell that fails is named with its reason, the others are scored and on the board, and the code is 1."""
    task = tiny(tmp_path)
    write_texts(tmp_path / "data", "deu", ["a cursed line", *texts("deu")[1:]])
    done = go("run", "-m", "nan-for-one", "-m", "good-letters", *task)
    assert done.returncode == 1
    assert "error: tiny eng-deu, deu-eng (nan-for-one): the vector of 'a cursed line' holds NaN" in done.stderr
    assert "Traceback" not in done.stderr
    status = {(row["model"], row["subset"]): row["status"] for row in scores(tmp_path)}
    assert {place for place, value in status.items() if value == "error"} == {
        ("nan-for-one", "eng-deu"), ("nan-for-one", "deu-eng")
    }  # fmt: skip
    assert len(status) == 8


def test_fail_fast_stops_at_the_first_failure(go, tmp_path):
    """With --fail-fast nothing is computed after the first failing cell; without it everything is."""
    task = tiny(tmp_path)
    done = go("run", "-m", "zeros", "-m", "good-letters", *task, "--fail-fast", "--json")
    assert done.returncode == 1
    assert [(cell["model"], cell["status"]) for cell in json.loads(done.stdout)["cells"]] == [("zeros", "error")]
    done = go("run", "-m", "zeros", "-m", "good-letters", *task, "--json")
    assert [cell["status"] for cell in json.loads(done.stdout)["cells"]] == ["error"] * 4 + ["ok"] * 4


def test_a_language_whose_file_is_absent_is_skipped(go, tmp_path):
    """An absent file of a language asked for is shown as skipped: code 0, and 1 with --strict."""
    asked = [*RUN, *tiny(tmp_path), "-l", "deu", "-l", "nep"]
    done = go(*asked)
    assert done.returncode == 0
    assert "skipped: tiny eng-nep, nep-eng (good-letters): tiny has no 'nep' here: none in tiny." in done.stderr
    assert {row["subset"]: row["status"] for row in scores(tmp_path)} == {
        "eng-deu": "ok", "deu-eng": "ok", "eng-nep": "skipped", "nep-eng": "skipped"
    }  # fmt: skip
    strict = go(*asked, "--strict")
    assert (strict.returncode, strict.stdout) == (1, done.stdout)
    assert go(*RUN, *tiny(tmp_path), "-l", "deu", "--strict").returncode == 0


def test_skipping_all_that_was_asked_for_gives_no_board(go, tmp_path):
    """Where the only language asked for is absent, nothing is scored: no board, and code 1, of a dry run too."""
    args = [*RUN, *tiny(tmp_path), "-l", "nep"]
    done = go(*args)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "good-letters: tiny: 2 skipped"
    assert "skipped: tiny eng-nep, nep-eng" in done.stderr
    assert not (tmp_path / "leaderboards" / "run.md").exists()
    dry = go(*args, "--dry-run")
    assert (dry.returncode, dry.stderr) == (1, done.stderr.splitlines(keepends=True)[-1])


def test_a_dry_run_of_failing_cells_fails(go, tmp_path):
    """Where every cell is going to fail, a dry run says why and ends with 1; one that is not makes it 0."""
    task = tiny(tmp_path)
    for language in ("deu", "fra"):
        (tmp_path / "data" / f"tiny.{language}.txt").write_bytes(b"\xff\xfe\n")
    done = go(*RUN, *task, "-n")
    assert done.returncode == 1
    assert "error: tiny " in done.stderr
    write_texts(tmp_path / "data", "deu", texts("deu"))
    assert go(*RUN, *task, "-n").returncode == 0


def test_languages_without_data_are_listed_once(go, tmp_path):
    """Languages that a task has and that nobody asked for are one line where they have no data, none with --quiet; with
    --strict always, and code 1; --json has them."""
    task = tiny(tmp_path)
    line = "tiny: no data here for 1 of its languages: nep"
    done = go("run", "-m", "good-letters", "-m", "zeros", *task)
    (said,) = [said for said in done.stderr.splitlines() if "no data here" in said]
    assert said.startswith(f"{line} (nep: ")
    assert go(*RUN, *task, "--quiet").stderr == ""
    assert json.loads(go(*RUN, *task, "--json").stdout)["absent"] == {"tiny": ["nep"]}
    for options in (["--quiet"], ["--json"], ["-n", "--quiet"], ["-n", "--json"]):
        strict = go(*RUN, *task, "--strict", *options)
        assert (strict.returncode, line in strict.stderr) == (1, True), options
    assert json.loads(go(*RUN, *task, "-n", "--json").stdout)["absent"] == {"tiny": ["nep"]}
    (tmp_path / "data" / "tiny.ne.txt").write_text("one\ntwo\n", encoding="utf-8")
    (line,) = [line for line in go(*RUN, *task, "-n").stderr.splitlines() if "no data here for 1 of" in line]
    assert "files of no declared language: tiny.ne.txt" in line
    assert 'aliases = { "ne" = "nep" } would take them' in line


def test_a_language_does_not_ask_for_its_absent_partners(go, tmp_path):
    """--language eng takes the pairs with English that there are; those that lack the partner are no cells."""
    (cells, partners) = (planned(go(*RUN, *tiny(tmp_path), "-l", it, "-n", "--json")) for it in ("eng", "deu"))
    assert {cell["subset"] for cell in cells} == {"eng-deu", "deu-eng", "eng-fra", "fra-eng"}
    assert {cell["subset"] for cell in partners} == {"eng-deu", "deu-eng"}


def test_many_reasons_of_one_kind_are_cut_short(go, tmp_path):
    """Of the reasons why cells of a task failed, the first ten are printed, and how many cells there are besides."""
    languages = ["deu", "fra", "nep", "hin", "isl", "slk", "swa", "tel", "tur", "mlt", "ita", "spa"]
    task = tiny(tmp_path)
    card = (tmp_path / "tiny.toml").read_text().replace('"deu", "fra", "nep"', ", ".join(f'"{it}"' for it in languages))
    (tmp_path / "tiny.toml").write_text(card)
    for language in languages:
        (tmp_path / "data" / f"tiny.{language}.txt").write_bytes(b"\xff\xfe\n")
    done = go(*RUN, *task, "-q", "-n")
    assert len(done.stderr.splitlines()) == 11
    assert "error: tiny: 4 more cells, for other reasons" in done.stderr.splitlines()[-1]


def test_suites_are_repeatable_and_each_has_its_board(xlbench_cli, tmp_path):
    """-s mini -s NAME plans the tasks of both; a suite of xlbench.toml may be one name."""
    suites = {it["name"]: it["tasks"] for it in json.loads(xlbench_cli(["list", "suites", "--json"]).stdout)["suites"]}
    other = next(name for name in suites if name != "mini" and not set(suites[name]) <= set(suites["mini"]))
    cells = planned(xlbench_cli(["run", "-m", "random", "-s", "mini", "-s", other, "-n", "--json"]))
    assert {cell["task"] for cell in cells} == {*suites["mini"], *suites[other]}
    (tmp_path / "xlbench.toml").write_text('[run]\nsuite = "mini"\nmodel = "random"\n', encoding="utf-8")
    assert {cell["task"] for cell in planned(xlbench_cli(["run", "-n", "--json"]))} == set(suites["mini"])


def test_debug_shows_the_traceback_of_a_cell(go, tmp_path):
    """--debug shows where a failing cell raised, in this process and in a worker; the exit code is the same."""
    args = ["run", "-m", "never-loads", *tiny(tmp_path), "-l", "deu", "-q"]
    assert "Traceback" not in go(*args).stderr
    for engine in ("serial", "processes"):
        done = go("--debug", *args, "--engine", engine)
        assert done.returncode == 1
        assert "Traceback (most recent call last):" in done.stderr
        assert "xl_bad_encoders.py" in done.stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_finished_run_is_shown_from_folders_that_cannot_be_written(go, tmp_path):
    """Reading needs no writing: a finished run ends with 0; one with something to compute is refused beforehand."""
    args = [*RUN, *tiny(tmp_path)]
    assert go(*args).returncode == 0
    folders = [path for path in (tmp_path / "results").rglob("*") if path.is_dir()]
    try:
        for folder in (tmp_path / "leaderboards", tmp_path / "results", *folders):
            folder.chmod(0o555)
        assert go(*args).returncode == 0
        assert "choose another --results" in one_line(go(*args, "-m", "zeros"), 2)
        assert "choose another --boards" in one_line(go(*args, "-m", "zeros", "--results", "others"), 2)
    finally:
        for folder in (tmp_path / "leaderboards", tmp_path / "results", *folders):
            folder.chmod(0o755)


# ---- what is printed


def test_json_holds_every_cell(go, tmp_path):
    """--json prints one JSON document: each cell with its status, reason and all scores, the boards and the code."""
    done = go("run", "-m", "good-letters", "-m", "zeros", *tiny(tmp_path), "-l", "deu", "-l", "nep", "--json")
    plain = json.loads(done.stdout)
    assert plain["exit_code"] == done.returncode == 1
    cells = {(cell["model"], cell["subset"]): cell for cell in plain["cells"]}
    assert {place: cell["status"] for place, cell in cells.items()} == {
        ("good-letters", "eng-deu"): "ok", ("good-letters", "deu-eng"): "ok",
        ("good-letters", "eng-nep"): "skipped", ("good-letters", "nep-eng"): "skipped",
        ("zeros", "eng-deu"): "error", ("zeros", "deu-eng"): "error",
        ("zeros", "eng-nep"): "skipped", ("zeros", "nep-eng"): "skipped",
    }  # fmt: skip
    by_file = {
        (row["model"], row["subset"], row["metric"]): float(row["value"]) for row in scores(tmp_path) if row["value"]
    }
    printed = {
        (cell["model"], cell["subset"], score["metric"]): score["value"]
        for cell in plain["cells"]
        for score in cell["scores"]
    }
    assert printed == pytest.approx(by_file, abs=1e-8)
    assert "all zeros" in cells["zeros", "eng-deu"]["reason"]
    assert all((tmp_path / board).is_file() for board in plain["boards"])


def test_quiet_prints_nothing_but_trouble(go, tmp_path):
    """--quiet prints nothing on standard output, and on standard error only what went wrong."""
    task = tiny(tmp_path)
    done = go(*RUN, *task, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "leaderboards" / "run.md").is_file()
    failed = go("run", "-m", "zeros", *task, "-l", "deu", "--quiet")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert all(line.startswith("error: tiny ") for line in failed.stderr.splitlines())
    assert go(*RUN, *task, "--quiet", "--dry-run").stdout == ""
    assert go("board", "--quiet").stdout == ""


def test_what_plugins_and_models_print_stays_out_of_the_output(xlbench_cli, installed_dists, tmp_path):
    """A plugin that prints when it is loaded, and a model that prints when it encodes, leave JSON and boards alone."""
    path = [installed_dists("bad_encoders", "chatty")]
    done = xlbench_cli(["run", "-m", "loud", *tiny(tmp_path), "--json"], path)
    assert len(json.loads(done.stdout)["cells"]) == 4
    assert "loud encodes 20 texts" in done.stderr
    assert "chatty says hello" in done.stderr
    board = xlbench_cli(["board", "--print"], path)
    assert board.stdout.startswith("**loud scores ")
    assert "chatty says hello" in board.stderr


def test_broken_plugins_are_shown_at_the_end_of_a_run(xlbench_cli, installed_dists, tmp_path):
    """A plugin that cannot be imported is named after the board, and changes neither board nor code."""
    path = [installed_dists("bad_encoders", "broken_import")]
    done = xlbench_cli([*RUN, *tiny(tmp_path)], path)
    assert done.returncode == 0
    assert "broken-import (xl-broken-import 0." in done.stderr.splitlines()[-1]


# ---- wrong names


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "-m", "good-leters"], "there is no model 'good-leters'. Did you mean 'good-letters'?"),
        (["run", "-t", "lexikon"], "there is no task 'lexikon'. Did you mean 'lexicon'?"),
        (["run", "-s", "minni"], "there is no suite 'minni'. Did you mean 'mini'?"),
        (["run", "-t", "lexicon", "-l", "mltt"], "the language 'mltt'. Did you mean 'mlt'"),
        (["run", "-t", "lexicon", "--engine", "seriel"], "there is no engine 'seriel'. Did you mean 'serial'?"),
        (["rum"], "No such command 'rum'. Did you mean 'run'?"),
        (["run", "--out", "x"], "No such option '--out'. Did you mean '--boards' or '--results'?"),
        (["board", "-o", "x"], "No such option '-o'. Did you mean '--boards'?"),
        (["run", "--languages", "hin"], "No such option '--languages'. Did you mean '--language'?"),
        (["run", "--modle", "x"], "No such option '--modle'. (Did you mean one of: '--model',"),
        (["list", "modles"], "'modles' cannot be listed. Did you mean 'models'?"),
        (["run", "--ci", "bootstap"], "'bootstap' is not one of 'auto', 'bootstrap'"),
        (["run", "--limit", "0"], "'--limit': 0 is not in the range"),
        (["run", "--seed", "-1"], "'--seed': -1 is not in the range"),
        (["run", "-s", "mini", "-t", "lexicon"], "give a suite or tasks, not both"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_names_get_a_guess(args, said, go, tmp_path):
    """A wrong name of anything ends with code 2, the nearest right one and no file written."""
    done = go(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert files(tmp_path) == []


def test_the_serial_engine_can_be_named(go, tmp_path):
    """--engine serial is what runs by default."""
    assert go(*RUN, *tiny(tmp_path), "--engine", "serial", "--quiet").returncode == 0
    assert len({row["subset"] for row in scores(tmp_path)}) == 4


# ---- xlbench.toml


def test_defaults_come_from_xlbench_toml(go, tmp_path):
    """Options of a command are read from the nearest xlbench.toml, with or without a byte order mark."""
    tiny(tmp_path)
    settings = (
        '[run]\nmodel = ["good-letters", "zeros"]\ntask = ["./tiny.toml"]\ndata = "data"\ndry-run = true\njson = true\n'
    )
    for mark in ("", "\ufeff"):
        (tmp_path / "xlbench.toml").write_text(mark + settings, encoding="utf-8")
        assert len(planned(go("run"))) == 8
    (tmp_path / "elsewhere").mkdir()
    assert len(planned(go("run", cwd=tmp_path / "elsewhere"))) == 8
    (tmp_path / "elsewhere" / "xlbench.toml").touch()
    assert "ngram" in {cell["model"] for cell in planned(go("run", "-n", "--json", cwd=tmp_path / "elsewhere"))}


def test_the_command_line_wins_over_xlbench_toml(go, tmp_path):
    """What is given on the command line replaces the file's value; a task given replaces a suite of the file."""
    tiny(tmp_path)
    settings = '[run]\nmodel = ["zeros"]\nsuite = "mini"\ndata = "nowhere"\nlimit = 3\n'
    (tmp_path / "xlbench.toml").write_text(settings, encoding="utf-8")
    cells = planned(go(*RUN, "-t", "./tiny.toml", "--data", "data", "--limit", "7", "-n", "--json"))
    assert {(cell["model"], cell["task"], cell["items"]) for cell in cells} == {("good-letters", "tiny", 7)}
    by_environment = go(*RUN, "-t", "./tiny.toml", "-n", "--json", env={"XLBENCH_DATA": "data"})
    assert len(planned(by_environment)) == 4
    (tmp_path / "xlbench.toml").write_text('[run]\ntask = ["./tiny.toml"]\n', encoding="utf-8")
    assert "tiny" not in {cell["task"] for cell in planned(go(*RUN, "-s", "mini", "-n", "--json"))}


def test_the_board_command_has_settings_of_its_own(go, tmp_path):
    """A table [board] holds the defaults of ``xlbench board``, and of no other command."""
    assert go(*RUN, *tiny(tmp_path), "--quiet").returncode == 0
    (tmp_path / "xlbench.toml").write_text('[board]\nboards = "shown"\nquiet = true\n', encoding="utf-8")
    done = go("board")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "shown" / "run.md").is_file()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[run]\nmodle = ['x']\n", "xlbench.toml, line 2: [run] has no option 'modle'. Did you mean 'model'?"),
        ("\n[runn]\n", "xlbench.toml, line 2: 'runn' is no table of a command. Did you mean 'run'? There are boards, "),
        ("date = 'x'\n", "xlbench.toml, line 1: 'date' is no setting of all commands. Did you mean "),
        ("run = 'x'\n", "xlbench.toml, line 1: 'run' is no table of a command."),
        ("data = 3\n", "xlbench.toml, line 1: data: 3 is not a string (in quotes)"),
        ("offline = 'no'\n", "xlbench.toml, line 1: offline: 'no' is not true or false"),
        ("[plugins]\nallow = 3\n", "xlbench.toml, line 2: [plugins] allow must be a list of names"),
        ("[plugins]\nalow = []\n", "xlbench.toml, line 2: [plugins] has no option 'alow'. Did you mean 'allow'"),
        ("[run]\ndata = ['x']\n", "xlbench.toml, line 2: [run] data must be one value"),
        ("[run]\ndata = 3\n", "xlbench.toml, line 2: [run] data: 3 is not a string (in quotes)"),
        ("run = { model = [1] }\n", "xlbench.toml, line 1: [run] model: 1 is not a string (in quotes)"),
        ("run.seed = 1.5\n", "xlbench.toml, line 1: [run] seed: 1.5 is not a whole number"),
        ("[run]\ncache-size = 'much'\n", "xlbench.toml, line 2: [run] cache-size: 'much' is not a number"),
        ("[run]\nlimit = true\n", "xlbench.toml, line 2: [run] limit: True is not a whole number"),
        ("[run]\nstrict = 'perhaps'\n", "xlbench.toml, line 2: [run] strict: 'perhaps' is not true or false"),
        ("[run\n", "xlbench.toml is not valid TOML: Expected ']' at the end of a table declaration (at line 1"),
        (b"\xff\xfe[", "xlbench.toml is not UTF-8; save it as UTF-8"),
    ],
    ids=str,
)
def test_a_wrong_settings_file_is_one_line(settings, said, xlbench_cli, tmp_path):
    """Whatever is wrong with xlbench.toml ends with code 2 and a line that names the file and the key or the line."""
    (tmp_path / "xlbench.toml").write_bytes(settings if isinstance(settings, bytes) else settings.encode())
    assert said in one_line(xlbench_cli(["run", "-n"]), 2)


# ---- stopping and going on


def start(args, site, folder):
    """The command as a process in a group of its own, that Ctrl-C can be sent to."""
    return subprocess.Popen(
        [sys.executable, "-m", "xlbench", *args],
        cwd=folder,
        env=environment([site], {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )


def wait_for(condition, process):
    """Wait until something is so, for as long as the process runs."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(go, installed_dists, tmp_path):
    """SIGINT while the model encodes: code 130, one line, no traceback; the cells done stay, and the same command
    computes the rest, to the bytes of a run that was never stopped."""
    args = ["run", "-m", "slow", *tiny(tmp_path)]
    process = start(args, installed_dists("bad_encoders"), tmp_path)
    cells = tmp_path / "results"
    wait_for(lambda: len(list(cells.glob("*/cells/*/*.json"))) > 1, process)  # the first of two has been counted
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    *_, stopped, hint = [line for line in errors.splitlines() if line]
    assert re.fullmatch("stopped with [123] of 4 cells done", stopped)
    assert hint.startswith("xlbench: stopped; what was done is saved")
    assert not (tmp_path / "leaderboards" / "run.md").exists()
    states = [cell["state"] for cell in planned(go(*args, "-n", "--json"))]
    assert 0 < states.count("done") < 4
    unfinished = go("board", "--boards", "unfinished")
    assert unfinished.returncode == 0
    assert unfinished.stdout.splitlines()[1].split()[:3] == ["—", "slow", "—"]
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").glob("*/cells/*/*.json")}
    assert go(*args).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert go(*args, "--results", "other", "--boards", "never-stopped").returncode == 0
    for name in ("run.md", "run.csv", "run.scores.csv"):
        assert (tmp_path / "leaderboards" / name).read_bytes() == (tmp_path / "never-stopped" / name).read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_ctrl_c_before_the_first_cell_leaves_nothing_in_the_way(go, installed_dists, tmp_path):
    """Stopped before anything is done, the run leaves no cell, and the same command starts from the beginning."""
    args = ["run", "-m", "slow", *tiny(tmp_path), "-l", "deu"]
    process = start(args, installed_dists("bad_encoders"), tmp_path)
    wait_for(lambda: list((tmp_path / "results").glob("*/run.json")), process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (130, False)
    assert {cell["state"] for cell in planned(go(*args, "-n", "--json"))} == {"todo"}
    assert go(*args).returncode == 0


def test_training_sets_by_option_and_by_settings_file(xlbench_cli, tmp_path):
    """``--ci-training`` and its key in xlbench.toml are one: nothing is to do for the same number, all for another; a
    run in which nothing learns is refused."""
    small = ["run", "-m", "random", "-t", "mini-sentiment", "-l", "isl", "--no-cache"]
    done = xlbench_cli([*small, "--ci-training", "2", "--json"])
    assert done.returncode == 0, done.stderr
    # Of one subset: of two draws the spread can be within that of the items, and then is 0.
    assert max(cell["scores"][0]["training_se"] for cell in json.loads(done.stdout)["cells"]) > 0
    (tmp_path / "xlbench.toml").write_text("[run]\nci-training = 2\n", encoding="utf-8")
    for args, state in (([], "done"), (["--ci-training", "3"], "todo"), (["--ci-training", "0"], "todo")):
        plan = json.loads(xlbench_cli([*small, *args, "--dry-run", "--json"]).stdout)
        assert {cell["state"] for cell in plan["cells"]} == {state}
    refused = xlbench_cli(["run", "-m", "random", "-t", "mini-parallel", "-l", "isl", "--no-cache"])
    assert refused.returncode == 2
    assert "--ci-training is for probes" in refused.stderr
