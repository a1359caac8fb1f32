"""Packed files (gzip, Zstandard): the names that they go by, and their bytes unpacked as they are read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from xlbench import DataError

GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"

ENDINGS = (".gz", ".zst")
"""What the name of a packed file ends in, after that of the file."""


class ByteReader(Protocol):
    """What a plain and a packed file have in common."""

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int, /) -> bytes:
        """The next bytes, as many at most."""
        ...

    def peek(self, size: int, /) -> bytes:
        """The next bytes, which stay the next ones."""
        ...


def names(name: str) -> tuple[str, ...]:
    """The names that a file may have: the one that is given, and those of the same file packed."""
    return (name,) if name.endswith(ENDINGS) else (name, *(name + ending for ending in ENDINGS))


def plain_name(name: str) -> str:
    """The name of a file without that of how it is packed."""
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


@contextmanager
def unpacked(path: Path) -> Iterator[ByteReader]:
    """The bytes of a file, unpacked where it is gzip or Zstandard, whatever its name.

    Raises:
        DataError: It cannot be read, or turns out to be damaged while it is open.
    """
    kind = ""
    try:
        with path.open("rb") as raw:
            head = raw.peek(len(ZSTANDARD))
            kind = "gzip" if head.startswith(GZIP) else "Zstandard" if head.startswith(ZSTANDARD) else ""
            with _opened(raw, kind) as file:
                yield file
    except OSError as error:  # gzip's own errors are some, and pyarrow's, which have no number
        if kind == "Zstandard" and error.errno is None:
            raise DataError(f"{path} is a Zstandard file that is cut off or damaged ({error}); get it again") from None
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is a gzip file that is cut off or damaged ({error}); get it again") from None


def _opened(raw: IO[bytes], kind: str) -> AbstractContextManager[Any]:
    if kind == "gzip":
        return gzip.open(raw)
    if not kind:
        return raw
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(raw, "zstd"))
