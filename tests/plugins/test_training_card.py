"""The model card of a training, and the command in it: written of settings, without a training."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import xlbench
from xlbench import catalog
from xlbench_train.siamese import model_card, recipe
from xlbench_train.siamese.bases import SiameseBase, find_base
from xlbench_train.siamese.pairs.held_out import PairSplit
from xlbench_train.siamese.pairs.pairs import Pairs
from xlbench_train.siamese.settings import Settings, resolve

PARTS = PairSplit(*[Pairs(("one",), ("eins",), ("d1",), (("eng", "deu"),))] * 2, ())
LOADED = catalog.load()


def card(base: SiameseBase, command=("xlbench",)) -> str:
    settings = resolve(Settings(base.spec, ("pairs.tsv",), Path("out")), is_static=base.is_static)
    return model_card.text(model_card.Card("out", base, settings, PARTS, command, [], 1.0))


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("labse", "sentence-transformers/LaBSE"),
        ("hf:org/name", "org/name"),
        ("org/name?revision=v1", "org/name"),
        ("ngrams:1024x16", None),
        ("mine/model", None),
        ("hf:./mine/model", None),
    ],
)
def test_the_card_names_the_base_where_the_hub_knows_it(spec, name, tmp_path, monkeypatch):
    """A name on the hub, also of a named model; neither a folder of this machine, whatever it is called, nor a new
    table."""
    monkeypatch.chdir(tmp_path)
    Path("mine/model").mkdir(parents=True)
    save_file({"embeddings": np.zeros((1, 2), np.float32)}, "mine/model/model.safetensors")
    for file, content in (("vocab.txt", ""), ("config.json", '{"model_type": "bert"}')):
        Path("mine/model", file).write_text(content, encoding="utf-8")
    base = SiameseBase(spec, is_static=True)
    if not spec.startswith("ngrams:"):
        (model,) = LOADED.select_models([f"./{spec}" if spec == "mine/model" else spec])
        base = SiameseBase(spec, folder=tmp_path, model=model)
    assert re.findall("base_model: (.*)", card(base)) == ([f'"{name}"'] if name else [])


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# x\n", "apache-2.0"),
        ("---\nlicense: 'cc-by-sa-4.0'\n---\n", "cc-by-sa-4.0"),
        ("---\nlanguage: en\n---\nlicense: mit\n", "not said"),
        ("# x\nlicense: mit\n", "not said"),
        (None, "not said"),
    ],
)
def test_the_license_of_a_folder_is_that_of_its_own_card(own, said, tmp_path):
    """Its front matter names it; nothing else in it does."""
    save_file({"embeddings": np.zeros((1, 2), np.float32)}, tmp_path / "model.safetensors")
    for file, content in (("vocab.txt", ""), ("config.json", '{"model_type": "bert"}'), ("README.md", own)):
        if content is not None:
            (tmp_path / file).write_text(content, encoding="utf-8")
    assert f"License of the base: {said}." in card(find_base(str(tmp_path), LOADED))


def test_a_base_of_pickles_is_refused_without_offering_an_option_that_training_lacks(tmp_path):
    """The line says what training reads."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    for file, content in (("vocab.txt", ""), ("config.json", '{"model_type": "bert"}')):
        (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(xlbench.UsageError, match="training reads safetensors alone") as refused:
        find_base(str(tmp_path), LOADED)
    assert "--allow-pickle" not in str(refused.value)


def test_a_new_table_is_found_as_one():
    """It has no files, and needs no license."""
    text = card(find_base("ngrams:1024x16", LOADED))
    assert "a new table of hashed n-grams (`ngrams:1024x16`)" in text
    assert "License of the base: none is needed" in text


def test_the_command_in_the_card_makes_the_same_settings_where_there_is_no_settings_file(tmp_path, monkeypatch):
    """What came from xlbench.toml and the environment stands in it, what is of one call alone does not, and what was
    typed wins."""
    seen: list[recipe.TrainingRequest] = []
    monkeypatch.setattr(recipe, "run_recipe", lambda request, terminal: seen.append(request) or 0)

    def typed(*arguments: str) -> recipe.TrainingRequest:
        from xlbench.cli import main

        monkeypatch.setattr(sys, "argv", ["xlbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        assert ended.value.code == 0
        return seen.pop()

    (tmp_path / "with").mkdir()
    monkeypatch.chdir(tmp_path / "with")
    Path("xlbench.toml").write_text(
        '[train.siamese]\nbase = "ngrams:1024x16"\npairs = ["a b.tsv", "c.tsv"]\nreport = false\nseed = 3\n'
        "skip-empty = true\nquiet = true\nresume = true\nlearning-rate = 0.5\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("XLBENCH_DATA", str(tmp_path))
    first = typed("train", "siamese", "--out", "it's", "--seed", "4", "--prompt", "query: ", "-q")
    assert (first.settings.seed, first.settings.learning_rate, first.report) == (4, 0.5, False)
    assert not {"--resume", "--quiet", "-q", "--no-skip-empty"} & set(first.command)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XLBENCH_DATA")
    again = typed(*first.command[1:])
    assert again.settings == first.settings
    assert (again.data, again.report, again.resume) == (first.data, first.report, False)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["--data", "{home}/data sets"], '--data "$XLBENCH_DATA"'),
        (["--data={home}/data sets"], '"--data=$XLBENCH_DATA"'),
        (["--pairs", "{home}/data sets/a.tsv"], '--pairs "$XLBENCH_DATA/a.tsv"'),
        (["--pairs", "{home}/own/it's $1.tsv"], '--pairs "$HOME/own/it\'s \\$1.tsv"'),
        (["--pairs", "{home}-of-another/a.tsv"], "--pairs {home}-of-another/a.tsv"),
        (["--pairs", "a b.tsv", "c.tsv", "--data", "rel"], "--pairs 'a b.tsv' c.tsv --data rel"),
        (["--data", "/data"], "--data /data"),
    ],
)
def test_the_command_in_the_card_names_no_home_folder(typed, shown, tmp_path, monkeypatch):
    """The data root and a home folder stand there by the variables that a shell has for them; all else as typed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XLBENCH_DATA", str(tmp_path / "data sets"))
    command = ["xlbench", "train", *(one.format(home=tmp_path) for one in typed)]
    line = f"xlbench train {shown.format(home=tmp_path)}"
    text = card(SiameseBase("ngrams:1024x16"), command)
    assert f"```sh\n{line}\n```" in text
    given = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True).stdout
    assert given.splitlines() == command
