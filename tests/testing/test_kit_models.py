"""The conformance kit's check of models: a wrong model for each of its rules fails, and right ones pass.

Those that are asked in a fresh process, too, are functions and classes of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from kit_plugins import Letters, counted, model, rejects

from xlbench import UsageError
from xlbench.testing.models import LONG, TEXTS, check_model


class Salted:
    """Wrong: hash() of a text is another in every process."""

    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[hash(text) % 1000, 1.0] for text in texts])


def encoder(encode: Callable[..., object]) -> Callable[[], object]:
    """A load function whose encoder is ``encode(right, texts, role)``, where ``right`` gives right vectors."""

    def load() -> object:
        return type("Odd", (), {"encode": lambda self, texts, role=None: encode(Letters().encode, texts, role)})()

    return load


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
