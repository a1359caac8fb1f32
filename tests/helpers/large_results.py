"""Makes a results folder of any size from published packs: every new cell's items are drawn from those of its subset.

    python tests/helpers/large_results.py OUT [--models 500] [--subsets 200] [--items 200] [--packs PACKS]

A model answers each item as one of the packed models does, a better one the more often the better it is itself. Values
and influences are computed from the items, as in a run, and intervals from the influences. Nothing is flushed to the
disk. Tasks take turns in sharing their items among subsets, as parallel data does, and in having new ones in each.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xlbench import catalog, stats
from xlbench.core.record import Cell, Run
from xlbench.core.task import Metric
from xlbench.runs.items import Items
from xlbench.runs.store import Reader, Store
from xlbench.stats import rows

PACKS = Path(__file__).parents[2] / "leaderboards" / "runs"
SUITE = "large"


@dataclass(frozen=True)
class Template:
    """One subset as the packed models have scored it, over the same items."""

    cells: tuple[Cell, ...]
    items: tuple[Items, ...]
    metrics: tuple[Metric, ...]


def templates(packs: Path) -> list[Template]:
    """The subsets that all packed runs have scored, one of every task in turn."""
    tasks = catalog.load().tasks
    reader = Reader()
    runs = reader.find_runs(packs)
    by_place = [{(cell.task, cell.subset): cell for cell in run.cells if cell.status == "ok"} for run in runs]
    of_task: dict[str, list[Template]] = {}
    for place in sorted(set.intersection(*(set(one) for one in by_place))):
        cells = tuple(one[place] for one in by_place)
        items = tuple(reader.load_items(cell, Path(run.folder)) for cell, run in zip(cells, runs, strict=True))
        if place[0] in tasks and all([*one.item_ids] == [*items[0].item_ids] for one in items):
            of_task.setdefault(place[0], []).append(Template(cells, items, tuple(tasks[place[0]].metrics)))
    turns = max(map(len, of_task.values()))
    return [own[turn] for turn in range(turns) for own in of_task.values() if turn < len(own)]


@contextmanager
def unflushed() -> Iterator[None]:
    """Files are written, and nobody waits for the disk."""
    kept, os.fsync = os.fsync, lambda descriptor: None
    try:
        yield
    finally:
        os.fsync = kept


def make(root: Path, models: int, subsets: int, items: int, packs: Path = PACKS) -> None:
    """Write the runs of so many models into a results folder, each with cells of so many subsets of so many items."""
    store, known = Store(root), templates(packs)
    with unflushed():
        for number in range(models):
            name = f"model-{number:03}"
            fingerprint = hashlib.sha256(name.encode()).hexdigest()
            cells = []
            for place in range(subsets):
                cell, items_of_cell = _cell(known, place, items, number / models)
                cells.append(store.save_cell(replace(cell, model=name, fingerprint=fingerprint), items_of_cell))
            plan: dict[str, tuple[str, ...]] = {}
            for cell in cells:
                plan[cell.task] = (*plan.get(cell.task, ()), cell.subset)
            store.save_manifest(Run(name, fingerprint, tuple(cells), plans={SUITE: plan}, parameters=10**6 + number))


def _cell(known: Sequence[Template], place: int, count: int, weakness: float) -> tuple[Cell, Items]:
    """The cell of a subset for a model, and its items."""
    template, again = known[place % len(known)], place // len(known)
    first, source = template.cells[0], template.items[0]
    subset = first.subset + (f"_{again}" if again else "")
    shared = sorted({one.cells[0].task for one in known}).index(first.task) % 2 == 0
    draws = np.random.default_rng([7, len(first.task)] if shared else [7, place])
    drawn = draws.integers(0, len(source.item_ids), count)
    luck = np.random.default_rng([11, place]).random(count) * 0.7
    luck += np.random.default_rng([13, place, round(1e6 * weakness)]).random(count) * 0.3
    order = sorted(range(len(template.cells)), key=lambda one: -(_value(template.cells[one]) or 0.0))
    chosen = np.array(order)[(np.clip(luck + weakness - 0.5, 0, 0.999) * len(order)).astype(int)]
    columns = {name: np.stack([one.columns[name] for one in template.items])[chosen, drawn] for name in source.columns}
    columns |= {name: columns[name] % count for name in ("row", "mteb_row") if name in columns}  # places of items
    home = first.task if shared else f"{first.task}:{subset}"
    ids = [f"{home}:{item:04}" for item in range(count)]
    data = hashlib.sha256(f"{first.task} {subset}".encode()).hexdigest()
    return _scored(replace(first, subset=subset, data_fingerprint=data), template.metrics, columns, ids)


def _value(cell: Cell) -> float | None:
    return cell.main.value if cell.main else None


def _scored(
    cell: Cell, metrics: Sequence[Metric], columns: dict[str, np.ndarray], ids: list[str]
) -> tuple[Cell, Items]:
    """The cell with the values of these items, and the items with their influence on the main metric."""
    scorer = stats.Scorer(ci="jackknife")
    found = [
        scorer.score(metric, columns, content=cell.subset, chance=old.chance)
        for metric, old in zip(metrics, cell.scores, strict=True)
    ]
    scores = tuple(score for score, _ in found)
    seeds = rows.seed_values(metrics[0], columns, scores[0].value or 0.0)
    cell = replace(cell, scores=scores, seeds=dict(zip(cell.seeds, seeds.tolist(), strict=True)))
    return cell, Items(ids, ids, columns, found[0][1])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--subsets", type=int, default=200)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--packs", type=Path, default=PACKS)
    given = parser.parse_args()
    make(given.out, given.models, given.subsets, given.items, given.packs)
    sys.stdout.write(f"wrote {given.out}\n")


if __name__ == "__main__":
    main()
