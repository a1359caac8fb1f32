"""Runs of strangers, and damaged ones: refused by name and shown as missing, while the others go on."""

import json
import os
import shutil

import pytest
from saved_runs import PRINTS, cell_file, forge, save_run

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import write_files
from xlbench.core.record import Results
from xlbench.reports.boards import markdown
from xlbench.reports.render import boards_of, standings
from xlbench.runs.run_folder import load_run
from xlbench.runs.store import Store

BOTH = {("pairs", "eng-deu"): 30, ("pairs", "eng-hin"): 15}


@pytest.fixture
def root(tmp_path):
    """A results folder with two models on two subsets, of no suite."""
    for model in PRINTS:
        save_run(tmp_path / "results", model, BOTH)
    return tmp_path / "results"


def only(root):
    made = boards_of([root])
    (board,) = made.boards
    return made, {row.model: row for row in board.rows}


@pytest.mark.parametrize("name", ["../../../escaped", "/abs/x", "a/b", "..", "x\x1b[2J", "con"])
def test_a_suite_of_a_strangers_manifest_is_checked(root, name):
    """A run whose plans name a suite that is no allowed name is refused, and nothing is rendered under that name."""
    path = Store(root).folder("alpha", PRINTS["alpha"]) / "run.json"
    forge(path, lambda plain: plain["plans"].update({name: {"pairs": ["eng-deu"]}}))
    made, rows = only(root)
    assert list(rows) == ["beta"]
    assert [board.title for board in made.boards] == ["run"]
    assert len(made.troubles) == 1
    assert str(path) in made.troubles[0]
    assert "suite name" in made.troubles[0]


@pytest.mark.parametrize("name", ["../x.md", "/abs/x.md", "a/../../x.md", ".."])
def test_nothing_is_written_outside_of_its_folder(tmp_path, name):
    """A file's name that leaves the folder is refused before anything is written or removed."""
    (tmp_path / "x.md").write_text("mine")
    for given in ({"files": {name: "evil"}}, {"files": {}, "stale": [name]}):
        with pytest.raises(UsageError, match="not the name of a file in it"):
            write_files(tmp_path / "out", **given)
    assert [path.name for path in tmp_path.iterdir()] == ["x.md"]
    assert (tmp_path / "x.md").read_text() == "mine"


def test_a_lost_cell_is_missing_visibly(root):
    """A cell whose file is deleted takes the average with it: (50 + 25) / 2 is never shown as 50."""
    before = only(root)[1]
    assert before["alpha"].overall.value == pytest.approx(0.375)
    for model in PRINTS:
        cell_file(root, model, "pairs", "eng-hin").unlink()
    rows = only(root)[1]
    assert [row.overall.value for row in rows.values()] == [None, None]
    assert "eng-hin: error: it was saved, and its file is gone: run it again" in rows["alpha"].overall.reason


def test_a_manifest_lists_the_cells_of_all_commands(tmp_path):
    """Cells of earlier commands stay listed; samples and failures of whole tasks are not."""
    save_run(tmp_path, "alpha", {("pairs", "eng-deu"): 30})
    save_run(tmp_path, "alpha", {("topics", "hin"): 30})
    store = Store(tmp_path)
    run = store.manifest("alpha", PRINTS["alpha"])
    assert run.saved == {"pairs": ("eng-deu",), "topics": ("hin",)}
    cells = load_run(store.folder("alpha", PRINTS["alpha"])).cells
    assert [(cell.task, cell.status) for cell in cells] == [("pairs", "ok"), ("topics", "ok")]


@pytest.mark.parametrize("its_run_is_there", [True, False])
def test_another_models_cell_is_refused(root, its_run_is_there):
    """A cell that was copied over one's own is no score, whether or not the run that it is of is there, too: model,
    fingerprint and place must agree."""
    mine, other = (cell_file(root, model, "pairs", "eng-deu") for model in ("alpha", "beta"))
    shutil.copy(other, mine)
    if not its_run_is_there:
        shutil.rmtree(Store(root).folder("beta", PRINTS["beta"]))
    made, rows = only(root)
    assert rows["alpha"].overall.value is None
    assert ("beta" in rows) == its_run_is_there
    assert not its_run_is_there or rows["beta"].overall.value == pytest.approx(0.375)
    assert made.troubles == (f"{mine} is a cell of another model (beta): delete it and run again",)
    with pytest.raises(ResultsError, match="another cell"):
        Store(root).load_cell(mine)


def test_a_cell_in_anothers_place_is_refused(root):
    """The cell of one subset copied over that of another is refused with the place that it belongs to."""
    mine, other = (cell_file(root, "alpha", "pairs", subset) for subset in ("eng-hin", "eng-deu"))
    shutil.copy(other, mine)
    made, rows = only(root)
    assert rows["alpha"].overall.value is None
    assert "is the cell of another place (pairs eng-deu)" in made.troubles[0]


def _score(**changes):
    return lambda plain: plain["scores"][0].update(changes)


FORGED = {
    "-3": (_score(value=-3.0, low=-4.0, high=-2.0), "the value of accuracy is -3.0"),
    "1e308": (_score(value=1e308), "the value of accuracy is 1e+308"),
    "n": (_score(n=-5), "the n of accuracy is -5"),
    "clusters": (_score(clusters=61), "61 clusters of 60 items"),
    "outside": (_score(low=0.6), "is not in its interval"),
    "half": (_score(low=None), "one end of an interval"),
    "se": (_score(se=-0.1), "the se of accuracy is -0.1"),
    "bool": (_score(value=True), "Expected `float | null`, got `bool` - at `$.scores[0].value`"),
    "area": (lambda plain: plain.update(area="../x"), "area name '../x' is not allowed"),
    "no scores": (lambda plain: plain.update(scores=[]), "the status is 'ok', with 0 scores"),
    "status": (lambda plain: plain.update(status="error"), "the status is 'error', with 1 scores"),
    "fingerprint": (lambda plain: plain.update(fingerprint="A" * 64), "is not 64 hex digits"),
    "unknown": (lambda plain: plain.update(extra=1), "Cell holds something unknown: extra"),
    "unknown score": (_score(extra=1), "Cell holds something unknown: scores.extra"),
    "lacking": (lambda plain: plain.pop("languages"), "missing required field `languages`"),
    "model": (lambda plain: plain.update(model="a\nb"), "is not one line of 1 to 500 printable characters"),
    "items": (lambda plain: plain.update(items_file="../x.parquet"), "is not a file's name"),
    "seconds": (lambda plain: plain.update(seconds=-1.0), "seconds is -1.0"),
    "deep": (lambda plain: plain.update(provenance={"a": [[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]}),
             "nested deeper than 20 levels"),
}  # fmt: skip


@pytest.mark.parametrize("change", FORGED)
def test_forged_cells_are_refused_and_the_others_go_on(root, change):
    """What no run can have saved is refused with the file's name and the value, though its checksum fits."""
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    alter, said = FORGED[change]
    forge(path, alter)
    made, rows = only(root)
    assert len(made.troubles) == 1
    assert str(path) in made.troubles[0]
    assert said in made.troubles[0]
    assert rows["alpha"].overall.value is None
    assert rows["beta"].overall.value == pytest.approx(0.375)


@pytest.mark.parametrize(
    "content",
    [b'{"value": NaN}', b'{"value": Infinity}', b"[" * 200_000, b'{"a":' * 200_000, b"", b"\xff", b'{"a": 1e999}'],
)
def test_what_is_no_json_is_refused_and_the_others_go_on(root, content):
    """NaN, infinities, 200,000 brackets and nothing at all: one line, no traceback, and the part is missing."""
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    path.write_bytes(content)
    made, rows = only(root)
    assert made.troubles == (f"{path} is cut off or no JSON: delete it and run again",)
    assert rows["alpha"].tasks["pairs"].value is None
    assert "eng-deu" in rows["alpha"].overall.reason
    assert rows["beta"].overall.value == pytest.approx(0.375)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_in_the_place_of_a_file_is_refused(root):
    """Reading it would wait for ever."""
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    path.unlink()
    os.mkfifo(path)
    assert "no file of a record" in only(root)[0].troubles[0]


def test_damaged_items_take_their_cell_alone(root):
    """A cell whose items are not those that were saved has no score; the other model's board stands."""
    path = next(cell_file(root, "alpha", "pairs", "eng-deu").parent.glob("eng-deu*.parquet"))
    path.write_bytes(b"x")
    made, rows = only(root)
    assert rows["alpha"].overall.value is None
    assert rows["beta"].rank == 1
    assert len(made.troubles) == 1
    assert str(path) in made.troubles[0]


def test_a_refused_file_of_unknown_place_is_an_error_on_the_board(tmp_path):
    """Without a manifest nothing says which cell it was: the board has a line for it, and no average hides it."""
    save_run(tmp_path, "alpha", BOTH)
    (Store(tmp_path).folder("alpha", PRINTS["alpha"]) / "run.json").unlink()
    cell_file(tmp_path, "alpha", "pairs", "eng-hin").write_bytes(b"{")
    made, rows = only(tmp_path)
    assert rows["alpha"].overall.value is None
    assert "its file is refused" in markdown.render(made.boards[0])[".md"]


def test_the_board_command_goes_on_and_says_what_it_refused(root, xlbench_cli):
    """Boards are written, the file is named on standard error, and the exit code is 3."""
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    path.write_text("{")
    done = xlbench_cli(["board", "results"])
    assert done.returncode == 3
    assert f"xlbench: {path.relative_to(root.parent)} is cut off or no JSON" in done.stderr
    assert (root.parent / "leaderboards" / "run.md").exists()


def test_where_all_is_refused_the_reason_is_the_error(root):
    """No run is left: that its manifests are damaged is said, and not that there is nothing for a board."""
    paths = sorted(root.glob("*/run.json"))
    for path in paths:
        path.write_text("{")
    with pytest.raises(ResultsError, match=f"{paths[0].parent.name}.*is cut off or no JSON.*and 1 more files"):
        boards_of([root])


def test_manifests_of_older_spelling_are_read(root):
    """What was saved as `licence` is the license."""
    path = Store(root).folder("alpha", PRINTS["alpha"]) / "run.json"
    forge(path, lambda plain: plain.update(licence=plain.pop("license") or "MIT"))
    assert load_run(path.parent).license == "MIT"


def test_a_value_may_round_beyond_its_end(root):
    """A cosine of 1 + 1e-7 in single precision, with an interval that ends at 1, is a score."""
    forge(cell_file(root, "alpha", "pairs", "eng-deu"), _score(value=1 + 1e-7, high=1.0))
    made, rows = only(root)
    assert made.troubles == ()
    assert rows["alpha"].overall.value == pytest.approx(0.625)


def test_what_is_saved_is_what_can_be_read(tmp_path):
    """A score that would be refused on reading is not saved: a metric of percent fails where it is computed."""
    with pytest.raises(TypeError, match=r"the value of accuracy is 85\.3, and not within -1 to 1"):
        save_run(tmp_path, "alpha", {("pairs", "eng-deu"): 5118})


def test_two_suites_that_are_one_file_on_some_systems_are_refused(tmp_path):
    """Mini and mini would overwrite each other's boards where file names have no case."""
    for model, suite in (("alpha", "mini"), ("beta", "Mini")):
        save_run(tmp_path, model, BOTH, plans={suite: {"pairs": ("eng-deu", "eng-hin")}})
    with pytest.raises(UsageError, match="the suites Mini and mini have one name on some systems"):
        boards_of([tmp_path])


def test_boards_depend_on_no_cache(root):
    """Standings are made of the runs alone, and say the same as those of the folder."""
    runs = [load_run(Store(root).folder(model, PRINTS[model])) for model in PRINTS]
    board = standings("run", Results(tuple(runs)), whole_suite=False)
    assert board == boards_of([root]).boards[0]
    assert json.loads(cell_file(root, "alpha", "pairs", "eng-deu").read_text())["schema"] == 1
