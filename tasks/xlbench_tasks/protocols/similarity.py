"""Similarity of texts (STS): do cosines order pairs of texts as people's scores do?

A subset ``hin`` has both texts of each pair in hin; ``eng-hin`` the first in eng and the second in hin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, EncoderError, Metric, Outcome, Subset
from xlbench.stats.metrics import mean
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.unknown_values import UnknownValues
from xlbench_tasks.protocols.language_pairs import WORDS
from xlbench_tasks.protocols.text_pairs import TextPairs, pair_subsets

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.splits import DataSet

VERSION = 1

OPTIONS: Mapping[str, Any] = {"pairs": list[str]}
"""``pairs``: in which languages the two texts are: ``within`` (one), ``all`` (every two), or language codes."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"pairs": WORDS}

WithoutEach = Callable[[Columns], "tuple[float, np.ndarray]"]
"""From columns to a value, and to the values without each of the items (n,)."""


def of_all_pairs(name: str, parts: WithoutEach, bounds: tuple[float, float], description: str) -> Metric:
    """A metric that is no sum over items, with a jackknife interval.

    An item's row is its pseudo-value, value + influence by leaving it out: their mean is exactly the value. Where the
    rest has no value, the influence is NaN, and there is no interval.
    """

    def pseudo_values(columns: Columns) -> np.ndarray:
        import numpy as np

        value, without = parts(columns)
        psi = _influence(value, without)
        return value + np.where(np.isfinite(psi), psi, 0.0)

    made = mean(name, pseudo_values, bounds, description)
    return replace(made, influence=lambda columns: _influence(*parts(columns)), interval="jackknife")


def _influence(value: float, without: np.ndarray) -> np.ndarray:
    """By how much every item (n,) moves a value, from the values without each; NaN where one is not defined."""
    import numpy as np

    psi: np.ndarray = (len(without) - 1) * (value - without)
    centered: np.ndarray = psi - psi.mean() if np.isfinite(psi).all() else np.full(len(psi), np.nan)
    return centered


def _correlation(name: str) -> WithoutEach:
    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        import numpy as np

        from xlbench_tasks.protocols.numbers import pair_scores

        sides = (np.asarray(columns[side], np.float64) for side in ("similarity", "score"))
        found: tuple[float, np.ndarray] = getattr(pair_scores, name)(*sides)
        return found

    return parts


_METRICS: tuple[Metric, ...] = (
    of_all_pairs("spearman", _correlation("spearman"), (-1.0, 1.0), "rank correlation of similarities and scores"),
    of_all_pairs("pearson", _correlation("pearson"), (-1.0, 1.0), "correlation of similarities and scores"),
)


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; no option changes them."""
    return _METRICS


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """The subsets at hand, then (marked as missing) those that only the card declares."""
    return pair_subsets(data_set, options, data, languages, _scores)


def _scores(where: str, records: Records) -> Sequence[float]:
    """The score of each pair; `DataError` where there is none, or where all are the same."""
    if "score" not in records.fields:
        raise DataError(f"{where}: the pairs have no scores; add score to fields in the card's [data]")
    scores, unknown = [], UnknownValues(where, "scores that are no numbers")
    for row, text in enumerate(records.fields["score"]):
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            unknown.add(text, records.place(row))
        scores.append(score)
    unknown.check()
    if len(set(scores)) < 2:
        raise DataError(f"{where}: all pairs have the score {scores[0]:g}: there is no order to find")
    return scores


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Compare the texts of each pair."""
    import numpy as np

    if subset.load is None:
        raise DataMissing(subset.missing)
    pairs: TextPairs = subset.load()
    near = similarities(pairs, session)
    if len(np.unique(near)) < 2:
        raise EncoderError("the encoder finds all pairs equally similar: there is no order to compare")
    return Outcome(
        item_ids=pairs.ids,
        cluster_ids=pairs.clusters,
        item_texts=list(zip(pairs.first, pairs.second, strict=True)),
        columns={"similarity": near, "score": np.array(pairs.values)},
        chance={"spearman": 0.0, "pearson": 0.0},
        facts=dict(pairs.facts),
        notes=pairs.notes,
    )


def similarities(pairs: TextPairs, session: EncodingSession) -> np.ndarray:
    """How near the texts of each pair are (n,), by the model's own measure."""
    from xlbench_tasks.protocols.numbers import pair_scores

    first, second = session.encode(pairs.first), session.encode(pairs.second)
    found: np.ndarray = pair_scores.similarities(first, second, session.similarity)
    return found
