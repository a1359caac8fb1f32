"""The embedded suite's own sentences: aligned, in the right script, valid, balanced, and none of them nearly twice."""

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

import xlbench_tasks

MINI = Path(xlbench_tasks.__file__).parent / "mini"
LANGUAGES = sorted(path.stem for path in (MINI / "parallel").glob("*.tsv"))
TABLES = ("parallel", "news", "sentiment", "words")
SCRIPTS = {"hin": "DEVANAGARI", "nep": "DEVANAGARI", "tel": "TELUGU"}
TYPES = ("PER", "LOC", "ORG")

AT_LEAST = {"parallel": 100, "news": 96, "sentiment": 100, "ner": 80}


def table(name, language):
    with (MINI / name / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def text_of(row):
    return row.get("text") or row["word"]


def sentences(language):
    """(id, tokens, tags) of every sentence of the NER file."""
    for block in (MINI / "ner" / f"{language}.conll").read_text(encoding="utf-8").strip("\n").split("\n\n"):
        first, *lines = block.split("\n")
        pairs = [line.split("\t") for line in lines]
        yield first.removeprefix("# id = "), [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def texts(language):
    """Every sentence of a language with where it stands."""
    for name in ("parallel", "news", "sentiment"):
        for row in table(name, language):
            yield row["id"], row["text"]
    for item, tokens, _ in sentences(language):
        yield item, " ".join(tokens)


def entities(tags):
    """Types of the entities that strict IOB2 tags mark."""
    return Counter(tag[2:] for tag in tags if tag.startswith("B-"))


def test_at_least_eight_languages():
    """English, Hindi, Nepali, Telugu, Slovak, Turkish, Icelandic, and Swahili, Urdu or Maltese; in all five kinds."""
    assert {"eng", "hin", "nep", "tel", "slk", "tur", "isl"} <= set(LANGUAGES)
    assert {"swa", "urd", "mlt"} & set(LANGUAGES)
    for name, suffix in (*((name, "tsv") for name in TABLES), ("ner", "conll")):
        assert sorted(path.stem for path in (MINI / name).glob(f"*.{suffix}")) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_items_are_the_same_in_every_language(language):
    """Equal ids, labels and sets, in the same order: languages are compared on equal items."""
    for name in TABLES:
        assert [{**row, "text": "", "word": ""} for row in table(name, language)] == [
            {**row, "text": "", "word": ""} for row in table(name, "eng")
        ], name
    assert [item for item, _, _ in sentences(language)] == [item for item, _, _ in sentences("eng")]


def test_size_and_balance():
    """Enough items; equal numbers of every topic and of every word class, as many praises as complaints."""
    for name in ("parallel", "news", "sentiment"):
        assert len(table(name, "eng")) >= AT_LEAST[name]
    assert len(list(sentences("eng"))) >= AT_LEAST["ner"]
    for name, classes in (("news", 4), ("sentiment", 2)):
        counts = Counter(row["label"] for row in table(name, "eng"))
        assert len(counts) == classes
        assert len(set(counts.values())) == 1
    by_set = Counter((row["set"], row["label"]) for row in table("words", "eng"))
    assert {name for name, _ in by_set} == {"sentiment", "relatedness", "entities"}
    assert min(by_set.values()) >= 20
    for name in ("sentiment", "relatedness", "entities"):
        assert len({count for (kind, _), count in by_set.items() if kind == name}) == 1


def test_density_of_entities():
    """Some sentences have no entity, some have several, and every type has its share."""
    per_sentence = [entities(tags) for _, _, tags in sentences("eng")]
    none = sum(not found for found in per_sentence) / len(per_sentence)
    assert 0.15 < none < 0.4
    assert sum(sum(found.values()) > 1 for found in per_sentence) > 20
    total = sum(per_sentence, Counter())
    assert min(total[kind] for kind in TYPES) >= 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_are_strict_iob2(language):
    """Known types only; an I- continues an entity of its own type; the same entities as in English."""
    for (item, tokens, tags), (_, _, english) in zip(sentences(language), sentences("eng"), strict=True):
        assert all(tokens), item
        assert len(tokens) == len(tags), item
        for before, tag in zip(["O", *tags], tags, strict=False):
            assert tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:] in TYPES), item
            assert not tag.startswith("I-") or before in (f"B-{tag[2:]}", f"I-{tag[2:]}"), item
        assert entities(tags) == entities(english), item


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_in_their_script(language):
    """At least nine letters in ten are of the language's script; texts are NFC, on one line, without stray space."""
    script = SCRIPTS.get(language, "LATIN")
    for item, text in [*texts(language), *((row["id"], row["word"]) for row in table("words", language))]:
        assert text == unicodedata.normalize("NFC", text).strip(), item
        assert not set(text) & set("\t\r\n\u200b\ufeff"), item
        letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
        assert sum(name.startswith(script) for name in letters) >= 0.9 * len(letters), (item, text)
        assert letters or language == "eng", item


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"eng"}))
def test_nothing_was_left_in_english(language):
    """No sentence equals its English one."""
    english = dict(texts("eng"))
    assert not [item for item, text in texts(language) if text == english[item]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_and_passages_are_aligned_and_in_their_script(language):
    """Sixty of each, under the ids of English, none like another; a question asks, and nothing was left in English."""
    rows, english = table("search", language), table("search", "eng")
    assert [row["id"] for row in rows] == [row["id"] for row in english]
    assert len(rows) == 60
    script = SCRIPTS.get(language, "LATIN")
    for name in ("question", "passage"):
        assert len({row[name].casefold() for row in rows}) == 60
        for row, other in zip(rows, english, strict=True):
            text = row[name]
            assert text == unicodedata.normalize("NFC", text).strip()
            letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
            assert sum(letter.startswith(script) for letter in letters) >= 0.9 * len(letters), (row["id"], text)
            assert language == "eng" or text != other[name], row["id"]
    assert all(row["question"].endswith("?") for row in rows)
    assert all(row["passage"][-1] in ".।" for row in rows)
    bags = [(row["id"], frozenset(row["passage"].casefold().split())) for row in rows]
    bags += [(item, frozenset(text.casefold().split())) for item, text in texts(language)]
    for index, (item, bag) in enumerate(bags[:60]):
        assert not [other for other, rival in bags[index + 1 :] if jaccard(bag, rival) > 0.6], item


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_find_passages_within_a_language_and_not_across_scripts(language):
    """BM25 is far above random order within each language, and at chance or below where scripts differ."""
    from xlbench import Data, EncodingSession
    from xlbench_baselines.bm25 import BM25, NoVectors
    from xlbench_tasks.card.read import CARDS, read_card
    from xlbench_tasks.card.task import task

    made = task(read_card(CARDS / "mini-search.toml"))
    script = SCRIPTS.get(language, "LATIN")
    for subset in made.subsets(Data()):
        if subset.languages[0] != language:
            continue
        outcome = made.evaluate(subset, EncodingSession(NoVectors(), search=BM25))
        score, chance = outcome.columns["ndcg_at_10"].mean(), outcome.chance["ndcg_at_10"]
        if subset.name == language:
            assert 0.75 < score <= 1
        elif SCRIPTS.get(subset.languages[1], "LATIN") != script:
            assert score <= chance, subset.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_are_of_the_words_and_the_same_in_every_language(language):
    """Both words of a pair are those of `words/`, wherever English has them; ids, scores and labels are English's."""
    word_of = {row["id"]: row["word"] for row in table("words", language) if row["set"] == "relatedness"}
    id_of = {row["word"]: row["id"] for row in table("words", "eng") if row["set"] == "relatedness"}
    pairs, english = table("pairs", language), table("pairs", "eng")
    for side in ("first", "second"):
        assert [pair[side] for pair in pairs] == [word_of[id_of[pair[side]]] for pair in english]
    for name in ("id", "score", "label"):
        assert [pair[name] for pair in pairs] == [pair[name] for pair in english]
    assert Counter(pair["score"] for pair in pairs) == dict.fromkeys("01234", 20)
    assert {(pair["score"] in "34", pair["label"]) for pair in pairs} == {(True, "related"), (False, "unrelated")}


def jaccard(a, b):
    return len(a & b) / len(a | b)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_near_duplicates_and_no_leakage(language):
    """No two sentences, of one kind or of two, share most of their words; words are distinct within a set."""
    bags = [(item, frozenset(text.casefold().split())) for item, text in texts(language)]
    for index, (item, bag) in enumerate(bags):
        close = [other for other, rival in bags[:index] if jaccard(bag, rival) > 0.6]
        assert not close, (item, close)
    words = Counter((row["set"], row["word"].casefold()) for row in table("words", language))
    assert max(words.values()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_lengths_vary(language):
    """Sentences are short and long: no template made them."""
    lengths = [len(row["text"]) for row in table("parallel", language)]
    assert max(lengths) > 3 * min(lengths)
    assert len(set(lengths)) > 40


def test_the_datasheet_names_every_language_and_file():
    """The datasheet lists what is there."""
    sheet = (MINI / "DATASHEET.md").read_text(encoding="utf-8")
    for language in LANGUAGES:
        assert f"`{language}`" in sheet
    for name in (*TABLES, "ner", "pairs", "search"):
        assert f"`{name}/`" in sheet
