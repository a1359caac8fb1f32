"""Runs whose cells lie in several folders, such as shards: compared, judged, reported and drawn as one run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from saved_runs import save_cell, save_run

import xlbench
from xlbench.cli.compare import command as compare_command
from xlbench.cli.gate import command as gate_command
from xlbench.cli.plot.runs import compare as plot_command
from xlbench.cli.report import command as report_command
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Run
from xlbench.reports.compare.inputs import find_runs
from xlbench.reports.compare.logs.reader import LogReader
from xlbench.reports.compare.render import as_json
from xlbench.runs.run_folder import load_run
from xlbench.runs.store import Reader, Store

ONE, TWO, THREE = ("pairs", "eng-hin"), ("pairs", "hin-eng"), ("topics", "hin")
ALPHA, BETA = {ONE: 30, TWO: 33, THREE: 45}, {ONE: 36, TWO: 41, THREE: 44}


@pytest.fixture
def folders(tmp_path):
    """Two models whole, and in two parts: one cell in the first, two in the second."""
    for model, cells in (("alpha", ALPHA), ("beta", BETA)):
        save_run(tmp_path / "whole", model, cells)
        save_run(tmp_path / "part1", model, {ONE: cells[ONE]})
        save_run(tmp_path / "part2", model, {TWO: cells[TWO], THREE: cells[THREE]})
    return tmp_path


def asked(command, *args):
    """What a command prints; whatever it raises is raised here."""
    done = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False, standalone_mode=False)
    assert not done.exception
    return done.stdout


def test_parts_are_one_run_with_the_cells_and_items_of_all(folders):
    """A reader gives one run a model, whose items it finds in the parts; a place that is given twice counts once."""
    reader = Reader()
    runs = reader.find_joined([folders / "part1", folders / "part2", folders / "part1"])
    assert [(run.model, len(run.cells)) for run in runs] == [("alpha", 3), ("beta", 3)]
    right = {cell.subset: reader.load_items(cell, Path(runs[0].folder)).columns["hit"].sum() for cell in runs[0].cells}
    assert right == {"eng-hin": 30, "hin-eng": 33, "hin": 45}
    tables = [reader.load_table(cell, Path(runs[1].folder)).num_rows for cell in runs[1].cells]
    assert tables == [60, 60, 60]


def test_a_comparison_of_parts_is_that_of_the_whole(folders):
    """By folders, by names with --results twice, and in Python by lists of folders and by `load`."""
    whole = json.loads(asked(compare_command, "alpha", "beta", "--results", folders / "whole", "--json"))
    parts = [folders / "part1", folders / "part2"]
    ways = [
        asked(compare_command, *parts, "--json"),
        asked(compare_command, *parts, "--baseline", "alpha", "--json"),
        asked(compare_command, "alpha", "beta", "--results", parts[0], "--results", parts[1], "--json"),
    ]
    assert all(json.loads(way) == whole for way in ways)
    runs = {model: [next(part.glob(f"{model}-*")) for part in parts] for model in ("alpha", "beta")}
    assert as_json(xlbench.compare(runs["alpha"], runs["beta"])) == whole
    loaded = xlbench.load(parts)
    assert as_json(loaded.compare("alpha", "beta")) == whole
    assert len(whole["verdicts"]) > 5
    assert [one.name for one in loaded.select(tasks="pairs").compare("alpha", "beta").of("task")] == ["pairs"]


def test_the_baseline_is_the_other_one_where_it_is_named(folders):
    """Of joined parts, too: the difference has the other sign."""
    parts = [folders / "part1", folders / "part2"]
    first, other = (
        json.loads(asked(compare_command, *parts, "--baseline", name, "--json"))["verdicts"][0]["difference"]
        for name in ("alpha", "beta")
    )
    assert first == pytest.approx(-other)
    assert first > 0.01


def test_a_contradiction_of_parts_names_the_cell_and_both_values(folders):
    """30 and 36 of 60 in one cell: neither is meant, so nothing is compared, and the gate is INVALID."""
    save_run(folders / "other", "alpha", {ONE: 36})
    parts = [folders / "part1", folders / "part2", folders / "other"]
    with pytest.raises(ResultsError, match=r"^alpha pairs eng-hin was scored twice.* 60\.0000 in .* and 50\.0000 in "):
        asked(compare_command, *parts)
    with pytest.raises(ResultsError, match="alpha pairs eng-hin was scored twice"):
        xlbench.gate(folders / "whole", parts, model="alpha")


def test_parts_of_two_processors_agree_within_a_tenth_of_a_point(tmp_path):
    """1,000 and 1,001 of 2,000 right are one cell; which one counts does not depend on the order of the folders."""
    for folder, hits in (("a", 1000), ("b", 1001)):
        store = Store(tmp_path / folder)
        cell = save_cell(store, "alpha", *ONE, hits, 2000)
        store.save_manifest(Run("alpha", cell.fingerprint, (cell,)))
    values = []
    for order in (["a", "b"], ["b", "a"]):
        (run,) = Reader().find_joined(tmp_path / one for one in order)
        values.append(run.cells[0].main.value)
    assert values[0] == values[1]
    save_cell(Store(tmp_path / "c"), "alpha", *ONE, 1000, 2000, key="another question")
    with pytest.raises(ResultsError, match="scored twice"):
        Reader().find_joined([tmp_path / "a", tmp_path / "c"])


def test_a_model_that_failed_in_one_part_has_scores_in_none(folders):
    """An encoder that was found to be inconsistent by one shard is not scored by the others."""
    store = Store(folders / "part2")
    (run,) = (run for run in store.runs() if run.model == "alpha")
    store.save_manifest(replace(run, failure="it is inconsistent"))
    (joined,) = (run for run in Reader().find_joined([folders / "part1", folders / "part2"]) if run.model == "alpha")
    assert {(cell.status, cell.reason) for cell in joined.cells} == {("error", "it is inconsistent")}


def test_folders_that_share_no_run_are_not_parts(folders):
    """A folder of several runs beside a folder of another model names none of them: an error that says so."""
    save_run(folders / "gamma", "gamma", {ONE: 20})
    with pytest.raises(UsageError, match=r"part1 holds several runs \(alpha, beta\)"):
        find_runs([str(folders / "part1"), str(folders / "gamma")], [], LogReader())


def test_a_model_that_was_scored_twice_is_compared_with_itself(folders):
    """Two runs of one model alone are two runs, as ever: what differs between them is asked."""
    save_run(folders / "again", "alpha", ALPHA)
    runs = [next((folders / name).glob("alpha-*")) for name in ("whole", "again")]
    assert len(find_runs([str(run) for run in runs], [], LogReader())) == 2


def test_a_gate_judges_parts_as_the_whole(folders, tmp_path):
    """Baseline and candidate may be given in parts: the outcome and the tests are those of whole runs."""
    runs = {
        (model, part): next((folders / part).glob(f"{model}-*"))
        for model in ("alpha", "beta") for part in ("whole", "part1", "part2")
    }  # fmt: skip
    verdicts = []
    for names in (["whole"], ["part1", "part2"]):
        sides = [("--candidate", runs["alpha", name]) for name in names]
        sides += [("--baseline", runs["beta", name]) for name in names]
        asked(gate_command, *(part for side in sides for part in side), "--out", tmp_path / "gate.json")
        verdicts.append(json.loads((tmp_path / "gate.json").read_text(encoding="utf-8")))
    assert verdicts[0]["verdict"] == verdicts[1]["verdict"] == "REGRESSION"
    assert verdicts[0]["against"][0]["tests"] == verdicts[1]["against"][0]["tests"]


def test_a_gates_file_never_replaces_a_part(folders):
    """--out may be none of the folders or packs that are judged."""
    packed = [
        xlbench.pack(load_run(next((folders / part).glob("alpha-*"))), folders / f"{part}.xlpack")
        for part in ("part1", "part2")
    ]
    sides = [arg for path in packed for arg in ("--candidate", path)]
    with pytest.raises(UsageError, match="it would be replaced"):
        asked(gate_command, "--baseline", folders / "whole", *sides, "--out", packed[1])


def test_a_report_and_a_picture_show_parts_as_the_whole(folders, tmp_path):
    """`report --items` finds the items in both parts; `plot compare` draws the same bytes."""
    pytest.importorskip("matplotlib", reason="the extra plots")
    pages, pictures = [], []
    for name, parts in (("whole", ["whole"]), ("parts", ["part1", "part2"])):
        places = [folders / part for part in parts]
        page, picture = tmp_path / f"{name}.html", tmp_path / f"{name}.svg"
        asked(report_command, *places, "--out", page, "--items", "5", "--quiet")
        pages.append(page.read_text(encoding="utf-8"))
        asked(plot_command, *places, "--out", picture, "--quiet")
        pictures.append(picture.read_bytes())
    assert pages[0] == pages[1]
    assert "pairs:eng-hin:3" in pages[0]
    assert pictures[0] == pictures[1]
