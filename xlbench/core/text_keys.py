"""Short hashes of texts, to tell which texts a model was trained on."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def text_keys(texts: Iterable[str]) -> NDArray[np.uint64]:
    """The keys of n texts: uint64 (n,), the first eight bytes of SHA-256 of each.

    Texts that differ in white space, case or Unicode notation alone have one key, and so has a sentence that is split
    into words. Two different ones share a key in one of 2^64 cases.
    """
    import numpy as np

    joined = b"".join(hashlib.sha256(_essence(text)).digest()[:8] for text in texts)
    return np.frombuffer(joined, ">u8").astype(np.uint64)


def _essence(text: str) -> bytes:
    """What is left of a text without white space, case and notation."""
    folded = unicodedata.normalize("NFC", "".join(text.split())).casefold()
    return unicodedata.normalize("NFC", folded).encode("utf-8", "surrogatepass")
