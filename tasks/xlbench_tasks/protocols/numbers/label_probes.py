"""Probes for labels of which an item has any number: one a label, each solved to its optimum (`probes.Logistic`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import probes
from xlbench_tasks.protocols.numbers.probes import FittedProbe, Floats

Sets = NDArray[np.bool_]
"""(n, k): which of k labels every item has."""


@dataclass(frozen=True)
class FittedLabels:
    """Probes that have learned; of a label that all training items have, or none, there is nothing to learn."""

    of_label: tuple[FittedProbe | None, ...]
    always: Sets
    """(k,) whether every training item has the label, which is then said of all."""

    @property
    def converged(self) -> bool:
        """Whether all of them are at their optimum."""
        return all(probe is None or probe.converged for probe in self.of_label)

    def label(self, vectors: Floats) -> Sets:
        """Which labels (n, k) test vectors (n, d) are given: those that are likelier than not."""
        scaled = probes.unit(vectors)
        told = np.repeat(self.always[np.newaxis], len(vectors), axis=0)
        for code, probe in enumerate(self.of_label):
            if probe is not None:
                assert isinstance(probe.model, probes.Logits)
                told[:, code] = probe.model.of_units(scaled) == 1
        return told


def learn(vectors: Floats, has: Sets, c: float = 1.0) -> FittedLabels:
    """Learn from vectors (m, d) and the labels (m, k) of their items."""
    probe = probes.Logistic(c)
    found = tuple(probe.learn(vectors, its.astype(np.int64)) if its.any() and not its.all() else None for its in has.T)
    return FittedLabels(found, np.asarray(has.all(axis=0)))


def majority(folds: Sequence[tuple[Sets, Sets]]) -> dict[str, float]:
    """What saying of all test items (n, k) each label that more than half of the training items (m, k) have scores:
    accuracy and macro-F1. ``folds``: the labels of training and of test items, once or fold by fold."""
    has = np.concatenate([asked for _, asked in folds])
    said = np.concatenate([np.broadcast_to(learned.mean(axis=0) > 0.5, asked.shape) for learned, asked in folds])
    hits, total = (has & said).sum(axis=0), has.sum(axis=0) + said.sum(axis=0)
    seen = has.any(axis=0)
    return {
        "majority_accuracy": float((has == said).all(axis=1).mean()),
        "majority_macro_f1": float((2 * hits[seen] / total[seen]).mean()),
    }


def chance(folds: Sequence[tuple[Sets, Sets]]) -> dict[str, float]:
    """What saying every label as often as training items (m, k) have it, of anything, scores on test items (n, k) in
    the limit of many: with a share p of the items and q of the answers, F1 is 2pq / (p + q). Of several folds, each
    with its own q, it is hits and answers that are added up."""
    said = np.concatenate([np.broadcast_to(learned.mean(axis=0), asked.shape) for learned, asked in folds])
    has = np.concatenate([asked for _, asked in folds])
    hits, total = (said * has).sum(axis=0), (said + has).sum(axis=0)
    seen = has.any(axis=0)
    return {
        "macro_f1": float((2 * hits[seen] / total[seen]).mean()),
        "micro_f1": float(2 * hits.sum() / total.sum()),
        "accuracy": float(np.where(has, said, 1 - said).prod(axis=1).mean()),
    }
