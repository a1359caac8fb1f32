"""Trainings of small bases: the command as typed, the recipe as called, and a process that is killed on the way."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import checkpoints
import pytest
from conftest import environment

from xlbench import catalog
from xlbench_train.siamese.settings import Settings
from xlbench_train.training import micro_batches
from xlbench_train.training.terminal import Terminal

PAIRS = "card:mini-parallel:eng-hin,eng-tur"
FEW = "card:mini-parallel:eng-hin"
QUICK = ["--epochs", "2", "--batch-size", "32", "--learning-rate", "1e-3", "--device", "cpu"]

KILLED = """
import os, signal, sys

def watch(event, arguments):
    if event == "os.rename" and os.path.basename(os.fsdecode(arguments[1])) == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
from xlbench.cli import main
main(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums are in one order in this process and in others; and what the libraries hold is not looked through for
    garbage, which takes longer than to train a small base."""
    import sentence_transformers
    import torch

    assert sentence_transformers
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    torch.set_num_threads(threads)


@pytest.fixture
def whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch goes through at a time, as on a graphics card, where a test is not about its parts."""
    monkeypatch.setattr(micro_batches, "CPU_MICRO_BATCH", 32)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small transformer in a folder of sentence-transformers."""
    return checkpoints.sentence_transformer(tmp_path_factory.mktemp("bases") / "base")


def command(arguments: Sequence[object], recipe: str = "siamese") -> subprocess.CompletedProcess[str]:
    """What the command does, in this process, which has the libraries loaded."""
    from xlbench.cli import main

    out, err = io.StringIO(), io.StringIO()
    typed = ["xlbench", "train", recipe, *map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", typed)
        with pytest.raises(SystemExit) as ended:
            main(typed[1:])
    return subprocess.CompletedProcess(typed, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def killed_before(name: str, arguments: Sequence[object], recipe: str = "siamese") -> subprocess.CompletedProcess[str]:
    """What the command does in a process that is killed (by SIGKILL) just before a file ``name`` gets its name."""
    typed = [sys.executable, "-c", KILLED, name, "train", recipe, *map(str, arguments)]
    variables = environment([], {"OMP_NUM_THREADS": "1"})
    return subprocess.run(typed, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=600)


def asked(base: Path | str, out: Path, **more) -> Settings:
    """Settings of a short training."""
    given = {"objective": "contrastive", "epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "device": "cpu"}
    return Settings(str(base), (FEW,), out, **(given | more))


def run_recipe(settings: Settings, **more: bool) -> int:
    """The recipe's exit code, without a report unless it is asked for; ``more``: resume, dry_run, report."""
    from xlbench_train.siamese.recipe import TrainingRequest, run_recipe

    request = TrainingRequest(
        settings, catalog.load(), None, ["xlbench", "train", "siamese"], **{"report": False, **more}
    )
    return run_recipe(request, Terminal(quiet=True))


def history(out: Path) -> list[list[str]]:
    """The rows of the history."""
    return [row.split(",") for row in (out / "training/history.csv").read_text("utf-8").splitlines()[1:]]
