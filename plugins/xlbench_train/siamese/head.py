"""The files of a softmax head, as the scheme ``siamese:`` reads them beside a folder of sentence-transformers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from xlbench_train.siamese.objectives import LABELS

if TYPE_CHECKING:
    import torch

HEAD = "siamese_head.safetensors"


def head_files(head: torch.nn.Linear | None) -> dict[str, bytes]:
    """The files by their names; none where there is no head."""
    if head is None:
        return {}
    from safetensors.numpy import save as as_bytes

    tensors = {f"classifier.{name}": value.detach().float().cpu().numpy() for name, value in head.named_parameters()}
    table = {"head": {"weight": "classifier.weight", "bias": "classifier.bias", "labels": list(LABELS)}}
    return {HEAD: as_bytes(tensors), "siamese.json": json.dumps(table, indent=1).encode()}
