"""What a training leaves of its state, and what a later process makes of it: without a training."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import environment

from xlbench import DataError, UsageError, catalog
from xlbench_train.siamese.batches import first_micro_batch, smaller_batch
from xlbench_train.siamese.recipe import TrainingRequest, run_recipe
from xlbench_train.siamese.settings import Settings
from xlbench_train.training import checkpoints, output_folder
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.micro_batches import smaller_micro_batch
from xlbench_train.training.progress import Progress
from xlbench_train.training.terminal import Terminal


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
    first.set_batch_size(45)
    first.end(40, "all epochs are trained")
    second = Progress.read(tmp_path)
    second.note("3 pairs have no near other text")
    assert second == Progress(tmp_path, ["3 pairs have no near other text"], 45, 40, "all epochs are trained")


def test_a_damaged_progress_is_one_line(tmp_path):
    """Half of the file, or fields of something else, are never taken for a training at its start."""
    for content in ("{", "[]", '{"pairs": 3}'):
        (tmp_path / "progress.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"progress\.json is damaged: choose another --out"):
            Progress.read(tmp_path)


# ---- one process a folder


def test_a_folder_in_which_a_process_trains_is_no_other_process_s(tmp_path):
    """Neither a new training nor one that goes on takes its checkpoints for its own; after a kill nothing blocks."""
    out = tmp_path / "out"
    code = (
        "import sys, pathlib; from xlbench_train.training import output_folder\n"
        "with output_folder.lock(pathlib.Path(sys.argv[1]), resume=False): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(out)], env=environment([], {}), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline().strip() == b"held"
        for resume in (False, True):
            with pytest.raises(UsageError, match="another process trains there: wait for its end") as refused:
                output_folder.check(out, resume=resume)
            with (
                pytest.raises(UsageError, match="another process trains there"),
                output_folder.lock(out, resume=resume),
            ):
                pass
            assert refused.value.exit_code == 2
    finally:
        other.kill()
        other.communicate()
    output_folder.check(out, resume=False)
    with output_folder.lock(out, resume=False):
        pass


def test_a_training_that_another_process_has_finished_meanwhile_is_left_alone(tmp_path):
    """What was no model when the command was looked at may be one when the folder is free."""
    folder = tmp_path / "training"
    folder.mkdir()
    for path in (folder / "settings.json", tmp_path / "modules.json"):
        path.write_text("{}", encoding="utf-8")
    output_folder.check(tmp_path, resume=True)
    with (
        pytest.raises(UsageError, match="another process has finished this training meanwhile"),
        output_folder.lock(tmp_path, resume=True),
    ):
        pass


def test_a_kill_while_checkpoints_are_removed_leaves_a_finished_model(tmp_path, monkeypatch, capsys):
    """Going on says that it is finished, with exit code 0, and removes the rest."""
    folder = tmp_path / "training"
    (folder / "report" / "cache").mkdir(parents=True)
    checkpoint(folder / "checkpoints" / "checkpoint-4")
    for path in (folder / "settings.json", folder / "checkpoints/checkpoint-4/complete", tmp_path / "modules.json"):
        path.write_text("{}", encoding="utf-8")

    def killed(path, **_):
        assert path.name != "checkpoints"
        if path.is_dir():
            (path / "checkpoint-4" / "trainer_state.json").unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            output_folder.clean(tmp_path)
    request = TrainingRequest(settings(32, out=tmp_path), catalog.load(), None, [], resume=True)
    assert run_recipe(request, Terminal(quiet=False)) == 0
    assert capsys.readouterr().err == f"{tmp_path} is finished already\n"
    assert {path.name for path in folder.iterdir()} == {"settings.json", "report"}


# ---- a folder in which nothing came of a training


def settled(out, size, *, resume):
    with output_folder.lock(out, resume=resume):
        record = output_folder.record_of(settings(size), training_texts="some", content_of_the_base="content")
        return output_folder.claim(out, record, resume=resume)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_which_nothing_came_of_a_training_is_free(resume, tmp_path):
    """A base that was scored, and a checkpoint that a kill cut off, are nothing to lose: other settings are taken."""
    folder = settled(tmp_path / "out", 32, resume=False)
    (folder / "history.csv").write_text("epoch,step,loss\n0,0,\n", encoding="utf-8")
    (folder / "checkpoints" / "checkpoint-4").mkdir(parents=True)
    (folder / "progress.json").write_text("{}", encoding="utf-8")
    output_folder.check(tmp_path / "out", resume=resume)
    settled(tmp_path / "out", 64, resume=resume)
    assert json.loads((folder / "settings.json").read_text("utf-8"))["batch_size"] == 64
    assert {path.name for path in folder.iterdir()} == {"settings.json", "lock"}


def test_what_the_same_training_has_left_is_gone_on_with(tmp_path):
    """Also where there is no checkpoint yet: the base need not be scored again."""
    folder = settled(tmp_path / "out", 32, resume=False)
    (folder / "report").mkdir()
    settled(tmp_path / "out", 32, resume=True)
    assert (folder / "report").is_dir()


@pytest.mark.parametrize("kept", ["checkpoint", "epoch", "model"])
def test_a_training_of_which_something_is_there_is_never_written_over(kept, tmp_path):
    """A whole checkpoint, an epoch in the history, or a model: other settings are refused, with --resume or without."""
    out = tmp_path / "out"
    folder = settled(out, 32, resume=False)
    (folder / "checkpoints" / "checkpoint-4").mkdir(parents=True)
    path, content = {
        "checkpoint": (folder / "checkpoints" / "checkpoint-4" / "complete", ""),
        "epoch": (folder / "history.csv", "epoch,step,loss\n0,0,\n1,4,0.5\n"),
        "model": (out / "modules.json", "[]"),
    }[kept]
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="a training that is not finished; --resume goes on with it"):
        output_folder.check(out, resume=False)
    with pytest.raises(UsageError, match="--resume: --batch-size was 32, and is 64 now"):
        settled(out, 64, resume=True)
    assert path.read_text("utf-8") == content


def test_files_of_others_beside_a_training_that_came_to_nothing_are_kept(tmp_path):
    """A new training is refused there as in any folder with files."""
    settled(tmp_path / "out", 32, resume=False)
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds other files \(notes\.txt\): nothing is written over it"):
        output_folder.check(tmp_path / "out", resume=False)


# ---- where memory runs out


def settings(batch_size, out=Path("out"), **more):
    return Settings("base", ("pairs.tsv",), out, batch_size=batch_size, **more)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_pieces_always_make_up_a_batch_without_a_remainder(device):
    """Of every size, down to a single pair, each at most half of the one before and as large as that allows."""
    for batch_size in range(1, 257):
        size = first_micro_batch(settings(batch_size), device)
        assert batch_size % size == 0
        assert size == batch_size or device == "cpu"
        while size > 1:
            size, was = smaller_micro_batch(batch_size, size, "pair"), size
            assert batch_size % size == 0
            assert size <= was // 2
            assert all(batch_size % size for size in range(size + 1, was // 2 + 1))
        with pytest.raises(TrainingStopped, match="out of memory with a single pair at a time"):
            smaller_micro_batch(batch_size, size, "pair")


def test_a_batch_of_a_table_is_halved_as_long_as_it_teaches_something():
    """In the objective contrastive a batch of one has nothing to tell the translation from, and no loss."""
    table = {"base": "ngrams:1024x16", "is_static": True}
    assert smaller_batch(settings(91, is_static=True)) == 45
    assert smaller_batch(settings(2, objective="softmax", is_static=True)) == 1
    for size, objective in ((3, "contrastive"), (2, "contrastive"), (1, "softmax")):
        given = Settings(pairs=("pairs.tsv",), out=Path("out"), batch_size=size, objective=objective, **table)
        with pytest.raises(TrainingStopped, match="take a smaller table than ngrams:1024x16, in another --out"):
            smaller_batch(given)
