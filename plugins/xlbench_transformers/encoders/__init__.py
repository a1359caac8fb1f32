"""Encoders over checkpoints: a folder and a spec in, a loaded encoder out.

One module a kind, imported when one of that kind is loaded; what they share is in ``batching``, ``tokens``,
``pooling`` and ``words``. Where a checkpoint comes from, whether it may be loaded and what identifies it is decided
outside: an encoder is given a folder, and reads nothing but that folder.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Literal

from xlbench import Encoder, Spec
from xlbench.core.errors import require_extra

Kind = Literal["hf", "st", "siamese", "static"]

_LIBRARIES: dict[Kind, tuple[str, ...]] = {
    "hf": ("torch", "transformers"),
    "st": ("torch", "sentence_transformers"),
    "siamese": ("torch", "transformers", "safetensors"),
    "static": ("sentence_transformers", "model2vec"),
}


def load(kind: Kind, folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> Encoder:
    """Load the checkpoint in ``folder`` as the settings of ``spec`` want it.

    ``trust_remote_code``: run the Python code that the folder brings along. Raises `EncoderError` where the folder
    does not hold what its kind needs, `UsageError` for a setting that the checkpoint or this machine cannot follow, and
    for a library that is not installed.
    """
    require_extra("hf", f"a checkpoint for {kind}:", *_LIBRARIES[kind])
    module = importlib.import_module(f"{__name__}.{kind}")
    encoder: Encoder = module.load(folder, spec, trust_remote_code=trust_remote_code)
    return encoder
