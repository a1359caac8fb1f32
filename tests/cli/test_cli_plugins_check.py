"""``xlbench plugins check``: every check is a line; what fails says what, why and how to mend it."""

from __future__ import annotations

import json

import pytest
from conftest import DISTS

pytestmark = pytest.mark.slow


def test_a_plugin_is_checked_by_its_name(installed_dists, xlbench_cli):
    """A plugin is found by name, distribution and package; failures are told whole, and the exit code is 1."""
    path = [installed_dists("good")]
    done = xlbench_cli(["plugins", "check", "good"], path)
    assert done.returncode == 1, done.stderr
    assert "passed   model letters: vectors come in the order of the texts\n" in done.stdout
    _, failure = done.stdout.split("FAILED   suite with-a-gap: every task of it is there\n")
    assert [line.split()[0] for line in failure.splitlines()[:3]] == ["what:", "why:", "mend:"]
    quiet = xlbench_cli(["plugins", "check", "xl_good", "--quiet"], path)
    assert "passed   " not in quiet.stdout
    assert quiet.stdout.count("FAILED   ") == 2
    assert quiet.stdout.splitlines()[-1].endswith("passed, 2 failed")


def test_findings_are_json(installed_dists, xlbench_cli):
    """Programs get every finding, with its reason."""
    done = xlbench_cli(["plugins", "check", "xl-good", "--json"], [installed_dists("good")])
    findings = json.loads(done.stdout)["findings"]
    (gap, limit) = [one for one in findings if one["status"] == "failed"]
    assert (gap["subject"], limit["subject"]) == ("suite with-a-gap", "task kinds")
    assert all(gap[part] for part in ("rule", "what", "why", "mend"))


def test_all_plugins_of_others_are_checked(installed_dists, xlbench_cli):
    """Without a name, each plugin that does not come with xlbench is checked; where there is none, a line says so."""
    done = xlbench_cli(["plugins", "check", "-q"], [installed_dists("card_alone", "broken_import")])
    assert done.returncode == 1
    assert "FAILED   plugin broken-import: it can be imported, and its hooks can be asked\n" in done.stdout
    assert "a_library_that_is_not_there" in done.stdout
    alone = xlbench_cli(["plugins", "check"])
    assert alone.returncode == 2
    assert alone.stderr.count("\n") == 1
    wrong = xlbench_cli(["plugins", "check", "baseline"])
    assert (wrong.returncode, "Did you mean 'baselines'" in wrong.stderr) == (2, True)


def test_a_model_without_vectors_is_no_failure(xlbench_cli):
    """A model that searches by itself and has no vectors is checked as far as that goes: what needs them is skipped."""
    checked = xlbench_cli(["plugins", "check", "baselines"])
    assert checked.returncode == 0, checked.stdout
    assert "in every role (it searches by itself, and its encoder has no vectors: bm25 has no vectors" in checked.stdout


def test_a_card_is_checked_by_its_path(xlbench_cli, tmp_path):
    """A card is checked with its files; without them checks are left where no data root is named, and else fail."""
    cards = DISTS / "card_alone" / "xl_card_alone" / "cards"
    assert xlbench_cli(["plugins", "check", cards / "anagrams.toml"]).returncode == 0
    left = xlbench_cli(["plugins", "check", cards / "anagrams-at-hand.toml"])
    assert left.returncode == 0
    assert "no data root is set" in left.stdout
    assert "15 checks after that" in left.stdout
    absent = xlbench_cli(["plugins", "check", cards / "anagrams-at-hand.toml", "--data", tmp_path])
    assert absent.returncode == 1
    assert "mend: put what is missing where it is looked for" in absent.stdout


def test_strict_fails_where_a_plugin_is_broken(installed_dists, xlbench_cli):
    """`xlbench plugins --strict` ends with 1 where something is broken or contested, and with 0 elsewhere."""
    assert xlbench_cli(["plugins", "--strict"], [installed_dists("good")]).returncode == 0
    assert xlbench_cli(["plugins", "--strict"], [installed_dists("misspelled")]).returncode == 1
    assert xlbench_cli(["plugins", "--strict"], [installed_dists("clash_one", "clash_two")]).returncode == 1
