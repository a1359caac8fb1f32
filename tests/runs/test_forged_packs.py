"""Packs that somebody has made on purpose, every hash fitting, are refused in bounded memory."""

import dataclasses
import io
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import environment
from packs import (
    PLACES,
    each_line,
    forged,
    members,
    packed,
    refusal,
    table_of,
    with_items,
)
from saved_runs import PRINTS, save_cell, save_run

from xlbench.core.errors import ResultsError
from xlbench.runs.packs import write as pack_module
from xlbench.runs.packs.header import CELLS, ITEMS
from xlbench.runs.packs.parts import to_part
from xlbench.runs.packs.read import Pack
from xlbench.runs.store import Store, find_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path):
    """A results folder with two models on three subsets of two tasks."""
    for model in PRINTS:
        save_run(tmp_path / "results", model, PLACES)
    return tmp_path / "results"


def directory(content, place, value):
    """The pack with ``value`` at a place of the first entry in its directory."""
    start = content.index(b"PK\x01\x02")
    return content[: start + place] + value + content[start + place + len(value) :]


def zipped(content, **more):
    """The pack with more members, by zipfile."""
    sink = io.BytesIO(content)
    with zipfile.ZipFile(sink, "a") as archive:
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
        assert refusal(pack_module._zip({other: there[other] for other in there if other != name}))
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
        "from xlbench.runs.packs.read import Pack\n"
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
