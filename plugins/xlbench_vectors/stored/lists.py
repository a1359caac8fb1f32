"""Reads the lists that say of which text, in which role, each vector is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROLES = ("", "query", "document")
"""Roles by their number in a list; the first is none, and its vectors serve texts of any role."""

TEXT, HASH, ID, ROLE = "text", "hash", "id", "role"
"""Fields of a list. ``id`` is another name of ``hash``."""

_HASH = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Texts:
    """Of which texts n vectors are."""

    keys: NDArray[np.uint64]
    """(n,): see `key_of`."""
    roles: NDArray[np.uint8]
    """(n,): places in `ROLES`."""


def hash_of(text: str) -> bytes:
    """SHA-256 of a text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def keys_of(hashes: Iterable[bytes]) -> NDArray[np.uint64]:
    """Keys (n,) of texts by their SHA-256: its first eight bytes, which two texts share in one of 2^64 cases."""
    import numpy as np

    return np.frombuffer(b"".join(one[:8] for one in hashes), ">u8").astype(np.uint64)


def read_list(path: Path) -> Texts:
    """The list in a .jsonl, .tsv or .txt file. `DataError` names file, line and remedy."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            lines = (line.removesuffix("\n").removesuffix("\r") for line in file)
            return texts_of(_READERS[path.suffix](lines, path), str(path))
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def texts_of(rows: Iterable[tuple[int, Mapping[str, Any]]], where: str) -> Texts:
    """The list of rows, each with its line's number and fields."""
    import numpy as np

    hashes: list[bytes] = []
    roles = bytearray()
    for line, row in rows:
        hashes.append(_hash(row, f"{where}:{line}")[:8])
        role = row.get(ROLE) or ""
        if role not in ROLES:
            raise DataError(f"{where}:{line}: the role {role!r} is none of query, document, or nothing")
        roles.append(ROLES.index(role))
    return Texts(keys_of(hashes), np.frombuffer(bytes(roles), np.uint8))


def _hash(row: Mapping[str, Any], where: str) -> bytes:
    """The SHA-256 of a row's text: as it is given, or of the text."""
    text, given = row.get(TEXT), row.get(HASH, row.get(ID))
    if not isinstance(text, str) and not isinstance(given, str):
        raise DataError(f"{where}: give the text, or its hash (SHA-256 of its UTF-8), as 'xlbench texts' writes both")
    if given is not None and not (isinstance(given, str) and _HASH.fullmatch(given)):
        raise DataError(f"{where}: {given!r} is no SHA-256 of a text: 64 hex digits, as 'xlbench texts' writes them")
    found = hash_of(text) if isinstance(text, str) else bytes.fromhex(str(given))
    if given is not None and found != bytes.fromhex(given):
        raise DataError(f"{where}: the hash is not that of the text {str(text)[:40]!r}: was it changed?")
    return found


def _jsonl(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise DataError(f'{path}:{number}: {line[:40]!r} is no JSON object, such as {{"text": "..."}}')
        yield number, row


def _tsv(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if not header:
            header = fields
            if not {TEXT, HASH, ID} & {*header}:
                raise DataError(f"{path}:1: the first line names no column text, hash or id: {line[:40]!r}")
        elif len(fields) != len(header):
            raise DataError(f"{path}:{number}: it has {len(fields)} fields, and the first line {len(header)}")
        else:
            yield number, dict(zip(header, fields, strict=True))


def _txt(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """A text a line; or a hash a line, where the first is one."""
    kind = ""
    for number, line in enumerate(lines, 1):
        kind = kind or (HASH if _HASH.fullmatch(line) else TEXT)
        yield number, {kind: line}


_READERS = {".jsonl": _jsonl, ".tsv": _tsv, ".txt": _txt}
