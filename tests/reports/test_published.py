"""Published figures beside saved runs."""

import csv
import json

import pytest
from conftest import ROOT

from xlbench.core.errors import DataError
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


def test_saved_runs_are_compared_with_figures(xlbench_cli, tmp_path):
    """The same figures agree; others differ by more than the tolerance, or are missing, and the exit code says so."""
    command = ["run", "-m", "ngram", "-t", "mini-parallel", "-l", "eng", "--results", "r", "--boards", "b", "--json"]
    found = json.loads(xlbench_cli(command).stdout)
    (tmp_path / "same.csv").write_text(figures_of(found))
    same = xlbench_cli(["published", "same.csv", "r"])
    assert (same.returncode, same.stdout) == (
        0,
        "14 agree, 0 differ, 0 missing; the largest difference is 0.00 points\n",
    )
    (tmp_path / "moved.csv").write_text(figures_of(found, -0.01) + "labse,ntrex,eng-hin,accuracy,0.99\n")
    moved = xlbench_cli(["published", "moved.csv", "r"])
    assert moved.returncode == 1
    assert "0 agree, 14 differ, 1 missing; the largest difference is 1.00 points" in moved.stdout
    assert "1.00  differs" in moved.stdout
    close = xlbench_cli(["published", "moved.csv", "r", "--tolerance", "0.01", "--json"])
    assert [one["verdict"] for one in json.loads(close.stdout)] == ["agrees"] * 14 + ["missing"]


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


def test_figures_that_are_not_there_are_wrong_usage(xlbench_cli):
    """A missing file ends with code 2 and says so in one line, without the system's number for it."""
    done = xlbench_cli(["published", "missing.csv"])
    assert done.returncode == 2
    assert done.stderr == "xlbench: there is no file missing.csv: give a CSV file of published figures\n"
