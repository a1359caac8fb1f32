"""The reader `tmx`: units and what they lack, codes in texts, one file and files of pairs, and XML that is hostile."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import read_card
from xlbench_tasks.readers import tmx

HEAD = (
    '<?xml version="1.0" encoding="{}"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4"><header srclang="en"/>'
)


def unit(number: int = 0, **texts: str) -> str:
    inner = "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>\n' for code, text in texts.items())
    return f'<tu{f" tuid={chr(34)}u{number}{chr(34)}" if number else ""}><prop type="x">y</prop>\n{inner}</tu>\n'


def document(*units: str, encoding: str = "UTF-8") -> bytes:
    content = HEAD.format(encoding) + "<body>\n" + "".join(units) + "</body></tmx>\n"
    return content.encode("utf-16" if encoding == "UTF-16" else "utf-8")


def source(root, limit: int | None = None, languages: str = "eng mlt hin", **table: Any) -> tmx.Tmx:
    base = {"files": "memory.tmx", "aliases": {"en": "eng", "mt": "mlt", "en-GB": "eng"}}
    return tmx.source(made_home("tmx", languages, **(base | table)), Data(root, limit))


WHOLE = (
    unit(1, en="Sea &amp; sky", mt="Baħar u sema"),
    unit(2, en="Water"),
    unit(3, **{"en-GB": "Salt", "mt": "Melħ"}),
)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_units_are_items(tmp_path, encoding):
    """A unit has one id in all its languages, whatever their codes; one that it lacks is counted, with a note."""
    write_file(tmp_path / "memory.tmx", document(*WHOLE, encoding=encoding))
    made = source(tmp_path)
    assert made.languages() == ("eng", "mlt")
    assert made.read("eng").fields["text"] == ("Sea & sky", "Water", "Salt")
    assert made.read("eng").ids == made.read("eng").clusters == ("set:1", "set:2", "set:3")
    assert made.read("mlt").ids == ("set:1", "set:3")
    assert (made.read("eng").facts, made.read("mlt").facts) == ({}, {"units_without (mlt)": 1})
    assert made.read("mlt").notes == ("units that lack the language are left out (how many is in the facts)",)
    assert made.read("mlt").shared == 0
    assert made.read("eng").place(1).endswith("memory.tmx, line 9")


def test_ids_samples_and_blocks(tmp_path):
    """Units may be called by their tuid; a sample has the first units; so many in a row are a block."""
    write_file(tmp_path / "memory.tmx.gz", gzip.compress(document(*WHOLE)))
    assert source(tmp_path, id="tuid").read("mlt").ids == ("set:u1", "set:u3")
    assert source(tmp_path, 2).read("mlt").ids == ("set:1",)
    assert source(tmp_path, max_rows=1).read("eng").ids == ("set:1",)
    assert source(tmp_path, block=2).read("mlt").clusters == ("set:block-0", "set:block-1")
    write_file(tmp_path / "memory.tmx", document(*WHOLE, WHOLE[0]))
    with pytest.raises(DataError, match=r"memory\.tmx, line \d+: the tuid 'u1' was on .*memory\.tmx, line 4 already"):
        source(tmp_path, id="tuid").read("eng")
    write_file(tmp_path / "memory.tmx", document(unit(en="a")))
    with pytest.raises(DataError, match="line 4: the unit has no tuid"):
        source(tmp_path, id="tuid").read("eng")


def test_formatting_codes_are_no_text(tmp_path):
    """What codes hold is left out and counted; what is only highlighted stays."""
    write_file(
        tmp_path / "memory.tmx",
        document(unit(en='A <bpt i="1">&lt;b&gt;<sub>x</sub></bpt><hi>bold</hi><ept i="1">&lt;/b&gt;</ept> word<ph/>')),
    )
    records = source(tmp_path).read("eng")
    assert records.fields["text"] == ("A bold word",)
    assert records.facts == {"texts_with_codes (eng)": 1}


def test_a_file_for_each_pair(tmp_path):
    """A file has the language of its name and the pivot, whose items are those of all files."""
    write_file(tmp_path / "en-mt.tmx", document(unit(en="Water", mt="Ilma", hin="x")))
    write_file(tmp_path / "en-hin.tmx", document(unit(en="Sea", hin="समुद्र"), unit(hin="पानी")))
    made = source(tmp_path, files="en-{language}.tmx", pivot="eng")
    assert made.languages() == ("eng", "hin", "mlt")
    assert (made.read("hin").ids, made.read("mlt").ids) == (("set:hin:1", "set:hin:2"), ("set:mlt:1",))
    assert made.read("eng").ids == ("set:hin:1", "set:mlt:1")
    assert made.read("eng").facts == {"units_without (eng)": 1}


def test_several_files_are_one_memory(tmp_path):
    """Their units are told apart by the names of the files."""
    for name in ("a", "b"):
        write_file(tmp_path / f"{name}.tmx", document(unit(en=name, mt=name * 2)))
    assert source(tmp_path, files=["a.tmx", "b.tmx"]).read("mlt").ids == ("set:a:1", "set:b:1")


def test_empty_texts(tmp_path):
    """An error with its line; with drop_empty that text alone is left out, and counted."""
    write_file(tmp_path / "memory.tmx", document(unit(en="a", mt="\u200b"), unit(en="b", mt="c")))
    with pytest.raises(DataError, match=r"memory\.tmx, line 6: the text in 'mlt' is empty but for"):
        source(tmp_path).languages()
    made = source(tmp_path, drop_empty=True)
    assert (made.read("mlt").ids, made.read("mlt").facts) == (("set:2",), {"rows_left_out (mlt)": 1})


def test_languages_that_the_card_does_not_declare(tmp_path):
    """The reason of a missing language names the codes that there are, and the aliases that would take them."""
    write_file(tmp_path / "memory.tmx", document(unit(en="a", mt="b", hi="क")))
    missing = source(tmp_path)
    assert missing.languages() == ("eng", "mlt")
    assert missing.why_missing("hin").endswith('aliases = { "hi" = "hin" } would take them')
    with pytest.raises(DataError, match=r"no text is in a language that the card declares; there are texts of .*'en'"):
        source(tmp_path, languages="nep", aliases={}).languages()


def test_a_card_without_languages_has_all_of_the_file(tmp_path):
    """Regions count for their language; a code of none is an error, and no text is left out in silence."""
    write_file(tmp_path / "t.toml", 'protocol = "retrieval"\n[data]\nreader = "tmx"\nfiles = "memory.tmx"\n')
    write_file(tmp_path / "memory.tmx", document(unit(**{"en-US": "a", "mt": "b"}), unit(**{"en-GB": "c", "mt": "d"})))
    data = open_data(read_card(tmp_path / "t.toml", "./t.toml"), Data(tmp_path))
    assert data.languages() == ("eng", "mlt")
    assert data.test.read("eng").fields["text"] == ("a", "c")
    write_file(tmp_path / "memory.tmx", document(unit(**{"en-US": "a", "mt": "b", "x-none": "c"})))
    with pytest.raises(DataError, match="'x-none' is no language's code or name"):
        open_data(read_card(tmp_path / "t.toml", "./t.toml"), Data(tmp_path)).languages()


def test_the_files_of_a_language(tmp_path):
    """A language is read from those files that have a text of it, the pivot from all."""
    for code in ("mt", "hin"):
        write_file(tmp_path / f"en-{code}.tmx", document(unit(**{"en": "a", code: "b"})))
    made = source(tmp_path, files="en-{language}.tmx", pivot="eng")
    assert [path.name for path in made.files("mlt")] == ["en-mt.tmx"]
    assert sorted(path.name for path in made.files("eng")) == ["en-hin.tmx", "en-mt.tmx"]


LAUGHS = '<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><tmx><body><tu/></body></tmx>'
OUTSIDE = '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/passwd">]><tmx/>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LAUGHS, "line 1: declares the entity 'a'"),
        (OUTSIDE, "line 1: declares the entity 'a'"),
        (document(unit(en="a&nbsp;b")), "line 5: &nbsp; is not known; write it out"),
        (document(*WHOLE)[:-20], r"no XML \("),
        (document(unit(en="a & b")), r"line 5: no XML \("),
        (document(unit(en="a")).replace(b' xml:lang="en"', b""), "line 5: a text says no language"),
        (document(unit(en="a", **{"en-GB": "b"})), "line 6: unit 1 has a second text in 'eng' .*line 5; keep one"),
        ("<html><body/></html>", "is no TMX: it begins with <html>"),
        ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b'<?xml version="1.0" encoding="x-none"?><tmx/>', "x-none|unknown encoding"),
        (document(unit(en="a")).replace(b">a<", b">\xff<"), r"no XML \(not well-formed"),
        (b"", r"no XML \(no element found\)"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, said):
    """Broken and hostile files are errors with a line; entities are neither expanded nor fetched nor dropped."""
    write_file(tmp_path / "memory.tmx", content)
    with pytest.raises(DataError, match=rf"memory\.tmx.*({said})"):
        source(tmp_path).languages()


def test_files_that_hold_nothing(tmp_path):
    """No file, and no unit, is missing data."""
    with pytest.raises(DataMissing, match=r"no file memory\.tmx under"):
        source(tmp_path).languages()
    write_file(tmp_path / "memory.tmx", document())
    with pytest.raises(DataMissing, match=r"memory\.tmx has no translation units"):
        source(tmp_path).languages()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"files": "{language}.tmx"}, "files hold all languages, or each the language of its name"),
        ({"pivot": "eng"}, "files hold all languages, or each the language of its name"),
        ({"files": "{language}.tmx", "pivot": "fra"}, "pivot: 'fra' is none of the card's languages"),
        ({"block": 2, "id": "tuid"}, "block: counts units by their numbers"),
    ],
)
def test_cards_that_contradict_themselves(tmp_path, table, said):
    """What the types of keys cannot say is an error of the card."""
    with pytest.raises(UsageError) as error:
        source(tmp_path, **table)
    assert said in str(error.value)
