"""Text files: what they are, how far they are read, and which texts have anything to see."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from xlbench import Data, DataError, DataMissing
from xlbench_tasks.data import codes
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.text import visible
from xlbench_tasks.readers import conll, delimited, parallel


def _home(reader: str, languages: str = "eng", **table: Any) -> Home:
    return Home("t.toml: [data]", "set", reader, tuple(languages.split()), table)


def _sources(root: Path, ending: str, limit: int | None = None) -> list[Any]:
    """A source of every reader of text files over ``{language}`` with an ending."""
    files, data = "{language}" + ending, Data(root, limit)
    return [
        parallel.source(_home("parallel", files=files), data),
        delimited.source(_home("delimited", files=files, fields={"text": 1}, header=False, delimiter="|"), data),
        conll.source(_home("conll", files=files, tags={"PER": "PER"}), data),
    ]


def _xlsx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("eng.txt", "text")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a text\n".encode("utf-16"), "is UTF-16 text; save the file as UTF-8"),
        ("a text\n".encode("utf-16-le"), "is UTF-16 text without a byte order mark"),
        ("a text\n".encode("utf-32"), "is UTF-32 text"),
        (_xlsx(), r"is an Excel workbook \(\.xlsx\).*reader = 'xlsx', or export the sheet as CSV or TSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"is an Excel workbook \(\.xls\)"),
        (_zip(), "is a ZIP archive; unpack it"),
        (b"PAR1\x15\x04", "is a Parquet file; read it with reader = 'parquet'"),
        (b"BZh91AY&SY", "is a bzip2 file"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a Git LFS pointer.*git lfs pull"),
        (b"/annex/objects/SHA256E-s9--0.txt\n", "is a git-annex pointer.*git annex get"),
        (gzip.compress(b"version https://git-lfs.github.com/spec/v1\n", mtime=0), "is a Git LFS pointer"),
        (gzip.compress(b"a text\n" * 1000, mtime=0)[:-20], "is a gzip file that is cut off or damaged"),
        (b"one\rtwo\rthree\r", "its lines end in bare carriage returns"),
        (b"one\rtwo\rthree\n", "its lines end in bare carriage returns"),
        (b"caf\xe9\n", r"line 1: byte 3 \(0xe9\) is not UTF-8; save the file as UTF-8"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_utf_8_text_is_named_by_every_reader(tmp_path, content, said):
    """The error says what the file is and what to do, whichever reader opens it."""
    (tmp_path / "eng.txt").write_bytes(content)
    for source in _sources(tmp_path, ".txt"):
        with pytest.raises(DataError, match=rf"eng\.txt.* {said}"):
            source.read("eng")


def test_gzip_is_read_as_what_is_in_it(tmp_path):
    """A packed file gives the same records as the plain one, and .tsv.gz is a tab file."""
    text = "Asha B-PER\nran O\n"
    (tmp_path / "eng.txt").write_text(text, encoding="utf-8")
    (tmp_path / "eng.txt.gz").write_bytes(gzip.compress(text.encode()))
    for plain, packed in zip(_sources(tmp_path, ".txt"), _sources(tmp_path, ".txt.gz"), strict=True):
        assert plain.read("eng") == packed.read("eng")
    (tmp_path / "eng.tsv.gz").write_bytes(gzip.compress(b"text\tlabel\na, b\tx\n"))
    table = _home("delimited", files="{language}.tsv.gz", fields={"text": "text", "label": "label"})
    assert delimited.source(table, Data(tmp_path)).read("eng").fields == {"text": ("a, b",), "label": ("x",)}


INVISIBLE = ["", " ", "\u00a0", "\u200b", "\u200b\u2060\ufeff", "\ufe0f", "\u3164", "\u2800", "\u00ad", "\u115f"]
VISIBLE = ["a", "😀", "👩‍👩‍👧", "❤️", ".", "क", "ा", "\ue000", "\u200ba"]


def test_one_notion_of_a_visible_text():
    """White space, format characters and blanks are nothing to see; an emoji, a sign and a vowel sign are."""
    assert [text for text in INVISIBLE if visible(text)] == []
    assert [text for text in VISIBLE if not visible(text)] == []


@pytest.mark.parametrize("text", [text for text in INVISIBLE if text])
def test_texts_that_nobody_sees_are_refused_by_every_reader(tmp_path, text):
    """By parallel and delimited with the line; by conll as a row without a word, which is left out and counted."""
    (tmp_path / "eng.txt").write_text(f"one\n{text}\n", encoding="utf-8")
    for source in _sources(tmp_path, ".txt")[:2]:
        with pytest.raises(DataError, match=r"eng\.txt, line 2: .*empty"):
            source.read("eng")
    (tmp_path / "eng.txt").write_text(f"one\tO\n{text}\tB-PER\n", encoding="utf-8")
    words = conll.source(
        _home("conll", files="{language}.txt", tags={"PER": "PER"}, delimiter="tab"), Data(tmp_path)
    ).read("eng")
    assert (words.fields["tokens"], words.facts) == (("one",), {"rows_without_word": 1})


@pytest.mark.parametrize("text", VISIBLE)
def test_texts_that_are_seen_are_read(tmp_path, text):
    """To the letter, an emoji alone too."""
    (tmp_path / "eng.txt").write_text(f"{text}\n", encoding="utf-8")
    for source in _sources(tmp_path, ".txt")[:2]:
        assert source.read("eng").fields["text"] == (text,)


def test_a_limit_reads_no_further_than_it_needs(tmp_path):
    """What stands behind the sample is not looked at: bytes that are no UTF-8, and a broken quote, do not matter."""
    (tmp_path / "eng.txt").write_bytes(b"one O\n\ntwo O\n\n" + b"more O\n\n" * 50_000 + b"\xff\n")
    words = _sources(tmp_path, ".txt", limit=2)[2]
    assert words.read("eng").fields["tokens"] == ("one", "two")
    (tmp_path / "eng.txt").write_bytes(b"one\ntwo\n" + b"more\n" * 50_000 + b'"\xff\n')
    for source in _sources(tmp_path, ".txt", limit=2)[:2]:
        assert source.read("eng").fields["text"] == ("one", "two")


def test_a_limit_still_sees_that_parallel_files_are_of_unequal_length(tmp_path):
    """Lines are counted to the end: everything after a lost line would be scored against the wrong translation."""
    (tmp_path / "eng.txt").write_text("1\n2\n3\n4\n", encoding="utf-8")
    (tmp_path / "hin.txt").write_text("1\n3\n4", encoding="utf-8")
    source = parallel.source(_home("parallel", "eng hin", files="{language}.txt"), Data(tmp_path, 2))
    source.read("eng")
    with pytest.raises(DataError, match=r"hin\.txt has 3 lines but .*eng\.txt has 4"):
        source.read("hin")


@pytest.mark.parametrize(
    ("word", "language"),
    [("fr", "fra"), ("fre", "fra"), ("French", "fra"), ("fr-FR", "fra"), ("zh", "zho_Hans"), ("zh-Hans", "zho_Hans"),
     ("de", None), ("README", None), ("sr", None), ("sr-Latn", "srp_Latn"), ("tl", None)],
)  # fmt: skip
def test_a_word_of_a_data_set_may_mean_a_declared_language(word, language):
    """Two-letter codes, other three-letter codes and English names; none where several languages fit."""
    assert codes.meant_language(word, ("fra", "zho_Hans", "srp_Latn", "srp_Cyrl")) == language


def test_iso_639_3_codes_are_known():
    """The code of ISO 639-3, not the second one that some languages have; a script stays."""
    words = ("de", "fr", "zh", "German", "zh_Hans", "nb", "sl", "xx", "eng")
    expected = ["deu", "fra", "zho", "deu", "zho_Hans", "nob", "slv", None, "eng"]
    assert [codes.three_letters(word) for word in words] == expected


def test_files_of_no_declared_language_are_named_with_the_aliases_that_would_take_them(tmp_path):
    """Where nothing of a data set is at hand under the codes of the card."""
    for code in ("de", "fr", "xyz"):
        (tmp_path / f"t.{code}").write_text("text\n", encoding="utf-8")
    source = parallel.source(_home("parallel", "deu eng fra", files="t.{language}"), Data(tmp_path))
    with pytest.raises(DataMissing) as missing:
        source.languages()
    assert "files of no declared language: t.de, t.fr, t.xyz" in str(missing.value)
    assert 'in t.toml: [data], aliases = { "de" = "deu", "fr" = "fra" } would take them' in str(missing.value)
