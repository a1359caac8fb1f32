"""transformers' trainer for windows of sentences: those of like length together, evaluated in their order."""

from __future__ import annotations

from typing import Any

from torch.utils.data import SequentialSampler

from xlbench_train.training.trainer import SafeTrainer


class TaggerTrainer(SafeTrainer):
    """The library's trainer, whose evaluation keeps the order of the windows, also where training groups them by
    length."""

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        return SequentialSampler(eval_dataset)
