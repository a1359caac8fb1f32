"""``xlbench gate`` as a real process, used wrongly: no old verdict stays, and no input is replaced."""

from __future__ import annotations

import json

import pytest
from gate_runs import asking, run_of

import xlbench

pytestmark = pytest.mark.slow


@pytest.fixture
def go(xlbench_cli, tmp_path):
    """A function: baseline, candidate and options -> (exit code, what was printed, gate.json)."""
    return asking(xlbench_cli, tmp_path)


WRONG = {
    "a value out of its range": ["--pushes", "0"],
    "no such option": ["--puhses", "3"],
    "no value": ["--alpha"],
    "no number": ["--alpha", "much"],
    "too small an alpha": ["--alpha", "1e-17"],
    "NaN": ["--margin", "nan"],
    "NaN of a share": ["--allow-intersection", "nan"],
}


@pytest.mark.parametrize("case", WRONG)
def test_no_old_verdict_stays_beside_wrong_usage(case, go, tmp_path):
    """A PASS of an earlier command becomes USAGE, whatever is wrong with the command line."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new")
    assert go(*runs)[2]["verdict"] == "PASS"
    code, _, verdict = go(*runs, *WRONG[case])
    assert (code, verdict["verdict"]) == (2, "USAGE")


def test_a_given_path_is_told_of_wrong_usage_too(xlbench_cli, tmp_path):
    """--out, --junit and --summary hold USAGE after a line without a baseline, and after one of `gate run`."""
    runs = ["--baseline", run_of(tmp_path / "a"), "--candidate", run_of(tmp_path / "b", "new")]
    paths = ["--out=v.json", "--junit", "v.xml", "--summary", "v.md"]
    for wrong in (["gate", "--candidate", "b", *paths], ["gate", "run", "--pushes", "0", *paths]):
        assert xlbench_cli(["gate", *runs, *paths]).returncode == 0
        assert xlbench_cli(wrong).returncode == 2
        assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["verdict"] == "USAGE"
        assert "USAGE" in (tmp_path / "v.md").read_text(encoding="utf-8")
        assert "USAGE" in (tmp_path / "v.xml").read_text(encoding="utf-8")


BEFORE = {
    "a broken settings file": (["gate"], "x = ["),
    "a key that there is not": (["gate"], '[gate]\nbasline = "a"\n'),
    "an option before the subcommand": (["gate", "--alpha", "0.05", "run", "--model", "ngram"], ""),
    "no such subcommand": (["gate", "runn"], ""),
    "no such option of xlbench": (["--nope", "gate"], ""),
}


@pytest.mark.parametrize("case", BEFORE)
def test_no_old_verdict_stays_where_the_gate_is_not_reached(case, xlbench_cli, tmp_path):
    """What fails before the gate's own options are read leaves INVALID (or USAGE) in the files of an earlier PASS."""
    args, settings = BEFORE[case]
    paths = ["--out", "v.json", "--junit", "v.xml"]
    runs = ["--baseline", run_of(tmp_path / "a"), "--candidate", run_of(tmp_path / "b", "new")]
    assert xlbench_cli(["gate", *runs, *paths]).returncode == 0
    (tmp_path / "xlbench.toml").write_text(settings, encoding="utf-8")
    assert xlbench_cli([*args, *paths]).returncode == 2
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["verdict"] in ("INVALID", "USAGE")
    assert "PASS" not in (tmp_path / "v.xml").read_text(encoding="utf-8")


def test_a_verdict_stays_where_nothing_is_judged(xlbench_cli, tmp_path):
    """Help, a policy to begin with, and other commands leave an earlier verdict as it is."""
    runs = ["--baseline", run_of(tmp_path / "a"), "--candidate", run_of(tmp_path / "b", "new")]
    assert xlbench_cli(["gate", *runs]).returncode == 0
    for args in (["gate", "--help"], ["gate", "policy"], ["list", "areas"], ["gate", "accept"]):
        xlbench_cli(args)
        assert json.loads((tmp_path / "gate.json").read_text(encoding="utf-8"))["verdict"] == "PASS"


@pytest.mark.parametrize("option", ["--out", "--junit", "--summary"])
def test_a_verdict_replaces_no_input(option, xlbench_cli, tmp_path):
    """A file that is judged, or says how, is refused as a file of the verdict, and stays as it is."""
    names = {"--baseline": "base.xlpack", "--candidate": "new.xlpack", "--anchor": "first.xlpack"}
    for (name, file), model in zip(names.items(), ("old", "new", "first"), strict=True):
        xlbench.pack(run_of(tmp_path / name, model), tmp_path / file)
    (tmp_path / "gate.toml").write_text("alpha = 0.05\n", encoding="utf-8")
    names["--policy"] = "gate.toml"
    command = ["gate", *(part for pair in names.items() for part in pair)]
    for file in names.values():
        before = (tmp_path / file).read_bytes()
        for wrong in ([], ["--pushes", "0"]):
            assert xlbench_cli([*command, option, file, *wrong]).returncode == 2
            assert (tmp_path / file).read_bytes() == before
    assert xlbench_cli([*command, "--junit", "same", "--summary", "same"]).returncode == 2


def test_a_wrong_line_replaces_no_strangers_file(xlbench_cli, tmp_path):
    """What lies at --out and is no verdict stays where the command line is wrong."""
    (tmp_path / "mine.json").write_text("{}", encoding="utf-8")
    assert xlbench_cli(["gate", "--pushes", "0", "--out", "mine.json"]).returncode == 2
    assert (tmp_path / "mine.json").read_text(encoding="utf-8") == "{}"


def test_a_model_that_is_not_there_is_refused(go, xlbench_cli, tmp_path):
    """--model is asked of a run that lies alone, too: of the candidate and of what is accepted, not of a baseline."""
    old, new = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new")
    assert go(old, new, "--model", "new")[0] == 0
    code, printed, verdict = go(old, new, "-m", "nwe")
    assert (code, verdict["verdict"]) == (2, "USAGE")
    assert "Did you mean 'new'?" in printed
    line = ["gate", "accept", old, "--out", "x.xlpack", "--by", "A", "--reason", "B", "-m", "odl"]
    assert xlbench_cli(line).returncode == 2
    assert not (tmp_path / "x.xlpack").exists()
    done = xlbench_cli(["gate", "run", "--baseline", old, "-m", "ngram", "--baseline-model", "odl"])
    assert done.returncode == 2
    assert "Did you mean 'old'?" in done.stderr
