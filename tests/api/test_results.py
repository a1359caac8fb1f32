"""`xlbench.load` and its Results: frames that agree with the boards' files, selections and comparisons."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from packs import pack_all
from saved_runs import cell_file, save_run

import xlbench
from xlbench import Results, ResultsError, UsageError, XlbenchError
from xlbench.core.record import Cell, Run, Score
from xlbench.reports import frames
from xlbench.reports.boards import spreadsheet
from xlbench.runs.items import Items
from xlbench.runs.store import Store

PUBLISHED = ROOT / "leaderboards" / "runs"
PLACES = {("pairs", "eng-deu"): 30, ("pairs", "eng-nan"): 15, ("topics", "nan"): 20}


@pytest.fixture(scope="module")
def published() -> Results:
    """The runs behind the board of the repository."""
    return xlbench.load(PUBLISHED)


@pytest.fixture
def saved(tmp_path) -> Path:
    """A folder with the runs of alpha and beta, one of whose languages is Min Nan."""
    plan = {"mini": {"pairs": ("eng-deu", "eng-nan"), "topics": ("nan",)}}
    for model, more in (("alpha", 0), ("beta", 12)):
        save_run(tmp_path / "runs", model, {place: hits + more for place, hits in PLACES.items()}, plans=plan)
    return tmp_path / "runs"


def csv(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


def numbers(column) -> np.ndarray:
    return pd.to_numeric(pd.Series(column), errors="coerce").to_numpy(dtype=float, na_value=np.nan)


# ---- loading


def test_a_folder_a_run_a_pack_and_several_are_loaded(saved, tmp_path):
    """A results folder, one run, a pack, and several of these give their runs; what is given twice is there once."""
    (tmp_path / "packs").mkdir()
    packs = [one.path for one in pack_all(saved, tmp_path / "packs")]
    run = next(path for path in saved.iterdir() if path.name.startswith("alpha"))
    assert xlbench.load(saved).models == ("alpha", "beta")
    assert xlbench.load(str(saved)).models == ("alpha", "beta")
    assert xlbench.load(run).models == ("alpha",)
    assert xlbench.load(packs[1]).models == ("beta",)
    assert xlbench.load(packs).models == ("alpha", "beta")
    assert len(xlbench.load([saved, str(saved), run])) == 2


@pytest.mark.slow
def test_what_was_loaded_is_what_was_run(tmp_path):
    """The results of a run and those loaded from its folder have equal frames of every level."""
    ran = xlbench.run("random", "lexicon", languages="mlt", results=tmp_path / "r")
    loaded = xlbench.load(tmp_path / "r")
    for level in frames.LEVELS:
        pd.testing.assert_frame_equal(ran.to_frame(level), loaded.to_frame(level))
    assert repr(ran) == repr(loaded)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda folder: folder / "nowhere", "there is no folder .*nowhere"),
        (lambda folder: folder / "x.xlpack", "there is no pack .*x.xlpack"),
        (lambda folder: folder, "holds no runs"),
        (lambda folder: [], "no folder is given"),
    ],
)
def test_where_there_is_no_run_the_error_says_so(tmp_path, make, line):
    """A missing folder, a missing pack, a folder without runs and no folder at all are one line each."""
    with pytest.raises(UsageError, match=line):
        xlbench.load(make(tmp_path))


def test_a_broken_pack_is_an_error_and_beside_others_a_warning(saved, tmp_path):
    """A pack that was cut off cannot be loaded alone; among others it is named in a warning."""
    (tmp_path / "packs").mkdir()
    broken = pack_all(saved, tmp_path / "packs")[0].path
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(ResultsError, match=broken.name):
        xlbench.load(broken)
    with pytest.warns(UserWarning, match=broken.name):
        results = xlbench.load(tmp_path / "packs")
    assert results.select(models="beta").models == ("beta",)
    assert "1 file refused" in repr(results)
    with pytest.raises(ResultsError, match=broken.name):
        results.compare(results.runs[0], "beta")


def test_a_damaged_cell_is_named_when_its_items_are_read(saved):
    """Items that are gone are an error of the frame of items, in one line; scores are still there."""
    for path in cell_file(saved, "alpha", "topics", "nan").parent.glob("*.parquet"):
        path.unlink()
    results = xlbench.load(saved)
    assert len(results.to_frame("cells")) == 6
    with pytest.raises(ResultsError, match="is missing") as error:
        results.to_frame("items")
    assert "\n" not in str(error.value)


# ---- frames


@pytest.mark.parametrize("level", frames.LEVELS)
def test_columns_have_their_types_whatever_is_in_them(published, level):
    """Every level has the same columns with the same types of full and of empty results, and no text is missing."""
    frame = published.to_frame(level)
    empty = frames.frame(level, (), (), published.reader)
    assert tuple(frame.columns[: len(frames.COLUMNS[level])]) == frames.COLUMNS[level]
    assert tuple(empty.columns) == frames.COLUMNS[level]
    assert frame.dtypes[: len(empty.columns)].equals(empty.dtypes)
    texts = frame.select_dtypes(include=["str", "object"])
    assert not texts.isna().any().any()
    assert {"model", "fingerprint"} <= set(texts)


def test_cells_are_those_of_the_csv_file(published):
    """The frame of cells has the rows, names and numbers of mini.scores.csv."""
    (board,) = published.boards
    table = csv(spreadsheet.render(board)[".scores.csv"]).sort_values(["model", "task", "subset", "metric"])
    frame = published.to_frame().sort_values(["model", "task", "subset", "metric"])
    assert len(frame) == len(table)
    for name in table:
        if name in ("value", "low", "high", "n", "clusters", "chance", "majority"):
            np.testing.assert_allclose(numbers(frame[name]), numbers(table[name]), atol=1e-8)
        elif name != "note":  # a board says there what it knows of other models, too
            assert frame[name].tolist() == table[name].tolist(), name
    assert frame[frame.main].groupby(["model", "task", "subset"]).size().eq(1).all()


def test_tasks_areas_and_the_overall_are_those_of_the_csv_files(published):
    """The frames of averages have the numbers of mini.tasks.csv and mini.csv, with their intervals and ranks."""
    (board,) = published.boards
    files = spreadsheet.render(board)
    tasks, table = published.to_frame("tasks"), csv(files[".tasks.csv"])
    assert (
        tasks[["area", "task", "model", "method", "covers"]]
        .astype(object)
        .equals(table[["area", "task", "model", "method", "covers"]].astype(object))
    )
    for name in ("value", "low", "high", "rank", "rank_low", "rank_high", "chance", "n", "clusters"):
        np.testing.assert_allclose(numbers(tasks[name]), numbers(table[name]), atol=1e-8)
    standings = csv(files[".csv"])
    overall = published.to_frame("overall")
    assert overall.model.tolist() == standings.model.tolist()
    for own, theirs in {
        "value": "overall", "low": "overall_low", "high": "overall_high", "rank": "rank", "borda": "borda",
        "above_chance": "overall_corrected", "above_chance_low": "overall_corrected_low", "chance": "overall_chance",
    }.items():  # fmt: skip
        np.testing.assert_allclose(numbers(overall[own]), numbers(standings[theirs]), atol=1e-8)
    areas = published.to_frame("areas")
    for area, own in areas.groupby("area"):
        assert own.model.tolist() == standings.model.tolist()
        for name, ending in {"value": "", "low": "_low", "high": "_high", "rank": "_rank", "chance": "_chance"}.items():
            np.testing.assert_allclose(numbers(own[name]), numbers(standings[f"{area}{ending}"]), atol=1e-8)


def test_items_give_the_scores_again(published):
    """The mean of the hits of a cell's items is its accuracy, and influences of a mean sum to nothing."""
    part = published.select(tasks="mini-news", models="ngram")
    items, cells = part.to_frame("items"), part.to_frame()
    assert len(items) == cells[cells.main].n.sum()
    accuracy = cells[cells.metric == "accuracy"].set_index("subset").value
    hits = (items.true == items.predicted).groupby(items.subset).mean().astype(float)
    np.testing.assert_allclose(hits[accuracy.index], accuracy, atol=1e-8)
    assert items.item.str.startswith("mini-news:").all()


def test_items_of_tasks_with_other_rows_are_missing_not_zero(published):
    """A column that a task's items do not have is missing there; whole numbers stay whole, and so do yes and no."""
    items = published.select(models="random", tasks=["mini-news", "mini-parallel"], languages="hin").to_frame("items")
    of_news = items.area == "news"
    assert items["rank"][of_news].isna().all()
    assert items["rank"][~of_news].notna().all()
    assert items.predicted[~of_news].isna().all()
    assert str(items["rank"].dtype) == "Int64"
    assert str(items.csls_hit.dtype) == "boolean"


def test_a_task_s_column_never_takes_the_place_of_an_id(tmp_path):
    """A stranger's column called `model` is shown as `model_`."""
    store = Store(tmp_path)
    score = Score(0.5, metric="accuracy", n=2, clusters=2)
    cell = Cell("alpha", "a" * 64, "odd", "news", "eng", ("eng",), "ok", scores=(score,), key="k")
    rows = {"model": np.array([1, 0]), "word": np.array(["nan", "x"], dtype=object)}
    cell = store.save_cell(cell, Items(["odd:1", "odd:2"], ["odd:1", "odd:2"], rows, np.array([0.5, -0.5])))
    store.save_manifest(Run("alpha", "a" * 64, (cell,)))
    items = xlbench.load(tmp_path).to_frame("items")
    assert items.model.tolist() == ["alpha", "alpha"]
    assert items.model_.tolist() == [1, 0]
    assert items.word.tolist() == ["nan", "x"]


def test_min_nan_stays_a_language(saved):
    """The code `nan` is a text in every frame, through CSV and parquet and back."""
    results = xlbench.load(saved)
    cells = results.to_frame()
    assert cells.subset.tolist().count("nan") == 2
    assert cells.languages[cells.subset == "nan"].eq("nan").all()
    assert results.to_frame("items").subset.eq("nan").sum() == 120
    again = pd.read_csv(io.StringIO(cells.to_csv(index=False)), keep_default_na=False)
    assert again.subset.tolist() == cells.subset.tolist()
    file = io.BytesIO()
    cells.to_parquet(file)
    pd.testing.assert_frame_equal(pd.read_parquet(file), cells)


def test_an_unknown_level_is_one_line_with_the_nearest(published):
    """A wrong level is an error that names the one that was meant, and all there are."""
    with pytest.raises(UsageError, match=r"no level 'task'\. Did you mean 'tasks'\? The levels are: cells, tasks"):
        published.to_frame("task")
    assert issubclass(UsageError, XlbenchError)


def test_items_of_a_run_that_was_not_saved_are_gone():
    """Where a run lies nowhere, its items cannot be read, which is said."""
    score = Score(0.5, metric="accuracy")
    cell = Cell("alpha", "a" * 64, "pairs", "retrieval", "hin", ("hin",), "ok", scores=(score,))
    with pytest.raises(UsageError, match="alpha was not saved"):
        Results((Run("alpha", "a" * 64, (cell,)),)).to_frame("items")


# ---- selecting and comparing


def test_a_str_is_one_name(saved):
    """A task, model or language alone is given without a list around it."""
    results = xlbench.load(saved)
    for one, several in (
        (results.select(tasks="topics"), results.select(tasks=["topics"])),
        (results.select(models="beta"), results.select(models=["beta"])),
        (results.select(languages="nan"), results.select(languages=["nan"])),
    ):
        assert one == several
        assert len(one.to_frame()) > 0
    assert results.select(models="beta").models == ("beta",)
    assert set(results.select(languages="nan").to_frame().subset) == {"nan", "eng-nan"}


def test_fewer_models_are_still_a_suite_and_fewer_tasks_are_not(saved):
    """The board of fewer models is the suite's; that of fewer tasks is called `run`, as it is of no suite."""
    results = xlbench.load(saved)
    assert results.select(models="a*").boards[0].title == "mini"
    assert results.select(suite="mini").boards[0].title == "mini"
    assert results.select(tasks="topics").boards[0].title == "run"
    assert results.select(tasks="topics").to_frame("tasks").task.unique().tolist() == ["topics"]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ({"tasks": "topic"}, "Did you mean 'topics'"),
        ({"models": "alpa"}, "Did you mean 'alpha'"),
        ({"languages": "na"}, "Did you mean 'nan'"),
        ({"suite": "minni"}, "Did you mean 'mini'"),
        ({"tasks": "topics", "languages": "deu"}, "no cell is of all that was selected"),
    ],
)
def test_selecting_what_is_not_there_is_an_error(saved, wanted, line):
    """A wrong name is told with the nearest one, and a selection of nothing is said to be one."""
    with pytest.raises(UsageError, match=line):
        xlbench.load(saved).select(**wanted)


def test_samples_can_be_selected_too(tmp_path):
    """Cells of a sample, which no board takes, are selected and shown as others are."""
    results = xlbench.run(["random", "ngram"], "lexicon", languages=["mlt", "deu"], limit=3, results=tmp_path / "r")
    part = results.select(languages="mlt", models="ngram")
    assert set(part.to_frame().languages) == {"eng mlt", "mlt eng"}
    assert repr(part).splitlines()[0] == "1 run, 2 cells: 2 ok"
    with pytest.raises(UsageError, match="only samples"):
        part.to_frame("overall")


def test_comparing_is_what_the_function_compares(saved, published):
    """`results.compare` gives what `xlbench.compare` gives of the two runs, by name, digits or run."""
    results = xlbench.load(saved)
    alpha, beta = results
    found = results.compare("alpha", "beta")
    pd.testing.assert_frame_equal(found.to_frame(), xlbench.compare(alpha, beta).to_frame())
    assert results.compare("aaaaaa", beta).sentence == found.sentence
    assert found.overall.difference.value == pytest.approx(0.2)
    assert results.compare("alpha", "beta", tasks="topics").of("task")[0].name == "topics"
    overall = published.to_frame("overall").set_index("model").value
    change = published.compare("ngram", "siamese-mini").overall.difference.value
    assert change == pytest.approx(overall["siamese-mini"] - overall["ngram"])


def test_comparing_what_is_not_there_is_an_error(saved, tmp_path):
    """A wrong model is told with the nearest one; where a name has two contents, the ways to tell them apart are said;
    copies of a run are one."""
    results = xlbench.load(saved)
    with pytest.raises(UsageError, match=r"no run of a model 'alfa' here\. Did you mean 'alpha'"):
        results.compare("alfa", "beta")
    with pytest.raises(UsageError, match="The models are: alpha, beta"):
        results.compare("zzz", "beta")
    shutil.copytree(saved, tmp_path / "copy")
    twice = xlbench.load([saved, tmp_path / "copy"])
    assert twice.compare("alpha", "beta").sentence == results.compare("alpha", "beta").sentence
    other = replace(twice.runs[2], fingerprint="c" * 64)
    with pytest.raises(UsageError, match=r"2 runs of 'alpha'.*copy"):
        xlbench.Results((*results, other)).compare("alpha", "beta")
    assert twice.compare(twice.runs[0], twice.runs[1]).candidate == "beta"


def test_the_boards_as_json(published):
    """The plain values are JSON, and hold the standings."""
    plain = json.loads(json.dumps(published.to_dict()))
    assert [model["model"] for model in plain["boards"][0]["models"]] == published.to_frame("overall").model.tolist()
