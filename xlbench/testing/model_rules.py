"""The rules that a model is checked by: what each looks at, why it matters and how to mend it."""

from __future__ import annotations

from xlbench.core.errors import EncoderError
from xlbench.core.model import Model, Role
from xlbench.testing.checked_model import CheckedModel, identity_of, load_encoder
from xlbench.testing.checks import Check, NotAsked
from xlbench.testing.process import ConformanceError, require_light, require_name
from xlbench.testing.recorded_encoder import RecordedEncoder

LONG = "Words, words and more words: " * 120
"""More than most encoders read of a text."""

ROLES: tuple[Role | None, ...] = (None, "query", "document")


def _describes_itself(one: CheckedModel) -> None:
    model = one.model
    if not isinstance(model, Model):
        raise ConformanceError(f"expected a Model, not {type(model).__name__}: wrap the encoder in one")
    require_name("model", model.name)
    trained_on = model.trained_on
    if not (isinstance(trained_on, tuple) and all(isinstance(name, str) for name in trained_on)):
        raise ConformanceError("trained_on must be a tuple of names of data sets: ('ntrex',), with the comma")


def _has_identity(one: CheckedModel) -> None:
    _ = one.identity


def _loads(one: CheckedModel) -> None:
    _ = one.encoder


def _gives_vectors(one: CheckedModel) -> None:
    try:
        for role in ROLES:
            one.vectors(role)
    except ConformanceError as error:
        if one.model.search is not None and isinstance(error.__cause__, EncoderError):  # a search over words, say
            raise NotAsked(f"it searches by itself, and its encoder has no vectors: {error.__cause__}") from None
        if one.model.tag is not None and isinstance(error.__cause__, EncoderError):  # zero-shot taggers, say
            raise NotAsked(f"it tags by itself, and its encoder has no vectors: {error.__cause__}") from None
        raise


def _is_repeatable(one: CheckedModel) -> None:
    for role in ROLES:
        expected = one.vectors(role)
        if not one.is_near(one.encoder.vectors(one.texts, role), expected):
            raise ConformanceError(
                f"encode(texts, role={role!r}) gives other vectors for the same texts the second time: is dropout on, "
                "or something drawn at random?"
            )


def _keeps_order(one: CheckedModel) -> None:
    for role in ROLES:
        expected = one.vectors(role)
        if not one.is_near(one.encoder.vectors(one.texts[::-1], role)[::-1], expected):
            raise ConformanceError(
                f"encode(texts, role={role!r}) gives other vectors when the texts come in another order: "
                "return them in the order of the texts"
            )


def _leaves_neighbors_out(one: CheckedModel) -> None:
    for role in ROLES:
        vectors = one.vectors(role)
        for row, text in enumerate(one.texts):
            if not one.is_near(one.encoder.vectors([text], role), vectors[row : row + 1]):
                raise ConformanceError(
                    f"encode(texts, role={role!r}) gives {text[:30]!r} another vector alone than in a batch: "
                    "leave padding and neighbors out of it"
                )
    text, vectors = one.texts[0], one.vectors()
    if not one.is_near(one.encoder.vectors([text, LONG], None)[:1], vectors[:1]):
        raise ConformanceError(
            f"the vector of {text[:30]!r} is another beside a much longer text: leave padding out of it"
        )


def _leaves_arrays_alone(one: CheckedModel) -> None:
    one.vectors()
    one.encoder.vectors(one.texts[::-1], None)
    one.encoder.require_unchanged()


def _loads_the_same_again(one: CheckedModel) -> None:
    vectors = one.vectors()
    if not one.is_near(RecordedEncoder(load_encoder(one.model)).vectors(one.texts, None), vectors):
        raise ConformanceError(
            "the model gives other vectors when it is loaded again: seed what is random, from the model's content"
        )


def _keeps_identity(one: CheckedModel) -> None:
    identity = one.identity
    one.vectors()
    if identity_of(one.model) != identity:
        raise ConformanceError("the fingerprint changes from call to call: make it of content alone")


def _imports_late(one: CheckedModel) -> None:
    require_light(one.elsewhere["heavy"])


def _has_one_identity_everywhere(one: CheckedModel) -> None:
    if one.elsewhere["identity"] not in (None, one.identity):
        raise ConformanceError(
            "the fingerprint is another in another process: make it of content alone, without hash() and id()"
        )


def _has_the_same_vectors_everywhere(one: CheckedModel) -> None:
    there = one.elsewhere["vectors"]
    if not (there is None or one.is_near(there, one.vectors())):
        raise ConformanceError(
            "the vectors are others in another process: seed by content, and leave out hash() and the order of sets"
        )


CHECKS = (
    Check(
        "it has a name and says what it was trained on",
        "the name is a file name and a column of every board; trained_on puts a footnote where a score is no surprise",
        "give Model(name, load, trained_on=(...)) a name of letters, digits, '.', '_' and '-', and a tuple of names",
        _describes_itself,
        basic=True,
    ),
    Check(
        "its fingerprint is a text",
        "results are kept and found under it: without one, no cell of the model can be saved",
        "return a text made of weights, tokenizer and settings, or leave fingerprint out for a model of one file",
        _has_identity,
        basic=True,
    ),
    Check(
        "load() gives an encoder",
        "every score of the model begins with load(): where it fails, all its cells are errors",
        "return an object with a method encode(texts, role=None), and make load() work without arguments",
        _loads,
        basic=True,
    ),
    Check(
        "vectors are finite floats of one length, one a text, in every role",
        "a score of anything else would be a score of nothing: the cell becomes an error",
        "return a numpy array of floats of shape (texts, dimensions), without NaN, in the roles None, 'query' and "
        "'document', and leave the list of texts as it is",
        _gives_vectors,
        basic=True,
    ),
    Check(
        "the same texts have the same vectors the second time",
        "a score could not be reproduced, and the cache of vectors would hold an accident",
        "switch the model to evaluation (no dropout), and seed what is random",
        _is_repeatable,
        basic=True,
    ),
    Check(
        "vectors come in the order of the texts",
        "xlbench gives texts in an order of its own (by length): vectors would belong to the wrong texts",
        "where encode sorts texts, put their vectors back in the order in which they came",
        _keeps_order,
        basic=True,
    ),
    Check(
        "a text has the same vector alone as in a batch",
        "xlbench groups texts as it likes: a score would depend on what else was encoded, and on the batch size",
        "leave padding and neighbors out of pooling and normalization: use the attention mask",
        _leaves_neighbors_out,
    ),
    Check(
        "an array that was returned stays as it is",
        "vectors are kept while others are computed: those of earlier texts would change",
        "return a new array from every call of encode, not a part of a buffer that is used again",
        _leaves_arrays_alone,
    ),
    Check(
        "the model is the same when it is loaded again",
        "every worker loads the model for itself: its cells would be scores of different models",
        "seed what is random at loading, from the model's content",
        _loads_the_same_again,
    ),
    Check(
        "its fingerprint stays the same",
        "results are found again by it: all would be computed anew, every time",
        "make it of content alone: no time, no path, no id()",
        _keeps_identity,
    ),
    Check(
        "its module imports nothing heavy",
        "`xlbench list` and every other command import every plugin: each of them would wait for it",
        "import numpy, torch and the like inside load() and encode()",
        _imports_late,
    ),
    Check(
        "its fingerprint is the same in another process",
        "results are found again by it in the next run, which is another process",
        "make it of content alone: hash() and the order of sets differ from process to process",
        _has_one_identity_everywhere,
    ),
    Check(
        "its vectors are the same in another process",
        "a run can be continued, and shared among processes: its cells would not belong together",
        "seed what is random from texts or settings; hash() and the order of sets differ from process to process",
        _has_the_same_vectors_everywhere,
    ),
)
"""What is asked of a model, in this order."""
