"""Digests of files, remembered: for as long as the file is the same, and never where that is not sure."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from xlbench.core.errors import UsageError
from xlbench.encoding.cache import (
    file_digest,
    files,
)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file that seems to be an hour old in all of its times but one, for which the clock is put on."""
    path = tmp_path / "weights.bin"
    path.write_bytes(b"first content")
    return path


@pytest.fixture
def later(monkeypatch) -> None:
    """The clock of digests shows an hour later, so that files written just now are old."""
    now = time.time_ns
    monkeypatch.setattr(files.time, "time_ns", lambda: now() + 3600 * 10**9)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("later")
def test_a_digest_is_load_digest(old_file, tmp_path, monkeypatch):
    """A file that did not change is not read again; through a link it is the same file."""
    folder = tmp_path / "cache"
    assert file_digest(old_file, folder) == sha(b"first content")
    monkeypatch.setattr(files.hashlib, "file_digest", None)
    assert file_digest(old_file, folder) == sha(b"first content")
    (tmp_path / "link").symlink_to(old_file)
    assert file_digest(tmp_path / "link", folder) == sha(b"first content")


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("how", ["written", "times put back", "replaced"])
def test_an_edit_of_the_same_size_is_seen(old_file, tmp_path, how):
    """An edit that keeps size and time of change shows in the inode or in its time of change."""
    folder = tmp_path / "cache"
    times = old_file.stat().st_atime_ns, old_file.stat().st_mtime_ns
    assert file_digest(old_file, folder) == sha(b"first content")
    time.sleep(0.02)  # a tick of the file system's clock
    if how == "replaced":
        (tmp_path / "new").write_bytes(b"other content")
        os.utime(tmp_path / "new", ns=times)
        os.replace(tmp_path / "new", old_file)
    else:
        old_file.write_bytes(b"other content")
    if how == "times put back":
        os.utime(old_file, ns=times)
    assert file_digest(old_file, folder) == sha(b"other content")


def test_a_young_file_is_read_each_time(old_file, tmp_path):
    """A file that was just written may change again within one tick of the clock: such a change is seen, always."""
    folder = tmp_path / "cache"
    for number in range(200):
        content = b"content %03d" % number
        old_file.write_bytes(content)
        assert file_digest(old_file, folder) == sha(content)
    assert not (folder / "files.sqlite").exists()


@pytest.mark.usefixtures("later")
def test_a_file_that_changes_while_it_is_read_is_not_load_digest(old_file, tmp_path, monkeypatch):
    """What was hashed half before and half after a change is kept under neither."""
    real = hashlib.file_digest

    def slow(file, name):
        found = real(file, name)
        old_file.write_bytes(b"changed meanwhile")
        return found

    monkeypatch.setattr(files.hashlib, "file_digest", slow)
    file_digest(old_file, tmp_path / "cache")
    monkeypatch.setattr(files.hashlib, "file_digest", real)
    assert file_digest(old_file, tmp_path / "cache") == sha(b"changed meanwhile")


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("what", ["garbage", "row"])
def test_damaged_digests_are_computed_again(old_file, tmp_path, what):
    """Neither a broken file of digests nor a changed digest in it is believed."""
    folder = tmp_path / "cache"
    file_digest(old_file, folder)
    if what == "garbage":
        (folder / "files.sqlite").write_bytes(b"no database" * 1000)
    else:
        with contextlib.closing(sqlite3.connect(folder / "files.sqlite")) as connection, connection:
            connection.execute("UPDATE files SET sha256 = ?", ("0" * 64,))
    assert file_digest(old_file, folder) == sha(b"first content")
    assert files._load_digest(folder, old_file.resolve(), files._state(old_file)) == sha(b"first content")


@pytest.mark.usefixtures("later")
def test_digests_without_a_folder_to_write_in(old_file, tmp_path):
    """Where nothing can be remembered, the digest is computed all the same."""
    (tmp_path / "in the way").write_text("")
    assert file_digest(old_file, tmp_path / "in the way" / "cache") == sha(b"first content")


def test_a_file_that_is_not_there(tmp_path):
    """The error names the file."""
    with pytest.raises(UsageError, match=r"cannot read .*absent\.bin: No such file"):
        file_digest(tmp_path / "absent.bin", tmp_path)
