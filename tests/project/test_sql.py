"""The SQL of docs/results.md: every query runs on the exported tables, and gives what other ways to its numbers do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT

import xlbench
from xlbench.cli.export.tables import tables as command
from xlbench.reports import language_sample

duckdb = pytest.importorskip("duckdb", reason="of the group of dependencies for tests")

PUBLISHED = ROOT / "leaderboards/runs"
ONE, OTHER = "ngram", "siamese-mini"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The published runs of the embedded suite as tables."""
    out = tmp_path_factory.mktemp("tables")
    done = CliRunner().invoke(command, [str(PUBLISHED), "--out", str(out)], catch_exceptions=False)
    assert sorted(path.name for path in out.iterdir()) == ["cells.parquet", "items.parquet"], done.output
    return out


@pytest.fixture(scope="module")
def answers(folder):
    """What each query of the page gives, as a frame."""
    section = (ROOT / "docs/results.md").read_text(encoding="utf-8").partition("\n## SQL\n")[2].partition("\n## ")[0]
    queries = re.findall(r"^```sql\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{folder}'")
        return [connection.execute(query).df() for query in queries]


@pytest.fixture(scope="module")
def published():
    return xlbench.load(PUBLISHED)


@pytest.fixture(scope="module")
def items(published):
    return published.select(tasks="mini-parallel").to_frame("items")


def test_there_are_five_queries(answers):
    """Each gives rows."""
    assert len(answers) == 5
    assert all(len(answer) for answer in answers)


def test_standings_by_language(answers, published):
    """The means of the main scores of all cells that are about a language, and how many there are."""
    expected: dict[tuple[str, str], list[float]] = {}
    for run in published:
        for cell in run.cells:
            for language in language_sample.tested_languages(cell.subset, cell.languages):
                expected.setdefault((language, run.model), []).append(cell.main.value)
    assert len(answers[0]) == len(expected) == 40
    for row in answers[0].itertuples():
        values = expected[row.language, row.model]
        assert (row.points, row.cells) == (pytest.approx(100 * np.mean(values), abs=0.051), len(values))


def test_the_widest_intervals(answers, published):
    """No cell that is left out has a wider interval than the last one that is shown."""
    widths = sorted((cell.main.high - cell.main.low for run in published for cell in run.cells), reverse=True)
    assert answers[1].width.tolist() == pytest.approx([100 * width for width in widths[:10]], abs=0.051)


def test_the_hardest_items(answers, items):
    """Mean reciprocal ranks over all models, ascending."""
    means = (1 / items["rank"].astype(float)).groupby([items.task, items.subset, items.item]).mean()
    found = answers[2]
    assert found.mrr.tolist() == pytest.approx(sorted(means)[:10], abs=0.00051)
    first = found.iloc[0]
    ranks = items[(items.subset == first.subset) & (items.item == first["item"])]["rank"]
    assert (first["last"], first.models) == (ranks.max(), 4)


def test_paired_differences(answers, published):
    """Value and standard error are those of `compare`, in all subsets where nothing but items is random."""
    expected = {one.name: one.difference for one in published.compare(ONE, OTHER).of("subset")}
    found = {f"{row.task} {row.subset}": row for row in answers[3].itertuples()}
    assert found.keys() == expected.keys()
    seeded = {f"{cell.task} {cell.subset}" for cell in published.runs[0].cells if cell.seeds}
    assert len(seeded) < len(expected) / 4
    for name, row in found.items():
        assert row.difference == pytest.approx(100 * expected[name].value)
        if name not in seeded:
            assert row.se == pytest.approx(100 * expected[name].se, rel=1e-4)


def test_items_on_which_two_models_disagree(answers, items):
    """One finds the translation and the other does not."""
    ranks = items.pivot_table(index=["subset", "item"], columns="model", values="rank", aggfunc="sum")
    apart = ranks[(ranks[ONE] == 1) != (ranks[OTHER] == 1)]
    found = answers[4].set_index(["subset", "item"]).sort_index()
    assert len(found) == len(apart) > 100
    assert (found.ngram == apart[ONE].loc[found.index]).all()
    assert (found.siamese_mini == apart[OTHER].loc[found.index]).all()
