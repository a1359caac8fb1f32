"""How alike translations are written: where most are, spelling alone finds them, whatever is understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xlbench_tasks.data.text import folded


def facts(queries: Sequence[str], translations: Sequence[str]) -> dict[str, float]:
    """What is told of pairs of texts (n each).

    Returns:
        ``identical``, the share of pairs that are written alike but for case, white space and notation; ``spelling``,
        the mean of Dice's coefficient of the two texts' pairs of neighboring characters (Dice 1945): 1 where they have
        the same ones as often, 0 where they share none, as in two scripts.
    """
    alike, coefficients = 0, []
    for query, translation in zip(map(folded, queries), map(folded, translations), strict=True):
        alike += query == translation
        coefficients.append(1.0 if query == translation else dice(query, translation))
    return {"identical": alike / len(queries), "spelling": sum(coefficients) / len(queries)}


def dice(one: str, other: str) -> float:
    """2 |A and B| / (|A| + |B|) over pairs of neighboring characters, spaces at both ends counted in."""
    first, second = (Counter(zip(f" {text}", f"{text} ", strict=True)) for text in (one, other))
    return 2 * (first & second).total() / (first.total() + second.total())
