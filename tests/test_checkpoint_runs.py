"""Whole runs with checkpoints, through the command line: no two models are mixed up, and no two processes disagree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import checkpoints
import pytest
from safetensors.numpy import load_file, save_file

from xlbench.cache import Cache

pytestmark = pytest.mark.slow

JOB = (
    "--task",
    "mini-sentiment",
    "--language",
    "eng",
    "--language",
    "hin",
    "--results",
    "results",
    "--boards",
    "boards",
)
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


def tables(folder: Path) -> Mapping[str, str]:
    """The boards' files but for costs, which vary."""
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if ".costs." not in file.name}


def encoded(folder: Path) -> int:
    """Texts that went through an encoder for the cells of a results folder."""
    files = [file for file in folder.rglob("*.json") if file.name != "run.json"]
    return sum(json.loads(file.read_text(encoding="utf-8")).get("encoded", 0) for file in files)


def test_two_checkpoints_of_one_name_are_two_models(xlbench_cli, own_cache, tmp_path):
    """Folders of the same name with other weights share no vector and no result, in one cache and one results folder;
    edited weights are a new model in their old place."""
    folders = [checkpoints.bert(tmp_path / side / "model", seed=seed) for seed, side in enumerate(("left", "right"))]
    found: list[dict[Any, Any]] = []
    for folder in folders:
        job = ["run", "--model", "./model", *JOB, "--results", tmp_path / "results", "--json"]
        found.append(scores(xlbench_cli(job, cwd=folder.parent)))
    assert not set(found[0]) & set(found[1])
    assert sorted(found[0].values()) != sorted(found[1].values())
    weights = load_file(folders[0] / "model.safetensors")
    save_file(
        {name: 1.1 * value for name, value in weights.items()}, folders[0] / "model.safetensors", {"format": "pt"}
    )
    job = ["run", "--model", "./model", *JOB, "--results", tmp_path / "results", "--json"]
    edited = scores(xlbench_cli(job, cwd=folders[0].parent))
    assert not set(edited) & (set(found[0]) | set(found[1]))
    assert len(Cache(own_cache).info().models) == 3


def test_a_second_run_encodes_nothing_and_loads_no_torch(xlbench_cli, own_cache, tmp_path):
    """With every vector in the cache, other results are the same numbers, and torch is not imported."""
    folder = checkpoints.sentence_transformer(tmp_path / "model")
    job = ["run", "--model", f"st:{folder}", *JOB, "--json"]
    first = scores(xlbench_cli(job))
    assert encoded(tmp_path / "results") > 0
    shutil.rmtree(tmp_path / "results")
    (tmp_path / "site" / "torch").mkdir(parents=True)
    (tmp_path / "site" / "torch" / "__init__.py").write_text("raise ImportError('torch is not needed here')\n")
    again = scores(xlbench_cli(job, pythonpath=[tmp_path / "site"]))
    assert again == first
    assert encoded(tmp_path / "results") == 0
    assert own_cache.is_dir()


def test_eight_runs_at_once_are_one(xlbench_cli, tmp_path):
    """Eight processes with one cache and one results folder give the board of one process, to the byte."""
    folder = checkpoints.sentence_transformer(tmp_path / "model")
    job: Sequence[str] = ["run", "--model", f"st:{folder}?name=small", "--model", "ngram", *JOB]
    (tmp_path / "serial").mkdir()
    (tmp_path / "shared").mkdir()

    def run(place: str, cache: str) -> Any:
        env = {**ONE_THREAD, "XLBENCH_CACHE": str(tmp_path / cache)}
        return xlbench_cli(job, cwd=tmp_path / place, env=env, timeout=600)

    serial = run("serial", "cache of one")
    assert serial.returncode == 0, serial.stderr
    with ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda _: run("shared", "cache of eight"), range(8)):
            assert done.returncode == 0, done.stderr
    assert tables(tmp_path / "shared" / "boards") == tables(tmp_path / "serial" / "boards")
    assert not Cache(tmp_path / "cache of eight").verify().damaged
