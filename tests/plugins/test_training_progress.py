"""What a training leaves of its state, and what a later process makes of it: without a training."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import environment

from xlbench import DataError, UsageError
from xlbench_train.settings import Settings
from xlbench_train.training import checkpoints, workplace
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.pieces import first_piece, smaller_batch, smaller_piece
from xlbench_train.training.progress import Progress


def checkpoint(folder, *, count=None, patience=2, best=40):
    """A checkpoint's state as the library's trainer writes it."""
    folder.mkdir(parents=True)
    stopping = {
        "args": {"early_stopping_patience": patience, "early_stopping_threshold": 0.0},
        "attributes": {"early_stopping_patience_counter": count},
    }
    known = {} if count is None else {"EarlyStoppingCallback": stopping}
    state = {"epoch": 3.0, "best_global_step": best, "stateful_callbacks": known}
    (folder / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("count", "best"), [(None, None), (0, None), (1, None), (2, 40), (3, 40)])
def test_a_checkpoint_tells_whether_training_was_to_stop_with_it(count, best, tmp_path):
    """Where the count of epochs without a smaller loss has reached the patience, it was; with patience 0 never."""
    assert checkpoints.best_at_early_stop(checkpoint(tmp_path / "checkpoint-80", count=count)) == best


def test_a_damaged_state_says_which_checkpoint_it_is_of(tmp_path):
    """And what to do: there is one before it."""
    folder = checkpoint(tmp_path / "checkpoint-80")
    (folder / "trainer_state.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=rf"is damaged: remove {re.escape(str(folder))}, and --resume from the one bef"):
        checkpoints.best_at_early_stop(folder)


def test_what_was_noted_is_read_again_and_no_note_comes_twice(tmp_path):
    """A process that goes on finds the notes and the end, and may note the same again."""
    first = Progress.read(tmp_path)
    assert first == Progress(tmp_path)
    first.note("3 pairs have no near other text")
    first.take(45)
    first.end(40, "all epochs are trained")
    second = Progress.read(tmp_path)
    second.note("3 pairs have no near other text")
    assert second == Progress(tmp_path, ["3 pairs have no near other text"], 45, 40, "all epochs are trained")


def test_a_damaged_progress_is_one_line(tmp_path):
    """Half of the file, or fields of something else, are never taken for a training at its start."""
    for content in ("{", "[]", '{"steps": 3}'):
        (tmp_path / "progress.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"progress\.json is damaged: choose another --out"):
            Progress.read(tmp_path)


# ---- one process a folder


def test_a_folder_in_which_a_process_trains_is_no_other_process_s(tmp_path):
    """Neither a new training nor one that goes on takes its checkpoints for its own; after a kill nothing blocks."""
    out = tmp_path / "out"
    code = (
        "import sys, pathlib; from xlbench_train.training import workplace\n"
        "with workplace.held(pathlib.Path(sys.argv[1]), resume=False): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], env=environment([], {}), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline().strip() == b"held"
        for resume in (False, True):
            with pytest.raises(UsageError, match="another process trains there: wait for its end") as refused:
                workplace.check(out, resume=resume)
            with pytest.raises(UsageError, match="another process trains there"), workplace.held(out, resume=resume):
                pass
            assert refused.value.exit_code == 2
    finally:
        other.kill()
        other.communicate()
    workplace.check(out, resume=False)
    with workplace.held(out, resume=False):
        pass


def test_a_training_that_another_process_has_finished_meanwhile_is_left_alone(tmp_path):
    """What was no model when the command was looked at may be one when the folder is free."""
    folder = tmp_path / "training"
    folder.mkdir()
    for path in (folder / "settings.json", tmp_path / "modules.json"):
        path.write_text("{}", encoding="utf-8")
    workplace.check(tmp_path, resume=True)
    with (
        pytest.raises(UsageError, match="another process has finished this training meanwhile"),
        workplace.held(tmp_path, resume=True),
    ):
        pass


# ---- where memory runs out


def settings(batch_size, **more):
    return Settings("base", ("pairs.tsv",), Path("out"), batch_size=batch_size, **more)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_pieces_always_make_up_a_batch_without_a_remainder(device):
    """Of every size, down to a single pair, each at most half of the one before and as large as that allows."""
    for batch_size in range(1, 257):
        piece = first_piece(settings(batch_size), device)
        assert batch_size % piece == 0
        assert piece == batch_size or device == "cpu"
        while piece > 1:
            piece, was = smaller_piece(batch_size, piece), piece
            assert batch_size % piece == 0
            assert piece <= was // 2
            assert all(batch_size % size for size in range(piece + 1, was // 2 + 1))
        with pytest.raises(TrainingStopped, match="out of memory with a single pair at a time"):
            smaller_piece(batch_size, piece)


def test_a_batch_of_a_table_is_halved_as_long_as_it_teaches_something():
    """In the objective contrastive a batch of one has nothing to tell the translation from, and no loss."""
    table = {"base": "ngrams:1024x16", "is_static": True}
    assert smaller_batch(settings(91, is_static=True)) == 45
    assert smaller_batch(settings(2, objective="softmax", is_static=True)) == 1
    for size, objective in ((3, "contrastive"), (2, "contrastive"), (1, "softmax")):
        given = Settings(pairs=("pairs.tsv",), out=Path("out"), batch_size=size, objective=objective, **table)
        with pytest.raises(TrainingStopped, match="take a smaller table than ngrams:1024x16, in another --out"):
            smaller_batch(given)
