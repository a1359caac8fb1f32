"""Negatives for training: for each first side of a pair, a random or a similar text that is no translation of it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xlbench import DataError
from xlbench_train.siamese.pairs.pairs import Pairs

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TRIES = 100


def random_negatives(pairs: Pairs, seed: int) -> list[str]:
    """For each pair the second side of another one, which is no known translation of its first.

    Every second side is taken once where that is possible, so that no text tells by itself whether it is a negative;
    and within each pair of languages, so that the language tells nothing either.
    """
    known: dict[str, set[str]] = {}
    for one, other in zip(pairs.first, pairs.second, strict=True):
        known.setdefault(one, set()).add(other)
    groups: dict[tuple[str, str], list[int]] = {}
    for row, languages in enumerate(pairs.languages):
        groups.setdefault(languages, []).append(row)
    random = np.random.default_rng(seed)
    chosen = [""] * len(pairs)
    for rows in groups.values():
        for row, taken in zip(rows, _derange(pairs, rows, known, random), strict=True):
            chosen[row] = pairs.second[taken]
    return chosen


def _derange(pairs: Pairs, rows: list[int], known: dict[str, set[str]], random: np.random.Generator) -> list[int]:
    """An order of ``rows`` that puts none beside a first side whose translation it is."""
    order = [rows[place] for place in random.permutation(len(rows))]
    for place, row in enumerate(rows):
        for _ in range(_TRIES):
            if pairs.second[order[place]] not in known[pairs.first[row]]:
                break
            other = int(random.integers(len(rows)))
            if pairs.second[order[place]] not in known[pairs.first[rows[other]]]:
                order[place], order[other] = order[other], order[place]
        else:
            order[place] = _any_negative(pairs, rows, row, known)
    return order


def _any_negative(pairs: Pairs, rows: Sequence[int], row: int, known: dict[str, set[str]]) -> int:
    """Some row whose second side is no translation of that of ``row``; `DataError` where there is none."""
    for other in rows:
        if pairs.second[other] not in known[pairs.first[row]]:
            return other
    raise DataError(
        f"every second side is a translation of {pairs.first[row][:40]!r}: there is no other pair to tell it from; "
        f"give more pairs"
    )


def hard_negatives(pairs: Pairs, model: SentenceTransformer, batch_size: int) -> tuple[Pairs, list[str]]:
    """The pairs that have another second side to be told from, and the nearest such text for each.

    Mined once, with the base. Translations that are known are no negatives, also those of an equal first side.
    """
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    given = Dataset.from_dict({"first": list(pairs.first), "second": list(pairs.second)})
    with contextlib.redirect_stderr(io.StringIO()):  # it shows bars, whatever it is told
        mined = mine_hard_negatives(
            given, model, num_negatives=1, batch_size=batch_size, verbose=False, output_format="triplet"
        )
    negative_of = {(row["first"], row["second"]): row["negative"] for row in mined}
    kept = pairs.only([pair in negative_of for pair in zip(pairs.first, pairs.second, strict=True)])
    return kept, [negative_of[pair] for pair in zip(kept.first, kept.second, strict=True)]
