"""What the gate's rule does, by simulation on stored rows: false alarms and losses found.

    python tests/campaigns/proof_gate.py [TIMES]

Thirty tasks, each a cell of the published runs of two models, resampled to 200 to 2,000 items. Where the two real
models disagree on an item, each simulated run tosses a coin for it; where they agree, it answers as they do: two runs
without any true difference, which disagree where real models do. A loss of d points turns a share of right answers into
wrong ones. The gate's own code is the judge.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xlbench import stats
from xlbench.core.record import Cell, Run, Score
from xlbench.core.task import AREAS
from xlbench.reports.compare.matching import Matched
from xlbench.reports.gate.judge import outcome_of
from xlbench.reports.gate.paired_tests import PairedTests
from xlbench.reports.gate.policy import Policy
from xlbench.runs.store import Reader

RUNS = Path(__file__).parent.parent.parent / "leaderboards" / "runs"
TASKS = 30
SIZES = np.linspace(200, 2000, TASKS).astype(int)


@dataclass(frozen=True)
class Stored:
    """A cell's items: whether both real models have them right, and where they disagree."""

    right: np.ndarray
    apart: np.ndarray


def stored_rows(count: int = TASKS, root: Path = RUNS) -> list[Stored]:
    """Cells whose two models disagree on 8 to 25 items in a hundred: two simulated runs then do on half as many."""
    found = []
    reader = Reader()
    runs = {run.model: run for run in reader.find_runs(root)}
    for pair in (("ngram", "ngram-translit"), ("ngram-translit", "siamese-mini")):
        one, other = (runs[name] for name in pair)
        cells = {(cell.task, cell.subset): cell for cell in other.cells}
        for cell in one.cells:
            if cell.task == "mini-parallel":
                hits = [_hits(reader, cell, one), _hits(reader, cells[cell.task, cell.subset], other)]
                apart = hits[0] != hits[1]
                if 0.08 <= apart.mean() <= 0.25:
                    found.append(Stored(hits[0] & hits[1], apart))
    return sorted(found, key=lambda cell: float(cell.apart.mean()))[:count]


def _hits(reader: Reader, cell: Cell, run: Run) -> np.ndarray:
    """Of each item in the order of their ids, whether the answer is right."""
    items = reader.load_items(cell, Path(run.folder))
    assert cell.main is not None
    x = items.influence + cell.main.value  # of a share of hits: the hit
    return np.round(x[np.argsort(np.asarray(items.item_ids))]).astype(bool)


def drawn(rows: Sequence[Stored], random: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each task, resampled items: whether they are right for both, and whether they are a matter of chance."""
    picks = [random.integers(0, len(cell.right), size) for cell, size in zip(rows, SIZES, strict=False)]
    return [(cell.right[pick], cell.apart[pick]) for cell, pick in zip(rows, picks, strict=True)]


def answers(
    items: Sequence[tuple[np.ndarray, np.ndarray]], random: np.random.Generator, losses: Mapping[int, float]
) -> list[np.ndarray]:
    """The hits of one run; task number -> by how much it loses on average, as a share."""
    found = []
    for number, (right, apart) in enumerate(items):
        hits = right | (apart & (random.random(len(right)) < 0.5))
        expected = float((right + 0.5 * apart).mean())
        lost = min(1.0, losses.get(number, 0.0) / expected)
        found.append(hits & (random.random(len(right)) >= lost))
    return found


def fails(baseline: Sequence[np.ndarray], candidate: Sequence[np.ndarray], policy: Policy) -> bool:
    """Whether the gate finds a regression."""
    alpha = policy.alpha / policy.pushes
    places = [(f"task{number}", "eng") for number in range(len(baseline))]
    sides, cells = [], []
    for hits in (baseline, candidate):
        starts = np.cumsum([0, *map(len, hits)])
        sides.append({
            place: stats.part(float(x.mean()), x - x.mean(), np.arange(start, start + len(x)))
            for place, x, start in zip(places, hits, starts, strict=False)
        })  # fmt: skip
        cells.append({
            (task, subset): Cell("m", "f" * 64, task, AREAS[number % len(AREAS)], subset, (subset,), "ok",
                                 scores=(Score(0.5, metric="accuracy"),))
            for number, (task, subset) in enumerate(places)
        })  # fmt: skip
    tests = PairedTests(Matched(tuple(cells), ()), sides[0], sides[1], policy, alpha)
    return outcome_of(tests.run(), tests)[0] == "REGRESSION"


def alarms(rows: Sequence[Stored], times: int, policy: Policy, losses: float | None = None, seed: int = 0) -> float:
    """How often the gate fails a run: with ``losses`` everywhere, or (negative) in one task, another each time."""
    random = np.random.default_rng(seed)
    found = 0
    for time in range(times):
        items = drawn(rows, random)
        if losses is None:
            lost: dict[int, float] = {}
        else:
            lost = {time % len(rows): -losses} if losses < 0 else dict.fromkeys(range(len(rows)), losses)
        found += fails(answers(items, random, {}), answers(items, random, lost), policy)
    return found / times


def any_of_many(rows: Sequence[Stored], times: int, pushes: int, policy: Policy, seed: int = 0) -> float:
    """How often one of several unchanged pushes fails, all judged by one baseline on the same items."""
    random = np.random.default_rng(seed)
    found = 0
    for _ in range(times):
        items = drawn(rows, random)
        baseline = answers(items, random, {})
        found += any(fails(baseline, answers(items, random, {}), policy) for _ in range(pushes))
    return found / times


def lines(times: int) -> Iterator[str]:
    """The figures of docs/gate.md, a line each."""
    rows, usual, budget = stored_rows(), Policy(), Policy(pushes=20)
    apart = [50 * float(cell.apart.mean()) for cell in rows]
    yield (
        f"{len(rows)} tasks of {SIZES[0]} to {SIZES[-1]} items; two runs disagree on {min(apart):.0f} to "
        f"{max(apart):.0f}% of a task's items"
    )
    for what, policy in (("alpha .05", usual), ("alpha .01", Policy(alpha=0.01))):
        failed = np.mean([alarms(rows, times, policy, seed=seed) for seed in range(4)])
        yield f"no change, {what}: {100 * failed:.1f}% fail ({4 * times} times)"
    for what, policy, losses in (
        ("-1 point everywhere", usual, 0.01), ("one task -5 points", usual, -0.05),
        ("-1 point everywhere, budget of 20 pushes", budget, 0.01),
        ("one task -5 points, budget of 20 pushes", budget, -0.05),
    ):  # fmt: skip
        yield f"{what}: {100 * alarms(rows, times, policy, losses):.1f}% fail ({times} times)"
    few = max(10, times // 10)
    for what, policy in (("with a budget of 20", budget), ("without one", usual)):
        yield f"20 pushes, no change, {what}: {100 * any_of_many(rows, few, 20, policy):.1f}% fail once ({few} times)"


if __name__ == "__main__":
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
