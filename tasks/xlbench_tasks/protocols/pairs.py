"""Pair classification: are two texts a pair (a paraphrase, an entailment), by a threshold on their cosine?

Subsets are those of ``similarity.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, EncoderError, Metric, Outcome, Subset, UsageError
from xlbench.stats.metrics import share
from xlbench_tasks.data.labels import check_known
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.unknown_values import SHOWN
from xlbench_tasks.protocols.language_pairs import WORDS
from xlbench_tasks.protocols.similarity import of_all_pairs, similarities
from xlbench_tasks.protocols.text_pairs import TextPairs, pair_subsets

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.splits import DataSet

VERSION = 1

OPTIONS: Mapping[str, Any] = {"labels": list[str], "positive": str, "pairs": list[str]}
"""``labels``: the two there may be, those that occur without it; ``positive``: which of them says that the texts are a
pair; ``pairs``: as in ``similarity``."""

FOLLOWS = {"labels": "labels"}
"""Options that follow from a key of the card's [data], where they are not given."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"pairs": WORDS}


def _average_precision(columns: Columns) -> tuple[float, np.ndarray]:
    import numpy as np

    from xlbench_tasks.protocols.numbers import pair_scores

    scores = np.asarray(columns["similarity"], np.float64)
    found: tuple[float, np.ndarray] = pair_scores.average_precision(scores, np.asarray(columns["positive"], bool))
    return found


_METRICS: tuple[Metric, ...] = (
    of_all_pairs(
        "average_precision", _average_precision, (0.0, 1.0),
        "mean over true pairs of the share of true pairs among all that are as similar or more",
    ),
    share("threshold_accuracy", "hit", "share told rightly by the threshold that is best on the other half"),
)  # fmt: skip


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; `UsageError` where the options do not say which label is which."""
    labels, positive = options.get("labels"), options.get("positive")
    told = labels is None or (len(set(labels)) == len(labels) == 2 and positive in labels)
    if not positive or not told:
        raise UsageError("protocol 'pairs' needs [options] labels, two of them, and positive, one of the two")
    return _METRICS


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """The subsets at hand, then (marked as missing) those that only the card declares."""
    return pair_subsets(data_set, options, data, languages, partial(_positive, options=options))


def _positive(where: str, records: Records, options: Mapping[str, Any]) -> Sequence[float]:
    """1 for every pair that is one, 0 for the others; `DataError` where labels are neither, or all are the same."""
    if "label" not in records.fields:
        raise DataError(f"{where}: the pairs have no labels; add label to fields in the card's [data]")
    found = records.fields["label"]
    if "labels" in options:
        check_known(where, options["labels"], {"": records})
    elif len(kinds := sorted({*found})) > 2 or options["positive"] not in kinds:
        raise DataError(
            f"{where}: the pairs have the labels {', '.join(kinds[:SHOWN])}; there must be two, one of them the "
            f"positive one, {options['positive']!r}: say under labels of [data] what each counts as"
        )
    if len(set(found)) < 2:
        raise DataError(f"{where}: all pairs have the label {found[0]!r}: there is nothing to tell apart")
    return [float(label == options["positive"]) for label in found]


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Compare the texts of each pair, and tell pairs from others by a threshold that others of them have chosen."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import pair_scores, pairwise

    if subset.load is None:
        raise DataMissing(subset.missing)
    pairs: TextPairs = subset.load()
    near, positive = similarities(pairs, session), np.array(pairs.values) == 1
    if len(np.unique(near)) < 2:
        raise EncoderError("the encoder finds all pairs equally similar: no threshold tells them apart")
    parts = pairwise.halves(pairs.clusters)
    if len(set(parts.tolist())) < 2:
        raise DataError(f"{subset.name}: all pairs are one cluster: no half can choose a threshold for the other")
    true = int(positive.sum())
    most = max(true, len(positive) - true) / len(positive)
    return Outcome(
        item_ids=pairs.ids,
        cluster_ids=pairs.clusters,
        item_texts=list(zip(pairs.first, pairs.second, strict=True)),
        columns={
            "similarity": near,
            "positive": positive,
            "hit": pair_scores.crossed_hits(near, positive, parts),
        },
        chance={"average_precision": _expected(true, len(positive)), "threshold_accuracy": most},
        facts={"true_pairs": true, **pairs.facts},
        notes=pairs.notes,
    )


def _expected(true: int, n: int) -> float:
    """The average precision of a random order, in the mean: see `judgments.chance`."""
    harmonic = sum(1 / place for place in range(1, n + 1))
    return (harmonic + (true - 1) / (n - 1) * (n - harmonic)) / n
