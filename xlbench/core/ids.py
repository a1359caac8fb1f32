"""Names and digests: which names are allowed, how any text becomes a file name, and SHA-256 over parts."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata

from xlbench.core.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LANGUAGE = re.compile(r"[a-z]{3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")
# Windows opens a device for these, whatever the extension: a folder shared between machines must not hold them.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def check_name(kind: str, name: object) -> str:
    """Return ``name`` where it is an allowed name of a ``kind`` (a model, a task ...); raise `UsageError` otherwise.

    Names become file names and table cells: letters, digits, ``.``, ``_`` and ``-``, 100 at the most, no ``..``.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(
            f"{kind} name {name!r} is not allowed: use letters, digits, '.', '_' and '-', at most 100, "
            f"starting with a letter or digit, without '..'"
        )
    if name.split(".")[0].lower() in _RESERVED:
        raise UsageError(f"{kind} name {name!r} is reserved on some systems: choose another")
    return name


def is_language(code: str) -> bool:
    """Whether a code is written as ISO 639-3, with a script or a region where it matters: hin, zho_Hans, por_BR."""
    return _LANGUAGE.fullmatch(code) is not None


@functools.lru_cache(maxsize=4096)  # a run asks for the same names thousands of times
def slug(text: str, *more: str) -> str:
    """A readable file name for any text: its plain characters, and eight hex digits of a hash of it (and of ``more``),
    so that no two meet. Holds no dot."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:60]
    return f"{plain or 'x'}-{digest(text, *more)[:8]}"


def digest(*parts: str | bytes) -> str:
    """SHA-256 (64 hex digits) over parts; each part is preceded by its length, so ("ab", "c") is not ("a", "bc")."""
    content = bytearray()  # hashed in one call: data sets have thousands of short parts
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        content += len(data).to_bytes(8, "little")
        content += data
    return hashlib.sha256(content).hexdigest()
