"""The recipe `siamese`: what it leaves, that a kill costs nothing, and how it fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import trainings
from conftest import environment
from safetensors.numpy import load_file
from trainings import FEW, QUICK, asked, command, run_recipe

from xlbench import UsageError, catalog, text_keys
from xlbench.core.specs import parse
from xlbench_train.training.failures import TrainingStopped

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
base, one_thread, whole_batches = trainings.base, trainings.one_thread, trainings.whole_batches

TEXTS = list(checkpoints.sentences("eng")[:5])


@pytest.fixture(scope="module")
def softmax(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A model that the command has made with the study's objective, and what the command has said."""
    out = tmp_path_factory.mktemp("trained") / "softmax"
    done = command(["--base", base, "--pairs", FEW, "--objective", "softmax", *QUICK, "--out", out])
    assert done.returncode == 0, done.stderr
    return out, done


def encoder(spec: str):
    from xlbench_transformers import encoders
    from xlbench_transformers.options import OPTIONS

    kind, _, target = spec.partition(":")
    return encoders.load(kind, Path(target), parse(f"{spec}?device=cpu", OPTIONS[kind], kind))


# ---- what it leaves


def test_it_loads_in_three_ways_with_equal_vectors(softmax):
    """The folder is one for st:, for siamese: and for sentence-transformers itself, with safetensors alone."""
    from sentence_transformers import SentenceTransformer

    out, _ = softmax
    vectors = SentenceTransformer(str(out), device="cpu").encode(TEXTS)
    for kind in ("st", "siamese"):
        np.testing.assert_allclose(encoder(f"{kind}:{out}").encode(TEXTS), vectors, atol=1e-6)
    assert not [path for path in out.rglob("*") if path.suffix in (".bin", ".pt", ".pth", ".pkl")]


def test_the_head_is_read_with_the_folder(softmax):
    """siamese: finds W and its bias, and gives softmax(W(u, v, |u - v|) + b), by hand."""
    out, _ = softmax
    pair = encoder(f"siamese:{out}")
    assert pair.details["head"] == "classifier.weight: 2 classes (other, translation) over u, v, |u-v|"
    u, v = pair.encode(TEXTS[:2]), pair.encode(TEXTS[2:4])
    head = load_file(out / "siamese_head.safetensors")
    logits = np.concatenate([u, v, abs(u - v)], axis=1) @ head["classifier.weight"].T + head["classifier.bias"]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pair.pair_probabilities(TEXTS[:2], TEXTS[2:4]), shares, atol=1e-6)


def test_what_it_was_trained_on_is_marked(softmax):
    """The data set by its name, and the texts by their keys: those that were trained on, and none that was held out."""
    out, _ = softmax
    (model,) = catalog.load().select_models([f"st:{out}"])
    assert model.trained_on == ("mini-parallel",)
    keys = np.load(out / "trained_on_texts.npy")
    held = {line.split("\t")[2] for line in (out / "training/report/hin.tsv").read_text("utf-8").splitlines()[1:]}
    trained = [text for text in checkpoints.sentences("hin") if text not in held]
    assert np.isin(text_keys(trained), keys).all()
    assert not np.isin(text_keys(sorted(held)), keys).any()


def test_an_epoch_is_a_row(softmax):
    """Before training and after every epoch: losses, accuracy of both kinds, P@1 and MRR, shown and kept."""
    out, done = softmax
    lines = (out / "training/history.csv").read_text("utf-8").splitlines()
    assert lines[0] == "epoch,step,loss,validation_loss,accuracy,positive_accuracy,negative_accuracy,p_at_1,mrr"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1", "2"]
    assert "epoch       loss   val loss   accuracy  positives  negatives        P@1        MRR" in done.stderr
    for line in lines[2:]:
        values = [float(value) for value in line.split(",")]
        assert all(value > 0 for value in values[2:4])
        assert values[4] == pytest.approx((values[5] + values[6]) / 2)
        assert f"{values[3]:.4f}" in done.stderr


def test_the_report_is_a_comparison_of_two_runs(softmax):
    """Seven figures before and after, with difference, interval, p and verdict, as `xlbench compare` has them."""
    import xlbench

    out, done = softmax
    shown = [re.split(r"\s{2,}", line) for line in done.stdout.splitlines()[1:8]]
    assert [row[0] for row in shown] == [
        "mean cosine of translations", "mean cosine of random pairs", "gap of the two", "AUC", "threshold accuracy",
        "P@1", "MRR",
    ]  # fmt: skip
    results = out / "training" / "report" / "results"
    before, after = (next(results.glob(f"{name}-*")) for name in ("before", "after"))
    frame = xlbench.compare(before, after).to_frame()
    gap = frame[(frame.level == "task") & (frame.task == "cosine_gap")].iloc[0]
    assert shown[2][1:4] == [
        f"{gap.baseline:.3f}", f"{gap.candidate:.3f}", f"{gap.difference:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
    ]  # fmt: skip
    card = (out / "README.md").read_text("utf-8")
    assert "| gap of the two | " + " | ".join(shown[2][1:]) in card


def test_the_card_says_of_what_and_how(softmax, base):
    """Data with licenses, the command, the curve, the scores with intervals."""
    out, _ = softmax
    card = (out / "README.md").read_text("utf-8")
    for part in (
        "| 300 | eng-hin | mini-parallel | Apache-2.0 |",
        f"xlbench train siamese --base {base} --pairs {FEW} --objective softmax",
        "![Loss and accuracy by epoch](training_curve.png)",
        "30 of 300 pairs are held out",
    ):
        assert part in card
    assert re.search(r"\| eng-hin \| 30 \| 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] \|", card)
    assert (out / "training_curve.png").read_bytes().startswith(b"\x89PNG")


def test_what_lies_beside_the_model_is_no_part_of_it(softmax):
    """The identity is that of the model's files: notes of its training change nothing."""
    out, _ = softmax
    (model,) = catalog.load().select_models([f"st:{out}"])
    was = model.identity()
    (out / "training" / "more.txt").write_text("x", encoding="utf-8")
    (out / "README.md").write_text((out / "README.md").read_text("utf-8") + "\nMore.\n", encoding="utf-8")
    assert catalog.load().select_models([f"st:{out}"])[0].identity() == was


@pytest.mark.parametrize(
    "more",
    [
        {"objective": "triplet"},
        {"objective": "cosine", "negatives": "hard"},
        {"objective": "contrastive", "pooling": "cls", "max_length": 16, "lora": 4},
        {"objective": "distill", "teacher": "ngram"},
    ],
)
def test_every_objective_trains(more, base, tmp_path, request):
    """Each has a loss of its own, and makes another model of the base."""
    if "lora" not in more:
        request.getfixturevalue("whole_batches")
    settings = asked(base, tmp_path / "out", learning_rate=3e-3, epochs=2, **more)
    assert run_recipe(settings) == 0
    rows = (tmp_path / "out/training/history.csv").read_text("utf-8").splitlines()[1:]
    assert all(0 < float(row.split(",")[2]) < 10 for row in rows[1:])
    loaded = encoder(f"st:{tmp_path / 'out'}")
    assert np.abs(loaded.encode(TEXTS) - encoder(f"st:{base}").encode(TEXTS)).max() > 1e-3
    assert np.isfinite(loaded.encode(TEXTS)).all()
    if settings.pooling:
        assert loaded.details["modules"] == "Transformer, Pooling (cls)"
        assert loaded.details["max_length"] == 16
        was = load_file(base / "model.safetensors")
        assert load_file(tmp_path / "out/model.safetensors").keys() == was.keys()


def test_a_table_of_ngrams_is_trained_and_goes_on_as_a_base(tmp_path):
    """A static base becomes a folder of its own, which st: reads with vectors of words; and which is a base, too."""
    assert run_recipe(asked("ngrams:1024x16", tmp_path / "one", learning_rate=0.02, epochs=3)) == 0
    loaded = encoder(f"st:{tmp_path / 'one'}")
    assert loaded.encode(TEXTS).shape == (5, 16)
    assert len(loaded.encode_words([["one", "word"]])[0]) == 2
    assert run_recipe(asked(tmp_path / "one", tmp_path / "two", learning_rate=0.0)) == 0
    card = (tmp_path / "two" / "README.md").read_text("utf-8")
    assert "learning rate 0.02" in card
    assert "trust_remote_code=True" in card


def test_what_a_table_of_few_bits_learns_is_not_rounded_away(tmp_path):
    """A packed base, as siamese-mini's, becomes a folder of 32 bits a number, which holds what was learned."""
    from xlbench_train.training.ngram_module import new_ngram_model

    packed = new_ngram_model(1024, 16, seed=0)
    packed[0].bits = 4
    packed.save(str(tmp_path / "base"))
    assert run_recipe(asked(tmp_path / "base", tmp_path / "out", learning_rate=1e-4, epochs=1)) == 0
    assert json.loads((tmp_path / "out/config.json").read_text("utf-8"))["bits"] == 32
    before, after = (encoder(f"st:{tmp_path / name}").encode(TEXTS) for name in ("base", "out"))
    assert 0 < np.abs(before - after).max() < 0.01


@pytest.mark.usefixtures("whole_batches")
def test_a_plain_checkpoint_is_a_base(tmp_path):
    """One of Hugging Face's, without modules, gets the pooling that was asked for; the prompt stays with the model."""
    plain = checkpoints.bert(tmp_path / "plain")
    assert run_recipe(asked(plain, tmp_path / "out", pooling="cls", prompt="query: ")) == 0
    loaded = encoder(f"st:{tmp_path / 'out'}")
    assert loaded.details["modules"] == "Transformer, Pooling (cls)"
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tmp_path / "out"), device="cpu")
    np.testing.assert_allclose(model.encode(["a"]), model.encode(["query: a"], prompt=""), atol=1e-6)


@pytest.mark.usefixtures("whole_batches")
def test_one_prompt_goes_before_every_text(base, tmp_path):
    """A base's own prompt is there in training, too: the model is the one that --prompt makes; and --prompt goes before
    queries and documents, whatever the base puts there."""
    own = tmp_path / "own"
    shutil.copytree(base, own)
    path = own / "config_sentence_transformers.json"
    config = json.loads(path.read_text("utf-8"))
    said = {"query": "zwei ", "document": "drei "}
    path.write_text(json.dumps({**config, "prompts": said, "default_prompt_name": "query"}), encoding="utf-8")
    assert run_recipe(asked(own, tmp_path / "by-default")) == 0
    assert "own prompt 'zwei ' is put before every text" in (tmp_path / "by-default/README.md").read_text("utf-8")
    assert run_recipe(asked(base, tmp_path / "asked", prompt="zwei ")) == 0
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("by-default", "asked")]
    for name, values in weights[0].items():
        np.testing.assert_array_equal(values, weights[1][name])
    assert run_recipe(asked(own, tmp_path / "other", prompt="vier ")) == 0
    model = encoder(f"st:{tmp_path / 'other'}")
    for role in ("query", "document"):
        np.testing.assert_allclose(model.encode(TEXTS, role=role), model.encode(TEXTS), atol=1e-6)


@pytest.mark.usefixtures("whole_batches")
def test_a_limit_that_nobody_asked_for_is_the_bases(base, tmp_path):
    """The card says how many tokens the model reads, and a limit over the base's own is refused, be it 128."""
    short = tmp_path / "short"
    shutil.copytree(base, short)
    (short / "sentence_bert_config.json").write_text('{"max_seq_length": 24}', encoding="utf-8")
    assert run_recipe(asked(short, tmp_path / "out")) == 0
    assert "at most 24 tokens" in (tmp_path / "out/README.md").read_text("utf-8")
    with pytest.raises(UsageError, match="reads 24 tokens at most"):
        run_recipe(asked(short, tmp_path / "longer", max_length=128))


def test_rows_that_no_text_has_are_as_they_were(base, tmp_path):
    """Training the used rows of the vocabulary alone is training of the whole: the others do not move, and these do."""
    settings = asked(base, tmp_path / "out", max_length=32)
    assert run_recipe(settings) == 0
    name = "embeddings.word_embeddings.weight"
    was, now = load_file(base / "model.safetensors")[name], load_file(tmp_path / "out/model.safetensors")[name]
    moved = (was != now).any(axis=1)
    assert 50 < moved.sum() < len(was)
    from transformers import AutoTokenizer

    pieces = AutoTokenizer.from_pretrained(base)(list(checkpoints.sentences("isl")))["input_ids"]
    unseen = set(np.concatenate(pieces)) - set(moved.nonzero()[0])
    assert unseen
    np.testing.assert_array_equal(was[sorted(unseen)], now[sorted(unseen)])


# ---- going on


@pytest.mark.campaign
def test_a_killed_training_goes_on_to_the_same_model(softmax, base, tmp_path):
    """Killed after its first checkpoint, and with a second one cut off, it ends with the very weights of an undisturbed
    one; other settings are refused, and a finished one stays."""
    (whole, _), killed = softmax, tmp_path / "killed"
    arguments = ["--base", base, "--pairs", FEW, "--no-report", "--objective", "softmax", *QUICK, "--quiet"]
    arguments += ["--out", killed]
    process = subprocess.Popen(
        [sys.executable, "-m", "xlbench", "train", "siamese", *map(str, arguments)],
        env=environment([], {"OMP_NUM_THREADS": "1"}),
    )
    folder = killed / "training" / "checkpoints"
    deadline = time.monotonic() + 600  # on a busy machine
    while not [*folder.glob("checkpoint-*/complete")] and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    assert not (killed / "modules.json").exists()
    (folder / "checkpoint-9999").mkdir()
    (folder / "checkpoint-9999" / "trained.safetensors").write_bytes(b"half")

    with pytest.raises(UsageError, match="holds a training that is not finished; --resume goes on with it"):
        run_recipe(asked(base, killed))
    with pytest.raises(
        UsageError, match="--resume: --objective was 'softmax', and is 'cosine' now: give what was given"
    ):
        run_recipe(replace(asked(base, killed, objective="cosine"), pairs=(FEW,)), resume=True)
    done = command([*arguments, "--resume"])
    assert done.returncode == 0, done.stderr
    one, other = (load_file(out / "model.safetensors") for out in (whole, killed))
    assert max(np.abs(one[name] - other[name]).max() for name in one) < 1e-6
    rows = [np.loadtxt(out / "training/history.csv", delimiter=",", skiprows=2) for out in (whole, killed)]
    np.testing.assert_allclose(*rows, atol=1e-5)
    assert not (killed / "training" / "checkpoints").exists()
    assert run_recipe(asked(base, killed), resume=True) == 0  # and nothing is done


@pytest.mark.usefixtures("whole_batches")
def test_it_stops_when_validation_gets_no_better(base, tmp_path):
    """After so many epochs without a smaller validation loss it stops, and keeps the best one."""
    settings = asked(base, tmp_path / "out", epochs=12, learning_rate=0.05, patience=1, objective="softmax")
    assert run_recipe(settings) == 0
    rows = [row.split(",") for row in (tmp_path / "out/training/history.csv").read_text("utf-8").splitlines()[1:]]
    losses = [float(row[3]) for row in rows[1:]]
    assert len(losses) < 12
    assert losses[-1] >= min(losses)
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert f"those after epoch {1 + int(np.argmin(losses))}," in card


# ---- trouble


def failing(loss_of, when):
    """``loss_of`` with a loss that does something at certain steps."""

    def made(settings, model, micro_batch_size):
        loss = loss_of(settings, model, micro_batch_size)
        forward, steps = loss.forward, []

        def step(features, labels):
            steps.append(loss.training)
            return when(forward(features, labels), sum(steps))

        loss.forward = step
        return loss

    return made


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(base, tmp_path, monkeypatch):
    """It ends with one line and exit code 1, and the folder holds the weights of before, said so in its card; going on
    says the same again, and trains nothing."""
    from xlbench_train.siamese import loop

    monkeypatch.setattr(loop, "loss_of", failing(loop.loss_of, lambda loss, step: loss * (np.nan if step > 11 else 1)))
    said = r"the loss is nan in step \d+: the last good checkpoint is kept, of step 9; try a lower --learning-rate than"
    with pytest.raises(TrainingStopped, match=said) as stopped:
        run_recipe(asked(base, tmp_path / "out", epochs=3))
    assert stopped.value.exit_code == 1
    assert np.isfinite(encoder(f"st:{tmp_path / 'out'}").encode(TEXTS)).all()
    assert "**Its training stopped early: the loss is nan" in (tmp_path / "out/README.md").read_text("utf-8")
    with pytest.raises(TrainingStopped) as again:
        run_recipe(asked(base, tmp_path / "out", epochs=3), resume=True)
    assert (str(again.value), again.value.exit_code) == (str(stopped.value), 1)


def test_a_loss_that_is_never_a_number_leaves_no_model(base, tmp_path):
    """With a learning rate far too high there is nothing to keep, and nothing is."""
    with pytest.raises(TrainingStopped, match="before the first checkpoint, so that nothing is kept: try a lower"):
        run_recipe(asked(base, tmp_path / "out", learning_rate=1e30, epochs=3))
    assert not (tmp_path / "out" / "modules.json").exists()


@pytest.mark.parametrize("objective", ["contrastive", pytest.param("softmax", marks=pytest.mark.campaign)])
def test_out_of_memory_halves_what_goes_through_at_a_time(objective, base, tmp_path, monkeypatch, capsys):
    """It is said, on the terminal and in the card, and the batch stays as large."""
    from sentence_transformers import SentenceTransformer

    forward = SentenceTransformer.forward

    def small(self, features, **more):
        if self.training and len(features["input_ids"]) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return forward(self, features, **more)

    monkeypatch.setattr(SentenceTransformer, "forward", small)
    assert run_recipe(asked(base, tmp_path / "out", objective=objective)) == 0
    assert "out of memory: going on with 2 pairs at a time, not 4; a batch stays as large" in capsys.readouterr().err
    assert "out of memory" in (tmp_path / "out/README.md").read_text("utf-8")
    assert np.isfinite(encoder(f"st:{tmp_path / 'out'}").encode(TEXTS)).all()


def test_the_settings_are_recorded(softmax, base):
    """What was asked for lies beside the model, with the identity of texts and base."""
    out, _ = softmax
    record = json.loads((out / "training/settings.json").read_text("utf-8"))
    assert record["objective"] == "softmax"
    assert record["negatives"] == "random"
    assert record["max_length"] is None
    assert len(record["training texts"]) == len(record["content of the base"]) == 64
