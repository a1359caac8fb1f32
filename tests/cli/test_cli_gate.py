"""``xlbench gate`` as a real process: every edge case has its exit code, one line, and a gate.json that agrees."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import ROOT
from gate_runs import PLACES, N, asking, hits, missing, run_of, save
from tiny_task import tiny

import xlbench

pytestmark = pytest.mark.slow


@pytest.fixture
def go(xlbench_cli, tmp_path):
    """A function: baseline, candidate and options -> (exit code, what was printed, gate.json)."""
    return asking(xlbench_cli, tmp_path)


def edges(tmp_path) -> dict[str, tuple[Path, Path, tuple[str, ...], int, str, str]]:
    """Edge case -> baseline, candidate, options, exit code, verdict, what the line says."""
    old = run_of(tmp_path / "old")
    less = PLACES[:3]
    first, other = PLACES[0], ("three", "eng-deu")

    def new(name, **options):
        return run_of(tmp_path / name, "new", **options)

    def lone(name, model, right):  # of one document
        return save(tmp_path / name, model, {first: hits(N, right)}, clusters={first: ["only"] * N})

    def flat(name, model, score):  # the same score for every item
        return save(tmp_path / name, model, {first: np.full(20, score)})

    def changed(name, **change):
        return new(name, changes={first: change})

    cut = run_of(tmp_path / "cut")
    (cut / "run.json").write_text("{", encoding="utf-8")
    packed, torn = xlbench.pack(old, tmp_path / "old.xlpack"), tmp_path / "torn.xlpack"
    torn.write_bytes(packed.read_bytes().replace(b"eng-deu", b"eng-dee", 1).replace(b'"cells": 4', b'"cells": 3'))
    mixed = run_of(tmp_path / "mixed", changes={first: {"limit": N}})
    spoilt = new("spoilt")
    next(spoilt.rglob("*.parquet")).write_bytes(b"PAR1")
    return {
        "one item": (save(tmp_path / "a1", "old", {first: [1]}), save(tmp_path / "b1", "new", {first: [0]}), (), 3,
                     "INVALID", "no interval: too few clusters"),
        "one cluster": (lone("a2", "old", 200), lone("b2", "new", 190), (), 3, "INVALID", "one item or document alone"),
        "all right": (save(tmp_path / "a3", "old", {first: hits(N, N)}),
                      save(tmp_path / "b3", "new", {first: hits(N, N)}), (), 0, "PASS", "identical"),
        "all right, all wrong": (save(tmp_path / "a4", "old", {first: hits(N, N)}),
                                 save(tmp_path / "b4", "new", {first: hits(N, 0)}), (), 1, "REGRESSION", "lost 100.00"),
        "no spread, no hits": (flat("a5", "old", 0.5), flat("b5", "new", 0.25), (), 3, "INVALID",
                               "the same difference in every cluster"),
        "few discordant items": (old, new("b6", places=[first], lost=5), ("--allow-intersection", ".2"), 4,
                                 "INCONCLUSIVE", "which cannot be resolved: the models disagree on 5 items"),
        "lost a cell": (old, new("b7", places=less), (), 3, "INVALID", "two eng-hin (the candidate has not run it)"),
        "failed": (old, new("b8", changes={first: missing("out of memory")}), (), 3, "INVALID", "error: out of memory"),
        "skipped": (old, new("b9", changes={first: missing("no data", "skipped")}), (), 3, "INVALID",
                    "skipped: no data"),
        "other data": (old, changed("b10", data_fingerprint="other"), (), 3, "INVALID", "one eng-deu (other data)"),
        "other protocol": (old, changed("b11", task_identity="2" * 64), (), 3, "INVALID",
                           "another version of the task"),
        "other scoring": (old, changed("b12", key="9" * 64), (), 3, "INVALID", "another version of xlbench"),
        "other influences": (old, changed("b27", scoring=99), (), 3, "INVALID", "another version of xlbench"),
        "a sample": (old, changed("b13", limit=10), (), 3, "INVALID", "one eng-deu (the candidate has not run it)"),
        "samples beside whole cells": (mixed, new("b26", places=PLACES[1:]), (), 3, "INVALID", "nobody judges these"),
        "other items": (old, new("b24", prefix="x"), (), 3, "INVALID", "the items are others"),
        "another pool": (old, changed("b14", data_fingerprint="other"), ("--allow-intersection", ".5"), 3, "INVALID",
                         "another pool of candidates"),
        "allowed": (old, new("b15", places=less), ("--allow-intersection", ".7"), 0, "PASS",
                    "not judged: two eng-hin: the candidate has not run it"),
        "allowed too little": (old, new("b16", places=less), ("--allow-intersection", ".99"), 3, "INVALID",
                               "75.0% of the baseline's items"),
        "same path": (old, old, (), 2, "USAGE", "baseline and candidate at once"),
        "same path, by its results folder": (old, old.parent, (), 2, "USAGE", "baseline and candidate at once"),
        "same content elsewhere": (old, shutil.copytree(old, tmp_path / "copy" / old.name), (), 0, "PASS", "identical"),
        "nothing in common": (old, new("b17", places=[other]), (), 5, "NOTHING", "none of its tasks"),
        "empty baseline": (run_of(tmp_path / "empty", changes=dict.fromkeys(PLACES, missing("x"))), new("b18"), (),
                           5, "NOTHING", "it has no scores"),
        "unreadable baseline": (cut, new("b19"), (), 3, "INVALID", "run.json is cut off"),
        "a pack that was edited": (torn, new("b25"), (), 3, "INVALID", "torn.xlpack is refused"),
        "a pack and its folder": (packed, old, (), 0, "PASS", "identical"),
        "damaged items": (old, spoilt, (), 3, "INVALID", "is not what was saved"),
        "no baseline": (tmp_path / "nowhere", new("b20"), (), 2, "USAGE", "nowhere"),
        "only the candidate has it": (run_of(tmp_path / "fewer", places=less), new("b21"), (), 0, "PASS",
                                      "not judged: two eng-hin: the baseline has not run it"),
        "the same, strictly": (run_of(tmp_path / "fewer2", places=less), new("b22"), ("--strict",), 3, "INVALID",
                               "nothing to be judged by"),
        "another model's name": (old, new("b23"), (), 0, "PASS", "identical"),
    }  # fmt: skip


CASES = (
    "one item", "one cluster", "all right", "all right, all wrong", "no spread, no hits", "few discordant items",
    "lost a cell", "failed", "skipped", "other data", "other protocol", "other scoring", "other influences", "a sample",
    "samples beside whole cells", "other items",
    "another pool", "allowed", "allowed too little", "same path", "same path, by its results folder",
    "same content elsewhere", "nothing in common", "empty baseline", "unreadable baseline", "damaged items",
    "a pack that was edited", "a pack and its folder",
    "no baseline", "only the candidate has it", "the same, strictly", "another model's name",
)  # fmt: skip


@pytest.fixture(scope="module")
def edge_cases(tmp_path_factory):
    """All edge cases, their runs saved once."""
    return edges(tmp_path_factory.mktemp("edges"))


@pytest.mark.parametrize("case", CASES)
def test_an_edge_has_its_code_its_line_and_its_file(case, edge_cases, go):
    """Each edge case ends with its exit code, says why in one line, and gate.json holds the same verdict."""
    baseline, candidate, options, code, outcome, line = edge_cases[case]
    returned, printed, verdict = go(baseline, candidate, *options)
    assert (returned, verdict["verdict"]) == (code, outcome), printed
    assert line in printed
    if code:
        assert verdict["reasons"]
        first = printed.splitlines()[0]
        assert first.startswith((f"{outcome}: ", "xlbench: "))


def test_every_edge_is_tried(edge_cases):
    """No edge case is left out of the parametrized test."""
    assert set(edge_cases) == set(CASES)


def test_a_regression_names_what_lost(go, tmp_path):
    """A task that lost five points fails the gate and is named, with the loss and its p."""
    cells = {place: hits(N, 200, 20 if place[0] == "two" else 0) for place in PLACES}
    code, printed, verdict = go(run_of(tmp_path / "a"), save(tmp_path / "b", "new", cells))
    assert code == 1
    assert printed.splitlines()[0].startswith("REGRESSION: the suite lost 2.50 points")
    assert "task two lost 5.00 points" in printed
    suite, *tasks = verdict["against"][0]["tests"]
    assert (suite["won"], suite["lost"]) == (0, 40)
    assert {test["name"]: test["finding"] for test in tasks} == {"one": "identical", "two": "regression"}
    assert suite["detectable"] > 0


def test_a_gain_passes_and_says_what_would_have_been_seen(go, tmp_path):
    """A better candidate passes, and the line gives the smallest loss that would have been seen."""
    code, printed, _ = go(run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=10, won=30))
    assert code == 0
    assert printed.startswith("PASS: +5.00 points on the suite, where a loss of ")


def test_what_must_be_seen_and_could_not_is_inconclusive(go, tmp_path):
    """--must-detect ends in 4 where the smallest loss that would have been seen is larger."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=30, won=30)
    assert go(*runs, "--must-detect", "10")[0] == 0
    code, printed, _ = go(*runs, "--must-detect", ".5")
    assert code == 4
    assert "could have gone unseen" in printed


def test_noninferiority_passes_only_what_is_shown(go, tmp_path):
    """An open difference is INCONCLUSIVE where noninferiority is asked for, and passes with a wide margin."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=30, won=30)
    assert go(*runs)[0] == 0
    assert go(*runs, "--mode", "noninferiority")[0] == 4
    assert go(*runs, "--mode", "noninferiority", "--margin", "5")[0] == 0
    assert go(*runs, "--mode", "noninferiority", "--margin", "0")[0] == 2


def test_small_steps_add_up_against_the_anchor(go, tmp_path):
    """A candidate that lost little since the last run, and much since the anchor, fails by the anchor."""
    anchor = run_of(tmp_path / "anchor", "first")
    last, new = run_of(tmp_path / "a", lost=12), run_of(tmp_path / "b", "new", lost=13)
    assert go(last, new, "--margin", ".3")[0] == 0
    code, printed, verdict = go(last, new, "--margin", ".3", "--anchor", anchor)
    assert code == 1
    assert "anchor: the suite lost 3.25 points" in printed
    assert [one["verdict"] for one in verdict["against"]] == ["PASS", "REGRESSION"]
    assert verdict["alpha"] == 0.025


def test_a_rerun_gives_the_same_bytes(go, tmp_path):
    """The same runs give the same gate.json, and its hash of the content moves with the content alone."""
    old, new = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=20)
    first = go(old, new)[2]
    assert go(old, new)[2] == first
    elsewhere = go(old, shutil.copytree(new, tmp_path / "c" / new.name))[2]
    assert elsewhere["candidate"]["content"] == first["candidate"]["content"]
    other = go(old, run_of(tmp_path / "d", "new", lost=19))[2]
    assert other["candidate"]["content"] != first["candidate"]["content"]


def test_a_failure_replaces_an_old_verdict(go, tmp_path):
    """A PASS of an earlier command does not stay in gate.json beside a command that fails."""
    old, new = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new")
    assert go(old, new)[2]["verdict"] == "PASS"
    assert go(old, tmp_path / "gone")[2]["verdict"] == "USAGE"


def read_junit(path) -> dict[str, str]:
    """Case -> "passed" or what it ended with, as a strict reader of JUnit XML takes it."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites"
    found: dict[str, str] = {}
    for suite in root:
        assert suite.tag == "testsuite"
        ends = {"failure": 0, "error": 0, "skipped": 0}
        for case in suite:
            assert case.tag == "testcase"
            assert float(case.attrib["time"]) >= 0
            assert len(case) <= 1
            for end in case:
                ends[end.tag] += 1
                assert end.attrib["message"]
            found[f"{case.attrib['classname']} {case.attrib['name']}"] = case[0].tag if len(case) else "passed"
        assert int(suite.attrib["tests"]) == len(suite)
        counts = [int(suite.attrib[name]) for name in ("failures", "errors", "skipped")]
        assert counts == [ends["failure"], ends["error"], ends["skipped"]]
    return found


def test_junit_has_a_case_a_task(go, tmp_path):
    """JUnit XML has a case for the verdict, the suite and each task; those that regressed are failures."""
    cells = {place: hits(N, 200, 20 if place[0] == "two" else 0) for place in PLACES}
    go(run_of(tmp_path / "a"), save(tmp_path / "b", "new", cells), "--junit", "gate.xml")
    assert read_junit(tmp_path / "gate.xml") == {
        "xlbench.gate verdict": "failure", "xlbench.gate.baseline.suite suite": "failure",
        "xlbench.gate.baseline.task one": "passed", "xlbench.gate.baseline.task two": "failure",
    }  # fmt: skip
    go(run_of(tmp_path / "c"), tmp_path / "gone", "--junit", "gate.xml")
    assert read_junit(tmp_path / "gate.xml") == {"xlbench.gate verdict": "error"}


def test_github_is_told_where_it_listens(go, tmp_path):
    """The step's page is added to and stays below its limit, and one annotation is printed, in GitHub Actions alone."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=20)
    page = tmp_path / "page.md"
    page.write_text("before\n", encoding="utf-8")
    assert "::" not in go(*runs)[1]
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    printed = go(*runs, env=variables)[1]
    assert [line.split(" ")[0] for line in printed.splitlines() if line.startswith("::")] == ["::error"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n## xlbench gate: REGRESSION")
    assert "| suite |" in text
    page.write_bytes(b"x" * ((1 << 20) - 5000))
    go(*runs, env=variables)
    assert (1 << 20) - 5000 < page.stat().st_size <= 1 << 20


def test_names_of_strangers_give_no_orders(go, tmp_path):
    """A task whose name is markup, a workflow command or XML comes out as plain text everywhere."""
    place = ("<b>|`%0A::error::x` ]]>", "eng-deu")
    runs = [save(tmp_path / model, model, {place: hits(N, 200, lost)}) for model, lost in (("old", 0), ("new", 40))]
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}
    code, printed, _ = go(*runs, "--junit", "gate.xml", env=variables)
    assert code == 1
    assert "%0A" not in printed.split("title=xlbench gate::")[1]
    assert "<b>" not in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert read_junit(tmp_path / "gate.xml")[f"xlbench.gate.baseline.task {place[0]}"] == "failure"


def test_short_and_json_forms(go, tmp_path):
    """--short prints a few lines for a comment, and --json what gate.json holds."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=20)
    lines = go(*runs, "--short")[1].splitlines()
    assert lines[0].startswith("**xlbench gate: REGRESSION**. the suite lost 5.00 points")
    assert len(lines) < 6
    _, printed, verdict = go(*runs, "--json")
    assert json.loads(printed) == verdict


def test_pushes_share_alpha(go, tmp_path):
    """With --pushes 20 each decision has a twentieth of alpha, and a loss that was just found no longer is."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=12, won=6)
    assert go(*runs)[0] == 1
    assert go(*runs, "--pushes", "20000")[0] == 2
    code, _, verdict = go(*runs, "--pushes", "20")
    assert code == 0
    assert verdict["alpha"] == pytest.approx(0.05 / 20)


def test_options_before_a_subcommand_are_refused(xlbench_cli):
    """An option that would do nothing, before a subcommand, is wrong usage."""
    done = xlbench_cli(["gate", "--alpha", ".01", "policy"])
    assert done.returncode == 2
    assert "--alpha" in done.stderr


def accept(xlbench_cli, run, *options):
    """What ``xlbench gate accept`` did."""
    return xlbench_cli(["gate", "accept", run, "--out", "base.xlpack", "--by", "A. Reviewer", *options])


def test_accept_writes_who_when_why_and_what_changed(go, xlbench_cli, tmp_path):
    """A baseline holds who accepted it, when and why, the hash of the one before, and the gate's word on the change."""
    from xlbench.runs.packs.read import Pack

    old, new = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=20)
    done = accept(xlbench_cli, old, "--reason", "the first")
    assert done.returncode == 0, done.stderr
    first = Pack(tmp_path / "base.xlpack")
    assert first.head.kind == "baseline"
    assert (first.head.about["accepted_by"], first.head.about["why"]) == ("A. Reviewer", "the first")
    assert first.head.about["previous"] == ""
    assert go("base.xlpack", new)[0] == 1
    assert accept(xlbench_cli, new, "--reason", "smaller model").returncode == 0
    second = Pack(tmp_path / "base.xlpack").head.about
    assert second["previous"] == first.digest
    assert second["changed"].startswith("REGRESSION: the suite lost 5.00 points")
    assert second["accepted_on"].startswith("20")
    assert go("base.xlpack", new)[0] == 0


def test_accept_refuses_what_is_no_baseline(xlbench_cli, tmp_path):
    """Nobody's name, no reason, a run without scores, a file that is no pack: the baseline stays as it is."""
    old, empty = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", changes=dict.fromkeys(PLACES, missing("x")))
    assert accept(xlbench_cli, old).returncode == 2
    assert accept(xlbench_cli, old, "--reason", " ").returncode == 2
    assert accept(xlbench_cli, empty, "--reason", "x").returncode == 2
    assert accept(xlbench_cli, old, "--reason", "x").returncode == 0
    kept = (tmp_path / "base.xlpack").read_bytes()
    assert accept(xlbench_cli, empty, "--reason", "x").returncode == 2
    assert (tmp_path / "base.xlpack").read_bytes() == kept
    (tmp_path / "base.xlpack").write_bytes(b"no pack")
    assert accept(xlbench_cli, old, "--reason", "x").returncode == 3


def test_gate_run_computes_what_the_baseline_has(xlbench_cli, tmp_path):
    """gate run scores exactly the baseline's cells, judges them, and computes nothing again."""
    done = xlbench_cli(["run", "-m", "ngram", "-t", "lexicon", "-l", "mlt", "--results", "base", "--quiet"])
    assert done.returncode == 0, done.stderr
    command = ["gate", "run", "--baseline", "base", "--model", "random"]
    done = xlbench_cli(command)
    assert done.returncode == 1, done.stderr
    assert {path.name.split("-")[0] for path in (tmp_path / "results").glob("*/cells/*/*.json")} == {"eng", "mlt"}
    assert len([*(tmp_path / "results").glob("*/cells/*/*.json")]) == 2
    assert xlbench_cli([*command[:-1], "ngram"]).stdout.startswith("PASS: identical")
    assert xlbench_cli([*command[:-1], "ngrma"]).returncode == 2
    verdict = json.loads((tmp_path / "gate.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "USAGE"


def test_gate_run_takes_cards_and_the_settings_file(xlbench_cli, tmp_path):
    """A task of one's own is named by its card; [gate.run] in xlbench.toml holds options, card and data too."""
    card = tiny(tmp_path)
    done = xlbench_cli(["run", "-m", "ngram", *card, "--results", "base", "--quiet"])
    assert done.returncode == 0, done.stderr
    named = xlbench_cli(["gate", "run", "--baseline", "base", "--model", "ngram", *card])
    assert named.stdout.startswith("PASS: identical"), named.stderr
    assert xlbench_cli(["gate", "run", "--baseline", "base", "--model", "ngram", "--data", card[-1]]).returncode == 2
    other = xlbench_cli(["gate", "run", "--baseline", "base", "--model", "ngram", *card, "--task", "lexicon"])
    assert (other.returncode, "base" in other.stderr, "lexicon" in other.stderr) == (2, True, True)
    settings = f'[gate.run]\nbaseline = "base"\ntask = ["{card[1]}"]\ndata = "{card[-1]}"\nout = "v.json"\n'
    (tmp_path / "xlbench.toml").write_text(settings, encoding="utf-8")
    assert xlbench_cli(["gate", "run", "--model", "ngram"]).stdout.startswith("PASS: identical")
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["verdict"] == "PASS"


def test_the_gate_of_the_published_runs_is_light(tmp_path):
    """A gate over the embedded suite loads neither torch nor scikit-learn nor mteb nor pandas."""
    import subprocess
    import sys

    from conftest import environment

    runs = [str(next((ROOT / "leaderboards" / "runs").glob(f"{name}-[0-9a-f]*"))) for name in ("ngram", "random")]
    code = (
        "import sys\nfrom xlbench.cli import _run_guarded\n"
        f"code = _run_guarded(['gate', '--baseline', {runs[0]!r}, '--candidate', {runs[1]!r}], debug=False)\n"
        "print(code, sorted({'torch', 'sklearn', 'mteb', 'pandas', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment([], {}), cwd=tmp_path, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.stdout.splitlines()[-1] == "1 []", done.stderr
