"""Data on which every encoder would score the same, or whose items cannot be paired, is an error of its cells."""

from __future__ import annotations

import unicodedata

import pytest

from xlbench import Data, DataError, UsageError
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task

PAIRS = """\
name = "talks"
area = "retrieval"
protocol = "{protocol}"
description = "Talks"
license = "CC0-1.0"
languages = ["eng", "hin"]
[data]
reader = "delimited"
files = "{{language}}.tsv"
fields = {{ text = "text" }}
id = "id"
{more}
[options]
pairs = "eng"
"""

NAMES = """\
name = "names"
area = "ner"
protocol = "tagging"
description = "Names"
license = "CC0-1.0"
languages = ["eng"]
splits = { train = "train", test = "test" }
[data]
reader = "conll"
files = "{language}.{split}"
tags = { PER = "PER", LOC = "O" }
[options]
types = ["PER"]
"""


@pytest.fixture
def pairs(tmp_path):
    """A function: (id, text) rows of English and Hindi -> the subsets of the task by name."""

    def made(eng, hin, more="", protocol="retrieval", limit=None):
        for code, rows in (("eng", eng), ("hin", hin)):
            lines = ["id\ttext", *(f"{item}\t{text}" for item, text in rows)]
            (tmp_path / f"{code}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / "talks.toml").write_text(PAIRS.format(more=more, protocol=protocol), encoding="utf-8")
        subsets = task(read_card(tmp_path / "talks.toml")).subsets(Data(tmp_path, limit))
        return {subset.name: subset for subset in subsets}

    return made


def rows(ids, text="text"):
    return [(item, f"{text} {item}") for item in ids]


@pytest.mark.parametrize("protocol", ["retrieval", "alignment"])
def test_items_without_a_counterpart_are_an_error(pairs, protocol):
    """60 ids a side, 30 of them shared: the error counts them, names the first and says which key allows it."""
    found = pairs(rows(range(60)), rows(range(30, 90), "पाठ"), protocol=protocol)
    assert set(found) == {"eng-hin", "hin-eng"}
    said = found["eng-hin"].damaged
    assert said.startswith(
        "talks eng-hin: 30 ids in common, of 60 in eng and 60 in hin; without a counterpart is 'talks:0' ("
    )
    assert "eng.tsv, line 2)" in said
    assert said.endswith("or, to score what both have, set shared = 0.5 in the card's [data]")
    assert found["eng-hin"].load is None


def test_a_card_can_say_how_many_ids_must_be_shared(pairs):
    """At that share what both have is scored; the lost items are counted, and a note calls for their count."""
    subset = pairs(rows(range(60)), rows(range(30, 90), "पाठ"), "shared = 0.5")["eng-hin"]
    pair = subset.load()
    assert (subset.n, len(pair.ids), subset.damaged) == (30, 30, "")
    assert pair.facts == {"lost_items": 60}
    assert pair.notes == ("items without a counterpart under the same id are left out (how many: Data warnings)",)
    assert pairs(rows(range(60)), rows(range(31, 91), "पाठ"), "shared = 0.5")["eng-hin"].damaged
    whole = pairs(rows(range(60)), rows(range(60), "पाठ"), "shared = 0.5")["eng-hin"].load()
    assert (whole.facts, whole.notes) == ({}, ())


def test_a_sample_may_have_other_items_in_each_language(pairs):
    """The first rows of two files in another order share fewer ids than the files do; the lost ones are counted."""
    subset = pairs(rows(range(60)), rows(range(20, 80), "पाठ"), limit=40)["eng-hin"]
    assert (subset.n, subset.load().facts) == (20, {"lost_items": 40})


@pytest.mark.parametrize(("ours", "theirs"), [("7", "007"), ("7 ", "7")])
def test_ids_that_never_meet_are_named(pairs, ours, theirs):
    """Both sides' first ids, as they are written."""
    said = pairs([(ours, "a"), ("x", "b")], [(theirs, "क"), ("y", "ख")])["eng-hin"].damaged
    assert f"no id in common: those of eng begin with 'talks:{ours}' (" in said
    assert f"those of hin with 'talks:{theirs}' (" in said


@pytest.mark.parametrize("protocol", ["retrieval", "alignment"])
@pytest.mark.parametrize(
    ("eng", "hin", "said"),
    [
        (rows(range(9)), rows(range(9)), "are the same: one file is a copy of the other"),
        (rows(range(9)), [(item, "एक") for item in range(9)], "all 9 texts of hin are the same ('एक')"),
        ([(item, "one") for item in range(9)], rows(range(9)), "all 9 texts of eng are the same ('one')"),
        (rows([1]), rows([1], "पाठ"), "one item, and a single candidate is always found"),
    ],
)
def test_pairs_that_every_encoder_finds_are_no_task(pairs, eng, hin, said, protocol):
    """Equal sides, one repeated line, one item: an error of both directions."""
    found = pairs(eng, hin, protocol=protocol)
    assert len(found) == 2
    for subset in found.values():
        assert said in subset.damaged
        assert subset.load is None


@pytest.mark.parametrize("protocol", ["retrieval", "alignment"])
@pytest.mark.parametrize(
    "changed",
    [
        lambda text: f"{text} ",
        lambda text: f"\u00a0{text}",
        lambda text: text.replace(" ", "  "),
        str.upper,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: f"{text}\u200b",
    ],
    ids=["trailing space", "leading no-break space", "two spaces", "upper case", "NFD", "zero-width space"],
)
def test_a_copy_in_other_case_white_space_or_notation_is_a_copy(pairs, changed, protocol):
    """Each of these sides would score 100 by every encoder that lower-cases and strips."""
    ours = rows(range(9), "Café Straße")
    for subset in pairs(ours, [(item, changed(text)) for item, text in ours], protocol=protocol).values():
        assert "the 9 texts of " in subset.damaged
        assert "are the same but for case, white space and notation: one file is a copy of the other" in subset.damaged


@pytest.mark.parametrize(("kept", "said"), [(38, "38 of the 40 texts of eng and hin are the same: one file"), (37, "")])
def test_names_and_numbers_that_two_languages_share_are_no_copy(pairs, kept, said):
    """From 95% of equal texts on it is an error; below, both directions are scored."""
    ours = rows(range(40))
    found = pairs(ours, ours[:kept] + rows(range(kept, 40), "पाठ"))
    assert len(found) == 2
    assert said in found["eng-hin"].damaged
    assert all(bool(subset.load) == (kept == 37) for subset in found.values())


def test_a_copy_of_what_both_have_is_a_copy(pairs):
    """Where rows stand in another order and some are lost, texts are compared by their ids."""
    ours = rows(range(60))
    theirs = [(item, f"{text} ".upper()) for item, text in reversed(rows(range(30, 90)))]
    said = pairs(ours, theirs, "shared = 0.5")["eng-hin"].damaged
    assert "the 30 texts of eng and hin are the same but for case" in said


def test_one_text_in_several_spellings_is_one_text(pairs):
    """A side that repeats a line, now and then with a space or in capitals, is the same line."""
    said = pairs(rows(range(4)), [(0, "एक A"), (1, "एक a"), (2, "एक A "), (3, "एक  A")])["eng-hin"].damaged
    assert "all 4 texts of hin are the same ('एक A')" in said


@pytest.mark.parametrize("share", ["0", "1.5", "-0.1"])
def test_a_share_is_above_0_and_at_most_1(pairs, share):
    """Checked with the card."""
    with pytest.raises(UsageError, match=r"talks\.toml: \[data\] shared: must be above 0 and at most 1"):
        pairs(rows([1, 2]), rows([1, 2]), f"shared = {share}")


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [
        ("a B-PER\nb O\n", "a O\nb O\n\nc O\n", "names eng: no entity to find in 2 sentences; the types are PER"),
        ("a B-PER\nb O\n", "a O\nb B-LOC\n", "names eng: no entity to find in 1 sentences; the types are PER"),
        ("a O\nb O\n", "a B-PER\nb O\n", "names eng: no entity to learn from in 1 sentences; the types are PER"),
    ],
)
def test_a_file_of_names_in_which_every_tag_is_o_is_an_error_of_the_cell(tmp_path, train, test, said):
    """Where every tag is O, or of a type that counts as none, nothing could be scored but nothing."""
    (tmp_path / "eng.train").write_text(train, encoding="utf-8")
    (tmp_path / "eng.test").write_text(test, encoding="utf-8")
    (tmp_path / "names.toml").write_text(NAMES, encoding="utf-8")
    (subset,) = task(read_card(tmp_path / "names.toml")).subsets(Data(tmp_path))
    assert (subset.damaged, subset.load) == (said, None)


def test_a_missing_language_is_told_with_the_file_that_may_be_it(tmp_path):
    """languages = ["deu", "eng", "fra"] and a file t.fr: it is named, and the alias that would take it."""
    for code in ("deu", "eng", "fr", "it"):
        (tmp_path / f"t.{code}").write_text(f"{code} one\n{code} two\n", encoding="utf-8")
    (tmp_path / "t.toml").write_text(
        'name = "t"\narea = "retrieval"\nprotocol = "retrieval"\ndescription = "T"\nlicense = "CC0-1.0"\n'
        'languages = ["deu", "eng", "fra"]\n[data]\nreader = "parallel"\nfiles = "t.{language}"\n'
        '[options]\npairs = "eng"\n',
        encoding="utf-8",
    )
    subsets = {subset.name: subset for subset in task(read_card(tmp_path / "t.toml")).subsets(Data(tmp_path))}
    assert subsets["eng-deu"].load
    assert "there are files of no declared language: t.fr, t.it" in subsets["eng-fra"].missing
    assert 'in t.toml: [data], aliases = { "fr" = "fra" } would take them' in subsets["eng-fra"].missing


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (("fra", "fr"), "fra is read from t.fra, and t.fr may be fra too: remove it, or remove t.fra and name"),
        (("fra", "fr", "fre"), "fra is read from t.fra, and t.fr and t.fre may be fra too: remove them, or"),
        (("fr", "fre"), "t.fr and t.fre may both be fra: keep one of them, and name it under aliases"),
    ],
)
def test_no_alias_is_advised_that_would_make_two_files_one_language(tmp_path, there, said):
    """Files that may be of a language that has one already are named with it; the other's alias is advised alone."""
    for code in (*there, "eng", "is"):
        (tmp_path / f"t.{code}").write_text(f"{code} one\n{code} two\n", encoding="utf-8")
    card = (
        'name = "t"\narea = "retrieval"\nprotocol = "retrieval"\ndescription = "T"\nlicense = "CC0-1.0"\n'
        'languages = ["eng", "fra", "isl"]\n[data]\nreader = "parallel"\nfiles = "t.{language}"\n'
    )
    (tmp_path / "t.toml").write_text(f'{card}[options]\npairs = "eng"\n', encoding="utf-8")
    subsets = {subset.name: subset for subset in task(read_card(tmp_path / "t.toml")).subsets(Data(tmp_path))}
    advice = subsets["eng-isl"].missing
    assert said in advice
    assert 'aliases = { "is" = "isl" } would take them' in advice
    (tmp_path / "t.toml").write_text(
        f'{card}aliases = {{ "is" = "isl" }}\n[options]\npairs = "eng"\n', encoding="utf-8"
    )
    subsets = {subset.name: subset for subset in task(read_card(tmp_path / "t.toml")).subsets(Data(tmp_path))}
    assert subsets["eng-isl"].load


def test_an_alias_that_meets_another_file_is_told_with_both(tmp_path):
    """t.fra, t.fr and aliases = { fr = "fra" }: both files and what to do are named, and so it is not scored."""
    for code in ("fra", "fr", "eng"):
        (tmp_path / f"t.{code}").write_text(f"{code} one\n{code} two\n", encoding="utf-8")
    (tmp_path / "t.toml").write_text(
        'name = "t"\narea = "retrieval"\nprotocol = "retrieval"\ndescription = "T"\nlicense = "CC0-1.0"\n'
        'languages = ["eng", "fra"]\n[data]\nreader = "parallel"\nfiles = "t.{language}"\n'
        'aliases = { fr = "fra" }\n[options]\npairs = "eng"\n',
        encoding="utf-8",
    )
    with pytest.raises(DataError, match=r"t\.fr and .*t\.fra are both 'fra': remove one of them, or the alias 'fr'"):
        list(task(read_card(tmp_path / "t.toml")).subsets(Data(tmp_path)))


def test_records_of_a_part_know_where_their_items_stand(tmp_path):
    """Places go along when items are left out."""
    from xlbench_tasks.data.records import Records

    records = Records(("a", "b", "c"), ("a", "b", "c"), {"text": ("x", "y", "z")}, places=lambda row: f"line {row + 2}")
    part = records.only([False, True, True]).only([False, True])
    assert (part.ids, part.place(0)) == (("c",), "line 4")
    assert Records(("a",), ("a",), {}).place(0) == "item a"
    with pytest.raises(DataError):
        Records(("a",), ("a", "b"), {})
