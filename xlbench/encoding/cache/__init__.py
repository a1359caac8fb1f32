"""The cache: vectors that were computed once, and digests of files. The only room that touches it.

    CACHE/vectors-1.sqlite    a model's identity, a kind of request and a content's hash -> rows of float32
    CACHE/files.sqlite        what a file's content hashes to, so that gigabytes are not read again to know them

``vectors.py`` keeps and finds vectors, ``database.py`` has the file around them (opening, damage, full disks, many
processes), ``files.py`` the digests. Nothing here encodes, and nothing here is ever the only copy: what is damaged,
locked, full or gone is taken for absent, said in one line, and computed again.
"""

from xlbench.encoding.cache.files import default_folder, file_digest
from xlbench.encoding.cache.vectors import (
    KINDS,
    MAX_BYTES,
    Cache,
    Fact,
    Info,
    ModelInfo,
    Taken,
    Verified,
    key_of,
    key_of_words,
    keys_of,
    keys_of_words,
)

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "Cache",
    "Fact",
    "Info",
    "ModelInfo",
    "Taken",
    "Verified",
    "default_folder",
    "file_digest",
    "key_of",
    "key_of_words",
    "keys_of",
    "keys_of_words",
]
