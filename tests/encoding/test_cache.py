"""The cache: what was put is taken; above its cap the oldest go; it tells what it holds, and is cleared."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from cached_vectors import A, B, C, cache, damage, keys, numbers, process

from xlbench.core.errors import UsageError
from xlbench.encoding.cache import (
    Cache,
    database,
    default_folder,
    key_of,
    key_of_words,
    keys_of,
    keys_of_words,
    vectors,
)

__all__ = ["cache"]  # a fixture


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
