"""The index of a run saves time and changes nothing: boards are the same with it, without it, and after any damage."""

from __future__ import annotations

import errno
import random
import subprocess
import sys

import pytest
from saved_runs import cell_file, forge, save_cell, save_run

from xlbench.catalog.loading import load
from xlbench.core.errors import ResultsError
from xlbench.reports.compare.inputs import find_runs as find_compared
from xlbench.reports.compare.logs.reader import LogReader
from xlbench.reports.gate.inputs import pick
from xlbench.reports.render import boards_of, boards_of_runs, render
from xlbench.runs import index_file, items, reader, run_folder, run_index
from xlbench.runs.packs import read as pack_reading
from xlbench.runs.packs.write import name_of, write_pack
from xlbench.runs.reader import Reader
from xlbench.runs.store import Store

CELLS = {("pairs", "eng-deu"): 30, ("pairs", "eng-hin"): 15, ("topics", "hin"): 20}


@pytest.fixture(autouse=True)
def _any_run_gets_one(monkeypatch):
    """Small runs of files that were just written have indexes, too."""
    monkeypatch.setattr(reader, "SMALLEST_INDEXED", 1)
    monkeypatch.setattr(index_file, "SETTLED", 0)


@pytest.fixture
def root(tmp_path):
    """Two models with cells of two tasks, one of them with seeds and notes."""
    root = tmp_path / "results"
    for model, lift in (("alpha", 0), ("beta", 7)):
        save_run(root, model, {place: hits + lift for place, hits in CELLS.items()})
        save_cell(Store(root), model, "groups", "hin", 25 + lift, seeds={"a": 0.4, "b": 0.5}, notes=("a note",))
    return root


@pytest.fixture
def opened(monkeypatch):
    """The files of cells and items that are read."""
    found = []
    for module, name, path_of in (
        (run_folder, "read_json", lambda path: path),
        (items, "_content", lambda folder, cell: folder / cell.items_file),
        (pack_reading, "_read", lambda path: path),
    ):
        real = getattr(module, name)

        def read(*given, real=real, path_of=path_of):
            found.append(path_of(*given))
            return real(*given)

        monkeypatch.setattr(module, name, read)
    return found


def files_of(*where):
    """All files of all boards, and what is said beside them."""
    return rendered(boards_of(where))


def without(root):
    """The same from the cells themselves."""
    found = Reader(indexed=False)
    return rendered(boards_of_runs(found.find_runs(root), found))


def rendered(found):
    formats = load().boards.values()
    files = {name: text for board in found.boards for name, text in render(board, formats).files.items()}
    return files, found.troubles, found.conflicts


def indexes(root):
    return sorted(root.glob("*/.index"))


def test_a_board_is_the_same_from_the_index_and_reads_no_cell(root, opened):
    """The second board has the bytes of the first, and reads manifests alone."""
    first = files_of(root)
    assert len(indexes(root)) == 2
    assert len([path for path in opened if path.suffix == ".parquet"]) == 8
    opened.clear()
    assert files_of(root) == first
    assert {path.name for path in opened} == {"run.json"}


def test_runs_are_equal_with_and_without_an_index(root):
    """Every field of every cell and every influence comes back, provenance included."""
    boards_of([root])
    known, read = Reader(), Reader(indexed=False)
    runs = known.find_runs(root)
    assert runs == read.find_runs(root)
    for run in runs:
        for cell in run.cells:
            one, other = (each.influence(cell, root / Store(root).folder(cell.model, cell.fingerprint).name)
                          for each in (known, read))  # fmt: skip
            assert (one.clusters.tolist(), one.n, one.seeds) == (other.clusters.tolist(), other.n, other.seeds)
            assert one.sums.tobytes() == other.sums.tobytes()
            assert one.shares.tobytes() == other.shares.tobytes()


def test_a_changed_cell_is_seen(root):
    """A cell that is written again, in its place and with as many bytes, shows its new score."""
    before = files_of(root)
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    size = path.stat().st_size

    def change(plain):
        plain["scores"][0]["value"] = 0.6

    forge(path, change)
    assert path.stat().st_size == size
    after = files_of(root)
    assert after != before
    assert after == without(root)
    assert files_of(root) == after


@pytest.mark.parametrize("pattern", ["eng-deu*.json", "eng-deu*.parquet"])
@pytest.mark.parametrize("damage", ["edited", "gone"])
def test_damage_is_seen(root, pattern, damage):
    """What was edited or removed after the index was written is refused, or missing, as if there were none."""
    files_of(root)
    (path,) = root.glob(f"alpha-*/cells/*/{pattern}")
    if damage == "gone":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert files_of(root) == without(root)


def test_a_new_cell_is_read_and_added(root, opened):
    """Cells that came after the index was written are read once, and then known."""
    files_of(root)
    save_cell(Store(root), "alpha", "pairs", "eng-tel", 40)
    opened.clear()
    found = files_of(root)
    assert [path.name[:7] for path in opened if path.name != "run.json"] == ["eng-tel"] * 2
    assert found == without(root)
    opened.clear()
    files_of(root)
    assert {path.name for path in opened} == {"run.json"}


def test_an_index_that_was_removed_is_made_again(root):
    """It holds nothing that is not in the cells."""
    first = files_of(root)
    contents = [path.read_bytes() for path in indexes(root)]
    for path in indexes(root):
        path.unlink()
    assert files_of(root) == first
    assert [path.read_bytes() for path in indexes(root)] == contents


def test_a_damaged_index_is_ignored_and_made_again(root):
    """Cut off, with bytes turned anywhere, empty or of another version: the board is the same, and the index whole."""
    first = files_of(root)
    (path, _) = indexes(root)
    whole = path.read_bytes()
    draw = random.Random(0)
    damaged = [b"", whole[:5], whole[: len(whole) // 2], whole[:-1], b"x" * len(whole)]
    for _ in range(25):
        content = bytearray(whole)
        content[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        damaged.append(bytes(content))
    for content in damaged:
        path.write_bytes(content)
        assert files_of(root) == first
        assert path.read_bytes() == whole


def test_an_index_of_another_version_is_made_again(root, monkeypatch):
    """Cells may be read otherwise by another version."""
    first = files_of(root)
    monkeypatch.setattr(index_file, "READ_BY", "another")
    before = indexes(root)[0].read_bytes()
    assert files_of(root) == first
    assert indexes(root)[0].read_bytes() != before


def test_a_folder_that_is_only_read_has_none(root, monkeypatch):
    """Where nothing can be written, boards are made without an index, and nobody is bothered."""

    def refuse(path, content, *, durable_name):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(index_file, "write_whole", refuse)
    first = files_of(root)
    assert indexes(root) == []
    monkeypatch.undo()
    assert files_of(root) == first


def test_files_that_were_just_written_are_not_known(root, monkeypatch):
    """A file that could be written again without a change of its times is read each time."""
    monkeypatch.setattr(index_file, "SETTLED", 3600 * 10**9)
    files_of(root)
    assert indexes(root) == []


def test_few_cells_have_no_index(root, monkeypatch):
    """A folder of some hundred cells is as it was."""
    monkeypatch.setattr(reader, "SMALLEST_INDEXED", 9)
    files_of(root)
    assert indexes(root) == []


def test_who_checks_reads_the_cells_themselves(root, monkeypatch):
    """A reader without indexes finds damage that left no trace in a file's times."""
    monkeypatch.setattr(run_index, "signature_of", lambda found: bytes(32))
    files_of(root)
    path = cell_file(root, "alpha", "pairs", "eng-deu")
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6", 1))
    assert not any(run.troubles for run in Reader().find_runs(root))
    assert any(run.troubles for run in Reader(indexed=False).find_runs(root))


def test_of_two_models_no_other_is_read(root, tmp_path, opened):
    """A comparison of two models and the choice of one read no file of a third, in folders or in packs."""
    save_run(root, "gamma", CELLS)
    found = Reader()
    packs = tmp_path / "packs"
    for run in found.find_runs(root):
        write_pack(run, packs / name_of(run), found)
    for where in (root, packs):
        opened.clear()
        compared = find_compared(["alpha", "beta"], [where], LogReader())
        assert [*compared] == ["alpha", "beta"]
        assert pick(where, Reader(indexed=False), "beta").model == "beta"
        assert opened
        assert not [path for path in opened if "gamma" in str(path)]


def test_a_damaged_manifest_hides_no_run(root):
    """A run whose manifest cannot be read is still found to be refused when its model is asked for."""
    next(root.glob("alpha-*/run.json")).write_text("{", encoding="utf-8")
    assert pick(root, Reader(), "beta").model == "beta"
    assert Reader().find_named([root], "alpha") == []
    assert any(run.troubles for run in Reader().find_runs(root))


def test_a_pack_that_is_none_is_passed_over_where_another_is_asked_for(root):
    """A file that is no pack is refused when it is read, and not when a folder's model is asked for."""
    (root / "odd.xlpack").write_bytes(b"PK no pack")
    assert pick(root, Reader(), "beta").model == "beta"
    with pytest.raises(ResultsError):
        pack_reading.Pack(root / "odd.xlpack")


@pytest.mark.slow
def test_processes_that_write_indexes_at_once_agree(root):
    """Several processes that make boards and indexes of one folder, one of which removes these, give one board."""
    expected = files_of(root)[0]["run.csv"]
    code = (
        "import sys, pathlib\n"
        "from xlbench.runs import index_file, reader\n"
        "reader.SMALLEST_INDEXED, index_file.SETTLED = 1, 0\n"
        "from xlbench.reports.boards import spreadsheet\n"
        "from xlbench.reports.render import boards_of\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "for turn in range(10):\n"
        "    board = boards_of([root]).boards[0]\n"
        "    print(spreadsheet.render(board)['.csv'] == sys.argv[2])\n"
        "    if turn % 3 == int(sys.argv[3]):\n"
        "        [path.unlink(missing_ok=True) for path in root.glob('*/.index')]\n"
    )
    commands = [[sys.executable, "-c", code, str(root), expected, str(number)] for number in range(3)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    for run in runs:
        output, _ = run.communicate()
        assert run.returncode == 0
        assert output.split() == ["True"] * 10
