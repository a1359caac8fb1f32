"""The study of docs/studies/indian-ner.md: taggers of four Indian languages, trained alone, together, one after the
other and one from another, and scored on each other's languages.

    python tests/campaigns/study_indian_ner.py out/real/multilingual-e5-small-q4 out/indian-ner

What is finished is not done again, so that it can be stopped and started. ``tables.md`` in the folder has the tables.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

from tables_indian_ner import tables

import xlbench
from xlbench import catalog
from xlbench_train.tagger.recipe import TrainingRequest, run_recipe
from xlbench_train.tagger.settings import Settings
from xlbench_train.training import output_folder
from xlbench_train.training.terminal import Terminal

LANGUAGES = ("ory", "hin", "urd", "tel")
"""By their training sentences, the most first: the order of the progressive training."""

CALM: dict[str, object] = {"learning_rate": 3e-4}
"""For Odia alone and what begins with it, which at 5e-4 have learned to call nothing an entity."""


def plan(base: str, size: int) -> dict[str, tuple[str, tuple[str, ...], dict[str, object]]]:
    """Model -> its base, its tasks and what else it is trained with, in an order in which bases come first."""
    every = f"il-ner:{','.join(LANGUAGES)}"
    alone = {code: (base, (f"il-ner:{code}",), CALM if code == "ory" else {}) for code in ("hin", "urd", "tel", "ory")}
    return {
        **alone,
        "hin-tel": ("hin", ("il-ner:tel",), {}),
        "hin-urd": ("hin", ("il-ner:urd",), {}),
        "joint": (base, (every,), {}),
        f"hin-{size // 3}": (base, ("il-ner:hin",), {"train_size": size // 3}),
        f"hin-{2 * size}": (base, ("il-ner:hin",), {"train_size": 2 * size}),
        "progressive": (base, (every,), {"progressive": True} | CALM),
    }


def within(task: xlbench.Task) -> xlbench.Task:
    """The task with the subsets alone that learn within a language: a tagger's score is that of all others, too."""
    subsets = task.subsets
    return replace(task, subsets=lambda data: [one for one in subsets(data) if ">" not in one.name], download=None)


def main() -> None:
    """Train, score, and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--limit", type=int, default=480)
    given = parser.parse_args()
    data = Path(os.environ["XLBENCH_DATA"])
    loaded = catalog.load()
    (task,) = loaded.select_tasks(["il-ner"])
    terminal = Terminal(quiet=False)
    common = {
        "dev_size": 80, "batch_size": 4, "epochs": given.epochs, "learning_rate": given.learning_rate, "patience": 0,
    }  # fmt: skip
    for name, (base, tasks, more) in plan(given.base, given.size).items():
        folder = given.out / "models" / name
        if not output_folder.is_finished(folder):
            own = str(given.out / "models" / base) if base in LANGUAGES else base
            layers = {} if base in LANGUAGES else {"layers": given.layers}
            asked = {"train_size": given.size, **common, **layers, **more}
            settings = Settings(own, tasks, folder, device="cpu", **asked)
            started = time.perf_counter(), time.process_time()
            request = TrainingRequest(settings, loaded, data, resume=output_folder.is_begun(folder), report=False)
            run_recipe(request, terminal)
            seconds = time.perf_counter() - started[0], time.process_time() - started[1]
            terminal.say(f"{name}: {seconds[0]:.0f} seconds, {seconds[1]:.0f} of a processor")
        score(f"tagger:{folder.resolve()}?name={name}&device=cpu", task, given, terminal)
    score(f"hf:{Path(given.base).resolve()}?name=probe&device=cpu", task, given, terminal)
    tables(given.out, given.limit)


def score(spec: str, task: xlbench.Task, given: argparse.Namespace, terminal: Terminal) -> None:
    """Score a model on the first test sentences of every language; a probe learns from as many training sentences."""
    (run,) = xlbench.run(
        [spec], [within(task)], data=os.environ["XLBENCH_DATA"], results=given.out / "results", limit=given.limit,
        cache=given.out / "cache",
    )  # fmt: skip
    terminal.say(
        f"{run.model}: " + ", ".join(f"{cell.subset} {cell.main.value:.3f}" for cell in run.cells if cell.main)
    )


if __name__ == "__main__":
    main()
