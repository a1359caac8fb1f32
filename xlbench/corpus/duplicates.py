"""Finds texts that were seen before, to the letter or nearly, with an index on the disk."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import require_extra
from xlbench.core.text_keys import text_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LETTERS = 5
"""Length of the pieces that texts are compared by."""
PERMUTATIONS = 128
"""Hashes of a text's signature."""
SEED = 0
RECALL = 0.99
"""So many of the pairs that are as near as the threshold are looked at, at least, on average."""
MARGIN = 3.0
"""So many standard errors below the threshold the similarity of two signatures may be for the texts to be compared."""
CANDIDATES = 200
"""Kept texts that one text is compared with, at most."""
MEGABYTES = 64
"""Memory that the index may take; what is more lies on the disk."""

EXACT, NEAR = "copy of an earlier line", "near copy of an earlier line"


def bands_of(threshold: float, permutations: int = PERMUTATIONS) -> tuple[int, int]:
    """How a signature is cut into bands, so that near texts share one (Leskovec, Rajaraman and Ullman, section 3.4).

    Two texts of Jaccard similarity s share one of b bands of r hashes with probability 1 - (1 - s^r)^b.

    Args:
        threshold: The similarity from which on texts are duplicates.
        permutations: The length of a signature.

    Returns:
        b and r: the longest bands with which a pair at the threshold is missed in one of a hundred cases at most.
    """
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= RECALL:
            return bands, rows
    return permutations, 1


def pieces(text: str) -> frozenset[str]:
    """The runs of five characters of a text, its case and white space apart; the whole of a shorter one."""
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return frozenset(plain[start : start + LETTERS] for start in range(max(1, len(plain) - LETTERS + 1)))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """The Jaccard similarity of two sets, |A n B| / |A u B|: from 0 to 1."""
    return len(first & second) / len(first | second)


class SeenTexts:
    """The texts that were kept, and whether another is a duplicate of one of them.

    An exact duplicate differs in white space, case and Unicode notation at most. A near one shares a band of its
    MinHash signature (Broder 1997) with a kept text, and the Jaccard similarity of the two, computed from the texts
    themselves, is at least the threshold: no text is taken for a near duplicate by a hash alone.
    """

    def __init__(self, index: sqlite3.Connection, threshold: float | None) -> None:
        """Begin with no text.

        Args:
            index: Where it is kept: an empty database.
            threshold: The similarity from which on texts are near duplicates; None: only exact ones are found.
        """
        self._index, self._threshold = index, threshold
        self.capped = 0
        """Texts that shared bands with more kept ones than they were compared with."""
        index.execute("CREATE TABLE exact (key INTEGER PRIMARY KEY)")
        if threshold is not None:
            require_extra("corpus", "the step dedupe", "rensa")
            self.bands, self.rows = bands_of(threshold)
            self._least = threshold - MARGIN * (threshold * (1 - threshold) / PERMUTATIONS) ** 0.5
            index.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, signature BLOB, text TEXT)")
            index.execute("CREATE TABLE band (key INTEGER, id INTEGER, PRIMARY KEY (key, id)) WITHOUT ROWID")
            self._candidates = (
                f"SELECT id, signature FROM kept WHERE id IN (SELECT id FROM band WHERE key IN "
                f"({','.join('?' * self.bands)})) LIMIT {CANDIDATES + 1}"
            )

    def add(self, text: str) -> str:
        """Keep a text, unless it is a duplicate.

        Returns:
            `EXACT` or `NEAR` where it is one, and "" where it is kept.
        """
        key = int(text_keys([text]).view("int64")[0])
        if not self._index.execute("INSERT OR IGNORE INTO exact VALUES (?)", (key,)).rowcount:
            return EXACT
        if self._threshold is None:
            return ""
        own = pieces(text)
        signature = _signature(own)
        keys = self._band_keys(signature)
        if self._is_near(own, signature, keys):
            return NEAR
        insert = "INSERT INTO kept (signature, text) VALUES (?, ?)"
        number = self._index.execute(insert, (signature.tobytes(), text)).lastrowid
        self._index.executemany("INSERT INTO band VALUES (?, ?)", [(band_key, number) for band_key in keys])
        return ""

    def _is_near(self, own: frozenset[str], signature: NDArray[np.uint32], keys: Sequence[int]) -> bool:
        """Whether a kept text is near: only texts whose signatures are near enough are compared themselves."""
        import numpy as np

        assert self._threshold is not None
        candidates = self._index.execute(self._candidates, keys).fetchall()
        if not candidates:
            return False
        self.capped += len(candidates) > CANDIDATES
        joined = b"".join(blob for _, blob in candidates[:CANDIDATES])
        shares = (np.frombuffer(joined, np.uint32).reshape(-1, PERMUTATIONS) == signature).mean(axis=1)
        for number in np.flatnonzero(shares >= self._least).tolist():
            (text,) = self._index.execute("SELECT text FROM kept WHERE id = ?", (candidates[number][0],)).fetchone()
            if similarity(own, pieces(text)) >= self._threshold:
                return True
        return False

    def _band_keys(self, signature: NDArray[np.uint32]) -> list[int]:
        """A number of 64 bits for each band of the signature."""
        raw = signature.tobytes()
        length = len(raw) // PERMUTATIONS * self.rows
        keys = []
        for band in range(self.bands):
            part = band.to_bytes(2, "little") + raw[band * length : (band + 1) * length]
            keys.append(int.from_bytes(hashlib.blake2b(part, digest_size=8).digest(), "little", signed=True))
        return keys


def _signature(own: frozenset[str]) -> NDArray[np.uint32]:
    """The MinHash signature of a set of pieces: (128,)."""
    import numpy as np
    from rensa import RMinHash

    signature = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    signature.update(sorted(own))
    return np.array(signature.digest(), np.uint32)


def open_index(path: Path) -> sqlite3.Connection:
    """A database for one process alone, which nobody needs once the process has ended.

    Raises:
        sqlite3.OperationalError: Another process has it.
    """
    index = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        index.execute("PRAGMA locking_mode = EXCLUSIVE")
        index.execute("PRAGMA journal_mode = OFF")
        index.execute("PRAGMA synchronous = OFF")
        index.execute(f"PRAGMA cache_size = {-1024 * MEGABYTES}")
        index.execute("BEGIN EXCLUSIVE")
    except BaseException:
        index.close()
        raise
    return index
