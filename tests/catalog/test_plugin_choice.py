"""Which plugins are loaded: by options, by the environment, in worker processes; and what is said of the others."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from xlbench import Data, catalog
from xlbench.catalog.providers import providers
from xlbench.core.errors import UsageError
from xlbench.core.permissions import Permissions
from xlbench.core.plugin_choice import DENY_PLUGINS, NO_PLUGINS, PLUGINS, PluginChoice, choosing, chosen
from xlbench.core.record import Cell, Run, plugins_of
from xlbench.reports.compare import notes
from xlbench.runs.job_runners import RemoteJobRunner
from xlbench.runs.jobs import Context, Job
from xlbench.runs.planned_cells import Settings
from xlbench.runs.store import Reader

RUN = ["run", "-m", "letters", "-t", "kinds", "--no-cache"]


@pytest.fixture
def with_good(xlbench_cli, installed_dists):
    """A function: arguments (and the environment) -> what xlbench does where two third-party plugins are installed."""
    site = installed_dists("good", "clash_one")
    return lambda *args, **env: xlbench_cli(args, [site], env)


def loaded(done):
    """The distributions of third parties that were loaded, and those that were not, of `xlbench plugins --json`."""
    plain = json.loads(done.stdout)
    return [
        sorted(one["distribution"] for one in plain[key] if one["distribution"].startswith("xl-"))
        for key in ("plugins", "not_loaded")
    ]


@pytest.mark.parametrize(
    ("options", "env", "found"),
    [
        ([], {}, ["xl-clash-one", "xl-good"]),
        (["--no-plugins"], {}, []),
        (["--plugin", "good"], {}, ["xl-good"]),
        (["--plugin", "XL_Good"], {}, ["xl-good"]),
        (["--plugin", "good", "--plugin", "clash-one"], {}, ["xl-clash-one", "xl-good"]),
        ([], {NO_PLUGINS: "1"}, []),
        ([], {PLUGINS: "good, "}, ["xl-good"]),
        (["--plugin", "clash-one"], {PLUGINS: "good"}, ["xl-clash-one"]),
        ([], {DENY_PLUGINS: "xl-good"}, ["xl-clash-one"]),
        ([], {PLUGINS: "good", DENY_PLUGINS: "good"}, []),
        ([], {PLUGINS: "good", NO_PLUGINS: "yes"}, []),
    ],
)  # fmt: skip
def test_options_and_the_environment_choose_plugins(options, env, found, with_good):
    """What is not wanted or is denied is shown as not loaded; what comes with xlbench is there all the same."""
    done = with_good(*options, "plugins", "--json", **env)
    assert done.returncode == 0, done.stderr
    assert loaded(done) == [found, sorted({"xl-good", "xl-clash-one"} - {*found})]
    assert "baselines" in {one["plugin"] for one in json.loads(done.stdout)["plugins"]}


def test_what_is_shut_out_runs_no_code(installed_dists, xlbench_cli):
    """A plugin that ends the process where it is imported does nothing where it is denied."""
    done = xlbench_cli(["plugins"], [installed_dists("exits")], {DENY_PLUGINS: "exits"})
    assert "SystemExit" not in done.stdout
    assert "exits (xl-exits 0.7): denied by XLBENCH_DENY_PLUGINS" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--no-plugins", "list", "models", "letters"],
         "It may belong to a plugin that is not loaded (clash-one, good; no plugins are wanted)"),
        (["--plugin", "clash-one", "list", "tasks", "kinds"],
         "a plugin that is not loaded (good; not among those wanted (clash-one))"),
        (["--no-plugins", "list", "suites", "kinds-only"], "a plugin that is not loaded"),
        (["--plugin", "goood", "plugins"], "--plugin goood: no such plugin is installed. Did you mean 'good' or"),
        (["--no-plugins", "plugins", "check", "good"], "good (xl-good 1.2) is not loaded: no plugins are wanted"),
        (["plugins", "--no-plugins"], "stands before the command: xlbench --no-plugins plugins"),
    ],
)  # fmt: skip
def test_a_name_that_is_absent_for_that_reason_says_so(args, said, with_good):
    """What a plugin offers that is not loaded cannot be known: the error names the plugin and the reason."""
    done = with_good(*args)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_a_plugin_that_is_denied_cannot_be_wanted(with_good):
    """The command line does not get around what the environment denies."""
    done = with_good("--plugin", "good", "plugins", **{DENY_PLUGINS: "good"})
    assert done.returncode == 2
    assert "--plugin good: good (xl-good 1.2) cannot be loaded: denied by XLBENCH_DENY_PLUGINS" in done.stderr


def test_a_misspelled_name_of_a_list_is_shown(with_good):
    """A name that no installed plugin has keeps nothing out: `xlbench plugins` says so."""
    done = with_good("plugins", **{DENY_PLUGINS: "goood"})
    assert "denied, and not installed: goood. Did you mean 'good'" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_cells_and_manifests_say_which_plugins_took_part(engine, with_good, tmp_path):
    """Distribution and version of the model's, the task's and the engine's plugin are saved, by workers, too."""
    done = with_good("--plugin", "good", *RUN, "--engine", engine, "--json")
    assert done.returncode == 0, done.stderr
    (run,) = Reader().find_runs(tmp_path / "results")
    own = {"xl-good": "1.2"}
    assert plugins_of(run.cells[0]) == {"model": own, "task": own}
    told = run.provenance["plugins"]
    assert (told["model"], told["task"], [*told["engine"]]) == (own, own, ["xlbench"])
    assert "plugin=xl-good 1.2" in (tmp_path / "leaderboards" / "run.md").read_text(encoding="utf-8")


def test_the_choice_travels_with_a_job():
    """A process that has loaded one choice of plugins loads another for a job of another run, and forgets the first."""
    runner = RemoteJobRunner()

    def model_of(plugins: PluginChoice) -> str:
        context = Context(Path("nowhere"), Settings(), Data(), Permissions(), plugins=plugins)
        job = Job("random", "lexicon", "random", "lexicon", "", (), pickle.loads(pickle.dumps(context)))
        try:
            runner(job)
        except UsageError as error:
            return str(error)
        return ""

    assert "there is no model 'random'" in model_of(PluginChoice(denied=("baselines",)))
    assert not model_of(PluginChoice())
    assert "not loaded (baselines; denied" in model_of(PluginChoice(denied=("baselines",)))


def test_a_machine_keeps_what_it_denies(monkeypatch):
    """A choice that comes from elsewhere adds to what the environment denies, and leaves it as it was."""
    monkeypatch.setenv(DENY_PLUGINS, "mteb")
    monkeypatch.setenv(PLUGINS, "good")
    with choosing(PluginChoice((), ("other",))):
        assert chosen() == PluginChoice((), ("other", "mteb"))
    assert chosen() == PluginChoice(("good",), ("mteb",))


def test_models_of_models_name_all_their_plugins():
    """A search that is put together of two names the plugins of both; an object names none."""
    found = catalog.load()
    other = replace(found.origins["models", "ngram"], distribution="xl-other", version="3")
    found = replace(found, origins={**found.origins, ("models", "ngram"): other})
    assert providers(found, "models", "ngram", "ng*") == {"xl-other": "3"}
    assert providers(found, "models", "hybrid:bm25+ngram", "hybrid:bm25+ngram").keys() == {"xlbench", "xl-other"}
    assert providers(found, "models", "ngram", "") == {}


@pytest.mark.parametrize("said", [None, [], {"model": ["x"]}, {"model": {"xl-good": 1.2}}])
def test_cells_that_say_nothing_of_plugins_are_read(said):
    """Cells of older versions, and those that somebody else wrote, have no plugins, or what can be read of them."""
    cell = Cell("m", "f", "t", "news", "", (), "ok", provenance={} if said is None else {"plugins": said})
    assert plugins_of(cell) == ({"model": {"xl-good": "1.2"}} if said == {"model": {"xl-good": 1.2}} else {})


def test_a_comparison_says_where_versions_of_plugins_differ():
    """Runs that were scored with two versions of a plugin have a note that names both."""
    runs = []
    for version in ("1.2", "1.3"):
        said = {"plugins": {"model": {"xl-good": version}, "task": {"xlbench": "1"}}}
        runs.append(Run("m", version, (Cell("m", "f", "t", "news", "", (), "ok", provenance=said),)))
    assert notes._plugin_notes(runs) == ["scored with other versions of plugins: xl-good 1.2 and 1.3"]
    assert not notes._plugin_notes(runs[:1])
