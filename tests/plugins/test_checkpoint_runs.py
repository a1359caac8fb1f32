"""Whole runs with checkpoints, through the command line: no two models are mixed up, and no two processes disagree."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import checkpoints
import pytest
from board_files import repeatable_files
from conftest import environment
from safetensors.numpy import load_file, save_file
from unix import ON_UNIX

from xlbench import catalog
from xlbench.encoding import CHUNK
from xlbench.encoding.cache import Cache
from xlbench.testing.models import check_model

pytestmark = pytest.mark.slow

CELLS = ("--task", "lexicon", "--language", "hin", "--boards", "boards")
JOB = (*CELLS, "--results", "results")
CARD = """
name = "talks"
area = "retrieval"
protocol = "retrieval"
description = "Find a sentence's translation"
license = "CC0-1.0"
languages = ["eng", "mlt"]

[data]
reader = "parallel"
files = "{language}.txt"

[options]
pairs = "eng"
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""Sums of floating point numbers depend on how many threads share them."""


def scores(done: Any) -> dict[tuple[str, str, str], list[float]]:
    """The values of every cell that a run with ``--json`` has printed."""
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert {cell["status"] for cell in cells} == {"ok"}, done.stderr
    return {
        (cell["fingerprint"], cell["task"], cell["subset"]): [score["value"] for score in cell["scores"]]
        for cell in cells
    }


def encoded(folder: Path) -> int:
    """Texts that went through an encoder for the cells of a results folder."""
    files = [file for file in folder.rglob("*.json") if file.name != "run.json"]
    return sum(json.loads(file.read_text(encoding="utf-8")).get("encoded", 0) for file in files)


def test_two_checkpoints_of_one_name_are_two_models(checkpoint_cli, own_cache, tmp_path):
    """Folders of the same name with other weights share no vector and no result, in one cache and one results folder;
    edited weights are a new model in their old place."""
    folders = [checkpoints.bert(tmp_path / side / "model", seed=seed) for seed, side in enumerate(("left", "right"))]
    found: list[dict[Any, Any]] = []
    for folder in folders:
        job = ["run", "--model", "./model", *CELLS, "--results", tmp_path / "results", "--json"]
        found.append(scores(checkpoint_cli(job, cwd=folder.parent)))
    assert not set(found[0]) & set(found[1])
    assert sorted(found[0].values()) != sorted(found[1].values())
    weights = load_file(folders[0] / "model.safetensors")
    save_file(
        {name: 1.1 * value for name, value in weights.items()}, folders[0] / "model.safetensors", {"format": "pt"}
    )
    job = ["run", "--model", "./model", *CELLS, "--results", tmp_path / "results", "--json"]
    edited = scores(checkpoint_cli(job, cwd=folders[0].parent))
    assert not set(edited) & (set(found[0]) | set(found[1]))
    assert len(Cache(own_cache).info().models) == 3


def test_a_second_run_encodes_nothing_and_loads_no_torch(checkpoint_cli, xlbench_cli, own_cache, tmp_path):
    """With every vector in the cache, other results are the same numbers, and torch is not imported."""
    folder = checkpoints.sentence_transformer(tmp_path / "model")
    job = ["run", "--model", f"st:{folder}", *JOB, "--json"]
    first = scores(checkpoint_cli(job))
    assert encoded(tmp_path / "results") > 0
    shutil.rmtree(tmp_path / "results")
    (tmp_path / "site" / "torch").mkdir(parents=True)
    (tmp_path / "site" / "torch" / "__init__.py").write_text("raise ImportError('torch is not needed here')\n")
    again = scores(xlbench_cli(job, pythonpath=[tmp_path / "site"]))
    assert again == first
    assert encoded(tmp_path / "results") == 0
    assert own_cache.is_dir()


def rows_of(cache: Path) -> dict[bytes, tuple[int, bytes]]:
    """Every vector of a cache, to the bit, by its text."""
    with contextlib.closing(sqlite3.connect(cache / "vectors-2.sqlite")) as connection:
        rows = connection.execute("SELECT key, shape, vectors FROM entries").fetchall()
    return {key: (shape, blob) for key, shape, blob in rows}


@pytest.mark.campaign
@ON_UNIX
def test_a_run_killed_while_it_encodes_goes_on_to_the_same_bits(checkpoint_cli, tmp_path):
    """`kill -9` between two chunks of one request; the same command then ends with every vector, and the scores, as a
    run that nobody disturbed."""
    folder = checkpoints.bert(tmp_path / "model", hidden=64)
    words = checkpoints.sentences("eng")
    for language in ("eng", "mlt"):
        lines = [f"{words[i % 40]} {words[-1 - i % 17]} {language} {i}" for i in range(3 * CHUNK)]
        (tmp_path / f"{language}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "talks.toml").write_text(CARD, encoding="utf-8")
    job = ["run", "--task", "./talks.toml", "--data", ".", "--model", f"hf:{folder}", "--boards", "boards", "--json"]

    def env(cache: str) -> dict[str, str]:
        return {**ONE_THREAD, "XLBENCH_CACHE": str(tmp_path / cache)}

    whole = scores(checkpoint_cli([*job, "--results", "whole"], env=env("cache of one"), timeout=600))
    process = subprocess.Popen(
        [sys.executable, "-m", "xlbench", *job, "--results", "killed"], cwd=tmp_path,
        env=environment((), env("cache of two")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and Cache(tmp_path / "cache of two").info().entries < CHUNK:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = rows_of(tmp_path / "cache of two")
    assert 0 < len(kept) < 3 * CHUNK
    assert len(kept) % CHUNK == 0
    assert scores(checkpoint_cli([*job, "--results", "killed"], env=env("cache of two"), timeout=600)) == whole
    assert rows_of(tmp_path / "cache of two") == rows_of(tmp_path / "cache of one")


@pytest.mark.parametrize("kind", ["hf", pytest.param("st", marks=pytest.mark.campaign), "siamese", "static"])
def test_every_kind_of_checkpoint_conforms(tmp_path, monkeypatch, kind):
    """The conformance kit for models finds nothing wrong with a checkpoint of any kind; in another process, which all
    kinds are loaded in alike, with one."""
    make = {"hf": checkpoints.xlm_roberta, "st": checkpoints.labse_like}.get(kind) or getattr(checkpoints, kind)
    (model,) = catalog.load().select_models([f"{kind}:{make(tmp_path / 'model')}"])
    if kind != "st":
        nothing_told: dict[str, Any] = {"heavy": {}, "identity": None, "vectors": None}
        monkeypatch.setattr("xlbench.testing.checked_model.CheckedModel.elsewhere", nothing_told)
    check_model(model)


def test_several_runs_at_once_are_one(checkpoint_cli, tmp_path, scale):
    """Four processes, in a campaign eight, with one cache and one results folder give the board of one process, to the
    byte."""
    processes = min(4 * scale, 8)
    folder = checkpoints.sentence_transformer(tmp_path / "model")
    job: Sequence[str] = ["run", "--model", f"st:{folder}?name=small", "--model", "ngram", *JOB]
    (tmp_path / "serial").mkdir()
    (tmp_path / "shared").mkdir()

    def run(place: str, cache: str) -> Any:
        env = {**ONE_THREAD, "XLBENCH_CACHE": str(tmp_path / cache)}
        return checkpoint_cli(job, cwd=tmp_path / place, env=env, timeout=600)

    serial = run("serial", "cache of one")
    assert serial.returncode == 0, serial.stderr
    with ThreadPoolExecutor(processes) as pool:
        for done in pool.map(lambda _: run("shared", "cache of many"), range(processes)):
            assert done.returncode == 0, done.stderr
    assert repeatable_files(tmp_path / "shared" / "boards") == repeatable_files(tmp_path / "serial" / "boards")
    assert not Cache(tmp_path / "cache of many").verify().damaged
