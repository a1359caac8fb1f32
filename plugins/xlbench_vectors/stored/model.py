"""Makes a model of a folder of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import xlbench
from xlbench.core.ids import check_name, digest
from xlbench.core.specs import parse
from xlbench.encoding.cache import file_digest
from xlbench_vectors.options import OF_FILES
from xlbench_vectors.stored.folder import Part, parts_of
from xlbench_vectors.transforms import Afterwards

if TYPE_CHECKING:
    import numpy as np

    from xlbench_vectors.stored.vectors import StoredVectors

VERSION = 1
"""Part of every fingerprint: to be raised when the same files would give other vectors."""


def model_of(text: str) -> xlbench.Model:
    """The model that a spec means. `UsageError` where there is no such folder, or it holds no vectors."""
    spec = parse(text, OF_FILES, "vectors")
    parts = parts_of(spec.target)
    after = Afterwards(spec["dimensions"], spec["normalize"], spec["similarity"])
    name = check_name("model", spec["name"]) if spec["name"] else text
    details: dict[str, str | int | float | bool] = {"scheme": "vectors"}
    details |= {option: spec[option] for option in ("dimensions", "normalize", "similarity") if option in spec.given}
    return xlbench.Model(
        name,
        load=partial(StoredEncoder, parts, zero_is_unknown=spec["zero_is_unknown"]),
        fingerprint=partial(_fingerprint, parts, after.identity),
        vectors=partial(_fingerprint, parts, ""),
        description="Vectors that another program has made.",
        trained_on=tuple(filter(None, (spec["trained_on"] or "").split(","))),
        spec=text if name != text else "",
        details=details,
        transform=after.transform(),
        cached=False,
    )


def _fingerprint(parts: Sequence[Part], afterwards: str) -> str:
    """Identity of the files' content, whatever they are called, and of what is done to the vectors."""
    content = sorted(
        digest(part.texts.suffix, file_digest(part.texts), file_digest(part.array) if part.array else "")
        for part in parts
    )
    return digest("xlbench_vectors", str(VERSION), *content, afterwards)


class StoredEncoder:
    """An encoder that looks vectors up."""

    def __init__(self, parts: Sequence[Part], *, zero_is_unknown: bool = False) -> None:
        from xlbench_vectors.stored.vectors import StoredVectors

        self.zero_is_unknown = zero_is_unknown
        self._vectors: StoredVectors = StoredVectors(parts)

    @property
    def details(self) -> Mapping[str, int]:
        """How many texts have a vector."""
        return {"texts": len(self._vectors)}

    def encode(self, texts: Sequence[str], role: xlbench.Role | None = None) -> np.ndarray:
        """Vectors (n, d) of n texts; `EncoderError` where one has none."""
        return self._vectors.find(texts, role)
