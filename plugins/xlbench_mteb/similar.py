"""STS of mteb: by our similarity protocol, or by mteb's correlations of four similarities to the letter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, EncoderError, Metric, Outcome, Subset
from xlbench_mteb import scored, text_pairs
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.protocols import similarity
from xlbench_tasks.protocols.similarity import WithoutEach, of_all_pairs

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = similarity.VERSION
"""Version of our protocol."""
SIMILARITIES: Mapping[str, str] = {
    "": "similarity_scores", "cosine_": "cosine_scores", "manhattan_": "manhattan_distances",
    "euclidean_": "euclidean_distances",
}  # fmt: skip
"""How metrics begin -> what mteb's predictions call the similarity, of which more is nearer."""
CORRELATIONS = {"spearman": "rank correlation", "pearson": "correlation"}

texts = text_pairs.texts


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours; or mteb's, its main score first."""
    if protocol == "xlbench":
        return similarity.metrics({})
    theirs = [
        of_all_pairs(f"{kind}{name}", _correlation(name, column), (-1.0, 1.0), f"mteb's {said} of {column} and scores")
        for kind, column in SIMILARITIES.items()
        for name, said in CORRELATIONS.items()
    ]
    return tuple(sorted(theirs, key=lambda metric: metric.name != task.mteb.metadata.main_score))


def _correlation(name: str, column: str) -> WithoutEach:
    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        import numpy as np

        from xlbench_tasks.protocols.numbers import pair_scores

        sides = (np.asarray(columns[side], np.float64) for side in (column, "score"))
        found: tuple[float, np.ndarray] = getattr(pair_scores, name)(*sides)
        return found

    return parts


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The pairs of a subset; `DataError` for data that cannot be scored."""
    return text_pairs.subset_of(task, opened, subset, split, data, (*task.mteb.column_names, "score"), _scores)


def _scores(where: str, given: Sequence[Any]) -> Sequence[float]:
    found = [_number(one) for one in given]
    if wrong := [row for row, score in enumerate(found, 1) if not math.isfinite(score)]:
        raise DataError(f"{where}: the score of row {wrong[0]} is {given[wrong[0] - 1]!r}, and no number")
    if len(set(found)) < 2:
        raise DataError(f"{where}: all pairs have the score {found[0]:g}: there is no order to find")
    return found


def _number(given: Any) -> float:
    """A score, which may be written as a text; NaN for what is no number."""
    try:
        return float(given)
    except (TypeError, ValueError):
        return math.nan


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The similarity protocol's outcome, or the similarities that mteb computes."""
    import numpy as np

    assert subset.load is not None
    loaded: text_pairs.Loaded = subset.load()
    pairs = loaded.pairs
    if protocol == "xlbench":
        return similarity.evaluate(replace(subset, load=lambda: pairs), session, {})
    found = scored.score(loaded.opened.ready(loaded.subset), loaded.subset, loaded.split, session)
    columns = {name: np.array(found.predictions[name]) for name in SIMILARITIES.values()}
    if len(np.unique(columns["cosine_scores"])) < 2:
        raise EncoderError("the encoder finds all pairs equally similar: there is no order to compare")
    columns["score"] = np.array(pairs.values)
    made = metrics(task, protocol)
    scored.check(made, columns, found.scores, f"{task.name} {loaded.subset.name}")
    return Outcome(
        item_ids=pairs.ids, cluster_ids=pairs.clusters, columns=columns,
        item_texts=list(zip(pairs.first, pairs.second, strict=True)), chance={metric.name: 0.0 for metric in made},
        facts=dict(scored.facts_of(task, loaded.subset, loaded.split)),
    )  # fmt: skip
