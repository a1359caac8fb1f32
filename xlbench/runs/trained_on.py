"""Counts a cell's items that the model was trained on, and writes the note about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import EncoderError
from xlbench.core.model import Model
from xlbench.core.record import ITEMS_TRAINED_ON, TRAINED_ON, TRAINED_ON_OTHERS
from xlbench.core.task import Outcome, Task
from xlbench.core.text_keys import text_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def count_trained_on(model: Model, outcome: Outcome) -> dict[str, int]:
    """How many items have a text on which the model was trained, as a fact; {} where model or task do not say.

    Raises:
        EncoderError: The model's ``trained_on_texts`` are no keys.
    """
    import numpy as np

    if model.trained_on_texts is None or not outcome.item_texts:
        return {}
    known = np.asarray(model.trained_on_texts())
    if known.ndim != 1 or known.dtype != np.uint64:
        raise EncoderError("the model's trained_on_texts must give keys of texts: xlbench.text_keys(texts)")
    if not (known[1:] >= known[:-1]).all():
        known = np.sort(known)
    seen = [_is_known(text_keys(texts), known) for texts in zip(*outcome.item_texts, strict=True)]
    return {ITEMS_TRAINED_ON: int(np.logical_or.reduce(seen).sum()), "items_of_cell": len(outcome.item_ids)}


def _is_known(keys: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each key is one of the known ones, which are sorted.

    They are hundreds of thousands: hashing them for every cell, as `numpy.isin` does, would take longer than scoring.
    """
    import numpy as np

    if not known.size:
        return np.zeros(len(keys), bool)
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys
    return found


def trained_on_note(model: Model, task: Task, facts: Mapping[str, Any]) -> str:
    """The note that marks a model's scores on what it says it was trained on; "" where it has seen nothing of it.

    Args:
        model: The model of the cell.
        task: Its task, whose data set the model may name.
        facts: Those of the cell; with `ITEMS_TRAINED_ON`, the note counts items.
    """
    named = next((name for name in (task.data, task.name) if name in model.trained_on), "")
    if ITEMS_TRAINED_ON not in facts:
        return f"{TRAINED_ON}{named}" if named else ""
    count, items = facts[ITEMS_TRAINED_ON], facts["items_of_cell"]
    if count:
        return f"{TRAINED_ON}{count:,} of these {items:,} items" + (f" ({named})" if named else "")
    return f"{TRAINED_ON_OTHERS}{named}, on none of these {items:,}" if named else ""
