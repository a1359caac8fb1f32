"""Clustering purity: texts or single words are grouped by their vectors, and the groups are held against the classes.

A subset is a language, ``hin``; a card whose classes are the same in every language can add ``all``: the texts of all
languages together, which shows whether an encoder groups them by meaning or by language. No item is left out, and no
order of items or languages shows in a score. How often a clustering is started is in `OPTIONS`; the numbers are in
``grouping.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, DataMissing, Outcome, Subset
from xlbench.core.ids import digest
from xlbench_tasks.data.labels import check_known, check_spellings, labels_of
from xlbench_tasks.protocols.clustering_metrics import chance_of
from xlbench_tasks.protocols.clustering_metrics import cluster_columns as cluster_columns
from xlbench_tasks.protocols.clustering_metrics import metrics as metrics
from xlbench_tasks.protocols.footnotes import notes_on_notation

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.data.source import Source
    from xlbench_tasks.data.splits import DataSet

VERSION = 4

OPTIONS: Mapping[str, Any] = {
    "algorithm": ("kmeans", "agglomerative"),
    "linkage": ("ward", "average"),
    "k": int,
    "starts": int,
    "seeds": int,
    "labels": list[str],
    "multilingual": bool,
}
"""``algorithm``: kmeans (default) or agglomerative; ``linkage``: of agglomerative, ward over Euclidean distances
(default) or average over cosine distances; ``k``: how many clusters (default: as many as there are classes);
``starts``: of how many k-means starts the best by inertia is taken (default 10); ``seeds``: how often that is done,
with a mean over them (default 10); ``labels``: the classes that there may be;
``multilingual``: the subset ``all`` too."""

STARTS = 10
"""The best of so many is taken unless the card says."""

ALL = "all"
"""The subset of all languages together."""

COVERED = "intervals hold the clusters as they are: 92 to 100% covered, of V-measure 85 to 94% (docs/coverage.md)"
TINY = 10
"""A class with fewer items than this is named in a note."""


@dataclass(frozen=True)
class Items:
    """What is clustered, sorted by id."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, int]


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """Every language at hand, then all together, then (marked as missing) those that only the card declares."""
    source = data_set.test
    present = source.languages()
    alone = [_subset(source, language, (language,), options) for language in present]
    yield from alone
    together = [subset.name for subset in alone if not subset.missing]
    if options.get("multilingual") and len(together) > 1:
        yield _subset(source, ALL, together, options)
    for language in languages:
        if language not in present:
            yield Subset(language, (language,), missing=source.why_missing(language))


def _subset(source: Source, name: str, languages: Sequence[str], options: Mapping[str, Any]) -> Subset:
    try:
        records = {language: source.read(language) for language in languages}
        _check_labels(source.name, name, records, options)
    except DataError as damage:
        return Subset(name, tuple(sorted(languages)), damaged=str(damage))
    except DataMissing as missing:  # a file with nothing in it
        return Subset(name, tuple(sorted(languages)), missing=str(missing))
    parts = [part for language, of in sorted(records.items()) for part in (language, of.fingerprint())]
    return Subset(
        name,
        tuple(sorted(records)),
        n=sum(len(of.ids) for of in records.values()),
        fingerprint=digest("clustering", *parts),
        load=lambda: gather(records, with_language=name == ALL),
    )


def _check_labels(data_set: str, subset: str, records: Mapping[str, Records], options: Mapping[str, Any]) -> None:
    """Raise `DataError` for labels that the card does not list or that are spelled in two ways, and where every encoder
    would score the same."""
    where, texts = f"{data_set} {subset}", {text for of in records.values() for text in of.fields["text"]}
    occurring = labels_of(data_set, records)
    if not occurring:
        raise DataMissing(f"{where} has no items in this split")
    check_known(data_set, options.get("labels", [*occurring]), records)
    check_spellings(where, occurring)
    if len(occurring) < 2:
        only = next(iter(occurring))
        raise DataError(f"{where}: the class of all items is {only!r}; it takes two to tell classes apart")
    if len(texts) <= len(occurring):
        raise DataError(f"{where}: every text is a class of its own, so there is nothing to group")
    if len(texts) <= (k := options.get("k", len(occurring))):
        raise DataError(f"{where}: {len(texts)} different texts, too few for {k} clusters")


def gather(records: Mapping[str, Records], *, with_language: bool) -> Items:
    """The items of languages, sorted by id; ``with_language`` ends ids with the language, so that none occurs twice.

    Clusters stay what they are: the translations of an item stand or fall together.
    """
    rows: list[tuple[str, ...]] = []
    for language, of in records.items():
        ids = [f"{item}:{language}" for item in of.ids] if with_language else of.ids
        rows += zip(ids, of.clusters, of.fields["text"], of.fields["label"], [language] * len(ids), strict=True)
    rows.sort()
    ids, clusters, texts, labels, languages = zip(*rows, strict=True) if rows else [()] * 5
    notes = tuple(dict.fromkeys(note for _, of in sorted(records.items()) for note in of.notes))
    facts = {name: count for _, of in sorted(records.items()) for name, count in of.facts.items()}
    return Items(ids, clusters, texts, labels, languages, notes, facts)


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Cluster all items, and set clusters beside classes."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import grouping, vector_rows

    if subset.load is None:
        raise DataMissing(subset.missing)
    items: Items = subset.load()
    classes: list[str] = options.get("labels", sorted(set(items.labels)))
    k = options.get("k", len(set(items.labels)))
    seeds = seeds_of(items, len(cluster_columns(options)), options.get("starts", STARTS))
    vectors = vector_rows.unit(session.encode(items.texts))
    if options.get("algorithm") == "agglomerative":
        clusterings = [grouping.agglomerate(vectors, k, options.get("linkage", "ward"))]
    else:
        clusterings = grouping.k_means(vectors, k, seeds)
    found, unsettled = [one.labels for one in clusterings], sum(not one.converged for one in clusterings)
    columns = dict(zip(cluster_columns(options), found, strict=True))
    columns["label"] = np.array([classes.index(label) for label in items.labels])
    if subset.name == ALL:
        columns["language"] = np.unique(items.languages, return_inverse=True)[1]
    fewest = min(len(np.unique(clusters)) for clusters in found)
    facts = {"classes": len(set(items.labels)), "clusters": k, "fewest_clusters": fewest, "labels": ", ".join(classes)}
    if unsettled:
        facts["not_converged"] = unsettled
    return Outcome(
        item_ids=items.ids,
        cluster_ids=items.clusters,
        item_texts=[(text,) for text in items.texts],
        columns=columns,
        chance=chance_of(columns, found, int(digest("permutations", *items.ids)[:8], 16)),
        facts={**facts, **_warning_counts(items), **items.facts},
        notes=(*items.notes, *_notes(items, k, fewest), *(["k-means did not converge"] if unsettled else [])),
    )


def _warning_counts(items: Items) -> dict[str, int]:
    """Counts for the board's data warnings."""
    sizes = Counter(items.labels).values()
    return {
        "test_duplicates": len(items.ids) - len(set(items.texts)),
        "tiny_classes": sum(size < TINY for size in sizes),
    }


def seeds_of(items: Items, count: int, starts: int) -> list[list[int]]:
    """Seeds of the ``starts`` of each of ``count`` clusterings: by the items' ids, whatever their order, and the same
    for every model. The first start of each has the seed that it has where it is the only one."""
    content = digest("k-means", *items.ids)

    def seed(clustering: int, start: int) -> int:
        key = (str(clustering), str(start)) if start else (str(clustering),)
        return int(digest(content, *key)[:8], 16)

    return [[seed(clustering, start) for start in range(starts)] for clustering in range(count)]


def _notes(items: Items, k: int, fewest: int) -> Iterator[str]:
    yield COVERED
    sizes = sorted(Counter(items.labels).items())
    if tiny := [f"{label} ({size})" for label, size in sizes if size < TINY]:
        yield f"classes with fewer than {TINY} items: {', '.join(tiny)}"
    if len(set(items.texts)) < len(items.texts):
        yield "texts that occur more than once lie in one cluster (how many more times: Data warnings)"
    yield from notes_on_notation(items.texts)
    labels_of: dict[str, set[str]] = {}
    for text, label in zip(items.texts, items.labels, strict=True):
        labels_of.setdefault(text, set()).add(label)
    if mixed := sum(len(labels) > 1 for labels in labels_of.values()):
        yield f"{mixed} {'text has' if mixed == 1 else 'texts have'} more than one class"
    if fewest < k:
        yield f"the encoder's vectors fall into fewer than {k} clusters: too many of them are equal"
