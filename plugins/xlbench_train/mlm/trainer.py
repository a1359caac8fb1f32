"""The library's trainer with the perplexity of masked words among its figures."""

from __future__ import annotations

import math
from typing import Any

from xlbench_train.training.trainer import SafeTrainer


class MaskTrainer(SafeTrainer):
    """The library's trainer, whose evaluations have the perplexity, too."""

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """The library's own, with perplexity: e to the mean cross-entropy of the masked tokens."""
        found = super().evaluation_loop(*args, **kwargs)
        loss = (found.metrics or {}).get("eval_loss")
        if loss is not None and found.metrics is not None:
            found.metrics["eval_perplexity"] = math.exp(min(loss, 700.0))
        return found
