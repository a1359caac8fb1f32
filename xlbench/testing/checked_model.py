"""`CheckedModel`: a model that is checked, its encoder and what another process says of it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xlbench.core.model import Encoder, Model, Role
from xlbench.testing.process import (
    ConformanceError,
    ask_process,
    call,
    heavy_imports,
    import_paths,
    pickle_or_none,
    run_check,
)
from xlbench.testing.recorded_encoder import RecordedEncoder, is_near

if TYPE_CHECKING:
    import numpy as np


class CheckedModel:
    """A model, and what several checks need of it: it is loaded once, and asked once in another process."""

    def __init__(self, model: Model, texts: list[str], tolerance: float) -> None:
        self.model, self.texts, self.tolerance = model, texts, tolerance
        self._vectors: dict[Role | None, np.ndarray] = {}

    @cached_property
    def identity(self) -> str:
        """The fingerprint when it was first asked for."""
        return identity_of(self.model)

    @cached_property
    def encoder(self) -> RecordedEncoder:
        """The loaded encoder."""
        return RecordedEncoder(load_encoder(self.model))

    def vectors(self, role: Role | None = None) -> np.ndarray:
        """The texts' first vectors in a role."""
        if role not in self._vectors:
            self._vectors[role] = self.encoder.vectors(self.texts, role)
        return self._vectors[role]

    def is_near(self, found: np.ndarray, expected: np.ndarray) -> bool:
        """Whether vectors are the same, as far as the tolerance goes."""
        return is_near(found, expected, self.tolerance)

    @cached_property
    def elsewhere(self) -> dict[str, Any]:
        """What a fresh process says of the model."""
        model = self.model
        identified = model if model.fingerprint is None else replace(model, load=_no_encoder)
        places = import_paths([model.load, model.fingerprint])
        answer: dict[str, Any] = ask_process(
            _model_elsewhere, places, pickle_or_none(identified.identity), pickle_or_none(model.load), self.texts
        )
        return answer


def identity_of(model: Model) -> str:
    """The model's identity; `ConformanceError` where it has none."""
    what = "identity()" if model.fingerprint is None else "fingerprint()"
    identity: str = call(what, lambda: run_check("", model.identity))
    return identity


def load_encoder(model: Model) -> Any:
    """A newly loaded encoder; `ConformanceError` where it is none."""
    encoder = call("load()", model.load)
    if not isinstance(encoder, Encoder):
        raise ConformanceError(
            f"load() returns {type(encoder).__name__}: return an object with a method encode(texts, role=None)"
        )
    return encoder


def _no_encoder() -> Encoder:
    """Stands for a ``load`` that cannot be sent to another process and is not needed there."""
    raise NotImplementedError


def _model_elsewhere(
    places: Mapping[str, str], identity: bytes | None, load: bytes | None, texts: list[str]
) -> dict[str, Any]:
    """In a fresh process: what is imported, the identity and the vectors; None for what could not be sent here."""
    return {
        "heavy": heavy_imports(places),
        "identity": None if identity is None else pickle.loads(identity)(),
        "vectors": None if load is None else pickle.loads(load)().encode(texts, role=None),
    }
