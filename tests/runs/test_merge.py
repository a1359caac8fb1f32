"""`xlbench.runs.merge` and `xlbench.runs.prune`: results folders that are joined, and cleared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from saved_runs import cell_file, save_cell, save_run

from xlbench.cli.results.folders import info
from xlbench.cli.results.folders import merge as merge_command
from xlbench.cli.results.folders import prune as prune_command
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell
from xlbench.runs.merge import merge
from xlbench.runs.prune import prunable, prune
from xlbench.runs.run_folder import GONE
from xlbench.runs.store import Store, find_runs

PLANS = {"suite": {"pairs": ("eng-hin", "hin-eng")}}


@pytest.fixture
def parts(tmp_path) -> tuple[Path, Path]:
    """Two parts of one run, each with a cell, beside the whole run of another model."""
    save_run(tmp_path / "one", "alpha", {("pairs", "eng-hin"): 40}, plans=PLANS)
    save_run(tmp_path / "two", "alpha", {("pairs", "hin-eng"): 30}, plans=PLANS, complete=False)
    save_run(tmp_path / "two", "beta", {("pairs", "hin-eng"): 20})
    return tmp_path / "one", tmp_path / "two"


def by_model(root: Path):
    return {run.model: run for run in find_runs(root)}


def test_parts_of_a_run_become_one(parts, tmp_path):
    """It has the cells and items of both, the plans of both, and has ended only where both have."""
    merge(parts, tmp_path / "out")
    runs = by_model(tmp_path / "out")
    assert {cell.subset: cell.main.value for cell in runs["alpha"].cells} == {"eng-hin": 40 / 60, "hin-eng": 0.5}
    assert (runs["alpha"].complete, runs["beta"].complete) == (False, True)
    assert dict(runs["alpha"].plans) == PLANS
    (cell,) = (cell for cell in runs["alpha"].cells if cell.subset == "hin-eng")
    assert Store(tmp_path / "out").load_items(cell).columns["hit"].sum() == 30


def test_the_same_cell_twice_is_taken_once(parts, tmp_path):
    """A part that is given twice, or is in another, changes nothing."""
    merge((parts[0], parts[0], parts[1]), tmp_path / "out")
    assert len(by_model(tmp_path / "out")["alpha"].cells) == 2


def test_a_cell_with_scores_goes_before_one_without(parts, tmp_path):
    """In whatever order they come."""
    store = Store(parts[1])
    run = by_model(parts[1])["alpha"]
    failed = Cell("alpha", run.fingerprint, "pairs", "retrieval", "eng-hin", ("eng", "hin"), "error", "no memory")
    store.save_cell(failed, None)
    for number, order in enumerate((parts, parts[::-1])):
        merge(order, tmp_path / f"out{number}")
        cells = by_model(tmp_path / f"out{number}")["alpha"].cells
        assert {cell.subset: cell.status for cell in cells} == {"eng-hin": "ok", "hin-eng": "ok"}


def test_two_different_scores_of_a_cell_are_named_both(parts, tmp_path):
    """Nothing is written then."""
    save_cell(Store(parts[1]), "alpha", "pairs", "eng-hin", 10)
    with pytest.raises(
        ResultsError, match=r"alpha pairs eng-hin was scored twice.*16\.6667 in .*two.* and 66\.6667 in"
    ):
        merge(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_items_with_other_intervals_are_no_equal_cell(parts, tmp_path):
    """Scored with another seed or method, a cell would bring intervals that nobody asked for."""
    save_cell(Store(parts[1]), "alpha", "pairs", "eng-hin", 40, ci="jackknife")
    with pytest.raises(ResultsError, match="intervals of another kind"):
        merge(parts, tmp_path / "out")


def test_what_is_damaged_is_not_merged(parts, tmp_path):
    """A changed file ends it before anything is written."""
    path = cell_file(parts[0], "alpha", "pairs", "eng-hin")
    path.write_text(path.read_text(encoding="utf-8").replace("eng-hin", "eng-urd"), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"nothing is merged: .* was changed after it was saved"):
        merge(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_cell_that_is_gone_is_still_missed(parts, tmp_path):
    """A part's manifest lists it, its file is not there, and no other part has it."""
    cell_file(parts[1], "beta", "pairs", "hin-eng").unlink()
    save_cell(Store(parts[1]), "beta", "pairs", "eng-hin", 5)
    merge(parts, tmp_path / "out")
    reasons = {cell.subset: cell.reason for cell in by_model(tmp_path / "out")["beta"].cells}
    assert reasons == {"hin-eng": GONE, "eng-hin": ""}


def test_no_run_is_replaced(parts, tmp_path):
    """A results folder that has one of the runs is left as it is."""
    merge(parts, tmp_path / "out")
    with pytest.raises(UsageError, match="is there already, and no run is replaced"):
        merge(parts[:1], tmp_path / "out")


# ---- prune


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A run with a score, a sample, a point of a curve and two failures, and another run."""
    root = tmp_path / "mixed"
    store = Store(root)
    cells = (
        save_cell(store, "alpha", "pairs", "eng-hin", 40),
        save_cell(store, "alpha", "pairs", "hin-eng", 40, limit=60),
        save_cell(store, "alpha", "topics", "hin@50", 40, train_size=50),
    )
    failed = replace(cells[0], subset="eng-urd", status="error", reason="no memory", scores=(), items_file="")
    cells += (store.save_cell(failed, None), store.save_cell(replace(failed, subset="eng-mlt", status="skipped"), None))
    run = by_model(root)["alpha"]
    store.save_manifest(replace(run, cells=cells))
    save_run(root, "beta", {("pairs", "hin-eng"): 20})
    return root


@pytest.mark.parametrize(
    ("kinds", "gone"),
    [
        ({"failed": True}, {"eng-urd", "eng-mlt"}),
        ({"samples": True}, {"hin-eng"}),
        ({"curves": True}, {"hin@50"}),
        ({"failed": True, "curves": True}, {"eng-urd", "eng-mlt", "hin@50"}),
    ],
)
def test_kinds_of_cells_go_and_the_others_stay(mixed, kinds, gone):
    """Their items go, too, and the manifest does not miss them."""
    before = {cell.subset for cell in by_model(mixed)["alpha"].cells}
    (unwanted,) = prunable(mixed, ["alpha"], **kinds)
    assert {cell.subset for cell in unwanted.cells} == gone
    prune(mixed, [unwanted])
    after = by_model(mixed)["alpha"]
    assert {cell.subset for cell in after.cells} == before - gone
    assert not after.troubles
    scored = sum(cell.status == "ok" for cell in after.cells)
    assert len(list(Path(after.folder).rglob("*.parquet"))) == scored


def test_what_is_damaged_or_gone_is_left_alone(mixed):
    """A damaged file stays for its owner to look at, and a cell that is gone is still missed; where the whole model was
    found to be one whose scores cannot be kept, its cells are not taken for failures."""
    damaged = cell_file(mixed, "beta", "pairs", "hin-eng")
    damaged.write_text("{", encoding="utf-8")
    cell_file(mixed, "alpha", "pairs", "eng-hin").unlink()
    store, alpha = Store(mixed), by_model(mixed)["alpha"]
    store.save_manifest(replace(alpha, failure="it gives other vectors every time"))
    (unwanted,) = prunable(mixed, failed=True)
    assert {cell.subset for cell in unwanted.cells} == {"eng-urd", "eng-mlt"}
    prune(mixed, [unwanted])
    assert damaged.exists()
    assert {cell.subset: cell.reason for cell in by_model(mixed)["alpha"].cells}["eng-hin"] == GONE


def test_a_model_alone_is_its_whole_run(mixed):
    """The other runs stay."""
    prune(mixed, prunable(mixed, ["alp*"]))
    assert list(by_model(mixed)) == ["beta"]


def test_a_run_in_a_folder_of_another_name_is_left_alone(mixed):
    """Nothing is said to be removed that is not."""
    folder = Path(by_model(mixed)["alpha"].folder)
    folder.rename(folder.with_name("renamed"))
    with pytest.raises(ResultsError, match="was it moved"):
        prune(mixed, prunable(mixed, ["alpha"], failed=True))


@pytest.mark.parametrize(
    ("models", "kinds", "said"),
    [
        ([], {}, "say what is to go"),
        (["alpah"], {"failed": True}, "Did you mean 'alpha'"),
    ],
)
def test_what_cannot_be_meant_is_said(mixed, models, kinds, said):
    """Nothing chosen, or a model that is not there."""
    with pytest.raises(UsageError, match=said):
        prunable(mixed, models, **kinds)


# ---- the commands


def test_info_counts_what_is_there(mixed):
    """By status, samples and points of curves apart."""
    done = CliRunner().invoke(info, [str(mixed), "--json"], standalone_mode=False)
    alpha, beta = json.loads(done.output)["runs"]
    assert {name: alpha[name] for name in ("ok", "skipped", "error", "samples", "items")} == {
        "ok": 3, "skipped": 1, "error": 1, "samples": 2, "items": 60,
    }  # fmt: skip
    assert (beta["ok"], beta["items"]) == (1, 60)
    assert alpha["bytes"] == sum(path.stat().st_size for path in Path(alpha["folder"]).rglob("*") if path.is_file())


def test_prune_shows_before_it_removes(mixed):
    """With -n nothing is removed, without --yes and a terminal neither."""
    done = CliRunner().invoke(prune_command, [str(mixed), "--failed", "-n"], standalone_mode=False)
    assert done.output.startswith("alpha: 2 cells: pairs 2\n")
    refused = CliRunner().invoke(prune_command, [str(mixed), "--failed"], standalone_mode=False)
    assert isinstance(refused.exception, UsageError)
    assert len(by_model(mixed)["alpha"].cells) == 5
    assert CliRunner().invoke(prune_command, [str(mixed), "--failed", "-y"], standalone_mode=False).return_value == 0
    assert len(by_model(mixed)["alpha"].cells) == 3


def test_merge_says_what_it_has_written(parts, tmp_path):
    """A line a run."""
    arguments = [*map(str, parts), "--out", str(tmp_path / "out")]
    lines = CliRunner().invoke(merge_command, arguments, standalone_mode=False).output.splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["alpha, 2 cells", "beta, 1 cell"]
