"""Pairs of text files, each language with a pivot of its own: Moses and Tatoeba; lines without a text."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from reader_files import made_home, parallel_source, write_file

from xlbench import Data, DataError, UsageError
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import read_card
from xlbench_tasks.protocols import retrieval
from xlbench_tasks.readers import parallel

TATOEBA: dict[str, Any] = {
    "files": "tatoeba.{language}-eng.{language}",
    "pivot": {"language": "eng", "files": "tatoeba.{language}-eng.eng"},
}


def source(root, limit: int | None = None, **table: Any) -> parallel.Parallel:
    return parallel.source(made_home("parallel", "eng hin mlt", **(TATOEBA | table)), Data(root, limit))


@pytest.fixture
def folder(tmp_path):
    """Two languages, each with its own English."""
    write_file(tmp_path / "tatoeba.hin-eng.hin", "\ufeffपानी\r\nसमुद्र\r\n")
    write_file(tmp_path / "tatoeba.hin-eng.eng", "water\nsea\n")
    write_file(tmp_path / "tatoeba.mlt-eng.mlt", "ilma\n")
    write_file(tmp_path / "tatoeba.mlt-eng.eng", "water\n")
    return tmp_path


def test_every_language_has_a_pivot_of_its_own(folder):
    """Line i of a language's file is line i of its own English, and no other; English has the items of all."""
    made = source(folder)
    assert made.languages() == ("eng", "hin", "mlt")
    assert made.read("hin").fields["text"] == ("पानी", "समुद्र")
    assert made.read("hin").ids == ("set:hin:1", "set:hin:2")
    assert made.read("eng").ids == ("set:hin:1", "set:hin:2", "set:mlt:1")
    assert made.read("eng").fields["text"] == ("water", "sea", "water")
    assert made.read("eng").place(1).endswith("tatoeba.hin-eng.eng, line 2")
    assert source(folder, 1).read("eng").ids == ("set:hin:1", "set:mlt:1")
    assert [path.name for path in made.files("hin")] == ["tatoeba.hin-eng.hin"]
    assert [path.name for path in made.files("eng")] == ["tatoeba.hin-eng.eng", "tatoeba.mlt-eng.eng"]


def test_names_of_moses_in_either_order_and_packed(tmp_path):
    """The languages of a pair are sorted in OPUS: two patterns say both orders, aliases what codes mean."""
    write_file(tmp_path / "talks.en-hi.hi", "पानी\n")
    write_file(tmp_path / "talks.en-hi.en.gz", gzip.compress(b"water\n"))
    write_file(tmp_path / "talks.bn-en.bn", "জল\n")
    write_file(tmp_path / "talks.bn-en.en", "the water\n")
    table = {
        "files": ["talks.{language}-en.{language}", "talks.en-{language}.{language}"],
        "pivot": {"language": "eng", "files": ["talks.{language}-en.en", "talks.en-{language}.en"]},
        "aliases": {"hi": "hin", "bn": "ben", "en": "eng"},
    }
    made = parallel.source(made_home("parallel", "eng hin ben", **table), Data(tmp_path))
    assert made.languages() == ("ben", "eng", "hin")
    assert made.read("hin").ids == ("set:hin:1",)
    assert made.read("eng").fields["text"] == ("the water", "water")


def test_files_that_do_not_belong_together(folder):
    """A pivot's file that is missing, or of another length, is an error that names both."""
    write_file(folder / "tatoeba.hin-eng.eng", "water\nsea\nsky\n")
    with pytest.raises(DataError, match=r"hin-eng\.eng has 3 lines but .*hin-eng\.hin has 2: line 3 of .* no partner"):
        source(folder).read("hin")
    assert source(folder).read("mlt").ids == ("set:mlt:1",)
    (folder / "tatoeba.hin-eng.eng").unlink()
    with pytest.raises(DataError, match=r"hin-eng\.hin has no partner: there is no file .*tatoeba\.hin-eng\.eng"):
        source(folder).read("eng")
    write_file(folder / "tatoeba.eng-eng.eng", "a\n")
    with pytest.raises(DataError, match="'eng' is the pivot, and has no file of its own"):
        source(folder).languages()


def test_lines_without_a_text(folder):
    """An error with its line; with drop_empty the line goes from both files of the pair, and is counted."""
    write_file(folder / "tatoeba.hin-eng.hin", "पानी\n\u200b\n")
    with pytest.raises(DataError, match=r"hin-eng\.hin, line 2: empty but for"):
        source(folder).read("eng")
    made = source(folder, drop_empty=True)
    assert made.read("hin").ids == ("set:hin:1",)
    assert made.read("eng").ids == ("set:hin:1", "set:mlt:1")
    assert made.read("eng").facts == made.read("hin").facts == {"rows_left_out (hin)": 1}
    write_file(folder / "tatoeba.mlt-eng.mlt", " \n")
    with pytest.raises(DataError, match="no line has a text"):
        source(folder, drop_empty=True).read("mlt")


def test_lines_without_a_text_in_many_languages(tmp_path):
    """Where all files are parallel, a language loses its own lines, and keeps the ids and clusters of the others."""
    write_file(tmp_path / "p/text.eng.txt", "a\nb\nc\n")
    write_file(tmp_path / "p/text.hin.txt", "क\n\nग\n")
    write_file(tmp_path / "who.txt", "x\ny\nz\n")
    made = parallel_source(tmp_path, drop_empty=True, clusters="who.txt")
    assert (made.read("hin").ids, made.read("hin").clusters) == (("set:1", "set:3"), ("set:x", "set:z"))
    assert (made.read("eng").ids, made.read("eng").facts) == (("set:1", "set:2", "set:3"), {})
    assert made.read("hin").place(1).endswith("text.hin.txt, line 3")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"pivot": {"language": "eng"}}, "pivot: say its language, and the files"),
        ({"pivot": {"language": "fra", "files": "x.{language}"}}, "pivot: 'fra' is none of the card's languages"),
        ({"pivot": {"language": "eng", "files": "eng.txt"}}, "'eng.txt' needs {language}"),
        ({"pivot": {"language": "eng", "files": ["a.{language}", "b.{language}"]}}, "as many files as under files"),
        ({"pivot": {"language": "eng", "files": "../a.{language}"}}, "must be a path below the data root"),
        ({"clusters": "who.txt"}, "one file of clusters would fit none"),
    ],
)
def test_pivots_that_are_none(tmp_path, table, said):
    """What a pivot lacks is an error of the card."""
    with pytest.raises(UsageError) as error:
        source(tmp_path, **table)
    assert said in str(error.value)


def test_pairs_of_a_card_are_those_with_the_pivot(folder):
    """A card of pairs with the pivot has both directions of each, and no pair shares an item with another."""
    write_file(
        folder / "t.toml",
        """name = "t"\narea = "retrieval"\nprotocol = "retrieval"\ndescription = "d"\nlicense = "CC-BY-2.0-FR"
languages = ["eng", "hin", "mlt"]\n[data]\nreader = "parallel"\nfiles = "tatoeba.{language}-eng.{language}"
pivot = { language = "eng", files = "tatoeba.{language}-eng.eng" }\n[options]\npairs = "eng"\n""",
    )
    card = read_card(folder / "t.toml")
    subsets = retrieval.subsets(open_data(card, Data(folder)), card.options, Data(folder), card.languages)
    assert {subset.name for subset in subsets} >= {"eng-hin", "hin-eng", "eng-mlt", "mlt-eng"}
