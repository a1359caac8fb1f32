"""What large pools and large test sets cost: 200,000 texts searched among as many, a million texts classified.

    python tests/campaigns/measure_scale.py retrieval 200000 out/scale
    python tests/campaigns/measure_scale.py classification 1000000 out/scale

Vectors are random, of 384 numbers, and lie in a file that is mapped into memory; the model looks them up. Peak memory
is what the process has held beside that file: the file's own pages are the system's, which takes them back at will.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import xlbench
from xlbench import EncodingSession, Subset
from xlbench.stats import Scorer
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols import classification, retrieval
from xlbench_tasks.protocols.aligned_texts import Pair
from xlbench_tasks.protocols.transfer import SubsetRecords

WIDTH = 384
LABELS = ("a", "b", "c", "d", "e")


def vectors_of(folder: Path, n: int) -> np.ndarray:
    """2 n vectors, mapped into memory: n candidates (or texts of labels), and n that are near to them."""
    path = folder / f"vectors-{n}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = np.lib.format.open_memmap(path.with_suffix(".part"), "w+", np.float32, (2 * n, WIDTH))
        random = np.random.default_rng(0)
        centers = random.standard_normal((len(LABELS), WIDTH), np.float32)
        for start in range(0, n, 1000):
            size = min(1000, n - start)
            own = random.standard_normal((size, WIDTH), np.float32) + 0.1 * centers[np.arange(start, start + size) % 5]
            made[start : start + size] = own
            made[n + start : n + start + size] = own + 3 * random.standard_normal((size, WIDTH), np.float32)
        made.flush()
        path.with_suffix(".part").rename(path)
    found: np.ndarray = np.load(path, mmap_mode="r")
    return found


class Mapped:
    """Looks up the vectors of texts that are numbers."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str], role: xlbench.Role | None = None) -> np.ndarray:
        """The vectors (n, d) of n texts."""
        return np.asarray(self._vectors[np.fromiter(map(int, texts), np.int64, len(texts))])


def pair_of(n: int) -> Subset:
    """n queries, and the candidate of each."""
    names = [str(row) for row in range(2 * n)]
    ids = tuple(names[:n])
    pair = Pair(ids, ids, tuple(names[n:]), ids, (), {})
    return Subset("eng-hin", ("eng", "hin"), n=n, load=lambda: pair)


def labeled(n: int) -> Subset:
    """n test texts of five labels, and 10,000 others to learn from."""

    def part(rows: range) -> Records:
        names = tuple(str(row) for row in rows)
        return Records(names, names, {"text": names, "label": tuple(LABELS[row % n % 5] for row in rows)})

    parts = SubsetRecords("scale", "eng", {"eng": part(range(n, n + 10_000))}, {}, part(range(n)))
    return Subset("eng", ("eng",), n=n, load=lambda: parts)


class Peak:
    """The most memory that the process has held by itself while a block runs, in bytes (Linux)."""

    def __enter__(self) -> Peak:
        self.most, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, anonymous())


def anonymous() -> int:
    """Bytes in memory that lie in no file."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not say what memory lies in no file")


PROTOCOLS: dict[str, tuple[Callable[[int], Subset], Callable[..., xlbench.Outcome], Callable[..., Any], Any]] = {
    "retrieval": (pair_of, retrieval.evaluate, retrieval.metrics, {}),
    "classification": (labeled, classification.evaluate, classification.metrics, {"labels": list(LABELS)}),
}


def main(name: str, n: int, folder: Path) -> None:
    """Measure one protocol, and print what it took."""
    make, evaluate, metrics, options = PROTOCOLS[name]
    subset = make(n)
    assert subset.load is not None
    subset.load()
    session = EncodingSession(Mapped(vectors_of(folder, n)), memory_bytes=16 << 30)
    began = time.monotonic()
    session.compared = lambda done, total: print(  # noqa: T201 - what a person waits for
        f"{done / total:.1%} {time.monotonic() - began:.0f} s", file=sys.stderr
    )
    before, processor = anonymous(), time.process_time()
    with Peak() as peak:
        outcome = evaluate(subset, session, options)
    vectors = session._source._texts[None].nbytes
    protocol = time.process_time() - processor
    with Peak() as scoring:
        scorer = Scorer(seed=0)
        scores = [scorer.score(metric, outcome.columns)[0] for metric in metrics(options)]
    print(  # noqa: T201
        json.dumps({
            "protocol": name, "n": n, "vectors_bytes": vectors, "peak_bytes": peak.most - before,
            "beyond_vectors_bytes": peak.most - before - vectors, "processor_seconds": protocol,
            "scoring_peak_bytes": scoring.most - before, "scoring_seconds": time.process_time() - processor - protocol,
            "items": len(outcome.item_ids), scores[0].metric: [scores[0].value, scores[0].low, scores[0].high],
        })
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
