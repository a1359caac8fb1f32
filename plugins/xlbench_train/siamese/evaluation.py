"""The evaluator that runs after each epoch: accuracy, of positives and of negatives, P@1 and MRR on the evaluation
pairs.

Figures to follow training by, without intervals; the report after training has those, by the protocol `alignment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sentence_transformers.base.evaluation import BaseEvaluator

from xlbench_train.siamese.negatives import random_negatives
from xlbench_train.siamese.pairs.pairs import Pairs

if TYPE_CHECKING:
    import torch

FIGURES = ("accuracy", "positive_accuracy", "negative_accuracy", "p_at_1", "mrr")
BATCH = 64


class PairEvaluator(BaseEvaluator):
    """Pairs, each with one random other second side, and each ranked among all second sides of its languages."""

    def __init__(self, pairs: Pairs, seed: int, head: torch.nn.Linear | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pairs = pairs
        self._negatives = random_negatives(pairs, seed)
        self._head = head
        self.primary_metric = "mrr"

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """The figures of `FIGURES`, shares of 1."""
        texts = list(dict.fromkeys([*self._pairs.texts(), *self._negatives]))
        vectors = model.encode(texts, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        row_of = {text: row for row, text in enumerate(texts)}
        u, v, w = (
            np.asarray(vectors, np.float32)[[row_of[text] for text in column]]
            for column in (self._pairs.first, self._pairs.second, self._negatives)
        )
        positive, negative = self._classify(u, v, w)
        ranks = np.concatenate([*self._ranks(u, v)])
        return {
            "accuracy": float((positive.mean() + negative.mean()) / 2),
            "positive_accuracy": float(positive.mean()),
            "negative_accuracy": float(negative.mean()),
            "p_at_1": float((ranks == 1).mean()),
            "mrr": float((1 / ranks).mean()),
        }

    def _classify(self, u: Any, v: Any, w: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which translations (n,) and which other pairs (n,) are classified correctly: by the head, else by a cosine
        threshold that is best on the other half of the pairs."""
        if self._head is not None:
            return self._classify_by_head(u, v), ~self._classify_by_head(u, w)
        true, other = _cosines(u, v), _cosines(u, w)
        half = np.arange(len(true)) % 2
        at = np.array([_best_threshold(true[half != mine], other[half != mine]) for mine in (0, 1)])[half]
        return true >= at, other < at

    def _classify_by_head(self, u: Any, v: Any) -> NDArray[np.bool_]:
        """Whether the head takes pairs for translations."""
        import torch

        assert self._head is not None
        with torch.no_grad():
            device, kind = self._head.weight.device, self._head.weight.dtype
            features = np.concatenate([u, v, np.abs(u - v)], axis=1)
            found = self._head(torch.from_numpy(features).to(device, kind)).argmax(dim=1).cpu().numpy()
        is_translation: NDArray[np.bool_] = found == 1
        return is_translation

    def _ranks(self, u: Any, v: Any) -> Any:
        """Ranks of translations by cosine, from 1, among the different second sides of each pair of languages; what is
        as near as the translation counts against it."""
        groups: dict[tuple[str, str], list[int]] = {}
        for row, languages in enumerate(self._pairs.languages):
            groups.setdefault(languages, []).append(row)
        for rows in groups.values():
            texts = [self._pairs.second[row] for row in rows]
            row_of = dict(zip(reversed(texts), reversed(rows), strict=True))
            place_of = {text: place for place, text in enumerate(row_of)}
            similarity = _normalize(u[rows]) @ _normalize(v[[*row_of.values()]]).T
            own = similarity[np.arange(len(rows)), [place_of[text] for text in texts]]
            yield (similarity >= own[:, None] - 1e-7).sum(axis=1)


def _normalize(x: Any) -> Any:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def _cosines(x: Any, y: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (_normalize(x) * _normalize(y)).sum(axis=1)
    return found


def _best_threshold(true: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The cosine from which on a pair is best taken for a translation, as many of both kinds given."""
    values = np.concatenate([true, other])
    order = np.argsort(-values, kind="stable")
    is_true = np.repeat([1, 0], [len(true), len(other)])[order]
    right = np.cumsum(is_true) + (len(other) - np.cumsum(1 - is_true))
    best = int(np.argmax(right))
    ordered = values[order]
    return float((ordered[best] + ordered[min(best + 1, len(ordered) - 1)]) / 2)
