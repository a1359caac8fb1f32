"""Packs for tests: made, taken apart, forged with hashes that fit, and compared with their folders."""

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xlbench.catalog.loading import load
from xlbench.core.codec import checksum
from xlbench.core.errors import ResultsError
from xlbench.reports.render import boards_of, render
from xlbench.runs.packs import write as pack_module
from xlbench.runs.packs.header import HEAD, ITEMS
from xlbench.runs.packs.parts import ROWS, compress
from xlbench.runs.packs.read import Pack
from xlbench.runs.packs.write import choose, name_of, pack, write_pack
from xlbench.runs.store import Reader

PLACES = {("pairs", "eng-deu"): 30, ("pairs", "eng-hin"): 15, ("topics", "hin"): 20}


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
        there[name] = compress(given)
        plain["members"][name] = {"sha256": hashlib.sha256(there[name]).hexdigest(), "bytes": len(given)}
    if head:
        head(plain)
    text = json.dumps(plain | {"checksum": checksum(plain)}).encode()
    return pack_module._zip({HEAD: text} | there)


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
                assert (a.clusters.tolist(), a.n, a.seeds) == (b.clusters.tolist(), b.n, b.seeds)
                assert a.sums.tobytes() == b.sums.tobytes()


def board(*where):
    """All files of all boards."""
    formats = load().boards.values()
    made = boards_of(where)
    assert not made.troubles
    return {name: text for one in made.boards for name, text in render(one, formats).files.items()}
