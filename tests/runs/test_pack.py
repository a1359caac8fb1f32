"""Packs: they give back what was packed, and are refused where they are anything else."""

import dataclasses
import hashlib
import io
import json
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saved_runs import PRINTS, save_cell, save_run

import xlbench
from xlbench.catalog.loading import load
from xlbench.core.codec import checksum
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run, Score
from xlbench.reports.render import boards_of, render
from xlbench.runs import pack as pack_module
from xlbench.runs.items import Items
from xlbench.runs.pack import choose, name_of, pack, write_pack
from xlbench.runs.parts import ROWS, compressed, to_part
from xlbench.runs.store import Reader, Store, find_runs
from xlbench.runs.unpack import CELLS, HEAD, ITEMS, Pack
from xlbench.runs.verify import verify

PUBLISHED = ROOT / "leaderboards" / "runs"
PLACES = {("pairs", "eng-deu"): 30, ("pairs", "eng-hin"): 15, ("topics", "hin"): 20}


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


def pack_all(source, folder):
    reader = Reader()
    return [write_pack(run, folder / name_of(run), reader) for run in reader.find_runs(source)]


def packed(root, model="alpha"):
    """The bytes of a model's pack."""
    reader = Reader()
    return pack(choose(reader.find_runs(root), model, root), reader)


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def inflated(content, name):
    there = members(content)
    return pa.decompress(there[name], json.loads(there[HEAD])["members"][name]["bytes"], "zstd", asbytes=True)


def forged(content, changes=None, head=None):
    """The pack with other members and another head, every hash fitting: as somebody would who means to.

    ``changes``: member -> function of its content when decompressed; ``head``: a function that changes the head.
    """
    there = members(content)
    plain = json.loads(there.pop(HEAD))
    del plain["checksum"]
    for name, change in (changes or {}).items():
        given = change(inflated(content, name))
        there[name] = compressed(given)
        plain["members"][name] = {"sha256": hashlib.sha256(there[name]).hexdigest(), "bytes": len(given)}
    if head:
        head(plain)
    text = json.dumps(plain | {"checksum": checksum(plain)}).encode()
    return pack_module._zipped({HEAD: text} | there)


def each_line(change):
    """A function that changes each cell of the cells' member."""

    def changed(content):
        lines = [json.loads(line) for line in content.splitlines()]
        for number, line in enumerate(lines):
            change(number, line)
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    return changed


def table_of(content, number=0):
    return pq.read_table(pa.BufferReader(inflated(content, ITEMS.format(number))))


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"compression": "none", "use_dictionary": False, "row_group_size": ROWS} | options)
    return sink.getvalue()


def with_items(content, change, **options):
    """The pack with other items in its first part, hashes fitting."""
    return forged(
        content, {ITEMS.format(0): lambda given: parquet(change(pq.read_table(io.BytesIO(given))), **options)}
    )


def refusal(content, name="x.xlpack"):
    """The one line with which a pack is refused, read whole."""
    with pytest.raises(ResultsError) as error:
        Pack(Path(name), content).check()
    line = str(error.value)
    assert line.startswith(f"{name} is refused: "), line
    assert "\n" not in line
    return line


def same_items(one, other):
    assert list(one.item_ids) == list(other.item_ids)
    assert list(one.cluster_ids) == list(other.cluster_ids)
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert column.dtype == other.columns[name].dtype
        assert column.tolist() == other.columns[name].tolist() or np.array_equal(
            column, other.columns[name], equal_nan=True
        )
    assert one.influence.tobytes() == other.influence.tobytes()


def same_runs(folder, packs):
    """Assert that runs, items and influences of a folder and of its packs are the same, bit for bit."""
    one, other = Reader(), Reader()
    theirs = {run.fingerprint: run for run in other.find_runs(packs)}
    ours = one.find_runs(folder)
    assert len(ours) == len(theirs)
    for run in ours:
        back = theirs[run.fingerprint]
        assert dataclasses.replace(back, folder=run.folder) == run
        assert back.saved == run.saved
        for cell in run.cells:
            if cell.status == "ok":
                same_items(one.load_items(cell, Path(run.folder)), other.load_items(cell, Path(back.folder)))
                a, b = one.influence(cell, Path(run.folder)), other.influence(cell, Path(back.folder))
                assert (a.clusters.tolist(), a.n, a.seed_variance) == (b.clusters.tolist(), b.n, b.seed_variance)
                assert a.sums.tobytes() == b.sums.tobytes()


def board(*where):
    """All files of all boards."""
    formats = load().boards.values()
    made = boards_of(where)
    assert not made.troubles
    return {name: text for one in made.boards for name, text in render(one, formats).files.items()}


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


@pytest.mark.slow
def test_published_packs_are_small_and_verify():
    """Each pack of the embedded suite is smaller than 400 kB and holds all that its scores are computed from."""
    found = sorted(PUBLISHED.iterdir())
    assert len(found) == 3
    assert max(path.stat().st_size for path in found) < 400_000
    checked = list(verify(find_runs(PUBLISHED), load().tasks))
    assert {one.verdict for one in checked} == {"agrees"}
    assert len(checked) == 3 * 238


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
        values = [f"\x00{number} नमस्ते" for number in numbers] if kind in (np.str_, np.object_) else numbers
        if name not in ("item_id", "cluster_id", "influence", "cell"):
            columns[name] = (
                np.array(values, kind) / (1 if kind is not np.float64 else 7.0)
                if kind
                not in (
                    np.str_,
                    np.object_,
                    np.bool_,
                )
                and np.issubdtype(kind, np.floating)
                else np.array(values, kind)
            )
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
    monkeypatch.setattr("xlbench.runs.unpack.MOST_VALUES", 20)
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
    with pytest.raises(
        UsageError, match="several runs, name one with --model or take --all: ffffffffffff, 1234567890ab"
    ):
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


# ---- accidents


def outcome(content):
    """All that a pack says, or None where it is refused in the one way that there is."""
    try:
        found = Pack(Path("x.xlpack"), content)
        found.check()
    except ResultsError:  # anything else that reading raises is the test's failure
        return None
    return found


def test_no_damage_gives_other_numbers(root, scale, chance):
    """Bytes changed, cut out, doubled or put in anywhere: the pack is refused, or says what it said before."""
    content = packed(root)
    whole = outcome(content)
    whole_items = [whole.items(cell) for cell in whole.cells]
    refused = 0
    for _ in range(300 * scale):
        place, length = chance.randrange(len(content)), chance.choice([1, 1, 1, 2, 8, 100])
        there = content[place : place + length]
        damaged = chance.choice(
            [
                content[:place]
                + bytes(byte ^ (1 << chance.randrange(8)) for byte in there)
                + content[place + length :],
                content[:place] + chance.randbytes(length) + content[place + length :],
                content[:place] + content[place + length :],
                content[:place] + chance.randbytes(length) + content[place:],
                content[:place] + there + content[place:],
                content[:place],
            ]
        )
        found = outcome(damaged)
        if found is None:
            refused += 1
            continue
        assert (found.manifest, found.cells, found.head) == (whole.manifest, whole.cells, whole.head)
        for cell, items in zip(found.cells, whole_items, strict=True):
            same_items(found.items(cell), items)
    assert refused > 200 * scale


def test_every_cut_is_refused(root):
    """A file of any shorter length is refused, the empty one included."""
    content = packed(root)
    for length in [*range(60), *range(60, len(content), 37), *range(len(content) - 60, len(content))]:
        assert outcome(content[:length]) is None


def test_a_refused_pack_is_named_beside_the_others(root, tmp_path):
    """The others are shown, and the run of the refused one has no cell; nothing else there is an error."""
    pack_all(root, tmp_path / "packs")
    first, second = sorted((tmp_path / "packs").iterdir())
    first.write_bytes(first.read_bytes()[:-40])
    made = boards_of([tmp_path / "packs"])
    assert [row.model for row in made.boards[0].rows] == ["beta"]
    assert len(made.troubles) == 1
    assert str(first) in made.troubles[0]
    second.unlink()
    with pytest.raises(ResultsError, match=r"nothing is left to show: .*alpha"):
        boards_of([tmp_path / "packs"])


# ---- forgeries: every hash fits


def directory(content, place, value):
    """The pack with ``value`` at a place of the first entry in its directory."""
    start = content.index(b"PK\x01\x02")
    return content[: start + place] + value + content[start + place + len(value) :]


def zipped(content, **more):
    """The pack with more members, by zipfile."""
    sink = io.BytesIO(content)
    with zipfile.ZipFile(sink, "a") as archive, pytest.MonkeyPatch.context():
        for name, text in more.items():
            archive.writestr(name, text)
    return sink.getvalue()


HOSTILE_NAMES = ["../x", "/etc/x", "a/b.json", "items-7.parquet.zst", "run.json", "C:\\x", "x" * 3000, "\x1b[2J"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:20])
def test_names_that_no_pack_has_are_refused(root, name):
    """A member more, whatever its name: paths that leave a folder, absolute ones, and those of an escape sequence."""
    line = refusal(zipped(packed(root), **{name: "text"}))
    assert line.isprintable()
    assert len(line) < 400


def test_a_member_is_there_once_and_all_are_there(root):
    """A member twice, one lacking, and links are refused."""
    content = packed(root)
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert "is there twice" in refusal(zipped(content, **{CELLS: "text"}))
    there = members(content)
    for name in there:
        assert refusal(pack_module._zipped({other: there[other] for other in there if other != name}))
    link = directory(content, 38, ((stat.S_IFLNK | 0o777) << 16).to_bytes(4, "little"))
    assert "no file" in refusal(link)


def test_encryption_and_other_compressions_are_refused(root):
    """Members are stored; whatever else a zip may say of them is not tried."""
    content = packed(root)
    assert "encrypted" in refusal(directory(content, 8, b"\x01"))
    for method in (8, 12, 14, 93, 99):
        assert "stored otherwise" in refusal(directory(content, 10, method.to_bytes(2, "little")))
    deflated = io.BytesIO()
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, there in members(content).items():
            archive.writestr(name, there)
    assert "stored otherwise" in refusal(deflated.getvalue())


def test_packs_of_newer_versions_say_so(root):
    """A schema that is yet to come is named as such; what is unknown in this one is refused."""
    content = packed(root)
    newer = refusal(forged(content, head=lambda plain: plain.update(schema=2, news=[])))
    assert newer.endswith("made by a newer xlbench (packs of schema 2): upgrade xlbench to read it")
    assert "something unknown: 'news'" in refusal(forged(content, head=lambda plain: plain.update(news=[])))
    for schema in (0, "1", None, -1, 1.5):
        assert refusal(forged(content, head=lambda plain, schema=schema: plain.update(schema=schema)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plain: plain.update(model="beta"), "its run is of another model"),
        (lambda plain: plain.update(fingerprint="e" * 64), "its run is of another model"),
        (lambda plain: plain.update(cells=2), "3 cells and says 2"),
        (lambda plain: plain.update(items=10**12), "180 items and says"),
        (lambda plain: plain.update(items=-1), "negative"),
        (lambda plain: plain.update(kind="gate"), "Invalid enum value"),
        (lambda plain: plain.update(about={"by": 3}), "Expected `str`"),
        (lambda plain: plain["members"].pop(CELLS), "lacking"),
        (lambda plain: plain["members"][CELLS].update(bytes=10), "damaged"),
        (lambda plain: plain["members"][CELLS].update(bytes=10**15), "its content is of"),
        (lambda plain: plain["members"][CELLS].update(bytes=10**6), "damaged"),
        (lambda plain: plain["members"][CELLS].update(sha256="0" * 64), "was changed after it was packed"),
    ],
)  # fmt: skip
def test_a_head_that_contradicts_its_pack_is_refused(root, change, said):
    """Model, fingerprint, counts, sizes, hashes and names of members are all checked."""
    assert said in refusal(forged(packed(root), head=change))


def other_fingerprint(number, line):
    line["fingerprint"] = "e" * 64


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda number, line: line.update(model="beta"), "a cell of another model (beta"),
        (other_fingerprint, "a cell of another model"),
        (lambda number, line: line.update(subset="eng-deu", task="pairs"), "a cell twice"),
        (lambda number, line: line["scores"][0].update(value=1e400 if number else 0.5), "damaged"),
        (lambda number, line: line["scores"][0].update(value=float("nan")), "damaged"),
        (lambda number, line: line["scores"][0].update(value=3.0), "not within -1 to 1"),
        (lambda number, line: line.update(more=1), "something unknown: more"),
        (lambda number, line: line.update(schema=2), "schema 2"),
        (lambda number, line: line.update(status="error", scores=[], reason="x"), "has items and no score"),
        (lambda number, line: line.update(provenance={"a": [0] * (1 << 20)}), "larger than"),
    ],
)  # fmt: skip
def test_cells_that_no_run_can_have_saved_are_refused(root, change, said):
    """Another model's, one that is there twice, NaN and infinite numbers, unknown fields: the whole pack is refused."""
    assert said in refusal(forged(packed(root), {CELLS: each_line(change)}))


def test_a_cell_without_items_is_refused(root):
    """Scores whose items are not there cannot stand beside those whose items are."""
    assert "its cell 2 has no items" in refusal(
        with_items(forged(packed(root), head=lambda plain: plain.update(items=120)), lambda table: table.slice(0, 120))
    )


def changed(name, values):
    """A function that puts other values into a column of a table."""

    def change(table):
        return table.set_column(table.column_names.index(name), name, pa.array(values(table.column(name).to_pylist())))

    return change


FLOATS = pa.float32()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("influence", lambda old: pa.array([float("nan"), *old[1:]], FLOATS)), "no number"),
        (changed("influence", lambda old: pa.array([float("inf"), *old[1:]], FLOATS)), "no number"),
        (changed("influence", lambda old: pa.array([None, *old[1:]], FLOATS)), "lacks a number"),
        (changed("influence", lambda old: pa.array(old, pa.float64())), "lack a cell, an id or an influence"),
        (changed("item_id", lambda old: [None, *old[1:]]), "item_id is lacking"),
        (changed("cell", lambda old: pa.array([*old[:-1], 9], pa.int32())), "items of a cell 9"),
        (changed("cell", lambda old: pa.array([-1, *old[1:]], pa.int32())), "items of a cell -1"),
        (changed("cell", lambda old: pa.array([2, *old[1:]], pa.int32())), "not in the order"),
        (changed("hit", lambda old: [[1]] * len(old)), "not of numbers or texts"),
        (changed("hit", lambda old: [b"x"] * len(old)), "not of numbers or texts"),
        (lambda table: table.append_column("influence", table.column("hit")), "lack"),
        (lambda table: table.drop_columns(["item_id"]), "lack"),
        (lambda table: table.slice(0, 0), "none of a pack"),
    ],
)  # fmt: skip
def test_items_that_no_run_can_have_saved_are_refused(root, change, said):
    """Influences that are no numbers, ids that are lacking, items of no cell, columns of other kinds."""
    assert said in refusal(with_items(packed(root), change))


def test_items_that_are_compressed_are_refused(root):
    """Only the pack compresses: what a parquet file decompresses itself has no bound."""
    for codec in ("zstd", "gzip", "snappy", "lz4", "brotli"):
        assert "compressed otherwise" in refusal(with_items(packed(root), lambda table: table, compression=codec))
    groups = refusal(with_items(packed(root), lambda table: table, row_group_size=170))
    assert "none of a pack" in groups


def many_rows(table, rows, text="x"):
    """Items by the million, or with one long id, in columns that repeat one value."""
    numbers = np.zeros(rows, np.int32)
    ids = pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array([text]))
    return pa.table({"cell": numbers, "item_id": ids, "influence": numbers.astype(np.float32)})


def wide(table):
    """Thousands of columns."""
    columns = {f"c{number}": table.column("hit") for number in range(3000)}
    return pa.table({name: table.column(name) for name in table.column_names} | columns)


BOMBS = {
    "rows": lambda base: with_items(base, lambda table: many_rows(table, 5_000_000), use_dictionary=True),
    "long id": lambda base: with_items(
        base, lambda table: many_rows(table, 60_000, "x" * 100_000), use_dictionary=["item_id"]
    ),
    "columns": lambda base: with_items(base, wide),
    "declared": lambda base: forged(base, head=lambda plain: plain["members"][CELLS].update(bytes=10**12)),
    "zeros": lambda base: forged(base, {CELLS: lambda given: bytes(1 << 28)}),
    "brackets": lambda base: forged(base, {CELLS: lambda given: (b"[" * (1 << 22) + b"\n") * 3}),
    "values": lambda base: forged(base, {CELLS: lambda given: (b'{"a":[' + b"[]," * (1 << 20) + b"[]]}\n") * 4}),
    "members": lambda base: zipped(base, **{str(number): "" for number in range(60_000)}),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux measures it")
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_bounded_memory(root, tmp_path, bomb):
    """A small file that asks for gigabytes is refused, and takes less than 250 MiB more than a good one does."""
    base = packed(root)
    content = BOMBS[bomb](base)
    assert len(content) < 8_000_000
    (tmp_path / "good.xlpack").write_bytes(base)
    (tmp_path / "bomb.xlpack").write_bytes(content)
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom xlbench.core.errors import ResultsError\n"
        "from xlbench.runs.unpack import Pack\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "Pack(Path('good.xlpack')).check()\nbefore = peak()\n"
        "try:\n    Pack(Path('bomb.xlpack')).check()\nexcept ResultsError as error:\n"
        "    print(error, file=sys.stderr)\nelse:\n    raise SystemExit('it was read')\n"
        "print((peak() - before) >> 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment([], {}), timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("bomb.xlpack is refused: ")
    assert int(done.stdout) < 250


def test_what_is_no_file_is_refused(tmp_path, monkeypatch):
    """A folder of that name is none, a device or a pipe is not waited for, and a file is read up to a size."""
    import os

    (tmp_path / "folder.xlpack").mkdir()
    with pytest.raises(UsageError, match="holds no runs"):
        find_runs(tmp_path / "folder.xlpack")
    with pytest.raises(UsageError, match="there is no pack"):
        find_runs(tmp_path / "nowhere.xlpack")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlpack")
        (run,) = find_runs(tmp_path)
        assert "it is no file" in run.troubles[0]
    monkeypatch.setattr("xlbench.runs.unpack.LARGEST_PACK", 10)
    (tmp_path / "large.xlpack").write_bytes(bytes(11))
    (run,) = find_runs(tmp_path / "large.xlpack")
    assert "larger than 10 bytes" in run.troubles[0]


def test_items_of_another_scoring_are_not_given(root):
    """A cell that was scored from other items is not taken for the one in the pack."""
    found = Pack(Path("x.xlpack"), packed(root))
    with pytest.raises(ResultsError, match="holds no items of pairs eng-deu as it was scored"):
        found.items(dataclasses.replace(found.cells[0], items_digest="0" * 64))
    other = save_cell(Store(root), "beta", "other", "hin", 3)
    with pytest.raises(ResultsError, match="holds no items of other hin"):
        found.influence(other)


def test_a_lost_cell_is_missing_visibly(root):
    """A cell that the manifest lists, and that a forger left out, is shown as missing."""
    content = packed(root)

    def without_last(plain):
        plain.update(cells=2, items=120)

    cut = forged(
        content,
        {
            CELLS: lambda given: b"".join(line + b"\n" for line in given.splitlines()[:-1]),
            ITEMS.format(0): lambda given: to_part(
                [0, 1], [table_of(content).slice(60 * i, 60).drop_columns(["cell"]) for i in (0, 1)]
            ),
        },
        without_last,
    )
    path = root.parent / "cut.xlpack"
    path.write_bytes(cut)
    (run,) = find_runs(path)
    assert [cell.status for cell in run.cells] == ["ok", "ok", "error"]
    assert "its file is gone" in run.cells[-1].reason


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
