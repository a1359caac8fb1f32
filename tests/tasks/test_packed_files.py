"""Packed files: gzip and Zstandard, under the name that the card gives or with their own ending, in every reader."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.data import packed, text
from xlbench_tasks.data.source import Source
from xlbench_tasks.readers import conll, delimited, jsonl, parallel, search


def zstandard(content: bytes) -> bytes:
    """Content in one frame of Zstandard, as the command ``zstd`` packs it."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return sink.getvalue().to_pybytes()


PACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard}

READERS: dict[str, tuple[Any, dict[str, Any], dict[str, str]]] = {
    "parallel": (
        parallel,
        {"files": "{language}.txt", "clusters": "who.txt"},
        {"eng.txt": "a\nб\n", "who.txt": "1\n2\n"},
    ),
    "ending in the language": (parallel, {"files": "corpus.{language}"}, {"corpus.eng": "a\nб\n"}),
    "table": (delimited, {"files": "{language}.tsv", "fields": {"text": "text"}}, {"eng.tsv": "text\na\nб\n"}),
    "one table": (
        delimited,
        {"files": "all.tsv", "fields": {"text": "text"}, "language": "eng"},
        {"all.tsv": "text\na\nб\n"},
    ),
    "JSON": (jsonl, {"files": "{language}.jsonl", "fields": {"text": "t"}}, {"eng.jsonl": '{"t": "a"}\n{"t": "б"}\n'}),
    "words": (
        conll,
        {"files": "words.txt", "language": "eng", "tags": {"PER": "PER"}},
        {"words.txt": "a B-PER\nб O\n\n"},
    ),
    "search": (
        search,
        {"corpus": "{language}.tsv", "queries": "q.{language}.tsv", "qrels": "qrels.txt"},
        {"eng.tsv": "1\tдок\n", "q.eng.tsv": "7\tб\n", "qrels.txt": "7 0 1 1\n"},
    ),
}


def source(reader: str, root: Path) -> Source:
    module, table, _ = READERS[reader]
    made: Source = module.source(made_home(module.__name__.rpartition(".")[2], "eng", **table), Data(root))
    return made


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("reader", READERS)
def test_a_packed_file_is_read_as_what_is_in_it(tmp_path, reader, ending):
    """In every reader of text files the records are those of the plain files, whatever the names say."""
    for name, content in READERS[reader][2].items():
        write_file(tmp_path / "plain" / name, content)
        write_file(tmp_path / "ending" / f"{name}{ending}", PACK[ending](content.encode()))
        write_file(tmp_path / "same" / name, PACK[ending](content.encode()))
    plain = source(reader, tmp_path / "plain").read("eng")
    assert source(reader, tmp_path / "ending").read("eng") == plain
    assert source(reader, tmp_path / "same").read("eng") == plain


def test_the_plain_file_is_read_before_the_packed_one(tmp_path):
    """Where both are there, the file that the card names is the one."""
    write_file(tmp_path / "eng.tsv", "text\nplain\n")
    write_file(tmp_path / "eng.tsv.gz", gzip.compress(b"text\npacked\n"))
    assert source("table", tmp_path).read("eng").fields["text"] == ("plain",)


def test_a_missing_file_is_told_by_the_name_of_the_card(tmp_path):
    """Neither the plain nor a packed file: the reason names the plain one."""
    with pytest.raises(DataMissing, match=r"no file \{language\}\.tsv under"):
        source("table", tmp_path).languages()
    with pytest.raises(DataMissing, match=r"no file all\.tsv under"):
        source("one table", tmp_path).languages()


def test_frames_one_after_the_other_are_one_file(tmp_path):
    """Zstandard files that were joined are read to their end, line by line and as a whole."""
    path = write_file(tmp_path / "a.txt.zst", zstandard("ab\nб".encode()) + zstandard(b"c\n"))
    assert list(text.lines(path)) == ["ab", "бc"]
    assert (text.count_lines(path), text.read_text(path)) == (2, "ab\nбc\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zstandard(b"a text\n" * 1000)[:-5], "is a Zstandard file that is cut off or damaged"),
        (zstandard(b"a text\n") + b"more", "is a Zstandard file that is cut off or damaged"),
        (zstandard(b""), "is empty"),
        (zstandard(zstandard(b"a text\n")), "is a Zstandard file inside of a packed one; unpack it"),
        (zstandard(b"PAR1"), "is a Parquet file"),
        (zstandard(b"a\n\xff\n"), "line 2: byte 2 .0xff. is not UTF-8"),
        (gzip.compress(b"a text\n" * 1000)[:-9], "is a gzip file that is cut off or damaged"),
    ],
    ids=["cut off", "more behind it", "empty", "packed twice", "Parquet", "no UTF-8", "gzip cut off"],
)
def test_damage_inside_of_packed_files(tmp_path, content, said):
    """What is cut off, or holds something else than text, is an error that says so."""
    path = write_file(tmp_path / "a.txt", content)
    with pytest.raises(DataError, match=r"a\.txt,? " + said):
        list(text.lines(path))


def test_names_of_packed_files(tmp_path):
    """A name that is that of a packed file stands for itself alone; the reader of searches asks for the plain one."""
    assert packed.names("a.tsv") == ("a.tsv", "a.tsv.gz", "a.tsv.zst")
    assert packed.names("a.tsv.zst") == ("a.tsv.zst",)
    assert packed.plain_name("a.tsv.zst") == packed.plain_name("a.tsv.gz") == packed.plain_name("a.tsv") == "a.tsv"
    write_file(tmp_path / "eng.tsv.zst", zstandard(b"text\tmore\na, b\tc\n"))
    table = made_home("delimited", "eng", files="{language}.tsv.zst", fields={"text": "text"})
    assert delimited.source(table, Data(tmp_path)).read("eng").fields["text"] == ("a, b",)
    with pytest.raises(UsageError, match=r"corpus: without \.zst at the end"):
        search.source(made_home("search", corpus="{language}.zst", queries="q.{language}", qrels="r"), Data(tmp_path))
