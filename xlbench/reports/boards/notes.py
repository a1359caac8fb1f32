"""Warnings on a board: about data, cells and models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xlbench.core.record import ALIKE, LAG_ONE, Cell, number_fact
from xlbench.reports.boards.averages import Entry
from xlbench.reports.boards.gather import ModelKey, Table

ABOUT_THE_MODEL = "the model "
"""Notes that begin so (a declared leak) stay beside the model, even where all models have them."""
SMALL_N, SMALL_CLUSTERS = 50, 10
SMALL = (
    f"fewer than {SMALL_N} items or {SMALL_CLUSTERS} clusters: smaller than any test whose intervals were checked, "
    "so they are a rough guide"
)


@dataclass(frozen=True)
class DataLine:
    """What is odd about the data of one subset. None is what nobody counted, which is not 0."""

    area: str
    task: str
    subset: str
    n: int
    """Items that were scored."""
    test_in_train: int | None = None
    """Test items whose text is in the training set too."""
    test_duplicates: int | None = None
    """Test items whose text has occurred in the test before."""
    train_duplicates: int | None = None
    tiny_classes: int | None = None
    """Classes that occur in the test, but in fewer than 10 items."""
    repairs: int | None = None
    """Damaged tags and rows of the test that its reader repaired."""
    train_repairs: int | None = None
    entities: int | None = None
    """Entities in the test as its data set marks them, of whatever type."""
    entities_dropped: int | None = None
    """Those of them whose types the card lets count as no entities."""
    candidates: int | None = None
    """Different texts that a query is held against."""
    repeated_candidates: int | None = None
    tie_rate_low: float | None = None
    """Share of queries with a rival exactly as near as the target, in the model that has fewest."""
    tie_rate_high: float | None = None
    """The same in the model that has most."""
    lost_items: int | None = None
    """Items of two languages that the other one lacks, and that are left out."""
    lag_one: float | None = None
    """The lag-1 correlation of influences where it is no chance (the note `ALIKE`): the highest of the models'."""

    @property
    def is_odd(self) -> bool:
        """Whether a reader should know of it."""
        counts = (self.test_in_train, self.test_duplicates, self.train_duplicates, self.tiny_classes, self.repairs,
                  self.train_repairs, self.entities_dropped, self.repeated_candidates, self.tie_rate_high,
                  self.lost_items, self.lag_one)  # fmt: skip
        return any(counts)


COUNTED = (
    "test_in_train", "test_duplicates", "train_duplicates", "tiny_classes", "repairs", "train_repairs", "entities",
    "entities_dropped", "candidates", "repeated_candidates", "lost_items",
)  # fmt: skip
"""Facts of cells that are about the data, and so the same for all models."""
TIE_RATE = "tie_rate"


def of_data(table: Table) -> tuple[DataLine, ...]:
    """A line a subset, areas and tasks in the board's order; from the facts of the cells that count."""
    return tuple(
        _data_line(area, task, subset, table)
        for area, tasks in table.areas.items()
        for task in tasks
        for subset in table.plan[task]
    )


def _data_line(area: str, task: str, subset: str, table: Table) -> DataLine:
    places = [place for model in table.models if (place := (model, task, subset)) not in table.reasons]
    cells = [table.cells[place] for place in places]
    # Cells that were saved before their protocol counted something know nothing of it: the others say.
    counts = {name: max(known) for name in COUNTED if (known := list(_numbers(name, cells)))}
    ties = list(_numbers(TIE_RATE, cells))
    alike = _numbers(LAG_ONE, [cell for cell in cells if ALIKE in cell.notes])
    return DataLine(
        area, task, subset,
        n=max((cell.main.n for cell in cells if cell.main), default=0),
        **{name: int(count) for name, count in counts.items()},
        tie_rate_low=min(ties, default=None),
        tie_rate_high=max(ties, default=None),
        lag_one=max(alike, default=None),
    )  # fmt: skip


def _numbers(name: str, cells: Sequence[Cell]) -> Iterable[float]:
    """A fact of the cells that have it, as a number."""
    for cell in cells:
        if name in cell.facts and (value := number_fact(cell, name)) is not None:
            yield value


def is_small(entry: Entry) -> bool:
    """Whether a score rests on fewer items or clusters than the coverage of intervals was measured with."""
    return entry.value is not None and (entry.n < SMALL_N or entry.clusters < SMALL_CLUSTERS)


def shared(table: Table, task: str, subset: str) -> tuple[str, ...]:
    """Notes that all models' cells of a subset have: they are about the data, so they stand beside it, once."""
    scored = [place for model in table.models if (place := (model, task, subset)) in table.cells
              and place not in table.reasons]  # fmt: skip
    if len(scored) < 2:
        return ()
    common = set.intersection(*(set(table.notes[place]) for place in scored))
    notes = tuple(sorted(note for note in common if not note.startswith(ABOUT_THE_MODEL)))
    scores = [table.cells[place].main for place in scored]
    small = all(score and (score.n < SMALL_N or score.clusters < SMALL_CLUSTERS) for score in scores)
    return (*notes, SMALL) if small else notes


def by_model(table: Table) -> dict[ModelKey, tuple[str, ...]]:
    """For every model the warnings that belong beside its name, each once: about the model, then its cells' own."""
    notes: dict[ModelKey, dict[str, None]] = {model: {} for model in table.models}
    for models, text in (*_same_content(table), *_identical_results(table)):
        for model in models:
            notes[model][text] = None
    common = {
        (task, subset): set(shared(table, task, subset)) for task, subsets in table.plan.items() for subset in subsets
    }
    for (model, task, subset), texts in table.notes.items():
        notes[model] |= dict.fromkeys(text for text in texts if text not in common.get((task, subset), ()))
    return {model: tuple(texts) for model, texts in notes.items()}


def _same_content(table: Table) -> Iterator[tuple[tuple[ModelKey, ...], str]]:
    """Models of one content under several names: each group once."""
    groups: dict[str, list[ModelKey]] = {}
    for model in table.models:
        groups.setdefault(model[1], []).append(model)
    for models in groups.values():
        if len(models) > 1:
            yield tuple(models), f"{_labels_of(models, table)} are one and the same model (equal fingerprints)"


def _identical_results(table: Table) -> Iterator[tuple[tuple[ModelKey, ...], str]]:
    """Models of different content with the same items to the byte: each group once, with how many subsets that is so.

    Subsets where every item is right (or wrong) say nothing: there, all good (or bad) models are alike.
    """
    counts: Counter[tuple[ModelKey, ...]] = Counter()
    for task, subsets in table.plan.items():
        for subset in subsets:
            counts.update(_identical_models(task, subset, table))
    for models, count in counts.items():
        both = sum(
            all((model, task, subset) not in table.reasons for model in models)
            for task, subsets in table.plan.items()
            for subset in subsets
        )
        yield models, f"{_labels_of(models, table)} have identical results, item by item, in {count} of {both} subsets"


def _identical_models(task: str, subset: str, table: Table) -> Iterator[tuple[ModelKey, ...]]:
    """Groups of models with the same items in one subset; copies under several names are `_same_content`'s."""
    groups: dict[str, list[ModelKey]] = {}
    for model in table.models:
        place = model, task, subset
        cell = table.cells[place] if place not in table.reasons else None
        if cell and cell.items_digest and cell.main and cell.main.value not in (0, 1):
            groups.setdefault(cell.items_digest, []).append(model)
    yield from (tuple(models) for models in groups.values() if len({fingerprint for _, fingerprint in models}) > 1)


def _labels_of(models: Sequence[ModelKey], table: Table) -> str:
    *most, last = (table.labels[model] for model in models)
    return f"{', '.join(most)} and {last}"
