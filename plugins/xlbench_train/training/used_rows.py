"""Trains only those rows of a token embedding whose tokens occur in the training texts.

A multilingual vocabulary of 250,000 pieces is four fifths of a small encoder; a training set has a few thousand of
them. The rows of the others have no gradient, and Adam (without weight decay) leaves them as they are: so only the used
ones are given to it. The result is the same, without a gigabyte of gradients and moments that are zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import Embedding, functional

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

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


def train_used_rows(model: SentenceTransformer, texts: Iterable[str]) -> None:
    """Have a transformer with an ordinary vocabulary train the rows of ``texts`` alone; others stay as they are."""
    inner = _transformer(model)
    whole = inner.get_input_embeddings() if inner is not None else None
    if type(whole) is not Embedding or whole.max_norm is not None or not whole.weight.requires_grad:
        return
    used = torch.zeros(len(whole.weight), dtype=torch.bool)
    for ids in _token_ids(model, list(dict.fromkeys(texts))):
        used[ids] = True
    rows = used.nonzero()[:, 0].to(whole.weight.device)
    if len(rows) < len(whole.weight):
        inner.set_input_embeddings(UsedRows(whole, rows))


def restore_rows(model: SentenceTransformer) -> None:
    """Put the whole vocabulary back."""
    inner = _transformer(model)
    own = inner.get_input_embeddings() if inner is not None else None
    if isinstance(own, UsedRows):
        inner.set_input_embeddings(own.restored_table())


def _transformer(model: SentenceTransformer) -> Any:
    from sentence_transformers.sentence_transformer.modules import Transformer

    first: Any = model[0]
    return first.model if isinstance(first, Transformer) else None


def _token_ids(model: SentenceTransformer, texts: list[str]) -> Iterator[torch.Tensor]:
    """The numbers of the pieces of texts, as they are in training: prompt and special ones, too."""
    prompt = model.prompts.get(model.default_prompt_name or "")
    for start in range(0, len(texts), CHUNK):
        yield model.preprocess(texts[start : start + CHUNK], prompt=prompt)["input_ids"].flatten().cpu()
