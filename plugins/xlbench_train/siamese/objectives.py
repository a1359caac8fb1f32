"""Objectives: the loss of each, and the columns of texts and labels that it learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.core.text import count_text
from xlbench_train.siamese.negatives import hard_negatives, random_negatives
from xlbench_train.siamese.pairs.pairs import Pairs
from xlbench_train.siamese.settings import Settings
from xlbench_train.siamese.teacher import Teacher

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

TRIPLET_MARGIN = 0.2
"""By how much a translation has to be nearer, in cosine distance."""
SCALE = 20.0
"""Inverse temperature of the cosines in the objective contrastive: that of the library."""
LABELS = ("other", "translation")
"""The classes of the softmax head."""


@dataclass(frozen=True)
class Columns:
    """What a loss is given."""

    dataset: Dataset
    notes: tuple[str, ...] = ()


def columns_of(
    pairs: Pairs, settings: Settings, model: SentenceTransformer, teacher: Teacher | None, *, mined: bool
) -> Columns:
    """The columns that the objective's loss learns from, an example a row.

    Args:
        pairs: Translations.
        settings: With the objective and where negatives come from.
        model: The model, which hard negatives are mined with.
        teacher: Whose vectors are learned, for ``distill``.
        mined: Whether hard negatives may be mined; validation takes random ones, so that losses can be compared.
    """
    from datasets import Dataset

    first, second = list(pairs.first), list(pairs.second)
    if settings.objective == "distill":
        assert teacher is not None
        targets = teacher.targets(first, _dimensions(model))
        return Columns(Dataset.from_dict({"first": first, "second": second, "label": list(targets)}))
    if settings.negatives == "in-batch" or (settings.objective == "contrastive" and not mined):
        return Columns(Dataset.from_dict({"first": first, "second": second}))
    notes: tuple[str, ...] = ()
    if settings.negatives == "hard" and mined:
        found, negatives = hard_negatives(pairs, model, batch_size=64)
        if len(found) < len(pairs):
            notes = (f"left out, as no other text is near: {count_text(len(pairs) - len(found), 'pair')}",)
        first, second = list(found.first), list(found.second)
    else:
        negatives = random_negatives(pairs, settings.seed)
    if settings.objective in ("triplet", "contrastive"):
        return Columns(Dataset.from_dict({"first": first, "second": second, "negative": negatives}), notes)
    label: list[Any] = [1] * len(first) + [0] * len(first)
    if settings.objective == "cosine":
        label = [float(one) for one in label]
    return Columns(Dataset.from_dict({"first": first * 2, "second": second + negatives, "label": label}), notes)


def loss_of(settings: Settings, model: SentenceTransformer, micro_batch_size: int) -> torch.nn.Module:
    """The objective's loss over the model. ``micro_batch_size``: texts that go through the model at a time, where the
    loss uses a gradient cache."""
    from sentence_transformers.sentence_transformer import losses

    if settings.objective == "softmax":
        return losses.SoftmaxLoss(model, _dimensions(model), num_labels=len(LABELS))
    if settings.objective == "triplet":
        return losses.TripletLoss(model, losses.TripletDistanceMetric.COSINE, TRIPLET_MARGIN)
    if settings.objective == "cosine":
        return losses.CosineSimilarityLoss(model)
    if settings.objective == "distill":
        return losses.EmbedDistillLoss(model, distance_metric="cosine")
    both: Any = ("query_to_doc", "doc_to_query") if settings.negatives == "in-batch" else ("query_to_doc",)
    if uses_gradient_cache(settings, micro_batch_size):
        return losses.CachedMultipleNegativesRankingLoss(
            model, SCALE, mini_batch_size=micro_batch_size, directions=both
        )
    return losses.MultipleNegativesRankingLoss(model, SCALE, directions=both)


def uses_gradient_cache(settings: Settings, micro_batch_size: int) -> bool:
    """Whether the loss splits a batch itself (GradCache): with in-batch negatives, a smaller batch would be another
    objective."""
    return settings.objective == "contrastive" and micro_batch_size < settings.batch_size


def _dimensions(model: SentenceTransformer) -> int:
    found = model.get_embedding_dimension()
    assert found is not None
    return int(found)
