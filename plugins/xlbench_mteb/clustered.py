"""Clustering of mteb, both generations: by our protocol over all documents, or by mteb's to the letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import averaged, mean
from xlbench_mteb import scored
from xlbench_mteb.columns import complete, complete_texts
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.data.records import sample_by_label
from xlbench_tasks.protocols import clustering

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = clustering.VERSION
"""Version of our protocol."""
NOT_DETERMINED = (
    "mteb draws documents anew for each of its clusterings, with one generator for all subsets: here "
    "every subset begins it anew, and the spread over the draws is in the interval"
)


@dataclass(frozen=True)
class Loaded:
    """The documents of a subset."""

    items: clustering.Items
    """For our protocol: every document once."""
    sets: tuple[tuple[tuple[str, str], ...], ...]
    """For mteb's: (text, label) of the documents in its order; of the first generation, several sets of them."""
    opened: Opened
    subset: SubsetOfTask
    split: str


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours, purity first; or mteb's V-measure: a mean over its draws, or over its sets."""
    if protocol == "xlbench":
        return clustering.metrics({})
    if _is_legacy(task):
        return (_v_measure("v_share"),)
    draws = [_v_measure(f"v_share_{draw}") for draw in range(1, int(task.mteb.n_clusters) + 1)]
    return (averaged("v_measure", draws, "mteb's V-measure, a mean over its draws of documents"),)


def _v_measure(column: str) -> Metric:
    return replace(
        mean("v_measure", column, description="mteb's V-measure, a mean over its sets"), interval="jackknife"
    )


def _is_legacy(task: NamedTask) -> bool:
    """Whether it is of the first generation: a row is a set of documents with their labels."""
    return not hasattr(task.mteb, "max_documents_per_cluster")


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The documents of a language; `DataError` for what cannot be scored."""
    table, where, own = opened.splits(subset)[split], f"{task.name} {subset.label}", task.mteb
    texts, labels = (list(table[column]) for column in (own.input_column_name, own.label_column_name))
    if not _is_legacy(task):
        texts, labels = [texts], [labels]
    read = [complete_texts(where, own.input_column_name, one) for one in texts]
    classes = [_plain(where, own.label_column_name, its) for its in labels]
    sets = tuple(tuple(zip(one, its, strict=True)) for one, its in zip(read, classes, strict=True))
    every = [document for one in sets for document in one]
    if data.limit is not None:
        every = [every[row] for row in sample_by_label([label for _, label in every], data.limit)]
    items = _items(task, subset, every)
    if len(set(items.labels)) < 2 or len(set(items.texts)) <= len(set(items.labels)):
        raise DataError(f"{where}: one class alone, or every text a class of its own: there is nothing to group")
    content = digest(
        "mteb clustering", *(part for one in sets for text, label in one for part in (text, label)), str(data.limit)
    )
    return Subset(
        subset.label, subset.languages, n=len(items.ids), fingerprint=content,
        load=lambda: Loaded(items, sets, opened, subset, split),
    )  # fmt: skip


def _plain(where: str, column: str, given: Sequence[Any]) -> list[str]:
    """Labels as texts; a list of one is that one."""
    labels = complete(where, column, given)
    if any(isinstance(label, list | tuple) and len(label) != 1 for label in labels):
        raise DataError(f"{where}: its classes have several levels, for which there is no protocol here")
    return [str(label[0] if isinstance(label, list | tuple) else label) for label in labels]


def _items(task: NamedTask, subset: SubsetOfTask, documents: Sequence[tuple[str, str]]) -> clustering.Items:
    """Every document once, sorted by id: sets of the first generation share documents."""
    rows = sorted((f"{task.name}:{digest(*one)[:16]}", one) for one in dict.fromkeys(documents))
    ids = tuple(item for item, _ in rows)
    clusters = tuple(_cluster(task, text) for _, (text, _) in rows)
    language = subset.languages[0] if len(subset.languages) == 1 else subset.label
    return clustering.Items(
        ids, clusters, tuple(text for _, (text, _) in rows), tuple(label for _, (_, label) in rows),
        (language,) * len(ids), (), {},
    )  # fmt: skip


def _cluster(task: NamedTask, text: str) -> str:
    return f"{task.name}:{digest(text)[:16]}"


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The documents, each once."""
    items = loaded.items
    rows = zip(items.ids, items.texts, items.languages, items.labels, items.clusters, strict=True)
    return [ItemText(*row) for row in rows]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The clustering protocol's outcome, or what mteb's clusterings are worth, item by item."""
    assert subset.load is not None
    loaded: Loaded = subset.load()
    if protocol == "xlbench":
        return clustering.evaluate(replace(subset, load=lambda: loaded.items), session, {})
    ready = loaded.opened.ready(loaded.subset)
    drawn = None if _is_legacy(task) else _draws(ready, len(loaded.sets[0]))
    found = scored.score(ready, loaded.subset, loaded.split, session)
    outcome = _of_sets(task, loaded, found) if drawn is None else _of_draws(task, loaded, found, *drawn)
    scored.check(metrics(task, protocol), outcome.columns, found.scores, f"{task.name} {loaded.subset.name}")
    return replace(outcome, facts=dict(scored.facts_of(task, loaded.subset, loaded.split)))


def _draws(ready: Any, n: int) -> tuple[list[int], list[list[int]]]:
    """Which documents mteb is about to embed, and which of these (with repeats) each of its clusterings has.

    mteb does not save this: it follows from its generator, which is left as it is.
    """
    state = ready.rng_state.getstate()
    most, share = ready.max_document_to_embed, ready.max_fraction_of_documents_to_embed
    if most is None and share is None:
        embedded = [*range(n)]
    else:
        embedded = ready.rng_state.sample(range(n), k=min(n, int(share * n) if share is not None else most))
    size = range(len(embedded))
    drawn = [ready.rng_state.choices(size, k=ready.max_documents_per_cluster) for _ in range(ready.n_clusters)]
    ready.rng_state.setstate(state)
    return embedded, drawn


def _of_draws(
    task: NamedTask, loaded: Loaded, found: scored.Scored, embedded: Sequence[int], drawn: Sequence[Sequence[int]]
) -> Outcome:
    """Items are the documents that mteb embeds; in each of its draws, a document counts as often as it is drawn."""
    import numpy as np

    (assigned,) = found.predictions.values()  # of one level
    seeds = [f"{task.name} mteb {number}" for number in range(len(drawn))]
    documents = [loaded.sets[0][row] for row in embedded]
    label = np.unique([label for _, label in documents], return_inverse=True)[1]
    columns = {}
    for number, (rows, clusters) in enumerate(zip(drawn, assigned, strict=True), 1):
        columns[f"v_share_{number}"] = _shares(label, np.asarray(rows), np.asarray(clusters), len(documents))
    ids = [f"{task.name}:{loaded.subset.name}:{row + 1}" for row in embedded]
    return Outcome(
        item_ids=ids, cluster_ids=[_cluster(task, text) for text, _ in documents], columns=columns,
        item_texts=[(text,) for text, _ in documents], seed_ids=seeds,
        notes=(NOT_DETERMINED,),
    )  # fmt: skip


def _of_sets(task: NamedTask, loaded: Loaded, found: scored.Scored) -> Outcome:
    """Items are the documents of all sets; a set of one class has V-measure 1, and is clustered by nobody."""
    import numpy as np

    assigned, ids, texts, shares = iter(found.predictions), [], [], []
    total, mean_v = sum(map(len, loaded.sets)), float(found.scores["v_measure"])
    for number, documents in enumerate(loaded.sets, 1):
        label = np.unique([label for _, label in documents], return_inverse=True)[1]
        n = len(documents)
        clusters = np.asarray(next(assigned)) if label.max() else np.zeros(n, np.int64)
        own = _shares(label, np.arange(n), clusters, n)
        shares.append(mean_v + total / (len(loaded.sets) * n) * (own - own.mean()))
        ids += [f"{task.name}:{loaded.subset.name}:{number}:{row}" for row in range(1, n + 1)]
        texts += [text for text, _ in documents]
    return Outcome(
        item_ids=ids, cluster_ids=[_cluster(task, text) for text in texts], columns={"v_share": np.concatenate(shares)},
        item_texts=[(text,) for text in texts],
    )  # fmt: skip


def _shares(label: np.ndarray, rows: np.ndarray, clusters: np.ndarray, n: int) -> np.ndarray:
    """Value plus influence (n,) of the documents on the V-measure of drawn rows, of which some may be the same one."""
    import numpy as np

    from xlbench import metrics

    make: Callable[..., Metric] = metrics.v_measure
    size, width = 1 + int(label.max()), 1 + int(clusters.max())
    place = label[rows] * width + clusters
    sums = np.bincount(place, minlength=size * width).astype(np.float64)
    metric = make("one", range(size))
    assert metric.gradient is not None
    influence = np.bincount(rows, n * np.asarray(metric.gradient(sums))[place], n)
    shares: np.ndarray = float(metric.value(sums)) + influence - influence.mean()
    return shares
