"""Files inside of archives: their names in a card, and how one is taken out."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from xlbench import DataError
from xlbench.core.text import did_you_mean

ARCHIVE = ".zip/"
"""Ends the archive's part of the name of a file inside of one."""


def split_archive_name(name: str) -> tuple[str, str]:
    """The name of a file of the repository and, where that is an archive, of a file in it ("" elsewhere)."""
    outer, archive, member = name.partition(ARCHIVE)
    return outer + archive.rstrip("/"), member


def unpack(path: Path, member: str, scratch: Path) -> Path:
    """A file of an archive, in whatever folder of it; `DataError` where there is none of that name, or several."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            found = [name for name in names if name == member or PurePosixPath(name).name == member]
            if len(found) != 1:
                has = f"{len(found)} files" if found else "no file"
                hint = did_you_mean(member, [PurePosixPath(name).name for name in names])
                raise DataError(f"{path} has {has} {member!r}.{hint}")
            with archive.open(found[0]) as packed, (scratch / PurePosixPath(member).name).open("wb") as out:
                shutil.copyfileobj(packed, out)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be unpacked ({error})") from None
    return scratch / PurePosixPath(member).name
