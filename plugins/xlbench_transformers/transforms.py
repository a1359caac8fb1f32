"""Transforms of vectors given in a spec: whitening, removing main components, truncation, normalization.

In this order: whiten (or all but the top), cut to the first dimensions, bring to unit length. Vectors of words are cut
and nothing else. numpy is imported when a transform is fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import xlbench
from xlbench.core.ids import digest
from xlbench.core.text import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Part of a transform's identity: to be raised when the same options would give other vectors."""

CELL = "cell"
"""The value of ``whiten_on`` that fits on the texts which are scored."""

BLOCK = 8192
"""Vectors in double precision at a time."""

ROUNDING = 1e-6
"""A deviation below this share of the largest one (and of the mean) is an encoder's rounding, not a direction."""


@dataclass(frozen=True)
class TransformSettings:
    """What a spec says about what comes after encoding."""

    whiten: str
    """"none", "whiten" or "abtt"."""
    whiten_on: str | None
    components: int | None
    dimensions: int | None
    normalize: bool
    similarity: Literal["cosine", "dot"] = "cosine"

    @property
    def is_identity(self) -> bool:
        """Whether vectors are handed on as the encoder gives them."""
        plain = self.similarity == "cosine" and self.whiten == "none"
        return plain and not self.dimensions and not self.normalize


def transform_of(spec: xlbench.Spec) -> Callable[[], xlbench.Transform] | None:
    """What makes the transform that a spec asks for, or None where it asks for none.

    A spec for several ``dimensions`` stands for several models: give it here once for each, with one value. Raises
    `UsageError` for options that contradict each other or a file that is not there; the file is read when the transform
    is made.
    """
    settings = _settings(spec)
    return None if settings.is_identity else partial(_transform, settings)


def identity_of(spec: xlbench.Spec) -> str:
    """Identity of the transform: its settings and the content of the file that it is fitted on; "" for no transform."""
    settings = _settings(spec)
    if settings.is_identity:
        return ""
    kept: tuple[object, ...] = (settings.whiten, settings.components, settings.dimensions, settings.normalize)
    kept += (settings.similarity,) if settings.similarity != "cosine" else ()
    return digest("transform", str(VERSION), repr(kept), *(_texts(settings.whiten_on) or ()))


def _settings(spec: xlbench.Spec) -> TransformSettings:
    dimensions = spec["dimensions"] or ()
    if len(dimensions) > 1:
        raise xlbench.UsageError(f"{spec.text!r} has several dimensions: each is a model of its own")
    whiten, on, components = spec["whiten"], spec["whiten_on"], spec["whiten_components"]
    if whiten != "none" and not on:
        raise xlbench.UsageError(
            f"{spec.text!r}: whiten={whiten} is fitted on texts: add whiten_on=FILE (a text a line), or "
            f"whiten_on={CELL} for the texts that are scored"
        )
    for name, value in (("whiten_on", on), ("whiten_components", components)):
        if whiten == "none" and value:
            raise xlbench.UsageError(f"{spec.text!r}: {name} does nothing without whiten=whiten or whiten=abtt")
    if on and on != CELL and not Path(on).is_file():
        raise xlbench.UsageError(
            f"{spec.text!r}: there is no file {on}: whiten_on wants a text file with a text a line, or {CELL!r}."
            f"{_similar_file(Path(on))}"
        )
    if whiten == "whiten" and components and dimensions and dimensions[0] > components:
        raise xlbench.UsageError(f"{spec.text!r}: dimensions={dimensions[0]} of whiten_components={components}")
    return TransformSettings(
        whiten, on or None, components, dimensions[0] if dimensions else None, bool(spec["normalize"]),
        spec["similarity"],
    )  # fmt: skip


def _similar_file(path: Path) -> str:
    """A file beside it that may have been meant, or `CELL`."""
    try:
        names = [other.name for other in path.parent.iterdir() if other.is_file()]
    except OSError:
        names = []
    return did_you_mean(path.name, [*names, CELL])


def _transform(settings: TransformSettings) -> xlbench.Transform:
    return xlbench.Transform(
        fit=partial(_fit, settings),
        fit_on=_texts(settings.whiten_on),
        words=partial(_truncate, settings.dimensions) if settings.dimensions else None,
        similarity=settings.similarity,
    )


def _texts(whiten_on: str | None) -> tuple[str, ...] | None:
    """The texts to fit on: none where there is nothing to fit, None for those of the cell."""
    if whiten_on is None:
        return ()
    if whiten_on == CELL:
        return None
    try:
        lines = Path(whiten_on).read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise xlbench.DataError(f"{whiten_on}: byte {error.start + 1} is not UTF-8: save the file as UTF-8") from None
    except OSError as error:
        raise xlbench.DataError(f"{whiten_on}: cannot be read: {error.strerror}") from None
    texts = tuple(filter(None, map(str.strip, lines)))
    if len(set(texts)) < 2:
        raise xlbench.DataError(f"{whiten_on}: whitening needs two different texts at the least, a line each")
    return texts


def _fit(settings: TransformSettings, vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What turns vectors (n, d) into those that the settings ask for, fitted on ``vectors`` (m, d)."""
    steps: list[Callable[[Any], Any]] = []
    if settings.whiten == "whiten":
        steps.append(_whitening(vectors, settings))
    elif settings.whiten == "abtt":
        steps.append(_all_but_the_top(vectors, settings))
    if settings.dimensions:
        steps.append(partial(_truncate, settings.dimensions))
    if settings.dimensions or settings.normalize:
        steps.append(_unit_length)
    return partial(_compose, tuple(steps))


def _compose(steps: tuple[Callable[[Any], Any], ...], vectors: np.ndarray) -> np.ndarray:
    for step in steps:
        vectors = step(vectors)
    return vectors


def _whitening(vectors: np.ndarray, settings: TransformSettings) -> Callable[[np.ndarray], np.ndarray]:
    """Principal component whitening: (x - mean) U S^(-1/2), U S U' being the covariance of ``vectors`` (m, d).

    Su, Cao, Liu, Ou: Whitening sentence representations for better semantics and faster retrieval (2021); Huang and
    others: WhiteningBERT (2021). ``components`` keeps those of the largest variance. Directions in which the texts do
    not differ cannot be brought to variance one: without ``components`` they are left out.
    """
    import numpy as np

    mean, variances, directions = _components(vectors)
    rank, kept = len(variances), settings.components or len(variances)
    if kept > rank:
        raise xlbench.EncoderError(
            f"whiten_components={kept}, but the {len(vectors)} texts to fit on differ in {rank} directions: ask for no "
            f"more than {rank}, or fit on more texts"
        )
    if settings.whiten_on == CELL and kept >= len(vectors) - 1:
        raise xlbench.EncoderError(
            f"whitening on a cell's own {len(vectors)} texts to {kept} dimensions makes all of them equally far from "
            f"each other: add whiten_components=N, with N well below {len(vectors)}, or fit on a file of more texts"
        )
    return partial(_affine, mean, directions[:, :kept] / np.sqrt(variances[:kept]))


def _all_but_the_top(vectors: np.ndarray, settings: TransformSettings) -> Callable[[np.ndarray], np.ndarray]:
    """x - mean without its parts along the D main components of ``vectors`` (m, d); D is d / 100, one at the least.

    Mu, Viswanath: All-but-the-top (2018).
    """
    import numpy as np

    mean, variances, directions = _components(vectors)
    removed = settings.components or max(1, round(vectors.shape[1] / 100))
    if removed >= len(variances):
        raise xlbench.EncoderError(
            f"whiten=abtt removes {removed} main components, but the {len(vectors)} texts to fit on differ in "
            f"{len(variances)} directions: fit on more texts, or give fewer whiten_components"
        )
    top = directions[:, :removed]
    return partial(_affine, mean, np.eye(vectors.shape[1]) - top @ top.T)


def _components(vectors: np.ndarray) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean (d,), and the r variances, largest first, with their directions (d, r), of vectors (m, d).

    r is the rank: a direction whose deviation is no more than rounding does not count.
    """
    import numpy as np

    count, width = vectors.shape
    if count < 2:
        raise xlbench.EncoderError(f"whitening needs two texts at the least to be fitted on; there is {count}")
    mean = vectors.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((width, width))
    for start in range(0, count, BLOCK):
        block = vectors[start : start + BLOCK] - mean
        scatter += block.T @ block
    variances, directions = np.linalg.eigh(scatter / (count - 1))
    variances, directions = variances[::-1], directions[:, ::-1]
    lost = ROUNDING * (np.sqrt(max(variances[0], 0.0)) + np.linalg.norm(mean))
    rank = min(int((np.sqrt(np.maximum(variances, 0)) > lost).sum()), count - 1)
    if not rank:
        raise xlbench.EncoderError(f"whitening: the {count} texts to fit on have the same vector")
    return mean, variances[:rank], directions[:, :rank]


def _affine(mean: NDArray[np.float64], matrix: NDArray[np.float64], vectors: np.ndarray) -> np.ndarray:
    """(vectors - mean) matrix as float32, in blocks: differences are taken in double precision."""
    import numpy as np

    result = np.empty((len(vectors), matrix.shape[1]), np.float32)
    for start in range(0, len(vectors), BLOCK):
        result[start : start + BLOCK] = (vectors[start : start + BLOCK] - mean) @ matrix
    return result


def _truncate(dimensions: int, vectors: np.ndarray) -> np.ndarray:
    """The first ``dimensions`` of vectors (n, d)."""
    if dimensions > vectors.shape[1]:
        raise xlbench.EncoderError(f"dimensions={dimensions}, but the vectors have {vectors.shape[1]}")
    return vectors[:, :dimensions]


def _unit_length(vectors: np.ndarray) -> np.ndarray:
    """Rows of length one; a row of zeros stays one."""
    import numpy as np

    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
