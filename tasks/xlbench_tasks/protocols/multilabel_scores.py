"""Scores of predicted sets of labels: metrics, columns, facts and footnotes, for cards and for tasks of plugins.

An item's labels are a JSON list of texts. Columns are ``true_1``, ``true_2`` ... and ``predicted_1`` ..., one a label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xlbench import Columns, Metric
from xlbench.stats.metrics import macro_f1_of_sets, micro_f1, share

if TYPE_CHECKING:
    import numpy as np

NOT_CONVERGED = "a probe did not converge"
FEW = 10
"""Fewer test items with a label than this are remarked on."""


def _sets(kind: str, columns: Columns) -> np.ndarray:
    """(n, k): the columns of a kind, ``true`` or ``predicted``, one a label."""
    import numpy as np

    count = sum(name.startswith(f"{kind}_") for name in columns)
    return np.stack([np.asarray(columns[f"{kind}_{number}"], bool) for number in range(1, count + 1)], axis=1)


_TRUE, _TOLD = partial(_sets, "true"), partial(_sets, "predicted")

METRICS: tuple[Metric, ...] = (
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


@dataclass(frozen=True)
class FoldSets:
    """What is learned from and what is asked for, once or in a fold: texts, and which labels (n, k) they have."""

    train_texts: Sequence[str]
    learned: np.ndarray
    test_texts: Sequence[str]
    has: np.ndarray


def label_matrix(rows: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """(n, k) booleans: which labels every item has, from a JSON list an item."""
    import numpy as np

    place = {label: number for number, label in enumerate(labels)}
    has = np.zeros((len(rows), len(labels)), bool)
    for row, its in enumerate(rows):
        has[row, [place[label] for label in json.loads(its)]] = True
    return has


def set_columns(kind: str, sets: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of a kind, ``true`` or ``predicted``, of labels (n, k)."""
    return {f"{kind}_{number}": column for number, column in enumerate(sets.T, 1)}


def teaches(learned: np.ndarray) -> bool:
    """Whether there is a label that some items have and others have not."""
    shares = learned.mean(axis=0)
    return bool(((shares > 0) & (shares < 1)).any())


def why_the_same(where: str, test: Sequence[str], learned: Sequence[str]) -> str:
    """Why every encoder would score the same on items with these labels (JSON lists); "" where that is not so."""
    asked = [frozenset(json.loads(row)) for row in test]
    if len({*asked}) < 2:
        return f"{where}: all {len(test):,} test items have the same labels: there is nothing to score"
    known = [frozenset(json.loads(row)) for row in learned]
    if len({*known}) < 2:
        return f"{where}: no label is one that some training items have and others have not"
    return ""


def facts_of(
    folds: Sequence[FoldSets], test_texts: Sequence[str], has: np.ndarray, labels: Sequence[str]
) -> dict[str, float | int | str]:
    """Counts, the majority baseline, and the names of the labels.

    Args:
        folds: what was learned and asked for, with cross-fitting a fold each.
        test_texts: all test items.
        has: (n, k): which labels these have.
        labels: their names.
    """
    from xlbench_tasks.protocols.numbers import label_probes

    known, support = [set(fold.train_texts) for fold in folds], has.sum(axis=0)
    return {
        "train_items": max(len(fold.learned) for fold in folds),
        "test_in_train": sum(
            text in texts for fold, texts in zip(folds, known, strict=True) for text in fold.test_texts
        ),
        "train_duplicates": max(len(fold.learned) - len(texts) for fold, texts in zip(folds, known, strict=True)),
        "test_duplicates": len(test_texts) - len(set(test_texts)),
        "tiny_classes": int(((support > 0) & (support < FEW)).sum()),
        "labels_per_item": float(has.sum(axis=1).mean()),
        **label_probes.majority([(fold.learned, fold.has) for fold in folds]),
        **({"folds": len(folds)} if len(folds) > 1 else {}),
        "label_names": json.dumps(list(labels), ensure_ascii=False, separators=(",", ":")),
    }


def notes_of(
    folds: Sequence[FoldSets], test_texts: Sequence[str], has: np.ndarray, labels: Sequence[str]
) -> Iterator[str]:
    """Footnotes: what a reader of the score has to know of the data."""
    import numpy as np

    def label_list(wanted: np.ndarray) -> str:
        return ", ".join(label for label, is_one in zip(labels, wanted.tolist(), strict=True) if is_one)

    support, within = has.sum(axis=0), " in some folds" if len(folds) > 1 else ""
    unseen = np.any([~fold.learned.any(axis=0) & fold.has.any(axis=0) for fold in folds], axis=0)
    if unseen.any():
        yield f"labels without a training item, which are never predicted{within}: {label_list(unseen)}"
    if (few := (support > 0) & (support < FEW)).any():
        yield f"labels with fewer than {FEW} test items: {label_list(few)}"
    if any(not set(fold.train_texts).isdisjoint(fold.test_texts) for fold in folds):
        yield "some test texts are in the training set too (how many: Data warnings)"
    if len(set(test_texts)) < len(test_texts):
        yield "some test texts occur more than once, and count each time (how many: Data warnings)"
