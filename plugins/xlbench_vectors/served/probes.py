"""Tells whether a service still has the model that it had: a few texts' vectors stand for the model's content.

A service may put another model behind a name. What it computes differs a little from call to call (batches, other
processors), so that no digest of vectors is stable. The vectors that it gave first are kept in the cache folder
instead, and those that it gives now are compared with them: near ones are the same model, and others a new one, whose
vectors are kept beside.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xlbench import DataMissing
from xlbench.core.ids import digest
from xlbench.encoding.cache import derived

if TYPE_CHECKING:
    import numpy as np

TEXTS = (
    "The river froze over in January.",
    "Tämä on lyhyt lause.",
    "पानी धीरे-धीरे बह रहा था।",
    "A contract that was signed by both parties cannot be changed by one of them, however good the reasons may be.",
)
"""Texts of several scripts and lengths; short, as they are asked for a few times a run."""

TOLERANCE = {"float32": 1e-3, "float16": 1e-2, "bfloat16": 5e-2}
"""How far a vector may be from the kept one, relative to its length, by the numbers that the service computes in: as
far as the vectors of one text in two calls may be in a run."""

MOST = 100
"""Models of one name that are told apart."""


class _Nothing(Exception):  # noqa: N818 - nothing went wrong
    """There is no kept answer of that number."""


class Probe:
    """The kept answers of one service for one model with its settings."""

    def __init__(self, declared: str, dtype: str) -> None:
        """``declared``: identity of address, model and settings."""
        self._declared, self._dtype = declared, dtype
        self._known: list[np.ndarray] = []
        """What was kept or compared in this process: it counts where the folder cannot be written."""

    def identity(self, ask: Callable[[], np.ndarray]) -> str:
        """A digest that is the same as long as the service's vectors are near those that were kept.

        Args:
            ask: Gives the vectors of `TEXTS` now. Where it raises `DataMissing` (offline), the last kept answer counts.

        Raises:
            DataMissing: The service cannot be asked, and never was from this machine.
        """
        try:
            now = ask()
        except DataMissing:
            kept = self._kept()
            if kept:
                return _digest(kept[-1])
            raise
        for known in (*self._known, *self._kept()):
            if self._is_near(now, known):
                break
        else:
            known = self._keep(now)
        if not any(known is one for one in self._known):
            self._known.append(known)
        return _digest(known)

    def _is_near(self, one: np.ndarray, other: np.ndarray) -> bool:
        import numpy as np

        if one.shape != other.shape:
            return False
        apart = np.linalg.norm(one.astype(np.float64) - other, axis=1)
        return bool((apart <= TOLERANCE[self._dtype] * np.linalg.norm(other, axis=1)).all())

    def _kept(self) -> list[np.ndarray]:
        """All kept answers, the first one first."""
        found = []
        for number in range(MOST):
            try:
                found.append(_to_array(self._derived(number, _raise_nothing)))
            except _Nothing:
                break
        return found

    def _keep(self, vectors: np.ndarray) -> np.ndarray:
        number = min(len(self._kept()), MOST - 1)
        return _to_array(self._derived(number, lambda: _to_plain(vectors)))

    def _derived(self, number: int, make: Callable[[], Any]) -> Any:
        return derived("http-probe", (self._declared, self._dtype, str(number)), make)


def _raise_nothing() -> Any:
    raise _Nothing


def _to_plain(vectors: np.ndarray) -> dict[str, Any]:
    return {"shape": list(vectors.shape), "float32": base64.b64encode(vectors.astype("<f4").tobytes()).decode()}


def _to_array(plain: dict[str, Any]) -> np.ndarray:
    import numpy as np

    return np.frombuffer(base64.b64decode(plain["float32"]), "<f4").reshape(plain["shape"])


def _digest(vectors: np.ndarray) -> str:
    return digest(str(vectors.shape), vectors.astype("<f4").tobytes())
