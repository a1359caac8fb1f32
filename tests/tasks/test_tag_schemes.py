"""Schemes of tags: each is read to the same entities, found by itself where it is certain, and refused where not."""

from __future__ import annotations

from typing import Any

import pytest

from xlbench import Data, DataError, UsageError
from xlbench_tasks.data.source import Home
from xlbench_tasks.readers import conll

WORDS = ["Asha", "Rao", "met", "Li", "in", "New", "Delhi", "Goa", "and", "Rome"]
EXPECTED = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "I-LOC", "B-LOC", "O", "B-LOC"]

WRITTEN = {
    "iob1": "I-PER I-PER O I-PER O I-LOC I-LOC B-LOC O I-LOC",
    "iob2": "B-PER I-PER O B-PER O B-LOC I-LOC B-LOC O B-LOC",
    "bioes": "B-PER E-PER O S-PER O B-LOC E-LOC S-LOC O S-LOC",
    "bilou": "B-PER L-PER O U-PER O B-LOC L-LOC U-LOC O U-LOC",
    "bmes": "B-PER E-PER O S-PER O B-LOC E-LOC S-LOC O S-LOC",
}


def read(folder, rows, **keys: Any):
    (folder / "hin.txt").write_text(rows, encoding="utf-8")
    table = {"files": "{language}.txt", "tags": {"PER": "PER", "LOC": "LOC"}, "delimiter": "tab", **keys}
    return conll.source(Home("card.toml: [data]", "made", "conll", ("hin",), table), Data(folder)).read("hin")


def rows(tags: str, words=None) -> str:
    tags = tags.split()
    return "".join(
        f"{word}\t{tag}\n" for word, tag in zip(words or [f"w{i}" for i in range(len(tags))], tags, strict=True)
    )


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("scheme", WRITTEN)
def test_every_scheme_is_read_to_the_same_entities(tmp_path, scheme, said):
    """Said by the card or found from the tags: the tags come out in IOB2, and nothing counts as repaired."""
    records = read(tmp_path, rows(WRITTEN[scheme], WORDS), **({"scheme": scheme} if said else {}))
    assert records.fields["tags"][0].split("\t") == EXPECTED
    assert records.facts == {"entities_kept:LOC": 3, "entities_kept:PER": 2}
    assert records.notes == ()


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("bioes", "B-PER I-PER I-PER E-PER O"),
        ("bilou", "B-PER I-PER I-PER L-PER O"),
        ("bmes", "B-PER M-PER M-PER E-PER O"),
    ],
)
def test_long_entities_stay_whole(tmp_path, scheme, tags):
    """All words of an entity of four are one entity, with or without the card's word."""
    for keys in ({}, {"scheme": scheme}):
        assert read(tmp_path, rows(tags), **keys).fields["tags"] == ("B-PER\tI-PER\tI-PER\tI-PER\tO",)


def test_a_few_damaged_tags_do_not_hide_the_scheme(tmp_path):
    """One E without a B among two hundred entities is repaired and counted; the scheme is still found."""
    records = read(tmp_path, rows("B-PER E-PER O ") + "\n" + f"{rows('B-PER E-PER O ' * 40)}\n" * 5 + rows("E-LOC O"))
    assert records.facts == {"entities_kept:LOC": 1, "entities_kept:PER": 201, "tags_i_that_began": 1}
    assert records.fields["tags"][-1] == "B-LOC\tO"


def test_an_entity_that_has_ended_is_not_continued(tmp_path):
    """After an S or an E of the same type a new entity begins, and the tag that ought to continue is counted."""
    records = read(tmp_path, rows("S-PER E-PER O"), scheme="bioes")
    assert records.fields["tags"] == ("B-PER\tB-PER\tO",)
    assert records.facts == {"entities_kept:PER": 2, "tags_i_that_began": 1}
    open_ended = read(tmp_path, rows("B-PER O"), scheme="bioes")
    assert open_ended.fields["tags"] == ("B-PER\tO",)
    assert open_ended.facts["tags_after_an_entity_without_end"] == 1


def test_iob1_is_certain_where_no_entity_begins_with_b_but_after_its_own_type(tmp_path):
    """Then nothing is damaged; one B at an entity's start makes it IOB2, in which an I that begins is damage."""
    assert "tags_i_that_began" not in read(tmp_path, rows("I-PER I-PER B-PER O I-LOC")).facts
    damaged = read(tmp_path, rows("I-PER I-PER B-PER O B-LOC"))
    assert damaged.facts["tags_i_that_began"] == 1
    assert damaged.fields["tags"] == ("B-PER\tI-PER\tB-PER\tO\tB-LOC",)
    told = read(tmp_path, rows("I-PER O"), scheme="iob2")
    assert told.facts["tags_i_that_began"] == 1


@pytest.mark.parametrize(
    ("tags", "keys", "said"),
    [
        ("B-PER O E-PER S-LOC U-LOC", {}, "its tags begin with B, E, S, U, and follow none of the schemes iob1, iob2"),
        (
            "B-PER I-PER O B-LOC I-LOC O E-PER",
            {},
            r"its tags begin with B, E, I, and .* set scheme = 'bioes' in the card; the rarest is E- "
            r"\(1 time, first at line 7\)",
        ),
        (
            "B-PER E-PER",
            {"scheme": "iob2"},
            "the word 'w1' has a tag that begins with E-, which the card's scheme 'iob2'",
        ),
        ("X-PER O", {}, r"tags of no type .*'X-PER' \(1 time, first at line 1\)"),
    ],
)
def test_tags_of_no_scheme_are_refused(tmp_path, tags, keys, said):
    """A scheme is not guessed where the tags do not follow it."""
    with pytest.raises(DataError, match=rf"hin\.txt(, line 2)?: {said}"):
        read(tmp_path, rows(tags), **keys)


def test_all_unknown_tags_are_told_at_once(tmp_path):
    """Each with how often it occurs and its first line, the most frequent first."""
    with pytest.raises(DataError) as error:
        read(tmp_path, rows("B-PER B-DATE O B-DATE I-MONEY B-DATE"))
    assert "hin.txt: tags of no type that 'tags' of the card has: " in str(error.value)
    assert "'B-DATE' (3 times, first at line 2); 'I-MONEY' (1 time, first at line 5)" in str(error.value)
    with pytest.raises(DataError, match=r"'B-DATE' \(1 time, first at line 2"):
        read(tmp_path, "a\tO\nb\tB-DATE\n\nc\tB-DATE\n", max_rows=1)


def test_a_word_can_begin_like_a_comment(tmp_path):
    """What has a tag in its column is a word, and its sentence goes on; a line without one is a comment."""
    text = "# a comment\nlook\tO\n#hashtag\tB-PER\n#\tO\n\n# another\nend\tO\n"
    records = read(tmp_path, text, comment="#")
    assert records.fields["tokens"] == ("look\t#hashtag\t#", "end")
    assert records.fields["tags"] == ("O\tB-PER\tO", "O")
    spaced = read(tmp_path, text.replace("\t", " "), comment="#", delimiter="space")
    assert spaced.fields["tokens"] == ("look\t#hashtag\t#", "end")


def test_docstart_lines_begin_documents_without_being_asked_for(tmp_path):
    """They are no sentences, and the sentences after each are a cluster, whatever the file's columns are."""
    for line in ("-DOCSTART-\tO", "-DOCSTART-", "-DOCSTART-\t-X-\tO"):
        records = read(tmp_path, f"{line}\n\na\tO\n\nb\tB-PER\n\n{line}\n\nc\tO\n")
        assert records.fields["tokens"] == ("a", "b", "c")
        assert [cluster.rpartition(":")[2] for cluster in records.clusters] == [
            "document-1",
            "document-1",
            "document-2",
        ]


def test_a_file_without_empty_lines_is_refused(tmp_path):
    """Hundreds of words in the one sentence of a file are not a sentence."""
    with pytest.raises(DataError, match=r"hin\.txt: one sentence of 300 words; put an empty line after each"):
        read(tmp_path, rows("O " * 300))
    assert len(read(tmp_path, rows("O " * 30)).ids) == 1


def test_the_scheme_of_a_card_is_one_of_the_known_ones():
    """And nothing else: checked with the card's other keys."""
    from xlbench_tasks.card.schema import check_table

    check_table({"scheme": "bilou"}, conll.KEYS, "card.toml: [data]")
    with pytest.raises(UsageError, match=r"scheme: 'bio2' is not one of 'iob1', 'iob2', 'bioes', 'bilou', 'bmes'"):
        check_table({"scheme": "bio2"}, conll.KEYS, "card.toml: [data]")
