"""Runs of several folders on one board, parts of what is saved, and formats that fail."""

import pytest
from saved_runs import PRINTS, save_cell, save_run

from xlbench import BoardFormat, api
from xlbench.builtin import xlbench_boards
from xlbench.core.errors import UsageError
from xlbench.core.record import Run
from xlbench.reports.boards import markdown
from xlbench.reports.render import boards_of, render, save
from xlbench.reports.selection import Selection
from xlbench.runs.store import Store

ONE, TWO = ("pairs", "eng-deu"), ("topics", "hin")


def row_of(made, model="alpha", board=0):
    return {row.model: row for row in made.boards[board].rows}[model]


def test_cells_of_one_model_in_several_folders_are_joined(tmp_path):
    """`run -t a` into one folder and `run -t b` into another give the board of both, in any order."""
    save_run(tmp_path / "a", "alpha", {ONE: 30})
    save_run(tmp_path / "b", "alpha", {TWO: 45})
    save_run(tmp_path / "ab", "alpha", {ONE: 30, TWO: 45})
    (whole,) = boards_of([tmp_path / "ab"]).boards
    for folders in (["a", "b"], ["b", "a"]):
        made = boards_of([tmp_path / folder for folder in folders])
        assert markdown.render(made.boards[0])[".md"] == markdown.render(whole)[".md"]
        assert made.conflicts == made.troubles == ()
    assert row_of(made).overall.value == pytest.approx((30 / 60 + 45 / 60) / 2)


def test_scores_of_another_machine_within_the_tolerance_are_no_conflict(tmp_path):
    """.0005 apart: one of the two is shown, without a word; the choice does not depend on the order of folders."""
    for folder, hits in (("a", 1000), ("b", 1001)):
        store = Store(tmp_path / folder)
        store.save_manifest(Run("alpha", PRINTS["alpha"], (save_cell(store, "alpha", *ONE, hits, 2000),)))
    boards = [boards_of([tmp_path / one, tmp_path / other]) for one, other in (("a", "b"), ("b", "a"))]
    assert boards[0] == boards[1]
    assert boards[0].conflicts == ()
    assert row_of(boards[0]).notes == ()


def test_a_true_conflict_names_the_cell_and_both_values(tmp_path):
    """30 and 33 of 60: the board shows one, with a footnote, and a line says what the two are."""
    save_run(tmp_path / "a", "alpha", {ONE: 30, TWO: 45})
    save_run(tmp_path / "b", "alpha", {ONE: 33})
    made = boards_of([tmp_path / "b", tmp_path / "a"])
    said = "pairs eng-deu: runs of this model differ (50.00, 55.00); the first is shown"
    assert made.conflicts == (f"alpha: {said}",)
    assert row_of(made).notes == (said,)
    assert row_of(made).tasks["pairs"].value == pytest.approx(0.5)  # of the run that has more scores
    assert "runs of this model differ (50.00, 55.00)" in markdown.render(made.boards[0])[".subsets.md"]


def test_runs_of_other_data_are_a_conflict(tmp_path):
    """One model on two versions of a data set: said, whatever the scores."""
    save_run(tmp_path / "a", "alpha", {ONE: 30})
    save_cell(Store(tmp_path / "b"), "alpha", *ONE, 30, data_fingerprint="other")
    assert "runs of this model are of different data" in boards_of([tmp_path / "a", tmp_path / "b"]).conflicts[0]


def test_what_is_on_no_board_is_said(tmp_path):
    """Cells of loose tasks beside a suite are counted and named, or have a board of their own; samples and points of
    curves never have one, and are counted."""
    save_run(tmp_path, "alpha", {ONE: 30, TWO: 45}, plans={"mini": {"pairs": ("eng-deu",)}})
    made = boards_of([tmp_path])
    assert [board.title for board in made.boards] == ["mini"]
    assert made.left_out == ("on none of these boards, as they are of no suite: 1 saved cell of topics",)
    both = boards_of([tmp_path], Selection(loose=True))
    assert [(board.title, board.tasks) for board in both.boards] == [
        ("mini", (("retrieval", "pairs"),)), ("run", (("retrieval", "topics"),)),
    ]  # fmt: skip
    assert both.left_out == ()
    save_cell(Store(tmp_path), "alpha", "pairs", "eng-hin", 5, 10, limit=10)
    save_cell(Store(tmp_path), "alpha", "topics", "hin@50", 30, train_size=50, train_items=50)
    assert boards_of([tmp_path], Selection(loose=True)).left_out == (
        "samples (--limit) are on no board: 1 saved cell of pairs",
        "points of curves are on no board: 1 saved cell of topics",
    )
    part = boards_of([tmp_path], Selection(tasks=("top*",)))
    assert [(board.title, board.tasks) for board in part.boards] == [("run", (("retrieval", "topics"),))]
    assert part.left_out == ("the selection leaves out: 1 saved cell of pairs",)


def test_a_part_of_a_suite_asks_for_what_was_planned_of_it(tmp_path):
    """A planned subset without a cell is missing from the part, too; other languages are not asked for."""
    plan = {"pairs": ("eng-deu", "eng-hin", "eng-nep")}
    save_run(tmp_path, "alpha", {ONE: 30, ("pairs", "eng-hin"): 15}, plans={"mini": plan})
    assert row_of(boards_of([tmp_path])).overall.value is None
    made = boards_of([tmp_path], Selection(languages=("deu", "hin")))
    assert row_of(made).overall.value == pytest.approx(0.375)
    assert row_of(boards_of([tmp_path], Selection(suite="mini", tasks=("pairs",)))).overall.value is None


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(models=("alpa",)), "none of these runs is of a model 'alpa'. Did you mean 'alpha'?"),
        (Selection(tasks=("pair",)), "none of these runs has a task 'pair'. Did you mean 'pairs'?"),
        (Selection(languages=("dei",)), "none of these runs has the language 'dei'. Did you mean 'deu'?"),
        (Selection(areas=("retreival",)), "of the area 'retreival'. Did you mean 'retrieval'? There are: retrieval"),
        (Selection(registers=("edited",)), "none of these runs has a task of the register 'edited'. There are: none"),
        (Selection(metric="acuracy"), "no cell has a score by a metric 'acuracy'. Did you mean 'accuracy'? There are"),
        (Selection(over="languages", tasks=("topics",)), "need 3 languages at least, and this board has"),
        (Selection(suite="minn"), "none of these runs was made for the suite 'minn'. Did you mean 'mini'?"),
        (Selection(tasks=("topics",), languages=("deu",)), "no saved cell is of all that was selected"),
    ],
)
def test_wrong_selections_get_a_guess(tmp_path, selection, said):
    """A name that none of the saved runs has is wrong usage."""
    save_run(tmp_path, "alpha", {ONE: 30, TWO: 45}, plans={"mini": {"pairs": ("eng-deu",)}})
    with pytest.raises(UsageError) as error:
        boards_of([tmp_path], selection)
    assert said in str(error.value)


def test_a_model_can_be_named_by_its_fingerprint(tmp_path):
    """Two checkpoints of one name are told apart by the first digits."""
    for digit in "12":
        save_cell(Store(tmp_path), "alpha", *ONE, 30, fingerprint=digit * 64)
    (board,) = boards_of([tmp_path], Selection(models=("222222",))).boards
    assert [row.fingerprint for row in board.rows] == ["2" * 64]


def fails(board):
    raise ValueError("no such font")


FORMATS = {
    "traversal": (
        {"render": lambda board: {"/../../evil.txt": "x"}},
        "evil.txt' is not one such as",
    ),
    "no dot": ({"render": lambda board: {"md": "x"}}, "the suffix 'md' is not one such as"),
    "dots": ({"render": lambda board: {"..md": "x"}}, "the suffix '..md' is not one such as"),
    "bytes": ({"render": lambda board: {".bin": b"x"}}, "the content of .bin is bytes, not text"),
    "taken": ({"render": lambda board: {".md": "x"}}, "another format writes .md, too"),
    "raises": ({"render": fails, "suffixes": (".old",)}, "ValueError: no such font"),
    "nothing": ({"render": lambda board: None}, "TypeError"),
    "undeclared": ({"render": lambda board: {".x": "x"}, "suffixes": (".y",)}, "not among those that it declares (.y)"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_that_fails_fails_alone(tmp_path, kind):
    """It is named, nothing of it is written, and the boards of the others are; what it left before is removed."""
    save_run(tmp_path / "results", "alpha", {ONE: 30})
    (board,) = boards_of([tmp_path / "results"]).boards
    fields, said = FORMATS[kind]
    bad, out = BoardFormat("bad", **fields), tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    for suffix in (".old", ".y", ".md"):
        (out / f"run{suffix}").write_text("an older run's")
    written, failures = save(board, [*xlbench_boards(), bad], out)
    assert len(failures) == 1
    assert failures[0].startswith("board format bad failed on run, and wrote nothing: ")
    assert said in failures[0]
    good = {f"run{suffix}" for form in xlbench_boards() for suffix in form.suffixes} - {
        "run.registers.csv",
        "run.hubs.csv",
    }
    assert {path.name for path in written} == good
    stale = {f"run{suffix}" for suffix in (".old", ".y")} - {f"run{suffix}" for suffix in bad.suffixes}
    assert {path.name for path in out.iterdir()} == good | stale
    assert (out / "run.md").read_text() != "an older run's"
    assert not list(tmp_path.rglob("*evil*"))


def test_files_in_other_formats_are_not_left_as_they_were(tmp_path):
    """A format is written, too, where a file of it is there from an older board; files of other names stay."""
    save_run(tmp_path / "results", "alpha", {ONE: 30})
    (board,) = boards_of([tmp_path / "results"]).boards
    forms = {form.name: form for form in xlbench_boards()}
    for name in ("run.tex", "other.json", "notes.md"):
        (tmp_path / name).write_text("an older run's")
    written, failures = save(board, [forms["csv"]], tmp_path, forms.values())
    assert not failures
    assert {path.suffix for path in written} == {".csv", ".tex"}
    assert (tmp_path / "run.tex").read_text().startswith("% ")
    assert {(tmp_path / name).read_text() for name in ("other.json", "notes.md")} == {"an older run's"}
    assert not (tmp_path / "run.md").exists()


def test_formats_declare_all_that_they_write(tmp_path):
    """A board whose tasks have two registers, and hubs, has every file that the built-in formats declare."""
    store = Store(tmp_path)
    for place, register in ((ONE, "regularized"), (TWO, "unregularized")):
        save_cell(store, "alpha", *place, 30, register=register, facts={"hub_share": 0.5})
    (board,) = boards_of([tmp_path]).boards
    rendered = render(board, xlbench_boards())
    assert set(rendered.files) == {f"run{suffix}" for form in xlbench_boards() for suffix in form.suffixes}
    assert (rendered.failures, rendered.stale) == ((), ())


def test_the_function_takes_one_folder_as_text(tmp_path):
    """A str is one folder; what was refused is a warning."""
    save_run(tmp_path, "alpha", {ONE: 30})
    files = api.board(str(tmp_path))
    assert "run.md" in files
    next(Store(tmp_path).folder("alpha", PRINTS["alpha"]).glob("cells/*/*.parquet")).unlink()
    with pytest.warns(UserWarning, match="is missing: delete the cell's"):
        api.board(tmp_path)


def test_areas_and_registers_select_tasks(tmp_path):
    """Tasks of an area, or of a kind of text, are a board of their own, and what that leaves out is counted."""
    store = Store(tmp_path)
    for task, area, register in (("pairs", "retrieval", "regularized"), ("posts", "news", "unregularized")):
        save_cell(store, "alpha", task, "hin", 30, area=area, register=register)
    for selection in (Selection(areas=("news",)), Selection(registers=("unregularized",))):
        made = boards_of([tmp_path], selection)
        assert [(board.title, board.tasks) for board in made.boards] == [("run", (("news", "posts"),))]
        assert made.left_out == ("the selection leaves out: 1 saved cell of pairs",)
