"""Reads members of zip files, including Zstandard-compressed ones, which Python before 3.14 cannot read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.text import byte_count

ZSTANDARD = 93
"""The method's number in a zip file."""
LARGEST = 4 << 30
"""Bytes of all members together."""


def members(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The content of the members whose names are ``wanted``, each checked by its sum.

    Raises:
        UsageError: The file cannot be opened.
        ResultsError: It is no zip file, is damaged or is larger than can be meant.
    """
    check_regular(path)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            found = {one.filename: one for one in archive.infolist() if wanted(one.filename)}  # the last of a name
            if (size := sum(one.file_size for one in found.values())) > LARGEST:
                raise ResultsError(f"{path} would unpack to {byte_count(size)}: at most {byte_count(LARGEST)} are read")
            return {name: _content(path, file, archive, one) for name, one in found.items()}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError) as error:
        raise ResultsError(f"{path} is cut off or no zip file: {error}") from None


def _content(path: Path, file: BinaryIO, archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    if one.compress_type != ZSTANDARD:
        return archive.read(one)
    import pyarrow as pa

    file.seek(one.header_offset)
    name_length, extra_length = struct.unpack("<HH", file.read(30)[26:30])
    file.seek(one.header_offset + 30 + name_length + extra_length)
    packed = file.read(one.compress_size)
    try:
        content: bytes = pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read(one.file_size + 1)
    except OSError as error:
        raise ResultsError(f"{path}/{one.filename} is damaged: {error}") from None
    if len(content) != one.file_size or zlib.crc32(content) != one.CRC:
        raise ResultsError(f"{path}/{one.filename} is damaged: its checksum is another one")
    return content
