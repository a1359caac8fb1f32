"""The recipe `active`: studies end to end on a small encoder, gone on with after a kill, refused, and read again."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from conftest import environment
from trainings import KILLED

import xlbench
from xlbench import UsageError
from xlbench_tasks.protocols import label_budget_metrics
from xlbench_train.active import figures
from xlbench_train.active.settings import Settings, check

SMALL = ["--base", "ngram", "--budget", "24", "--rounds", "3", "--seeds", "2"]
MINI = Path(xlbench.__file__).parent.parent / "tasks/xlbench_tasks"
STRATEGIES = ["--acquisition", "bald", "--clusters", "none,ward"]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What the command does, in this process."""
    from xlbench.cli import main

    out, err = io.StringIO(), io.StringIO()
    typed = ["xlbench", "train", "active", *map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", typed)
        with pytest.raises(SystemExit) as ended:
            main(typed[1:])
    return subprocess.CompletedProcess(typed, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def killed_before(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What the command does in a process that is killed (by SIGKILL) just before a file ``name`` gets its name."""
    typed = [sys.executable, "-c", KILLED, name, "train", "active", *map(str, arguments)]
    variables = environment([], {"OMP_NUM_THREADS": "1"})
    return subprocess.run(typed, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=300)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def card(folder: Path, protocol: str = "classification", options: str = "") -> str:
    """A card of the embedded opinions that holds a half of them out: it has no folds, each with a pool of its own."""
    head, _, _ = (MINI / "cards/mini-sentiment.toml").read_text("utf-8").partition("[options]")
    head = head.replace("folds = 10", "holdout = { train = 0.5, test = 0.5 }").replace("embedded = true\n", "")
    head = head.replace('"classification"', f'"{protocol}"').replace('"mini-sentiment"', '"few"')
    text = f'{head}[options]\nlabels = ["negative", "neutral", "positive"]\n{options}'
    (folder / f"{protocol}.toml").write_text(text, encoding="utf-8")
    return str(folder / f"{protocol}.toml")


def task(folder: Path, languages: str = "isl") -> list[str]:
    return ["--task", f"{card(folder)}:{languages}", "--data", str(MINI / "mini")]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of three strategies on two languages."""
    out = tmp_path_factory.mktemp("studies") / "out"
    done = command(*SMALL, *task(out.parent, "isl,slk"), *STRATEGIES, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "uniform" in done.stdout
    return out


@pytest.mark.slow
def test_a_study_writes_its_report_and_tables(study):
    """The report has the command, the data with its license, and a table a place; the CSV files have every figure."""
    text = (study / "README.md").read_text("utf-8")
    for part in ("xlbench train active --base ngram", "| few isl |", "Apache-2.0", "## All places together",
                 "bald_ward", "labels saved"):  # fmt: skip
        assert part in text
    rows = table(study / "strategies.csv")
    assert {(row["place"], row["strategy"]) for row in rows} == {
        (place, name) for place in ("few isl", "few slk", "all") for name in ("uniform", "bald", "bald_ward")
    }
    assert all(row["difference"] == "" for row in rows if row["strategy"] == "uniform")
    curves = table(study / "curves.csv")
    assert len(curves) == 2 * 3 * 2 * 3
    assert {float(row["labels"]) for row in curves} == {8, 16, 24}
    assert all(float(row["seconds"]) > 0 for row in curves)


@pytest.mark.slow
def test_compare_board_and_curve_read_a_study(study):
    """Strategies are runs: they are compared seed by seed, stand on a board, and their points are curves."""
    results = xlbench.load(study / "results")
    assert set(results.models) == {"uniform", "bald", "bald_ward"}
    found = results.compare("uniform", "bald").to_frame()
    row = next(one for one in table(study / "strategies.csv") if (one["place"], one["strategy"]) == ("all", "bald"))
    overall = found[found["level"] == "overall"].iloc[0]
    assert float(row["difference"]) == pytest.approx(overall["difference"])
    assert float(row["low"]) == pytest.approx(overall["low"])
    cells = {run.model: {cell.subset: cell for cell in run.cells} for run in results.runs}
    assert cells["uniform"]["isl"].seeds.keys() == cells["bald"]["isl"].seeds.keys()
    assert cells["uniform"]["isl"].main.metric == label_budget_metrics.MAIN
    points = xlbench.load(study / "points")
    sizes = {cell.train_size for run in points.runs for cell in run.cells}
    assert sizes == {8, 16, 24, None}
    assert any("bald_ward" in text for text in xlbench.board(study / "results").values())


@pytest.mark.slow
def test_the_first_strategy_is_what_the_protocol_scores(study, tmp_path):
    """Random draws in a study score what `xlbench run` scores by a card of protocol `label-budget`."""
    own = card(tmp_path, "label-budget", "budget = 24\nrounds = 3\nseeds = 2\n")
    (run,) = xlbench.run("ngram", own, languages="isl", data=MINI / "mini", results=tmp_path / "r").runs
    (cell,) = run.cells
    assert cell.status == "ok", cell.reason
    study_run = next(one for one in xlbench.load(study / "results").runs if one.model == "uniform")
    saved = next(one for one in study_run.cells if one.subset == "isl")
    assert saved.main.value == pytest.approx(cell.main.value)


@pytest.mark.slow
def test_nothing_is_written_over_a_study(study, tmp_path):
    """A folder with a study, or with anything else, is refused; a finished one is said to be finished."""
    again = command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", study)
    assert again.returncode == 2
    assert "holds a finished study: nothing is written over it" in again.stderr
    other = command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", tmp_path)
    assert other.returncode == 2
    assert "holds other files (classification.toml)" in other.stderr
    same = command(*SMALL, *task(study.parent, "isl,slk"), *STRATEGIES, "--out", study, "--resume")
    assert same.returncode == 0
    assert "is finished already" in same.stderr
    changed = command(*SMALL, *task(study.parent, "isl,slk"), *STRATEGIES, "--c", "3", "--out", study, "--resume")
    assert changed.returncode == 2
    assert "--c was 30.0, and is 3.0 now" in changed.stderr


@pytest.mark.slow
def test_a_killed_study_goes_on_and_computes_nothing_twice(tmp_path):
    """After a SIGKILL the same command with --resume ends with the same scores; what was finished is not touched."""
    whole, out = tmp_path / "whole", tmp_path / "killed"
    assert command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", whole).returncode == 0
    names = sorted(path.name for path in (whole / "training/finished").iterdir())
    done = killed_before(names[len(names) // 2], *SMALL, *task(tmp_path), *STRATEGIES, "--out", out)
    assert done.returncode == -9, done.stderr
    before = {path.name: path.stat().st_mtime_ns for path in (out / "training/finished").glob("*.npz")}
    assert 0 < len(before) < len(names)
    blocked = command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", out)
    assert blocked.returncode == 2
    assert "not finished; --resume goes on with it" in blocked.stderr
    resumed = command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", out, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"{len(before)} of {len(names)} are there already" in resumed.stderr
    after = {path.name: path.stat().st_mtime_ns for path in (out / "training/finished").glob("*.npz")}
    assert before.items() <= after.items()
    assert sorted(after) == names
    scores = [[{**row, "seconds": "", "peak_bytes": ""} for row in table(one / "curves.csv")] for one in (whole, out)]
    assert scores[0] == scores[1]


@pytest.mark.slow
def test_a_dry_run_says_what_would_be_done_and_how_long_it_takes(tmp_path):
    """Pools, tests and strategies are counted, a time is given, and nothing is written."""
    out = tmp_path / "few"
    done = command(*SMALL, *task(tmp_path), *STRATEGIES, "--out", out, "--dry-run")
    assert done.returncode == 0, done.stderr
    for part in ("a pool of", "3 strategies with 2 seeds at 1 place", "on this machine", "nothing was computed"):
        assert part in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--acquisition", "entropi"], "Did you mean 'entropy'"),
        (["--clusters", "wards"], "Did you mean 'ward'"),
        ([], "there is nothing to compare with random draws"),
        (["--acquisition", "bald", "--budget", "4", "--rounds", "5"], "less than one a round"),
        (["--acquisition", "bald", "--lora", "4"], "--lora is for --fine-tune"),
        (["--acquisition", "bald", "--epochs", "4"], "--epochs is for --fine-tune"),
        (["--acquisition", "bald", "--fine-tune", "--c", "4"], "--c has no meaning with --fine-tune"),
        (["--acquisition", "bald", "--clustered-on", "tf-idf"], "--clustered-on has no meaning without --clusters"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(arguments, said, tmp_path):
    """A wrong name gets a guess, and an option that would do nothing is refused, with exit code 2."""
    done = command("--base", "ngram", *task(tmp_path), "--out", tmp_path / "few", *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "few").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mini-sentiment:ils", "Did you mean 'isl'"),
        ("mini-sentimen", "mini-sentiment"),
        ("lexicon:eng-mlt", "has no training split of texts with a label each"),
        ("mini-ner:eng>hin", "has no training split of texts with a label each"),
    ],
)
def test_tasks_without_a_pool_are_told_in_a_line(given, said, tmp_path):
    """A subset that there is not gets a guess; a task without labeled texts to learn from is refused."""
    done = command("--base", "ngram", "--task", given, "--acquisition", "bald", "--out", tmp_path / "few")
    assert done.returncode == 2
    assert said in done.stderr


def test_strategies_are_all_combinations_and_the_baseline():
    """The baseline is the first, and comes once; random draws with a random half are no strategy of their own."""
    settings = Settings("x", ("t",), Path("o"), ("uniform", "bald"), ("none", "ward"), warm_start=("no", "yes"))
    names = [one.name for one in settings.strategies]
    assert names[0] == "uniform"
    assert len(names) == len(set(names)) == 7
    assert "uniform_warm" not in names
    with pytest.raises(UsageError, match="nothing to compare"):
        check(Settings("x", ("t",), Path("o")))


def test_holm_is_that_of_r():
    """Values by hand, as R's p.adjust gives them; None stays None and counts for none."""
    assert figures.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert figures.holm([0.5, None, 0.9]) == [1.0, None, 1.0]


def columns_of(curves: Sequence[Sequence[np.ndarray]], true: np.ndarray) -> dict[str, np.ndarray]:
    made = {"true": true}
    for seed, rounds in enumerate(curves):
        for number, codes in enumerate(rounds):
            made[label_budget_metrics.predicted(seed, number)] = codes
            made[label_budget_metrics.paid(seed, number)] = np.full(len(true), 10 * (number + 1))
    return made


def test_labels_saved_by_hand():
    """A strategy that is as good after one round of three as random draws at their end saves two thirds."""
    true = np.arange(60) % 2
    right, half = true, np.where(np.arange(60) < 30, true, 1 - true)
    plain = columns_of([[half, half, right]] * 2, true)
    quick = columns_of([[right, right, right]] * 2, true)
    drawn = figures.draws([str(row) for row in range(60)], 2, np.random.RandomState(0))
    made = [figures.mean_curves(one, 2, 3, drawn) for one in (plain, quick, columns_of([[half, half, half]] * 2, true))]
    found = figures.saved(made[0], made[1], 30)
    assert (found.labels, found.share) == (10, pytest.approx(2 / 3))
    assert (found.low, found.high) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    never = figures.saved(made[0], made[2], 30)
    assert (never.labels, never.share, never.low, never.high) == (None, None, None, None)
    assert figures.saved(made[0], made[0], 30).labels == pytest.approx(30)


def test_resampled_curves_are_scikit_learns():
    """With every item once, the curve itself; with items drawn twice, scikit-learn's F1 with weights."""
    from sklearn.metrics import f1_score

    random = np.random.RandomState(0)
    true, codes = random.randint(0, 3, 80), [[random.randint(0, 3, 80) for _ in range(2)] for _ in range(2)]
    weights = np.stack([np.ones(80), random.randint(0, 3, 80).astype(float)])
    found = figures.resampled_curves(columns_of(codes, true), 2, 2, weights)
    for number, weight in enumerate(weights):
        for seed in range(2):
            expected = [f1_score(true, one, average="macro", sample_weight=weight) for one in codes[seed]]
            assert found[number, seed] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "adapters", [pytest.param([], marks=pytest.mark.campaign), ["--lora", "2"]], ids=["whole", "lora"]
)
def test_a_transformer_is_fine_tuned(adapters, tmp_path):
    """A two-layer transformer: acquisition by its own dropout, clusters by its vectors, and every round from anew."""
    base = checkpoints.bert(tmp_path / "base")
    done = command(
        "--base", base, *task(tmp_path), "--acquisition", "bald,furthest-batch", "--clusters", "ward",
        "--schedule", "dif-build",
        "--fine-tune", *adapters, "--epochs", "1", "--budget", "12", "--rounds", "3", "--seeds", "2", "--samples", "2",
        "--candidates", "20", "--max-length", "16", "--no-full", "--device", "cpu", "--out", tmp_path / "few",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "few/strategies.csv")
    assert {row["strategy"] for row in rows} == {
        "uniform", "bald_ward_dif-build", "furthest-batch_ward_dif-build",
    }  # fmt: skip
    assert all(row["full"] == "" for row in rows)
    curves = table(tmp_path / "few/curves.csv")
    assert {float(row["labels"]) for row in curves if row["round"] == "3"} == {12.0}
