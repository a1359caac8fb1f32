"""The recipe `tagger`: windows and labels, data of cards, whole trainings of small bases, and going on after a kill."""

import json
import subprocess
import sys

import checkpoints
import numpy as np
import pytest
import taggings
import trainings
from conftest import environment
from safetensors.numpy import load_file
from taggings import QUICK

import xlbench
from xlbench import UsageError, catalog
from xlbench.testing import check_model
from xlbench_train.tagger.command import command
from xlbench_train.tagger.data import read_sources
from xlbench_train.tagger.recipe import TrainingRequest, run_recipe
from xlbench_train.tagger.settings import Settings
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.terminal import Terminal

one_thread = trainings.one_thread
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
card = taggings.card


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A two-layer encoder."""
    return checkpoints.bert(tmp_path_factory.mktemp("base") / "base")


def train(card, base, out, *languages, report=False, resume=False, dry_run=False, **more):
    """The recipe's exit code."""
    settings = Settings(str(base), (f"{card / 'made.toml'}:{','.join(languages or ('hin',))}",), out, **(QUICK | more))
    request = TrainingRequest(
        settings, catalog.load(), card, resume=resume, dry_run=dry_run, report=report, command=["xlbench", "train"]
    )
    return run_recipe(request, Terminal(quiet=not dry_run))


@pytest.fixture(scope="module")
def trained(card, base, tmp_path_factory):
    """A tagger of Hindi, with its scores."""
    out = tmp_path_factory.mktemp("trained") / "hin"
    assert train(card, base, out, report=True, epochs=6) == 0
    return out


# ---- whole trainings


def test_a_trained_tagger_is_an_ordinary_checkpoint(trained, card):
    """It has learned something; transformers load it, the kit passes it, and runs mark what it was trained on."""
    rows = [row.split(",") for row in (trained / "training/history.csv").read_text("utf-8").splitlines()]
    assert rows[0][4] == "entity_f1"
    assert max(float(row[4]) for row in rows[1:]) > 0.5
    config = json.loads((trained / "config.json").read_text("utf-8"))
    assert config["architectures"] == ["BertForTokenClassification"]
    assert list(config["id2label"].values()) == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert (trained / "model.safetensors").is_file()
    assert not (trained / "training/checkpoints").exists()
    (model,) = catalog.load().select_models([f"tagger:{trained}"])
    check_model(model)
    (run,) = xlbench.run([f"tagger:{trained}"], [str(card / "made.toml")], data=card, results=card / "results")
    cell = next(cell for cell in run.cells if cell.subset == "hin")
    assert cell.facts["items_trained_on"] == 2
    assert any("trained on 2 of these 22 items" in note for note in cell.notes)


def test_the_card_has_command_data_and_scores(trained):
    """The card names data with licenses, the epochs, and test scores with intervals, support and what was seen."""
    text = (trained / "README.md").read_text("utf-8")
    assert "pipeline_tag: token-classification" in text
    assert "| 40 | 40 | 20 | made | hin | CC0-1.0 |" in text
    assert "xlbench train" in text
    assert "| made hin | entity_f1 |" in text
    assert "| made hin | f1:PER |" in text


def test_the_kept_epoch_scores_as_transformers_say(trained, card):
    """Entity F1 of the kept epoch in the history is that of transformers' own best labels, counted by hand."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    (source,) = read_sources([f"{card / 'made.toml'}:hin"], catalog.load(), card, train_size=None, dev_size=None)
    tokenizer = AutoTokenizer.from_pretrained(trained)
    model = AutoModelForTokenClassification.from_pretrained(trained).eval()
    right = total = 0
    for words, gold in zip(source.dev.words, source.dev.tags, strict=True):
        batch = tokenizer([list(words)], is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            best = model(**batch).logits[0].argmax(dim=-1).tolist()
        ids = batch.word_ids(0)
        tags = [model.config.id2label[best[ids.index(place)]] for place in range(len(words))]
        own, true = (_entities(one) for one in (tags, gold))
        right += len(own & true)
        total += len(own) + len(true)
    rows = [row.split(",") for row in (trained / "training/history.csv").read_text("utf-8").splitlines()[1:]]
    assert max(float(row[4]) for row in rows) == pytest.approx(2 * right / total)


def _entities(tags):
    """Entities (first, last, type) as conlleval reads tags."""
    found, start = set(), None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[0] != "I" or tag[2:] != tags[start][2:]):
            found.add((start, place - 1, tags[start][2:]))
            start = None
        if start is None and tag != "O":
            start = place
    return found


def test_the_same_seed_gives_the_same_model(card, base, tmp_path):
    """Two trainings of one seed have equal weights; another seed has others."""
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train(card, base, tmp_path / name, train_size=16, epochs=1, seed=seed)
    one, two, three = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two", "three"))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["classifier.weight"], three["classifier.weight"])


def test_joint_progressive_and_adapters(card, base, tmp_path):
    """Two languages go together, or one after the other in stages; adapters are merged; both folders are ordinary."""
    assert train(card, base, tmp_path / "joint", "hin", "tur", lora=4, epochs=1) == 0
    assert not any("lora" in name for name in load_file(tmp_path / "joint/model.safetensors"))
    assert train(card, base, tmp_path / "stages", "tur", "hin", progressive=True, epochs=1) == 0
    text = (tmp_path / "stages/README.md").read_text("utf-8")
    assert text.index("### made tur") < text.index("### made hin")
    for name in ("joint", "stages"):
        (model,) = catalog.load().select_models([f"tagger:{tmp_path / name}"])
        assert model.tag().tag_words([["a"]], ["PER"])[0]


def test_a_training_goes_on_from_a_tagger(trained, card, tmp_path):
    """The head of a tagger of the same labels is kept: before training it scores what it scored."""
    assert train(card, f"tagger:{trained}", tmp_path / "more", epochs=1, learning_rate=1e-6) == 0
    before = (trained / "training/history.csv").read_text("utf-8").splitlines()[1:]
    after = (tmp_path / "more/training/history.csv").read_text("utf-8").splitlines()[1:]
    assert float(after[0].split(",")[4]) == pytest.approx(max(float(row.split(",")[4]) for row in before))
    assert "goes on from the tagger" in (tmp_path / "more/README.md").read_text("utf-8")
    own = np.load(tmp_path / "more/trained_on_texts.npy")
    assert set(np.load(trained / "trained_on_texts.npy")) <= set(own)


def test_a_tagger_of_other_labels_keeps_those_that_it_shares(card, tmp_path):
    """Rows of the head with labels of the same name are kept, the others are new, and the card says which."""
    other = checkpoints.token_classifier(tmp_path / "other", ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"])
    assert train(card, other, tmp_path / "out", epochs=1, learning_rate=1e-9) == 0
    old, new = (load_file(folder / "model.safetensors")["classifier.weight"] for folder in (other, tmp_path / "out"))
    assert np.allclose(old[:3], new[:3], atol=1e-5)
    assert not np.allclose(old[3:], new[3:], atol=1e-2)
    assert "of 5 labels its head has 3" in (tmp_path / "out/README.md").read_text("utf-8")


def test_a_tagger_that_finds_nothing_is_told(card, base, tmp_path):
    """Where no entity of the development sentences was found after any epoch, the card says so, and what to do."""
    assert train(card, base, tmp_path / "out", epochs=1, learning_rate=1e-9, train_size=8) == 0
    rows = [row.split(",") for row in (tmp_path / "out/training/history.csv").read_text("utf-8").splitlines()[1:]]
    told = "after no epoch was any entity" in (tmp_path / "out/README.md").read_text("utf-8")
    assert told == (float(rows[-1][4]) == 0)


def test_layers_are_left_out(card, base, tmp_path):
    """``--layers 1`` trains and saves the first layer of two; more than there are is an error."""
    assert train(card, base, tmp_path / "one", layers=1, epochs=1, train_size=8) == 0
    assert json.loads((tmp_path / "one/config.json").read_text("utf-8"))["num_hidden_layers"] == 1
    with pytest.raises(UsageError, match="--layers 3"):
        train(card, base, tmp_path / "three", layers=3)


def test_nothing_is_written_over_and_a_dry_run_writes_nothing(trained, card, base, tmp_path, capsys):
    """A finished model is refused; ``--dry-run`` says how long training will take, and leaves no folder."""
    with pytest.raises(UsageError, match="nothing is written over it"):
        train(card, base, trained)
    assert train(card, base, tmp_path / "dry", dry_run=True) == 0
    said = capsys.readouterr().err
    assert "it will take about" in said
    assert "10 steps" in said
    assert not (tmp_path / "dry").exists()
    with pytest.raises(UsageError, match="nothing to go on to"):
        train(card, base, tmp_path / "dry", progressive=True)


def test_a_loss_that_is_no_number_ends_it(card, base, tmp_path):
    """What diverges is stopped with what to do."""
    with pytest.raises(TrainingStopped, match="learning-rate"):
        train(card, base, tmp_path / "out", learning_rate=1e30, epochs=4)


def test_the_command_has_examples_and_every_setting():
    """Every field of the settings is an option of the command, and the help has examples."""
    named = {parameter.name for parameter in command.params}
    assert set(Settings.__dataclass_fields__) <= named
    assert "Examples" in command.epilog


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("more", [[], pytest.param(["--progressive"], marks=pytest.mark.campaign)])
def test_a_killed_training_goes_on(card, base, tmp_path, more):
    """Killed while it moved the model to its place, with --resume it ends with the weights of an undisturbed one; and
    without it, nothing is written over what there is."""
    spec = f"{card / 'made.toml'}:hin,tur"
    asked = ["--base", base, "--task", spec, "--epochs", 2, "--batch-size", 8, "--learning-rate", 3e-3,
             "--device", "cpu", "--data", card, "--no-report", *more]  # fmt: skip

    def run(out, *rest):
        return trainings.command([*asked, "--out", out, *rest], "tagger")

    assert run(tmp_path / "whole").returncode == 0
    typed = [
        sys.executable,
        "-c",
        trainings.KILLED,
        "config.json",
        "train",
        "tagger",
        *asked,
        "--out",
        tmp_path / "out",
    ]
    variables = environment([], {"OMP_NUM_THREADS": "1"})
    assert subprocess.run([*map(str, typed)], env=variables, capture_output=True, timeout=600).returncode == -9
    again = run(tmp_path / "out")
    assert again.returncode == 2
    assert "--resume goes on with it" in again.stderr
    assert run(tmp_path / "out", "--resume").returncode == 0
    whole, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "out"))
    assert all(np.allclose(whole[name], resumed[name], atol=1e-6) for name in whole)


def test_time_left_is_told_from_the_stage_at_hand(monkeypatch, capsys):
    """A second stage begins to count anew: 10 steps in 40 seconds leave 89 of them 356 seconds."""
    clock = [0.0]
    monkeypatch.setattr("xlbench_train.training.terminal.time.monotonic", lambda: clock[0])
    terminal = Terminal(quiet=False)
    for done in (100, 11):
        with terminal.training():
            terminal.step(1, 100, 0.0)
            clock[0] += 40
            terminal.step(done, 100, 0.5)
        clock[0] += 1000
    assert "step 11 of 100, epoch 0.50, 5:56 left" in capsys.readouterr().err
