"""Tags in several columns and under keys, and schemes held against each other: what is written comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlbench import Data, DataError, UsageError
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.tag_schemes import Tag, entities
from xlbench_tasks.readers import conll


def opened(folder, text, **keys: Any):
    (folder / "hin.txt").write_text(text, encoding="utf-8")
    table = {"files": "{language}.txt", "tags": {"PER": "PER", "LOC": "LOC"}, "delimiter": "tab", **keys}
    return conll.source(Home("card.toml: [data]", "made", "conll", ("hin",), table), Data(folder))


def read(folder, text, **keys: Any):
    return opened(folder, text, **keys).read("hin")


Spans = list[tuple[int, str]]
"""Lengths and types of what follows one another; no type is a word outside of entities."""


def written(spans: Spans, scheme: str) -> list[str]:
    """The tags of entities in a scheme, by the definitions of the schemes."""
    tags: list[str] = []
    before = ""
    for length, kind in spans:
        if not kind:
            tags += ["O"] * length
        elif scheme == "iob1":
            tags += [f"{'B' if before == kind else 'I'}-{kind}", *[f"I-{kind}"] * (length - 1)]
        elif scheme == "iob2":
            tags += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
        else:
            inner, last, single = {"bioes": "IES", "bilou": "ILU", "bmes": "MES"}[scheme]
            one = [f"{single}-{kind}"]
            tags += one if length == 1 else [f"B-{kind}", *[f"{inner}-{kind}"] * (length - 2), f"{last}-{kind}"]
        before = kind
    return tags


spans_of_sentences = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "PER", "LOC"])), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(spans=spans_of_sentences)
@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes", "bilou", "bmes"])
def test_every_scheme_is_read_back_to_iob2(scheme, spans):
    """Whatever the entities are, no damage is found, and an entity begins where it begins in IOB2."""
    tags = [Tag(tag[0], tag[2:]) for tag in written(spans, scheme)]
    found = list(entities(tags, scheme))
    assert [damage for _, damage in found if damage] == []
    expected = [tag.startswith("B") for tag in written(spans, "iob2")]
    assert [begins for begins, _ in found] == expected


@pytest.mark.parametrize(
    ("scheme", "tags", "expected", "damages"),
    [
        ("iob2", "O I-PER I-LOC", "O B-PER B-LOC", 2),
        ("iob2", "B-PER I-LOC I-LOC", "B-PER B-LOC I-LOC", 1),
        ("iob1", "I-PER B-PER I-LOC B-LOC", "B-PER B-PER B-LOC B-LOC", 0),
        ("bioes", "B-PER I-PER O", "B-PER I-PER O", 1),
        ("bioes", "B-PER S-PER E-LOC", "B-PER B-PER B-LOC", 2),
        ("bilou", "U-PER L-PER I-PER", "B-PER B-PER B-PER", 2),
        ("bmes", "M-PER E-PER B-LOC E-PER", "B-PER I-PER B-LOC B-PER", 2),
    ],
)
def test_invalid_transitions_are_mended_by_hand_values_and_counted(tmp_path, scheme, tags, expected, damages):
    """Each damage is one in the facts, with a footnote; what is plainly meant is the entity that begins."""
    rows = "".join(f"w{i}\t{tag}\n" for i, tag in enumerate(tags.split()))
    records = read(tmp_path, rows, scheme=scheme)
    assert records.fields["tags"][0].split("\t") == expected.split()
    assert sum(count for name, count in records.facts.items() if name.startswith("tags_")) == damages
    assert bool(records.notes) is bool(damages)


def test_a_prefix_of_another_scheme_is_an_error_with_its_line(tmp_path):
    """The line is that of the word, in whichever column the tag stands."""
    with pytest.raises(DataError, match=r"hin\.txt, line 5: the word 'd' has a tag that begins with U-.*'bioes'"):
        read(tmp_path, "a\tO\nb\tS-PER\n\n# x\nd\tU-PER\n", scheme="bioes", comment="#")
    with pytest.raises(DataError, match=r"hin\.txt, line 2: the word 'b' has a tag that begins with E-"):
        read(tmp_path, "a\tO\tB-PER\nb\tO\tE-PER\n", scheme="iob2", tag=[2, 3])


NESTED = """\
Bank\tB-ORG\tO
of\tI-ORG\tO
Goa\tI-ORG\tB-LOC
and\tO\tO
Rao\tB-PER\tO
in\tO\tO
Delhi\tO\tB-LOC
"""


def test_of_several_columns_the_earlier_one_comes_first(tmp_path):
    """An inner entity is left out and counted; one that stands alone in a later column is one."""
    tags = {"PER": "PER", "LOC": "LOC", "ORG": "ORG"}
    records = read(tmp_path, NESTED, tag=[2, 3], tags=tags)
    assert records.fields["tags"] == ("B-ORG\tI-ORG\tI-ORG\tO\tB-PER\tO\tB-LOC",)
    assert records.facts == {
        "entities_kept:LOC": 1, "entities_kept:ORG": 1, "entities_kept:PER": 1, "entities_overlapping:LOC": 1,
    }  # fmt: skip
    assert any("overlap" in note for note in records.notes)
    inner = read(tmp_path, NESTED, tag=[3, 2], tags=tags)
    assert inner.fields["tags"] == ("O\tO\tB-LOC\tO\tB-PER\tO\tB-LOC",)


def test_a_dropped_entity_hides_no_other(tmp_path):
    """What the card takes for O in one column leaves room for the entity of the next."""
    records = read(tmp_path, NESTED, tag=[2, 3], tags={"PER": "PER", "LOC": "LOC", "ORG": "O"})
    assert records.fields["tags"] == ("O\tO\tB-LOC\tO\tB-PER\tO\tB-LOC",)
    assert records.facts["entities_dropped:ORG"] == 1
    assert "entities_overlapping:LOC" not in records.facts


def test_columns_can_follow_schemes_of_their_own(tmp_path):
    """The first is IOB2 and the second BIOES, each found from its tags."""
    records = read(tmp_path, "a\tB-PER\tO\nb\tI-PER\tO\nc\tO\tB-LOC\nd\tO\tE-LOC\ne\tO\tS-LOC\n", tag=[2, 3])
    assert records.fields["tags"] == ("B-PER\tI-PER\tB-LOC\tI-LOC\tB-LOC",)
    assert records.notes == ()


def test_an_unknown_tag_of_a_later_column_is_told_with_its_line(tmp_path):
    """As one of the only column is."""
    with pytest.raises(DataError, match=r"'B-DATE' \(1 time, first at line 2\)"):
        read(tmp_path, "a\tO\tO\nb\tO\tB-DATE\n", tag=[2, 3])


MISC = """\
# sent_id = s1
# text = Don't ask Asha Rao
1-2\tDon't\t_\tSpaceAfter=Yes
1\tDo\tdo\t_
2\tn't\tnot\tSpaceAfter=No
3\task\task\tname=O
3.1\tgap\tgap\t_
4\tAsha\tAsha\tname=B-PER|Gloss=hope
5\tRao\tRao\tSpaceAfter=No|name=I-PER

"""
KEYS = {"token": 2, "tag_key": "name", "comment": "# ", "id": "# sent_id = "}


def test_a_tag_stands_under_a_key(tmp_path):
    """A word without the key is outside; ranges and empty nodes of CoNLL-U are no words."""
    records = read(tmp_path, MISC, **KEYS)
    assert records.fields["tokens"] == ("Do\tn't\task\tAsha\tRao",)
    assert records.fields["tags"] == ("O\tO\tO\tB-PER\tI-PER",)
    assert records.ids == ("made:s1",)
    assert records.notes == ()


def test_columns_of_keys_are_separated_by_tabs_without_a_word_of_it(tmp_path):
    """A value of MISC may hold spaces."""
    (tmp_path / "hin.txt").write_text(MISC.replace("Gloss=hope", "Gloss=a hope"), encoding="utf-8")
    table = {"files": "{language}.txt", "tags": {"PER": "PER"}, **KEYS}
    source = conll.source(Home("card.toml: [data]", "made", "conll", ("hin",), table), Data(tmp_path))
    assert source.read("hin").fields["tags"] == ("O\tO\tO\tB-PER\tI-PER",)


@pytest.mark.parametrize(
    ("old", "new", "keys", "said"),
    [
        ("", "", {"tag_key": "nam"}, r"hin\.txt: no word has 'nam' .* the keys there are .*name.*Did you mean 'name'"),
        ("|Gloss=hope", "|name=O", {}, r"hin\.txt, line 8: 'name' is there twice"),
        ("SpaceAfter=Yes", "name=B-PER", {}, r"hin\.txt, line 3: 1-2 is no word, and has a tag"),
        ("name=B-PER", "name=PER", {}, r"'PER' \(1 time, first at line 8\)"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(tmp_path, old, new, keys, said):
    """A misspelled key would make every word one outside."""
    assert old in MISC
    with pytest.raises(DataError, match=said):
        read(tmp_path, MISC.replace(old, new) if old else MISC, **{**KEYS, **keys})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"tag": [2, 2]}, "name one column of tags or several, each once"),
        ({"tag": []}, "name one column of tags or several, each once"),
        ({"tag": [0, 1]}, "columns are counted from 1"),
        ({"tag_key": "name="}, "'name=' is no key"),
    ],
)
def test_wrong_columns_and_keys_are_told_with_the_card(tmp_path, keys, said):
    """Before any file is read."""
    with pytest.raises(UsageError, match=said):
        opened(tmp_path, "", **keys)
