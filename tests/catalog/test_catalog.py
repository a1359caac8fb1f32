"""The catalog: every way in which a plugin can be wrong stays its own trouble, and names mean what they should."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest
from conftest import environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xlbench import BoardFormat, Engine, Model, Option, Recipe, Scheme, Suite, Task, catalog, hookimpl, metrics
from xlbench.core.errors import DataError, UsageError
from xlbench.core.ids import check_name


class Encoder:
    """What the models of these tests load; no test encodes with it."""


def model(name: str, **more: Any) -> Model:
    return Model(name, load=Encoder, **more)


def task(name: str, area: Any = "news", **more: Any) -> Task:
    more = {"metrics": (metrics.share("accuracy", "hit"),), "subsets": lambda data: [], "evaluate": print} | more
    return Task(name, area, **more)


Plug = Callable[..., EntryPoint]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """A function: an entry point's name and hooks (a function, or what it returns) -> an entry point that loads."""
    numbers = itertools.count()

    def make(name: str, **hooks: Any) -> EntryPoint:
        module = ModuleType(f"plugged_{next(numbers)}")
        for hook, result in hooks.items():
            function = result if callable(result) else lambda result=result: result
            setattr(module, hook, hookimpl(specname=hook)(function))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, module.__name__, "xlbench")

    return make


def as_plugin(monkeypatch: pytest.MonkeyPatch, offering: Any) -> EntryPoint:
    """An entry point for an object that is a plugin as it stands."""
    module = ModuleType("as_it_stands")
    module.offering = offering  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return EntryPoint("odd", "as_it_stands:offering", "xlbench")


def whys(*entry_points: EntryPoint) -> list[str]:
    return [broken.why for broken in catalog.load(entry_points).broken]


# ---- loading


def test_without_plugins_there_is_what_is_built_in():
    """With no entry points the catalog holds the built-in engines and boards, offered by the core."""
    bare = catalog.load([])
    assert list(bare.engines) == ["processes", "serial"]
    assert list(bare.boards) == ["csv", "html", "json", "latex", "markdown"]
    assert not bare.models
    assert not bare.broken
    assert bare.origins["engines", "serial"].distribution == "xlbench"
    assert [plugin.name for plugin in bare.plugins] == ["core"]


def test_plugins_load_in_name_order_whatever_order_they_come_in(plug):
    """The order of entry points makes no difference: plugins, models and origins come in name order."""
    points = [plug("b", xlbench_models=[model("z"), model("m")]), plug("a", xlbench_models=[model("q")])]
    there, back = catalog.load(points), catalog.load(reversed(points))
    assert [plugin.name for plugin in there.plugins] == [plugin.name for plugin in back.plugins] == ["core", "a", "b"]
    assert list(there.models) == list(back.models) == ["m", "q", "z"]
    assert there.origins["models", "q"].name == "a"


def test_same_entry_point_twice_counts_once(plug):
    """An entry point that is found twice does not contest its own names."""
    point = plug("a", xlbench_models=[model("m")])
    twice = catalog.load([point, point])
    assert list(twice.models) == ["m"]
    assert not twice.contested


def raise_late(error: BaseException) -> Callable[[], Any]:
    def generator():
        yield model("half")
        raise error

    return generator


class Panic(BaseException):
    """As libraries written in Rust raise: no subclass of Exception."""


class MuteError(Exception):
    """An error that fails while it is told."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no\nsuch  thing"), "xlbench_models raised ValueError: no such thing (test_catalog.py, line "),
        (SystemExit(3), "xlbench_models raised SystemExit: 3 "),
        (Panic("at the disco"), "xlbench_models raised Panic: at the disco "),
        (MuteError(), "xlbench_models raised MuteError: its text fails with "),
    ],
)
def test_hook_that_raises_halfway_offers_nothing_and_the_others_everything(error, said, plug):
    """All or nothing: what a generator yielded before it raised does not count, its plugin's other hooks do."""
    loaded = catalog.load([plug("bad", xlbench_models=raise_late(error), xlbench_tasks=[task("t")]), good(plug)])
    (broken,) = loaded.broken
    assert broken.plugin == "bad"
    assert broken.why.startswith(said)
    assert list(loaded.models) == ["m"]
    assert list(loaded.tasks) == ["t"]
    assert loaded.plugins[1].hooks == ("xlbench_models", "xlbench_tasks")


def good(plug: Plug) -> EntryPoint:
    return plug("good", xlbench_models=[model("m")])


def test_ctrl_c_is_no_fault_of_a_plugin(plug):
    """KeyboardInterrupt goes through, at import and in a hook."""
    with pytest.raises(KeyboardInterrupt):
        catalog.load([plug("slow", xlbench_models=raise_late(KeyboardInterrupt()))])


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "xlbench_models returned NoneType, not an iterable of Model"),
        ("ngram", "xlbench_models returned str, not an iterable of Model"),
        ({"m": 1}, "xlbench_models returned dict, not an iterable of Model"),
        (model("alone"), "xlbench_models returned Model, not an iterable of Model"),
        ([task("t")], "is a Task, not a Model"),
        ([model("../../etc/x")], "model name '../../etc/x' is not allowed"),
        ([model("nul")], "model name 'nul' is reserved"),
        ([Model("m", load="Encoder")], "model 'm': load must be a function"),
        ([model("m", description=b"?")], "model 'm': description must be text"),
        ([model("m", trained_on="ntrex")], "model 'm': trained_on must be a tuple of str"),
    ],
)
def test_unusable_models_are_named_with_what_is_wrong(result, said, plug):
    """A result or an item of a wrong kind is reported, and is not in the catalog."""
    loaded = catalog.load([plug("bad", xlbench_models=lambda: result)])
    (broken,) = loaded.broken
    assert said in broken.why
    assert not loaded.models


@pytest.mark.parametrize(
    ("hook", "item", "said"),
    [
        ("xlbench_tasks", task("t", metrics=()), "task 't': metrics must not be empty"),
        ("xlbench_tasks", task("t", metrics=["accuracy"]), "task 't': metrics must be a tuple of Metric"),
        ("xlbench_tasks", task("t", area=None), "area name None is not allowed"),
        ("xlbench_tasks", task("t", evaluate=None), "task 't': evaluate must be a function"),
        ("xlbench_suites", Suite("s", "lexicon"), "suite 's': tasks must be a tuple of str"),
        ("xlbench_suites", Suite("run", ("lexicon",)), "suite name 'run' is the name of the board of tasks without"),
        ("xlbench_suites", Suite("Run", ("lexicon",)), "suite name 'Run' is the name of the board of tasks without"),
        ("xlbench_schemes", Scheme("s", matches=bool), "scheme 's': it makes neither a model nor tasks nor a suite"),
        ("xlbench_engines", Engine("e", map=None), "engine 'e': map must be a function"),
        ("xlbench_boards", BoardFormat("b", render=None), "board 'b': render must be a function"),
        ("xlbench_recipes", Recipe("r", command=None), "recipe 'r': command must be a function"),
    ],
)
def test_unusable_items_of_every_kind_are_reported(hook, item, said, plug):
    """Whatever readers of the catalog count on is checked when it is offered."""
    loaded = catalog.load([plug("bad", **{hook: [item]})])
    (broken,) = loaded.broken
    assert broken.why.startswith(f"{hook} offers something unusable: {said}")
    assert item.name not in getattr(loaded, hook.removeprefix("xlbench_"))


def test_good_items_beside_an_unusable_one_stay(plug):
    """An unusable item does not take the others of its hook along."""
    loaded = catalog.load([plug("p", xlbench_models=[model("first"), 5, model("last")])])
    assert list(loaded.models) == ["first", "last"]
    assert len(loaded.broken) == 1


def test_every_misspelled_hook_is_reported(plug):
    """Not only the first: each misspelled hook has its line, with the name that was meant."""
    said = whys(plug("p", xlbench_modells=[], xlbench_enginess=[]))
    assert any("xlbench_modells is not a hook. Did you mean 'xlbench_models'" in why for why in said)
    assert any("xlbench_enginess is not a hook. Did you mean 'xlbench_engines'" in why for why in said)
    assert len(said) == 2


def test_hook_that_wants_arguments_is_reported(plug):
    """No hook is given arguments; an implementation that asks for one is told so."""
    (why,) = whys(plug("p", xlbench_models=lambda config: []))
    assert why.startswith("xlbench_models does not fit its hook")
    assert "config" in why


def test_hook_without_the_marker_is_reported(monkeypatch):
    """A function with a hook's name and no marker would never be asked: its author hears of it."""
    module = ModuleType("unmarked")
    module.xlbench_models = lambda: [model("m")]  # type: ignore[attr-defined]
    assert whys(as_plugin(monkeypatch, module)) == [
        "xlbench_models is not marked with @xlbench.hookimpl, so it is never asked"
    ]


def test_plugin_without_any_hook_is_reported(monkeypatch):
    """An entry point to something that implements nothing is a mistake, not a quiet plugin."""
    (why,) = whys(as_plugin(monkeypatch, ModuleType("nothing")))
    assert why.startswith("offers nothing")


def test_entry_point_to_nothing_is_reported():
    """A module or attribute that does not exist is reported with the entry point's value."""
    loaded = catalog.load([EntryPoint("gone", "xlbench.catalog:gone", "xlbench")])
    assert [broken.why for broken in loaded.broken] == [
        "xlbench.catalog:gone cannot be imported: "
        "AttributeError: module 'xlbench.catalog' has no attribute 'gone'"  # and no line: it is nobody's code
    ]
    assert [plugin.name for plugin in loaded.plugins] == ["core"]


def test_wrapper_is_refused_and_unknown_optional_hook_is_not(monkeypatch):
    """A wrapper has nothing to wrap; a hook marked as optional may be one of a later version."""

    class Odd:
        @hookimpl(wrapper=True)
        def xlbench_models(self):
            return (yield)

        @hookimpl(optionalhook=True)
        def xlbench_colors(self):
            return []

    (why,) = whys(as_plugin(monkeypatch, Odd()))
    assert why.startswith("xlbench_models is marked as a wrapper")


def test_plugin_may_be_an_object(monkeypatch):
    """Methods of an instance are hooks as functions of a module are."""

    class Shelf:
        def __init__(self, name):
            self.name = name

        @hookimpl
        def xlbench_models(self):
            yield model(self.name)

    assert list(catalog.load([as_plugin(monkeypatch, Shelf("m"))]).models) == ["m"]


def test_hook_may_have_another_function_name(monkeypatch):
    """pluggy's ``specname`` says which hook a function implements, whatever the function is called."""
    module = ModuleType("renamed")
    module.small_ones = hookimpl(specname="xlbench_models")(lambda: [model("m")])  # type: ignore[attr-defined]
    loaded = catalog.load([as_plugin(monkeypatch, module)])
    assert list(loaded.models) == ["m"]
    assert not loaded.broken


def test_name_claimed_twice_belongs_to_nobody(plug):
    """A contested name is in no mapping, and its claimants are named; equal names of different kinds are no contest."""
    points = [plug("a", xlbench_models=[model("m"), model("n")]), plug("b", xlbench_models=[model("m")])]
    loaded = catalog.load([*points, plug("c", xlbench_tasks=[task("n")])])
    assert list(loaded.models) == ["n"]
    assert list(loaded.tasks) == ["n"]
    assert {claim: [one.name for one in who] for claim, who in loaded.contested.items()} == {
        ("models", "m"): ["a", "b"]
    }
    with pytest.raises(UsageError, match=r"'m' is claimed by a \(unknown\) and b \(unknown\)"):
        loaded.select_models(["m"])
    assert any("'m' is claimed by" in line for line in loaded.warnings())


def test_name_claimed_twice_by_one_plugin_belongs_to_nobody(plug):
    """One plugin can contest itself: which of the two was meant, nobody knows."""
    loaded = catalog.load([plug("a", xlbench_models=[model("m"), model("m")])])
    with pytest.raises(UsageError, match="claimed more than once by a"):
        loaded.select_models(["m"])


def test_what_is_built_in_cannot_be_taken(plug):
    """A plugin that claims the name of the serial engine is reported, and everybody keeps the engine."""
    loaded = catalog.load([plug("greedy", xlbench_engines=[Engine("serial", map), Engine("other", map)])])
    assert loaded.origins["engines", "serial"].name == "core"
    assert list(loaded.engines) == ["other", "processes", "serial"]
    assert [broken.why for broken in loaded.broken] == ["the engine name 'serial' is taken: it is built in"]


def test_one_fault_of_every_kind_at_once_leaves_the_good_plugin_usable(plug):
    """Nothing that the others do wrong hinders the good plugin's model."""
    clash = [plug(name, xlbench_models=[model("clash")]) for name in ("one", "two")]
    loaded = catalog.load(
        [
            EntryPoint("absent", "a_module_that_is_not_there", "xlbench"),
            plug("exits", xlbench_models=raise_late(SystemExit())),
            plug("misspelled", xlbench_modells=[]),
            plug("strings", xlbench_models=["ngram"]),
            plug("arguments", xlbench_models=lambda config: []),
            plug("greedy", xlbench_engines=[Engine("serial", map)]),
            *clash,
            good(plug),
        ]
    )
    assert [one.name for one in loaded.select_models(["m"])] == ["m"]
    assert {broken.plugin for broken in loaded.broken} == {
        "absent", "exits", "misspelled", "strings", "arguments", "greedy"
    }  # fmt: skip
    assert len(loaded.warnings()) == 7


@given(name=st.text(max_size=12) | st.from_regex(r"[A-Za-z0-9._-]{1,8}", fullmatch=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_name_is_either_allowed_or_reported(name, plug):
    """Whatever a model is called, loading does not raise: it is in the catalog exactly where the name is allowed."""
    loaded = catalog.load([plug("p", xlbench_models=[model(name)])])
    try:
        allowed = check_name("model", name) == name
    except UsageError:
        allowed = False
    assert (name in loaded.models, not loaded.broken) == (allowed, allowed)


def test_loading_imports_neither_numpy_nor_pandas():
    """The catalog is loaded with what is built in and nothing slow."""
    program = "import sys; from xlbench import catalog; catalog.load([]); print({'numpy', 'pandas'} & {*sys.modules})"
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, env=environment([], {}), text=True, timeout=300) == "set()\n"


# ---- selecting


@pytest.fixture
def stocked(plug) -> catalog.Catalog:
    """Models, tasks, suites and schemes of one plugin, and one broken plugin."""
    return catalog.load(
        [
            plug(
                "stock",
                xlbench_models=[model("ngram-3", in_suites=True), model("labse"), model("ngram-2", in_suites=True)],
                xlbench_tasks=[task("ntrex"), task("lexicon"), task("news")],
                xlbench_suites=[Suite("small", ("news", "ntrex")), Suite("gap", ("ntrex", "lexikon"))],
                xlbench_schemes=[
                    Scheme("hub", lambda spec: spec.startswith("hub:"), model=lambda spec: model(spec)),
                    Scheme("card", lambda spec: spec.endswith(".toml"), tasks=lambda spec: [task("of-card")]),
                ],
            ),
            plug("broken", xlbench_modells=[]),
        ]
    )


def names(chosen: tuple[Any, ...]) -> list[str]:
    return [one.name for one in chosen]


def test_specs_choose_in_their_order_each_once(stocked):
    """Names, patterns and specs come in the order asked for, a pattern's names in name order, repeats dropped."""
    chosen = stocked.select_models(["labse", "ngram*", "labse", "hub:a/b", "ngram-3", "hub:a/b"])
    assert names(chosen) == ["labse", "ngram-2", "ngram-3", "hub:a/b"]


def test_no_spec_means_the_small_models(stocked):
    """Without specs the models with in_suites are chosen, in name order."""
    assert names(stocked.select_models([])) == ["ngram-2", "ngram-3"]


def test_no_spec_and_no_small_model_is_an_error():
    """An empty choice is said, not run."""
    with pytest.raises(UsageError, match="no plugin offers a model for suites"):
        catalog.load([]).select_models([])


def test_suite_and_tasks_add_up(stocked):
    """The suite's tasks come in its order, then the named ones and those of a scheme; each once."""
    assert names(stocked.select_tasks(["ntrex", "./my.toml", "lex*"], "small")) == [
        "news", "ntrex", "of-card", "lexicon"
    ]  # fmt: skip


def test_neither_task_nor_suite_is_an_error(stocked):
    """What is asked must be said."""
    with pytest.raises(UsageError, match="name a task or a suite"):
        stocked.select_tasks([])


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        (lambda it: it.select_models(["ngram-4"]), "no model 'ngram-4'. Did you mean 'ngram-3' or 'ngram-2'?"),
        (lambda it: it.select_models(["labs"]), "Did you mean 'labse'? See 'xlbench list models'."),
        (lambda it: it.select_models(["hbu:x"]), "No scheme knows it either (schemes for models: hub)."),
        (lambda it: it.select_models(["hbu:a+b:c"]), "no model 'hbu:a+b:c'. Did you mean 'hub:a+b:c'? No scheme"),
        (lambda it: it.select_models(["x*"]), "no model 'x*'"),
        (lambda it: it.select_models([""]), "no model ''"),
        (lambda it: it.select_models(["my.toml"]), "no model 'my.toml'"),
        (lambda it: it.select_tasks(["hub:a"]), "no task 'hub:a'"),
        (lambda it: it.select_tasks([], "smal"), "no suite 'smal'. Did you mean 'small'? See 'xlbench list suites'."),
        (lambda it: it.select_engine("seriel"), "no engine 'seriel'. Did you mean 'serial'? See 'xlbench plugins'."),
        (
            lambda it: it.select_tasks([], "gap"),
            "suite 'gap' of stock (unknown) names the task 'lexikon', which no plugin offers. Did you mean 'lexicon'?",
        ),
    ],
)
def test_wrong_name_is_told_with_a_guess_and_the_broken_plugins(choose, said, stocked):
    """A name that nobody offers: the nearest one, where to look, and that it may belong to what is broken."""
    with pytest.raises(UsageError) as caught:
        choose(stocked)
    assert said in str(caught.value)
    assert "It may belong to what is broken (broken): see 'xlbench plugins'." in str(caught.value)


def test_nothing_broken_is_not_mentioned(plug):
    """The hint at broken plugins is there only where there are some."""
    with pytest.raises(UsageError) as caught:
        catalog.load([good(plug)]).select_models(["n"])
    assert "broken" not in str(caught.value)


def test_engine_and_suite_are_chosen_by_name(stocked):
    """The built-in engine and a plugin's suite are found."""
    assert stocked.select_engine("serial").name == "serial"
    assert stocked.select_suite("small").tasks == ("news", "ntrex")


def test_pattern_passes_over_contested_names_but_not_in_silence(plug):
    """A pattern means the names that stand; where all that it means are contested, that is the error."""
    points = [plug("a", xlbench_models=[model("xa"), model("x")]), plug("b", xlbench_models=[model("x")])]
    loaded = catalog.load(points)
    assert names(loaded.select_models(["x*"])) == ["xa"]
    with pytest.raises(UsageError, match="'x' is claimed by a"):
        loaded.select_models(["?"])


def test_contested_engine_and_suite_are_errors(plug):
    """Asking for an engine or a suite that two plugins claim names both."""
    hooks = {"xlbench_engines": [Engine("grid", map)], "xlbench_suites": [Suite("s", ("t",))]}
    loaded = catalog.load([plug("a", **hooks), plug("b", **hooks)])
    for choose, name in ((loaded.select_engine, "grid"), (loaded.select_suite, "s")):
        with pytest.raises(UsageError, match=rf"'{name}' is claimed by a .* and b "):
            choose(name)


def test_suites_whose_boards_are_one_file_are_contested(plug):
    """Suites ``Mini`` and ``mini`` would overwrite each other's boards on many systems: neither can be used."""
    loaded = catalog.load(
        [plug("a", xlbench_suites=[Suite("mini", ("t",))]), plug("b", xlbench_suites=[Suite("Mini", ("t",))])]
    )
    assert not loaded.suites
    for name in ("mini", "Mini"):
        with pytest.raises(UsageError, match=rf"suite '{name}' is claimed by .*a .* and .*b |b .* and .*a "):
            loaded.select_suite(name)
    models = catalog.load([plug("c", xlbench_models=[model("m"), model("M")])])
    assert list(models.models) == ["M", "m"]


def test_suite_with_a_contested_task_is_an_error(plug):
    """A suite is not run without the task that two plugins claim."""
    a = plug("a", xlbench_tasks=[task("t")], xlbench_suites=[Suite("s", ("t",))])
    with pytest.raises(UsageError, match=r"suite 's' of a .* belongs to nobody: task 't' is claimed by a .* and b"):
        catalog.load([a, plug("b", xlbench_tasks=[task("t")])]).select_tasks([], "s")


def schemes(plug: Plug, **found: dict[str, Any]) -> catalog.Catalog:
    """A catalog of one scheme a plugin; each answers yes, and makes a model of its spec's name."""
    usual = {"matches": lambda spec: True, "model": model}
    return catalog.load(
        [plug(f"of-{name}", xlbench_schemes=[Scheme(name, **{**usual, **more})]) for name, more in found.items()]
    )


def explode(spec: str) -> Any:
    raise ValueError("boom\nboom")


def test_spec_that_two_schemes_claim_is_an_error(plug):
    """Which scheme was meant, nobody knows: both are named with their plugins."""
    with pytest.raises(UsageError, match=r"two schemes: scheme 'a' of of-a \(unknown\) and scheme 'b' of of-b"):
        schemes(plug, a={}, b={}).select_models(["x:y"])


def test_scheme_that_raises_when_asked_does_not_hinder_another(plug):
    """A scheme that raises in place of saying no is passed over where another says yes, and named where none does."""
    assert names(schemes(plug, a={"matches": explode}, b={}).select_models(["x:y"])) == ["x:y"]
    with pytest.raises(UsageError, match=r"scheme 'a' of of-a .* cannot tell: ValueError: boom boom"):
        schemes(plug, a={"matches": explode}).select_models(["x:y"])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (explode, "scheme 'a' of of-a (unknown) cannot make anything of 'x:y': ValueError: boom boom"),
        (lambda spec: sys.exit(4), "cannot make anything of 'x:y': SystemExit: 4"),
        (lambda spec: "ngram", "makes something unusable of 'x:y': 'ngram' is a str, not a Model"),
        (lambda spec: model("two\nlines"), "must be one line"),
        (lambda spec: model(""), "must be one line"),
        (lambda spec: [model("good"), "ngram"], "makes something unusable of 'x:y': 'ngram' is a str, not a Model"),
        (lambda spec: {"x": model("x")}, "is a dict, not a Model"),
        (lambda spec: (explode(spec) for _ in "1"), "cannot make anything of 'x:y': ValueError: boom boom"),
        (lambda spec: iter(()), "finds no model in 'x:y'"),
        (lambda spec: None, "None is a NoneType, not a Model"),
    ],
)
def test_scheme_that_fails_is_one_line(make, said, plug):
    """A scheme that raises, exits or makes something else ends in one line with its name and plugin."""
    with pytest.raises(UsageError) as caught:
        schemes(plug, a={"model": make}).select_models(["x:y"])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scheme_may_explain_itself(plug):
    """The scheme's own line says best what is wrong: it goes through as it is, and the command is wrong usage."""

    def read(spec):
        raise DataError(f"{spec}, line 3: no protocol")

    with pytest.raises(UsageError, match=r"^my\.toml, line 3: no protocol$"):
        schemes(plug, card={"model": None, "tasks": read}).select_tasks(["my.toml"])


def test_scheme_that_finds_no_task_is_an_error(plug):
    """A spec that stands for nothing is not run as nothing."""
    with pytest.raises(UsageError, match=r"finds no task in 'my\.toml'"):
        schemes(plug, card={"model": None, "tasks": lambda spec: iter(())}).select_tasks(["my.toml"])


def test_scheme_may_make_several_models(plug):
    """One spec may stand for several models, in their order; two of one name are refused as ever."""
    several = schemes(plug, a={"model": lambda spec: (model(f"{spec}-{size}") for size in (64, 128))})
    assert names(several.select_models(["x:1"])) == ["x:1-64", "x:1-128"]
    with pytest.raises(UsageError, match="two different models are called 'same'"):
        schemes(plug, a={"model": lambda spec: [model("same"), model("same")]}).select_models(["x:1"])


@pytest.mark.parametrize("options", [[Option("a")], ("a",), None])
def test_options_of_a_scheme_are_checked(plug, options):
    """A scheme whose options could not be listed is broken, and says so."""
    scheme = Scheme("s", matches=bool, model=model, options=options)
    loaded = catalog.load([plug("a", xlbench_schemes=lambda: [scheme])])
    assert not loaded.schemes
    assert "scheme 's': options must be a tuple of Option" in loaded.broken[0].why


def test_two_different_things_under_one_name_are_refused(plug):
    """Two models of one name would share their results, so they are not chosen together."""
    loaded = schemes(plug, a={"model": lambda spec: model("same")})
    assert names(loaded.select_models(["x:1"])) == ["same"]
    with pytest.raises(UsageError, match="two different models are called 'same'"):
        loaded.select_models(["x:1", "x:2"])


@given(spec=st.text(max_size=20) | st.sampled_from(["[", "[!a]", "*", "ngram-?", "hub:", "../..", "x.toml"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_spec_chooses_something_or_is_a_usage_error(spec, stocked):
    """Whatever is typed: at least one model and one task, or one clear line."""
    for choose in (stocked.select_models, stocked.select_tasks):
        assert outcome(choose, spec) in ("chosen", "refused")


def outcome(choose: Callable[[list[str]], tuple[Any, ...]], spec: str) -> str:
    """What comes of one spec; "refused" only where the line repeats what was typed."""
    try:
        chosen = choose([spec])
    except UsageError as error:
        return "refused" if repr(spec) in str(error) and "\n" not in str(error) else str(error)
    return "chosen" if chosen else "nothing"


def test_settings_of_a_model_that_has_none_are_told(plug):
    """ngram?size=3: the model is there, and what follows its name means nothing to it; a typo before a ? is guessed."""
    found = catalog.load()
    with pytest.raises(UsageError, match=r"^the model 'ngram' has no settings: give 'ngram' without '\?size=3'"):
        found.select_models(["ngram?size=3"])
    with pytest.raises(UsageError, match=r"^there is no model 'ngrm\?size=3'\. Did you mean 'ngram'"):
        found.select_models(["ngrm?size=3"])


def test_a_scheme_makes_suites_of_specs(plug: Plug) -> None:
    """A suite's spec becomes a suite whose tasks are specs, names or patterns; its name is one that a file can have."""

    def suite_of(spec: str) -> Suite:
        kind = spec.removeprefix("all:")
        return Suite(f"all-{kind}" if kind != "odd" else "a/b", (f"one:{kind}", "two"))

    of_tasks = Scheme("one", lambda spec: spec.startswith("one:"), tasks=lambda spec: [task(spec)])
    of_suites = Scheme("all", lambda spec: spec.startswith("all:"), suites=suite_of)
    loaded = catalog.load(
        [plug("p", xlbench_schemes=[of_tasks, of_suites], xlbench_tasks=[task("two"), task("three")])]
    )
    assert loaded.select_suite("all:x") == Suite("all-x", ("one:x", "two"))
    assert [one.name for one in loaded.select_tasks([], "all:x")] == ["one:x", "two"]
    with pytest.raises(
        UsageError, match=r"scheme 'all' of p .* makes something unusable of 'all:odd': suite name 'a/b'"
    ):
        loaded.select_suite("all:odd")
    with pytest.raises(UsageError, match=r"no suite 'al:x'.* No scheme knows it either \(schemes for suites: all\)"):
        loaded.select_suite("al:x")
