"""The rules that a model's own tagger is checked by, beside those of its vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlbench.core.errors import EncoderError
from xlbench.testing.checked_model import CheckedModel
from xlbench.testing.checks import Check
from xlbench.testing.process import ConformanceError, call

TYPES = ("PER", "LOC", "ORG")
"""Types that are asked for; a tagger that has others reads its own as those, or as none."""

SENTENCES = (
    ("Nairobi",),
    ("?!",),
    ("Anna", "lives", "in", "Oslo", "."),
    ("नेपालको", "राजधानी", "काठमाडौँ", "हो", "।"),
    ("word",) * 400,
    ("The", "river", "Ganga", "rises", "in", "the", "Himalaya", "."),
)
"""Sentences of several scripts and very different lengths, one longer than most encoders read."""


def _tagger(one: CheckedModel) -> Any:
    assert one.model.tag is not None
    tagger = call("tag()", one.model.tag)
    for name in ("read_as", "tag_words"):
        if not callable(getattr(tagger, name, None)):
            raise ConformanceError(f"tag() returns {type(tagger).__name__}: return an object with a method {name}")
    return tagger


def _types(tagger: Any) -> tuple[str, ...]:
    """`TYPES`, where the tagger has any of them; else one of its own that it reads as itself."""
    from xlbench.encoding.checked_tagger import check_reading

    given = call("read_as(types)", tagger.read_as, TYPES)
    if isinstance(given, dict) and given and not any(given.values()):
        own = tuple(given)
        _passed(lambda: check_reading(call("read_as(types)", tagger.read_as, own), own))
        return own
    _passed(lambda: check_reading(given, TYPES))
    return TYPES


def _passed(check: Any) -> None:
    """What the session checks; its `EncoderError` as one of the kit's."""
    try:
        check()
    except EncoderError as error:
        raise ConformanceError(str(error)) from error


def _tags(tagger: Any, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> list[tuple[str, ...]]:
    """The tags of some sentences, checked as a session checks them."""
    from xlbench.encoding.checked_tagger import check_tags

    given = [list(words) for words in sentences]
    found = call("tag_words(sentences, types)", tagger.tag_words, given, types)
    if given != [list(words) for words in sentences]:
        raise ConformanceError("tag_words changes the sentences that it is given: work on a copy")
    _passed(lambda: check_tags(found, sentences, types))
    return [tuple(tags) for tags in found]


def _gives_tags(one: CheckedModel) -> None:
    tagger = _tagger(one)
    _tags(tagger, SENTENCES, _types(tagger))


def _is_the_same_in_any_company(one: CheckedModel) -> None:
    tagger = _tagger(one)
    types = _types(tagger)
    tags = _tags(tagger, SENTENCES, types)
    if _tags(tagger, SENTENCES[::-1], types)[::-1] != tags:
        raise ConformanceError("tag_words gives other tags when the sentences come in another order")
    for words, expected in zip(SENTENCES, tags, strict=True):
        if _tags(tagger, [words], types) != [expected]:
            raise ConformanceError(
                f"tag_words gives {' '.join(words)[:30]!r} other tags alone than among others: leave padding out of it"
            )


def _loads_the_same_again(one: CheckedModel) -> None:
    first, second = _tagger(one), _tagger(one)
    types = _types(first)
    if _tags(first, SENTENCES, types) != _tags(second, SENTENCES, types):
        raise ConformanceError("the tagger gives other tags when it is loaded again: seed what is random")


CHECKS = (
    Check(
        "its own tags are O, or B- or I- and a type that was asked for, one a word",
        "entities are counted in these tags: those of anything else would be no entities of the task",
        "return a list of tags a sentence, as long as the sentence; read_as(types) says how own types are read",
        _gives_tags,
        basic=True,
    ),
    Check(
        "a sentence has the same tags alone as among others",
        "xlbench groups sentences as it likes: a score would depend on what else was tagged",
        "leave padding and neighbors out, and return tags in the order of the sentences",
        _is_the_same_in_any_company,
    ),
    Check(
        "its tags are the same when it is loaded again",
        "every worker loads the model for itself: its cells would be scores of different models",
        "seed what is random at loading, from the model's content",
        _loads_the_same_again,
    ),
)
"""What is asked of a tagger, in this order."""
