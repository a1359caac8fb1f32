"""The cache, damaged: nothing wrong is handed on, what is broken is set aside, and no run stops."""

from __future__ import annotations

import random

import numpy as np
import pytest
from cached_vectors import A, B, cache, damage, keys, numbers, process

from xlbench.encoding.cache import (
    Cache,
    database,
    vectors,
)

__all__ = ["cache"]  # a fixture


@pytest.mark.parametrize(
    "change",
    ["vectors = CAST(substr(vectors, 1, 3) || x'01' || substr(vectors, 5) AS BLOB)", "vectors = substr(vectors, 5)",
     "vectors = x''", "vectors = 'text'", "vectors = 1.5", "shape = 4", "shape = 3", "shape = -2", "shape = 'x'",
     "shape = 9000000000000000000", "shape = shape + 4294967296", "shape = shape - 4294967296",
     "checksum = checksum + 1", "checksum = 'x'", "grp = 77", "key = x'00' || key"],
)  # fmt: skip
def test_a_damaged_entry_is_computed_again(cache, change):
    """Whatever happened to an entry, it is taken for absent, removed, counted, and can be put again."""
    cache.put(A, "", keys(10), numbers(10))
    damage(cache, f"UPDATE entries SET {change} WHERE id % 4 = 0")
    taken = cache.take(A, "", keys(10))
    assert taken.positions.tolist() == [1, 2, 3, 5, 6, 7, 9]
    assert taken.vectors.tolist() == numbers(10)[taken.positions].tolist()
    cache.verify()  # what no key leads to any more is found by looking at all
    assert cache.warnings == ["3 damaged entries of the cache were set aside and are computed again"]
    cache.put(A, "", keys(10), numbers(10))
    assert cache.take(A, "", keys(10)).vectors.tolist() == numbers(10).tolist()
    assert cache.info().entries == 10
    assert cache.verify() == vectors.VerifyReport(10, 0)


def test_an_entry_in_the_wrong_place_is_damaged(cache):
    """An entry that was moved to another model or key is whole in itself, and refused all the same."""
    cache.put(A, "", keys(2), numbers(2))
    cache.put(B, "", keys(1, "b"), numbers(1))
    damage(cache, "UPDATE entries SET grp = 1 WHERE grp = 2")
    assert not len(cache.take(A, "", keys(1, "b")).positions)
    assert cache.warnings == ["1 damaged entry of the cache was set aside and is computed again"]


def test_verify_finds_what_was_changed(cache):
    """Every checksum is checked; damaged entries go, the others stay; a second look finds nothing."""
    cache.put(A, "", keys(1200), numbers(1200))
    damage(cache, "UPDATE entries SET vectors = zeroblob(32) WHERE id % 100 = 7")
    told: list[tuple[int, int]] = []
    assert cache.verify(lambda done, total: told.append((done, total))) == vectors.VerifyReport(1200, 12)
    assert told == [(512, 1200), (1024, 1200), (1200, 1200)]
    assert cache.verify() == vectors.VerifyReport(1188, 0)
    assert cache.info().entries == 1188


@pytest.mark.parametrize("what", ["garbage", "cut", "header", "another", "version"])
def test_a_damaged_file_is_set_aside(cache, what):
    """A file that is no cache is moved away under a name that says so, and a new one is begun, with a line."""
    cache.put(A, "", keys(200), numbers(200, 64))
    cache.close()
    content = cache.path.read_bytes()
    if what == "another":
        cache.path.unlink()
        damage(cache, "CREATE TABLE entries (id)")
    elif what == "version":
        damage(cache, "PRAGMA user_version = 9")
    else:
        changed = {"garbage": b"no database at all" * 99, "cut": content[: len(content) // 3],
                   "header": b"\0" * 50 + content[50:]}  # fmt: skip
        cache.path.write_bytes(changed[what])
    before = cache.path.read_bytes()
    assert not len(cache.take(A, "", keys(200)).positions)
    cache.put(A, "", keys(200), numbers(200, 64))
    assert np.array_equal(cache.take(A, "", keys(200)).vectors, numbers(200, 64))
    (line,) = cache.warnings
    assert "was set aside as" in line
    assert "vectors-2.sqlite.damaged-1" in line
    assert cache.info().set_aside == (cache.path.with_name("vectors-2.sqlite.damaged-1"),)
    assert cache.info().set_aside[0].read_bytes() == before
    cache.path.with_name("vectors-2.sqlite.damaged-1").write_bytes(b"kept")
    cache.close()
    cache.path.write_bytes(b"no database at all" * 99)
    cache.take(A, "", keys(1))
    assert [path.name[-2:] for path in cache.info().set_aside] == ["-1", "-2"]
    cache.clear()
    assert cache.info().set_aside == ()


def test_an_empty_file_is_filled(cache):
    """A file without a byte, as a process leaves it that is killed while it creates it, is no damage, and no cache."""
    cache.folder.mkdir()
    cache.path.touch()
    assert not len(cache.take(A, "", keys(2)).positions)
    assert cache.verify() == vectors.VerifyReport(0, 0)
    cache.put(A, "", keys(2), numbers(2))
    assert np.array_equal(cache.take(A, "", keys(2)).vectors, numbers(2))
    assert cache.warnings == []


@pytest.mark.slow
def test_a_truncated_file_is_mended(tmp_path):
    """Wherever a file with several models and kinds was cut, verifying ends, and what is put and taken then is right;
    so where its pages were mixed up, or were lost and are zeros."""
    luck = random.Random(3)
    with Cache(tmp_path / "whole") as cache:
        for number in range(60):
            cache.put("ab"[number % 2] * 64, ["", "query"][number % 3 == 0], keys(90, f"{number} "), numbers(90, 48))
        path = cache.path
    content, page = path.read_bytes(), database.PAGE_BYTES
    pages = [content[start : start + page] for start in range(0, len(content), page)]
    assert len(pages) > 60
    damaged = {f"cut at {count}": b"".join(pages[:count]) for count in range(1, len(pages), 4)}
    for number in range(10):
        first, second = luck.sample(range(1, len(pages)), 2)
        mixed, lost = list(pages), list(pages)
        mixed[first], mixed[second] = mixed[second], mixed[first]
        lost[first] = mixed[number % 2 + 1] if number % 2 else b"\0" * page
        damaged |= {f"mixed {number}": b"".join(mixed), f"lost {number}": b"".join(lost)}
    code = """
folder, names = Path(sys.argv[1]), sys.argv[2:]
for name in names:
    cache = Cache(folder / name)
    cache.verify()
    texts = [str(number) for number in range(300)]
    cache.put("a" * 64, "", keys_of(texts), vectors(texts))
    assert np.array_equal(cache.take("a" * 64, "", keys_of(texts)).vectors, vectors(texts)), name
    assert cache.verify().damaged == 0, name
    cache.close()
"""
    for name, bytes_ in damaged.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / path.name).write_bytes(bytes_)
    one = process(code, tmp_path, *damaged)
    try:
        _, err = one.communicate(timeout=300)
    finally:
        one.kill()
    assert (one.returncode, err) == (0, "")


def test_flipped_bytes_never_give_a_wrong_vector(tmp_path, scale):
    """Whichever bytes of the file change, what is taken is what was put, nothing stops, and verifying repairs it."""
    luck = random.Random(11)
    folder = tmp_path / "cache"
    with Cache(folder) as cache:
        cache.put(A, "", keys(400), numbers(400, 16))
        path = cache.path
    content = path.read_bytes()
    for _ in range(15 * scale):
        flipped = bytearray(content)
        for place in luck.sample(range(len(content)), luck.choice([1, 20, 400])):
            flipped[place] ^= 1 << luck.randrange(8)
        path.write_bytes(flipped)
        with Cache(folder) as cache:
            taken = cache.take(A, "", keys(400))
            if len(taken.positions):
                assert np.array_equal(taken.vectors, numbers(400, 16)[taken.positions])
            cache.verify()
            cache.put(A, "", keys(400), numbers(400, 16))
            if cache._database.writable:
                assert np.array_equal(cache.take(A, "", keys(400)).vectors, numbers(400, 16))
            cache.info()
            cache.close()
            for leftover in folder.glob("vectors-2.sqlite*"):
                leftover.unlink()


def test_processes_survive_that_one_sets_the_file_aside(cache):
    """A process that has the file open goes on with the new one, and its end does no harm to that."""
    cache.put(A, "", keys(20), numbers(20))
    with Cache(cache.folder) as other:
        assert len(other.take(A, "", keys(20)).positions) == 20
        cache._database._move_aside("for a test", last=False)
        cache.put(A, "", keys(30), numbers(30))
        assert len(other.take(A, "", keys(30)).positions) == 30
        other.put(A, "", keys(40), numbers(40))
    cache.close()
    assert cache.verify() == vectors.VerifyReport(40, 0)
    assert len(cache.warnings) == 1


def test_a_folder_that_is_removed_is_begun_anew(cache):
    """Where somebody deletes the folder during a run, what is computed from then on is kept."""
    cache.put(A, "", keys(20), numbers(20))
    for path in cache.folder.iterdir():
        path.unlink()
    cache.folder.rmdir()
    assert not len(cache.take(A, "", keys(20)).positions)
    cache.put(A, "", keys(5), numbers(5))
    assert cache.verify() == vectors.VerifyReport(5, 0)
    assert cache.warnings == []
