"""`ServedEncoder`: sends texts to a service in batches, and counts what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import xlbench
from xlbench_vectors.served.address import Service
from xlbench_vectors.served.answers import tokens_of, vectors_of
from xlbench_vectors.served.prompts import Prompts
from xlbench_vectors.served.requests import Requests

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ServedEncoder:
    """An encoder whose vectors a service computes."""

    def __init__(self, service: Service, prompts: Prompts, max_chars: int | None, dtype: str) -> None:
        self.requests = Requests(service)
        self.tokens: int | None = None
        """Tokens that the service has counted so far; None where it counts none."""
        self.truncated: Sequence[bool] = ()
        """Which texts of the last call were cut."""
        self.details: dict[str, str] = {"dtype": dtype}
        self._service, self._prompts, self._max_chars = service, prompts, max_chars
        self._dimensions = service.dimensions or 0

    def encode(self, texts: Sequence[str], role: xlbench.Role | None = None) -> NDArray[np.float32]:
        """Vectors (n, d) of n texts.

        Raises:
            EncoderError: The service refuses, fails again and again, or returns what are no vectors of these texts.
            DataMissing: It cannot be reached, or must not be asked.
        """
        whole = self._prompts.applied([text[: self._max_chars] for text in texts], role)
        size = self._service.batch_size
        parts = [self._batch(whole[start : start + size]) for start in range(0, len(whole), size)]
        self.truncated = [self._max_chars is not None and len(text) > self._max_chars for text in texts]
        return np.concatenate(parts)

    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        asked: dict[str, Any] = {
            "model": self._service.model, "input": texts, "encoding_format": self._service.encoding,
        }  # fmt: skip
        if self._service.dimensions:
            asked["dimensions"] = self._service.dimensions
        answer = self.requests.post(asked)
        vectors = vectors_of(answer, len(texts))
        if self._dimensions not in (0, vectors.shape[1]):
            wanted = "asked for" if self._service.dimensions else "returned before"
            raise xlbench.EncoderError(
                f"the service returned vectors of {vectors.shape[1]} dimensions, and {self._dimensions} were {wanted}"
            )
        self._dimensions = vectors.shape[1]
        if (counted := tokens_of(answer)) is not None:
            self.tokens = (self.tokens or 0) + counted
        if isinstance(name := answer.get("model"), str) and name != self._service.model:
            self.details["answered_as"] = self.requests.hidden(name)[:100]
        return vectors
