"""Multilabel classification of mteb, by its experiments to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import averaged, mean, share
from xlbench_mteb import registry, scored
from xlbench_mteb.columns import complete, complete_texts
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

NAMES = {
    "accuracy": "share of texts with all labels right and no others",
    "f1": "F1 averaged over labels",
    "lrap": "label ranking average precision of what is predicted",
    "hamming": "share of right labels among those that a text has or is given",
}
NOT_DETERMINED = (
    "mteb draws training items anew for each of its experiments, with one generator for all subsets: here every subset "
    "begins it anew, and the spread over the draws is in the interval"
)


@dataclass(frozen=True)
class Loaded:
    """The test items of a subset; mteb scores all of them, or draws some of very many."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    opened: Opened
    subset: SubsetOfTask
    split: str


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """mteb's, its main score first, each a mean over its experiments."""
    runs = range(1, int(task.mteb.n_experiments) + 1)
    names = sorted(NAMES, key=lambda name: name != task.mteb.metadata.main_score)
    of = {name: share if name == "accuracy" else mean for name in names}
    return tuple(
        averaged(name, [of[name](name, f"{name}_{run}") for run in runs], f"mteb's {name}: {NAMES[name]}")
        for name in names
    )


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The labeled texts of a language; `DataError` for what cannot be scored."""
    own, where, splits = task.mteb, f"{task.name} {subset.label}", opened.splits(subset)
    if not isinstance(own.input_column_name, str):
        raise DataError(f"{where}: inputs of several kinds, for which there is no protocol here")
    texts = complete_texts(where, own.input_column_name, splits[split][own.input_column_name])
    given = complete(where, own.label_column_name, splits[split][own.label_column_name])
    labels = tuple(tuple(map(str, its)) for its in given)
    if len(set(map(frozenset, labels))) < 2:
        raise DataError(f"{where}: all texts of {split} have the same labels: there is nothing to score")
    ids = tuple(f"{task.name}:{subset.name}:{split}:{row}" for row in range(1, len(texts) + 1))
    keys = range(1, len(texts) + 1) if task.is_translated else [digest(text)[:16] for text in texts]
    clusters = tuple(f"{task.name}:{split}:{key}" for key in keys)
    train = splits[own.train_split]
    learned = zip(train[own.input_column_name], train[own.label_column_name], strict=True)
    content = digest(
        "mteb labels", *ids, *clusters, *texts, *(repr(its) for its in labels), *map(repr, learned)
    )  # fmt: skip
    return Subset(
        subset.label, subset.languages, n=min(len(ids), own.max_eval_samples or len(ids)), fingerprint=content,
        load=lambda: Loaded(ids, clusters, texts, labels, opened, subset, split), train_items=len(train),
    )  # fmt: skip


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The test items; several labels are one text, with commas between them."""
    language = loaded.subset.languages[0] if len(loaded.subset.languages) == 1 else loaded.subset.label
    rows = zip(loaded.ids, loaded.texts, loaded.labels, loaded.clusters, strict=True)
    return [ItemText(item, text, language, ", ".join(labels), cluster) for item, text, labels, cluster in rows]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """What mteb predicts in each of its experiments, item by item."""
    import numpy as np

    assert subset.load is not None
    loaded: Loaded = subset.load()
    ready, rows = registry.sampled(loaded.opened.ready(loaded.subset), loaded.opened.splits(loaded.subset),
                                   loaded.subset.name, loaded.split)  # fmt: skip
    found = scored.score(ready, loaded.subset, loaded.split, session)
    names = sorted({label for row in rows for label in loaded.labels[row]})
    order = _as_mteb(ready, loaded, rows, names)
    true = np.array([[label in loaded.labels[row] for label in order] for row in rows])
    columns: dict[str, np.ndarray] = {}
    for run, predicted in enumerate(found.predictions, 1):
        columns |= {f"{name}_{run}": its for name, its in _of_items(true, np.array(predicted) > 0).items()}
    scored.check(metrics(task, protocol), columns, found.scores, f"{task.name} {loaded.subset.name}")
    return Outcome(
        item_ids=[loaded.ids[row] for row in rows], cluster_ids=[loaded.clusters[row] for row in rows],
        item_texts=[(loaded.texts[row],) for row in rows], columns=columns, notes=(NOT_DETERMINED,),
        seed_ids=[f"{task.name} mteb {run}" for run in range(len(found.predictions))],
        facts={"labels": ", ".join(order), **scored.facts_of(task, loaded.subset, loaded.split)},
    )  # fmt: skip


def _as_mteb(ready: Any, loaded: Loaded, rows: Sequence[int], names: Sequence[str]) -> list[str]:
    """The labels in mteb's order of their values, which are numbers or texts."""
    values = loaded.opened.splits(loaded.subset)[loaded.split][ready.label_column_name]
    ordered = sorted({value for row in rows for value in values[row]})
    found = [str(value) for value in ordered]
    if sorted(found) != list(names):
        raise DataError(f"{loaded.subset.label}: labels of different kinds look the same: {', '.join(names)}")
    return found


def _of_items(true: np.ndarray, told: np.ndarray) -> dict[str, np.ndarray]:
    """What every item is worth (n,), from its labels and those it is given (n, k): the mean is mteb's value, and for F1
    an item's is value plus influence."""
    import numpy as np

    n, k = true.shape
    hits, has, given = (true & told).sum(axis=1), true.sum(axis=1), told.sum(axis=1)
    union = has + given - hits
    # Labels that are told stand first, together, and all others after them, together (as scikit-learn ranks ties).
    ranked = (hits * hits / np.maximum(given, 1) + (has - hits) * has / k) / np.maximum(has, 1)
    below = true.sum(axis=0) + told.sum(axis=0)
    slope = np.divide(1.0, below, out=np.zeros(k), where=below > 0)
    by_label = 2 * (true & told).sum(axis=0) * slope
    moved = n * ((2 * (true & told) - by_label * (true.astype(int) + told)) * slope).mean(axis=1)
    return {
        "accuracy": (true == told).all(axis=1),
        "hamming": np.where(union == 0, 1.0, hits / np.maximum(union, 1)),
        "lrap": np.where((has == 0) | (has == k), 1.0, ranked),
        "f1": by_label.mean() + moved - moved.mean(),
    }
