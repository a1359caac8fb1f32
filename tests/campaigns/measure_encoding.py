"""What encoding costs in a run: beside plain sentence-transformers, beside mteb, and beside all else that a run does.

    python tests/campaigns/measure_encoding.py out/real/all-MiniLM-L6-v2 --data shared/data
    python tests/campaigns/measure_encoding.py out/real/all-MiniLM-L6-v2 --data shared/data --texts 40 --rows 40

The tasks are SIB-200's topics, told and as groups, in five languages, and four pairs of NTREX with English. Seconds are
the processor's, user and system, in one thread; what is compared takes turns in one process. ``--part`` measures less:
``plain``, ``mteb``, ``mini`` (three models without weights, from process to process) or ``ray`` (two workers beside
none, by the clock: only on a machine with two free cores does that say much).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent / "helpers"))

import numpy as np
from encoding_suite import LANGUAGES, Texts, mteb_suite

import xlbench
from xlbench import catalog

TASKS = ["sib200-news", "sib200-clustering", "ntrex"]
PIECE = 8 * 32
"""Texts of plain encoding at a time: whole batches of the library."""
MINI = ["ngram", "ngram-translit", "random"]


# ---- what is measured


def seconds_of(way: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor that a call takes, and what it returns."""
    started = time.process_time()
    with contextlib.redirect_stderr(io.StringIO()):
        result = way()
    return time.process_time() - started, result


class InTurns:
    """Plain encoding of texts, a piece at a time: the library sorts them by length, and so are pieces cut here, so that
    its batches are those of one call."""

    def __init__(self, encode: Callable[[list[str]], Any], calls: Sequence[list[str]]) -> None:
        ordered = [sorted(texts, key=len, reverse=True) for texts in calls]
        self._pieces = [texts[start : start + PIECE] for texts in ordered for start in range(0, len(texts), PIECE)]
        self._encode, self._total, self._done = encode, sum(map(len, calls)), 0
        self.seconds = 0.0
        self.vectors: dict[str, np.ndarray] = {}

    def go_on(self, share: float) -> None:
        """Encode until this share of all texts is done."""
        while self._pieces and self._done < share * self._total:
            piece = self._pieces.pop(0)
            seconds, vectors = seconds_of(partial(self._encode, piece))
            self.seconds += seconds
            self._done += len(piece)
            self.vectors.update(zip(piece, vectors, strict=True))


class Watched:
    """A model of the catalog whose loading and encoding are timed; after each call the others have their turn."""

    def __init__(self, spec: str, total: int, others: Sequence[InTurns]) -> None:
        self._model = catalog.load().select_models([spec])[0]
        self._total, self._others = total, others
        self.loading = self.encoding = 0.0
        self.vectors: dict[str, np.ndarray] = {}

    def model(self) -> xlbench.Model:
        """The model, which tells this object what it does."""
        return replace(self._model, load=self._load)

    def _load(self) -> Any:
        self.loading, encoder = seconds_of(self._model.load)
        inner = encoder.encode

        def encode(texts: Sequence[str], role: xlbench.Role | None = None) -> Any:
            seconds, vectors = seconds_of(partial(inner, texts, role=role))
            self.encoding += seconds
            self.vectors.update(zip(texts, vectors, strict=True))
            for other in self._others:
                other.go_on(len(self.vectors) / self._total)
            return vectors

        encoder.encode = encode
        return encoder


def by_xlbench(model: xlbench.Model, texts: Texts) -> int:
    """The whole run without a cache, with its board; how many cells it has."""
    with tempfile.TemporaryDirectory() as folder:
        found = xlbench.run([model], TASKS, data=texts.root, results=folder, cache=False, languages=list(LANGUAGES))
        cells = [cell for run in found for cell in run.cells if cell.status != "skipped"]
        assert {cell.status for cell in cells} == {"ok"}, {cell.reason for cell in cells}
        xlbench.board(folder)
    return len(cells)


def plain(folder: str, texts: Texts, rounds: int) -> Iterator[tuple[str, Any]]:
    """A run beside plain encoding in one call and in a call a language, which take turns with its calls."""
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(folder, device="cpu")
    encode = partial(library.encode, show_progress_bar=False)
    every = texts.all()
    for _ in range(rounds):
        once = InTurns(encode, [every])
        by_language = InTurns(encode, [texts.of(language) for language in LANGUAGES])
        watched = Watched(f"st:{folder}", len(every), [once, by_language])
        seconds, cells = seconds_of(partial(by_xlbench, watched.model(), texts))
        own = seconds - once.seconds - by_language.seconds
        once.go_on(1)
        by_language.go_on(1)
        apart = max(float(np.abs(once.vectors[text] - vector).max()) for text, vector in watched.vectors.items())
        yield "unique texts; encoded by the run; cells", (len(every), len(watched.vectors), cells)
        yield "vectors differ at most by", apart
        yield "seconds: encoding, one call, a call a language", (watched.encoding, once.seconds, by_language.seconds)
        yield "seconds: run, loading", (own, watched.loading)
        yield "encoding / one call", watched.encoding / once.seconds
        yield "encoding / a call a language", watched.encoding / by_language.seconds
        yield "outside encoding and loading / run", (own - watched.encoding - watched.loading) / own


# ---- beside mteb


def beside_mteb(folder: str, texts: Texts, rounds: int) -> Iterator[tuple[str, Any]]:
    """A run of ``mteb:`` names, which mteb scores, beside ``mteb.evaluate``; the model is loaded by both."""
    import mteb
    from mteb.get_tasks import _TASKS_REGISTRY
    from sentence_transformers import SentenceTransformer

    suite = mteb_suite(texts)
    _TASKS_REGISTRY.update(suite)

    def by_mteb() -> dict[str, float]:
        model = SentenceTransformer(folder, device="cpu")
        tasks = [kind() for kind in suite.values()]
        found = mteb.evaluate(model, tasks, cache=None, co2_tracker=False, show_progress_bar=False)
        return {
            f"{one.task_name} {score['hf_subset']}": score["main_score"]
            for one in found.task_results for score in one.scores["test"]
        }  # fmt: skip

    def ours() -> list[Any]:
        with tempfile.TemporaryDirectory() as results:
            names = [f"mteb:{name}?protocol=mteb" for name in suite]
            return [
                cell for run in xlbench.run(f"st:{folder}", names, results=results, cache=False) for cell in run.cells
            ]

    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in (("run of mteb: names", ours), ("mteb.evaluate", by_mteb)):
            seconds, result = seconds_of(way)
            best[name] = min(best.get(name, seconds), seconds)
            if way is ours:
                cells = result
    values = sorted(cell.main.value for cell in cells)
    apart = max(abs(one - other) for one, other in zip(values, sorted(result.values()), strict=True))
    yield "mteb", mteb.__version__
    yield "scores; differ at most by", (len(values), apart)
    yield "texts encoded by the run", sum(cell.encoded for cell in cells)
    yield "seconds", best
    yield "run / mteb.evaluate", best["run of mteb: names"] / best["mteb.evaluate"]


# ---- from process to process


def command(*words: str) -> tuple[float, float]:
    """Seconds by the clock, and of the processor, of ``xlbench run`` with a results folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        before, started = os.times(), time.perf_counter()
        full = [sys.executable, "-m", "xlbench", "run", *words, "--no-cache", "-q", "--results", f"{folder}/results"]
        subprocess.run(full, check=True)
        after, clock = os.times(), time.perf_counter() - started
    return clock, sum(after[2:4]) - sum(before[2:4])  # user and system, of children


def mini(folder: str, texts: Texts, rounds: int) -> Iterator[tuple[str, Any]]:
    """The suite mini with three models that have no weights."""
    models = [word for name in MINI for word in ("--model", name)]
    taken = [command(*models, "--suite", "mini") for _ in range(rounds)]
    yield "mini, three models: (clock, processor)", (*map(min, zip(*taken, strict=True)), f"load {os.getloadavg()[0]}")


def ray(folder: str, texts: Texts, rounds: int) -> Iterator[tuple[str, Any]]:
    """Ray with two workers beside the serial engine."""
    words = [
        "--model",
        f"st:{folder}",
        *(word for task in TASKS for word in ("--task", task)),
        "--data",
        str(texts.root),
    ]
    words += [word for language in LANGUAGES for word in ("--language", language)]
    for _ in range(rounds):
        serial, both = command(*words), command(*words, "--engine", "ray", "--workers", "2")
        yield "serial, ray: (clock, processor)", (serial, both, f"load {os.getloadavg()[0]}")
        yield "times faster by the clock", serial[0] / both[0]


PARTS = {"plain": plain, "mteb": beside_mteb, "mini": mini, "ray": ray}


def main(given: Sequence[str] | None = None) -> None:
    """Measure the parts that were asked for, and print a line of JSON for each figure."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a sentence-transformers folder")
    parser.add_argument("--data", type=Path, required=True, help="the data root with sib200 and ntrex")
    parser.add_argument("--part", choices=PARTS, action="append", help="what to measure (repeatable); none: all")
    parser.add_argument("--texts", type=int, default=10_000, help="of each split of SIB-200, at most")
    parser.add_argument("--rows", type=int, default=400, help="of NTREX")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args(given)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        small = Texts(asked.data, Path(folder) / "small", 24, 20)
        for part in set(asked.part or PARTS) & {"plain", "mteb"}:
            list(PARTS[part](asked.model, small, 1))  # what there is to import is imported
        texts = Texts(asked.data, Path(folder) / "texts", asked.texts, asked.rows)
        for part in asked.part or PARTS:
            for name, figure in PARTS[part](asked.model, texts, asked.rounds):
                print(json.dumps({"part": part, name: figure}, default=str), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
