"""Short cards: what a card named by its path leaves out follows from the rest and from the data, and is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

import xlbench_tasks
from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.encoding import EncodingSession
from xlbench.stats import Scorer
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import classification, found_labels

REVIEWS = """\
protocol = "classification"
holdout = { train = 0.5, test = 0.5 }

[data]
reader = "delimited"
files = "reviews/{language}.tsv"
fields = { text = "text", label = "label" }
"""

NAMES = """\
protocol = "tagging"
holdout = { train = 0.5, test = 0.5 }

[data]
reader = "conll"
files = "names/{language}.conll"
"""


class Numbers:
    """An encoder of texts that begin with two numbers, which are their vectors, and of words by their letters."""

    def encode(self, texts, *, role=None):
        return np.array([self._vector(text.split()) for text in texts], np.float32)

    def _vector(self, words):
        return [float(word) for word in words[:2]] if len(words) > 1 else [ord(words[0][0]), len(words[0])]


@pytest.fixture
def made(tmp_path):
    """A function: card, changes of it, name of its file -> the task of its path, and where its data is."""

    def _made(text, *changes, name="reviews"):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return task(read_card(path, str(path))), Data(tmp_path)

    return _made


def write_reviews(folder, language="eng", labels=("bad", "good", "so so"), count=60):
    chance = np.random.default_rng(3)
    rows = [f"{i % 3 + chance.normal() / 4:.3f} {i % 2} {i}\t{labels[i % len(labels)]}" for i in range(count)]
    (folder / "reviews").mkdir(exist_ok=True)
    (folder / f"reviews/{language}.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")


def write_names(folder, kinds=("PER", "LOC"), language="eng"):
    (folder / "names").mkdir(exist_ok=True)
    text = "".join(f"Mr\tO\nn{i}\tB-{kinds[i % len(kinds)]}\nof{i}\tI-{kinds[i % len(kinds)]}\n\n" for i in range(40))
    (folder / f"names/{language}.conll").write_text(text, encoding="utf-8")


def test_a_card_of_a_protocol_and_its_data_is_a_task(made):
    """Its name is that of the file, its license is not stated, its area follows from the protocol."""
    found, _ = made(REVIEWS, name="my-reviews")
    assert (found.name, found.data, found.license, found.description) == (
        "my-reviews",
        "my-reviews",
        "not stated",
        "",
    )
    assert (found.area, found.languages) == ("classification", ())
    assert made(NAMES, name="n")[0].area == "ner"


def test_what_a_card_says_itself_stays(made):
    """Nothing that is written down is replaced."""
    said = 'name = "x"\narea = "reviews"\nlicense = "MIT"\nlanguages = ["eng"]\ndescription = "d"\n'
    found, _ = made(said + REVIEWS)
    assert (found.name, found.area, found.license, found.languages, found.description) == (
        "x",
        "reviews",
        "MIT",
        ("eng",),
        "d",
    )


def test_cards_of_a_package_say_everything(tmp_path):
    """A short card among those of a plugin is an error that lists what it lacks."""
    (tmp_path / "short.toml").write_text(REVIEWS, encoding="utf-8")
    with pytest.raises(UsageError, match=r"short\.toml lacks 'name', 'area', 'description', 'license', 'languages'"):
        list(xlbench_tasks.tasks_of(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('protocol = "classification"\n', "", "lacks 'protocol'"),
        ('protocol = "classification"', 'protocol = "clasification"', "Did you mean 'classification'"),
        ("protocol", 'lisense = "x"\nprotocol', "has no key 'lisense'. Did you mean 'license'"),
        ("protocol", "languages = []\nprotocol", "languages is empty"),
        ("protocol", 'area = "sentimant"\nprotocol', "is all but 'sentiment'"),
        ('files = "reviews/{language}.tsv"', 'files = "a.tsv"', "lacks 'languages'"),
        ('text = "text"', 'text = "{language}"', "say in one place"),
        ("fields =", 'aliases = { e = "english" }\nfields =', "'e' is 'english', which is no ISO 639-3 code"),
    ],
)
def test_a_wrong_short_card_is_told(made, old, new, said):
    """One line that names the file and the key."""
    with pytest.raises(UsageError, match=rf"^reviews\.toml.*{said}"):
        made(REVIEWS, (old, new))


def test_a_column_a_language_needs_the_languages(made):
    """A column ``id`` would be Indonesian: which columns are languages is said by the card."""
    with pytest.raises(UsageError, match=r"lacks 'languages'"):
        made(REVIEWS, ("reviews/{language}.tsv", "a.tsv"), ('text = "text"', 'text = "{language}"'))


def test_a_file_name_that_cannot_be_a_tasks_name_asks_for_one(made):
    """The error names the file, and what a name may hold."""
    with pytest.raises(UsageError, match=r"my reviews\.toml: task name 'my reviews' is not allowed: use letters"):
        made(REVIEWS, name="my reviews")


def test_languages_are_those_at_hand(made, tmp_path):
    """By code or name; an alias comes first; one that is asked for and has no file is missing with its reason."""
    for language in ("eng", "fr", "German", "zh-Hant", "x1"):
        write_reviews(tmp_path, language)
    found, data = made(REVIEWS, ("fields =", 'aliases = { x1 = "mlt" }\nfields ='))
    assert [subset.name for subset in found.subsets(data)] == ["deu", "eng", "fra", "mlt", "zho_Hant"]
    subsets = {subset.name: subset for subset in found.subsets(Data(tmp_path, languages=("hin",)))}
    assert "has no 'hin' here" in subsets["hin"].missing


def test_a_file_that_is_of_no_language_is_an_error_and_not_left_out(made, tmp_path):
    """Nobody said which files are meant, so none is dropped in silence; nor are two of one language."""
    write_reviews(tmp_path)
    (tmp_path / "reviews/readme.tsv").write_text("x\n")
    found, data = made(REVIEWS)
    with pytest.raises(DataError, match=r"readme\.tsv: 'readme' is no language's code or name: name its language"):
        list(found.subsets(data))
    (tmp_path / "reviews/readme.tsv").rename(tmp_path / "reviews/en.tsv")
    found, data = made(REVIEWS)
    with pytest.raises(DataError, match=r"are both 'eng'"):
        list(found.subsets(data))


def test_a_language_option_is_checked_against_what_is_at_hand(made, tmp_path):
    """A misspelled one is an error as soon as the files are known."""
    write_reviews(tmp_path)
    write_reviews(tmp_path, "hin")
    options = '[options]\ntransfer = ["zero-shot"]\nfrom = ["enk"]\n'
    found, data = made(REVIEWS + options)
    with pytest.raises(
        UsageError, match=r"'enk' is none of the card's languages; give one of them. Did you mean 'eng'"
    ):
        list(found.subsets(data))


def test_the_only_language_is_said_once(made):
    """``language`` of [data] is the card's."""
    found, _ = made(REVIEWS, ('reviews/{language}.tsv"', 'a.tsv"\nlanguage = "mlt"'))
    assert found.languages == ("mlt",)


def outcome_of(found, data):
    (subset,) = found.subsets(data)
    assert not subset.damaged, subset.damaged
    return found.evaluate(subset, EncodingSession(Numbers()))


LISTED = ('fields = { text = "text", label = "label" }\n', """\
fields = { text = "text", label = "label" }

[options]
labels = ["bad", "good", "so so"]
""")  # fmt: skip


@pytest.mark.parametrize("options", ["", "\nshots = 4\ndraws = 3\n", "\nprobe = 'knn'\n"])
def test_labels_of_the_data_score_as_listed_ones(made, tmp_path, options):
    """The same values, intervals and chance levels as with the same labels in the card, but none of a class."""
    write_reviews(tmp_path)
    listed, data = made(REVIEWS, (LISTED[0], LISTED[1] + options))
    found, _ = made(REVIEWS + "\n[options]" + options)
    names = [metric.name for metric in found.metrics]
    assert names == [metric.name for metric in listed.metrics if not metric.name.startswith("f1:")]
    ours, theirs = outcome_of(found, data), outcome_of(listed, data)
    for one, other in zip(found.metrics, listed.metrics, strict=False):
        assert Scorer().score(one, ours.columns)[0] == Scorer().score(other, theirs.columns)[0]
    assert ours.chance == {name: theirs.chance[name] for name in names}


def test_labels_that_were_found_are_shown(made, tmp_path):
    """They are in the facts, and a note says that the card lists none; a listed card has no such note."""
    write_reviews(tmp_path)
    found, data = made(REVIEWS)
    outcome = outcome_of(found, data)
    assert json.loads(outcome.facts["label_names"]) == ["bad", "good", "so so"]
    assert found_labels.NOTE in outcome.notes
    listed, _ = made(REVIEWS, LISTED)
    assert found_labels.NOTE not in outcome_of(listed, data).notes


def test_two_spellings_of_a_label_are_an_error(made, tmp_path):
    """Nobody listed them, so nothing says which is meant."""
    write_reviews(tmp_path, labels=("bad", "good", "Good "))
    found, data = made(REVIEWS)
    (subset,) = found.subsets(data)
    assert "'Good ' and 'good' are spellings of one label" in subset.damaged


def test_a_label_of_its_own_for_every_item_is_an_error(made, tmp_path):
    """A column of ids is not taken for that of labels, whose score of 0 would say nothing."""
    write_reviews(tmp_path, labels=[f"r{number}" for number in range(60)])
    found, data = made(REVIEWS)
    (subset,) = found.subsets(data)
    assert "each of 60 items has a label of its own, such as 'r" in subset.damaged
    write_reviews(tmp_path, labels=[f"r{number}" for number in range(30)])
    sample = next(iter(found.subsets(Data(tmp_path, limit=30))))
    assert "has a label of its own" not in sample.damaged, "a sample has one item of each label"


def test_many_labels_that_nobody_listed(made, tmp_path):
    """With more than a hundred, averages are those of listed ones to the last digit, up to rounding."""
    labels = [f"c{i:03}" for i in range(120)]
    write_reviews(tmp_path, labels=labels, count=720)
    found, _ = made(REVIEWS)
    listed, _ = made(REVIEWS, (LISTED[0], f"{LISTED[0]}[options]\nlabels = {json.dumps(labels)}\n"))
    columns = {"true": np.arange(720) % 120, "predicted": np.arange(720) % 120 // 2}
    counted = {**columns, **found_labels.count_column(columns["true"], labels)}
    for one, other in zip(found.metrics, listed.metrics, strict=True):
        ours, theirs = Scorer().score(one, counted)[0], Scorer().score(other, columns)[0]
        assert (ours.value, ours.se) == pytest.approx((theirs.value, theirs.se), rel=1e-3)
    assert classification.MANY < 120


def test_labels_are_said_once(made, tmp_path):
    """Those that a table of [data] gives its values are the protocol's: it is the task of a card that says both."""
    table = '\nlabels = { 0 = "bad", 1 = "good", 2 = "so so", 9 = "good" }\n'
    once, _ = made(REVIEWS + table)
    both, _ = made(REVIEWS + table + '[options]\nlabels = ["bad", "good", "so so"]\n')
    assert once.identity() == both.identity()
    assert "f1:so-so" in [metric.name for metric in once.metrics]


def test_types_of_entities_are_said_once(made, tmp_path):
    """Those that ``tags`` maps to are the protocol's, without the dropped ones."""
    tags = '\ntags = { PER = "PER", GPE = "LOC", LOC = "LOC", DATE = "O", "*" = "O" }\n'
    once, _ = made(NAMES + tags)
    both, _ = made(NAMES + tags + '[options]\ntypes = ["PER", "LOC"]\n')
    assert once.identity() == both.identity()
    write_names(tmp_path, ("PER", "GPE", "WORK"))
    outcome = outcome_of(once, Data(tmp_path))
    assert {name for name in outcome.facts if name.startswith("entities_")} == {
        "entities_dropped", "entities_dropped:WORK", "entities_kept:PER", "entities_mapped:GPE>LOC",
    }  # fmt: skip


def test_types_of_options_are_the_tags(made, tmp_path):
    """Without ``tags``, each listed type is itself, and any other is an error with its line."""
    write_names(tmp_path, ("PER", "LOC"))
    found, data = made(NAMES + '[options]\ntypes = ["PER"]\n')
    (subset,) = found.subsets(data)
    assert "tags of no type that 'tags' of the card has: 'B-LOC' (20 times, first at line 6)" in subset.damaged


def test_types_of_the_data_score_as_listed_ones(made, tmp_path):
    """Which they are is in the facts and in a note; spellings of one type are an error."""
    write_names(tmp_path)
    found, data = made(NAMES, name="names")
    listed, _ = made(NAMES + '[options]\ntypes = ["LOC", "PER"]\n', name="names")
    ours, theirs = outcome_of(found, data), outcome_of(listed, data)
    assert ours.facts["types"] == "LOC, PER"
    assert any("lists no types of entities" in note for note in ours.notes)
    assert "types" not in theirs.facts
    for one, other in zip(found.metrics, listed.metrics, strict=False):
        assert Scorer().score(one, ours.columns)[0] == Scorer().score(other, theirs.columns)[0]
    assert set(ours.chance) == {metric.name for metric in found.metrics}
    write_names(tmp_path, ("PER", "Per"))
    found, data = made(NAMES)
    assert "'PER' and 'Per' are spellings of one label" in next(iter(found.subsets(data))).damaged


def test_a_catch_all_can_be_a_type(made, tmp_path):
    """``"*" = "MISC"`` takes all other types, and words outside of entities stay outside."""
    write_names(tmp_path, ("PER", "WORK"))
    found, data = made(NAMES + '\ntags = { PER = "PER", "*" = "MISC" }\n')
    outcome = outcome_of(found, data)
    assert "entities_mapped:WORK>MISC" in outcome.facts
    assert outcome.facts["support:MISC"] + outcome.facts["support:PER"] == len(outcome.item_ids)


def test_what_is_no_tag_is_an_error_with_its_line_though_any_type_will_do(made, tmp_path):
    """Only O, and a prefix with a type, are tags."""
    write_names(tmp_path)
    path = tmp_path / "names/eng.conll"
    path.write_text(path.read_text().replace("B-PER", "PER", 1))
    found, data = made(NAMES)
    assert (
        "eng.conll: tags that are neither O nor a prefix, a hyphen and a type: 'PER' (1 time, first at line 2)"
        in next(iter(found.subsets(data))).damaged
    )


PAIRS = """\
protocol = "pairs"

[data]
reader = "delimited"
files = "pairs.tsv"
fields = { text = "a", second = "b", label = "label" }
language = "eng"

[options]
positive = "yes"
"""


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("yes", "no"), ""),
        (("yes", "no", "maybe"), "the pairs have the labels maybe, no, yes; there must be two"),
        (("si", "no"), "the pairs have the labels no, si; there must be two, one of them the positive one, 'yes'"),
    ],
)
def test_pairs_need_only_to_know_which_label_is_positive(made, tmp_path, labels, said):
    """The other one is what else the data has; a third one is an error."""
    rows = "".join(f"a{i}\tb{i}\t{labels[i % len(labels)]}\n" for i in range(12))
    (tmp_path / "pairs.tsv").write_text("a\tb\tlabel\n" + rows)
    found, data = made(PAIRS)
    (subset,) = found.subsets(data)
    assert (said in subset.damaged) if said else subset.n == 12


def test_a_folder_of_ones_own_has_no_revision(made, tmp_path):
    """The hub's reader reads a local folder without one; where there is no folder, that is said."""
    text = REVIEWS.replace('reader = "delimited"\nfiles = "reviews/{language}.tsv"', 'reader = "hub"\nrepo = "me/mine"')
    found, data = made(text + '\nsplit = "test"\nlanguage = "eng"\n')
    assert "revision" not in found.home
    with pytest.raises(DataMissing, match=r"me/mine is not at hand: no folder me/mine under .*; for the hub's"):
        found.download.at_hand(data)
    (tmp_path / "me/mine").mkdir(parents=True)
    rows = [{"text": f"{i % 2} {i}", "label": "ab"[i % 2]} for i in range(30)]
    (tmp_path / "me/mine/test.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    found, data = made(text + '\nsplit = "test"\nlanguage = "eng"\n')
    assert next(iter(found.subsets(data))).n > 5
