"""sentence-transformers' trainer for pairs, with crash-safe checkpoints."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers import SentenceTransformerTrainer

from xlbench_train.training.trainer import SafeTrainer


class PairTrainer(SafeTrainer, SentenceTransformerTrainer):
    """The library's trainer, whose checkpoints have the loss's own weights, too."""

    def learned(self) -> torch.nn.Module:
        """The loss, which holds the model."""
        assert isinstance(self.loss, torch.nn.Module)
        return self.loss

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """None: the card is the recipe's."""
