"""The JSON of boards and runs, by the schema that comes with the package."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from board_world import World, full_world, golden_world
from json_schema import errors
from tiny_task import tiny

import xlbench
from xlbench.reports.boards.plain import as_json
from xlbench.reports.published import Figure

SCHEMA = json.loads((Path(xlbench.__file__).parent / "reports" / "schema.json").read_text(encoding="utf-8"))


def found(value, name: str) -> list[str]:
    """What is wrong with a value as one of the schema's parts, and that the whole schema knows it."""
    flaws = list(errors(value, {"$ref": f"#/$defs/{name}"}, SCHEMA))
    assert bool(flaws) == bool(list(errors(value, SCHEMA, SCHEMA)))
    return flaws


@pytest.mark.parametrize("world", [World, full_world, golden_world], ids=["empty", "full", "golden"])
def test_every_board_is_as_the_schema_says(world):
    """No models, all of them, and one without an overall; with figures of others beside."""
    board = world().board()
    assert found(json.loads(as_json(board)), "board") == []
    shown = replace(board, imported=(Figure("org/x", "pairs", "eng-hin", "accuracy", 0.5),))
    assert found(json.loads(as_json(shown)), "board") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda board: board.pop("verdict"), "$: there is no verdict"),
        (lambda board: board.update(extra=1), "$: extra is unknown"),
        (lambda board: board.update(level="95%"), "$.level: '95%' is no number"),
        (lambda board: board.update(over="tasks"), "$.over: 'tasks' is none of ['items', 'languages']"),
        (lambda board: board["models"][0].update(borda=True), "$.models[0].borda: True is no number or null"),
        (lambda board: board["models"][0]["overall"].update(n=-1), "$.models[0].overall.n: -1 is below 0"),
        (lambda board: board["models"][0]["areas"]["ner"].pop("rank"), "$.models[0].areas.ner: there is no rank"),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_found(change, said):
    """A key that is missing, unknown, or of another type breaks the schema: it says something."""
    plain = json.loads(as_json(full_world().board()))
    other = copy.deepcopy(plain)
    change(other)
    assert found(other, "board") == [said]


@pytest.mark.slow
def test_what_the_commands_print_is_as_the_schema_says(xlbench_cli, tmp_path):
    """`run --json`, of a model that fails in a part too, `board --print --json`, and the file of --format json."""
    done = xlbench_cli(["run", *tiny(tmp_path), "-m", "random", "-m", "ngram", "--format", "json", "--json"])
    assert done.returncode == 0, done.stderr
    assert found(json.loads(done.stdout), "run") == []
    assert found(json.loads((tmp_path / "leaderboards" / "run.json").read_text(encoding="utf-8")), "board") == []
    sample = xlbench_cli(["run", *tiny(tmp_path), "-m", "random", "--limit", "5", "--json"])
    assert found(json.loads(sample.stdout), "run") == []
    (tmp_path / "data" / "tiny.deu.txt").write_text("one line\n", encoding="utf-8")
    failed = xlbench_cli(["run", *tiny(tmp_path, 0), "-m", "random", "--results", "other", "--json"])
    assert {cell["status"] for cell in json.loads(failed.stdout)["cells"]} & {"error", "skipped"}
    assert found(json.loads(failed.stdout), "run") == []
    printed = xlbench_cli(["board", "--print", "--json"])
    assert found(json.loads(printed.stdout), "boards") == []
