"""What comes with xlbench passes the kit that it asks others to pass, through the same door as theirs."""

from __future__ import annotations

from typing import Any

import pytest
from real_data import DATA

from xlbench import Data, DataMissing, Subset, Task, catalog
from xlbench.testing.models import check_model
from xlbench.testing.tasks import check_task

FOUND = catalog.load()
"""What the installed plugins offer; listing it reads the cards and no data."""

EXACT = ("ngram", "ngram-translit", "random")
"""Encoders without weights: the same bits every time, in any batch and in any process."""

LONG = {
    "cldr-words",
    "masakhanews-clustering",
    "masakhanews-clustering-full",
    "sib200-clustering",
    "sib200-news-few-shot",
}
"""Tasks of whose protocols and readers others take less."""

SHORTEST = 1
"""So many of a task's shortest subsets are evaluated, and the widest one; all of them are listed."""


def own(kind: str) -> list[str]:
    """The names of one kind that come from xlbench's own distribution."""
    return sorted(
        name for (of, name), plugin in FOUND.origins.items() if of == kind and plugin.distribution == "xlbench"
    )


def test_every_first_party_plugin_is_found_whole():
    """Each of our entry points is loaded, none of them is broken, and no name of ours is contested."""
    ours = {plugin.name: plugin for plugin in FOUND.plugins if plugin.distribution == "xlbench"}
    assert sorted(ours["baselines"].hooks) == ["xlbench_models", "xlbench_schemes"]
    assert sorted(ours["tasks"].hooks) == ["xlbench_schemes", "xlbench_suites", "xlbench_tasks"]
    assert [broken for broken in FOUND.broken if broken.distribution == "xlbench"] == []
    assert not [claim for claim, plugins in FOUND.contested.items() if set(plugins) & set(ours.values())]
    assert set(own("models")) >= set(EXACT)
    assert set(own("tasks")) >= {"lexicon", "ntrex", "ntrex-all"}
    assert set(own("suites")) >= {"mini", "parallel"}


@pytest.mark.parametrize("name", [name for name in own("models") if FOUND.models[name].in_suites])
def test_embedded_models_conform(name):
    """Models that need nothing but their plugin do what the kit asks; those without weights to the last bit."""
    check_model(FOUND.models[name], **({"tolerance": 0} if name in EXACT else {}))


@pytest.mark.parametrize("name", own("models"))
def test_first_party_models_are_described(name):
    """Lists show what a model is and under which license, and its identity is no guess."""
    model = FOUND.models[name]
    assert model.description
    assert model.license
    assert model.fingerprint is not None, "more than the module of load() shapes the vectors"


def of_every_task() -> list[Any]:
    """The tasks' names; what trains, groups or has hundreds of pairs takes seconds, ranking does not."""
    quick = {name for name in own("tasks") if FOUND.tasks[name].area == "retrieval"} - {"ntrex-all"}
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in own("tasks")]


@pytest.fixture
def no_network(monkeypatch):
    """Data sets of the hub are looked for under the data root and in the cache alone."""
    for library in ("huggingface_hub.constants", "datasets.config"):
        monkeypatch.setattr(f"{library}.HF_HUB_OFFLINE", True)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", of_every_task())
def test_first_party_tasks_conform(name, scale):
    """Every task whose data is at hand does what the kit asks, on the first items of a few of its subsets; in another
    process, too, where the data is our own: these have every protocol. Those of real data that take longest come in a
    campaign."""
    task = FOUND.tasks[name]
    if name in LONG and scale == 1:
        pytest.skip("it takes long: `make campaign` has it")
    # Few sentences can be ranked and tagged; of too few reviews, the part that is held out can lack a class.
    data = Data(DATA if DATA.is_dir() else None, limit=20 if task.area in ("retrieval", "ner") else 100)
    present = [subset for subset in listed(task, data) if not subset.missing]
    if not present:
        root = "the data root lacks its files" if data.root else "set XLBENCH_DATA to the data root"
        pytest.skip(f"none of its subsets is here: {root}")
    only = {subset.name for subset in some(present)}
    check_task(task, data, only=only, elsewhere=name.startswith("mini-"))


def some(subsets: list[Subset]) -> list[Subset]:
    """The shortest ones, and the one that puts most languages together (of equals, the shortest)."""
    by_length = sorted(subsets, key=lambda subset: (subset.n, subset.name))
    return [*by_length[:SHORTEST], min(by_length, key=lambda subset: -len(subset.languages))]


def listed(task: Task, data: Data) -> list[Subset]:
    """The task's subsets; none where nothing is at hand."""
    try:
        return list(task.subsets(data))
    except DataMissing:
        return []


@pytest.mark.parametrize("name", own("tasks"))
def test_cards_say_whose_the_data_is(name):
    """A card names its license, what to cite, where the data comes from and what the task is, in one line each; data
    of our own need not be cited."""
    cited = [] if name.startswith("mini-") else ["citation"]
    for field in ("license", "home", "description", "data", *cited):
        text = getattr(FOUND.tasks[name], field)
        assert text.strip(), field
        assert text.isprintable(), field


@pytest.mark.parametrize("name", own("suites"))
def test_suites_name_tasks_that_are_there(name):
    """A first-party suite needs nothing but first-party tasks, each once."""
    suite = FOUND.suites[name]
    assert suite.description
    assert set(suite.tasks) <= set(own("tasks"))
    assert len(set(suite.tasks)) == len(suite.tasks) > 0
