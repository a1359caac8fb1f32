"""The scheme ``tagger:``: a token classifier's own tags, how they are mapped, decoded, counted and told."""

import itertools
import json

import checkpoints
import numpy as np
import pytest

import xlbench
from xlbench import EncoderError, EncodingSession, UsageError, catalog
from xlbench.testing import check_model
from xlbench_transformers import type_names
from xlbench_transformers.encoders.tag_labels import labels_of

CARD = """
name = "made"
area = "ner"
protocol = "tagging"
description = "made up"
license = "CC0-1.0"
languages = ["hin", "tur"]
splits = { train = "train", test = "test" }
[data]
reader = "conll"
files = "{language}-{split}.txt"
[data.tags]
NEP = "NEP"
NEL = "NEL"
NEN = "NEN"
[options]
types = ["NEP", "NEL", "NEN"]
transfer = ["within", "zero-shot"]
"""
TAGS = ("O", "O", "O", "B-NEP", "I-NEP", "B-NEL", "B-NEN")


def rows(language, seed, n=40):
    """Sentences of the embedded texts with tags drawn at random, an I- only after a B- or I- of its type."""
    random = np.random.default_rng(seed)
    for text in checkpoints.sentences(language)[seed * n : (seed + 1) * n]:
        before = "O"
        sentence = []
        for word in text.split()[:10]:  # in one window
            tag = str(random.choice(TAGS))
            tag = "B" + tag[1:] if tag[0] == "I" and before[2:] != tag[2:] else tag
            sentence.append((word, tag))
            before = tag
        yield sentence


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A card with files, and the sentences of its Hindi test."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.toml").write_text(CARD, encoding="utf-8")
    for number, split in enumerate(("train", "test")):
        for language in ("hin", "tur"):
            text = "\n".join(
                "".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in rows(language, number)
            )
            (folder / f"{language}-{split}.txt").write_text(text, encoding="utf-8")
    return folder, list(rows("hin", 1))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A tagger of persons, places and something that the card does not have; of numbers it has no tag."""
    folder = tmp_path_factory.mktemp("tagger") / "tagger"
    return checkpoints.token_classifier(folder, [*checkpoints.TAGS, "B-MISC", "I-MISC"], seed=1)


def scored(spec, made, tmp_path, task="made.toml"):
    """The cells of a model on the card, by subset."""
    folder, _ = made
    (run,) = xlbench.run([spec], [str(folder / task)], data=folder, results=tmp_path / "results")
    return {cell.subset: cell for cell in run.cells}


def model_of(spec):
    """The model that a spec means."""
    (model,) = catalog.load().select_models([spec])
    return model


def argmax_tags(folder, sentences):
    """Each word's best label at its first piece, one sentence at a time, by transformers alone."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    for words in sentences:
        batch = tokenizer([words], is_split_into_words=True, return_tensors="pt")
        assert batch["input_ids"].shape[1] <= checkpoints.MAX_LENGTH
        with torch.inference_mode():
            scores = model(**batch).logits[0]
        ids = batch.word_ids(0)
        firsts = [ids.index(number) for number in range(len(words))]
        yield [model.config.id2label[int(scores[place].argmax())] for place in firsts]


def entities(tags, *, strict):
    """Entities (first word, last word, type) as seqeval reads them: strictly, or as conlleval."""
    found, start, kind = [], None, None
    for place, tag in enumerate([*tags, "O"]):
        sign, _, own = tag.partition("-")
        if start is not None and (sign != "I" or own != kind):
            found.append((start, place - 1, kind))
            start = None
        if sign == "B" or (sign == "I" and start is None and not strict):
            start, kind = place, own
    return set(found)


def f1(gold, given, *, strict):
    """Micro F1 over the entities of all sentences."""
    pairs = [(entities(a, strict=strict), entities(b, strict=strict)) for a, b in zip(gold, given, strict=True)]
    right, total = sum(len(a & b) for a, b in pairs), sum(len(a) + len(b) for a, b in pairs)
    return 2 * right / total


@pytest.mark.slow
def test_scores_are_those_of_an_independent_computation(made, tagger, tmp_path):
    """With ``decode=each``, entity and lenient F1 equal those counted by hand over transformers' own best labels."""
    _, test = made
    gold = [[tag for _, tag in sentence] for sentence in test]
    words = [[word for word, _ in sentence] for sentence in test]
    read = {"PER": "NEP", "LOC": "NEL", "MISC": None}
    given = [
        ["O" if tag == "O" or read[tag[2:]] is None else f"{tag[:2]}{read[tag[2:]]}" for tag in tags]
        for tags in argmax_tags(tagger, words)
    ]
    cell = scored(f"tagger:{tagger}?decode=each", made, tmp_path)["hin"]
    values = {score.metric: score.value for score in cell.scores}
    assert values["entity_f1"] == pytest.approx(f1(gold, given, strict=True))
    assert values["lenient_f1"] == pytest.approx(f1(gold, given, strict=False))
    assert 0 < values["entity_f1"] < values["lenient_f1"]


def test_what_the_tagger_lacks_is_told_and_never_zero(made, tagger, tmp_path):
    """A type without a tag has no F1, its entities are counted, and a footnote names it beside what is left out."""
    cells = scored(f"tagger:{tagger}", made, tmp_path)
    cell = cells["hin"]
    values = {score.metric: score.value for score in cell.scores}
    numbers = sum(tag == "B-NEN" for sentence in made[1] for _, tag in sentence)
    assert values["f1:NEN"] is None
    assert values["f1:NEP"] is not None
    assert cell.facts["types_missing"] == "NEN"
    assert cell.facts["own_types_dropped"] == "MISC"
    assert cell.facts["entities_of_missing_types"] == numbers > 0
    assert cell.facts["f1_of_types_that_it_has"] > values["entity_f1"]
    notes = " ".join(cell.notes)
    assert "own tags, not those of a probe" in notes
    assert f"no tags for NEN ({numbers}" in notes
    assert "left out: MISC" in notes
    assert cells["tur>hin"].main.value == cell.main.value


def test_a_mapping_is_followed(made, tagger, tmp_path):
    """``map=`` reads a type as another, and leaves one out; both give other models than the plain one."""
    mapped = scored(f"tagger:{tagger}?map=MISC=NEN,LOC=O", made, tmp_path)["hin"]
    assert mapped.facts["types_missing"] == "NEL"
    assert {score.metric: score.value for score in mapped.scores}["f1:NEL"] is None
    assert model_of(f"tagger:{tagger}?map=MISC=NEN").identity() != model_of(f"tagger:{tagger}").identity()


def test_no_common_type_is_an_error_that_says_what_to_do(made, tmp_path):
    """A tagger of none of the card's types has no score but an error with the mapping to write."""
    folder = checkpoints.token_classifier(tmp_path / "odd", ["O", "B-X", "I-X"])
    cell = scored(f"tagger:{folder}", made, tmp_path)["hin"]
    assert cell.status == "error"
    assert "none of the model's own types (X)" in cell.reason
    assert "?map=OWN=TYPE" in cell.reason


def test_training_sets_are_not_drawn_for_own_tags(made, tagger, tmp_path):
    """Where intervals are to hold the luck of the training set, a model's own tags say that there is none."""
    folder, _ = made
    (run,) = xlbench.run(
        [f"tagger:{tagger}"], [str(folder / "made.toml")], data=folder, results=tmp_path / "r", ci_training=4
    )
    assert all("leave --ci-training out" in cell.reason for cell in run.cells)


@pytest.mark.slow
def test_a_tagger_conforms(tagger):
    """It passes the kit: vectors, and tags that are the same alone, in any order and after loading again."""
    check_model(model_of(f"tagger:{tagger}"))


def test_windows_tag_every_word(tagger):
    """A sentence far beyond the length limit has a tag a word; within the first window, those of its beginning."""
    made_of = [word for text in checkpoints.sentences("hin")[:20] for word in text.split()]
    tags = EncodingSession(load=list, tag=model_of(f"tagger:{tagger}").tag).tag_words([made_of], ("PER", "LOC"))
    assert len(tags.tags) == len(made_of) > 200
    assert len(set(tags.tags[150:])) > 1


def test_a_plain_encoder_is_refused(tmp_path):
    """A checkpoint without a classifier would be tagged by a random head: it is refused, with what it can be."""
    folder = checkpoints.bert(tmp_path / "bert")
    with pytest.raises(UsageError, match=r"is a BertModel and no token classifier.*hf:"):
        model_of(f"tagger:{folder}")


def test_a_missing_head_is_an_error(tagger, tmp_path):
    """A folder that says it is a token classifier, without the head's weights, is an error and not a random score."""
    folder = checkpoints.bert(tmp_path / "bert")
    (folder / "config.json").write_text((tagger / "config.json").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(EncoderError, match=r"missing \(classifier"):
        model_of(f"tagger:{folder}").tag()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("map=PER", "is no OWN=TYPE"),
        ("map=PER=NEP,PER=NEL", "mapped twice"),
        ("decode=vlaid", "Did you mean 'valid'"),
        ("mapp=PER=NEP", "Did you mean 'map'"),
        ("dimensions=8", "dimensions"),
    ],
)
def test_wrong_options_are_told(tagger, options, message):
    """A mapping that is none and a wrong option are errors before anything is loaded."""
    with pytest.raises(UsageError, match=message):
        model_of(f"tagger:{tagger}?{options}")


def test_a_type_that_the_checkpoint_lacks_is_told(tagger):
    """A mapping of a type that the labels do not have says which was meant."""
    with pytest.raises(UsageError, match=r"has no type 'PERS'.*Did you mean 'PER'"):
        model_of(f"tagger:{tagger}?map=PERS=NEP").tag()


def test_names_of_other_tag_sets_are_read():
    """Types are matched by name, then by meaning; where two would fit, none is taken."""
    read = type_names.read_as
    assert read(["Person", "LOC", "GPE", "DATE", "X"], ["NEP", "NEL", "NETI"], {}) == {
        "Person": "NEP", "LOC": "NEL", "GPE": "NEL", "DATE": "NETI", "X": "",
    }  # fmt: skip
    assert read(["timex"], ["DATE", "TIME"], {}) == {"timex": ""}
    assert read(["TIMEX"], ["DATE", "TIME"], {"TIMEX": "DATE"}) == {"TIMEX": "DATE"}
    assert read(["PER"], ["PER"], {"PER": "NEP"}) == {"PER": "PER"}  # NEP is not asked for by this task
    assert read(["LOC"], ["LOC"], {"LOC": ""}) == {"LOC": ""}
    every = [name for names in type_names.COMMON.values() for name in names]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (["O", "B-PER", "I-PER"], "iob2"),
        (["O", "B-MISC", "I-MISC", "I-PER"], "iob1"),
        (["O", "PER", "LOC"], "io"),
        (["O", "B-PER", "I-PER", "E-PER", "S-PER"], "bioes"),
        (["O", "B_PER", "I_PER", "L_PER", "U_PER"], "bioes"),
    ],
)
def test_the_scheme_follows_from_the_labels(labels, scheme):
    """Labels with and without prefixes are read as what they are."""
    assert labels_of(dict(enumerate(labels))).scheme == scheme


def test_labels_that_are_no_tags_are_refused():
    """LABEL_0 names nothing that could be mapped."""
    with pytest.raises(EncoderError, match="id2label"):
        labels_of({0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(EncoderError, match="are iob2"):
        labels_of({0: "O", 1: "B-PER", 2: "I-PER"}, "bioes")


READ = {"PER": "NEP", "LOC": "NEL"}


@pytest.mark.parametrize(
    ("labels", "given", "tags"),
    [
        (["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], "B-PER I-PER O I-LOC", "B-NEP I-NEP O I-NEL"),
        (["O", "I-PER", "I-LOC"], "I-PER I-PER O I-LOC I-PER", "B-NEP I-NEP O B-NEL B-NEP"),
        (["O", "B-PER", "I-PER", "I-LOC"], "I-PER B-PER I-PER I-LOC", "B-NEP B-NEP I-NEP B-NEL"),
        (["O", "B-PER", "I-PER", "E-PER", "S-PER"], "S-PER B-PER I-PER E-PER O", "B-NEP B-NEP I-NEP I-NEP O"),
        (["O", "B-PER", "I-PER", "B-X", "I-X"], "B-X I-X B-PER", "O O B-NEP"),
    ],
)
def test_labels_become_tags_of_the_task(labels, given, tags):
    """Every scheme is written as IOB2 over the types that are asked for."""
    known = labels_of(dict(enumerate(labels)))
    assert known.as_iob2([labels.index(label) for label in given.split()], READ) == tags.split()


@pytest.mark.parametrize("labels", [
    ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    ["O", "B-PER", "I-PER", "E-PER", "S-PER"],
    ["O", "I-PER", "I-LOC"],
])  # fmt: skip
def test_the_best_valid_sequence_is_that_of_all_sequences(labels):
    """Viterbi's path scores as the best of all sequences that the scheme allows, tried one by one."""
    known = labels_of(dict(enumerate(labels)))
    scores = np.random.default_rng(1).normal(size=(25, 4, len(labels)))

    def valid(path):
        names = [labels[label] for label in path]
        for before, after in itertools.pairwise(["O", *names, "O"]):
            if known.scheme == "iob2" and after[0] == "I" and before[1:] != after[1:]:
                return False
            if known.scheme == "bioes":
                opened = before[0] in "BI"
                if opened != (after[0] in "IE") or (opened and before[2:] != after[2:]):
                    return False
        return True

    for one in scores:
        paths = [path for path in itertools.product(range(len(labels)), repeat=4) if valid(path)]
        best = max(sum(one[word, label] for word, label in enumerate(path)) for path in paths)
        chosen = known.best(one)
        assert valid(chosen)
        assert sum(one[word, label] for word, label in enumerate(chosen)) == pytest.approx(best)


class Tags:
    """A tagger that says what it is told to."""

    def __init__(self, tags, reading=None):
        self.tags, self.reading = tags, reading or {"PER": "PER"}

    def read_as(self, types):
        return self.reading

    def tag_words(self, sentences, types):
        return self.tags


@pytest.mark.parametrize(
    ("tags", "reading", "message"),
    [
        ([["O", "O"]], None, "2 tags for a sentence of 1 words"),
        ([["B-LOC"]], None, "the tag 'B-LOC'"),
        ([], None, "for 1 sentences"),
        ([["O"]], {"PER": "LOC"}, "which is none of PER"),
        ([["O"]], {"X": ""}, "none of the model's own types"),
        ([["O"]], ["PER"], "return own types"),
    ],
)
def test_tags_that_cannot_be_scored_are_errors(tags, reading, message):
    """A session checks how many tags there are, and of which types."""
    session = EncodingSession(load=list, tag=lambda: Tags(tags, reading))
    with pytest.raises(EncoderError, match=message):
        session.tag_words([["Anna"]], ["PER"])


def test_a_sentence_is_tagged_once():
    """Equal sentences are tagged once for a list of types, and counted so; what a tagger raises is one line."""

    class Counting(Tags):
        def tag_words(self, sentences, types):
            return [["O"] * len(words) for words in sentences]

    session = EncodingSession(load=list, tag=lambda: Counting(None))
    assert session.tag_words([["a", "b"], ["c"], ["a", "b"]], ["PER"]).tags == ["O"] * 5
    session.tag_words([["c"]], ["PER"])
    assert session.encoded == 2

    class Failing(Tags):
        def tag_words(self, sentences, types):
            raise KeyError("x")

    with pytest.raises(EncoderError, match="own tagger fails: KeyError"):
        EncodingSession(load=list, tag=lambda: Failing(None)).tag_words([["a"]], ["PER"])


def test_a_changed_label_is_another_model(tagger, tmp_path):
    """The labels in ``config.json`` are part of the identity."""
    other = checkpoints.token_classifier(tmp_path / "other", [*checkpoints.TAGS, "B-MISC", "I-MISC"], seed=1)
    same = model_of(f"tagger:{other}").identity()
    assert same == model_of(f"tagger:{tagger}").identity()
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    config["id2label"]["1"] = "B-ORG"
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert model_of(f"tagger:{other}").identity() != same
