"""Every check of the kit has a wrong plugin that it finds: what is wrong, why it matters and how to mend it."""

from __future__ import annotations

import importlib
import sys
import textwrap
import threading
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint

import pytest
import test_kit_models as wrong_models
import test_kit_tasks as wrong_tasks
from kit_plugins import HEAVY_PLUGIN, Letters, model, module

from xlbench import BoardFormat, Data, Engine, ItemText, Model, Recipe, Scheme, Suite, Task, UsageError, catalog
from xlbench.testing import boards, engines, model_rules, plugins, task_rules
from xlbench.testing.checks import Check, Examination, Finding, NotAsked
from xlbench.testing.models import examine_model
from xlbench.testing.tasks import examine_task

__all__ = ["module"]  # a fixture

FOUND = catalog.load()


def first_failure(examination: Examination) -> Finding:
    """The first check that does not pass."""
    return next(finding for finding in examination.findings() if finding.status == "failed")


def assert_told(finding: Finding, rule: str, said: str) -> None:
    """The finding is of this rule, says what and why in one line each, and how to mend it."""
    assert (finding.rule, finding.status) == (rule, "failed"), finding
    assert said in finding.what
    assert all("\n" not in part and len(part) > 10 for part in (finding.what, finding.why, finding.mend))
    headline, *lines = finding.lines()
    assert headline == f"FAILED   {finding.subject}: {rule}"
    assert [line.split()[0] for line in lines] == ["what:", "why:", "mend:"]


# ---- models

OF_MODELS = {
    "it has a name and says what it was trained on": (lambda: model(name="two words"), "is not allowed"),
    "its fingerprint is a text": (lambda: model(fingerprint=lambda: None), "returns None"),
    "load() gives an encoder": (lambda: model(dict), "load() returns dict"),
    "vectors are finite floats of one length, one a text, in every role": (
        lambda: of("NaN"),
        "holds NaN or infinity",
    ),
    "the same texts have the same vectors the second time": (lambda: of("drifts"), "the second time"),
    "vectors come in the order of the texts": (lambda: of("sorts"), "come in another order"),
    "a text has the same vector alone as in a batch": (lambda: of("padding"), "alone than in a batch"),
    "an array that was returned stays as it is": (lambda: of("one array for all"), "an earlier one returned"),
    "the model is the same when it is loaded again": (lambda: model(wrong_models.unreliable()), "loaded again"),
    "its fingerprint stays the same": (
        lambda: model(fingerprint=wrong_models.changing_fingerprint()),
        "changes from call to call",
    ),
    "its fingerprint is the same in another process": (
        lambda: model(fingerprint=wrong_models.salted_fingerprint),
        "in another process",
    ),
    "its vectors are the same in another process": (lambda: model(wrong_models.Salted), "in another process"),
}


def of(kind: str) -> Model:
    """A model with one of the wrong encoders of the kit's own tests."""
    return model(wrong_models.encoder(wrong_models.ENCODERS[kind][0]))


@pytest.mark.parametrize("rule", OF_MODELS)
def test_a_wrong_model_fails_its_check(rule):
    """For every rule of models there is a model that breaks it, and no rule before it."""
    make, said = OF_MODELS[rule]
    assert_told(first_failure(examine_model(make())), rule, said)


def test_a_heavy_model_fails_its_check(module):
    """A module that imports numpy breaks the rule of late imports, and no rule before it."""
    heavy = module(HEAVY_PLUGIN)
    finding = first_failure(examine_model(model(partial(heavy.call, Letters))))
    assert_told(finding, "its module imports nothing heavy", "imports numpy")


# ---- tasks

TASK, LISTS = wrong_tasks.task, wrong_tasks.lists


def learning(data):
    """Wrong: it says that it learns from ten items, however few it is allowed."""
    return [replace(subset, train_items=10) for subset in wrong_tasks.subsets(data)]


def drawing(data):
    """Wrong: with training draws it is of other data."""
    first = next(iter(wrong_tasks.subsets(data)))
    return [replace(first, fingerprint=f"{first.fingerprint} {data.training_draws}")]


def shorter(data):
    first = next(iter(wrong_tasks.subsets(data)))
    return [replace(first, n=first.n - 1)]


OF_TASKS = {
    "it has names, metrics and languages": (lambda: TASK(metrics=()), "the task has no metric"),
    "its subsets have names, languages and fingerprints": (lambda: LISTS(fingerprint=""), "has no fingerprint"),
    "with a limit it has no more items than that": (lambda: LISTS(wrong_tasks.ENG), "with Data(limit=5)"),
    "with a train size it learns from no more than that": (lambda: TASK(subsets=learning), "Data(train_size=5)"),
    "data is at hand to evaluate": (lambda: LISTS(missing="no file words.txt"), "no file words.txt"),
    "data of all its subsets is at hand": (TASK, "1 of its 2 subsets have no data here; hin: no file words.hin.txt"),
    "with training draws it scores the same items": (lambda: TASK(subsets=drawing), "Data(training_draws=2)"),
    "it evaluates as many items as it says, and they can be saved": (
        lambda: TASK(subsets=shorter),
        "says n=9 and evaluates 10",
    ),
    "the same vectors give the same items and rows": (wrong_tasks.turning, "the second time"),
    "item ids come from the data alone": (
        lambda: TASK(evaluate=wrong_tasks.of_the_encoder("item_ids")),
        "depend on the encoder",
    ),
    "every metric has a value within its bounds, whatever the order and number of items": (
        lambda: TASK(metrics=(wrong_tasks.ACCURACY, wrong_tasks.metrics.share("far", "near"))),
        "the value -",
    ),
    "metrics leave columns as they are": (
        lambda: TASK(metrics=(replace(wrong_tasks.ACCURACY, rows=wrong_tasks.counting_up),)),
        "changes the columns",
    ),
    "texts of items are in the subset's languages": (
        lambda: TASK(texts=lambda subset: [ItemText("a", "b", "")]),
        "a text in ''",
    ),
    "it lists the same after evaluating": (wrong_tasks.wearing_out, "after evaluate() than before"),
    "it lists the same in another process": (
        lambda: TASK(subsets=wrong_tasks.salted_subsets),
        "in another process",
    ),
    "it evaluates the same in another process": (
        lambda: TASK(evaluate=wrong_tasks.evaluate_set),
        "in another process",
    ),
}


def examined(task: Task) -> Examination:
    """The checks of a task whose data is said to be here; but for the rule of all data, with what is here alone."""
    return examine_task(task, Data(limit=100), stated=True)


@pytest.mark.parametrize("rule", OF_TASKS)
def test_a_wrong_task_fails_its_check(rule):
    """For every rule of tasks there is a task that breaks it, and no rule before it (but that data is missing)."""
    make, said = OF_TASKS[rule]
    missing = "data of all its subsets is at hand"
    failures = [one for one in examined(make()).findings() if one.status == "failed"]
    told = [one for one in failures if one.rule == rule or one.rule != missing]
    assert_told(told[0], rule, said)


def test_a_heavy_task_fails_its_check(module):
    """A module that imports numpy breaks the rule of late imports, and no rule before it."""
    heavy = module(HEAVY_PLUGIN)
    wrong = TASK(evaluate=partial(heavy.call, wrong_tasks.evaluate))
    finding = first_failure(examine_task(wrong, Data(limit=100)))
    assert_told(finding, "its module imports nothing heavy", "imports numpy")


def test_a_task_without_data_is_skipped_where_none_was_named():
    """Without a data root, what is not at hand is a reason to leave checks, and what was not made is no failure."""
    wrong = LISTS(missing="no file words.txt")
    found = list(examine_task(wrong, Data(limit=5)).findings())
    assert {finding.status for finding in found} == {"passed", "skipped"}
    (first, *others) = [finding for finding in found if finding.status == "skipped"]
    assert "no file words.txt" in first.what
    assert {finding.needs for finding in others} == {first.rule}


# ---- engines


def generators_to_processes(work, jobs):
    """Wrong: what comes back is a generator."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        for future in [executor.submit(work, job) for job in jobs]:
            yield from future.result()


def drops_the_last(work, jobs):
    for job in list(jobs)[:-1] or jobs:
        yield from work(job)


def knows_no_workers(work, jobs, workers=None):
    if workers:
        raise ValueError("how many?")
    return [message for job in jobs for message in work(job)]


def swallows(work, jobs):
    for job in jobs:
        try:
            yield from work(job)
        except Exception:  # noqa: BLE001 - wrong on purpose
            continue


def leaves_threads(work, jobs):
    """Wrong: its worker waits for more work when nobody is there any more to give it some."""
    ended = threading.Event()
    threading.Thread(target=ended.wait, args=(2,), daemon=True, name="forgotten").start()
    for job in jobs:
        yield from work(job)


def rounds(work, jobs):
    """Wrong: it knows better than the scores."""
    for job in jobs:
        for message in work(job):
            yield rounded(message)


def rounded(message):
    scores = getattr(message, "scores", None)
    return message if scores is None else replace(message, scores=tuple(replace(one, value=0.5) for one in scores))


OF_ENGINES = {
    "it has a name and a function map": (Engine("two words", drops_the_last), "is not allowed"),
    "what it sends to its workers can be pickled": (Engine("pool", generators_to_processes), "cannot be pickled"),
    "all that every job gives comes back, once and unchanged": (
        Engine("last", drops_the_last),
        "1 of 9 jobs did not come back whole (number 9)",
    ),
    "it does every job with --workers, too": (Engine("few", knows_no_workers, takes_workers=True), "how many?"),
    "an error that ends the run is raised": (Engine("deaf", swallows), "is lost"),
    "it ends its workers when it is closed": (Engine("forgetful", leaves_threads), "forgotten"),
    "its cells are those of serial": (Engine("rounding", rounds), "and by serial"),
}


@pytest.mark.parametrize("rule", OF_ENGINES)
def test_a_wrong_engine_fails_its_check(rule, monkeypatch):
    """For every rule of engines there is an engine that breaks it, and no rule before it."""
    monkeypatch.setattr(engines, "GRACE", 0.5)
    engine, said = OF_ENGINES[rule]
    assert_told(first_failure(engines.examine_engine(engine, FOUND)), rule, said)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (lambda work, jobs: [*(one for job in jobs for one in work(job)), "done"], "yields str, which no job gave"),
        (lambda work, jobs: [one for job in jobs for _ in "ab" for one in work(job)], "18 messages more than once"),
        (lambda work, jobs: 1 / 0, "map(work, jobs) fails: ZeroDivisionError"),
    ],
    ids=["of its own", "twice", "raises"],
)
def test_an_engine_adds_nothing(odd, said):
    """What no job gave, what came before, and an error of the engine's own, are told apart."""
    finding = first_failure(engines.examine_engine(Engine("odd", odd), FOUND))
    assert_told(finding, "all that every job gives comes back, once and unchanged", said)


def test_serial_passes():
    """The engine that others are compared with breaks no rule."""
    engines.check_engine(FOUND.engines["serial"], FOUND)


# ---- boards


def names(board):
    """Right: names and ranks, as text."""
    return {".names.txt": "".join(f"{row.rank or '-'} {row.model}\n" for row in board.rows)}


def renders(**changes: object) -> BoardFormat:
    return BoardFormat(**{"name": "names", "render": names, "suffixes": (".names.txt",)} | changes)


def set_order(board):
    return {".names.txt": " ".join({"alpha", "beta", "gamma", "delta", "epsilon", "zeta"})}


def printing(board):
    print("here it comes")  # noqa: T201 - wrong on purpose
    return names(board)


def writing(board):
    with open("board.txt", "w", encoding="utf-8") as file:
        file.write("here it is")
    return names(board)


def counting_calls():
    calls = wrong_models.counted()
    return lambda board: {".names.txt": f"{calls()}"}


def as_html(board):
    return {".names.html": "".join(f"<td>{row.model}</td>" for row in board.rows)}


def best_first(board):
    return {".names.txt": "".join(f"{row.overall.value:.3f} {row.model}\n" for row in board.rows)}


OF_BOARDS = {
    "it has a name and a function render": (lambda: renders(name="two words"), "is not allowed"),
    "it renders boards with gaps, of one model, and of many names": (lambda: renders(render=best_first), "with gaps"),
    "it gives texts by suffixes that are allowed, declared and nobody else's": (
        lambda: renders(suffixes=(".txt",)),
        "not among those that it declares (.txt)",
    ),
    "names and reasons of strangers are escaped": (
        lambda: renders(render=as_html, suffixes=(".names.html",)),
        "holds its <script> as it is",
    ),
    "the same board gives the same files, and stays as it is": (
        lambda: renders(render=counting_calls()),
        "other files the second time",
    ),
    "it writes no file and prints nothing": (lambda: renders(render=writing), "writes board.txt"),
    "it gives the same files in another process": (lambda: renders(render=set_order), "in another process"),
}


@pytest.mark.parametrize("rule", OF_BOARDS)
def test_a_wrong_board_format_fails_its_check(rule, tmp_path, monkeypatch):
    """For every rule of board formats there is a format that breaks it, and no rule before it."""
    monkeypatch.chdir(tmp_path)
    make, said = OF_BOARDS[rule]
    assert_told(first_failure(boards.examine_board(make())), rule, said)


def test_a_heavy_board_format_fails_its_check(module):
    """A module that imports numpy breaks the rule of late imports, and no rule before it."""
    heavy = module(HEAVY_PLUGIN)
    finding = first_failure(boards.examine_board(renders(render=partial(heavy.call, names))))
    assert_told(finding, "its module imports nothing heavy", "imports numpy")


def test_a_board_format_that_prints_is_told():
    """What a format prints would be in the output that programs read."""
    finding = first_failure(boards.examine_board(renders(render=printing)))
    assert_told(finding, "it writes no file and prints nothing", "prints 'here it comes'")


@pytest.mark.parametrize(
    ("suffix", "text", "said"),
    [
        (".a.md", "| st:./a|b |", "ends a cell"),
        (".a.csv", "model,rank\na|b,c,1", "rows of different lengths"),
        (".a.csv", "model\na|b", "whole in any field"),
        (".a.tsv", "model\trank\na", "rows of different lengths"),
        (".a.json", "{", "is no JSON"),
        (".a.tex", 'a|b,"c"&_50%#', "holds its &, _, % or #"),
        (".a.svg", "<text><script>alert(1)</script></text>", "holds its <script>"),
        (".a.txt", "red \x1b[31m", "escape character"),
    ],
)
def test_every_kind_of_file_has_its_own_escapes(suffix, text, said):
    """What would break or run in the program that opens a kind of file is found in that kind."""
    wrong = renders(render=lambda board: {suffix: text}, suffixes=(suffix,))
    assert_told(first_failure(boards.examine_board(wrong)), "names and reasons of strangers are escaped", said)


@pytest.mark.parametrize("name", sorted(FOUND.boards))
def test_formats_that_come_with_xlbench_pass(name):
    """Each built-in format does what others are asked to do."""
    boards.check_board(FOUND.boards[name])


# ---- plugins, and what else they offer

PLUGIN = """
    import xlbench

    class Letters:
        def encode(self, texts, role=None):
            import numpy as np
            return np.array([[len(text), 1.0] for text in texts])
"""
HOOK = """
    @xlbench.hookimpl
    def xlbench_models():
        yield xlbench.Model({name}, load=Letters)
"""

OF_PLUGINS = {
    "it can be imported, and its hooks can be asked": ("\n    1 / 0\n", "ZeroDivisionError"),
    "it offers something": (
        "\n    @xlbench.hookimpl\n    def xlbench_models():\n        return ()\n",
        "its hooks offer nothing",
    ),
    "importing it imports nothing heavy": ("\n    import numpy\n" + HOOK.format(name="'lengths'"), "imports numpy"),
    "its hooks offer the same when they are asked again": (
        "\n    import itertools\n    COUNT = itertools.count()\n" + HOOK.format(name="f'lengths-{next(COUNT)}'"),
        "offer other names",
    ),
    "its names are claimed by no other plugin": (HOOK.format(name="'ngram'"), "is claimed by baselines (xlbench"),
}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A function: code -> the entry point of a plugin of that code, which can be imported everywhere."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(code: str) -> EntryPoint:
        (tmp_path / "xl_odd.py").write_text(textwrap.dedent(PLUGIN + code), encoding="utf-8")
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, "xl_odd", raising=False)
        return EntryPoint("odd", "xl_odd", "xlbench")

    yield make
    sys.modules.pop("xl_odd", None)


@pytest.mark.parametrize("rule", OF_PLUGINS)
def test_a_wrong_plugin_fails_its_check(rule, plugin):
    """For every rule of plugins there is a plugin that breaks it, and no rule before it."""
    code, said = OF_PLUGINS[rule]
    first, *_ = plugins.examine_plugin(plugin(code))
    assert_told(first_failure(first), rule, said)


def test_all_that_a_plugin_offers_is_examined(plugin):
    """Each item of a plugin has its own checks, by its name, after those of the plugin."""
    entry_point = plugin(HOOK.format(name="'lengths'"))
    assert [one.subject for one in plugins.examine_plugin(entry_point)] == ["plugin odd", "model lengths"]


ITEMS = {
    "every task of it is there": (
        plugins.OF_SUITES,
        Suite("mine", ("no-such-task",)),
        "names the task 'no-such-task'",
    ),
    "it leaves specs of others alone": (
        plugins.OF_SCHEMES,
        Scheme("greedy", matches=lambda spec: True, model=lambda spec: model()),
        "says yes to what is none of its specs",
    ),
    "command() gives a command": (
        plugins.OF_RECIPES,
        Recipe("mine", command=lambda: print),
        "gives builtin_function_or_method, which is no click command",
    ),
}


@pytest.mark.parametrize("rule", ITEMS)
def test_wrong_suites_schemes_and_recipes_fail_their_checks(rule):
    """A suite without its task, a scheme that takes everything and a recipe without a command are found."""
    checks, item, said = ITEMS[rule]
    assert_told(first_failure(Examination("item", plugins.CheckedItem(item, FOUND), checks)), rule, said)


def test_schemes_that_come_with_xlbench_pass():
    """Each first-party scheme leaves the specs of others alone."""
    for scheme in FOUND.schemes.values():
        examination = Examination("scheme", plugins.CheckedItem(scheme, FOUND), plugins.OF_SCHEMES)
        assert {finding.status for finding in examination.findings()} == {"passed"}, scheme.name


# ---- all rules


def test_every_rule_has_a_wrong_plugin():
    """No check is without a plugin that fails it; no two checks of a kind have one name."""
    heavy = {"its module imports nothing heavy"}
    pairs = (
        (model_rules.CHECKS, {*OF_MODELS} | heavy),
        (task_rules.CHECKS, {*OF_TASKS} | heavy),
        (engines.CHECKS, {*OF_ENGINES}),
        (boards.CHECKS, {*OF_BOARDS} | heavy),
        (plugins.CHECKS, {*OF_PLUGINS}),
        ((*plugins.OF_SUITES, *plugins.OF_SCHEMES, *plugins.OF_RECIPES), {*ITEMS}),
    )
    for checks, found in pairs:
        rules = [check.rule for check in checks]
        assert set(rules) == found
        assert len(set(rules)) == len(rules)


def test_nothing_is_asked_after_a_basic_check_has_failed():
    """A check that others rest on takes them with it, by its name; another takes none."""

    def fails(state):
        raise engines.ConformanceError("no")

    def asked(state):
        raise NotAsked("not here")

    checks = [Check(f"{number}", "why", "mend", run, basic) for number, (run, basic) in enumerate(
        [(fails, False), (asked, False), (fails, True), (fails, True)]
    )]  # fmt: skip
    found = list(Examination("it", None, checks).findings())
    assert [one.status for one in found] == ["failed", "skipped", "failed", "skipped"]
    assert [one.needs for one in found] == ["", "", "", "2"]


def test_engines_raise_what_work_raises():
    """The work by which engines are checked raises as that of a run does."""
    from xlbench.testing.engine_jobs import JOBS, refusing_work

    with pytest.raises(UsageError):
        list(refusing_work(JOBS[0]))
