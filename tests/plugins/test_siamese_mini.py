"""The encoder that ships: its files are those of its card, its marks those of its texts, and its scores hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from real_data import DATA, needs

import xlbench
import xlbench_train
from xlbench import catalog
from xlbench_train.siamese_mini_recipe import texts
from xlbench_train.siamese_mini_recipe.scores import hits, precision
from xlbench_train.siamese_mini_recipe.texts import HeldOut, held_out_documents
from xlbench_train.static import files

(MODEL,) = xlbench_train.xlbench_models()
FOLDER = Path(xlbench_train.__file__).parent / "siamese_mini"
CARD = (FOLDER / "README.md").read_text(encoding="utf-8")
SAMPLE = ("deu", "hin", "jpn", "swa", "tur")


@pytest.fixture(scope="module")
def encoder() -> xlbench.Encoder:
    return MODEL.load()


def test_the_table_is_that_of_the_card() -> None:
    """The weights have the checksum that the card gives, and the folder is no larger than 10 MB."""
    assert sha256((FOLDER / files.WEIGHTS).read_bytes()).hexdigest() in CARD
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) <= 10e6


def test_its_license_is_that_of_its_texts() -> None:
    """The weights carry CC BY-SA 4.0, in the list of models and in the card."""
    assert MODEL.license == "CC-BY-SA-4.0"
    assert "license: cc-by-sa-4.0" in CARD


def test_what_it_was_trained_on_is_marked() -> None:
    """The model, and its folder, name the data sets; their names are those of cards."""
    marks = (FOLDER / "xlbench.toml").read_text(encoding="utf-8")
    assert MODEL.trained_on == texts.DATA_SETS
    assert all(f'"{name}"' in marks for name in MODEL.trained_on)
    assert {task.data for task in catalog.load().tasks.values()} >= set(MODEL.trained_on)


@pytest.mark.slow
def test_no_text_of_mini_was_trained_on() -> None:
    """No text of the suite that ships with xlbench, be it a single word, is among its texts."""
    from xlbench_train.siamese_mini_recipe.command import texts_of_suite

    keys = MODEL.trained_on_texts()
    found = [*texts_of_suite(catalog.load(), "mini")]
    assert keys.dtype == np.uint64
    assert len(found) > 10_000
    assert not np.isin(xlbench.text_keys(found), keys).any()


@needs("ntrex")
def test_its_texts_are_known_one_by_one() -> None:
    """A sentence of a training document is among its texts, and none of the held-out documents."""
    held_out = texts.held_out_sentences(DATA)
    keys = MODEL.trained_on_texts()
    lines = texts._lines(DATA / "ntrex" / "NTREX-128" / "newstest2019-ref.hin.txt")
    outside = [line for line in lines if line not in held_out.texts["hin"]]
    assert np.isin(xlbench.text_keys(outside), keys).mean() > 0.98
    assert np.isin(xlbench.text_keys(held_out.texts["hin"]), keys).mean() < 0.01


@needs("ntrex", "sib200", "nusax")
def test_its_languages_are_as_many_as_it_says() -> None:
    """Its description counts each language of its three data sets once, whatever they call it."""
    same = {"npi": "nep", "swh": "swa", "english": "eng", "indonesian": "ind"}
    names = [name[:3] for name in (*texts._ntrex(DATA)[1], *texts._sib200(DATA))] + [*texts._nusax(DATA)]
    count = len({same.get(name, name) for name in names})
    assert f"translations in {count} languages" in MODEL.description


@needs("ntrex")
def test_its_scores_are_those_of_the_card(encoder: xlbench.Encoder) -> None:
    """P@1 of a sample of the languages among 500 held-out sentences is what the card says, but for one sentence."""
    whole = texts.held_out_sentences(DATA)
    sample = HeldOut({name: whole.texts[name] for name in ("eng", *SAMPLE)}, whole.documents)
    for language, found in hits(encoder, sample).items():
        value = precision(found, sample.documents).value
        row = re.search(rf"^\| {language} \| ([0-9.]+) \[", CARD, re.MULTILINE)
        assert row, language
        assert abs(100 * value - float(row[1])) <= 0.2 + 0.05, language  # one sentence in 500 may flip


def test_the_mean_is_what_it_was_made_for() -> None:
    """By its card it finds six of ten held-out sentences or more, over all languages."""
    mean = re.search(r"Mean over 34 languages: \*\*([0-9.]+) \[", CARD)
    assert mean
    assert float(mean[1]) >= 60


@pytest.mark.slow
def test_it_needs_no_torch() -> None:
    """Loading it and encoding with it imports no library of training."""
    code = (
        "import sys, xlbench_train\n"
        "(model,) = xlbench_train.xlbench_models()\n"
        "print(model.load().encode(['a text', 'texts']).shape, model.identity() == model.identity())\n"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers', 'datasets'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout.split("\n")[0].endswith("True")
    assert done.stdout.split("\n")[1] == ""


# How it is made


def test_documents_are_held_out_by_their_names() -> None:
    """Whole documents, in the order of the SHA-256 of their names, until they have 500 sentences."""
    documents = [f"d{number}" for number in range(40) for _ in range(30)]
    kept = held_out_documents(documents)
    ranked = sorted(set(documents), key=lambda name: sha256(name.encode()).hexdigest())
    assert kept == set(ranked[:17])
    assert held_out_documents(documents[::-1]) == kept


def test_ties_are_no_hits() -> None:
    """A sentence whose English is no nearer than another is not found."""

    class Same:
        def encode(self, texts: list[str], role: str | None = None) -> np.ndarray:
            return np.ones((len(texts), 2), np.float32)

    found = hits(Same(), HeldOut({"eng": ["a", "b"], "deu": ["c", "d"]}, ["x", "y"]))
    assert found["deu"].tolist() == [False, False]


def test_intervals_are_of_documents() -> None:
    """Sentences of one document stand or fall together: of two documents, one found, the interval is 0 to 1."""
    score = precision(np.array([True] * 5 + [False] * 5), ["a"] * 5 + ["b"] * 5)
    assert (score.value, score.low, score.high) == (0.5, 0.0, 1.0)


def test_without_its_teacher_or_data_it_says_so(tmp_path: Path) -> None:
    """What is missing is one line, before anything is trained, and so is a folder that holds another model."""
    from xlbench_train.siamese_mini_recipe.command import command

    def make(*arguments: str) -> None:
        found = catalog.load()
        CliRunner().invoke(command, ["--data", str(tmp_path), *arguments], obj=found, catch_exceptions=False)

    with pytest.raises(xlbench.UsageError, match="no teacher in"):
        make("--teacher", str(tmp_path))
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(xlbench.UsageError, match="holds something else"):
        make("--teacher", str(tmp_path), "--out", str(tmp_path))
    with pytest.raises(xlbench.DataMissing, match="ntrex"):
        make("--teacher", str(tmp_path), "--out", str(tmp_path / "new"))
