"""What a reader should be warned of: notes that hold for the data, for one cell, or for a whole model.

From a `Table` to texts; numbering and layout are the formats'.
"""

from __future__ import annotations

from itertools import combinations

from xlbench.boards.averages import Entry
from xlbench.boards.gather import ModelKey, Table

ABOUT_THE_MODEL = "the model "
"""Notes that begin so (a declared leak) stay beside the model, even where all models have them."""
SMALL_N, SMALL_CLUSTERS = 50, 10
SMALL = (
    f"fewer than {SMALL_N} items or {SMALL_CLUSTERS} clusters: smaller than any test whose intervals were checked, "
    "so they are a rough guide"
)


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
    for one, other in combinations(table.models, 2):
        for text in _pair(one, other, table):
            notes[one][text] = notes[other][text] = None
    common = {
        (task, subset): set(shared(table, task, subset)) for task, subsets in table.plan.items() for subset in subsets
    }
    for (model, task, subset), texts in table.notes.items():
        notes[model] |= dict.fromkeys(text for text in texts if text not in common.get((task, subset), ()))
    return {model: tuple(texts) for model, texts in notes.items()}


def _pair(one: ModelKey, other: ModelKey, table: Table) -> list[str]:
    """What is suspicious about two models that stand side by side."""
    names = f"{table.labels[one]} and {table.labels[other]}"
    if one[1] == other[1]:
        return [f"{names} are one and the same model (equal fingerprints)"]
    twins, both = _twins(one, other, table)
    return [f"{names} have identical results, item by item, in {twins} of {both} subsets"] if twins else []


def _twins(one: ModelKey, other: ModelKey, table: Table) -> tuple[int, int]:
    """In how many subsets two models' items are the same to the byte, and how many subsets both have.

    Subsets where every item is right (or wrong) say nothing: there, all good (or bad) models are alike.
    """
    twins = both = 0
    for task, subsets in table.plan.items():
        for subset in subsets:
            places = (one, task, subset), (other, task, subset)
            if any(place in table.reasons for place in places):
                continue
            first, second = (table.cells[place] for place in places)
            both += 1
            value = first.main.value if first.main else None
            twins += bool(first.items_digest) and first.items_digest == second.items_digest and value not in (0, 1)
    return twins, both
