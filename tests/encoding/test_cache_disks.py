"""The cache where there is no room, no right to write, or no log: it does without, and says so in a line."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cached_vectors import A, cache, keys, numbers, process
from unix import ON_UNIX

from xlbench.encoding.cache import (
    Cache,
    database,
    file_digest,
    vectors,
)

__all__ = ["cache"]  # a fixture


@ON_UNIX
def test_a_full_disk_stops_writing_and_nothing_else(tmp_path):
    """Where a file can grow no more, that is said once; what was there can still be taken."""
    code = """
import resource
cache, texts = Cache(Path(sys.argv[1])), [str(number) for number in range(5000)]
cache.put("a" * 64, "", keys_of(texts[:100]), vectors(texts[:100]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
for _ in range(3):
    cache.put("a" * 64, "", keys_of(texts), vectors(texts))
assert np.array_equal(cache.take("a" * 64, "", keys_of(texts)).vectors, vectors(texts[:100]))
print(*cache.warnings, sep="\\n")
"""
    out, err = process(code, tmp_path / "cache").communicate(timeout=60)
    assert err == ""
    assert out.count("\n") == 1
    assert "not kept in the cache" in out
    with Cache(tmp_path / "cache") as cache:
        assert cache.verify() == vectors.VerifyReport(100, 0)


def test_sqlites_own_report_of_a_full_disk(cache):
    """SQLite's error for a full disk ends in the same line, and takes the whole batch back."""
    cache.put(A, "", keys(10), numbers(10))
    cache._database._connection.execute("PRAGMA max_page_count = 20")
    cache.put(A, "", keys(5000), numbers(5000, 8))
    assert ["full" in line for line in cache.warnings] == [True]
    assert len(cache.take(A, "", keys(5000)).positions) == 10


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that others may enter: pytest's own are for one user."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_somebody_else(work) -> int:
    """The exit code of a child process that is not root, which no file mode holds back."""
    child = os.fork()
    if not child:
        code = 9
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@ON_UNIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("log", [False, True])
def test_a_read_only_folder_is_read(readable_folder, log):
    """Vectors in a folder without the right to write are taken; that none is kept is said once, when it is opened."""
    folder = readable_folder / "cache"
    writer = Cache(folder)
    writer.put(A, "", keys(10), numbers(10))
    if not log:
        writer.close()  # otherwise the vectors are in the log still
    file = readable_folder / "file"  # this one may lie where somebody else may not look
    file.write_bytes(b"content")
    expected = file_digest(file, readable_folder / "other")  # and so may modules that are not imported yet
    assert expected == hashlib.sha256(b"content").hexdigest()
    for path in [*folder.iterdir(), file]:
        path.chmod(0o444)
    folder.chmod(0o555)

    def work() -> int:
        cache = Cache(folder)
        first = len(cache.take(A, "", keys(10)).positions)
        cache.put(A, "", keys(20), numbers(20))
        cache.remember(A, {"label": "x"})
        digest = file_digest(file, folder)
        again = cache.take(A, "", keys(20)).vectors
        right = first == 10 and np.array_equal(again, numbers(10))
        said = len(cache.warnings) == 1 and "read-only" in cache.warnings[0]
        return 0 if right and said and digest == expected else 1

    try:
        assert as_somebody_else(work) == 0
    finally:
        folder.chmod(0o755)
        writer.close()


@ON_UNIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_home_that_cannot_be_written_is_done_without(readable_folder):
    """Where the folder cannot be made, there is one line, and no vector is kept."""

    def work() -> int:
        cache = Cache(readable_folder / "home" / "cache")
        for _ in range(2):
            cache.put(A, "", keys(2), numbers(2))
            cache.remember(A, {"label": "x"})
        taken = cache.take(A, "", keys(2))
        return 0 if not len(taken.positions) and ["Permission denied" in one for one in cache.warnings] == [True] else 1

    readable_folder.chmod(0o555)
    assert as_somebody_else(work) == 0


def test_a_file_in_the_way_is_one_line(tmp_path):
    """A file where the folder should be is trouble, and no error."""
    (tmp_path / "cache").write_text("a file")
    cache = Cache(tmp_path / "cache")
    cache.put(A, "", keys(2), numbers(2))
    assert len(cache.take(A, "", keys(2)).positions) == 0
    assert len(cache.warnings) == 1


def test_a_journal_where_there_can_be_no_log(tmp_path, monkeypatch):
    """On file systems that several machines share, the database has no WAL; an older one loses it."""
    with Cache(tmp_path / "old") as cache:
        cache.put(A, "", keys(2), numbers(2))
    monkeypatch.setattr(database, "on_network", lambda folder: True)
    for name, there in (("old", 2), ("new", 0)):
        with Cache(tmp_path / name) as cache:
            assert len(cache.take(A, "", keys(2)).positions) == there
            cache.put(A, "", keys(3), numbers(3))
            assert cache._database._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
            assert np.array_equal(cache.take(A, "", keys(3)).vectors, numbers(3))
            assert cache.warnings == []
