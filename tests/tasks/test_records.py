"""Records and sources: what is checked, what a fingerprint covers, and which home is read."""

from __future__ import annotations

import pytest
from reader_files import made_home, parallel_source, write_file

from xlbench import DataError, DataMissing
from xlbench_tasks.data.records import Records, sample_by_label
from xlbench_tasks.data.splits import FirstAvailable


def test_records_must_have_one_value_an_item():
    """Columns of another length than the ids, and repeated ids, are refused."""
    with pytest.raises(DataError, match="2 ids but 1 text"):
        Records(("a", "b"), ("a", "b"), {"text": ("x",)})
    with pytest.raises(DataError, match="'a' occurs twice"):
        Records(("a", "a"), ("a", "a"), {"text": ("x", "y")})


def test_the_fingerprint_covers_all_that_shapes_a_score_and_nothing_else():
    """Ids, clusters, texts, field names and origin change it; notes do not; neither does where a text ends."""
    base = Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")})
    same = Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")}, notes=("a note",))
    others = [
        Records(("1", "3"), ("1", "2"), {"text": ("ab", "c")}),
        Records(("1", "2"), ("1", "1"), {"text": ("ab", "c")}),
        Records(("1", "2"), ("1", "2"), {"text": ("a", "bc")}),
        Records(("1", "2"), ("1", "2"), {"label": ("ab", "c")}),
        Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")}, origin="x"),
    ]
    assert same.fingerprint() == base.fingerprint()
    assert len({record.fingerprint() for record in [base, *others]}) == 1 + len(others)


def test_facts_and_notes_of_a_part_are_those_of_its_items():
    """What was counted in each item is added up anew; what was counted for the whole says so in its name."""
    counts = ({"tags_bad": 2}, {"entities": 1}, {})
    records = Records.counted(
        ("a", "b", "c"), ("a", "b", "c"), {"text": ("x", "y", "z")}, counts, {"tags_": "some tags were repaired"}
    )
    assert (records.facts, records.notes) == ({"entities": 1, "tags_bad": 2}, ("some tags were repaired",))
    part = records.only([False, True, True])
    assert (part.ids, part.facts, part.notes) == (("b", "c"), {"entities": 1}, ())
    assert part.only([False, True]).facts == {}
    whole = Records(("a", "b"), ("a", "b"), {"text": ("x", "y")}, ("left out",), {"left out": 3})
    assert whole.only([True, False]).facts == {"left out (of all items, before a part was taken)": 3}
    assert whole.only([True, False]).only([True]).facts == whole.only([True, False]).facts
    with pytest.raises(DataError, match="3 ids but 2 counts"):
        Records.counted(("a", "b", "c"), ("a", "b", "c"), {}, counts[:2], {})


def test_a_limit_takes_items_of_every_label():
    """In turns one of each label, from the start of each; the order stays; scarce labels give way to others."""
    assert sample_by_label("aaaabbbbc", 5) == [0, 1, 4, 5, 8]
    assert sample_by_label("aaaabbbbc", 2) == [0, 4]
    assert sample_by_label("aaab", 3) == [0, 1, 3]
    assert sample_by_label("abab", 9) == [0, 1, 2, 3]


def test_codes_of_a_data_set_become_declared_languages():
    """Aliases first; then hyphens are underscores, and a script that the card does not declare is dropped."""
    home = made_home("parallel", "hin srp_Cyrl srp_Latn zho_Hans fra_CA fra nan", aliases={"zho-CN": "zho_Hans"})
    codes = ["hin", "hin_Deva", "srp-Cyrl", "srp_Latn", "zho-CN", "fra-CA", "nan", "zho", "fra-BE", "xyz", "hin-deva"]
    assert [home.language_of(code) for code in codes] == [
        "hin", "hin", "srp_Cyrl", "srp_Latn", "zho_Hans", "fra_CA", "nan", None, None, None, None,
    ]  # fmt: skip


def test_the_first_home_with_anything_is_the_one_that_is_read(tmp_path):
    """Homes are never mixed; where none has anything, one line says what each lacks."""
    write_file(tmp_path / "b/eng.txt", "here\n")
    write_file(tmp_path / "c/hin.txt", "other\n")
    a, b, c = (parallel_source(tmp_path, files=f"{name}/{{language}}.txt") for name in "abc")
    assert FirstAvailable([a, b, c]).languages() == ("eng",)
    assert FirstAvailable([a, b, c]).read("eng").fields["text"] == ("here",)
    assert FirstAvailable([a, b]).name == "set"
    assert "b/{language}.txt" in FirstAvailable([a, b]).why_missing("hin")
    with pytest.raises(DataMissing, match=r"no file a/.* and set is not at hand: no file d/"):
        FirstAvailable([a, parallel_source(tmp_path, files="d/{language}.txt")]).languages()
