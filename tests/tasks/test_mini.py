"""The embedded suite's own texts: aligned, in the right script, valid, balanced, and none of them nearly twice."""

import re
import shutil
from pathlib import Path

import embedded_suite as checks
import pytest

import xlbench_tasks

MINI = Path(xlbench_tasks.__file__).parent / "mini"
LANGUAGES = checks.languages(MINI)


def test_ten_languages():
    """English, eight that were there from the first edition on, Urdu and Maltese."""
    assert set(LANGUAGES) == {"eng", "hin", "nep", "tel", "slk", "tur", "isl", "swa", "urd", "mlt"}


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_the_suite_has_no_fault(check):
    """Every check of the validator, on the files that ship."""
    assert list(check(MINI)) == []


@pytest.fixture
def copy(tmp_path):
    """A copy of the suite to plant a fault in."""
    return Path(shutil.copytree(MINI, tmp_path / "mini"))


def change(path, old, new):
    """Replace in a file what is there: once, or with ``all:`` in front everywhere; with ``re:``, by a pattern."""
    text = path.read_text(encoding="utf-8")
    if old.startswith("re:"):
        changed = re.sub(old[3:], new, text, count=1)
    else:
        changed = text.replace(old[4:], new) if old.startswith("all:") else text.replace(old, new, 1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def text_of(mini, name, language, item, column="text"):
    return next(row[column] for row in checks.table(mini, name, language) if row["id"] == item)


PLANTED = [
    ("same_files", "search/tel.tsv", None, None, "search/tel.tsv: lacking"),
    ("same_items", "news/hin.tsv", "\tpolitics\t", "\tsport\t", "label 'sport'"),
    ("same_items", "parallel/swa.tsv", "\tplain\t", "\tlong\t", "difficulty 'long'"),
    ("same_items", "sentiment/isl.tsv", "re:(?m)^s030.*\n", "", "199 rows, English has 200"),
    ("same_items", "ner/slk.conll", "# id = e100", "# id = e999", "ids are not those of English"),
    ("whole_sizes", "parallel/eng.tsv", "p017\t", "p917\t", "parallel: ids are not the 300 from p001 on"),
    ("whole_sizes", "sentiment/eng.tsv", "\tirony\t", "\tironic\t", "kind 'ironic'"),
    ("whole_sizes", "news/eng.tsv", "re:\tscience\thealth\t", "\tscience\tscience\t", "crosses 'science'"),
    ("balance", "news/eng.tsv", "re:\tscience\thealth\t", "\thealth\tscience\t", "'health': 41"),
    ("valid_tags", "ner/tur.conll", "\tB-PER", "\tI-PER", "continues nothing"),
    ("valid_tags", "ner/tur.conll", "\tB-PER", "\tB-PERSON", "tag 'B-PERSON'"),
    ("valid_tags", "ner/tel.conll", "\tB-LOC", "\tB-ORG", "other entities than in English"),
    ("clean_texts", "parallel/isl.tsv", "\tplain\t", "\tplain\t ", "stray space"),
    ("clean_texts", "words/hin.tsv", "re:\t\\S+$", "\tword", "letters of another script"),
    ("clean_texts", "sentiment/urd.tsv", "ی", "ي", "Arabic letters"),
    (
        "clean_texts",
        "parallel/nep.tsv",
        "re:\tplain\t(.*)",
        "\tplain\t\\1 and so on in English for half a line",
        "script",
    ),
    (
        "words_give_nothing_away",
        "words/slk.tsv",
        "re:(entities\tw1\\d\\d\t\\w+\t)(\\S+)\n",
        "\\1ABCD\n",
        "all capitals",
    ),
    ("pairs_are_of_the_words", "pairs/mlt.tsv", "re:(r001\t\\S+\t\\S+\t)\\S+", "\\1xxx", "'xxx' is not the word of"),
    ("pairs_are_of_the_words", "pairs/eng.tsv", "re:\t4\trelated", "\t4\tunrelated", "unrelated with score 4"),
    ("datasheet_is_whole", "DATASHEET.md", "all:`mlt`", "Maltese", "`mlt` is not named"),
    ("datasheet_is_whole", "DATASHEET.md", "re:xlbench-mini:canary:\\S+", "", "no canary"),
]


@pytest.mark.parametrize(("check", "file", "old", "new", "fault"), PLANTED)
def test_a_planted_fault_is_found(copy, check, file, old, new, fault):
    """One change in one file, and the check says where it is."""
    if old is None:
        (copy / file).unlink()
    else:
        change(copy / file, old, new)
    found = list(getattr(checks, check)(copy))
    assert any(fault in line for line in found), found


def test_a_sentence_in_english_is_found(copy):
    """A text that was not translated."""
    change(copy / "news" / "tel.tsv", text_of(copy, "news", "tel", "n150"), text_of(copy, "news", "eng", "n150"))
    assert list(checks.translated(copy)) == ["tel n150: left in English"]


@pytest.mark.parametrize("column", ["question", "passage"])
def test_a_search_in_english_is_found(copy, column):
    """A question or a passage that was not translated, into a language whose script is that of English."""
    own, english = (text_of(copy, "search", language, "q010", column) for language in ("isl", "eng"))
    change(copy / "search" / "isl.tsv", own, english)
    assert list(checks.translated(copy)) == [f"isl q010 {column}: left in English"]


def test_a_question_that_is_asked_twice_is_found(copy):
    """Of two passages, which would both be the answer."""
    one, other = (text_of(copy, "search", "tur", item, "question") for item in ("q011", "q010"))
    change(copy / "search" / "tur.tsv", one, other)
    assert list(checks.no_near_duplicates(copy)) == [f"tur: asked twice: {other.casefold()}"]


def test_a_pair_that_is_there_twice_is_found(copy):
    """With its words in the other order, too."""
    first, second = (text_of(copy, "pairs", "eng", "r001", column) for column in ("first", "second"))
    change(copy / "pairs" / "eng.tsv", r"re:(r003\t\S+\t\S+\t).*", rf"\g<1>{second}\t{first}")
    assert f"pairs: {sorted((first, second))} twice" in list(checks.pairs_are_of_the_words(copy))


@pytest.mark.parametrize("language", ["eng", "hin"])
def test_a_near_duplicate_is_found(copy, language):
    """Two sentences with the same words but one, of two kinds."""
    near = text_of(copy, "parallel", language, "p020") + " x"
    change(copy / "sentiment" / f"{language}.tsv", text_of(copy, "sentiment", language, "s020"), near)
    assert f"{language} p020 and s020: near-duplicates" in list(checks.no_near_duplicates(copy))


def test_a_name_with_its_case_marker_is_found(copy):
    """In Nepali, a postposition that is not a word of its own."""
    name = next(
        name.split()[-1]
        for _, *rest in checks.sentences(copy, "nep")
        for _, name in checks.entities(*rest)
        if not name.endswith(checks.CASE_MARKERS)
    )
    lines = (copy / "ner" / "nep.conll").read_text(encoding="utf-8")
    change(copy / "ner" / "nep.conll", "# id = e240\n", f"# id = e241\n{name}ले\tB-PER\n\n# id = e240\n")
    assert lines != (copy / "ner" / "nep.conll").read_text(encoding="utf-8")
    assert any("carries ले" in line for line in checks.split_case_markers(copy))


def test_words_that_a_space_gives_away_are_found(copy):
    """All organizations with a space, and no person and no place."""
    rows = checks.table(copy, "words", "swa")
    lines = ["set\tid\tlabel\tword"]
    for row in rows:
        word = row["word"]
        if row["set"] == "entities":
            word = f"Shirika {row['id']}" if row["label"] == "organization" else f"Jina{row['id']}"
        lines.append("\t".join([row["set"], row["id"], row["label"], word]))
    (copy / "words" / "swa.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert any("a space gives the kind away" in line for line in checks.words_give_nothing_away(copy))


def test_sentences_of_one_length_are_found(copy):
    """A template's sentences are all about as long."""
    rows = checks.table(copy, "parallel", "tur")
    lines = ["\t".join(rows[0])] + ["\t".join({**row, "text": "a" * 30}.values()) for row in rows]
    (copy / "parallel" / "tur.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert list(checks.lengths_vary(copy)) == ["parallel/tur: sentences are all about as long"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_ask_and_passages_state(language):
    """A question ends with a question mark, a passage with a full stop."""
    rows = checks.table(MINI, "search", language)
    assert all(row["question"][-1] in "?؟" for row in rows)
    assert all(row["passage"][-1] in ".।۔" for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_find_passages_within_a_language_and_not_across_scripts(language):
    """BM25 is far above random order within each language, and at chance or below where scripts differ."""
    from xlbench import Data, EncodingSession
    from xlbench_baselines.bm25 import BM25, NoVectors
    from xlbench_tasks.card.read import CARDS, read_card
    from xlbench_tasks.card.task import task

    made = task(read_card(CARDS / "mini-search.toml"))
    script = checks.SCRIPTS.get(language, "LATIN")
    for subset in made.subsets(Data()):
        if subset.languages[0] != language:
            continue
        outcome = made.evaluate(subset, EncodingSession(NoVectors(), search=BM25))
        score, chance = outcome.columns["ndcg_at_10"].mean(), outcome.chance["ndcg_at_10"]
        if subset.name == language:
            assert 0.75 < score <= 1
        elif checks.SCRIPTS.get(subset.languages[1], "LATIN") != script:
            assert score <= chance, subset.name
