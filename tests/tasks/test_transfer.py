"""Transfers: which languages are trained on, which is tested, and what is said where data is missing."""

from __future__ import annotations

import pytest

from xlbench import DataMissing, UsageError
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.splits import DataSet, HeldOut
from xlbench_tasks.protocols import transfer


class Memory:
    """A source over texts in memory: language -> texts; ids are shared, or numbers of rows (``own``)."""

    name = "set"

    def __init__(self, own=False, **texts):
        self._texts, self._own = texts, own

    def languages(self):
        return tuple(sorted(self._texts))

    def why_missing(self, language):
        return f"set has no {language!r} here"

    def read(self, language):
        texts = self._texts[language]
        if texts is None:
            raise DataMissing(f"{language} has a header and no rows")
        prefix = f"{language}:" if self._own else ""
        ids = tuple(f"set:{prefix}{row}" for row in range(1, len(texts) + 1))
        return Records(ids, ids, {"text": tuple(texts), "label": ("x",) * len(texts)})


LANGUAGES = ("eng", "hin", "tir", "wol")


def data_set(train=None, dev=None, test=None):
    """Three languages at hand, of which tir has nothing to learn from; wol is declared and not at hand."""
    train = {"eng": ["a", "b", "c"], "hin": ["d", "e"], "tir": None} | (train or {})
    test = {"eng": ["f"], "hin": ["g", "h"], "tir": ["i"]} | (test or {})
    splits = {"train": Memory(own=True, **train), "test": Memory(own=True, **test)}
    return DataSet(splits | ({"dev": Memory(own=True, **dev)} if dev else {}))


def named(data, **options):
    """Subsets by name."""
    transfer.check(options)
    return {subset.name: subset for subset in transfer.subsets(data, options, LANGUAGES)}


def test_within_trains_and_tests_in_one_language():
    """It is what a card gets that says nothing; languages without one of the splits say which is missing, and why."""
    found = named(data_set())
    assert list(found) == ["eng", "hin", "tir", "wol"]
    assert {name: subset.n for name, subset in found.items()} == {"eng": 1, "hin": 2, "tir": 0, "wol": 0}
    parts = found["hin"].load()
    assert (parts.sources, parts.target, parts.train["hin"].fields["text"]) == (("hin",), "hin", ("d", "e"))
    assert parts.test.fields["text"] == ("g", "h")
    assert found["tir"].missing == "nothing to train on: tir has a header and no rows"
    assert found["wol"].missing == "nothing to test on: set has no 'wol' here"


def test_zero_shot_trains_in_one_language_and_tests_in_another():
    """Every ordered pair, or those from the named languages: a language without a train split can still be tested."""
    found = named(data_set(), transfer=["zero-shot"], **{"from": ["eng"]})
    assert list(found) == ["eng>hin", "eng>tir", "eng>wol"]
    assert found["eng>tir"].languages == ("eng", "tir")
    assert found["eng>tir"].load().train["eng"].fields["text"] == ("a", "b", "c")
    assert [name for name, subset in found.items() if subset.missing] == ["eng>wol"]
    everything = named(data_set(), transfer=["zero-shot"])
    assert len(everything) == 12
    assert everything["tir>eng"].missing.startswith("nothing to train on")


def test_within_can_be_asked_of_some_languages():
    """``within`` names the languages that learn from their own items; the others are tested from elsewhere alone."""
    found = named(data_set(), transfer=["within", "zero-shot"], within=["eng"], **{"from": ["eng"]})
    assert list(found) == ["eng", "eng>hin", "eng>tir", "eng>wol"]


def test_all_and_rest_train_on_the_languages_at_hand():
    """``rest`` leaves the tested language out; a language without a train split is no part of either."""
    found = named(data_set(), transfer=["all", "rest"])
    assert {name: subset.load().sources for name, subset in found.items() if not subset.missing} == {
        "all>eng": ("eng", "hin"), "all>hin": ("eng", "hin"), "all>tir": ("eng", "hin"),
        "rest>eng": ("hin",), "rest>hin": ("eng",), "rest>tir": ("eng", "hin"),
    }  # fmt: skip
    assert found["all>hin"].languages == ("hin",)
    alone = DataSet({"train": Memory(eng=["a"]), "test": Memory(eng=["b"])})
    assert "no other language" in named(alone, transfer=["rest"])["rest>eng"].missing


@pytest.mark.parametrize("changed", [{"train": {"hin": ["d", "E"]}}, {"dev": {"hin": ["v"]}}, {"test": {"eng": ["F"]}}])
def test_the_fingerprint_covers_every_part(changed):
    """A changed text changes it, in any split and in any training language."""
    options = {"transfer": ["within", "all"]}
    before, after = named(data_set(), **options), named(data_set(**changed), **options)
    assert before["all>eng"].fingerprint != after["all>eng"].fingerprint
    assert len({subset.fingerprint for subset in before.values() if not subset.missing}) == 5
    assert (before["eng"].fingerprint == after["eng"].fingerprint) is ("test" not in changed)


def test_dev_is_that_of_the_training_languages():
    """Nothing of the tested language may be chosen on, unless it is trained on; a language without dev has none."""
    data = data_set(dev={"eng": ["v"], "tir": ["w"]})
    found = named(data, transfer=["zero-shot", "all"], **{"from": ["eng", "hin"]})
    assert {name: tuple(found[name].load().dev) for name in ("eng>tir", "hin>eng", "all>tir")} == {
        "eng>tir": ("eng",), "hin>eng": (), "all>tir": ("eng",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transfer": ["zero shot"]}, "Did you mean 'zero-shot'"),
        ({"transfer": []}, "at least one kind"),
        ({"transfer": ["all", "all"]}, "each once"),
        ({"from": ["eng"]}, "'zero-shot' of transfer"),
        ({"transfer": ["zero-shot"], "from": []}, "name one"),
        ({"transfer": ["zero-shot"], "within": ["eng"]}, "within: the languages that 'within' of transfer trains on"),
        ({"within": ["enq"]}, "within: 'enq' is none of the card's languages. Did you mean 'eng'"),
        ({"transfer": ["zero-shot"], "from": ["enq"]}, "'enq' is none of the card's languages. Did you mean 'eng'"),
    ],
)
def test_wrong_options_are_told(options, message):
    """In a line, before any data is read or as soon as the languages are known."""
    with pytest.raises(UsageError, match=message):
        named(data_set(), **options)


def held_out(source):
    """Train and test of a source."""
    return [HeldOut(source, {"train": 0.6, "test": 0.4}, part) for part in ("train", "test")]


def test_a_held_out_item_is_held_out_in_every_language():
    """Where ids are shared, an item lies in one part, whatever its text is: no translation of it is learned."""
    source = Memory(eng=[f"word {n}" for n in range(200)], hin=[f"शब्द {n}" for n in range(150)])
    train, test = held_out(source)
    learned, asked = set(train.read("eng").ids), set(test.read("hin").ids)
    assert learned.isdisjoint(asked)
    assert set(train.read("hin").ids) <= learned
    assert len(learned) + len(test.read("eng").ids) == 200
    assert 100 < len(learned) < 140


def test_equal_texts_are_held_out_together():
    """Where ids are numbers of rows, equal texts go to one part, so that none is learned and then asked for."""
    train, test = held_out(Memory(own=True, eng=[f"word {n % 70}" for n in range(200)]))
    learned, asked = train.read("eng").fields["text"], test.read("eng").fields["text"]
    assert set(learned).isdisjoint(asked)
    assert len(learned) + len(asked) == 200
