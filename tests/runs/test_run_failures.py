"""Failures of plugins in a run: what is one cell's, what is the whole model's, and that neither ends the run."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from test_runner import go, model, states, task

import xlbench
from xlbench import Outcome, Subset, Transform, metrics
from xlbench.core.text import reason_of
from xlbench.encoding.cache import Cache
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import Settings
from xlbench.runs.store import Store, find_runs
from xlbench.testing import ConformanceError, check_task

# ---- models that fail as a whole

EVEN = {"even": ("aa", "bb", "cc"), "uneven": ("a", "bb", "cccc"), "later": ("xx", "yy", "zz")}
"""Texts of one length are never padded: they do not give away that padding is averaged in."""


class Padded:
    """Averages padding in."""

    parameters = 7

    def encode(self, texts, role=None):
        longest = max(map(len, texts))
        return np.array([[len(text) / longest, 1.0] for text in texts])


class PaddedWords(Padded):
    """Does so for words alone."""

    def encode(self, texts, role=None):
        return np.array([[len(text), 1.0] for text in texts])

    def encode_words(self, sentences):
        longest = max(map(len, sentences))
        return [np.full((len(words), 2), len(words) / longest) for words in sentences]


class Restless:
    """Has dropout on."""

    def __init__(self):
        self.random = np.random.default_rng(0)

    def encode(self, texts, role=None):
        return self.random.normal(size=(len(texts), 4))


def words_task():
    """Reads the words of texts."""

    def evaluate(subset, session):
        items = [list(text) for text in subset.load()]
        words = session.encode_words(items)
        assert words.contextual
        return Outcome([f"{subset.name}:{i}" for i in range(len(items))], {"hit": np.ones(len(items))})

    return replace(task("words", EVEN), evaluate=evaluate)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("load", "make"), [(Padded, lambda: task(texts=EVEN)), (PaddedWords, words_task),
                                            (Restless, lambda: task(texts=EVEN))])  # fmt: skip
def test_an_inconsistent_model_has_no_scores(tmp_path, load, make, cached):
    """The finding is the model's: cells that were scored before it are errors, too, on the disk as well, and the same
    command finds it again; no vector stays in the cache, and other models are scored."""
    cache = tmp_path / "cache" if cached else None
    models = [model("odd", load), model("even", content="2", load=Steady)]
    tasks = [make(), *([task("more", EVEN)] if load is PaddedWords else [])]
    for _ in range(2):
        planned, cells = go(tmp_path, models[:1], tasks, Settings(cache=cache))
        assert states(planned) == ["todo"] * len(cells)
        assert {cell.status for cell in cells} == {"error"}
        assert len({cell.reason.split(" (found in an earlier run")[0] for cell in cells}) == 1
        assert "is dropout on, or padding averaged in?" in cells[0].reason
        store = Store(tmp_path / "results")
        assert [store.load_cell(store.path_of(cell)) for cell in cells] == cells
        assert not list((tmp_path / "results").rglob("*.parquet"))
        if cache:
            with Cache(cache) as kept:
                assert kept.info().entries == 0
    _, cells = go(tmp_path, models[1:], [task(texts=EVEN)], Settings(cache=cache))
    assert {cell.status for cell in cells} == {"ok"}


class Steady:
    def encode(self, texts, role=None):
        return np.array([[len(text), 1.0] for text in texts])


def test_cells_of_an_earlier_run_fail_with_their_model(tmp_path):
    """A model that was scored on texts that did not give it away loses these scores once others do: what is done is
    no longer, and the observer is told how many cells."""
    lines = []
    _, first = go(tmp_path, [model(load=Padded)], [task(texts={"even": EVEN["even"]})])
    assert [cell.status for cell in first] == ["ok"]
    observer = Observer(warning=lines.append)
    planned, cells = go(tmp_path, [model(load=Padded)], [task(texts=EVEN)], observer=observer)
    assert states(planned) == ["done", "todo", "todo"]
    assert [cell.status for cell in cells] == ["error"] * 3
    assert lines == [f"lengths: cells that were scored before are errors (1): {cells[0].reason}"]


@pytest.mark.parametrize("cached", [True, False])
def test_a_failed_model_fails_every_later_command(tmp_path, cached):
    """The finding stays in the results folder: without a cache, too, a later command gets no score of other tasks, and
    what was scored before on others is an error wherever it is read, until the run's folder is deleted."""
    settings = Settings(cache=tmp_path / "cache" if cached else None)
    even = {"even": EVEN["even"]}
    _, before = go(tmp_path, [model(load=Padded)], [task("before", even)], settings)
    _, found = go(tmp_path, [model(load=Padded)], [task("found", EVEN)], settings)
    planned, later = go(tmp_path, [model(load=Padded)], [task("before", even), task("later", even)], settings)
    assert [cell.status for cell in before] == ["ok"]
    assert states(planned) == ["todo", "todo"]
    assert [cell.status for cell in later] == ["error", "error"]
    (run,) = find_runs(tmp_path / "results")
    assert {(cell.task, cell.status) for cell in run.cells} == {
        (name, "error") for name in ("before", "found", "later")
    }
    assert run.failure == found[-1].reason
    assert run.failure in later[0].reason
    if not cached:
        assert later[0].reason == f"{run.failure} (found in an earlier run: delete {run.folder} to forget it)"
        shutil.rmtree(run.folder)
        _, again = go(tmp_path, [model(load=Padded)], [task("before", even)], settings)
        assert [cell.status for cell in again] == ["ok"]


def test_models_that_share_vectors_fail_together(tmp_path):
    """A model that differs from the inconsistent one in its transform alone fails with it, whichever comes first."""

    def plain(name, load=Padded):
        return model(name, load, content=name, vectors=lambda: "the same")

    cut = replace(plain("cut"), transform=lambda: Transform(fit=lambda given: lambda vectors: vectors[:, :1]))
    results = xlbench.run([plain("whole"), cut], [task(texts=EVEN)], results=tmp_path / "r", cache=False)
    assert {cell.status for run in results for cell in run.cells} == {"error"}
    go(tmp_path, [cut], [task(texts={"even": EVEN["even"]})])
    _, cells = go(tmp_path, [cut, plain("whole")], [task(texts={"even": EVEN["even"], "uneven": EVEN["uneven"]})])
    assert {cell.status for cell in cells} == {"error"}


def test_a_failed_model_ends_a_run_that_fails_fast(tmp_path):
    """With fail_fast the cell that gives the model away is the last, and those before it are errors on the disk."""
    _, cells = go(tmp_path, [model(load=Padded)], [task(texts=EVEN)], fail_fast=True)
    assert [(cell.subset, cell.status) for cell in cells] == [("even", "error"), ("uneven", "error")]


# ---- exceptions of any kind


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("half \ud800 a character"), "ValueError: half \\ud800 a character"),
        (MuteError(), "MuteError: its text fails with RuntimeError"),
        (GeneratorExit(), "GeneratorExit"),
        (SystemExit(3), "SystemExit: 3"),
        (xlbench.DataError("file\n\udcff.txt"), "file \\udcff.txt"),
        (MemoryError(), "out of memory"),
    ],
)
def test_whatever_a_plugin_raises_is_its_own_failure(tmp_path, error, reason):
    """A model, a task, a fingerprint or a list of subsets that raises anything fails alone, with a line for a reason
    that can be saved."""

    def fails(*_):
        raise error

    assert reason_of(error) == reason
    odd = [model("unloadable", fails), replace(model("unknown"), fingerprint=fails), model()]
    tasks = [replace(task("odd"), evaluate=fails), replace(task("unlisted"), subsets=fails), task()]
    _, cells = go(tmp_path, odd, tasks)
    assert {cell.status for cell in cells if cell.model == "lengths" and cell.task == "short"} == {"ok"}
    assert {cell.reason for cell in cells if (cell.model, cell.task) == ("lengths", "odd")} == {reason}
    assert {cell.reason for cell in cells if (cell.model, cell.task) == ("lengths", "unlisted")} == {reason}
    assert {cell.reason for cell in cells if (cell.model, cell.task) == ("unloadable", "short")} == {
        f"the model cannot be loaded: {reason}"
    }
    failed = [cell for cell in cells if cell.model == "unknown"]
    assert all(reason in cell.reason and cell.status == "error" for cell in failed)


def test_text_that_no_file_can_hold_is_the_cells_failure(tmp_path):
    """Ids, facts and notes with half a character are told in the cell, and the other cells are saved."""
    for part in ({"item_ids": ["\ud800", "b"]}, {"facts": {"a": "\ud800"}}, {"notes": ("\ud800",)}):
        given = {"item_ids": ["a", "b"], "columns": {"hit": np.array([1, 0])}} | part
        odd = replace(task(), evaluate=lambda subset, session, given=given: Outcome(**given))
        _, cells = go(tmp_path / str(part), tasks=[odd, task("fine")])
        assert [cell.status for cell in cells] == ["error"] * 3 + ["ok"] * 3
        assert cells[0].reason.startswith("the task's outcome cannot be saved: UnicodeEncodeError")


# ---- what tasks and metrics may not return


def gives(**parts):
    """A task whose outcome differs in some parts from a right one."""

    def evaluate(subset, session):
        n = len(subset.load())
        right = {"item_ids": [f"{subset.name}:{i}" for i in range(n)], "columns": {"hit": np.arange(n) % 2}}
        return Outcome(**{**right, "chance": {"accuracy": 0.5}, **parts})

    return replace(task(languages=()), evaluate=evaluate, subsets=fingerprinted)


def fingerprinted(data):
    """The subsets of the task, with fingerprints."""
    for subset in task().subsets(data):
        yield replace(subset, languages=(), fingerprint=subset.fingerprint or str(subset.n))


def metric(**changes):
    """A task with a metric that differs from a right one."""
    return replace(gives(chance={}), metrics=(replace(metrics.share("accuracy", "hit"), **changes),))


def ones(columns):
    return np.ones((len(columns["hit"]), 2))


CONTRACT = {
    "a dict": (
        lambda: replace(gives(), evaluate=lambda subset, session: {"accuracy": 1.0}),
        "evaluate() returns dict: return an Outcome",
    ),
    "chance in per cent": (
        lambda: gives(chance={"accuracy": 50}),
        "the chance level of accuracy is 50: give a plain number from 0 to 1",
    ),
    "chance that is NaN": (
        lambda: gives(chance={"accuracy": float("nan")}),
        "the chance level of accuracy is nan: give a plain number from 0 to 1",
    ),
    "chance of another metric": (
        lambda: gives(chance={"acuracy": 0.5}),
        "a chance level for 'acuracy', which is no metric: accuracy are",
    ),
    "a column that is not there": (
        lambda: metric(rows=lambda columns: columns["hits"]),
        "metric accuracy: rows() fails: KeyError: 'hits'",
    ),
    "a row too few": (
        lambda: metric(rows=lambda columns: ones(columns)[1:]),
        "metric accuracy: rows() gives float64 of shape (2, 2): give numbers, a row for each of 3 items",
    ),
    "a proportion of 1.75": (
        lambda: metric(rows=ones, value=lambda sums: 1.75 * sums[..., 0] / sums[..., 1]),
        "metric accuracy: the value 1.75 is outside of its bounds, 0 to 1: mend one of them",
    ),
    "a seed's score that is NaN": (
        lambda: metric(seeds=lambda columns: [float("nan"), 1.0]),
        "metric accuracy: seeds() gives float64 of shape (2,): give a finite number a seed",
    ),
    "seed ids for other seeds": (
        lambda: gives(seed_ids=["one", "one"]),
        "seed_ids must be texts, no two alike, in a list",
    ),
    "training sets without names": (
        lambda: gives(retrained=[{"hit": np.ones(3)}] * 2),
        "the task gave 0 training_ids and 2 of retrained: two of each at least",
    ),
    "one training set": (
        lambda: gives(retrained=[{"hit": np.ones(3)}], training_ids=["one"]),
        "the task gave 1 training_ids and 1 of retrained: two of each at least",
    ),
    "a training set twice": (
        lambda: gives(retrained=[{"hit": np.ones(3)}] * 2, training_ids=["one", "one"]),
        "training_ids must be texts, no two alike, in a list",
    ),
    "columns of training sets that the whole lacks": (
        lambda: gives(retrained=[{"hits": np.ones(3)}] * 2, training_ids=["one", "two"]),
        "retrained must hold some of the outcome's columns, by their names",
    ),
    "a short column of a training set": (
        lambda: gives(retrained=[{"hit": np.ones(2)}] * 2, training_ids=["one", "two"]),
        "the task gave 3 items and 2 values of hit",
    ),
    "training sets beside seeds": (
        lambda: replace(
            gives(retrained=[{"hit": np.ones(3)}] * 2, training_ids=["one", "two"]),
            metrics=(replace(metrics.share("accuracy", "hit"), seeds=lambda columns: [1.0, 1.0]),),
        ),
        "the task has retrained columns, and accuracy has seeds: a score has one of them",
    ),
    "training sets that nobody asked for": (
        lambda: gives(retrained=[{"hit": np.ones(3)}] * 2, training_ids=["one", "two"]),
        "the task gave columns for 2 training sets, and its subset says training_draws=0",
    ),
    "a fact that is NaN": (
        lambda: gives(facts={"ties": float("nan")}),
        "the fact 'ties' is nan: give a plain finite number (float(x), int(x)) or a text",
    ),
    "a note": (lambda: gives(notes="a note"), "notes must be a tuple of texts: ('a sentence',), with the comma"),
    "a list for a column": (
        lambda: gives(columns={"hit": [1, 0, 1]}),
        "column 'hit' must be a numpy array of n numbers, booleans or texts",
    ),
    "a masked column": (
        lambda: gives(columns={"hit": np.ma.masked_array([1.0, 0.0, 1.0], mask=[0, 1, 1])}),
        "column 'hit' holds 2 masked values of 3: leave these items out, or give NaN",
    ),
    "masked rows": (
        lambda: metric(rows=lambda columns: np.ma.masked_array(ones(columns), mask=True)),
        "metric accuracy: rows() gives masked numbers: leave items out, or give NaN for no value",
    ),
    "a mask made in a column": (
        lambda: replace(gives(), metrics=(metrics.share("accuracy", lambda c: np.ma.masked_equal(c["hit"], 0)),)),
        "metric accuracy: rows() fails: its column holds masked values: leave these items out",
    ),
    "numbers as ids": (
        lambda: gives(item_ids=[1, 2, 3]),
        "item_ids are list: item and cluster ids must be texts, in a list",
    ),
    "names for subsets": (
        lambda: replace(gives(), subsets=lambda data: ["one"]),
        "subsets(data) gives str: give Subset objects",
    ),
    "no list of subsets": (
        lambda: replace(gives(), subsets=lambda data: None),
        "subsets(data) gives NoneType: give Subset objects",
    ),
    "one subset twice": (
        lambda: replace(gives(), subsets=lambda data: [Subset("one", fingerprint="1")] * 2),
        "two subsets have one name, 'one': rename one",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), CONTRACT.values(), ids=CONTRACT)
def test_a_run_and_the_kit_say_the_same(tmp_path, make, sentence):
    """What a task or metric may not return is the cell's error in a run, in the words of `check_task`."""
    _, cells = go(tmp_path, tasks=[make()])
    assert {(cell.status, cell.reason) for cell in cells} == {("error", sentence)}
    with pytest.raises(ConformanceError) as caught:
        check_task(make())
    assert sentence in str(caught.value)


@pytest.mark.parametrize("what", ["value", "influence"])
def test_a_masked_value_is_no_score(tmp_path, what):
    """`float` of a masked number is 0, and of what is under a mask anything: the cell is an error that says so."""
    masked = metric(**{what: lambda given: np.ma.masked_array(np.ones(3 if what == "influence" else ()), mask=True)})
    _, cells = go(tmp_path, tasks=[masked])
    assert {(cell.status, cell.reason) for cell in cells} == {
        ("error", f"metric accuracy: {what}() gives masked numbers: leave items out, or give NaN for no value")
    }


def test_a_main_score_that_is_not_a_number_is_an_error(tmp_path):
    """Where the main metric is NaN the cell has no score; where another one is, that one has none, and says why."""
    nan = replace(metrics.share("precision", "hit"), value=lambda sums: sums[..., 0] * np.nan)
    accuracy = metrics.share("accuracy", "hit")
    _, cells = go(tmp_path / "main", tasks=[replace(task(), metrics=(nan, accuracy))])
    assert {(cell.status, cell.reason) for cell in cells} == {
        ("error", "metric precision: the value of all items is not a finite number")
    }
    _, cells = go(tmp_path / "other", tasks=[replace(task(), metrics=(accuracy, nan))])
    assert {cell.status for cell in cells} == {"ok"}
    assert (cells[0].scores[1].value, bool(cells[0].scores[1].note)) == (None, True)


@pytest.mark.parametrize("content", [7, None, "", b"bytes"])
def test_a_fingerprint_that_is_no_text_is_an_error(tmp_path, content):
    """A model whose fingerprint is a number or nothing has no identity, and says what to return."""
    _, cells = go(tmp_path, [replace(model(), fingerprint=lambda: content)])
    assert {(cell.status, cell.reason) for cell in cells} == {
        ("error", f"fingerprint() returns {content!r}: return a text that is equal for equal content alone")
    }


# ---- trouble with the cache


@pytest.mark.parametrize("how", [["-q"], ["--json"], ["-q", "--json"], []])
def test_a_damaged_cache_is_always_told(xlbench_cli, tmp_path, how):
    """That the cache was damaged is said on standard error, however quiet the command is."""
    (tmp_path / "m.py").write_text(
        "import numpy as np\n\n\nclass Lengths:\n    def encode(self, texts, role=None):\n"
        "        return np.array([[len(text), 1.0] for text in texts])\n",
        encoding="utf-8",
    )
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "vectors-2.sqlite").write_bytes(b"no database" * 999)
    command = ["run", "-t", "mini-news", "-l", "isl", "-m", "./m.py:Lengths", *how]
    done = xlbench_cli(command, env={"XLBENCH_CACHE": str(tmp_path / "cache")}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was set aside as") == 1
