"""Trains only those rows of a token embedding whose tokens occur in the training texts.

A multilingual vocabulary of 250,000 pieces is four fifths of a small encoder; a training set has a few thousand of
them. The rows of the others have no gradient, and Adam (without weight decay) leaves them as they are: so only the used
ones are given to it. The result is the same, without a gigabyte of gradients and moments that are zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Embedding, functional

CHUNK = 1024
"""Texts that are taken apart at a time."""


class UsedRows(torch.nn.Module):
    """An embedding of which some rows are trained; the others are looked up in the frozen whole."""

    def __init__(self, whole: Embedding, rows: torch.Tensor) -> None:
        """``rows``: numbers (k,) of those that are trained, sorted."""
        super().__init__()
        whole.weight.requires_grad = False
        self.whole = whole
        self.trained = torch.nn.Parameter(whole.weight.detach()[rows].clone())
        place = torch.full((len(whole.weight),), -1, dtype=torch.long, device=rows.device)
        place[rows] = torch.arange(len(rows), device=rows.device)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("place", place, persistent=False)
        padding = -1 if whole.padding_idx is None else int(place[whole.padding_idx])
        self._padding = None if padding < 0 else padding  # its row has no gradient

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors (..., d) of the pieces ``ids`` (...)."""
        places: torch.Tensor = self.place[ids]  # type: ignore[index]
        found = functional.embedding(places.clamp(min=0), self.trained, padding_idx=self._padding)
        known = places >= 0
        if bool(known.all()):
            return found
        return torch.where(known[..., None], found, self.whole(ids))

    def restored_table(self) -> Embedding:
        """The whole, with the rows as they were trained."""
        with torch.no_grad():
            self.whole.weight[self.rows] = self.trained.to(self.whole.weight.dtype)  # type: ignore[index]
        self.whole.weight.requires_grad_()
        return self.whole


def train_used_rows(transformer: Any, ids: Iterable[torch.Tensor]) -> None:
    """Have a transformer with an ordinary vocabulary train some rows of it alone; others stay as they are.

    Not for one whose output layer has the same rows: there each has a gradient.

    Args:
        transformer: One of Hugging Face's library.
        ids: Numbers of the tokens of all texts that it is trained on, of any shape.
    """
    whole = transformer.get_input_embeddings()
    if type(whole) is not Embedding or whole.max_norm is not None or not whole.weight.requires_grad:
        return
    used = torch.zeros(len(whole.weight), dtype=torch.bool)
    for part in ids:
        used[part.flatten().cpu()] = True
    rows = used.nonzero()[:, 0].to(whole.weight.device)
    if len(rows) < len(whole.weight):
        transformer.set_input_embeddings(UsedRows(whole, rows))


def restore_rows(transformer: Any) -> None:
    """Put the whole vocabulary back."""
    own = transformer.get_input_embeddings()
    if isinstance(own, UsedRows):
        transformer.set_input_embeddings(own.restored_table())
