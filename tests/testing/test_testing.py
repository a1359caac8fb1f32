"""The conformance kit bites: for each of its checks a wrong plugin that fails it, and right ones that pass.

Plugins here import numpy inside their functions, as plugins have to; those that are asked in a fresh process, too, are
functions and classes of this module.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType

import pytest

from xlbench import Data, DataMissing, ItemText, Metric, Model, Outcome, Subset, Task, UsageError, metrics
from xlbench.testing.metrics import check_metric
from xlbench.testing.models import LONG, TEXTS, check_model
from xlbench.testing.process import ConformanceError
from xlbench.testing.tasks import check_task


def rejects(check: Callable[[], None], message: str) -> str:
    """``check`` raises `ConformanceError` with one line, which is returned; ``message`` is in it."""
    with pytest.raises(ConformanceError) as caught:
        check()
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.fixture
def module(tmp_path, monkeypatch) -> Callable[..., ModuleType]:
    """A function: source code -> the module of that code, imported from a folder of its own.

    With ``on_path=False`` it is loaded from its file and cannot be found by name, as some runners load test files.
    """

    def make(code: str, on_path: bool = True) -> ModuleType:
        name = f"plugin_{len(list(tmp_path.iterdir()))}"
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        if on_path:
            monkeypatch.syspath_prepend(tmp_path)
        spec = importlib.util.spec_from_file_location(name, path)
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    return make


# ---- models


class Letters:
    """Right: counts of vowels and the length of a text, whatever else is in the batch."""

    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[len(text), *(text.count(vowel) for vowel in "aeiou"), 0.5] for text in texts], np.float32)


class Salted:
    """Wrong: hash() of a text is another in every process."""

    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[hash(text) % 1000, 1.0] for text in texts])


def counted(start: int = 0) -> Callable[[], int]:
    """A function that returns another number at each call."""
    calls = [start]

    def count() -> int:
        calls[0] += 1
        return calls[0]

    return count


def encoder(encode: Callable[..., object]) -> Callable[[], object]:
    """A load function whose encoder is ``encode(right, texts, role)``, where ``right`` gives right vectors."""

    def load() -> object:
        return type("Odd", (), {"encode": lambda self, texts, role=None: encode(Letters().encode, texts, role)})()

    return load


def model(load: Callable[[], object] = Letters, **changes: object) -> Model:
    return Model(**{"name": "letters", "load": load, "fingerprint": lambda: "letters 1"} | changes)


def sorted_in_place(right, texts, role):
    vectors = right(texts)
    texts.sort()
    return vectors


def of_sorted_texts(right, texts, role):
    return right(sorted(texts, key=len))


def blended(when):
    """Vectors into which the longest text of the batch goes, for batches and roles of which ``when`` is true."""

    def encode(right, texts, role):
        vectors = right(texts)
        if when(texts, role):
            vectors[:, 0] += max(map(len, texts))
        return vectors

    return encode


def with_vector(of: str, value: float):
    """Vectors of double precision, of which one is ``value`` all over."""

    def encode(right, texts, role):
        import numpy as np

        vectors = right(texts).astype(np.float64)
        vectors[[text == of for text in texts]] = value
        return vectors

    return encode


def drifting(in_role: str | None):
    count = counted()
    return lambda right, texts, role: right(texts) + (count() if role == in_role else 0)


def reusing():
    """Every call returns a part of one array."""
    kept = []

    def encode(right, texts, role):
        vectors = right(texts)
        kept.append(vectors)
        kept[0][: len(texts)] = vectors
        return kept[0][: len(texts)]

    return encode


def only_without_a_role(right, texts, role):
    return {None: right}[role](texts)


def growing(right, texts, role):
    import numpy as np

    vectors = right(texts)
    return vectors if len(texts) > 1 else np.hstack([vectors, vectors])


ENCODERS = {
    "no role": (only_without_a_role, "encode(texts, role='query') fails: KeyError: 'query'"),
    "changes the list": (sorted_in_place, "changes the list that it is given"),
    "no array": (lambda right, texts, role: right(texts).tolist(), "returns list: return a numpy array"),
    "whole numbers": (lambda right, texts, role: right(texts).astype(int), "returns int64"),
    "one vector": (lambda right, texts, role: right(texts).ravel(), "returns an array of shape (63,)"),
    "no dimension": (lambda right, texts, role: right(texts)[:, :0], "returns an array of shape (9, 0)"),
    "one too few": (lambda right, texts, role: right(texts)[1:], "returns 8 vectors for 9 texts"),
    "another length": (growing, "returns vectors of 14 after some of 7"),
    "NaN": (with_vector("?!", float("nan")), "the vector of '?!' holds NaN or infinity"),
    "too large for float32": (with_vector("a", 1e300), "the vector of 'a' holds NaN or infinity (as float32)"),
    "zero": (with_vector(TEXTS[2], 0.0), "is all 0"),
    "zero as float32": (with_vector("?!", 1e-60), "the vector of '?!' is all 0 (as float32)"),
    "drifts": (drifting(None), "encode(texts, role=None) gives other vectors for the same texts the second time"),
    "drifts in a role": (drifting("document"), "encode(texts, role='document') gives other vectors for the same texts"),
    "sorts": (of_sorted_texts, "when the texts come in another order"),
    "padding": (blended(lambda texts, role: True), "gives 'a' another vector alone than in a batch"),
    "padding in a role": (
        blended(lambda texts, role: role == "query"),
        "encode(texts, role='query') gives 'a' another vector alone",
    ),
    "padding beside a long text": (
        blended(lambda texts, role: LONG in texts),
        "the vector of 'a' is another beside a much longer text",
    ),
    "one array for all": (reusing(), "changes the array that an earlier one returned"),
}


@pytest.mark.parametrize(("encode", "message"), ENCODERS.values(), ids=ENCODERS)
def test_wrong_encoders_fail_their_check(encode, message):
    """Whatever an encoder may get wrong is told in one line that names the role or the text."""
    rejects(lambda: check_model(model(encoder(encode))), message)


def test_zeros_of_unknown_texts_pass():
    """An encoder that says so may give zeros to a text of which it knows nothing."""

    def load():
        known = encoder(with_vector("?!", 0.0))()
        known.zero_is_unknown = True
        return known

    check_model(model(load))


def unreliable():
    """A load function each of whose encoders has vectors of its own."""
    count = counted()

    def load():
        shift = count()
        return encoder(lambda right, texts, role: right(texts) + shift)()

    return load


def no_weights():
    raise OSError("no\nweights")


def ending():
    raise SystemExit("no license")


def salted_fingerprint() -> str:
    return str(hash("letters"))


def changing_fingerprint():
    count = counted()
    return lambda: f"letters {count()}"


MODELS = {
    "no model": (lambda: Letters(), "expected a Model, not Letters"),
    "a name of two words": (lambda: model(name="two words"), "model name 'two words' is not allowed"),
    "a spec of two lines": (lambda: model(name="hf:two\nlines"), "is not allowed"),
    "trained on letters": (lambda: model(trained_on="ntrex"), "trained_on must be a tuple"),
    "trained on numbers": (lambda: model(trained_on=(1,)), "trained_on must be a tuple"),
    "load raises": (lambda: model(no_weights), "load() fails: OSError: no weights"),
    "load ends the process": (lambda: model(ending), "load() fails: SystemExit: no license"),
    "load gives no encoder": (lambda: model(dict), "load() returns dict: return an object with a method encode"),
    "encode knows no role": (
        lambda: model(lambda: type("Odd", (), {"encode": lambda self, texts: texts})()),
        "encode(texts, role=None) fails: TypeError",
    ),
    "another at each load": (lambda: model(unreliable()), "other vectors when it is loaded again"),
    "hash() in vectors": (lambda: model(Salted), "the vectors are others in another process"),
    "hash() in the fingerprint": (
        lambda: model(fingerprint=salted_fingerprint),
        "the fingerprint is another in another process",
    ),
    "another fingerprint at each call": (
        lambda: model(fingerprint=changing_fingerprint()),
        "the fingerprint changes from call to call",
    ),
    "fingerprint without a text": (lambda: model(fingerprint=lambda: None), "fingerprint() returns None"),
    "empty fingerprint": (lambda: model(fingerprint=lambda: ""), "fingerprint() returns ''"),
    "fingerprint raises": (lambda: model(fingerprint=no_weights), "fingerprint() fails: OSError"),
}


@pytest.mark.parametrize(("make", "message"), MODELS.values(), ids=MODELS)
def test_wrong_models_fail_their_check(make, message):
    """Whatever a model may get wrong beside its encoder is told in one line."""
    rejects(lambda: check_model(make()), message)


@pytest.mark.parametrize(
    "right",
    [
        model(Letters),
        model(Letters, fingerprint=None),
        model(partial(Letters), fingerprint=partial(str, "letters 1"), trained_on=("ntrex", "xnli")),
        model(lambda: Letters()),
        model(Letters, name="hf:org/name?pooling=cls"),
        model(encoder(lambda right, texts, role: right(texts) + (0 if role is None else 1))),
        model(encoder(lambda right, texts, role: right(texts).astype("float16"))),
    ],
    ids=["fingerprint", "no fingerprint", "partial", "lambda", "of a scheme", "roles differ", "half precision"],
)
def test_right_models_pass(right):
    """Models that load late and depend on the text alone pass, pickled or not, and a role may make a difference."""
    check_model(right)


def test_last_bits_may_differ_up_to_the_tolerance():
    """A model whose last bits change from call to call passes; one that moves by more passes where it is allowed."""

    def trembling(size):
        import numpy as np

        random = np.random.RandomState(0)
        return model(encoder(lambda right, texts, role: right(texts) * (1 + size * random.random_sample())))

    check_model(trembling(1e-6))
    rejects(lambda: check_model(trembling(1e-2)), "the second time")
    check_model(trembling(1e-2), tolerance=0.05)


@pytest.mark.parametrize("texts", [["one"], ["the same", "the same"]])
def test_texts_must_show_something(texts):
    """With one text nothing can be told about order and batches: that is a mistake of the test."""
    with pytest.raises(UsageError, match="two at the least"):
        check_model(model(), texts=texts)


# ---- what is imported, and where

LIGHT_PLUGIN = """
    print("a module that talks")

    class Letters:
        def encode(self, texts, role=None):
            import numpy as np
            return np.array([[len(text), 1.0] for text in texts])

    def fingerprint():
        return "letters 1"
"""


@pytest.mark.slow
@pytest.mark.parametrize("on_path", [True, False], ids=["by name", "by file"])
@pytest.mark.parametrize("part", ["load", "fingerprint"])
def test_a_model_whose_module_imports_numpy_is_too_heavy(module, part, on_path):
    """Each module of a model is imported in a fresh process, found by its name or by its file."""
    heavy = module("import numpy\n" + textwrap.dedent(LIGHT_PLUGIN), on_path)
    function = {"load": heavy.Letters, "fingerprint": heavy.fingerprint}[part]
    rejects(lambda: check_model(model(**{part: function})), f"importing {heavy.__name__} imports numpy: do that inside")


HEAVY_PLUGIN = """
    import numpy

    def call(function, *given):
        return function(*given)

    class Call:
        def __init__(self, function):
            self.function = function

        def __call__(self, *given):
            return self.function(*given)
"""


@pytest.mark.parametrize("kind", ["partial", "partial of a partial", "object"])
def test_a_partial_of_a_heavy_function_is_heavy(module, kind):
    """What is asked about is the function within a `functools.partial`, and the class of a callable object."""
    heavy = module(HEAVY_PLUGIN)
    loads = {"partial": partial(heavy.call, Letters), "object": heavy.Call(Letters)}
    load = loads.get(kind) or partial(partial(heavy.call, Letters))
    rejects(lambda: check_model(model(load)), f"importing {heavy.__name__} imports numpy")


@pytest.mark.parametrize("on_path", [True, False], ids=["by name", "by file"])
def test_a_light_module_passes(module, on_path):
    """A module that imports late passes, whether or not it talks and can be found by name."""
    light = module(LIGHT_PLUGIN, on_path)
    check_model(model(light.Letters, fingerprint=light.fingerprint))


def test_a_module_that_cannot_be_imported_again_is_told(module, monkeypatch):
    """Why a plugin's module does not work in a process of its own is told: an error in it, or its end."""
    once = "import os\nif os.environ.get('TWICE'): {}\n" + textwrap.dedent(LIGHT_PLUGIN)
    fails, ends = module(once.format("raise RuntimeError('only\\nonce')")), module(once.format("os._exit(7)"))
    monkeypatch.setenv("TWICE", "yes")
    rejects(lambda: check_model(model(fails.Letters)), "does not work: RuntimeError: only once")
    rejects(lambda: check_model(model(ends.Letters)), "ends with code 7")


def test_what_is_written_in_a_script_is_checked_but_for_its_imports(tmp_path):
    """In a script (or a notebook) numpy may be imported at the top: no plugin comes from there. The rest is checked."""
    code = """
        import numpy as np
        from xlbench import Model
        from xlbench.testing import ConformanceError, check_model

        class Lengths:
            def encode(self, texts, role=None):
                return np.array([[len(text), 1.0] for text in texts])

        class Ones(Lengths):
            def encode(self, texts, role=None):
                return super().encode(texts)[:1]

        check_model(Model("lengths", load=Lengths, fingerprint=lambda: "1"))
        try:
            check_model(Model("ones", load=Ones, fingerprint=lambda: "1"))
        except ConformanceError as error:
            print(error)
    """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert "1 vectors for 9 texts" in done.stdout


# ---- tasks

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


ACCURACY = metrics.share("accuracy", "hit")


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


def array(*values: object, **options: object):
    import numpy as np

    return np.array(values, **options)


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


# ---- metrics


@pytest.fixture(scope="module")
def columns():
    """40 items of three labels, about half of them right."""
    import numpy as np

    random = np.random.RandomState(3)
    true = random.randint(0, 3, 40)
    predicted = np.where(random.random_sample(40) < 0.5, true, random.randint(0, 3, 40))
    return {"true": true, "predicted": predicted, "hit": true == predicted, "size": random.randint(1, 9, 40)}


def metric(**changes: object) -> Metric:
    """Right: a mean of hits, with all that a metric may have."""
    return replace(ACCURACY, **{"influence": influence, "seeds": no_seeds} | changes)


def influence(columns):
    return columns["hit"] - columns["hit"].mean()


def no_seeds(columns):
    return columns["hit"][:0]


def first_ten_wrong(columns):
    rows = ACCURACY.rows(columns)
    rows[:10, 0] = 0
    return rows


def rows_with_nan(columns):
    rows = ACCURACY.rows(columns)
    rows[3, 0] = float("nan")
    return rows


def slope(factor, slot=slice(None)):
    def gradient(sums):
        right = ACCURACY.gradient(sums)
        right[..., slot] *= factor
        return right

    return gradient


def shared(columns):
    """A hit counts less, the more often its label is predicted: rows that hang on other items."""
    import numpy as np

    times = np.bincount(columns["predicted"], minlength=3)[columns["predicted"]]
    return np.stack([columns["hit"] / times, np.ones(len(times))], axis=-1)


def fails(*_):
    raise KeyError("no such column")


METRICS = {
    "interval": ({"interval": "guess"}, "interval 'guess' is none of proportion, ratio, f1, studentized"),
    "rows() raises": ({"rows": fails}, "rows() fails: KeyError: 'no such column'"),
    "rows of one number": ({"rows": lambda c: c["hit"]}, "rows() gives bool of shape (40,)"),
    "a row too few": ({"rows": lambda c: ACCURACY.rows(c)[1:]}, "rows() gives float64 of shape (39, 2)"),
    "rows of nothing": ({"rows": lambda c: ACCURACY.rows(c)[:, :0]}, "rows() gives float64 of shape (40, 0)"),
    "rows of text": ({"rows": lambda c: ACCURACY.rows(c).astype(str)}, "of shape (40, 2): give numbers"),
    "rows with NaN": ({"rows": rows_with_nan}, "rows() gives NaN or infinity"),
    "value() raises": ({"value": fails}, "value() fails: KeyError"),
    "value in a list": ({"value": lambda s: s[..., :1] / s[..., 1:]}, "value() of one vector of sums has shape (1,)"),
    "value of NaN": ({"value": lambda s: s[..., 0] * float("nan")}, "the value of all items is nan"),
    "above": ({"value": lambda s: 100 * s[..., 0] / s[..., 1]}, "is outside of its bounds, 0 to 1"),
    "below": ({"value": lambda s: -s[..., 0] / s[..., 1]}, "is outside of its bounds, 0 to 1"),
    "first axis": ({"value": lambda s: s[0] / s[1]}, "value() of sums of shape (3, 2) is not what it is of each"),
    "all in one": ({"value": lambda s: s[..., 0] / s[..., 1].max()}, "value() of sums of shape (3, 2)"),
    "two axes": (
        {"value": lambda s: s[0] / s[1] if s.ndim == 1 else s[:, ..., 0].ravel() / s[:, ..., 1].ravel()},
        "value() of sums of shape (3, 1, 2)",
    ),
    "a fixed number of items": ({"value": lambda s: s[..., 0] / 80}, "changes when every item is counted three times"),
    "rows by place": ({"rows": first_ten_wrong}, "the value changes when the items come in another order"),
    "gradient() raises": ({"gradient": fails}, "gradient() fails: KeyError"),
    "gradient of one": ({"gradient": lambda s: s[..., 0]}, "gradient() of sums (2, 2) has shape (2,)"),
    "gradient of zeros": ({"gradient": slope(0.0)}, "gradient() gives 0 for sum 0"),
    "gradient's sign": ({"gradient": slope(-1.0, 1)}, "for sum 1, where a small change of it gives -0.0"),
    "influence() raises": ({"influence": fails}, "influence() fails: KeyError"),
    "influence of two": ({"influence": lambda c: influence(c)[:2]}, "influence() has shape (2,)"),
    "influence of texts": ({"influence": lambda c: c["hit"].astype(str)}, "influence() has shape (40,) or no finite"),
    "influence of NaN": ({"influence": lambda c: influence(c) / 0.0 * 0.0}, "or no finite numbers"),
    "influence's unit": ({"influence": lambda c: influence(c) / 40}, "where leaving it out gives"),
    "influence's sign": ({"influence": lambda c: -influence(c)}, "where leaving it out gives"),
    "seeds() raises": ({"seeds": fails}, "seeds() fails: KeyError"),
    "a seed without end": ({"seeds": lambda c: [0.1, float("inf")]}, "give a finite number a seed"),
    "seeds of another mean": ({"seeds": lambda c: [7.0, 8.0]}, "seeds() have the mean 7.5, and the value is"),
    "seeds in a table": ({"seeds": lambda c: [[0.0, 0.0]] * 2}, "of shape (2, 2): give a finite number a seed"),
    "influence's place": ({"influence": lambda c: influence(c)[::-1]}, "where leaving it out gives"),
}


@pytest.mark.parametrize(("changes", "message"), METRICS.values(), ids=METRICS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_metrics_fail_their_check(changes, message, columns):
    """Whatever a metric may get wrong is told in one line that begins with its name."""
    line = rejects(lambda: check_metric(metric(**changes), columns), message)
    assert line.startswith("metric accuracy: ")


def test_a_metric_says_where_it_was_checked(columns):
    """A message can begin with the place."""
    rejects(lambda: check_metric(metric(bounds=(0.9, 1.0)), columns, "here"), "here, metric accuracy: the value 0.")


def jackknife(columns):
    import numpy as np

    sums, rows = SQUARED.rows(columns).sum(axis=0), SQUARED.rows(columns)
    n = len(rows)
    return (n - 1) * np.array([SQUARED.value(sums) - SQUARED.value(sums - row) for row in rows])


def linearized(columns):
    return 2 * columns["hit"].mean() * (columns["hit"] - columns["hit"].mean())


SQUARED = replace(ACCURACY, name="squared", value=lambda sums: (sums[..., 0] / sums[..., 1]) ** 2, gradient=None)

ALL_METRICS = [
    metric(),
    replace(SQUARED, influence=jackknife),
    replace(SQUARED, influence=linearized),
    metric(value=lambda sums: sums[..., 0] / sums[..., 1] * (1 + 1e-13)),
    metrics.mean("size", "size", (1.0, 8.0)),
    metrics.macro_f1("macro_f1", range(4)),
    metrics.micro_f1("micro_f1", "hit", "true", "size"),
    metrics.purity("purity", range(3), "true", "predicted"),
    metrics.inverse_purity("inverse_purity", range(3), "true", "predicted"),
    metrics.v_measure("v_measure", range(3), "true", "predicted"),
    metrics.averaged("averaged", [metrics.purity("purity", range(3), "true", seed) for seed in ("predicted", "size")]),
    Metric("shared", shared, ACCURACY.value, influence=lambda columns: columns["size"]),
]


@pytest.mark.parametrize("right", ALL_METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("n", [40, 6, 1])
def test_right_metrics_pass(right, n, columns):
    """All metrics of `xlbench.metrics` pass, with many items and with few; an influence may be a derivative or what
    leaving an item out does, and is its author's where rows hang on each other."""
    check_metric(right, {name: column[:n] for name, column in columns.items()})


def test_a_tie_has_no_derivative():
    """Purity passes where two labels are equally frequent in a cluster, though it has a kink there."""
    tied = {"label": array(0, 1, 0, 1, 1), "cluster": array(0, 0, 1, 1, 1)}
    slope = metrics.purity("purity", range(2)).gradient
    check_metric(metrics.purity("purity", range(2)), tied)
    rows = metrics.purity("purity", range(2)).rows(tied)
    by_gradient = replace(
        metrics.purity("purity", range(2)), influence=lambda c: len(rows) * (rows @ slope(rows.sum(axis=0) * 1.0))
    )
    check_metric(by_gradient, tied)
