"""Runs of many kinds in one process, and what each leaves of other libraries' state: printed as JSON, a name a run."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import checkpoints
from forking import LIBRARIES, OF_CHECKPOINTS
from library_state import differences, state

import xlbench

ISL = {"languages": ["isl"], "cache": "cache"}

CARD = """
name = "sentences"
area = "retrieval"
protocol = "retrieval"
description = "Find a sentence's translation"
license = "CC0-1.0"
languages = ["eng", "tur"]
[data]
reader = "hub"
repo = "org/name"
split = "test"
fields = { text = "{language}" }
"""


def write_card() -> None:
    """A card, and its data as a data set of the hub lies in a folder."""
    Path("sentences.toml").write_text(CARD, encoding="utf-8")
    lines = [json.dumps({"eng": f"this is {n}", "tur": f"bu {n}"}) for n in range(9)]
    data = Path("data", "org", "name", "data", "test.jsonl")
    data.parent.mkdir(parents=True)
    data.write_text("\n".join(lines), encoding="utf-8")


def run(*models: str | Path, **more: object) -> None:
    """Score models on two tasks, or as ``more`` says."""
    settings = {"tasks": ["mini-parallel", "mini-news"], "results": "results", **ISL, **more}
    results = xlbench.run([str(model) for model in models], **settings)  # type: ignore[arg-type]
    cells = [cell for run in results for cell in run.cells]
    assert {cell.status for cell in cells} == {"ok"}, [cell.reason for cell in cells]


def refused(model: str) -> None:
    """A run that ends before it has begun."""
    try:
        run(model)
    except xlbench.UsageError:
        return
    raise AssertionError(f"{model} is scored")


def judge() -> None:
    """What is read from saved runs: a comparison, a gate, boards and a picture."""
    saved = xlbench.load("others")
    baseline, candidate = saved.runs
    xlbench.compare(baseline, candidate)
    xlbench.gate(baseline, candidate)
    xlbench.board("others")
    saved.plot("standings", "standings.svg")


def kinds() -> Mapping[str, Callable[[], object]]:
    """What is done, by its name; checkpoints are built before."""
    sentences = checkpoints.sentence_transformer(Path("sentences"))
    static = checkpoints.static(Path("static"))
    bert = checkpoints.bert(Path("bert"))
    pickled = checkpoints.pickle_only(Path("pickled"))
    damaged = checkpoints.bert(Path("damaged"))
    (damaged / "model.safetensors").write_bytes(b"none")
    write_card()
    return {
        "baselines": lambda: run("random", "ngram"),
        "sentence-transformers": lambda: run(f"st:./{sentences}"),
        "static vectors": lambda: run(f"st:./{static}"),
        "transformers": lambda: run(f"hf:./{bert}", tasks=["mini-parallel", "mini-ner"]),
        "a pickle, offline": lambda: run(f"hf:./{pickled}", offline=True, allow_pickle=True),
        "damaged weights": lambda: refused(f"hf:./{damaged}"),
        "a wrong name": lambda: refused("nothing-of-this-name"),
        "processes": lambda: run("random", "ngram", results="others", engine="processes", workers=2),
        "a folder of the hub": lambda: run(
            "random", tasks=["./sentences.toml"], languages=(), results="folder", data="data"
        ),
        "a curve": lambda: xlbench.curve(
            ["random"], ["mini-sentiment"], train_sizes=[20, "all"], results="curve", **ISL
        ),
        "a fetch": lambda: xlbench.fetch(["random"], dry_run=True),
        "a judgment": judge,
    }


def main() -> None:
    for name in (*LIBRARIES, *OF_CHECKPOINTS, "datasets", "huggingface_hub", "matplotlib.figure", "model2vec"):
        importlib.import_module(name)  # what importing a library changes is that library's own
    left = {}
    for name, do in kinds().items():
        before = state()
        do()
        left[name] = differences(before)
    sys.stdout.write(json.dumps(left))


if __name__ == "__main__":
    main()
