"""Models and encoders. A `Model` is what a plugin offers; an `Encoder` is a model that has been loaded.

Nothing here loads, encodes or scores, and nothing heavy is imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from xlbench.errors import UsageError
from xlbench.names import digest

if TYPE_CHECKING:
    import numpy as np

Role = Literal["query", "document"]


@runtime_checkable
class Encoder(Protocol):
    """Texts in, one vector each out. It is never told which task is asking."""

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Encode n texts.

        ``role`` is "query" or "document" in an asymmetric search and None elsewhere. Returns an array of shape (n, d),
        finite, with no zero row. An encoder may have an attribute ``parameters`` (how many numbers it has learnt).
        """
        ...


@dataclass(frozen=True)
class Model:
    """A named way to get an encoder.

    ``load`` is called once, when the first cell of the model is due; whatever is slow to import belongs inside it.
    ``fingerprint`` returns the identity of the model's content (weights, tokenizer, pooling, prompt, dtype, length
    limit), without loading it: results are kept under it. Where it is None, the identity is the source code of the
    module in which ``load`` was written, so that an edit there is a new model.
    """

    name: str
    load: Callable[[], Encoder]
    fingerprint: Callable[[], str] | None = None
    description: str = ""
    licence: str = ""
    trained_on: tuple[str, ...] = ()
    """Names of the data sets (a card's ``data`` name) that the model has seen; boards mark its scores there."""
    in_suites: bool = False
    """Whether a run that names no model includes this one: for small models that come with their plugin."""

    def identity(self) -> str:
        """The fingerprint as 64 hex digits; equal for equal content, whatever the model is called."""
        if self.fingerprint is not None:
            return digest("model", self.fingerprint())
        module = getattr(self.load, "__module__", None)
        if not module:
            raise UsageError(f"model {self.name!r} needs a fingerprint: its load function belongs to no module")
        return digest("model", code_fingerprint(module), getattr(self.load, "__qualname__", ""))


def code_fingerprint(*modules: str, distributions: Sequence[str] = ()) -> str:
    """Identity of code: the source files of ``modules`` (which are found, not imported) and versions of libraries.

    What a weight-free encoder computes is given by its code and by the libraries that it leans on.
    """
    parts: list[str | bytes] = []
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin or not Path(spec.origin).is_file():
            raise UsageError(f"no source file for module {name!r}: give the model a fingerprint of its own")
        parts += [name, Path(spec.origin).read_bytes()]
    for distribution in distributions:
        parts += [distribution, metadata.version(distribution)]
    return digest(*parts)
