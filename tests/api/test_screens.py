"""What results show at a prompt and in a notebook: a screen with the verdict and the standings, and harmless names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from saved_runs import save_cell, save_run

import xlbench
from xlbench import Results
from xlbench.core.columns import cell_width
from xlbench.core.record import Cell, Run
from xlbench.core.tables import HEIGHT, WIDTH
from xlbench.reports.screens import LONGEST_NAME
from xlbench.runs.store import Store


@pytest.fixture(scope="module")
def published() -> Results:
    """The runs behind the board of the repository."""
    return xlbench.load(ROOT / "leaderboards" / "runs")


@pytest.fixture
def saved(tmp_path) -> Path:
    """A folder with runs of two models, which lack nothing of their suite."""
    plan = {"mini": {"pairs": ("eng-deu", "eng-nan"), "topics": ("nan",)}}
    for model, more in (("alpha", 0), ("beta", 12)):
        hits = {("pairs", "eng-deu"): 30 + more, ("pairs", "eng-nan"): 15 + more, ("topics", "nan"): 20 + more}
        save_run(tmp_path / "runs", model, hits, plans=plan)
    return tmp_path / "runs"


def is_a_screen(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= HEIGHT and max(map(len, lines)) <= WIDTH


def test_the_board_of_the_repository_fits_a_screen(published):
    """What was measured, the verdict and the standings with an interval and the areas that fit."""
    text = repr(published)
    lines = text.splitlines()
    assert is_a_screen(text)
    assert lines[0].startswith("mini: 4 models, 7 tasks,")
    assert lines[0].endswith("points with 95% intervals")
    assert lines[1].startswith("siamese-mini is best;")
    assert [line.split()[1] for line in lines if line[:1].isdigit()] == published.to_frame("overall").model.tolist()
    best = published.to_frame("overall").iloc[0]
    assert f"{100 * best.value:.1f} [{100 * best.low:.1f}, {100 * best.high:.1f}]" in text


def many(models: int, areas: int, suites: int, root: Path) -> Results:
    """Runs of models with long names, tasks in several areas, and several suites."""
    store = Store(root)
    for number in range(models):
        name, print_ = f"an-encoder-with-quite-a-long-name-{number:03}", f"{number:064x}"
        cells = [
            save_cell(store, name, f"task-{area}", "deu", 10 + number % 40, area=f"area-{area}", fingerprint=print_)
            for area in range(areas)
        ]
        plans = {f"suite-{suite:02}": {f"task-{area}": ("deu",) for area in range(areas)} for suite in range(suites)}
        store.save_manifest(Run(name, print_, tuple(cells), plans=plans))
    return xlbench.load(root)


@pytest.mark.parametrize(("models", "areas", "suites"), [(24, 2, 1), (3, 30, 1), (3, 2, 2), (3, 1, 40)])
def test_much_fits_a_screen_too(tmp_path, models, areas, suites):
    """Many models, areas or suites are cut to a screen, which says what it leaves out."""
    results = many(models, areas, suites, tmp_path)
    text = repr(results)
    assert is_a_screen(text)
    assert "suite-00" in text
    if models > 20:
        assert " more models" in text
    if areas > 10:
        assert "area-29" not in text.split("not shown")[0]
        assert "not shown: area-" in text
    if suites > 10:
        assert " more: suite-" in text
    names = [line.split()[1] for line in text.splitlines() if line[:1].isdigit() and "…" in line.split()[1]]
    assert all(len(name) <= LONGEST_NAME for name in names)


def test_wide_letters_fit_a_screen_in_columns_that_stand_below_each_other(tmp_path):
    """Names of letters that take two columns: no line is wider than the screen, and scores end in one column."""
    for model, hits in (("語" * 30, 30), ("百" * 50, 20), ("plain", 10)):
        save_run(tmp_path, model, {("pairs", "jpn"): hits}, plans={"mini": {"pairs": ("jpn",)}})
    lines = repr(xlbench.load(tmp_path)).splitlines()
    assert max(map(cell_width, lines)) <= WIDTH
    rows = [line for line in lines if line[:1].isdigit()]
    assert len({cell_width(row) for row in rows}) == 1, "scores end in one column"


def test_strangers_names_do_nothing_on_a_screen_or_in_a_notebook(tmp_path):
    """Markup in names of models, tasks, areas and suites is escaped, and shown as it is."""
    bad = "<img src=x onerror=alert(1)>&\"'"
    plan = {"mini": {f"t{bad}": ("deu",)}, "other": {f"t{bad}": ("deu",)}}
    for model, hits in ((f"a{bad}", 30), ("beta", 10)):
        save_run(tmp_path, model, {(f"t{bad}", "deu"): hits}, plans=plan)
    save_run(tmp_path, "gamma", {(f"left{bad}", "deu"): 10})
    page, text = (results := xlbench.load(tmp_path))._repr_html_(), repr(results)
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;&amp;") >= 5
    assert is_a_screen(text)
    assert bad in text


def test_a_notebook_shows_every_area_with_its_interval(published):
    """The table of a notebook has all areas, the sentence and the chance level."""
    page = published._repr_html_()
    assert all(f"{area}</th>" in page for area in published.boards[0].areas)
    assert page.count("<tr>") == 1 + 4 + 1
    assert "siamese-mini is best;" in page


def test_what_is_on_no_board_is_said(saved):
    """Cells of no suite are counted under the standings."""
    save_run(saved, "gamma", {("lonely", "deu"): 30})
    results = xlbench.load(saved)
    assert "1 saved cell of lonely" in repr(results)
    assert "1 saved cell of lonely" in results._repr_html_()


def test_results_without_a_board_show_their_cells():
    """Failures alone and no run at all are shown on a screen, never raised."""
    cell = Cell("alpha", "a" * 64, "pairs", "retrieval", "hin", ("hin",), "error", "out of memory " * 20)
    failed = Results((Run("alpha", "a" * 64, (cell,)),))
    assert is_a_screen(repr(failed))
    assert "out of memory" in repr(failed)
    assert "out of memory" in failed._repr_html_()
    assert repr(Results(())) == "0 runs, 0 cells"
    assert Results(())._repr_html_() == "<p>0 runs, 0 cells</p>"


def test_a_failure_beside_scores_is_counted_and_the_first_is_named(saved):
    """The head counts errors, and a line under the standings says why the first one failed."""
    alpha, beta = xlbench.load(saved)
    cell = replace(beta.cells[0], status="error", scores=(), reason="<b>no memory", items_file="", items_digest="")
    results = Results((alpha, replace(beta, cells=(cell, *beta.cells[1:]))))
    assert "6 cells (1 error)" in repr(results).splitlines()[0]
    assert f"error: beta {cell.task} {cell.subset}: <b>no memory" in repr(results)
    assert "&lt;b&gt;no memory" in results._repr_html_()


def test_a_comparison_fits_a_screen(published):
    """The sentence, then the overall, areas and tasks with intervals and verdicts, and how many more there are."""
    found = published.compare("ngram", "siamese-mini")
    text = repr(found)
    assert is_a_screen(text)
    assert " ".join(text.splitlines()[:2]).startswith(found.sentence[:90])
    assert "overall" in text
    assert all(one.name in text for one in (*found.of("area"), *found.of("task")))
    shown = 1 + len(found.of("area")) + len(found.of("task"))
    assert text.splitlines()[-1] == f"and {len(found.verdicts) - shown} more verdicts: see .to_frame()"
    page = found._repr_html_()
    assert page.startswith(f"<p>{found.sentence}</p>")
    assert page.count("<tr>") == 1 + shown + len(found.of("language"))


def test_a_comparison_of_many_tasks_with_long_names_fits_too(tmp_path):
    """Forty tasks are cut to a screen, and a long name to its ends; a notebook shows all of it, escaped."""
    name = "a-task-<b>with-a-name-that-is-quite-long"
    hits = {(f"{name}-{number:02}", "deu"): 10 + number for number in range(40)}
    save_run(tmp_path, "alpha", hits)
    save_run(tmp_path, "beta", {place: right + 8 for place, right in hits.items()})
    found = xlbench.load(tmp_path).compare("alpha", "beta")
    assert is_a_screen(repr(found))
    assert "a-task-<b>w…te-long-00" in repr(found)
    assert "<b>" not in found._repr_html_()
    assert "&lt;b&gt;with-a-name-that-is-quite-long-39" in found._repr_html_()
