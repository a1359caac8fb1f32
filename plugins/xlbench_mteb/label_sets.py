"""Multilabel classification of mteb by our protocol: a probe for every label, over the whole train split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench import Columns, Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench_mteb.classified import cut, records_of, sample
from xlbench_mteb.columns import complete
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.protocols.multilabel_scores import (
    METRICS,
    NOT_CONVERGED,
    FoldSets,
    facts_of,
    label_matrix,
    notes_of,
    set_columns,
    teaches,
    why_the_same,
)
from xlbench_tasks.protocols.training_resamples import redraws, retrain
from xlbench_tasks.protocols.transfer import SubsetRecords

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = 1
"""Version of our protocol."""


@dataclass(frozen=True)
class Loaded:
    """The items of a subset; their field ``label`` is a JSON list of labels."""

    parts: SubsetRecords
    labels: tuple[str, ...]
    """All of them, in the order of their values."""


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Macro-F1 over labels first."""
    return METRICS


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """A language with its train split; `DataError` for data that cannot be scored."""
    splits, own, where = opened.splits(subset), task.mteb, f"{task.name} {subset.label}"
    if not isinstance(own.input_column_name, str):
        raise DataError(f"{where}: inputs of several kinds, for which there is no protocol here")
    tables = {name: splits[name] for name in (own.train_split, split)}
    texts, values = (
        {name: complete(where, column, table[column]) for name, table in tables.items()}
        for column in (own.input_column_name, own.label_column_name)
    )
    ordered = tuple(map(str, sorted({one for rows in values.values() for row in rows for one in row})))
    if len(set(ordered)) < len(ordered):
        raise DataError(f"{where}: labels of different kinds look the same: {', '.join(ordered)}")
    place = {label: number for number, label in enumerate(ordered)}
    records = {
        name: records_of(
            task, subset, name, texts[name],
            [json.dumps(sorted(set(map(str, row)), key=place.__getitem__), ensure_ascii=False) for row in values[name]],
        )
        for name in tables
    }  # fmt: skip
    train = cut({subset.label: sample(records[own.train_split], data.limit)}, task.name, data.train_size)
    parts = SubsetRecords(task.name, subset.label, train, {}, sample(records[split], data.limit), data.training_draws)
    _check(where, parts)
    content = digest(
        "mteb label sets", *(one.fingerprint() for one in (*train.values(), parts.test)), *ordered
    )  # fmt: skip
    return Subset(
        subset.label, subset.languages, n=len(parts.test.ids), fingerprint=content,
        load=lambda: Loaded(parts, ordered),
        train_items=sum(len(one.ids) for one in train.values()), training_draws=data.training_draws,
    )  # fmt: skip


def _check(where: str, parts: SubsetRecords) -> None:
    """Raise `DataError` where every encoder would score the same."""
    learned = [row for one in parts.train.values() for row in one.fields["label"]]
    if why := why_the_same(where, parts.test.fields["label"], learned):
        raise DataError(why)


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The test items; several labels are one text, with commas between them."""
    test = loaded.parts.test
    rows = zip(test.ids, test.fields["text"], test.fields["label"], test.clusters, strict=True)
    return [
        ItemText(item, text, loaded.parts.target, ", ".join(json.loads(label)), cluster)
        for item, text, label, cluster in rows
    ]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """Learn every label from the train split, and say it of the test items."""
    from xlbench_tasks.protocols.numbers import label_probes
    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    assert subset.load is not None
    loaded: Loaded = subset.load()
    parts = loaded.parts
    (train,) = parts.train.values()
    learned, has = (label_matrix(one.fields["label"], loaded.labels) for one in (train, parts.test))
    vectors, asked = session.encode(train.fields["text"]), session.encode(parts.test.fields["text"])
    with one_thread():  # the last bits of a sum would follow the number of processors
        fit = label_probes.learn(vectors, learned)
        told = fit.label(asked)
    texts = parts.test.fields["text"]
    sets = FoldSets(train.fields["text"], learned, texts, has)
    drawn, again = _retrained(loaded, session, vectors, learned, asked)
    return Outcome(
        item_ids=parts.test.ids, cluster_ids=parts.test.clusters,
        item_texts=[(text,) for text in parts.test.fields["text"]],
        columns={**set_columns("true", has), **set_columns("predicted", told)},
        chance=label_probes.chance([(learned, has)]),
        retrained=again, training_ids=drawn,
        facts=facts_of([sets], texts, has, loaded.labels),
        notes=(*notes_of([sets], texts, has, loaded.labels), *(NOT_CONVERGED,) * (not fit.converged)),
    )  # fmt: skip


def _retrained(
    loaded: Loaded, session: EncodingSession, vectors: np.ndarray, learned: np.ndarray, asked: np.ndarray
) -> tuple[tuple[str, ...], list[Columns]]:
    """What bootstrapped training sets are called, where such are asked for, and what is learned from them."""
    from xlbench_tasks.protocols.numbers import label_probes
    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    parts = loaded.parts
    if not parts.redraws or session.is_gathering:
        return (), []

    def label(rows: np.ndarray) -> dict[str, np.ndarray]:
        with one_thread():
            return set_columns("predicted", label_probes.learn(vectors[rows], learned[rows]).label(asked))

    drawn = redraws(parts.data_set, parts.train, parts.redraws, lambda rows: teaches(learned[rows]))
    fits = retrain(parts, session, ("label sets", parts.data_set), drawn, label)
    return fits.names, [*fits.learned]
