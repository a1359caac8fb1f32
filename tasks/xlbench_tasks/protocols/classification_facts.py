"""Facts and footnotes of a classification: data counts, majority baseline, warnings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from xlbench_tasks.protocols.numbers.probes import FittedProbe
    from xlbench_tasks.protocols.transfer import SubsetRecords

FEW = 10


@dataclass(frozen=True)
class Labeled:
    """Texts and their label codes (m,)."""

    texts: tuple[str, ...]
    codes: np.ndarray


def facts_of(
    train: Labeled,
    test: Labeled,
    fits: Sequence[FittedProbe],
    options: Mapping[str, Any],
) -> dict[str, float | int | str]:
    """Counts, the majority baseline, and the names of the labels whose codes are in the items."""
    import numpy as np

    labels: Sequence[str] = options["labels"]
    learned = set(train.texts)
    facts: dict[str, float | int | str] = {
        "train_items": len(train.texts),
        "test_in_train": sum(text in learned for text in test.texts),
        "train_duplicates": len(train.texts) - len(learned),
        "test_duplicates": len(test.texts) - len(set(test.texts)),
        "tiny_classes": int(np.count_nonzero(_rare_classes(test, len(labels)))),
        **majority(train.codes, test.codes, len(labels)),
    }
    if options.get("mode") == "mteb":
        facts["majority_mteb_accuracy"] = facts["majority_accuracy"]
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


def majority(train: np.ndarray, test: np.ndarray, labels: int) -> dict[str, float]:
    """Accuracy and macro-F1 of always saying the most frequent label of the train split (of equal ones, the first)."""
    import numpy as np

    support = np.bincount(test, minlength=labels)
    hits = int(support[np.bincount(train, minlength=labels).argmax()])
    f1 = 2 * hits / (hits + len(test)) / np.count_nonzero(support)
    return {"majority_accuracy": hits / len(test), "majority_macro_f1": float(f1)}


def notes_of(
    parts: SubsetRecords, train: Labeled, test: Labeled, fits: Sequence[FittedProbe], labels: Sequence[str]
) -> Iterator[str]:
    """Footnotes: what a reader of the score has to know of the data and of the probe."""
    import numpy as np

    yield from dict.fromkeys(note for records in (*parts.train.values(), parts.test) for note in records.notes)
    learned, asked = (np.bincount(one.codes, minlength=len(labels)) for one in (train, test))

    def those(wanted: np.ndarray) -> str:
        return ", ".join(labels[code] for code in np.flatnonzero(wanted).tolist())

    if (unseen := (learned == 0) & (asked > 0)).any():
        yield f"labels without a training item, which are never predicted: {those(unseen)}"
    if (single := learned == 1).any():
        yield f"labels with one training item: {those(single)}"
    if (few := _rare_classes(test, len(labels))).any():
        yield f"labels with fewer than {FEW} test items: {those(few)}"
    if not set(train.texts).isdisjoint(test.texts):
        yield "some test texts are in the training set too (how many: Data warnings)"
    if len(set(test.texts)) < len(test.texts):
        yield "some test texts occur more than once, and count each time (how many: Data warnings)"
    if not all(fit.converged for fit in fits):
        yield "the probe did not converge"
