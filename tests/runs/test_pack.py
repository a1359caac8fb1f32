"""Packs give back what was packed."""

import dataclasses
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packs import (
    PLACES,
    board,
    forged,
    members,
    pack_all,
    packed,
    refusal,
    same_runs,
)
from saved_runs import PRINTS, save_run

import xlbench
from xlbench.catalog.loading import load
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run, Score
from xlbench.runs.items import Items
from xlbench.runs.packs.parts import ROWS
from xlbench.runs.packs.read import Pack
from xlbench.runs.packs.write import choose, pack, write_pack
from xlbench.runs.store import Reader, Store, find_runs
from xlbench.runs.verify import verify

pytestmark = pytest.mark.slow

PUBLISHED = ROOT / "leaderboards" / "runs"


@pytest.fixture
def root(tmp_path):
    """A results folder with two models on three subsets of two tasks."""
    for model in PRINTS:
        save_run(tmp_path / "results", model, PLACES)
    return tmp_path / "results"


@pytest.fixture(scope="module")
def packs(finished, tmp_path_factory):
    """The packs of a real run with a cell of every area, of two models."""
    folder = tmp_path_factory.mktemp("packs")
    pack_all(finished, folder)
    return folder


# ---- what comes back


def test_a_pack_gives_back_what_was_packed(finished, packs):
    """Cells, items, clusters, columns with their types, and influences of every area, bit for bit."""
    same_runs(finished, packs)


def test_boards_from_packs_are_those_from_folders(finished, packs):
    """All files of a board, costs included, are the same to the byte."""
    assert board(packs) == board(finished)


def test_a_pack_has_the_bytes_of_its_run(finished, packs, tmp_path):
    """Packed again, elsewhere or from the pack itself, a run gives the same bytes."""
    shutil.copytree(finished, tmp_path / "elsewhere")
    for source in (tmp_path / "elsewhere", packs):
        for one in pack_all(source, tmp_path / "again"):
            assert one.path.read_bytes() == (packs / one.path.name).read_bytes()
            assert hashlib.sha256(one.path.read_bytes()).hexdigest() == one.digest


def test_packs_are_found_like_folders(finished, packs, tmp_path):
    """A pack, a folder of packs, and a folder with both give their runs, in the order of their names."""
    first, second = sorted(packs.iterdir())
    assert [run.model for run in find_runs(first)] == ["ngram"]
    assert [run.model for run in find_runs(packs)] == ["ngram", "random"]
    mixed = tmp_path / "mixed"
    shutil.copytree(next(finished.glob("random-*")), mixed / next(finished.glob("random-*")).name)
    shutil.copy(first, mixed)
    (mixed / "notes.txt").write_text("not a pack")
    assert [(run.model, Path(run.folder).suffix) for run in find_runs(mixed)] == [("ngram", ".xlpack"), ("random", "")]
    assert board(mixed) == board(first, second)


def test_a_name_is_a_label(packs, tmp_path):
    """A pack under another name, or another model's, is the run that it holds."""
    first, second = sorted(packs.iterdir())
    shutil.copy(first, tmp_path / second.name)
    assert [run.model for run in find_runs(tmp_path / second.name)] == ["ngram"]


def test_scores_are_computed_again_from_a_pack(finished, packs):
    """Verification of a pack comes to what that of the folder comes to: all cells agree."""
    tasks = load().tasks
    found = list(verify(find_runs(packs), tasks))
    assert found == list(verify(find_runs(finished), tasks))
    assert {one.verdict for one in found} == {"agrees"}


def test_confusions_are_counted_from_a_pack(finished, packs):
    """`xlbench.confusion` takes a run that was packed."""
    for run, other in zip(find_runs(finished), find_runs(packs), strict=True):
        counted = [(xlbench.confusion(run, cell), xlbench.confusion(other, cell)) for cell in run.cells]
        assert all(one == two for one, two in counted)
        assert any(one is not None for one, _ in counted)


def test_confusions_are_those_of_the_saved_predictions(finished):
    """Each pair of labels that occurs is counted, as scikit-learn does; pairs that do not occur take no room."""
    from sklearn.metrics import confusion_matrix

    checked = 0
    for run in find_runs(finished):
        for cell in run.cells:
            if (found := xlbench.confusion(run, cell)) is not None:
                columns = Reader().load_items(cell, Path(run.folder)).columns
                predicted = [columns[name] for name in columns if name.startswith("predicted")]
                true = np.tile(columns["true"], len(predicted))
                table = confusion_matrix(true, np.concatenate(predicted), labels=range(len(found.labels)))
                assert found.to_frame().to_numpy().tolist() == table.tolist()
                assert min(found.counts.values()) > 0
                assert len(found.counts) == np.count_nonzero(table)
                checked += 1
    assert checked == 8


def test_the_public_function_packs_a_run_of_its_results(tmp_path):
    """`xlbench.pack` takes what `xlbench.run` returned, and `xlbench.board` the pack."""
    results = xlbench.run("random", "lexicon", languages="mlt", results=tmp_path / "results", cache=False)
    (run,) = results
    path = xlbench.pack(run, tmp_path / "deep" / "random.xlpack")
    assert path == tmp_path / "deep" / "random.xlpack"
    assert xlbench.board(path) == xlbench.board(tmp_path / "results")
    assert xlbench.pack(tmp_path / "results", tmp_path / "b.xlpack", model="random").read_bytes() == path.read_bytes()


def test_each_pack_is_opened_once(packs, monkeypatch):
    """A board of packs reads each file once, whatever is asked of it."""
    opened = []
    read = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *args, **more: (opened.append(path), read(path, *args, **more))[1])
    board(packs)
    assert sorted(path for path in opened if path.suffix == ".xlpack") == sorted(packs.iterdir())


def test_published_packs_are_small_and_verify():
    """Each pack of the embedded suite is smaller than 400 KiB and holds all that its scores are computed from."""
    found = sorted(PUBLISHED.iterdir())
    assert len(found) == 4
    assert max(path.stat().st_size for path in found) < 400 << 10
    checked = list(verify(find_runs(PUBLISHED), load().tasks))
    assert {one.verdict for one in checked} == {"agrees"}
    assert len(checked) == 4 * 171


# ---- runs of all kinds

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=30, unique=True)
KINDS = st.sampled_from(
    [
        np.int64,
        np.int32,
        np.int8,
        np.uint16,
        np.uint64,
        np.float64,
        np.float32,
        np.float16,
        np.bool_,
        np.str_,
        np.object_,
    ]
)


@st.composite
def saved_items(draw):
    """Items as a task may give them: any ids, clusters or none, columns of every type."""
    ids = draw(IDS)
    n = len(ids)
    clusters = (
        ids if draw(st.booleans()) else draw(st.lists(st.sampled_from(["", "a", "é\n", *ids]), min_size=n, max_size=n))
    )
    columns = {}
    for name in draw(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), max_size=4)):
        kind = draw(KINDS)
        numbers = draw(st.lists(st.integers(0, 120), min_size=n, max_size=n))
        values = (
            [f"\x00{number} नमस्ते" for number in numbers]
            if kind in (np.str_, np.object_)
            else [number / 7 if np.issubdtype(kind, np.floating) else number for number in numbers]
        )
        if name not in ("item_id", "cluster_id", "influence", "cell"):
            columns[name] = np.array(values, kind)
    floats = st.floats(-1, 1, width=32)
    return Items(ids, clusters, columns, np.array(draw(st.lists(floats, min_size=n, max_size=n))))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(saved_items(), min_size=1, max_size=5))
def test_whatever_a_task_saves_comes_back(tmp_path, each):
    """Odd and empty ids, cells with the same columns and with others, every type of column: bit for bit."""
    shutil.rmtree(tmp_path, ignore_errors=True)
    store = Store(tmp_path / "results")
    cells = []
    for number, items in enumerate(each):
        n = len(items.item_ids)
        score = Score(0.5, 0.2, 0.8, "wilson", 0.1, n, len(set(items.cluster_ids)), metric="accuracy")
        cell = Cell("alpha", PRINTS["alpha"], f"t {number % 2} ü", "retrieval", f"eng>{number}", ("eng",), "ok",
                    scores=(score,), key=str(number), limit=None if number else 3)  # fmt: skip
        cells.append(store.save_cell(cell, items))
    failed = dataclasses.replace(cells[0], subset="*", status="error", reason="why\nnot", scores=(), items_digest="")
    store.save_cell(failed, None)
    store.save_manifest(Run("alpha", PRINTS["alpha"], tuple(cells), details={"a": [1.5, None, "é"]}))
    pack_all(tmp_path / "results", tmp_path / "packs")
    same_runs(tmp_path / "results", tmp_path / "packs")


def test_long_and_wide_cells_come_back(tmp_path):
    """Cells that begin and end in several row groups, and one with two hundred columns."""
    store = Store(tmp_path / "results")
    random = np.random.default_rng(3)
    cells = []
    for number, (n, width) in enumerate([(ROWS + 7, 2), (3, 2), (2 * ROWS, 2), (40, 200)]):
        ids = [f"{i}" for i in range(n)]
        columns = {f"c{place}": random.integers(0, 9, n) for place in range(width)}
        score = Score(0.5, 0.2, 0.8, "wilson", 0.1, n, n // 3 or 1, metric="accuracy")
        cell = Cell("alpha", PRINTS["alpha"], "t", "retrieval", f"s{number}", ("eng",), "ok", scores=(score,), key="k")
        cells.append(store.save_cell(cell, Items(ids, [f"{i // 3}" for i in range(n)], columns, random.normal(size=n))))
    store.save_manifest(Run("alpha", PRINTS["alpha"], tuple(cells)))
    pack_all(tmp_path / "results", tmp_path / "packs")
    same_runs(tmp_path / "results", tmp_path / "packs")


def test_a_run_that_was_stopped_is_packed_as_it_is(root):
    """It is not complete afterwards, either; nor is one without a manifest."""
    path = next(root.glob("alpha-*")) / "run.json"
    path.unlink()
    assert not Pack(Path("x.xlpack"), packed(root)).manifest.complete


def test_a_model_that_cannot_be_scored_has_no_scores_in_its_pack(root):
    """What was found inconsistent is packed without any score, and says why."""
    store = Store(root)
    run = dataclasses.replace(store.manifest("alpha", PRINTS["alpha"]), failure="differs from call to call")
    store.save_manifest(run)
    content = packed(root)
    assert {cell.status for cell in Pack(Path("x.xlpack"), content).cells} == {"error"}
    assert not [name for name in members(content) if name.startswith("items")]


# ---- what is not packed


def test_a_damaged_run_is_not_packed(root):
    """An edited or lost cell, lost items and an edited manifest each are an error that names the file or the cell."""
    folder = next(root.glob("alpha-*"))
    lost = sorted(folder.glob("cells/*/*.json"))[0]
    whole = lost.read_bytes()
    lost.write_bytes(whole.replace(b'"accuracy"', b'"accuracz"'))
    with pytest.raises(ResultsError, match="was changed after it was saved"):
        packed(root)
    lost.unlink()
    with pytest.raises(ResultsError, match="pairs eng-deu: it was saved, and its file is gone"):
        packed(root)
    lost.write_bytes(whole)
    items = sorted(folder.glob("cells/*/*.parquet"))[0]
    items.rename(items.with_suffix(".away"))
    with pytest.raises(ResultsError, match="is missing"):
        packed(root)
    items.with_suffix(".away").rename(items)
    (folder / "run.json").write_text("{}")
    with pytest.raises(ResultsError, match=r"run\.json was changed"):
        packed(root, folder.name)


def test_nothing_is_written_where_a_pack_could_not_be_read(root, tmp_path, monkeypatch):
    """A run beyond the bounds of packs is an error, and no file appears."""
    monkeypatch.setattr("xlbench.runs.packs.read.MOST_VALUES", 20)
    with pytest.raises(
        ResultsError, match="cannot be packed, as its pack could not be read: its cells hold more than 20 values"
    ):
        pack_all(root, tmp_path / "packs")
    assert not (tmp_path / "packs").exists()


def test_which_run_is_said_by_name_or_fingerprint(root):
    """One of several runs is named; where two models share a name, by the first digits of a fingerprint."""
    other = save_run(root, "gamma", {("pairs", "eng-deu"): 3})
    twin = dataclasses.replace(other, fingerprint="1234567890ab" + "0" * 52)
    runs = [*find_runs(root), twin]
    assert choose(runs, "alpha", root).model == "alpha"
    assert choose(runs, "1234567", root) == twin
    with pytest.raises(UsageError, match="several runs, name one with --model: ffffffffffff, 1234567890ab"):
        choose(runs, "gamma", root)
    with pytest.raises(UsageError, match=r"several runs, .*: alpha, beta, ffffffffffff, 1234567890ab"):
        choose(runs, None, root)
    with pytest.raises(UsageError, match=r"no run of 'alfa'\. Did you mean 'alpha'"):
        choose(runs, "alfa", root)


@pytest.mark.parametrize("name", ["x.zip", "x", ".", "taken.xlpack"])
def test_a_pack_has_a_name_that_is_found_again(root, tmp_path, name):
    """A name with another ending, or that of a folder, is refused before anything is written."""
    (tmp_path / "taken.xlpack").mkdir()
    reader = Reader()
    with pytest.raises(UsageError, match=r"ends in \.xlpack"):
        write_pack(reader.find_runs(root)[0], tmp_path / name, reader)
    assert not list(tmp_path.glob("x*"))


# ---- baselines


def test_a_baseline_says_who_accepted_it(root):
    """Its four facts come back; it is a run like others; without one of them it is neither made nor read."""
    reader = Reader()
    run = reader.find_runs(root)[0]
    about = {"accepted_by": "A. Person", "accepted_on": "2026-11-28", "why": "new data", "previous": "0" * 64}
    content = pack(run, reader, kind="baseline", about=about)
    made = Pack(Path("x.xlpack"), content)
    assert (made.head.kind, made.head.about) == ("baseline", about)
    assert made.digest == hashlib.sha256(content).hexdigest()
    with pytest.raises(UsageError, match="does not say 'why'"):
        pack(run, reader, kind="baseline", about={name: about[name] for name in about if name != "why"})
    assert "does not say 'previous'" in refusal(forged(content, head=lambda plain: plain["about"].pop("previous")))


def test_the_format_is_read_with_a_zip_and_a_parquet_library_alone(packs):
    """What docs/results.md promises to others: five lines, without xlbench."""
    path = sorted(packs.iterdir())[0]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        head = json.loads(archive.read("pack.json"))
        cells = pa.input_stream(io.BytesIO(archive.read("cells.jsonl.zst")), compression="zstd").read().splitlines()
        stored = archive.read("items-0.parquet.zst")
        items = pq.read_table(io.BytesIO(pa.input_stream(io.BytesIO(stored), compression="zstd").read()))
        for name, member in head["members"].items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == member["sha256"]
    first = json.loads(cells[items.column("cell")[0].as_py()])
    assert first["scores"][0]["n"] == items.column("cell").to_pylist().count(items.column("cell")[0].as_py())
    assert head["model"] == first["model"] == "ngram"
