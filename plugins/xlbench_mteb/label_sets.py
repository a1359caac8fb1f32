"""Multilabel classification of mteb by our protocol: a probe for every label, over the whole train split."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import macro_f1_of_sets, micro_f1, share
from xlbench_mteb.classified import cut, records_of, sample
from xlbench_mteb.columns import complete
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols.training_resamples import redraws, retrain
from xlbench_tasks.protocols.transfer import SubsetRecords

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = 1
"""Version of our protocol."""
NOT_CONVERGED = "a probe did not converge"
FEW = 10
"""Fewer test items with a label than this are remarked on."""


@dataclass(frozen=True)
class Loaded:
    """The items of a subset; their field ``label`` is a JSON list of labels."""

    parts: SubsetRecords
    labels: tuple[str, ...]
    """All of them, in the order of their values."""


def _sets(kind: str, columns: Columns) -> np.ndarray:
    """(n, k): the columns of a kind, ``true`` or ``predicted``, one a label."""
    import numpy as np

    count = sum(name.startswith(f"{kind}_") for name in columns)
    return np.stack([np.asarray(columns[f"{kind}_{number}"], bool) for number in range(1, count + 1)], axis=1)


_TRUE, _TOLD = partial(_sets, "true"), partial(_sets, "predicted")

_METRICS: tuple[Metric, ...] = (
    macro_f1_of_sets("macro_f1", _TRUE, _TOLD, "F1, a mean over the labels in the test split"),
    micro_f1(
        "micro_f1",
        lambda columns: (_TRUE(columns) & _TOLD(columns)).sum(axis=1),
        lambda columns: _TOLD(columns).sum(axis=1),
        lambda columns: _TRUE(columns).sum(axis=1),
        "F1 over all labels of all items together",
    ),
    share(
        "accuracy",
        lambda columns: (_TRUE(columns) == _TOLD(columns)).all(axis=1),
        "share of items with all labels right and no others",
    ),
)


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Macro-F1 over labels first."""
    return _METRICS


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
    _check(where, parts, ordered)
    content = digest(
        "mteb label sets", *(one.fingerprint() for one in (*train.values(), parts.test)), *ordered
    )  # fmt: skip
    return Subset(
        subset.label, subset.languages, n=len(parts.test.ids), fingerprint=content,
        load=lambda: Loaded(parts, ordered),
        train_items=sum(len(one.ids) for one in train.values()), training_draws=data.training_draws,
    )  # fmt: skip


def _check(where: str, parts: SubsetRecords, labels: Sequence[str]) -> None:
    """Raise `DataError` where every encoder would score the same."""
    test = [json.loads(row) for row in parts.test.fields["label"]]
    if len({*map(tuple, test)}) < 2:
        raise DataError(f"{where}: all {len(test):,} test items have the same labels: there is nothing to score")
    learned = [json.loads(row) for one in parts.train.values() for row in one.fields["label"]]
    if all(sum(label in row for row in learned) in (0, len(learned)) for label in labels):
        raise DataError(f"{where}: no label is one that some training items have and others have not")


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
    learned, has = _label_matrix(train, loaded.labels), _label_matrix(parts.test, loaded.labels)
    vectors, asked = session.encode(train.fields["text"]), session.encode(parts.test.fields["text"])
    with one_thread():  # the last bits of a sum would follow the number of processors
        fit = label_probes.learn(vectors, learned)
        told = fit.label(asked)
    drawn, again = _retrained(loaded, session, vectors, learned, asked)
    return Outcome(
        item_ids=parts.test.ids, cluster_ids=parts.test.clusters,
        item_texts=[(text,) for text in parts.test.fields["text"]],
        columns={**_columns("true", has), **_columns("predicted", told)},
        chance=label_probes.chance(learned, has),
        retrained=again, training_ids=drawn,
        facts=_facts(train, parts.test, learned, has, loaded.labels),
        notes=(*_notes(train, parts.test, learned, has, loaded.labels), *(NOT_CONVERGED,) * (not fit.converged)),
    )  # fmt: skip


def _label_matrix(records: Records, labels: Sequence[str]) -> np.ndarray:
    """(n, k) booleans: which labels every item has."""
    import numpy as np

    place = {label: number for number, label in enumerate(labels)}
    has = np.zeros((len(records.ids), len(labels)), bool)
    for row, its in enumerate(records.fields["label"]):
        has[row, [place[label] for label in json.loads(its)]] = True
    return has


def _columns(kind: str, sets: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{kind}_{number}": column for number, column in enumerate(sets.T, 1)}


def _retrained(
    loaded: Loaded, session: EncodingSession, vectors: np.ndarray, learned: np.ndarray, asked: np.ndarray
) -> tuple[tuple[str, ...], list[Columns]]:
    """What bootstrapped training sets are called, where such are asked for, and what is learned from them."""
    from xlbench_tasks.protocols.numbers import label_probes
    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    parts = loaded.parts
    if not parts.redraws or session.is_gathering:
        return (), []

    def teaches(rows: Any) -> bool:
        shares = learned[rows].mean(axis=0)
        return bool(((shares > 0) & (shares < 1)).any())

    def label(rows: np.ndarray) -> dict[str, np.ndarray]:
        with one_thread():
            return _columns("predicted", label_probes.learn(vectors[rows], learned[rows]).label(asked))

    drawn = redraws(parts.data_set, parts.train, parts.redraws, teaches)
    fits = retrain(parts, session, ("label sets", parts.data_set), drawn, label)
    return fits.names, [*fits.learned]


def _facts(
    train: Records, test: Records, learned: np.ndarray, has: np.ndarray, labels: Sequence[str]
) -> dict[str, float | int | str]:
    from xlbench_tasks.protocols.numbers import label_probes

    known, asked = set(train.fields["text"]), test.fields["text"]
    support = has.sum(axis=0)
    return {
        "train_items": len(learned),
        "test_in_train": sum(text in known for text in asked),
        "train_duplicates": len(learned) - len(known),
        "test_duplicates": len(asked) - len(set(asked)),
        "tiny_classes": int(((support > 0) & (support < FEW)).sum()),
        "labels_per_item": float(has.sum(axis=1).mean()),
        **label_probes.majority(learned, has),
        "label_names": json.dumps(list(labels), ensure_ascii=False, separators=(",", ":")),
    }


def _notes(train: Records, test: Records, learned: np.ndarray, has: np.ndarray, labels: Sequence[str]) -> Iterator[str]:
    """What a reader of the score has to know of the data."""

    def label_list(wanted: np.ndarray) -> str:
        return ", ".join(label for label, is_one in zip(labels, wanted.tolist(), strict=True) if is_one)

    support = has.sum(axis=0)
    if (unseen := ~learned.any(axis=0) & (support > 0)).any():
        yield f"labels without a training item, which are never predicted: {label_list(unseen)}"
    if (few := (support > 0) & (support < FEW)).any():
        yield f"labels with fewer than {FEW} test items: {label_list(few)}"
    if not set(train.fields["text"]).isdisjoint(test.fields["text"]):
        yield "some test texts are in the training set too (how many: Data warnings)"
    if len(set(test.fields["text"])) < len(test.ids):
        yield "some test texts occur more than once, and count each time (how many: Data warnings)"
