"""The cache: what was put is taken, by any number of processes, and no damage is ever handed on or stops a run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Cli, environment
from unix import NO_TERMINAL, ON_UNIX

from xlbench.core.errors import UsageError
from xlbench.encoding.cache import (
    Cache,
    database,
    default_folder,
    file_digest,
    files,
    key_of,
    key_of_words,
    keys_of,
    keys_of_words,
    vectors,
)

A, B, C = "a" * 64, "b" * 64, "c" * 64

WORK = """
import sys
import numpy as np
from pathlib import Path
from xlbench.encoding.cache import Cache, keys_of

def vectors(texts):
    return np.array([np.random.default_rng(int(text)).normal(size=48) for text in texts], np.float32)
"""
"""For processes that share a cache: the vector of a text is a function of it."""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as one:
        yield one


def numbers(count: int, d: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, d)).astype(np.float32)


def keys(count: int, name: str = "") -> list[bytes]:
    return keys_of([f"{name}{number}" for number in range(count)])


def process(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK + code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment([], {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def damage(cache: Cache, query: str, *values: Any) -> None:
    """Change the database behind the cache's back."""
    with contextlib.closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute(query, values)


# ---- keys


def test_keys_are_of_content():
    """Equal texts have equal keys; sentences that join to the same characters have others; all are 16 bytes."""
    assert key_of("a") == key_of("a") == keys_of(["b", "a"])[1] == hashlib.blake2b(b"a", digest_size=16).digest()
    made = [key_of("ab"), *keys_of_words([["ab"], ["a", "b"], ["a", "b", ""], ["", "ab"], [], [""], ["a b"]])]
    assert len(set(made)) == len(made)
    assert key_of_words(["a", "b"]) in made
    assert {len(key) for key in [*made, key_of("\udcff"), key_of("नमस्ते")]} == {16}


@pytest.mark.parametrize(("kind", "key"), [("", b"short"), ("", b"x" * 33), ("passage", b"x" * 16)])
def test_wrong_keys_and_kinds_are_refused(cache, kind, key):
    """A key that is no hash, and a kind that there is not, are mistakes of the caller."""
    with pytest.raises(ValueError, match=r"key|kind"):
        cache.take(A, kind, [key])
    with pytest.raises(ValueError, match=r"key|kind"):
        cache.put(A, kind, [key], numbers(1))


# ---- round trips


def test_what_was_put_is_taken(cache):
    """Vectors come back to the bit, in the order of the keys, repeated where a key is; what is absent is left out."""
    given = numbers(1500)
    cut = np.arange(1500) % 3 == 0
    cache.put(A, "query", keys(1500), given, truncated=cut)
    wanted = [*keys(1600)[::-1], key_of("7")]
    taken = cache.take(A, "query", wanted)
    assert taken.positions.tolist() == [*range(100, 1600), 1600]
    expected = [*range(1499, -1, -1), 7]
    assert taken.vectors.dtype == np.float32
    assert taken.vectors.tobytes() == given[expected].tobytes()
    assert taken.truncated.tolist() == cut[expected].tolist()
    assert taken.counts.tolist() == [1] * 1501
    taken.vectors[0] = 0  # it is the caller's own
    assert cache.warnings == []


def test_models_and_kinds_are_apart(cache):
    """The same key holds something else for another model or kind."""
    for number, (model, kind) in enumerate([(A, ""), (A, "query"), (A, "document"), (B, "")]):
        cache.put(model, kind, keys(1), numbers(1, seed=number))
    assert cache.take(A, "document", keys(1)).vectors.tobytes() == numbers(1, seed=2).tobytes()
    assert not len(cache.take(B, "query", keys(1)).positions)
    assert not len(cache.take(C, "", keys(1)).positions)


def test_words_round_trip(cache):
    """A sentence has as many rows as words; one without words has none."""
    counts = [3, 0, 1, 700]
    sentences = [[f"{number}w{place}" for place in range(count)] for number, count in enumerate(counts)]
    given = numbers(sum(counts), 5)
    cache.put(A, "words", keys_of_words(sentences), given, counts, [False, True, True, False])
    taken = cache.take(A, "words", keys_of_words([["not", "there"], *sentences[::-1]]))
    assert taken.positions.tolist() == [1, 2, 3, 4]
    assert taken.counts.tolist() == counts[::-1]
    assert taken.truncated.tolist() == [False, True, True, False]
    assert taken.vectors.tobytes() == np.concatenate([given[4:], given[3:4], given[:3]]).tobytes()


def test_other_number_types_are_kept_as_float32(cache):
    """Double and half precision, and arrays that are not contiguous, are kept as float32."""
    given = np.asfortranarray(numbers(4).astype(np.float64))
    cache.put(A, "", keys(4), given)
    cache.put(B, "", keys(4), given.astype(np.float16))
    assert cache.take(A, "", keys(4)).vectors.tolist() == numbers(4).tolist()
    assert cache.take(B, "", keys(4)).vectors.tolist() == given.astype(np.float16).tolist()


def test_the_first_of_equal_keys_stays(cache):
    """What is there is not written again, whether it was put before or in the same call."""
    cache.put(A, "", keys(2), numbers(2, seed=1))
    cache.put(A, "", [*keys(3), *keys(3)], numbers(6, seed=2))
    expected = [*numbers(2, seed=1).tolist(), numbers(6, seed=2)[2].tolist()]
    assert cache.take(A, "", keys(3)).vectors.tolist() == expected
    assert cache.info().entries == 3


@pytest.mark.parametrize(
    ("count", "shape", "counts", "truncated"),
    [(2, (3, 4), None, None), (2, (3, 4), [1, 1], None), (2, (3, 4), [4, -1], None), (2, (2, 4), None, [True]),
     (2, (8,), None, None)],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused(cache, count, shape, counts, truncated):
    """As many rows as the counts say, and a flag for each key, or nothing is kept."""
    with pytest.raises(ValueError, match="2 keys"):
        cache.put(A, "", keys(count), np.zeros(shape), counts, truncated)
    assert not cache.path.exists()


def test_vectors_of_another_length_are_not_mixed_in(cache):
    """Vectors that cannot be of the same model are not kept, and said."""
    cache.put(A, "", keys(3), numbers(3, 8))
    cache.put(A, "", keys(5), numbers(5, 9))
    assert cache.take(A, "", keys(5)).vectors.shape == (3, 8)
    assert "9 dimensions are not kept" in cache.warnings[0]


def test_nothing_is_made_by_looking(cache):
    """Reading a cache that is not there creates no file."""
    taken = cache.take(A, "", keys(2))
    assert taken.vectors.shape == (0, 0)
    assert (cache.facts(A), cache.info().entries, cache.clear(), cache.verify().entries) == (None, 0, 0, 0)
    assert not cache.folder.exists()


def test_facts_are_load_digest(cache):
    """Facts of a model come back with their types; later ones are added, or replace those of the same name."""
    cache.remember(A, {"label": "été", "parameters": 3, "scale": 0.5, "has_words": True, "revision": None})
    cache.remember(A, {"parameters": 4, "dtype": "float32"})
    cache.remember(B, {})
    expected = {"label": "été", "parameters": 4, "scale": 0.5, "has_words": True, "revision": None, "dtype": "float32"}
    assert cache.facts(A) == expected
    assert cache.facts(B) == {}
    damage(cache, "UPDATE models SET facts = replace(facts, '4', '5')")
    assert cache.facts(A) is None


def test_what_was_kept_outlives_the_process_that_kept_it(cache):
    """Another process takes what this one put, while it is open here."""
    cache.put(A, "", keys(5), numbers(5))
    code = (
        "taken = Cache(Path(sys.argv[1])).take('a' * 64, '', keys_of(map(str, range(6))))\nprint(taken.vectors.sum())"
    )
    out, err = process(code, cache.folder).communicate(timeout=60)
    assert float(out) == pytest.approx(float(numbers(5).sum()), abs=1e-5), err


# ---- several processes and threads


@pytest.mark.slow
def test_eight_processes_share_a_cache(tmp_path):
    """Eight processes that begin at once put and take overlapping keys; all is there in the end, and all is right."""
    code = """
cache, seed = Cache(Path(sys.argv[1])), int(sys.argv[2])
order = np.random.default_rng(seed).permutation(3000)
for start in range(0, 3000, 300):
    texts = [str(number) for number in order[start : start + 300]]
    taken = cache.take("a" * 64, "", keys_of(texts))
    assert np.array_equal(taken.vectors, vectors(texts)[taken.positions]) or not len(taken.positions)
    cache.put("a" * 64, "", keys_of(texts), vectors(texts))
    cache.remember("a" * 64, {f"process {seed}": start})
assert not cache.warnings, cache.warnings
"""
    running = [process(code, tmp_path / "cache", seed) for seed in range(8)]
    for one in running:
        _, err = one.communicate(timeout=120)
        assert one.returncode == 0, err
    with Cache(tmp_path / "cache") as cache:
        assert cache.info().entries == 3000
        assert cache.facts(A) == {f"process {seed}": 2700 for seed in range(8)}
        assert cache.verify() == vectors.VerifyReport(3000, 0)
        names = {}
        exec(WORK, names)
        texts = [str(number) for number in range(3000)]
        assert np.array_equal(cache.take(A, "", keys_of(texts)).vectors, names["vectors"](texts))
        assert cache.warnings == []


def test_threads_share_a_cache(cache):
    """Threads may use one cache at once."""
    wrong: list[object] = []

    def work(seed: int) -> None:
        for _ in range(20):
            cache.put(A, "", keys(50, str(seed)), numbers(50, seed=seed))
            taken = cache.take(A, "", keys(50, str(seed)))
            if not np.array_equal(taken.vectors, numbers(50, seed=seed)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, cache.warnings, cache.info().entries) == ([], [], 300)


@ON_UNIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_the_cache_anew(cache):
    """A child of fork reads and writes, ends as it likes, and leaves the parent's cache as it was."""
    cache.put(A, "", keys(5), numbers(5))

    def child() -> None:
        assert len(cache.take(A, "", keys(5)).positions) == 5
        cache.put(A, "", keys(9), numbers(9))
        sys.exit(7 if not cache.warnings else 8)  # through the interpreter's end, where objects are thrown away

    one = multiprocessing.get_context("fork").Process(target=child)
    one.start()
    one.join(60)
    assert one.exitcode == 7
    cache.put(A, "", keys(12), numbers(12))
    assert cache.verify() == vectors.VerifyReport(12, 0)
    assert cache.warnings == []


def test_a_cache_can_be_sent_to_another_process(cache):
    """Pickled, it is its folder and its cap."""
    cache.put(A, "", keys(2), numbers(2))
    with pickle.loads(pickle.dumps(cache)) as other:
        assert (other.folder, other.max_bytes) == (cache.folder, cache.max_bytes)
        assert len(other.take(A, "", keys(2)).positions) == 2


@ON_UNIX
@pytest.mark.slow
def test_a_kill_leaves_whole_transactions(tmp_path):
    """kill -9 in the midst of writing, many times over: each batch is there as a whole or not at all."""
    code = """
cache = Cache(Path(sys.argv[1]))
print("ready", flush=True)
for batch in range(int(sys.argv[2]), 10**6, 1000):
    texts = [f"{batch * 100 + number}" for number in range(100)]
    cache.put("a" * 64, "", keys_of(texts), vectors(texts))
    print(batch, flush=True)
"""
    folder, luck, said = tmp_path / "cache", random.Random(5), set()
    for attempt in range(8):
        one = process(code, folder, attempt)
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        time.sleep(luck.uniform(0, 0.15))
        os.kill(one.pid, signal.SIGKILL)
        said |= {int(line) for line in one.communicate()[0].split()}
    names: dict[str, Any] = {}
    exec(WORK, names)
    with Cache(folder) as cache:
        checked = cache.verify()
        assert (checked.damaged, checked.entries % 100, cache.warnings) == (0, 0, [])
        assert len(said) * 100 <= checked.entries <= (len(said) + 8) * 100
        for batch in said:
            texts = [f"{batch * 100 + number}" for number in range(100)]
            assert np.array_equal(cache.take(A, "", keys_of(texts)).vectors, names["vectors"](texts))


@ON_UNIX
@pytest.mark.slow
def test_a_kill_while_a_cache_is_created_leaves_no_litter(tmp_path):
    """kill -9 in the midst of creating a cache: nothing lies around but the files of a cache, which is then used."""
    code = """
print("ready", flush=True)
for number in range(int(sys.argv[2]), 10**6, 1000):
    with Cache(Path(sys.argv[1]) / str(number)) as cache:
        cache.put("a" * 64, "", keys_of(["1"]), vectors(["1"]))
"""
    luck = random.Random(7)
    for attempt in range(8):
        one = process(code, tmp_path, attempt)
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        reached = tmp_path / str(attempt + 1000 * luck.randrange(1, 4))
        while one.poll() is None and not reached.exists():
            time.sleep(0.001)
        time.sleep(luck.uniform(0, 0.02))
        os.kill(one.pid, signal.SIGKILL)
        one.communicate()
    folders = list(tmp_path.iterdir())
    assert len(folders) > 16
    allowed = {
        "CACHEDIR.TAG",
        "vectors-2.lock",
        *(f"vectors-2.sqlite{end}" for end in ("", "-wal", "-shm", "-journal")),
    }
    names: dict[str, Any] = {}
    exec(WORK, names)
    for folder in folders:
        assert {path.name for path in folder.iterdir()} <= allowed
        with Cache(folder) as cache:
            cache.put(A, "", keys_of(["1"]), names["vectors"](["1"]))
            assert np.array_equal(cache.take(A, "", keys_of(["1"])).vectors, names["vectors"](["1"]))
            assert cache.warnings == []


def test_a_lock_that_is_held_stops_writing_and_nothing_else(cache, monkeypatch):
    """Where another process keeps its turn, writing ends with a line, and reading goes on."""
    cache.put(A, "", keys(3), numbers(3))
    cache.close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with contextlib.closing(sqlite3.connect(cache.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        cache.put(A, "", keys(9), numbers(9))
        cache.put(B, "", keys(9), numbers(9))
        assert len(cache.take(A, "", keys(9)).positions) == 3
    (line,) = cache.warnings
    assert "another process has locked it" in line


# ---- damage


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


# ---- no room, no rights


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


# ---- the cap


def fill(cache: Cache, model: str, batches: int) -> None:
    for batch in range(batches):
        cache.put(model, "", keys(50, f"{model}{batch} "), numbers(50, 256, batch))


def held(cache: Cache, model: str, batches: int) -> list[int]:
    """How much is there of each batch of `fill`."""
    return [len(cache.take(model, "", keys(50, f"{model}{batch} ")).positions) for batch in range(batches)]


def test_above_the_cap_the_oldest_go(tmp_path):
    """The file stays below its cap: what was written last is there, what was first has gone, in that order."""
    cap = 3_000_000
    with Cache(tmp_path / "cache", cap) as cache:
        fill(cache, A, 120)  # 6.1 MB
        there = held(cache, A, 120)
        assert there == sorted(there)
        assert 0 < sum(there) * 1024 < cap
        assert there[-10:] == [50] * 10
        assert cache.info().entries == sum(there)
        assert cache.path.stat().st_size <= cap + 200 * 1024
        assert cache.verify().damaged == 0


def test_the_cap_keeps_what_is_used(tmp_path, monkeypatch):
    """What is read hours later outlives what was written after it; a model that has lost all is forgotten."""
    with Cache(tmp_path / "cache", 3_000_000) as cache:
        cache.remember(B, {"label": "unused"})
        fill(cache, A, 15)
        fill(cache, B, 15)
        now = time.time()
        monkeypatch.setattr(vectors.time, "time", lambda: now + 2 * vectors.STAMP_SECONDS)
        assert held(cache, A, 15) == [50] * 15
        fill(cache, C, 33)
        assert sum(held(cache, A, 15)) == 750
        assert sum(held(cache, B, 15)) < 750
        fill(cache, C, 45)
        assert cache.facts(B) is None
        assert [one.identity for one in cache.info().models if one.identity == B] == []


def test_reading_does_not_write(cache):
    """Vectors that were used within the hour are read without a change of the file."""
    cache.put(A, "", keys(50), numbers(50))
    with Cache(cache.folder) as reader:
        reader.take(A, "", keys(50))
        assert reader._database._connection.total_changes == 0


def test_a_smaller_cap_shortens_the_file(tmp_path):
    """Opened with a smaller cap, the file is below it after the next writing."""
    with Cache(tmp_path / "cache") as cache:
        fill(cache, A, 100)
        fill(cache, B, 2)
        cache.close()
        assert cache.path.stat().st_size > 5_000_000
    with Cache(tmp_path / "cache", 1_000_000) as cache:
        cache.put(C, "", keys(1), numbers(1))
        cache.close()
        assert cache.path.stat().st_size <= 1_000_000


# ---- information and clearing


def test_info_counts_by_model(cache):
    """Entries and bytes of each model, over all kinds; the largest first; facts alone are shown, too."""
    cache.put(A, "query", keys(10), numbers(10, 4))
    cache.put(A, "words", keys_of_words([["a", "b"]]), numbers(2, 4), [2])
    cache.put(B, "", keys(100), numbers(100, 4))
    cache.remember(A, {"label": "alpha"})
    cache.remember(C, {"label": "gamma"})
    info = cache.info()
    assert [(one.identity, one.label, one.entries, one.bytes) for one in info.models] == [
        (B, "", 100, 1600), (A, "alpha", 11, 192), (C, "gamma", 0, 0)]  # fmt: skip
    assert abs(info.models[0].last_used - time.time()) < 60
    assert info.models[2].last_used == 0
    assert (info.entries, info.cap, info.path) == (111, 20 << 30, cache.folder / "vectors-2.sqlite")
    assert info.bytes >= cache.path.stat().st_size


def test_a_model_is_cleared_by_its_label(cache):
    """All models of a label go, with their facts, and no other."""
    for model, label in ((A, "mine"), (B, "yours"), (C, "mine")):
        cache.put(model, "", keys(30), numbers(30))
        cache.remember(model, {"label": label})
    assert cache.clear("mine") == 60
    assert [one.label for one in cache.info().models] == ["yours"]
    assert cache.facts(A) is None
    assert len(cache.take(B, "", keys(30)).positions) == 30
    assert cache.clear("bbbb") == 30
    assert cache.info().models == ()


def test_what_cannot_be_cleared_is_explained(cache):
    """A name that is no model's is answered with one that it may have been; a beginning of several is too short."""
    cache.put("dead" + "0" * 60, "", keys(1), numbers(1))
    cache.put("dead" + "1" * 60, "", keys(1), numbers(1))
    cache.remember("dead" + "1" * 60, {"label": "labse"})
    with pytest.raises(UsageError, match="Did you mean 'labse'"):
        cache.clear("labs")
    with pytest.raises(UsageError, match="2 identities"):
        cache.clear("dead")
    with pytest.raises(UsageError, match="holds no model 'dea'"):
        cache.clear("dea")
    assert cache.clear("DEAD1") == 1


def test_clearing_gives_the_space_back(cache):
    """The disk has the space again, after one model and after all; the cache goes on to work."""
    cache.put(A, "", keys(3000), numbers(3000, 256))
    cache.put(B, "", keys(3000), numbers(3000, 256))
    both = cache.info().bytes
    assert cache.clear("aaaa") == 3000
    assert cache.info().bytes < both * 0.6
    assert cache.clear() == 3000
    assert cache.info().bytes < both * 0.05
    cache.put(A, "", keys(5), numbers(5))
    assert cache.verify() == vectors.VerifyReport(5, 0)


# ---- where it is


def test_the_default_folder(monkeypatch, tmp_path):
    """XLBENCH_CACHE, else XDG_CACHE_HOME where it is absolute, else the home's .cache; without a home, no error."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XLBENCH_CACHE", "~/own")
    assert default_folder() == tmp_path / "home" / "own"
    monkeypatch.setenv("XLBENCH_CACHE", "")
    assert default_folder() == tmp_path / "xdg" / "xlbench"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == tmp_path / "home" / ".cache" / "xlbench"

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with Cache(default_folder()) as cache:
        cache.put(A, "", keys(1), numbers(1))
        assert len(cache.warnings) == 1


def test_file_systems_that_machines_share(monkeypatch, tmp_path):
    """The file system of the longest mount point that a folder lies in decides."""
    table = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / {} rw,relatime shared:1 - {} server:/home rw\n"
    for kind, shared in (("nfs4", True), ("fuse.sshfs", True), ("xfs", False)):
        monkeypatch.setattr(Path, "read_text", lambda *_, kind=kind, **__: table.format(tmp_path, kind))
        assert database.on_network(tmp_path / "cache") is shared
        assert not database.on_network(tmp_path.parent / f"{tmp_path.name}-beside")


# ---- digests of files


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


# ---- the command line


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A folder with a cache of two models."""
    folder = tmp_path / "kept"
    with Cache(folder) as cache:
        cache.put(A, "", keys(40), numbers(40))
        cache.remember(A, {"label": "alpha"})
        cache.put(B, "query", keys(2), numbers(2))
        cache.remember(B, {"label": "beta\x1b[31m"})
    return folder


def test_the_command_shows_what_is_there(filled, xlbench_cli: Cli):
    """info shows the folder, the sizes, and a line a model; the same as JSON; the option and the variable name it."""
    shown = xlbench_cli(["cache", "info", "--folder", filled])
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert str(filled) in lines[0]
    assert "of at most 20.0 GiB" in lines[0]
    assert lines[1] == "42 entries of 2 models"
    assert [line.split()[:3] for line in lines[3:]] == [
        ["model", "identity", "entries"], ["alpha", "a" * 12, "40"], ["beta[31m", "b" * 12, "2"]]  # fmt: skip
    plain = json.loads(xlbench_cli(["cache", "info", "--json"], env={"XLBENCH_CACHE": str(filled)}).stdout)
    assert (plain["schema"], plain["entries"], plain["cap"], plain["set_aside"]) == (1, 42, 20 << 30, [])
    first = plain["models"][0]
    assert (first["label"], first["entries"], first["bytes"]) == ("alpha", 40, 1280)
    assert plain["models"][0]["last_used"].endswith("Z")


def test_the_command_clears(filled, xlbench_cli: Cli):
    """clear removes a model, or all; where nobody can answer it wants --yes, in one line, with exit code 2."""
    for arguments in (["cache", "clear"], ["cache", "clear", "alpha"], ["cache", "clear", "alhpa", "--yes"]):
        done = xlbench_cli([*arguments, "--folder", filled])
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "--yes" in done.stderr or "Did you mean 'alpha'" in done.stderr
    done = xlbench_cli(["cache", "clear", "alpha", "--yes", "--folder", filled])
    assert (done.returncode, done.stdout.startswith("removed 40 entries")) == (0, True), done.stderr
    done = xlbench_cli(["cache", "clear", "-y", "--folder", filled])
    assert (done.returncode, done.stdout.startswith("removed 2 entries")) == (0, True), done.stderr
    assert xlbench_cli(["cache", "info", "--folder", filled]).stdout.splitlines()[1] == "0 entries of 0 models"


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 42)])
def test_the_command_asks_on_a_terminal(filled, answer, left):
    """On a terminal it asks, and does what it is told."""
    pty = pytest.importorskip("pty", reason=NO_TERMINAL)
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "xlbench", "cache", "clear", "alpha", "--folder", str(filled)]
    one = subprocess.Popen(command, stdin=follower, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           env=environment([], {}))  # fmt: skip
    os.write(leader, f"{answer}\n".encode())
    out, err = one.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert one.returncode == 0, err
    assert "Remove 40 entries of 1 model" in err
    assert ("nothing was removed" in out) == (answer == "n")
    with Cache(filled) as cache:
        assert cache.info().entries == left


def test_the_command_verifies(filled, xlbench_cli: Cli):
    """verify ends with 0 where all is well, with 3 where something was damaged, and with 0 thereafter."""
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert (done.returncode, done.stdout, done.stderr) == (0, "checked 42 entries: 0 damaged\n", "")
    damage(Cache(filled), "UPDATE entries SET vectors = zeroblob(32) WHERE grp = 2")
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert (done.returncode, done.stdout) == (3, "checked 42 entries: 2 damaged\n")
    assert done.stderr == "xlbench: 2 damaged entries of the cache were set aside and are computed again\n"
    assert xlbench_cli(["cache", "verify", "--folder", filled]).returncode == 0
    (filled / "vectors-2.sqlite").write_bytes(b"no database at all" * 99)
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert done.returncode == 3
    assert "was set aside as" in done.stderr
    assert "set aside as damaged" in xlbench_cli(["cache", "info", "--folder", filled]).stdout


def test_the_command_without_a_cache(xlbench_cli: Cli, tmp_path):
    """Where there is none, nothing is made, and nothing is wrong."""
    for action in (["info"], ["clear", "--yes"], ["verify"], ["clear"]):
        done = xlbench_cli(["cache", *action, "--folder", tmp_path / "none"])
        assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("action", ["info", "clear", "verify"])
def test_each_action_explains_itself(action, xlbench_cli: Cli):
    """Each has its own help, with examples that name it."""
    shown = xlbench_cli(["cache", action, "--help"]).stdout
    assert "--folder" in shown
    assert f"  xlbench cache {action}" in shown.split("Examples:")[1]


def test_a_wrong_action_is_corrected(xlbench_cli: Cli):
    """An action that there is not is answered with the one that was meant."""
    done = xlbench_cli(["cache", "claer"])
    assert done.returncode == 2
    assert "Did you mean 'clear'" in done.stderr
