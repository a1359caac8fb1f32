"""Bitext mining of mteb: by our retrieval protocol, or by mteb's nearest neighbors to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import mean, share
from xlbench_mteb import scored
from xlbench_mteb.columns import complete_texts
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.protocols import retrieval

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = retrieval.VERSION
"""Version of our protocol."""
SIDES = ("sentence1", "sentence2")


@dataclass(frozen=True)
class Loaded:
    """The aligned texts of a subset."""

    pair: retrieval.Pair
    opened: Opened
    subset: SubsetOfTask
    split: str


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours; or mteb's, its main score first."""
    if protocol == "xlbench":
        return retrieval.metrics({})
    own = {metric.name: metric for metric in retrieval.metrics({})}
    theirs = [
        replace(own["mteb_f1"], name="f1"),
        replace(own["mteb_accuracy"], name="accuracy"),
        replace(mean("precision", _precision, description="mteb's weighted precision"), interval="jackknife"),
        replace(
            share("recall", lambda c: c["row"] == c["mteb_row"]), through_others=own["mteb_accuracy"].through_others
        ),
    ]
    return tuple(sorted(theirs, key=lambda metric: metric.name != task.mteb.metadata.main_score))


def _precision(columns: Columns) -> np.ndarray:
    """A query's share in the weighted precision over targets: 1 / (times predicted) where it is a hit."""
    import numpy as np

    truth, predicted = np.asarray(columns["row"]), np.asarray(columns["mteb_row"])
    times = np.bincount(predicted, minlength=1 + int(max(truth.max(), predicted.max())))[truth]
    shares: np.ndarray = (truth == predicted) / np.maximum(times, 1)
    return shares


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """A pair, in the direction that mteb asks: `DataError` for data that cannot be scored."""
    table = opened.splits(subset)[split]
    one, other = subset.name.split("-") if task.is_parallel else SIDES
    if not hasattr(table, "column_names") or "gold" in table.column_names:
        raise DataError(f"{task.name} {subset.name}: it has gold pairs of its own, for which there is no protocol here")
    if absent := [column for column in (one, other) if column not in table.column_names]:
        raise DataMissing(f"{task.name}: its data has no column {absent[0]!r}")
    rows = slice(data.limit)
    where = f"{task.name} {subset.label}"
    sides = [complete_texts(where, column, table[column][rows]) for column in (one, other)]
    pair = _pair(task, subset, *sides)
    if len(pair.ids) < 2 or len(set(pair.candidates)) < 2:
        raise DataError(f"{task.name} {subset.label}: a single candidate is always found: there is nothing to score")
    content = digest("bitext", *pair.ids, *pair.clusters, *pair.queries, *pair.candidates)
    return Subset(
        subset.label, subset.languages, n=len(pair.ids), fingerprint=content,
        load=lambda: Loaded(pair, opened, subset, split),
    )  # fmt: skip


def _pair(
    task: NamedTask, subset: SubsetOfTask, queries: tuple[str, ...], candidates: tuple[str, ...]
) -> retrieval.Pair:
    """The texts with ids. A sentence in many languages is one cluster: by its row where data is parallel, else by its
    English text, where one side is English."""
    where = task.name if task.is_parallel else f"{task.name}:{'-'.join(sorted(subset.name.split('-')))}"
    ids = tuple(f"{where}:{row}" for row in range(1, len(queries) + 1))
    english = next(
        (side for code, side in zip(subset.languages, (queries, candidates), strict=False) if code == "eng"), ()
    )
    clusters = ids if task.is_parallel or not english else tuple(f"{task.name}:{digest(text)[:16]}" for text in english)
    return retrieval.Pair(ids, clusters, queries, candidates, (), {})


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The queries, then the candidates."""
    pair = loaded.pair
    sides = zip(languages, (pair.queries, pair.candidates), strict=True)
    return [
        ItemText(item, text, language, cluster=cluster)
        for language, side in sides
        for item, text, cluster in zip(pair.ids, side, pair.clusters, strict=True)
    ]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The retrieval protocol's outcome; with mteb's predictions, where its protocol is asked for."""
    import numpy as np

    assert subset.load is not None
    loaded: Loaded = subset.load()
    outcome = retrieval.evaluate(replace(subset, load=lambda: loaded.pair), session, {})
    if protocol == "xlbench":
        return outcome
    found = scored.score(loaded.opened.ready(loaded.subset), loaded.subset, loaded.split, session)
    (neighbors,) = (found.predictions[name] for name in _names_of_pairs(found.predictions, loaded.subset))
    columns = {**outcome.columns, "mteb_row": np.array([int(one["corpus_id"]) for one in neighbors])}
    columns["mteb_second"] = np.asarray(columns["mteb_second"]) & (columns["mteb_row"] != columns["row"])
    scored.check(metrics(task, protocol), columns, found.scores, f"{task.name} {loaded.subset.name}")
    n = len(outcome.item_ids)
    return replace(
        outcome, columns=columns, chance={"accuracy": 1 / n, "recall": 1 / n},
        facts={**outcome.facts, **scored.facts_of(task, loaded.subset, loaded.split)},
    )  # fmt: skip


def _names_of_pairs(predictions: Any, subset: SubsetOfTask) -> Sequence[str]:
    """How predictions call the pair: by its columns."""
    return [name for name in ("-".join(SIDES), subset.name) if name in predictions]
