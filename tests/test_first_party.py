"""What comes with xlbench passes the kit that it asks others to pass, through the same door as theirs."""

from __future__ import annotations

import pytest
from real_data import DATA, needs

from xlbench import Data, Task, catalog
from xlbench.testing import check_model, check_task

PLUGINS = ("baselines", "tasks")
MODELS = ("ngram", "ngram-translit", "random")
TASKS = ("lexicon", "ntrex", "ntrex-all")
SUITES = ("mini", "parallel")


@pytest.fixture(scope="module")
def found() -> catalog.Catalog:
    """What the installed plugins offer."""
    return catalog.load()


def own(found: catalog.Catalog, kind: str) -> list[str]:
    """The names of one kind that come from xlbench's own distribution."""
    return [name for (of, name), plugin in found.origins.items() if of == kind and plugin.distribution == "xlbench"]


def test_every_first_party_plugin_is_found_whole(found):
    """Each of our entry points is loaded, none of them is broken, and no name of ours is contested."""
    ours = {plugin.name: plugin for plugin in found.plugins if plugin.distribution == "xlbench"}
    assert set(ours) >= set(PLUGINS)
    assert ours["baselines"].hooks == ("xlbench_models",)
    assert sorted(ours["tasks"].hooks) == ["xlbench_schemes", "xlbench_suites", "xlbench_tasks"]
    assert [broken for broken in found.broken if broken.distribution == "xlbench"] == []
    assert not [claim for claim, plugins in found.contested.items() if set(plugins) & set(ours.values())]


def test_everything_that_is_ours_is_checked_here(found):
    """A first-party model, task or suite that this file does not know fails: it is to be checked, too."""
    assert sorted(own(found, "models")) == sorted(MODELS)
    assert sorted(own(found, "tasks")) == sorted(TASKS)
    assert sorted(own(found, "suites")) == sorted(SUITES)


@pytest.mark.parametrize("name", MODELS)
def test_first_party_models_conform(found, name):
    """Weight-free encoders give the same bits every time, in any batch and in any process."""
    check_model(found.models[name], tolerance=0)


@pytest.mark.parametrize("name", MODELS)
def test_first_party_models_are_described(found, name):
    """Lists show what a model is and under which licence."""
    model = found.models[name]
    assert model.description
    assert model.licence
    assert model.fingerprint is not None, "code beside the module of load() shapes the vectors"


def test_lexicon_conforms(found):
    """The embedded task, in both directions of all its languages: a few names of each."""
    check_task(found.tasks["lexicon"], Data(limit=12))


@needs("ntrex")
@pytest.mark.parametrize(("name", "only"), [("ntrex", None), ("ntrex-all", ("hin-nep", "nep-hin", "eng-hin"))])
def test_ntrex_conforms(found, name, only):
    """Parallel sentences from files: all pairs with English, and three of all the other pairs."""
    check_task(found.tasks[name], Data(DATA, limit=20), only=only)


@pytest.mark.parametrize("name", TASKS)
def test_cards_say_whose_the_data_is(found, name):
    """A card names its licence, what to cite, where the data comes from and what the task is, in one line each."""
    task: Task = found.tasks[name]
    for field in ("licence", "citation", "home", "description", "data"):
        text = getattr(task, field)
        assert text.strip(), field
        assert text.isprintable(), field


@pytest.mark.parametrize("name", SUITES)
def test_suites_name_tasks_that_are_there(found, name):
    """A first-party suite needs nothing but first-party tasks, each once."""
    suite = found.suites[name]
    assert suite.description
    assert set(suite.tasks) <= set(TASKS)
    assert len(set(suite.tasks)) == len(suite.tasks) > 0
