"""Published figures beside saved runs."""

import csv
import json
import re

import pytest
from conftest import ROOT

from xlbench.core.errors import DataError
from xlbench.core.record import Score
from xlbench.reports import published

FIGURES = ROOT / "docs" / "published" / "labse-ntrex.csv"
HEAD = "model,task,subset,metric,value\n"


def figures_of(found, change=0.0):
    """Figures for each score of `run --json`, moved by ``change``."""
    rows = [
        (cell["model"], cell["task"], cell["subset"], score["metric"], score["value"] + change)
        for cell in found["cells"]
        for score in cell["scores"]
        if score["metric"] == "accuracy"
    ]
    return HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def ngram(cli_in, tmp_path_factory):
    """What a run of ngram prints, and the folder of its results."""
    folder = tmp_path_factory.mktemp("ngram")
    command = ["run", "-m", "ngram", "-t", "mini-parallel", "-l", "eng", "--results", "r", "--boards", "b", "--json"]
    return json.loads(cli_in(folder)(command).stdout), folder / "r"


def test_saved_runs_are_compared_with_figures(xlbench_cli, tmp_path, ngram):
    """The same figures agree; others differ by more than the tolerance, or are missing, and the exit code says so."""
    found, results = ngram
    (tmp_path / "same.csv").write_text(figures_of(found))
    same = xlbench_cli(["published", "same.csv", results])
    assert (same.returncode, same.stdout) == (
        0,
        "18 agree, 0 differ, 0 missing; the largest difference is 0.00 points\n",
    )
    (tmp_path / "moved.csv").write_text(figures_of(found, -0.01) + "labse,ntrex,eng-hin,accuracy,0.99\n")
    moved = xlbench_cli(["published", "moved.csv", results])
    assert moved.returncode == 1
    assert "0 agree, 18 differ, 1 missing; the largest difference is 1.00 points" in moved.stdout
    assert "1.00  differs" in moved.stdout
    close = xlbench_cli(["published", "moved.csv", results, "--tolerance", "0.01", "--json"])
    assert [one["verdict"] for one in json.loads(close.stdout)] == ["agrees"] * 18 + ["missing"]


def test_a_copy_of_a_model_is_set_beside_its_figures(xlbench_cli, tmp_path, ngram):
    """--model takes another model's scores: a page has each difference with its interval, and the means."""
    found, results = ngram
    figures = figures_of(found, 0.01).replace("\nngram,", "\noriginal,") + "original,ntrex,eng-hin,accuracy,0.9\n"
    (tmp_path / "figures.csv").write_text(figures)
    done = xlbench_cli(["published", "figures.csv", results, "--model", "ngram", "--out", "pages/copy.md"])
    assert done.returncode == 1
    assert "mini-parallel, accuracy: ours less theirs is -1.00 [-1.00, -1.00] points" in done.stdout
    page = (tmp_path / "pages" / "copy.md").read_text(encoding="utf-8")
    assert page.startswith("# original as published, and ngram\n")
    assert "\n1 of the figures has no score here.\n" in page
    cell = next(cell for cell in found["cells"] if cell["subset"] == "eng-hin")
    (score,) = [score for score in cell["scores"] if score["metric"] == "accuracy"]
    low, high = (f"{100 * (score[end] - score['value']) - 1:+.2f}" for end in ("low", "high"))
    assert f"-1.00 [{low}, {high}]" in next(line for line in page.splitlines() if "| eng-hin" in line)
    done = xlbench_cli(["published", "figures.csv", results, "--model", "ngrm"])
    assert (done.returncode, done.stderr) == (2, "xlbench: there is no run of 'ngrm' here. Did you mean 'ngram'?\n")


def test_mean_differences_are_those_counted_by_hand():
    """Of 1, 3 and 5 points below: the mean is 3, with Student's interval for three; one figure lies within ours."""
    figure = published.Figure("m", "t", "eng", "f1", 0.5)
    scores = [Score(0.5 - gap, 0.5 - gap - 0.02, 0.5 - gap + 0.02, metric="f1") for gap in (0.01, 0.03, 0.05)]
    compared = [published.FigureComparison(figure, score, "differs") for score in scores]
    (mean,) = published.mean_differences([*compared, published.FigureComparison(figure, None, "missing")])
    assert (mean.mean, mean.within) == (pytest.approx(-0.03), 1)
    half = 4.302653 * 0.02 / 3**0.5
    assert mean.ends == (pytest.approx(-0.03 - half), pytest.approx(-0.03 + half))
    assert published.mean_differences(compared[:1])[0].ends is None
    assert published.sentence(mean) == (
        "t, f1: ours less theirs is -3.00 [-7.97, +1.97] points in the mean over 3 figures (-5.00 to -1.00); "
        "1 of these lie within our interval"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("model,task,subset,metrics,value\n", "line 1: there is no column 'metric'. Did you mean 'metrics'?"),
        (HEAD + "a,b,c,accuracy,high\n", "line 2: 'high' is no number"),
        (
            HEAD + "a,b,c,accuracy,.5\na,b,c,accuracy,85.3\n",
            "line 3: every column needs a value, and a figure is a share",
        ),
        (HEAD, "holds no figure"),
    ],
)
def test_a_table_that_is_wrong_is_told_by_its_line(tmp_path, content, said):
    """A missing column, a word for a number, a percentage, nothing at all."""
    (tmp_path / "figures.csv").write_text(content)
    with pytest.raises(DataError) as error:
        published.read_figures(tmp_path / "figures.csv")
    assert said in str(error.value)


def test_the_figures_of_the_documentation_fit_the_card():
    """Every published figure names a subset and a metric that the task has, and stands in the page's table."""
    from xlbench.catalog.loading import load

    task = load().tasks["ntrex"]
    page = (FIGURES.parent.parent / "published.md").read_text(encoding="utf-8")
    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(published.read_figures(FIGURES)) == 480
    for row in rows:
        assert set(row["subset"].split("-")) <= set(task.languages)
        assert row["metric"] in {metric.name for metric in task.metrics}
        (other,) = set(row["subset"].split("-")) - {"eng"}
        assert f"{100 * float(row['value']):.2f}" in next(
            line for line in page.split("\n") if line.startswith(f"| {other} |")
        )


def test_the_figures_of_e5_fit_their_cards():
    """Every figure of multilingual-e5-small is of a language, or a pair, and a metric that its task has."""
    from xlbench.catalog.loading import load

    tasks = load().tasks
    figures = published.read_figures(FIGURES.parent / "multilingual-e5-small.csv")
    assert len(figures) == 480 + 4 + 12
    assert {figure.task for figure in figures} == {"ntrex", "sib200-news-few-shot", "nusax-senti-mteb"}
    for figure in figures:
        task = tasks[figure.task]
        assert set(figure.subset.split("-")) <= set(task.languages)
        assert figure.metric in {metric.name for metric in task.metrics}


def test_figures_that_are_not_there_are_wrong_usage(xlbench_cli):
    """A missing file ends with code 2 and says so in one line, without the system's number for it."""
    done = xlbench_cli(["published", "missing.csv"])
    assert done.returncode == 2
    assert done.stderr == "xlbench: there is no file missing.csv: give a CSV file of published figures\n"


def _cells(text):
    """The cells of the rows of a page's first table, without its headings."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0]
    return [
        [cell.strip().replace("\u00a0", " ") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


def test_the_figures_of_real_encoders_are_those_of_their_board():
    """In docs/published.md every model has its overall and its areas as leaderboards/open.md has them."""
    docs = FIGURES.parent.parent
    section = (docs / "published.md").read_text(encoding="utf-8").partition("## Real encoders on real data")[2]
    board = {
        row[1].removesuffix(" †"): row[2:] for row in _cells((docs.parent / "leaderboards" / "open.md").read_text())
    }
    rows = _cells(section)
    assert len(rows) == len(board) - 1  # chance is no model
    for model, *shown in rows:
        published = [re.match(r"[\d.]+", text)[0] for text in board[re.split(r"[ ,]", model)[0]]]
        assert [re.match(r"[\d.]+", text)[0] for text in shown] == published, model
