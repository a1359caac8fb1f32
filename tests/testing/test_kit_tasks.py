"""The conformance kit's check of tasks: a wrong task for each of its rules fails, and right ones pass.

Those that are asked in a fresh process, too, are functions of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from kit_plugins import ACCURACY, HEAVY_PLUGIN, Letters, array, counted, metric, module, rejects

from xlbench import Data, DataMissing, ItemText, Outcome, Subset, Task, UsageError, metrics
from xlbench.testing.tasks import check_task

__all__ = ["module"]  # a fixture


WORDS = ("ant", "bat", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")


def subsets(data):
    words = list(WORDS[: data.limit])
    yield Subset("eng", ("eng",), n=len(words), fingerprint=f"words 1 {len(words)}", load=lambda: list(words))
    yield Subset("hin", ("hin",), n=500, missing="no file words.hin.txt: get it from somewhere")


def outcome(words, session, **changes):
    """Is the nearest other word one whose letter is odd, too? Words of a letter's parity are a cluster."""
    import numpy as np

    vectors = session.encode(words)
    distances = ((vectors[:, None] - vectors) ** 2).sum(-1)
    np.fill_diagonal(distances, np.inf)
    odd = np.array([ord(word[0]) % 2 for word in words])
    return Outcome(
        **{
            "item_ids": words,
            "columns": {"hit": odd[distances.argmin(1)] == odd, "near": -distances.min(1)},
            "cluster_ids": [f"words:{each}" for each in odd],
            "chance": {"accuracy": 0.5},
            "facts": {"words": len(words), "ratio": 0.5, "kind": "animals"},
            "notes": ("animals",),
        }
        | changes
    )


def evaluate(subset, session):
    return outcome(subset.load(), session)


def task(**changes: object) -> Task:
    right = {"name": "words", "area": "clustering", "metrics": (ACCURACY,), "subsets": subsets, "evaluate": evaluate}
    return Task(**right | {"languages": ("eng", "hin")} | changes)


def lists(*given: Subset, **changes: object) -> Task:
    """A task whose subsets are exactly these, or the right one with some fields changed."""
    return task(subsets=lambda data: given or [replace(next(iter(subsets(data))), **changes)])


def gives(**changes: object) -> Task:
    """A task whose outcome has some fields changed; a change is a function of the words."""
    return task(
        evaluate=lambda subset, session: outcome(
            subset.load(), session, **{name: change(subset.load()) for name, change in changes.items()}
        )
    )


def columns_of(make: Callable[[list[str]], object]) -> Task:
    """A task that has one more column."""

    def odd(subset, session):
        right = evaluate(subset, session)
        return replace(right, columns={**right.columns, "more": make(subset.load())})

    return task(evaluate=odd)


def number(kind: str, value: float):
    import numpy as np

    return getattr(np, kind)(value)


def missing(data):
    raise DataMissing("no words here; get them from somewhere")


def two_outcomes(one, other):
    """An evaluate() that returns one thing at its first call and another ever after."""
    count = counted()
    return lambda subset, session: (one if count() == 1 else other)(subset, session)


def of_the_encoder(name):
    """An evaluate() whose ids of one kind come from the vectors."""

    def odd(subset, session):
        words = subset.load()
        signs = (session.encode(words)[:, 0] > 0).tolist()
        return outcome(
            words,
            session,
            **{name: [f"{word if name == 'item_ids' else ''}{s}" for word, s in zip(words, signs, strict=True)]},
        )

    return odd


def turning():
    """A task that turns its own data round at every evaluation, which shows in the order of the items."""
    words = list(WORDS)

    def odd(subset, session):
        found = outcome(list(words), session)
        words.reverse()
        return found

    return task(evaluate=odd)


def adding_up():
    """A task that adds up in one array, and returns it again and again."""
    total = array(*[0.0] * len(WORDS))

    def odd(subset, session):
        total.__iadd__(1)
        right = evaluate(subset, session)
        return replace(right, columns={**right.columns, "total": total})

    return task(evaluate=odd)


def wearing_out():
    """A task that evaluates alike, and whose fingerprint is another after that."""
    used = []

    def odd(subset, session):
        used.append(1)
        return evaluate(subset, session)

    return task(
        evaluate=odd, subsets=lambda data: [replace(next(iter(subsets(data))), fingerprint=f"used {bool(used)}")]
    )


def salted_subsets(data):
    return [replace(next(iter(subsets(data))), fingerprint=str(hash("words")))]


def evaluate_set(subset, session):
    return outcome(list(set(subset.load())), session)


def in_a_role(subset, session):
    session.encode(subset.load(), role="passage")
    return evaluate(subset, session)


def counting_up(columns):
    rows = ACCURACY.rows(columns)
    columns["near"] += 1
    return rows


ENG = Subset("eng", ("eng",), n=10, fingerprint="words 1", load=lambda: list(WORDS))

TASKS = {
    "no task": (lambda: ACCURACY, "expected a Task, not Metric"),
    "name": (lambda: task(name="two words"), "task name 'two words' is not allowed"),
    "area": (lambda: task(area="two words"), "area name 'two words' is not allowed"),
    "metrics as a list": (lambda: task(metrics=[ACCURACY]), "metrics must be a tuple of Metric"),
    "metrics by name": (lambda: task(metrics=("accuracy",)), "metrics must be a tuple of Metric"),
    "no metric": (lambda: task(metrics=()), "the task has no metric"),
    "one name twice": (lambda: task(metrics=(ACCURACY, ACCURACY)), "two metrics have one name"),
    "languages as text": (lambda: task(languages="eng"), "languages of the task must be a tuple"),
    "two-letter language": (lambda: task(languages=("eng", "hi")), "the task has the language 'hi': write ISO 639-3"),
    "NaN for a language": (lambda: task(languages=("eng", float("nan"))), "the task has the language nan"),
    "subsets() raises": (lambda: task(subsets=lambda data: 1 / 0), "subsets(data) fails: ZeroDivisionError"),
    "data is missing": (lambda: task(subsets=missing), "subsets(data) fails: no words here; get them from somewhere"),
    "names for subsets": (lambda: task(subsets=lambda data: ["eng"]), "subsets(data) gives str"),
    "no subset": (lambda: task(subsets=lambda data: []), "the task has no subset"),
    "subset without a name": (lambda: lists(name=""), "a subset is named ''"),
    "subset of two lines": (lambda: lists(name="a\nb"), "a subset is named 'a\\nb'"),
    "subset named *": (lambda: lists(name="*"), "a subset is named '*'"),
    "subset with a number": (lambda: lists(name=1), "a subset is named 1"),
    "one subset twice": (lambda: lists(ENG, ENG), "two subsets have one name"),
    "subset's languages as text": (lambda: lists(languages="eng"), "languages of subset eng must be a tuple"),
    "subset's language": (lambda: lists(languages=("english",)), "subset eng has the language 'english'"),
    "undeclared language": (
        lambda: lists(languages=("eng", "nep")),
        "subset eng has the language nep, which the task's",
    ),
    "no fingerprint": (lambda: lists(fingerprint=""), "subset eng has no fingerprint"),
    "limit": (lambda: lists(ENG), "subset eng has 10 items with Data(limit=5)"),
    "all is missing": (
        lambda: lists(missing="no file words.txt"),
        "nothing can be evaluated: give check_task the data",
    ),
    "evaluate() raises": (
        lambda: task(evaluate=lambda subset, session: 1 / 0),
        "subset eng: evaluate() fails: ZeroDiv",
    ),
    "no outcome": (lambda: task(evaluate=lambda subset, session: {}), "subset eng: evaluate() returns dict"),
    "another n": (
        lambda: task(subsets=lambda data: [replace(next(iter(subsets(Data()))), n=1)]),
        "subset eng says n=1 and evaluates 10 items",
    ),
    "an id twice": (lambda: gives(item_ids=lambda words: ["ant", *words[1:-1], "ant"]), "two items the id 'ant'"),
    "numbers as ids": (lambda: gives(item_ids=lambda words: range(len(words))), "item and cluster ids must be texts"),
    "numbers as clusters": (lambda: gives(cluster_ids=lambda words: [1] * len(words)), "cluster ids must be texts"),
    "a cluster too few": (lambda: gives(cluster_ids=lambda words: words[1:]), "10 items and 9 values of cluster_ids"),
    "no columns": (lambda: gives(columns=lambda words: {}), "subset eng: there is no column"),
    "column as a list": (lambda: columns_of(len_of_each), "column 'more' must be a numpy array"),
    "column of pairs": (lambda: columns_of(lambda words: array(*[(1, 2)] * len(words))), "column 'more' must be"),
    "column of anything": (lambda: columns_of(lambda words: array(*[None] * len(words))), "column 'more' must be"),
    "column too short": (lambda: columns_of(lambda words: array(1)), "10 items and 1 values of more"),
    "chance of nothing": (
        lambda: gives(chance=lambda words: {"acc": 0.5}),
        "a chance level for 'acc', which is no metric",
    ),
    "chance out of bounds": (
        lambda: gives(chance=lambda words: {"accuracy": 50}),
        "the chance level of accuracy is 50",
    ),
    "chance of numpy": (
        lambda: gives(chance=lambda words: {"accuracy": number("float32", 0.5)}),
        "the chance level of accuracy is np.float32(0.5): give a plain number",
    ),
    "fact of numpy": (lambda: gives(facts=lambda words: {"n": number("int64", 3)}), "the fact 'n' is np.int64(3)"),
    "fact that is NaN": (lambda: gives(facts=lambda words: {"n": float("nan")}), "the fact 'n' is nan"),
    "a note": (lambda: gives(notes=lambda words: "animals"), "notes must be a tuple of texts"),
    "numbers as notes": (lambda: gives(notes=lambda words: (1,)), "notes must be a tuple of texts"),
    "ids by encoder": (lambda: task(evaluate=of_the_encoder("item_ids")), "item or cluster ids depend on the encoder"),
    "clusters by encoder": (lambda: task(evaluate=of_the_encoder("cluster_ids")), "cluster ids depend on the encoder"),
    "turns its data": (turning, "evaluate() gives other rows for the same vectors the second time"),
    "adds up": (adding_up, "evaluate() gives other rows for the same vectors the second time"),
    "a column more": (
        lambda: task(evaluate=two_outcomes(evaluate, columns_of(lambda words: array(*map(len, words))).evaluate)),
        "evaluate() gives other rows",
    ),
    "wears out": (wearing_out, "fingerprints after evaluate() than before"),
    "role": (lambda: task(evaluate=in_a_role), "evaluate() encodes in the role 'passage'"),
    "metric changes columns": (
        lambda: task(metrics=(replace(ACCURACY, rows=counting_up),)),
        "a metric changes the columns",
    ),
    "wrong metric": (
        lambda: task(metrics=(ACCURACY, metrics.share("far", "near"))),
        "subset eng, metric far: the value -",
    ),
    "hash() in a fingerprint": (lambda: task(subsets=salted_subsets), "or fingerprints in another process"),
    "tuples to draw": (lambda: task(texts=lambda subset: [("a", "b")]), "texts() gives ('a', 'b')"),
    "texts in no language": (lambda: task(texts=lambda subset: [ItemText("a", "b", "")]), "a text in ''"),
    "order of a set": (lambda: task(evaluate=evaluate_set), "evaluate() gives other items or rows in another process"),
}


def len_of_each(words):
    return [len(word) for word in words]


@pytest.mark.parametrize(("make", "message"), TASKS.values(), ids=TASKS)
def test_wrong_tasks_fail_their_check(make, message):
    """Whatever a task may get wrong is told in one line that names the subset, the column or the metric."""
    rejects(lambda: check_task(make()), message)


@pytest.mark.parametrize(
    "right",
    [
        task(),
        task(languages=()),
        task(area="qa"),
        task(texts=lambda subset: [ItemText(word, word, "eng") for word in subset.load()]),
        task(subsets=partial(subsets), evaluate=lambda subset, session: evaluate(subset, session)),
        task(metrics=(ACCURACY, metrics.mean("near", "near", (-float("inf"), 0.0)))),
        gives(cluster_ids=lambda words: None, chance=lambda words: {}, facts=lambda words: {}, notes=lambda words: ()),
        columns_of(lambda words: array(*words)),
        columns_of(lambda words: array(*words, dtype=object)),
        columns_of(lambda words: array(float("nan"), *range(1, len(words)))),
    ],
    ids=[
        "all",
        "no languages",
        "an area of one's own",
        "texts to draw",
        "partial",
        "two metrics",
        "least",
        "texts",
        "text objects",
        "NaN in a column",
    ],
)
def test_right_tasks_pass(right):
    """Tasks that give the same for the same data and vectors pass, pickled or not."""
    check_task(right)


def test_missing_subsets_and_those_not_asked_for_are_not_evaluated():
    """What is not at hand is passed over; ``only`` names what to evaluate, and an unknown name is a mistake."""
    bad = replace(ENG, name="bad", load=lambda: 1 / 0)
    both = task(subsets=lambda data: [*subsets(data), replace(bad, n=len(WORDS[: data.limit]))])
    check_task(both, only=["eng"])
    rejects(lambda: check_task(both), "subset bad: evaluate() fails")
    rejects(lambda: check_task(both, only=["hin"]), "nothing can be evaluated")
    rejects(lambda: check_task(both, only=[]), "nothing can be evaluated")
    with pytest.raises(UsageError, match=r"no subset 'engl'\. Did you mean 'eng'"):
        check_task(both, only=["engl"])


def test_a_metric_may_be_undefined_on_some_subsets_but_not_on_all():
    """A class that does not occur has no score, which is NaN; a metric that never has one is wrong.

    In a sample that may be by chance, but for the main metric.
    """

    def rows(columns):
        return ACCURACY.rows(columns) * (1.0 if len(columns["hit"]) > 5 else float("nan"))

    def one_short(data):
        words = list(WORDS[: data.limit])
        for name, some in (("short", words[:4]), ("long", words)):
            yield Subset(name, n=len(some), fingerprint=f"{name} {len(some)}", load=lambda some=some: some)

    often = replace(ACCURACY, name="often", rows=rows)
    both, main = task(subsets=one_short, metrics=(ACCURACY, often)), task(subsets=one_short, metrics=(often, ACCURACY))
    check_task(both)
    check_task(main)
    check_task(both, only=["short"])
    check_task(both, Data(limit=4))
    wrong = "metric often is not a finite number on any subset"
    rejects(lambda: check_task(main, only=["short"]), wrong)
    rejects(lambda: check_task(task(subsets=lambda data: list(one_short(data))[:1], metrics=both.metrics)), wrong)


def test_a_limit_is_one_of_each_language():
    """A subset that puts languages together has as many items of each as the limit says; not more."""

    def pooled(times):
        def both(data):
            words = [f"{word} {n}" for n in range(times) for word in WORDS[: data.limit]]
            yield Subset("all", ("eng", "hin"), n=len(words), fingerprint=f"{len(words)}", load=lambda: words)

        return task(subsets=both)

    check_task(pooled(2))
    rejects(lambda: check_task(pooled(3)), "subset all has 21 items with Data(limit=7)")


def test_data_and_encoder_are_those_that_are_given():
    """The task is asked with the data and the encoder that its author gives."""
    limits, asked = [], []

    class Listening(Letters):
        def encode(self, texts, role=None):
            asked.extend(texts)
            return super().encode(texts, role)

    def recorded(data):
        limits.append(data.limit)
        return subsets(data)

    check_task(task(subsets=recorded), Data(limit=6), Listening())
    assert set(asked) == set(WORDS[:6])
    assert set(limits) == {6, 3}


@pytest.mark.slow
@pytest.mark.parametrize("part", ["subsets", "evaluate", "rows", "value", "gradient", "influence", "seeds"])
def test_a_task_whose_module_imports_numpy_is_too_heavy(module, part):
    """Each module of a task and of its metrics is imported in a fresh process."""
    heavy = module(HEAVY_PLUGIN)
    right = {"subsets": subsets, "evaluate": evaluate, **vars(metric())}[part]
    odd = {part: partial(heavy.call, right)}
    wrong = task(**odd) if part in ("subsets", "evaluate") else task(metrics=(replace(metric(), **odd),))
    rejects(lambda: check_task(wrong), f"importing {heavy.__name__} imports numpy: do that inside load() or evaluate()")
