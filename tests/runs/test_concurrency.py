"""Several processes on one results folder at once: every one ends well, nothing is damaged, and the board is that of
one process alone. There are no locks: files appear whole, and items are named by their content."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from mortal import another_parquet
from test_durability import (
    MODELS,
    NO_AVERAGE,
    RUN,
    Commands,
    Undisturbed,
    averages,
    boards,
    undisturbed,
    write_job,
)
from unix import ON_UNIX

import xlbench
from xlbench import UsageError
from xlbench.runs import store as store_room
from xlbench.runs.store import Store, find_runs

pytestmark = [pytest.mark.slow, ON_UNIX]

NO_MODEL = tuple(part for part in RUN if part not in MODELS)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The small job, by one process alone."""
    return undisturbed(tmp_path_factory.mktemp("reference") / "job", *RUN)


def places(folder: Path) -> list[tuple[str, str, str]]:
    return [(cell.model, cell.task, cell.subset) for run in find_runs(folder / "results") for cell in run.cells]


def check_whole(folder: Path, reference: Undisturbed) -> None:
    """Every cell is there with its own items, nothing half-written is left, and the board is the serial one."""
    store = Store(folder / "results")
    assert places(folder) == places(reference.folder)
    for run in find_runs(folder / "results"):
        assert run.complete
        for cell in run.cells:
            assert cell.main is not None
            assert len(store.load_items(cell).item_ids) == cell.main.n
    assert not list(folder.glob("*/**/.*.tmp"))
    rendered = xlbench.board([folder / "results"])
    assert {name: rendered[name].encode() for name in reference.boards} == reference.boards


def at_once(commands: Commands, jobs: Sequence[Sequence[str]]) -> None:
    """Start all, wait for all, and expect of all that they end well."""
    for done in [started.result() for started in [commands.start(job) for job in jobs]]:
        assert done.code == 0, done.err


@pytest.mark.parametrize("processes", [2, 4])
def test_the_same_command_several_times_at_once(reference, tmp_path, processes, scale):
    """Two and four processes race for the same cells, and all come to the serial result."""
    for number in range(scale):
        commands = Commands(write_job(tmp_path / str(number)))
        at_once(commands, [RUN] * processes)
        assert boards(commands.folder / "leaderboards") == reference.boards
        check_whole(commands.folder, reference)


def test_the_same_command_line_twice_at_once(xlbench_cli, reference, tmp_path):
    """The same as a user does it: two shells, `python -m xlbench`, one folder."""
    from concurrent.futures import ThreadPoolExecutor

    folder = write_job(tmp_path / "job")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: xlbench_cli(RUN, cwd=folder, fresh=True), range(2)))
    assert [done.returncode for done in both] == [0, 0], both
    assert boards(folder / "leaderboards") == reference.boards
    check_whole(folder, reference)


def test_processes_that_write_other_bytes_do_not_mix(reference, tmp_path, scale):
    """Where two versions of a library score one cell at once, no cell is committed with the other one's items."""
    for number in range(scale):
        commands = Commands(write_job(tmp_path / str(number)))
        ends = [commands.start(RUN, before=before) for before in (None, another_parquet) * 2]
        assert [end.result().code for end in ends] == [0] * 4
        check_whole(commands.folder, reference)


def test_a_cell_saved_while_another_process_saves_it_keeps_its_items(reference, tmp_path, monkeypatch):
    """One process has written its items when another writes and commits other ones: either commit names its own."""
    store = Store(tmp_path)
    (run, *_) = find_runs(reference.folder / "results")
    cell = run.cells[0]
    items = Store(reference.folder / "results").load_items(cell)
    commit, inner = store_room._write_json, []

    def interrupted(path, plain):
        if not inner:
            inner.append(path)
            with monkeypatch.context() as patch:
                another_parquet(patch.setattr)
                store.save_cell(cell, items)
            assert store.load_items(store.load_cell(path)).item_ids == items.item_ids
        commit(path, plain)

    monkeypatch.setattr(store_room, "_write_json", interrupted)
    saved = store.save_cell(cell, items)
    path = store.cell_path(cell.model, cell.fingerprint, cell.task, cell.subset, None)
    assert inner == [path]
    assert store.load_cell(path) == saved
    assert store.load_items(saved).item_ids == items.item_ids
    assert len(list(path.parent.glob("*.parquet"))) == 2


def test_different_models_share_a_results_folder(reference, tmp_path):
    """Two processes with a model each leave one folder of two runs, whose board is that of one process with both."""
    commands = Commands(write_job(tmp_path / "job"))
    at_once(commands, [(*NO_MODEL, "-m", model, "--boards", model) for model in ("ngram", "random")])
    check_whole(commands.folder, reference)
    for model, other in (("ngram", "random"), ("random", "ngram")):
        board = (commands.folder / model / "run.csv").read_text(encoding="utf-8")
        assert model in board
        assert other not in board


def test_different_languages_of_one_model_share_a_run(tmp_path):
    """Two processes with one model and a language each fill one run, with the cells of both."""
    commands = Commands(tmp_path)
    languages = ("mlt", "slk")
    at_once(commands, [("run", "-t", "lexicon", "-m", "random", "-l", it, "--boards", it) for it in languages])
    assert sorted(subset for _, _, subset in places(tmp_path)) == ["eng-mlt", "eng-slk", "mlt-eng", "slk-eng"]
    (run,) = find_runs(tmp_path / "results")
    assert run.complete


def test_a_process_is_killed_beside_another(reference, tmp_path):
    """Of two processes at the same cells one is killed: the other comes to its end, with the serial boards."""
    fewest = len(Commands(shutil.copytree(reference.folder, tmp_path / "copy"))(*RUN).steps)
    for last in (fewest // 2, fewest):  # reached even where the other process is first at every cell
        commands = Commands(write_job(tmp_path / str(last)))
        dying = commands.start(RUN, last_step=last)
        living = commands.start(RUN)
        assert living.result().code == 0
        assert dying.result().code == -signal.SIGKILL
        assert boards(commands.folder / "leaderboards") == reference.boards
        assert commands(*RUN).code == 0
        assert places(commands.folder) == places(reference.folder)
        assert boards(commands.folder / "leaderboards") == reference.boards


def test_a_board_can_be_read_while_runs_are_written(reference, tmp_path):
    """A reader sees no half of anything: each board that it gets holds no average, or the final one."""
    commands = Commands(write_job(tmp_path / "job"))
    ends = [commands.start(RUN, before=before) for before in (None, another_parquet)]
    seen = set()
    while not all(end.done() for end in ends):
        try:
            seen.add(xlbench.board([commands.folder / "results"])["run.csv"])
        except UsageError:  # nothing is there yet
            continue
    assert [end.result().code for end in ends] == [0, 0]
    shown = {pair for board in seen for pair in averages(board).items()}
    assert shown
    assert shown <= {*reference.averages.items(), *((model, NO_AVERAGE) for model in reference.averages)}
