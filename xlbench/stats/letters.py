"""Letters for models that cannot be told apart: two models share one exactly where they are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_letters
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def letters(apart: NDArray[np.bool_], places: Sequence[int]) -> list[str]:
    """The letters of every model, ``a`` first; none for a model that is told from all others.

    Each group of models of whom no two are told apart has a letter. Groups are made greedily, the best models first,
    until every such pair is in one: as few as that gives, which need not be the fewest.

    Args:
        apart: (M, M) whether two models are told apart.
        places: (M,) how many models are above each.

    Returns:
        (M,) texts. Beyond 52 groups a letter has a number behind it.
    """
    order = sorted(range(len(places)), key=lambda model: (places[model], model))
    tied = {model: set((~apart[model]).nonzero()[0].tolist()) - {model} for model in order}
    found: dict[int, list[str]] = {model: [] for model in order}
    covered: dict[int, set[int]] = {model: set() for model in order}
    count = 0
    for one in order:
        for other in order:
            if other in tied[one] and other not in covered[one]:
                group = _group(one, other, order, tied)
                for member in group:
                    found[member].append(_letter(count))
                    covered[member] |= group - {member}
                count += 1
    return ["".join(found[model]) for model in range(len(places))]


def split(letters: str) -> list[str]:
    """The letters of one model, a text each: ``Za2`` is ``Z`` and ``a2``."""
    return re.findall(r"[A-Za-z]\d*", letters)


def _group(one: int, other: int, order: Sequence[int], tied: dict[int, set[int]]) -> set[int]:
    """Both models, and those that are tied with all before them."""
    group = {one, other}
    for model in order:
        if model not in group and group <= tied[model]:
            group.add(model)
    return group


def _letter(number: int) -> str:
    again, place = divmod(number, len(ascii_letters))
    return ascii_letters[place] + (str(again + 1) if again else "")
