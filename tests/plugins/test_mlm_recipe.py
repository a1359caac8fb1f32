"""The recipe `mlm`, end to end on two-layer models: what it writes, how it goes on, and what it says of bad input."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import trainings
from safetensors.numpy import load_file
from trainings import command, killed_before

import xlbench
from xlbench import catalog
from xlbench_train.training.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
one_thread = trainings.one_thread

NEW = ["--base", "new:2x16", "--vocabulary", "600", "--max-length", "16", "--batch-size", "8", "--device", "cpu",
       "--learning-rate", "1e-2"]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded sentences in Nepali, documents of three."""
    path = tmp_path_factory.mktemp("corpus") / "nepali.txt"
    lines = checkpoints.sentences("nep")
    path.write_text("\n\n".join("\n".join(lines[at : at + 3]) for at in range(0, len(lines), 3)), encoding="utf-8")
    return path


def mlm(*arguments: object):
    return command(arguments, recipe="mlm")


@pytest.fixture(scope="module")
def made(corpus: Path, tmp_path_factory: pytest.TempPathFactory):
    """A model whose training nobody has disturbed, and what its command printed."""
    out = tmp_path_factory.mktemp("made") / "out"
    done = mlm(*NEW, "--corpus", corpus, "--steps", 40, "--out", out)
    assert done.returncode == 0, done.stderr
    return out, done.stderr


def test_it_learns_and_says_so(made):
    """The table has a row every tenth of the steps, and the loss on texts that are held out falls."""
    out, said = made
    rows = [row.split(",") for row in (out / "training/history.csv").read_text("utf-8").splitlines()]
    assert rows[0] == ["epoch", "step", "loss", "validation_loss", "perplexity"]
    assert [int(row[1]) for row in rows[1:]] == [*range(0, 41, 4)]
    losses = [float(row[3]) for row in rows[1:]]
    assert losses[-1] < losses[0] - 0.3
    assert float(rows[-1][4]) == pytest.approx(np.exp(losses[-1]), rel=1e-5)
    assert "perplexity" in said
    assert "all steps are trained" in said


def test_the_folder_is_an_ordinary_checkpoint_of_masked_words(made):
    """transformers loads model and tokenizer; what stands for a masked word is one of its pieces."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    out, _ = made
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    assert len(tokenizer) == model.config.vocab_size <= 600
    given = tokenizer(f"यो {tokenizer.mask_token} हो ।", return_tensors="pt")
    assert model(**given).logits.shape == (1, given["input_ids"].shape[1], len(tokenizer))


@pytest.mark.parametrize("scheme", ["hf", "st"])
def test_models_that_were_trained_are_scored(scheme, made):
    """By either scheme, whose vectors are those of the encoder."""
    (model,) = catalog.load().select_models([f"{scheme}:{made[0]}"])
    assert np.asarray(model.load().encode(["घर", "पानी र घर"])).shape == (2, 16)
    assert model.trained_on_texts is not None


def test_what_it_was_trained_on_is_marked(made, corpus):
    """Texts of the training have their keys in the folder; those that are held out have not."""
    out, _ = made
    keys = set(np.load(out / "trained_on_texts.npy").tolist())
    own = xlbench.text_keys([line for line in corpus.read_text("utf-8").splitlines() if line])
    seen = sum(int(key) in keys for key in own)
    assert 0 < seen < len(own)
    card = (out / "README.md").read_text("utf-8")
    assert f"trained to tell masked words of {seen:,} texts" in card


def test_the_card_has_command_data_and_scores(made):
    """And what the perplexity was before and after."""
    card = (made[0] / "README.md").read_text("utf-8")
    assert "pipeline_tag: fill-mask" in card
    assert "xlbench train mlm --base new:2x16" in card
    assert "A new BERT of 2 layers, 2 heads and 16 dimensions" in card
    assert "Before training the perplexity was" in card
    assert "License of the base: none is needed: it is new." in card


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("file", ["progress.json", pytest.param("modules.json", marks=pytest.mark.campaign)])
def test_after_a_kill_the_same_command_ends_with_the_same_weights(file, made, corpus, tmp_path, monkeypatch):
    """Killed before it could note its end, or while the model was moved to its place."""
    arguments = [*NEW, "--corpus", corpus, "--steps", 40, "--out", tmp_path / "out"]
    killed = killed_before(file, arguments, recipe="mlm")
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "out" / "modules.json").exists()
    done = mlm(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    one, other = (load_file(out / "model.safetensors") for out in (made[0], tmp_path / "out"))
    assert max(np.abs(one[name] - other[name]).max() for name in one) < 1e-6
    assert (tmp_path / "out/training/history.csv").read_text("utf-8") == (made[0] / "training/history.csv").read_text(
        "utf-8"
    )


def test_a_training_that_was_stopped_within_an_epoch_draws_the_same_masks_and_dropout(
    made, corpus, tmp_path, monkeypatch
):
    """Stopped at step 23, with a checkpoint of step 20: weights are those of an undisturbed training."""
    from xlbench_train.mlm.trainer import MaskTrainer

    own, steps = MaskTrainer.training_step, []

    def stopping(self, *args, **kwargs):
        steps.append(1)
        if self.state.global_step == 23:
            raise KeyboardInterrupt
        return own(self, *args, **kwargs)

    arguments = [*NEW, "--corpus", corpus, "--steps", 40, "--out", tmp_path / "out"]
    with monkeypatch.context() as patch:
        patch.setattr(MaskTrainer, "training_step", stopping)
        assert mlm(*arguments).returncode == 130
    done = mlm(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert "going on from step 20" in done.stderr
    one, other = (load_file(out / "model.safetensors") for out in (made[0], tmp_path / "out"))
    assert max(np.abs(one[name] - other[name]).max() for name in one) < 1e-6


def test_out_of_memory_halves_what_goes_through_at_a_time(made, corpus, tmp_path, monkeypatch):
    """It is said, on the terminal and in the card; a batch stays as large."""
    from transformers import BertForMaskedLM

    forward = BertForMaskedLM.forward

    @functools.wraps(forward)
    def small(self, input_ids=None, **more):
        if self.training and len(input_ids) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return forward(self, input_ids=input_ids, **more)

    monkeypatch.setattr(BertForMaskedLM, "forward", small)
    done = mlm(*NEW, "--corpus", corpus, "--steps", 10, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    line = "out of memory: going on with 2 blocks at a time, not 4; a batch stays as large"
    assert line in done.stderr
    assert line in (tmp_path / "out/README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("base", "more"),
    [
        ("bert", ["--mask", "token"]),
        ("bert", ["--tokenizer", "extend", "--vocabulary", 50]),
        pytest.param("bert", ["--tokenizer", "new", "--vocabulary", 600], marks=pytest.mark.campaign),
        ("xlm_roberta", ["--mask", "weighted", "--lora", 2]),
    ],
)
def test_a_checkpoint_is_trained_further(base, more, corpus, tmp_path):
    """With its own tokenizer, with more words, with another one, or by adapters that are merged at the end."""
    folder = getattr(checkpoints, base)(tmp_path / "base")
    arguments = ["--base", folder, "--corpus", corpus, "--epochs", 1, "--batch-size", 8, "--max-length", 16]
    done = mlm(*arguments, "--learning-rate", "1e-2", "--device", "cpu", *more, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    before, after = (load_file(path / "model.safetensors") for path in (folder, tmp_path / "out"))
    layer = next(name for name in before if name.endswith("layer.0.attention.self.query.weight"))
    prefix = next(name for name in after if name.endswith(layer)).removesuffix(layer)
    assert not np.allclose(before[layer], after[prefix + layer])
    assert not [name for name in after if "lora" in name]
    said = {"extend": "the tokenizer is extended by", "new": "a new tokenizer of 600 pieces"}
    assert said.get(str(more[1]), "the base has no layer that tells masked words") in done.stderr
    (model,) = catalog.load().select_models([f"hf:{tmp_path / 'out'}"])
    assert np.isfinite(np.asarray(model.load().encode(["घर"]))).all()


def test_prepared_corpora_are_read_with_their_licenses_and_spellings(tmp_path, xlbench_cli):
    """A folder of `xlbench corpus` tells registers, language and license, and the tokenizer spells as it does."""
    lines = checkpoints.sentences("nep")
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    done = xlbench_cli(["corpus", "a.txt?register=news&license=MIT", "--language", "nep", "--steps", "normalize",
                        "--out", "corpus"])  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = mlm(*NEW, "--corpus", tmp_path / "corpus", "--steps", 2, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "of register news" in done.stderr
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert 'language: ["nep"]' in card
    assert "| nep | corpus | not said | MIT |" in card
    from xlbench.corpus import read

    assert read(tmp_path / "corpus").normalize, "there are rules"
    normalizer = json.loads((tmp_path / "out/tokenizer.json").read_text("utf-8"))["normalizer"]["normalizers"]
    assert len(normalizer) == 1 + len(read(tmp_path / "corpus").normalize)


def test_it_is_callable_from_python(corpus, tmp_path):
    """Settings in, a folder out; a dry run says how long it takes and writes nothing."""
    from xlbench_train.mlm.recipe import TrainingRequest, run_recipe
    from xlbench_train.mlm.settings import Settings

    settings = Settings(
        "new:2x16", (str(corpus),), tmp_path / "out", vocabulary=600, max_length=16, batch_size=8, steps=2
    )
    request = TrainingRequest(settings, catalog.load(), dry_run=True)
    assert run_recipe(request, Terminal(quiet=True)) == 0
    assert not (tmp_path / "out").exists()
    assert run_recipe(TrainingRequest(settings, catalog.load()), Terminal(quiet=True)) == 0
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_a_budget_is_turned_into_steps_once(corpus, tmp_path, monkeypatch):
    """By what a step takes here; a process that goes on has as many, however fast it is."""
    from xlbench_train.mlm import training

    monkeypatch.setattr(training, "seconds_a_step", lambda *_: 1.0)
    done = mlm(*NEW, "--corpus", corpus, "--budget-minutes", 1, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    blocks = int(done.stderr.split(" to evaluate on")[0].rpartition(" ")[2])
    steps = int(60 - 11 * blocks / 8 / 3)
    assert f"{steps} steps fit into 1 minutes here" in done.stderr
    assert json.loads((tmp_path / "out/training/progress.json").read_text("utf-8"))["steps"] == steps


@pytest.mark.parametrize("steps", [1, 7])
def test_steps_within_a_budget_are_those_of_a_hand(steps):
    """60 seconds a minute, less eleven evaluations of three batches at a third of a step each; one at least."""
    from xlbench_train.mlm.training import steps_within

    assert steps_within((11 * 3 / 3 * 2 + steps * 2) / 60, 2.0, 33.0) == steps
    assert steps_within(0.001, 2.0, 33.0) == 1
