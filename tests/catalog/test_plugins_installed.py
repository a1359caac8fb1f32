"""Third-party distributions, installed with pip: what somebody who has them sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import DISTS, environment

pytestmark = pytest.mark.slow

BROKEN = {
    "broken_import": ["ModuleNotFoundError", "a_library_that_is_not_there", "xl_broken_import.py, line 3"],
    "half_way": [
        "xlbench_models raised ValueError: the second model's settings are damaged",
        "xl_half_way.py, line 17",
    ],
    "misspelled": ["xlbench_modells is not a hook. Did you mean 'xlbench_models'", "xlbench_task is not a hook."],
    "wrong_type": ["'just-a-string' is a str, not a Model", "model name '../../etc/x' is not allowed"],
    "exits": ["SystemExit: this was meant to be run as a script", "xl_exits.py, line 13"],
    "wrong_arguments": ["xlbench_models does not fit its hook", "settings"],
}
"""Distribution -> what its reasons must say."""

STILL_GOOD = {
    "half_way": ("tasks", "still-there"),
    "misspelled": ("models", "heard"),
    "wrong_type": ("models", "well-typed"),
}
"""Distribution -> (kind, name) that it offers all the same."""


@pytest.fixture
def seen(installed_dists, xlbench_cli):
    """A function: names of distributions -> what ``xlbench plugins --json`` says, reduced to these distributions."""

    def look(*names: str) -> dict[str, list[dict[str, Any]]]:
        done = xlbench_cli(["plugins", "--json"], [installed_dists(*names)])
        assert done.returncode == 0, done.stderr
        plain = json.loads(done.stdout)
        plain["plugins"] = [one for one in plain["plugins"] if one["distribution"].startswith("xl-")]
        plain["broken"] = [one for one in plain["broken"] if one["distribution"].startswith("xl-")]
        return plain

    return look


def test_every_distribution_is_looked_at_here():
    """Each folder of tests/dists is one that these tests install, so that none is forgotten."""
    others = {"good", "twin_one", "twin_two", "clash_one", "clash_two", "chatty", "bad_encoders"}
    others |= {"card_alone", "own_protocol", "first_version"}
    assert {folder.name for folder in DISTS.iterdir() if folder.is_dir()} == others | set(BROKEN)


def test_good_plugin_shows_what_it_offers(seen):
    """A good plugin is listed with its distribution, version, hooks and names."""
    plain = seen("good")
    assert plain["plugins"] == [
        {
            "plugin": "good",
            "distribution": "xl-good",
            "version": "1.2",
            "hooks": ["xlbench_models", "xlbench_tasks", "xlbench_suites"],
            "offers": {"models": ["letters"], "tasks": ["kinds"], "suites": ["kinds-only", "with-a-gap"]},
        }
    ]
    assert plain["broken"] == []
    assert plain["contested"] == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plugin_is_shown_with_its_reason(name, installed_dists, xlbench_cli):
    """A broken plugin is shown with distribution, version and reason, one line a reason, whole; the good one works."""
    done = xlbench_cli(["plugins"], [installed_dists("good", name)])
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    plugin = name.replace("_", "-")
    reasons = [line for line in done.stdout.splitlines() if line.startswith(f"    {plugin} (xl-{plugin} 0.")]
    assert reasons, done.stdout
    for said in BROKEN[name]:
        assert any(said in reason for reason in reasons), (said, reasons)
    assert "xlbench_models   letters" in done.stdout


@pytest.mark.parametrize("name", STILL_GOOD)
def test_rest_of_a_broken_plugin_counts(name, seen):
    """What is good in a plugin stays; what its broken hook had yielded before is not half there."""
    kind, offered = STILL_GOOD[name]
    (plugin,) = seen(name)["plugins"]
    assert plugin["offers"] == {kind: [offered]}


def test_two_distributions_with_one_entry_point_name_are_both_there(seen):
    """Neither of two distributions with the same entry-point name vanishes."""
    plain = seen("twin_one", "twin_two")
    found = [(one["plugin"], one["distribution"], one["offers"]["models"]) for one in plain["plugins"]]
    assert found == [("twin", "xl-twin-one", ["of-twin-one"]), ("twin", "xl-twin-two", ["of-twin-two"])]
    assert plain["contested"] == []


def test_name_that_two_plugins_claim_belongs_to_neither(seen, installed_dists, xlbench_cli):
    """A contested name is shown with both claimants, and asking for it names both; their other models are listed."""
    plain = seen("clash_one", "clash_two")
    assert plain["contested"] == [
        {
            "kind": "models",
            "name": "disputed",
            "claimed_by": [
                {"plugin": "clash-one", "distribution": "xl-clash-one", "version": "1.0"},
                {"plugin": "clash-two", "distribution": "xl-clash-two", "version": "2.0"},
            ],
        }
    ]
    path = [installed_dists("clash_one", "clash_two")]
    text = xlbench_cli(["plugins"], path).stdout
    assert "model disputed: clash-one (xl-clash-one 1.0), clash-two (xl-clash-two 2.0)" in text
    asked = xlbench_cli(["list", "models", "disputed"], path)
    assert asked.returncode == 2
    assert asked.stdout == ""
    assert "'disputed' is claimed by clash-one (xl-clash-one 1.0) and clash-two (xl-clash-two 2.0)" in asked.stderr
    listed = xlbench_cli(["list", "models"], path)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert {"undisputed-one", "undisputed-two"} <= set(names)
    assert "disputed" not in names
    assert "1 contested" in listed.stderr
    assert "xlbench plugins" in listed.stderr


def test_one_of_every_fault_at_once_leaves_the_good_plugin_usable(installed_dists, xlbench_cli):
    """With every kind of broken plugin installed at once, the good one's model loads and encodes."""
    path = installed_dists("good", "clash_one", "clash_two", "twin_one", "twin_two", *BROKEN)
    program = (
        "from xlbench import catalog\n"
        "chosen = catalog.load()\n"
        "(model,) = chosen.select_models(['letters'])\n"
        "print(model.load().encode(['banana'])[0, :2].tolist())\n"
        "print(sorted({one.distribution for one in chosen.broken if one.distribution.startswith('xl-')}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment([path], {}), capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines() == ["[3.0, 1.0]", str(sorted(f"xl-{name.replace('_', '-')}" for name in BROKEN))]


def test_distribution_that_is_on_the_path_twice_counts_once(installed_dists, xlbench_cli):
    """A folder listed twice and a second copy elsewhere do not make a plugin's names contested."""
    first, second = installed_dists("good"), installed_dists("good", "twin_one")
    plain = json.loads(xlbench_cli(["plugins", "--json"], [first, second, first]).stdout)
    assert [one["distribution"] for one in plain["plugins"]].count("xl-good") == 1
    assert plain["contested"] == []


def test_older_copy_further_down_the_path_does_not_count(installed_dists, xlbench_cli, tmp_path):
    """Of two versions on the path the first is the one that Python imports: the other's entry points are not loaded."""
    folder = tmp_path / "later" / "xl_good-0.9.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: XL.good\nVersion: 0.9\n")
    (folder / "entry_points.txt").write_text("[xlbench]\nolder = a_module_of_the_older_version\n")
    plain = json.loads(xlbench_cli(["plugins", "--json"], [installed_dists("good"), folder.parent]).stdout)
    assert [one["version"] for one in plain["plugins"] if one["distribution"] == "xl-good"] == ["1.2"]
    assert "older" not in [one["plugin"] for one in plain["broken"]]


def test_noise_of_a_plugin_stays_out_of_the_output(installed_dists, xlbench_cli):
    """What a plugin prints while it is loaded goes to standard error, so that the JSON stays JSON."""
    for command in (["plugins", "--json"], ["list", "models", "--json"]):
        done = xlbench_cli(command, [installed_dists("chatty")])
        json.loads(done.stdout)
        assert "chatty says hello" in done.stderr
        assert "chatty is asked for models" in done.stderr


def test_damaged_metadata_of_a_stranger_takes_nothing_down(installed_dists, xlbench_cli, tmp_path):
    """Unreadable entry points are named where they are meant for xlbench, and do not hide other plugins."""
    for name, group in (("damaged", "xlbench"), ("stranger", "else")):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\nno equals sign here\n")
    (tmp_path / "nameless-1.0.dist-info").mkdir()
    done = xlbench_cli(["plugins"], [tmp_path, installed_dists("good")])
    assert done.returncode == 0
    assert "xlbench_models   letters" in done.stdout
    assert "(damaged 1.0): cannot be read" in done.stdout
    assert "stranger" not in done.stdout


def test_list_models_is_a_table(installed_dists, xlbench_cli):
    """Models are listed with license, plugin and description, in columns that line up."""
    lines = xlbench_cli(["list", "models", "letters", "of-twin-*"], [installed_dists("good", "twin_one")]).stdout
    assert lines.splitlines() == [
        "name         license  plugin  description",
        "letters      CC0-1.0  good    Counts of letters.",
        "of-twin-one  -        twin    -",
    ]


def test_list_tasks_is_a_table(installed_dists, xlbench_cli):
    """Tasks are listed with area, main metric, number of languages, license and description."""
    lines = xlbench_cli(["list", "tasks", "kinds"], [installed_dists("good")]).stdout.splitlines()
    assert lines[0].split() == ["name", "area", "metric", "languages", "license", "description"]
    assert lines[1].split(maxsplit=5) == [
        "kinds", "clustering", "accuracy", "1", "CC0-1.0", "Is a text's nearest neighbor of its own kind?"
    ]  # fmt: skip


def test_list_suites_and_areas(installed_dists, xlbench_cli):
    """Suites name their tasks; an area names those that belong to it, and one without tasks is shown."""
    path = [installed_dists("good")]
    suites = json.loads(xlbench_cli(["list", "suites", "kinds-only", "--json"], path).stdout)
    assert suites == {
        "schema": 1,
        "suites": [{"name": "kinds-only", "tasks": ["kinds"], "description": "One small task."}],
    }
    areas = json.loads(xlbench_cli(["list", "areas", "--json"], path).stdout)["areas"]
    assert [area["area"] for area in areas] == ["retrieval", "clustering", "news", "sentiment", "ner", "similarity"]
    assert "kinds" in areas[1]["tasks"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "task"], "Did you mean 'tasks'?"),
        (
            ["list", "models", "leters"],
            "no model 'leters'. Did you mean 'letters'? See 'xlbench list models'.",
        ),
        (["list", "tasks", "kind"], "there is no task 'kind'. Did you mean 'kinds'?"),
        (["list", "suites", "kinds-olny"], "Did you mean 'kinds-only'?"),
        (["list", "areas", "clusterng"], "Did you mean 'clustering'?"),
        (["list"], "Missing argument"),
    ],
)
def test_wrong_name_gets_a_guess(arguments, said, installed_dists, xlbench_cli):
    """A wrong noun or name ends with code 2, nothing on standard output and the nearest right name."""
    done = xlbench_cli(arguments, [installed_dists("good")])
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_name_mentions_broken_plugins(installed_dists, xlbench_cli):
    """A name that nobody offers may belong to a plugin that is broken: the error says so."""
    done = xlbench_cli(["list", "models", "lost"], [installed_dists("good", "broken_import")])
    assert done.returncode == 2
    assert "broken-import" in done.stderr
    assert "xlbench plugins" in done.stderr


@pytest.mark.parametrize("command", ["list", "plugins"])
def test_help_has_examples(command, xlbench_cli):
    """The help of a command ends with examples of that command."""
    done = xlbench_cli([command, "--help"])
    assert done.returncode == 0
    assert f"  xlbench {command} " in done.stdout.split("Examples:")[1]


ALLOWED = {"xlbench", "click", "pluggy", "tabulate", "colorama"}
"""Packages from outside the standard library that the light commands may import, besides the plugins themselves."""


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["list", "tasks"], ["plugins"]])
def test_light_commands_import_nothing_slow(arguments, installed_dists):
    """Help, list and plugins import click, pluggy and tabulate and nothing else, whichever plugins are installed."""
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from xlbench.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        "added = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "sys.stderr.write('ADDED ' + ' '.join(sorted(added)))\n"
    )
    site: Path = installed_dists("good", "half_way", "broken_import")
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment([site], {}), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    added = done.stderr.rsplit("ADDED ")[1].split()
    assert "click" in added
    assert {name for name in added if not name.startswith(("xlbench_", "xl_"))} <= ALLOWED
