"""The cache on disk: vectors that were computed before, and digests of files.

    CACHE/vectors-2.sqlite    a model's identity, a kind of request and a content's hash -> rows of float32
    CACHE/files.sqlite        what a file's content hashes to, so that gigabytes are not read again to know them
    CACHE/derived/            names that are slow to take out of an installed library

    vectors.py    keeps and finds vectors; tables.py has the SQL for it, keys.py says what they are filed under,
                  arrays.py turns them into rows and back, info.py tells what there is, upkeep.py finds what is to go
    database.py   the file around them: opening, damage, full disks, many processes; statements.py what it is asked
    files.py      the digests
    values.py     what is derived from installed libraries

Nothing in it is the only copy: what is damaged, locked, full or gone is taken for absent, said in one line, and
computed again.
"""

from xlbench.encoding.cache.arrays import CachedVectors
from xlbench.encoding.cache.files import default_folder, file_digest
from xlbench.encoding.cache.info import Info, VerifyReport
from xlbench.encoding.cache.keys import KINDS, key_of, key_of_words, keys_of, keys_of_words
from xlbench.encoding.cache.tables import Fact, ModelInfo
from xlbench.encoding.cache.values import derived
from xlbench.encoding.cache.vectors import MAX_BYTES, Cache

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "Cache",
    "CachedVectors",
    "Fact",
    "Info",
    "ModelInfo",
    "VerifyReport",
    "default_folder",
    "derived",
    "file_digest",
    "key_of",
    "key_of_words",
    "keys_of",
    "keys_of_words",
]
