"""The recipe `siamese` after a kill, beside another process, and where memory runs out: one training, one model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import trainings
from safetensors.numpy import load_file
from trainings import FEW, asked, command, history, killed_before, run_recipe

from xlbench_train.training import micro_batches

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
one_thread = trainings.one_thread


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of one layer in a folder of sentence-transformers."""
    return checkpoints.sentence_transformer(tmp_path_factory.mktemp("bases") / "base", layers=1)


@pytest.fixture(scope="module", autouse=True)
def _batches_as_others_have_them(scale: int) -> Iterator[None]:
    """A batch goes through at a time, which is quicker; in parts, as in the processes of a campaign, where there are
    some."""
    with pytest.MonkeyPatch.context() as patch:
        if scale == 1:
            patch.setattr(micro_batches, "CPU_MICRO_BATCH", 32)
        yield


EARLY = {"epochs": 12, "learning_rate": 0.3, "patience": 1, "objective": "softmax"}
"""Stops long before its last epoch."""


@pytest.fixture(scope="module")
def early(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose training nobody has disturbed, and which stopped early."""
    out = tmp_path_factory.mktemp("early") / "out"
    assert run_recipe(asked(base, out, **EARLY)) == 0
    return out


def assert_same_model(one: Path, other: Path) -> None:
    """Equal weights, and the same rows of history."""
    tensors, others = (load_file(out / "model.safetensors") for out in (one, other))
    assert max(np.abs(tensors[name] - others[name]).max() for name in tensors) < 1e-6
    rows, more = (np.array([[float(cell or 0) for cell in row] for row in history(out)]) for out in (one, other))
    np.testing.assert_allclose(rows, more, atol=1e-5)


# ---- after early stopping


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("file", ["progress.json", "modules.json"])
def test_a_training_that_had_stopped_early_is_not_trained_on_after_a_kill(file, base, request, tmp_path, scale):
    """Killed before it could note its end, or while the model was moved to its place, it ends with the very model of
    an undisturbed one, without another step."""
    if scale == 1:
        pytest.skip("half a minute each: `make campaign` has it")
    arguments = ["--base", base, "--pairs", FEW, "--no-report", "--batch-size", 32, "--device", "cpu", "--epochs", 12]
    arguments += ["--learning-rate", 0.3, "--patience", 1, "--objective", "softmax", "--out", tmp_path / "out"]
    assert killed_before(file, arguments).returncode == -9
    assert not (tmp_path / "out" / "modules.json").exists()
    early = request.getfixturevalue("early")
    assert len(history(tmp_path / "out")) == len(history(early)) < 12
    done = command([*arguments, "--resume"])
    assert done.returncode == 0, done.stderr
    assert_same_model(early, tmp_path / "out")


@pytest.mark.parametrize("where", ["progress.Progress.end", pytest.param("saving.save", marks=pytest.mark.campaign)])
def test_a_training_that_had_ended_only_takes_the_best_weights(where, base, early, tmp_path, monkeypatch):
    """Ended between the last checkpoint and the note of it, or later: the trainer is not even asked."""
    from xlbench_train.siamese.trainer import PairTrainer
    from xlbench_train.training import progress, saving

    place = {"progress.Progress.end": (progress.Progress, "end"), "saving.save": (saving, "save")}[where]

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*place, stop)
        with pytest.raises(KeyboardInterrupt):
            run_recipe(asked(base, tmp_path / "out", **EARLY))
    monkeypatch.setattr(PairTrainer, "train", stop)
    monkeypatch.setattr(PairTrainer, "evaluate", stop)
    assert run_recipe(asked(base, tmp_path / "out", **EARLY), resume=True) == 0
    assert_same_model(early, tmp_path / "out")
    assert (tmp_path / "out/README.md").read_text("utf-8") == (early / "README.md").read_text("utf-8")


# ---- within an epoch


@pytest.mark.parametrize(
    ("name", "call"), [("training_step", 40), pytest.param("evaluate", 3, marks=pytest.mark.campaign)]
)
def test_an_epoch_that_was_gone_on_with_has_the_mean_loss_of_all_its_steps(
    name, call, base, early, tmp_path, monkeypatch
):
    """Stopped within an epoch, or before its evaluation: weights and history are those of an undisturbed training, and
    no epoch goes without its row."""
    from xlbench_train.siamese.trainer import PairTrainer
    from xlbench_train.training import trainer

    own, calls = getattr(PairTrainer, name), []

    def stopping(*args, **kwargs):
        calls.append(name)
        if len(calls) == call:
            raise KeyboardInterrupt
        return own(*args, **kwargs)

    monkeypatch.setattr(trainer, "SAVE_SECONDS", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(PairTrainer, name, stopping)
        with pytest.raises(KeyboardInterrupt):
            run_recipe(asked(base, tmp_path / "out", **EARLY))
    assert run_recipe(asked(base, tmp_path / "out", **EARLY), resume=True) == 0
    assert_same_model(early, tmp_path / "out")


# ---- where memory runs out


def test_a_table_that_memory_does_not_suffice_for_begins_anew_with_smaller_batches(tmp_path, monkeypatch, capsys):
    """In the second epoch, with batches of 90: what is made is the model of batches of 45, by its weights, history and
    card, also where the process is killed at the end."""
    from sentence_transformers import SentenceTransformer

    from xlbench_train.training import saving

    forward, calls = SentenceTransformer.forward, []

    def small(self, features, **more):
        calls.append(self.training)
        if self.training and len(features["text_starts"]) > 45 and sum(calls) > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return forward(self, features, **more)

    def stop(*_, **__):
        raise KeyboardInterrupt

    wanted = {"epochs": 3, "learning_rate": 0.02}
    assert run_recipe(asked("ngrams:1024x16", tmp_path / "small", batch_size=45, **wanted)) == 0
    settings = asked("ngrams:1024x16", tmp_path / "out", batch_size=90, **wanted)
    with monkeypatch.context() as patch:
        patch.setattr(SentenceTransformer, "forward", small)
        patch.setattr(saving, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            run_recipe(settings)
    line = "out of memory: batches are of 45 pairs from here on, from the start"
    assert line in capsys.readouterr().err
    assert run_recipe(settings, resume=True) == 0
    assert [row[0] for row in history(tmp_path / "out")] == ["0", "1", "2", "3"]
    assert_same_model(tmp_path / "small", tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert "batches of 45," in card
    assert f"- {line}" in card


# ---- weights that are no numbers


def test_no_checkpoint_is_written_of_weights_that_are_no_numbers(base, tmp_path, monkeypatch):
    """Within an epoch, too, before any loss has shown it: what is kept is the checkpoint of the step before."""
    import torch

    from xlbench_train.training import trainer
    from xlbench_train.training.failures import TrainingStopped

    on_step_end = trainer.ProgressCallback.on_step_end

    def spoiled(self, args, state, control, **more):
        if state.global_step == 11:
            with torch.no_grad():
                next(value for value in more["model"].parameters() if value.requires_grad)[0, 0] = np.nan
        on_step_end(self, args, state, control, **more)

    monkeypatch.setattr(trainer, "SAVE_SECONDS", -1.0)
    monkeypatch.setattr(trainer.ProgressCallback, "on_step_end", spoiled)
    said = "the weights are no finite numbers after step 11: the last good checkpoint is kept, of step 10"
    with pytest.raises(TrainingStopped, match=said):
        run_recipe(asked(base, tmp_path / "out", epochs=2))
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert all(np.isfinite(weights[name]).all() for name in weights)
    assert "after epoch 1.11" in (tmp_path / "out/README.md").read_text("utf-8")
