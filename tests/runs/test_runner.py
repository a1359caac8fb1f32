"""Plan and execution: what is done, what is to do, and that one failure is nobody else's."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import xlbench
from xlbench import Data, DataError, DataMissing, Model, Outcome, Subset, Task, Transform, UsageError, builtin, metrics
from xlbench.catalog.catalog import Catalog
from xlbench.catalog.loading import load
from xlbench.encoding.cache import Cache
from xlbench.reports.render import render
from xlbench.runs import plan
from xlbench.runs.execute import execute
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import Settings
from xlbench.runs.store import Store

TEXTS = {"one": ("a", "bb", "ccc"), "two": ("dddd", "a", "bb"), "three": ("x", "yy", "zzz")}


class Lengths:
    parameters = 7

    def encode(self, texts, role=None):
        return np.array([[len(text), 1.0] for text in texts])


class Refusing:
    def encode(self, texts, role=None):
        if "yy" in texts:
            raise RuntimeError("cannot\nencode yy")
        return np.ones((len(texts), 2))


def model(name="lengths", load=Lengths, content="1", **more):
    return Model(name, load=load, fingerprint=lambda: content, **more)


def task(name="short", texts=TEXTS, **more):
    """Is a text shorter than three? One subset an entry of ``texts``."""

    def subsets(data):
        for language, items in texts.items():
            kept = items[: data.limit]
            yield Subset(language, (language,), len(kept), repr(kept), lambda kept=kept: kept)

    def evaluate(subset, session):
        items = subset.load()
        hit = session.encode(items)[:, 0] < 3
        return Outcome([f"{subset.name}:{i}" for i in range(len(items))], {"hit": hit}, chance={"accuracy": 0.5})

    options = {"languages": tuple(texts), "data": "shorts"} | more
    return Task(name, "news", (metrics.share("accuracy", "hit"),), subsets, evaluate, **options)


SERIAL, PROCESSES = builtin.xlbench_engines()


def go(tmp_path, models=None, tasks=None, settings=None, **options):
    settings = settings or Settings()
    store = Store(tmp_path / "results")
    store.check_writable()
    planned = plan.plan(
        models or [model()],
        tasks or [task()],
        Data(limit=settings.limit),
        store,
        settings,
        options.pop("languages", ()),
    ).cells
    return planned, execute(planned, store, settings, options.pop("engine", SERIAL), **options)


def states(planned):
    return [item.state for item in planned]


def test_every_subset_becomes_a_cell_with_its_scores(tmp_path):
    """Values are those of a count by hand, with n, chance and provenance beside them."""
    _, cells = go(tmp_path)
    assert [(cell.subset, cell.status, cell.main.value) for cell in cells] == [
        ("one", "ok", pytest.approx(2 / 3)), ("two", "ok", pytest.approx(2 / 3)), ("three", "ok", pytest.approx(2 / 3))
    ]  # fmt: skip
    assert (cells[0].main.n, cells[0].main.chance) == (3, 0.5)
    assert cells[0].provenance["dimensions"] == 2
    assert cells[0].provenance["parameters"] == 7
    assert [cell.encoded for cell in cells] == [3, 1, 3]


def test_the_second_time_everything_is_done_and_no_model_is_loaded(tmp_path):
    """Done cells are recognized by content; the model is not even loaded."""
    _, first = go(tmp_path)

    def never():
        raise AssertionError("loaded")

    planned, again = go(tmp_path, [model(load=never)])
    assert states(planned) == ["done"] * 3
    assert again == first


def test_changed_content_is_computed_again(tmp_path):
    """A model of other content, and a subset with another text, are new cells; the others stay done."""
    go(tmp_path)
    assert states(go(tmp_path, [model(content="2")])[0]) == ["todo"] * 3
    edited = task(texts=TEXTS | {"two": ("dddd", "a", "b")})
    assert states(go(tmp_path, tasks=[edited])[0]) == ["done", "todo", "done"]
    assert states(go(tmp_path, tasks=[replace(task(), version=2)])[0]) == ["todo"] * 3


def test_other_intervals_are_made_from_saved_rows(tmp_path):
    """Another seed or interval method scores the saved rows again, without a model, to the same values."""
    _, first = go(tmp_path)

    def never():
        raise AssertionError("loaded")

    planned, again = go(tmp_path, [model(load=never)], settings=Settings(ci="jackknife"))
    assert states(planned) == ["rescore"] * 3
    assert [cell.main.value for cell in again] == [cell.main.value for cell in first]
    assert {cell.main.method for cell in again} != {cell.main.method for cell in first}
    assert again[0].main.chance == 0.5


def test_cells_of_another_version_of_scoring_are_scored_again(tmp_path, monkeypatch):
    """What older versions saved is read, and gets its intervals anew from its rows, without a model."""
    _, first = go(tmp_path)

    def never():
        raise AssertionError("loaded")

    monkeypatch.setattr("xlbench.runs.planned_cells.SCORING", 99)
    planned, again = go(tmp_path, [model(load=never)])
    assert states(planned) == ["rescore"] * 3
    assert {cell.scoring for cell in again} == {99}
    assert [cell.scores for cell in again] == [cell.scores for cell in first]
    assert states(go(tmp_path, [model(load=never)])[0]) == ["done"] * 3


def test_a_changed_register_is_written_into_saved_cells(tmp_path):
    """A register is a label: cells of a task that got one are mended from their rows, and keep their scores."""
    _, first = go(tmp_path)

    def never():
        raise AssertionError("loaded")

    labeled = replace(task(), register="unregularized")
    planned, again = go(tmp_path, [model(load=never)], [labeled])
    assert states(planned) == ["rescore"] * 3
    assert {cell.register for cell in first} == {""}
    assert {cell.register for cell in again} == {"unregularized"}
    assert [cell.scores for cell in again] == [cell.scores for cell in first]
    assert [cell.key for cell in again] == [cell.key for cell in first]
    planned, _ = go(tmp_path, [model(load=never)], [labeled])
    assert states(planned) == ["done"] * 3


def test_a_failing_cell_leaves_the_others_alone(tmp_path):
    """An encoder that raises marks its cell with the reason in one line; the others are scored."""
    _, cells = go(tmp_path, [model(load=Refusing)])
    assert [cell.status for cell in cells] == ["ok", "ok", "error"]
    assert cells[2].reason == "RuntimeError: cannot encode yy"
    assert cells[2].scores == ()


def test_a_failed_cell_is_tried_again(tmp_path):
    """Failures are shown by boards but are never taken for done."""
    go(tmp_path, [model(load=Refusing)])
    planned, cells = go(tmp_path, [model()])
    assert states(planned) == ["done", "done", "todo"]
    assert cells[2].status == "ok"


def test_fail_fast_stops_at_the_first_failure(tmp_path):
    """With fail_fast what comes after the failure is not computed."""
    texts = {"bad": ("yy",), "good": ("a",)}
    _, cells = go(tmp_path, [model(load=Refusing)], [task(texts=texts)], fail_fast=True)
    assert [(cell.subset, cell.status) for cell in cells] == [("bad", "error")]


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (lambda: 1 / 0, "the model cannot be loaded: ZeroDivisionError: division by zero"),
        (lambda: exit(3), "the model cannot be loaded: SystemExit: 3"),
        (lambda: 42, "the model is no encoder: int has no method encode(texts, role=None)"),
    ],
)
def test_a_model_that_does_not_load_marks_its_cells(tmp_path, load, reason):
    """Loading is tried once; every cell says why, and other models go on."""
    tries = []

    def counted():
        tries.append(1)
        return load()

    _, cells = go(tmp_path, [model("bad", counted), model()])
    assert [cell.reason for cell in cells[:3]] == [reason] * 3
    assert [cell.status for cell in cells[3:]] == ["ok"] * 3
    assert len(tries) == 1


@pytest.mark.parametrize("error", [OSError("no weights here"), SystemExit(3)])
def test_a_model_without_a_fingerprint_fails_alone(tmp_path, error):
    """A model whose identity cannot be told has a failed cell and no folder; the others are scored and saved."""

    def fails():
        raise error

    results = xlbench.run([Model("bad", Lengths, fails), model()], [task()], results=tmp_path / "r")
    bad, good = results.runs
    assert [(cell.subset, cell.status) for cell in bad.cells] == [("*", "error")]
    assert bad.cells[0].reason.startswith("the model has no fingerprint: ")
    assert [cell.status for cell in good.cells] == ["ok"] * 3
    assert [run.model for run in Store(tmp_path / "r").runs()] == ["lengths"]


@pytest.mark.parametrize(
    ("error", "state"), [(DataMissing("get it"), "skipped"), (DataError("cut"), "error"), (OSError("cut"), "error")]
)
def test_the_plan_of_a_model_without_a_fingerprint(tmp_path, error, state):
    """Planned, a model whose files are absent is skipped and another without an identity fails; neither has damage."""

    def fails():
        raise error

    planned, cells = go(tmp_path, [Model("bad", Lengths, fails)])
    assert (states(planned), [cell.status for cell in cells]) == ([state], [state])
    assert not [*Store(tmp_path / "results").runs()]


def test_what_is_no_exception_fails_its_cell_too(tmp_path):
    """Libraries in other languages raise what is no Exception: the cell fails, the run goes on."""

    class Panic(BaseException):
        pass

    class Panicking:
        def encode(self, texts, role=None):
            raise Panic("at the disco")

    _, cells = go(tmp_path, [model("panics", Panicking), model()])
    assert [cell.reason for cell in cells[:3]] == ["Panic: at the disco"] * 3
    assert [cell.status for cell in cells[3:]] == ["ok"] * 3


def test_a_sample_says_so_in_the_long_table(tmp_path):
    """A score of the first items is marked as one wherever it stands."""
    frame = xlbench.run([model()], [task()], results=tmp_path / "r", limit=2).to_frame()
    assert set(frame["note"].str.contains("a sample: the first 2 items")) == {True}


def broken_task(error):
    def subsets(data):
        yield Subset("one", ("one",))
        raise error

    return replace(task("broken"), subsets=subsets)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (DataMissing("get it from x"), "skipped", "get it from x"),
        (DataError("file.txt: line 3"), "error", "file.txt: line 3"),
        (KeyError("a"), "error", "KeyError: 'a'"),
    ],
)
def test_a_task_without_subsets_is_one_cell(tmp_path, error, status, reason):
    """A task that cannot list its subsets is shown once a model, skipped where its data is not at hand."""
    _, cells = go(tmp_path, tasks=[broken_task(error), task()])
    assert (cells[0].subset, cells[0].status, cells[0].reason) == ("*", status, reason)
    assert [cell.status for cell in cells[1:]] == ["ok"] * 3


def test_a_mended_task_forgets_its_failure(tmp_path):
    """Once a task lists its subsets again, the cell that stood for the whole is gone."""
    go(tmp_path, tasks=[broken_task(DataError("x"))])
    go(tmp_path, tasks=[replace(task(), name="broken")])
    assert {cell.subset for run in Store(tmp_path / "results").runs() for cell in run.cells} == set(TEXTS)


def test_data_that_has_gone_away_takes_no_result_with_it(tmp_path):
    """A subset whose file is absent today keeps the scores of yesterday on disk."""
    go(tmp_path)
    gone = replace(task(), subsets=lambda data: [Subset("one", ("one",), missing="no file")])
    planned, cells = go(tmp_path, tasks=[gone], languages=("one",))
    assert (states(planned), cells[0].status) == (["skipped"], "skipped")
    assert states(go(tmp_path)[0]) == ["done"] * 3


def test_a_damaged_cell_is_named_and_left_alone(tmp_path):
    """An edited result is an error with its file's name; it is neither trusted nor written over."""
    _, cells = go(tmp_path)
    store = Store(tmp_path / "results")
    path = store.cell_path(cells[0].model, cells[0].fingerprint, "short", "one", None)
    edited = path.read_text().replace("0.6666", "0.9999")
    path.write_text(edited)
    planned, again = go(tmp_path)
    assert states(planned) == ["damaged", "done", "done"]
    assert again[0].status == "error"
    assert path.name in again[0].reason
    assert path.read_text() == edited


def test_languages_keep_the_subsets_that_involve_them(tmp_path):
    """Only the language asked for is run."""
    planned, _ = go(tmp_path, languages=("two",))
    assert [item.subset.name for item in planned] == ["two"]


def test_missing_languages_are_silent_unless_asked_for(tmp_path):
    """Files that are not there are no news, except to somebody who asked for the language."""

    def subsets(data):
        yield from task().subsets(data)
        yield Subset("four", ("four",), missing="four.txt is not there")

    some = replace(task(), subsets=subsets, languages=(*TEXTS, "four"))
    assert [cell.subset for cell in go(tmp_path, tasks=[some])[1]] == list(TEXTS)
    _, cells = go(tmp_path, tasks=[some], languages=("four",))
    assert [(cell.subset, cell.status, cell.reason) for cell in cells] == [("four", "skipped", "four.txt is not there")]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome([], {"hit": np.zeros(0)}), "the task scored no items"),
        (Outcome(["a", "a"], {"hit": np.ones(2)}), "the task gave two items the id 'a'"),
        (Outcome(["a", "b"], {"hit": np.ones(3)}), "the task gave 2 items and 3 values of hit"),
        (Outcome(["a", "b"], {"hit": np.ones(2)}, ["c"]), "the task gave 2 items and 1 values of cluster_ids"),
        (
            Outcome(["a"], {"hit": np.ones(1), "item_id": np.ones(1)}),
            "the task calls a column 'item_id', which the results folder needs for itself",
        ),
        (
            Outcome(["a"], {"hit": np.ones(1), "cell": np.ones(1)}),
            "the task calls a column 'cell', which the results folder needs for itself",
        ),
    ],
)
def test_an_outcome_that_contradicts_itself_is_an_error(tmp_path, outcome, reason):
    """A task whose rows cannot be trusted scores nothing."""
    _, cells = go(tmp_path, tasks=[replace(task(), evaluate=lambda subset, session: outcome)])
    assert {cell.reason for cell in cells} == {reason}


def test_facts_that_cannot_be_saved_fail_their_cell(tmp_path):
    """A numpy number among the facts is the cell's failure, not the run's."""
    outcome = Outcome(["a", "b"], {"hit": np.array([1, 0])}, facts={"n": np.int64(3)})
    _, cells = go(tmp_path, tasks=[replace(task(), evaluate=lambda subset, session: outcome), task("fine")])
    assert cells[0].reason.startswith("the fact 'n' is np.int64(3): give a plain finite number")
    assert [cell.status for cell in cells[3:]] == ["ok"] * 3


def test_who_only_reads_is_not_where_numbers_come_from(tmp_path):
    """A run that finds everything done leaves the provenance of the one that computed."""
    first = xlbench.run([model()], [task()], results=tmp_path / "r", seed=1)
    second = xlbench.run([model()], [task()], results=tmp_path / "r", seed=1)
    assert second.runs[0].provenance == first.runs[0].provenance


def test_training_data_is_declared_beside_the_score(tmp_path):
    """A model that has seen the data says so on its cells."""
    _, cells = go(tmp_path, [model(trained_on=("shorts",)), model("innocent")])
    assert "the model declares that it was trained on shorts" in cells[0].notes
    assert cells[3].notes == ()


def test_training_data_that_is_declared_later_marks_saved_cells(tmp_path):
    """Scores that were saved before the model said what it has seen get the mark, and lose it where it is withdrawn;
    nothing is encoded for that."""
    for seen in ((), ("shorts",), ()):
        cells = xlbench.run([model(trained_on=seen)], [task()], results=tmp_path / "r", seed=1).runs[0].cells
        marked = ["the model declares that it was trained on shorts" in cell.notes for cell in cells]
        assert marked == [bool(seen)] * len(cells)


@pytest.mark.parametrize(
    ("data_sets", "texts", "note"),
    [
        (("shorts",), ["A  a", "other"], "2 of these 4 items (shorts)"),
        ((), ["b\tB"], "1 of these 4 items"),
        (("shorts",), ["other"], "other items of shorts, on none of these 4"),
        ((), ["other"], None),
    ],
)
def test_items_whose_texts_the_model_has_seen_are_counted(tmp_path, data_sets, texts, note):
    """The mark says of how many items a text was seen in training, whatever its case and white space; a model that
    names the data set, and has seen other items of it, gets a mark that says so. It stays when a run finds all done."""

    def pairs(subset, session):
        items = [("aa", "x"), ("y", "AA"), ("b b", "z"), ("c", "d")]
        hit = session.encode([text for item in items for text in item])[::2, 0] < 3
        return Outcome([first for first, _ in items], {"hit": hit}, item_texts=items)

    one = model(trained_on=data_sets, trained_on_texts=lambda: xlbench.text_keys(texts))
    paired = replace(task(texts={"eng": ["a"]}), evaluate=pairs)
    for _ in range(2):
        (cell,) = xlbench.run([one], [paired], results=tmp_path / "r", seed=1).runs[0].cells
        assert cell.notes == ((f"the model declares that it was trained on {note}",) if note else ())
    assert cell.facts["items_trained_on"] == int((note or "0")[0] if note and note[0].isdigit() else 0)


@pytest.mark.parametrize(
    ("item_texts", "said"),
    [
        ([("a",)], "4 items and 1 values of item_texts"),
        ([("a",), ("b",), ("c",), ("d", "e")], "of one length"),
        (["a", "b", "c", "d"], "a tuple of texts an item"),
    ],
)
def test_texts_of_items_that_do_not_fit_fail_their_cell(tmp_path, item_texts, said):
    """Each item has as many texts as every other one."""
    outcome = Outcome(list("abcd"), {"hit": np.ones(4)}, item_texts=item_texts)
    _, cells = go(tmp_path, tasks=[replace(task(), evaluate=lambda subset, session: outcome)])
    assert said in cells[0].reason


def test_keys_that_are_none_fail_the_cell(tmp_path):
    """A model that gives texts in the place of keys would never be marked."""
    outcome = Outcome(["a"], {"hit": np.ones(1)}, item_texts=[("a",)])
    _, cells = go(
        tmp_path,
        [model(trained_on_texts=lambda: np.array(["a"]))],
        [replace(task(), evaluate=lambda subset, session: outcome)],
    )
    assert "must give keys of texts" in cells[0].reason


def test_the_last_word_of_an_encoder_is_kept(tmp_path):
    """Details that change from cell to cell, as which prompts were applied, stand in the run as they were said last."""

    class Counting(Lengths):
        def __init__(self):
            self.calls = 0

        @property
        def details(self):
            return {"calls": self.calls, **({"first": "yes"} if self.calls < 3 else {})}

        def encode(self, texts, role=None):
            self.calls += 1
            return super().encode(texts, role)

    tasks = [task(), task("other", texts={"four": ["k", "kk", "kkk", "kkkk"]})]
    run = xlbench.run([model(load=Counting)], tasks, results=tmp_path / "r", seed=1).runs[0]
    last = run.cells[-1].provenance["encoder"]["calls"]
    assert run.details["calls"] == last > run.cells[0].provenance["encoder"]["calls"]


def test_two_models_of_one_name_and_other_content_share_nothing(tmp_path):
    """Two checkpoints called alike keep their own cells and scores."""

    class Long:
        def encode(self, texts, role=None):
            return np.array([[9.0] for _ in texts])

    _, first = go(tmp_path, [model("same", content="1")])
    _, second = go(tmp_path, [model("same", Long, content="2")])
    assert [cell.main.value for cell in second] == [0, 0, 0]
    assert [item.state for item in go(tmp_path, [model("same", content="1")])[0]] == ["done"] * 3
    assert first[0].fingerprint != second[0].fingerprint


def test_a_limit_is_a_sample_of_its_own(tmp_path):
    """A limited cell is marked, and neither replaces nor stands in for the whole."""
    _, cells = go(tmp_path, settings=Settings(limit=2))
    assert [(cell.limit, cell.main.n) for cell in cells] == [(2, 2)] * 3
    assert states(go(tmp_path)[0]) == ["todo"] * 3


def test_another_engine_gives_the_same_cells_in_the_same_order(tmp_path):
    """Engines may finish in any order: cells come back in that of the plan."""

    def backwards(work, jobs):
        for job in reversed(list(jobs)):
            yield from reversed(list(work(job)))

    engine = xlbench.Engine("backwards", backwards)
    tasks = [task("x"), task("y")]
    _, there = go(tmp_path / "a", tasks=tasks)
    _, back = go(tmp_path / "b", tasks=tasks, engine=engine)
    assert [(cell.task, cell.subset, cell.scores) for cell in there] == [
        (cell.task, cell.subset, cell.scores) for cell in back
    ]


def test_an_observer_hears_of_every_cell(tmp_path):
    """Done, failed or fresh: progress counts each cell once."""
    heard = []
    go(tmp_path, observer=Observer(cell=lambda cell: heard.append(cell.subset)))
    go(tmp_path, observer=Observer(cell=lambda cell: heard.append(cell.subset)))
    assert heard == [*TEXTS, *TEXTS]


def test_a_run_that_stopped_at_a_failure_is_not_complete(tmp_path):
    """After fail-fast the manifest says that cells are lacking; after the whole run it no longer does."""
    texts = {"bad": ("yy",), "good": ("a",)}
    for fail_fast, complete in ((True, False), (False, True)):
        results = xlbench.run([model(load=Refusing)], [task(texts=texts)], results=tmp_path / "r", fail_fast=fail_fast)
        assert [run.complete for run in results] == [complete]
        (saved,) = Store(tmp_path / "r").runs()
        assert (saved.complete, bool(saved.plans)) == (complete, not complete)


def test_the_api_returns_results_and_a_frame(tmp_path, monkeypatch):
    """xlbench.run takes objects as well as names; Results hold a Run a model and turn into a data frame."""
    monkeypatch.chdir(tmp_path)
    results = xlbench.run([model()], [task()], results=tmp_path / "r")
    assert [run.model for run in results] == ["lengths"]
    frame = results.to_frame()
    assert frame[["task", "subset", "metric", "n", "status"]].values.tolist()[0] == [
        "short",
        "one",
        "accuracy",
        3,
        "ok",
    ]
    with pytest.raises(UsageError, match="expected a name or a Model, not int"):
        xlbench.run([3], [task()])
    with pytest.raises(UsageError, match="have one name"):
        xlbench.run([model(), model()], [task()])


def test_catalog_is_loadable():
    """The first-party plugins come in by entry points, and none is broken."""
    found = load()
    assert isinstance(found, Catalog)
    assert not found.broken


def test_a_board_format_that_fails_takes_no_other_with_it():
    """The other formats are rendered; the failed one is named, with the reason."""

    def fails(board):
        raise ValueError("no such style")

    formats = {
        "bad": xlbench.BoardFormat("bad", fails),
        "good": xlbench.BoardFormat("good", lambda board: {".txt": "fine"}),
    }
    rendered = render(SimpleNamespace(title="mini"), formats.values())
    assert rendered.files == {"mini.txt": "fine"}
    assert rendered.failures == ("board format bad failed on mini, and wrote nothing: ValueError: no such style",)


@pytest.mark.parametrize("when", ["before it is loaded", "while it is loaded"])
def test_a_model_that_changes_after_planning_gets_no_scores(tmp_path, when):
    """Where a training writes into the checkpoint of a run, neither its scores nor its vectors are kept under the
    content that was there before; the next run takes it as the new model that it is."""
    content = ["old"]

    def load():
        content[0] = "new"
        return Lengths()

    changing = Model("lengths", load=load, fingerprint=lambda: content[0])
    settings = Settings(cache=tmp_path / "cache")
    store = Store(tmp_path / "results")
    planned = plan.plan([changing], [task()], Data(), store, settings).cells
    if when == "before it is loaded":
        content[0] = "new"
    cells = execute(planned, store, settings, SERIAL)
    assert {cell.status for cell in cells} == {"error"}
    assert all("content has changed since the run began" in cell.reason for cell in cells)
    assert not Cache(tmp_path / "cache").info().entries
    again = execute(plan.plan([changing], [task()], Data(), store, settings).cells, store, settings, SERIAL)
    assert {cell.status for cell in again} == {"ok"}
    assert {cell.fingerprint for cell in again} == {changing.identity()}


@pytest.mark.parametrize("cached", [True, False])
def test_models_that_differ_in_their_transform_are_encoded_once(tmp_path, cached):
    """Several lengths of one model's vectors are had from one loading and one encoding, with a cache or without."""
    loads = []

    def load():
        loads.append(1)
        return Lengths()

    def cut_to(dimensions):
        transform = Transform(fit=lambda given: lambda vectors: vectors[:, :dimensions])
        content = f"cut to {dimensions}"
        return Model(
            f"lengths-{dimensions}", load=load, fingerprint=lambda: content, vectors=lambda: "whole",
            transform=lambda: transform,
        )  # fmt: skip

    settings = Settings(cache=tmp_path / "cache" if cached else None)
    _, cells = go(tmp_path, [cut_to(2), cut_to(1), model("other")], settings=settings)
    assert {cell.status for cell in cells} == {"ok"}
    assert [cell.provenance["dimensions"] for cell in cells] == [2] * 3 + [1] * 3 + [2] * 3
    assert [cell.encoded for cell in cells][3:6] == [0, 0, 0]
    assert len(loads) == 1
