"""The cache, shared by processes and threads: forks, kills and locks lose no more than what was not yet written."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import random
import signal
import sqlite3
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from cached_vectors import WORK, A, B, cache, keys, numbers, process
from unix import ON_UNIX

from xlbench.encoding.cache import (
    Cache,
    database,
    keys_of,
    vectors,
)

__all__ = ["cache"]  # a fixture


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
