"""Saved results: whole or not at all, and never read when they are not what was saved."""

import errno
import json
import os

import numpy as np
import pytest

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import slug
from xlbench.core.record import Cell, Run, Score
from xlbench.runs import store as store_module
from xlbench.runs.items import Items, influence
from xlbench.runs.run_folder import load_run
from xlbench.runs.store import Store, find_runs

FINGERPRINT = "f" * 64


def cell(**changes):
    scores = (Score(0.5, 0.2, 0.8, "wilson", 0.1, 4, 2, metric="accuracy", chance=0.25),)
    return Cell(
        **{
            "model": "m", "fingerprint": FINGERPRINT, "task": "t", "area": "retrieval", "subset": "eng-hin",
            "languages": ("eng", "hin"), "status": "ok", "scores": scores, "key": "k", "facts": {"candidates": 4},
        } | changes
    )  # fmt: skip


def items():
    return Items(
        ["a", "b", "c", "d"],
        ["x", "x", "y", "y"],
        {"rank": np.array([1, 2, 1, 4]), "cosine": np.array([0.1, 0.2, 0.3, 0.4])},
        np.array([0.3, -0.2, 0.3, -0.4]),
    )


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def saved(store):
    done = store.save_cell(cell(), items())
    return done, store.cell_path("m", FINGERPRINT, "t", "eng-hin", None)


def test_a_cell_comes_back_as_it_was_saved(store):
    """Cell and items survive the round trip."""
    done, path = saved(store)
    assert store.load_cell(path) == done
    back = store.load_items(done)
    assert (back.item_ids, back.cluster_ids) == (items().item_ids, items().cluster_ids)
    assert back.columns["rank"].tolist() == [1, 2, 1, 4]
    np.testing.assert_allclose(back.influence, items().influence, atol=1e-7)


def test_influence_is_summed_by_cluster(store):
    """Cluster sums are of the centered influence over n: twice .5 / 4 for x, twice -.5 / 4 for y."""
    psi = np.array([1.0, 1.0, 0.0, 0.0])
    done = store.save_cell(cell(), Items(["a", "b", "c", "d"], ["x", "x", "y", "y"], {"rank": np.ones(4)}, psi))
    found = influence(store.folder("m", FINGERPRINT), done)
    assert found.clusters.tolist() == ["x", "y"]
    np.testing.assert_allclose(found.sums, [0.25, -0.25])
    assert found.n == 4


def test_a_cell_that_is_not_there_is_none(store):
    """Absence is None, and only absence is."""
    assert store.load_cell(store.cell_path("m", FINGERPRINT, "t", "eng-hin", None)) is None


@pytest.mark.parametrize("damage", ["edit", "truncate", "garbage", "schema"])
def test_a_damaged_cell_is_refused_by_name(store, damage):
    """An edited, cut off or foreign file is named, never taken for absent."""
    _, path = saved(store)
    text = path.read_text(encoding="utf-8")
    changed = {
        "edit": text.replace("0.5", "0.9", 1),
        "truncate": text[: len(text) // 2],
        "garbage": "\x00\xff",
        "schema": "[]",
    }[damage]
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(ResultsError, match=path.name):
        store.load_cell(path)


def test_a_record_of_a_later_schema_is_refused(store):
    """A file from a later version says so rather than being half read."""
    _, path = saved(store)
    plain = json.loads(path.read_text())
    plain["schema"] = 99
    del plain["checksum"]
    store_module._write_json(path, plain)
    with pytest.raises(ResultsError, match="schema 99"):
        store.load_cell(path)


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_damaged_items_are_refused_by_name(store, damage):
    """The items' file must be the one that the cell was committed with."""
    done, path = saved(store)
    parquet = path.with_name(done.items_file)
    if damage == "gone":
        parquet.unlink()
    else:
        parquet.write_bytes(parquet.read_bytes()[:-1] + b"?")
    with pytest.raises(ResultsError, match=parquet.name):
        store.load_items(done)


def test_models_of_one_name_and_other_content_never_share_a_folder(store):
    """Identity is content: a name is a label."""
    assert store.folder("m", "a" * 64) != store.folder("m", "b" * 64)


def test_names_never_leave_the_results_folder(store):
    """Whatever a model, task or subset is called, its file lies inside the folder."""
    path = store.cell_path("../../m", FINGERPRINT, "../../../etc/x", "..\\..\\y", None).resolve()
    assert path.is_relative_to(store.root.resolve())
    assert slug("../../etc/passwd").startswith("etc-passwd-")


def test_a_sample_does_not_replace_the_whole(store):
    """A limited cell lies beside the full one."""
    _, whole = saved(store)
    assert store.cell_path("m", FINGERPRINT, "t", "eng-hin", 10) != whole


def test_a_full_disk_is_one_line_and_keeps_what_was_saved(store, monkeypatch):
    """Where the disk is full, the new cell fails, the old one stays whole, and no temporary is left."""
    done, path = saved(store)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match="No space left on device; cells saved before are kept"):
        store.save_cell(cell(key="other", subset="eng-nep"), items())
    monkeypatch.undo()
    assert store.load_cell(path) == done
    assert not list(store.root.rglob("*.tmp"))


def test_an_unwritable_folder_is_a_usage_error(tmp_path):
    """A results folder below a file cannot be made, and the line says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="choose another --results"):
        Store(tmp_path / "file" / "results").check_writable()


def test_old_leftovers_are_swept_and_fresh_ones_kept(store):
    """Temporaries and items that no cell names are removed once no run can be writing them."""
    done, path = saved(store)
    leftovers = [path.with_name(name) for name in (".x.json.1-2.tmp", f"{path.stem}.0123456789ab.parquet")]
    for leftover in leftovers:
        leftover.write_bytes(b"x")
    store.sweep()
    assert all(leftover.exists() for leftover in leftovers)
    for leftover in leftovers:
        os.utime(leftover, (0, 0))
    os.utime(path.with_name(done.items_file), (0, 0))
    store.sweep()
    assert not any(leftover.exists() for leftover in leftovers)
    assert store.load_items(done).item_ids == ["a", "b", "c", "d"]


def test_a_run_without_manifest_is_incomplete(store):
    """Cells alone make a run that was stopped; the manifest makes it complete and carries its plans."""
    done, _ = saved(store)
    assert not load_run(store.folder("m", FINGERPRINT)).complete
    store.save_manifest(Run("m", FINGERPRINT, (done,), plans={"mini": {"t": ("eng-hin",)}}))
    (run,) = find_runs(store.root)
    assert run.complete
    assert run.cells == (done,)
    assert run.plans == {"mini": {"t": ("eng-hin",)}}
    assert find_runs(store.folder("m", FINGERPRINT))[0] == run


def test_a_folder_without_runs_is_a_usage_error(tmp_path):
    """A wrong folder is not an empty board."""
    with pytest.raises(UsageError, match="holds no runs"):
        find_runs(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        find_runs(tmp_path / "nowhere")
