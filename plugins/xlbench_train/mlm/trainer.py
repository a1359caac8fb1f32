"""The library's trainer, whose evaluations weigh every masked token alike."""

from __future__ import annotations

import math
from typing import Any

import torch

from xlbench_train.training.trainer import SafeTrainer


def losses_of(logits: Any, labels: torch.Tensor) -> torch.Tensor:
    """Of blocks (b,), the sum of the losses of their masked tokens and the number of these: shape (b, 2).

    Args:
        logits: (b, n, v); of a model with several outputs, the first of them.
        labels: (b, n), -100 where nothing is asked.
    """
    logits = logits[0] if isinstance(logits, tuple) else logits
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2).float(), labels, reduction="none")
    return torch.stack([each.sum(dim=1), (labels != -100).sum(dim=1).float()], dim=1)


def mean_loss(found: Any) -> dict[str, float]:
    """The mean loss of all masked tokens, and the perplexity, e to it; ``found``: with what `losses_of` returned."""
    total, count = found.predictions.astype("float64").sum(axis=0)
    loss = total / count if count else math.nan
    return {"masked_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


class MaskTrainer(SafeTrainer):
    """The library's trainer with the loss of an evaluation taken over all masked tokens, however many a batch has: the
    library's is the mean of its batches."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, preprocess_logits_for_metrics=losses_of, compute_metrics=mean_loss, **kwargs)

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """The library's own, with that loss for its own."""
        found = super().evaluation_loop(*args, **kwargs)
        assert found.metrics is not None
        found.metrics["eval_loss"] = found.metrics.pop("eval_masked_loss")
        return found
