"""The teacher of distillation: its vectors, reduced to the student's dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from xlbench import Catalog, UsageError

CHUNK = 1024
"""Texts that the teacher is given at a time, so that progress is seen."""


class Teacher:
    """A loaded model whose vectors are learned."""

    def __init__(self, spec: str, catalog: Catalog, say: Callable[[str], None]) -> None:
        models = catalog.select_models([spec])
        if len(models) != 1 or models[0].transform is not None:
            raise UsageError(f"--teacher {spec}: give one model, without dimensions=, whiten= or normalize=")
        self.spec, self.model, self._say = spec, models[0], say
        self._encoder: Any = models[0].load()
        self._known: dict[str, NDArray[np.float32]] = {}
        self._project: Any = None

    def check(self, texts: Sequence[str], dimensions: int) -> None:
        """`UsageError` where vectors of these texts cannot be targets in so many dimensions; one text is encoded."""
        own = np.asarray(self._encoder.encode(texts[:1])).shape[1]
        self._check_dimensions(own, dimensions)
        if own > dimensions and len(set(texts)) < dimensions:
            self._refuse_few(len(set(texts)), own, dimensions)

    def targets(self, texts: Sequence[str], dimensions: int) -> NDArray[np.float32]:
        """Targets (n, dimensions) of unit length: the teacher's vectors, those of more dimensions by their principal
        components, which are fitted on the first texts that are given. `UsageError` where the student has more."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), CHUNK):
            part = new[start : start + CHUNK]
            self._known |= zip(part, np.asarray(self._encoder.encode(part), np.float32), strict=True)
            self._say(f"the teacher has encoded {min(start + CHUNK, len(new)):,} of {len(new):,} texts")
        vectors = _unit(np.stack([self._known[text] for text in texts]))
        own = vectors.shape[1]
        self._check_dimensions(own, dimensions)
        if own == dimensions:
            return vectors
        if self._project is None:
            from sklearn.decomposition import PCA

            distinct = np.unique(vectors, axis=0)
            if len(distinct) < dimensions:
                self._refuse_few(len(distinct), own, dimensions)
            self._project = PCA(dimensions, svd_solver="covariance_eigh").fit(distinct)
        projected: NDArray[np.float32] = self._project.transform(vectors).astype(np.float32)
        return _unit(projected)

    def _check_dimensions(self, own: int, dimensions: int) -> None:
        if own < dimensions:
            raise UsageError(
                f"--teacher {self.spec}: it has {own} dimensions, the base {dimensions}: take a smaller base"
            )

    def _refuse_few(self, texts: int, own: int, dimensions: int) -> NoReturn:
        raise UsageError(f"--teacher {self.spec}: {texts:,} texts are too few for {dimensions} of {own} dimensions")


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return unit
