"""Facts and footnotes of a classification: data counts, majority baseline, warnings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench_tasks.protocols.classification_probes import Labeled, Learned
from xlbench_tasks.protocols.cross_fitting import COVERED

if TYPE_CHECKING:
    import numpy as np

    from xlbench_tasks.protocols.transfer import SubsetRecords

FEW = 10
"""Fewer test items of a class than this are remarked on."""


def facts_of(folds: Sequence[Learned], test: Labeled, options: Mapping[str, Any]) -> dict[str, float | int | str]:
    """Counts, the majority baseline, and the names of the labels whose codes are in the items.

    Args:
        folds: what was learned, with cross-fitting a fold each.
        test: all test items together.
        options: of the card.
    """
    import numpy as np

    labels: Sequence[str] = options["labels"]
    learned = [set(fold.train.texts) for fold in folds]
    facts: dict[str, float | int | str] = {
        "train_items": max(len(fold.train.texts) for fold in folds),
        "test_in_train": sum(
            text in known for fold, known in zip(folds, learned, strict=True) for text in fold.test.texts
        ),
        "train_duplicates": max(len(fold.train.texts) - len(known) for fold, known in zip(folds, learned, strict=True)),
        "test_duplicates": len(test.texts) - len(set(test.texts)),
        "tiny_classes": int(np.count_nonzero(_rare_classes(test, len(labels)))),
        **majority([(fold.train.codes, fold.test.codes) for fold in folds], len(labels)),
    }
    if len(folds) > 1:
        facts["folds"] = len(folds)
    if options.get("mode") == "mteb":
        facts["majority_mteb_accuracy"] = facts["majority_accuracy"]
    fits = [fit for fold in folds for fit in fold.fits]
    if len(chosen := Counter(fit.c for fit in fits if fit.c is not None)) > 0:
        facts["c"] = ", ".join(f"{c:g}" for c in sorted(chosen))
    if failed := sum(not fit.converged for fit in fits):
        facts["not_converged"] = failed
    facts["label_names"] = json.dumps(list(labels), ensure_ascii=False, separators=(",", ":"))
    return facts


def _rare_classes(test: Labeled, labels: int) -> np.ndarray:
    """(labels,) booleans: which classes occur in the test, but seldom."""
    import numpy as np

    support = np.bincount(test.codes, minlength=labels)
    few: np.ndarray = (support > 0) & (support < FEW)
    return few


def majority(folds: Sequence[tuple[np.ndarray, np.ndarray]], labels: int) -> dict[str, float]:
    """Accuracy and macro-F1 of always saying the most frequent label that is learned from (of equal ones, the first).

    ``folds``: the codes of training and of test items, once or fold by fold. Of classes of equal size, the most
    frequent in the other folds is the rarest in a fold: cross-fitted, it may score less than guessing.
    """
    import numpy as np

    said = [np.full(len(test), np.bincount(train, minlength=labels).argmax()) for train, test in folds]
    predicted, true = np.concatenate(said), np.concatenate([test for _, test in folds])
    hits, support = np.bincount(true[predicted == true], minlength=labels), np.bincount(true, minlength=labels)
    seen = support > 0
    f1 = 2 * hits[seen] / (support + np.bincount(predicted, minlength=labels))[seen]
    return {"majority_accuracy": float(hits.sum() / len(true)), "majority_macro_f1": float(f1.mean())}


def notes_of(parts: SubsetRecords, folds: Sequence[Learned], test: Labeled, labels: Sequence[str]) -> Iterator[str]:
    """Footnotes: what a reader of the score has to know of the data and of the probe."""
    import numpy as np

    yield from dict.fromkeys(note for records in (*parts.train.values(), parts.test) for note in records.notes)
    learned, asked = (
        np.stack([np.bincount(one.codes, minlength=len(labels)) for one in some])
        for some in ([fold.train for fold in folds], [fold.test for fold in folds])
    )

    def label_list(wanted: np.ndarray) -> str:
        return ", ".join(labels[code] for code in np.flatnonzero(wanted).tolist())

    if (unseen := ((learned == 0) & (asked > 0)).any(axis=0)).any():
        yield f"labels without a training item, which are never predicted{_in_a_fold(folds)}: {label_list(unseen)}"
    if (single := (learned == 1).any(axis=0)).any():
        yield f"labels with one training item{_in_a_fold(folds)}: {label_list(single)}"
    if (few := _rare_classes(test, len(labels))).any():
        yield f"labels with fewer than {FEW} test items: {label_list(few)}"
    if any(not set(fold.train.texts).isdisjoint(fold.test.texts) for fold in folds):
        yield "some test texts are in the training set too (how many: Data warnings)"
    if len(set(test.texts)) < len(test.texts):
        yield "some test texts occur more than once, and count each time (how many: Data warnings)"
    if not all(fit.converged for fold in folds for fit in fold.fits):
        yield "the probe did not converge"
    if len(folds) > 1 and not parts.redraws:
        yield COVERED


def _in_a_fold(folds: Sequence[Learned]) -> str:
    return " in some folds" if len(folds) > 1 else ""
