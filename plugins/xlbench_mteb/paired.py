"""Pair classification of mteb: by our protocol, or by mteb's best thresholds of five similarities to the letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, EncoderError, Metric, Outcome, Subset
from xlbench.stats.metrics import micro_f1, ratio, share
from xlbench_mteb import scored, text_pairs
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.protocols import pairs as our_pairs
from xlbench_tasks.protocols.similarity import WithoutEach, of_all_pairs

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = our_pairs.VERSION
"""Version of our protocol."""
OUR_OPTIONS: Mapping[str, Any] = {"labels": ["0", "1"], "positive": "1"}
SIMILARITIES: Mapping[str, tuple[str, int]] = {
    "similarity": ("similarity_scores", 1), "cosine": ("cosine_scores", 1), "manhattan": ("manhattan_distances", -1),
    "euclidean": ("euclidean_distances", -1), "dot": ("dot_scores", 1),
}  # fmt: skip
"""How metrics begin -> what mteb's predictions call the similarity, and 1 where more is nearer, -1 where less is."""
NAMES = ("ap", "accuracy", "f1", "precision", "recall")
"""mteb's metrics of each similarity, and (``max_...``) of the similarity for which it is highest."""
CHOSEN = (
    "mteb chooses thresholds (and, for max_..., the similarity) on the pairs that it scores: the values are too high "
    "by that, and the intervals take the choice as given"
)

texts = text_pairs.texts


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours; or mteb's, its main score first."""
    if protocol == "xlbench":
        return our_pairs.metrics(OUR_OPTIONS)
    of = {name: [_metric(kind, name) for kind in SIMILARITIES] for name in NAMES}
    theirs = [metric for name in NAMES for metric in (_highest(f"max_{name}", of[name]), *of[name])]
    return tuple(sorted(theirs, key=lambda metric: metric.name != task.mteb.metadata.main_score))


def _metric(kind: str, name: str) -> Metric:
    called = f"{kind}_{name}"
    if name == "ap":
        return of_all_pairs(called, _average_precision(kind), (0.0, 1.0), f"mteb's average precision by {kind}")
    if name == "accuracy":
        return share(called, f"{kind}_hit", f"mteb's accuracy at the threshold of {kind} that is best for it")
    told, said = f"{kind}_told", f"mteb's {name} at the threshold of {kind} that is best for F1"
    if name == "f1":
        return micro_f1(called, _right(kind), told, "positive", said)
    below = told if name == "precision" else "positive"
    return ratio(called, _right(kind), below, said)


def _right(kind: str) -> Any:
    return lambda columns: columns["positive"] & columns[f"{kind}_told"]


def _average_precision(kind: str) -> WithoutEach:
    name, sign = SIMILARITIES[kind]

    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        import numpy as np

        from xlbench_tasks.protocols.numbers import pair_scores

        near = sign * np.asarray(columns[name], np.float64)
        found: tuple[float, np.ndarray] = pair_scores.average_precision(near, np.asarray(columns["positive"], bool))
        return found

    return parts


def _highest(name: str, parts: Sequence[Metric]) -> Metric:
    """The highest of metrics that differ in their columns alone."""

    def best(columns: Columns) -> Metric:
        return max(parts, key=lambda part: float(part.value(part.rows(columns).sum(axis=0))))

    def influence(columns: Columns) -> np.ndarray:
        part = best(columns)
        assert part.influence is not None
        return part.influence(columns)

    first = parts[0]
    return replace(
        first, name=name, rows=lambda columns: best(columns).rows(columns),
        influence=influence if first.influence else None, description=f"the highest of mteb's five: {name}",
    )  # fmt: skip


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The pairs of a subset; `DataError` for data that cannot be scored."""
    own = task.mteb
    names = (own.input1_column_name, own.input2_column_name, own.label_column_name)
    return text_pairs.subset_of(task, opened, subset, split, data, names, _labels)


def _labels(where: str, given: Sequence[Any]) -> Sequence[float]:
    if wrong := sorted({repr(label) for label in given if label not in (0, 1)}):
        raise DataError(f"{where}: labels are 0 and 1, and not {', '.join(wrong[:5])}")
    if len(set(given)) < 2:
        raise DataError(f"{where}: all pairs have the label {given[0]}: there is nothing to tell apart")
    return [float(label) for label in given]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The pairs protocol's outcome, or who is told rightly by the thresholds that mteb finds."""
    import numpy as np

    assert subset.load is not None
    loaded: text_pairs.Loaded = subset.load()
    pairs = loaded.pairs
    if protocol == "xlbench":
        return our_pairs.evaluate(replace(subset, load=lambda: pairs), session, OUR_OPTIONS)
    ready = loaded.opened.ready(loaded.subset)
    found = scored.score(ready, loaded.subset, loaded.split, session)
    if len(np.unique(found.predictions["cosine_scores"])) < 2:
        raise EncoderError("the encoder finds all pairs equally similar: no threshold tells them apart")
    columns = _columns(ready, found.predictions, np.array(pairs.values) == 1)
    made = metrics(task, protocol)
    scored.check(made, columns, found.scores, f"{task.name} {loaded.subset.name}")
    return Outcome(
        item_ids=pairs.ids, cluster_ids=pairs.clusters, columns=columns,
        item_texts=list(zip(pairs.first, pairs.second, strict=True)),
        facts=dict(scored.facts_of(task, loaded.subset, loaded.split)), notes=(CHOSEN,),
    )  # fmt: skip


def _columns(ready: Any, predictions: Mapping[str, Any], positive: np.ndarray) -> dict[str, np.ndarray]:
    """Similarities, and what mteb's own thresholds make of them. A threshold lies halfway between two of them."""
    import numpy as np

    columns = {"positive": positive}
    labels = positive.astype(np.int64)
    for kind, (name, sign) in SIMILARITIES.items():
        columns[name] = np.array(predictions[name])
        given = (predictions[name], labels, sign > 0)
        threshold = ready._find_best_acc_and_threshold(*given)[1]
        columns[f"{kind}_hit"] = (sign * (columns[name] - threshold) > 0) == positive
        f1, _, _, threshold = ready._find_best_f1_and_threshold(*given)
        # Where no threshold finds a pair, there is none, and mteb's figures are 0.
        columns[f"{kind}_told"] = (sign * (columns[name] - threshold) > 0) & (f1 > 0)
    return columns
