"""Classification of mteb: by our probe over the whole train split, or by mteb's few-shot experiments to the letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import averaged, macro_f1, macro_precision, macro_recall, mean, share, weighted_f1
from xlbench_mteb import scored
from xlbench_mteb.columns import complete
from xlbench_mteb.label_names import Meant, meant
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.data.records import Records, sample_by_label
from xlbench_tasks.protocols import classification
from xlbench_tasks.protocols.training_sample import TrainingSample
from xlbench_tasks.protocols.transfer import SubsetRecords

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = classification.VERSION
"""Version of our protocol."""
OF_CLASSES: dict[str, Callable[..., Metric]] = {
    "macro_f1": macro_f1, "macro_precision": macro_precision, "macro_recall": macro_recall, "weighted_f1": weighted_f1,
}  # fmt: skip
OF_MTEB = ("accuracy", "f1", "f1_weighted", "precision", "precision_weighted", "recall", "recall_weighted")
"""mteb's metrics that every number of classes has."""


@dataclass(frozen=True)
class Loaded:
    """The labeled texts of a subset."""

    parts: SubsetRecords
    labels: tuple[str, ...]
    """In mteb's order of their values; by their names where its numbers mean several."""
    opened: Opened
    subset: SubsetOfTask
    split: str
    numbers: tuple[str, ...]
    """The labels as mteb has them, in its order: numbers, most often."""
    true: tuple[str, ...]
    """Those of the test items."""
    meant: Meant
    """What they mean."""


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours, macro-F1 first; or mteb's, its main score first, each a mean over its experiments."""
    if protocol == "xlbench":
        accuracy = share("accuracy", lambda c: c["true"] == c["predicted"], "share of right labels")
        others = {name: _over_classes(name, make) for name, make in OF_CLASSES.items()}
        return others["macro_f1"], accuracy, *(others[name] for name in [*OF_CLASSES][1:])
    main = str(task.mteb.metadata.main_score)
    runs = range(1, int(task.mteb.n_experiments) + 1)
    names = sorted(OF_MTEB, key=lambda name: name != main)
    return tuple(
        averaged(name, [_of_mteb(name, f"predicted_{run}") for run in runs], f"mteb's {name}") for name in names
    )


def _over_classes(name: str, make: Callable[..., Metric]) -> Metric:
    """A metric of classes that needs no list of labels: they are counted in the columns."""

    def values(columns: Columns) -> np.ndarray:
        import numpy as np

        from xlbench_tasks.protocols.numbers import classes

        true, predicted = np.asarray(columns["true"]), np.asarray(columns["predicted"])
        return classes.pseudo_values(make, 1 + int(max(true.max(), predicted.max())), true, predicted)

    return mean(name, values, description=make("one", (0, 1)).description)


def _of_mteb(name: str, column: str) -> Metric:
    def values(columns: Columns) -> np.ndarray:
        from xlbench_mteb import of_classes

        return of_classes.pseudo_values(name, columns["true"], columns[column])

    if name in ("accuracy", "recall_weighted"):  # which are the same number
        return share(name, lambda columns: columns["true"] == columns[column])
    return mean(name, values)


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """A language with its train split; `DataError` for data that cannot be scored."""
    splits, own = opened.splits(subset), task.mteb
    where = f"{task.name} {subset.label}"
    if own.is_cross_validation or not isinstance(own.input_column_name, str):
        raise DataError(f"{where}: cross-validation, or inputs of several kinds, for which there is no protocol here")
    tables = {name: splits[name] for name in (own.train_split, split)}
    values, texts = (
        {name: complete(where, column, table[column]) for name, table in tables.items()}
        for column in (own.label_column_name, own.input_column_name)
    )
    if len({*values[split]}) < 2 or len({*values[own.train_split]}) < 2:
        raise DataError(f"{where}: one label alone, in the train split or in {split}: there is nothing to score")
    labels = meant(task.name, tables, own.label_column_name, values)
    ordered, numbers = (sorted({value for its in of.values() for value in its}) for of in (labels.values, values))
    records = {name: records_of(task, subset, name, texts[name], labels.values[name]) for name in tables}
    test = sample(records[split], data.limit)
    train = cut({subset.label: sample(records[own.train_split], data.limit)}, task.name, data.train_size)
    parts = SubsetRecords(task.name, subset.label, train, {}, test, data.training_draws)
    content = digest("mteb", *(one.fingerprint() for one in (*train.values(), test)), *map(str, ordered))
    return Subset(
        subset.label, subset.languages, n=len(test.ids), fingerprint=content,
        load=lambda: Loaded(
            parts, tuple(map(str, ordered)), opened, subset, split,
            tuple(map(str, numbers)), tuple(map(str, values[split])), labels,
        ),
        train_items=sum(len(one.ids) for one in train.values()), training_draws=data.training_draws,
    )  # fmt: skip


def records_of(task: NamedTask, subset: SubsetOfTask, split: str, texts: list[Any], labels: list[Any]) -> Records:
    """Items of a split. Row i of translated data is one cluster in all languages; elsewhere equal texts are."""
    ids = tuple(f"{task.name}:{subset.name}:{split}:{row}" for row in range(1, len(texts) + 1))
    keys = range(1, len(texts) + 1) if task.is_translated else [digest(str(text))[:16] for text in texts]
    clusters = tuple(f"{task.name}:{split}:{key}" for key in keys)
    return Records(ids, clusters, {"text": tuple(map(str, texts)), "label": tuple(map(str, labels))})


def sample(records: Records, limit: int | None) -> Records:
    """At most so many items, in turns one of every label."""
    if limit is None or limit >= len(records.ids):
        return records
    kept = set(sample_by_label(records.fields["label"], limit))
    return records.only([row in kept for row in range(len(records.ids))])


def cut(train: dict[str, Records], name: str, size: int | None) -> dict[str, Records]:
    """At most so many training items, the same ones for every model."""
    return train if size is None else TrainingSample(name, size)(train)


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The test items."""
    test = loaded.parts.test
    rows = zip(test.ids, test.fields["text"], test.fields["label"], test.clusters, strict=True)
    return [ItemText(item, text, loaded.parts.target, label, cluster) for item, text, label, cluster in rows]


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The classification protocol's outcome, or mteb's predictions in each of its experiments."""
    assert subset.load is not None
    loaded: Loaded = subset.load()
    if protocol == "mteb":
        return _by_mteb(task, loaded, session)
    own = replace(subset, load=lambda: loaded.parts)
    outcome = classification.evaluate(own, session, {"labels": [*loaded.labels]})
    names = [metric.name for metric in metrics(task, protocol)]
    chance = {name: level for name, level in outcome.chance.items() if name in names}
    return replace(outcome, chance=chance, notes=(*outcome.notes, *loaded.meant.ours))


def _by_mteb(task: NamedTask, loaded: Loaded, session: EncodingSession) -> Outcome:
    import numpy as np

    test = loaded.parts.test
    found = scored.score(loaded.opened.ready(loaded.subset), loaded.subset, loaded.split, session)
    code_of = {label: code for code, label in enumerate(loaded.numbers)}
    columns: dict[str, np.ndarray] = {"true": np.array([code_of[label] for label in loaded.true])}
    for run, predicted in enumerate(found.predictions, 1):
        columns[f"predicted_{run}"] = np.array([code_of[str(value)] for value in predicted])
    scored.check(metrics(task, "mteb"), columns, found.scores, f"{task.name} {loaded.subset.name}")
    classes = len(set(loaded.true))
    return Outcome(
        item_ids=test.ids, cluster_ids=test.clusters, item_texts=[(text,) for text in test.fields["text"]],
        columns=columns, chance={"accuracy": 1 / classes, "recall": 1 / classes},
        seed_ids=[f"{task.name} mteb {run}" for run in range(len(found.predictions))],
        facts={"labels": ", ".join(loaded.numbers), **scored.facts_of(task, loaded.subset, loaded.split)},
        notes=loaded.meant.mteb,
    )  # fmt: skip
