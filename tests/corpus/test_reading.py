"""Texts of files of every kind, and what is refused with file and line."""

from __future__ import annotations

import gzip
import hashlib
import json
import os

import pyarrow as pa
import pytest
from unix import ON_UNIX

from xlbench.core.errors import DataError, UsageError
from xlbench.corpus.inputs import inputs_of
from xlbench.corpus.reading import LONGEST, Watch, read_texts


def texts(spec, *, skip_damaged=False, watch=None):
    """Number, text and document of everything in a file."""
    (source,) = inputs_of([str(spec)])
    return [*read_texts(source, watch or Watch(), skip_damaged=skip_damaged)]


def write(path, content):
    """A file with these bytes, or this text."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_plain_lines(tmp_path):
    """A text is a line, of any line end but those within texts; a byte-order mark is dropped, an empty line stays."""
    path = write(tmp_path / "a.txt", "\ufeffone\r\ntwo\u2028and\n\nthree")
    assert texts(path) == [(1, "one", ""), (2, "two\u2028and", ""), (3, "", ""), (4, "three", "")]


def packed(kind, raw):
    """The bytes, packed."""
    if kind == "gz":
        return gzip.compress(raw)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(raw)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_packed_files(kind, tmp_path):
    """A gzipped or zstd file is read as what is in it, under any name; size and hash are those of the file itself."""
    raw = packed(kind, "".join(f"line {number}\n" for number in range(5000)).encode())
    watch = Watch()
    found = texts(write(tmp_path / f"a.txt.{kind}", raw), watch=watch)
    assert found[4999] == (5000, "line 4999", "")
    assert (watch.bytes, watch.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert texts(write(tmp_path / "b", raw)) == found


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_packed_file_that_was_cut_off(kind, tmp_path):
    """The end of a packed file that lacks its end is an error, and not the end of the texts."""
    import random

    lines = [str(random.Random(number).random()) for number in range(5000)]
    raw = packed(kind, "\n".join(lines).encode())
    path = write(tmp_path / f"a.txt.{kind}", raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"a\.txt"):
        texts(path)


def test_json_lines(tmp_path):
    """A text is what a key holds, "text" where nothing else is said, with its document; blank lines are passed over."""
    rows = [{"text": "one\ntwo", "body": "b", "id": 7}, {"text": "", "body": "c", "id": None}]
    path = write(tmp_path / "a.jsonl", "\n\n".join(map(json.dumps, rows)))
    assert texts(path) == [(1, "one\ntwo", ""), (3, "", "")]
    assert texts(f"{path}?column=body&document=id") == [(1, "b", "7"), (3, "c", "")]


def test_tables(tmp_path):
    """A text is a cell: of CSV with quotes and breaks within, of TSV as it is; its column has a name or a number."""
    path = write(tmp_path / "a.csv", 'label,text,doc\n1,"one, ""two""\nthree",d\n0,four,e\n')
    assert texts(f"{path}?document=doc") == [(3, 'one, "two"\nthree', "d"), (4, "four", "e")]
    assert [text for _, text, _ in texts(f"{path}?column=1")] == ["1", "0"]
    plain = write(tmp_path / "b.tsv", 'a\t"b\nc\td"\n')
    assert texts(f"{plain}?header=false&column=2") == [(1, '"b', ""), (2, 'd"', "")]


def test_words_and_tags(tmp_path):
    """A text is the words of a sentence, with a space between; prefixes of languages and comments are left out."""
    path = write(tmp_path / "a.conll", "# id = 1\nne:नेपाल\tB-LOC\nne::\tO\n\n\nघर O\nको O\n। O")
    assert texts(path) == [(2, "नेपाल :", ""), (6, "घर को ।", "")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"fine\n\xff\n", "line 2: not UTF-8"),
        ("a.txt", b"fine\nn\x00l\n", "line 2: a NUL character"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', "line 2: no JSON"),
        ("a.jsonl", b'{"text": "a"}\n["text"]\n', "line 2: an object is expected"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "a"}\n', "line 2: there is no key 'text'. Did you mean 'txt'?"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 3}\n', "line 2: what 'text' holds is no text"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "\\ud83d"}\n', "line 2: what 'text' holds is no text"),
        ("a.csv", b"text,b\na,b\na,b,c\n", "line 3: 3 columns where the first row has 2"),
        ("a.tsv", b"text\tb\na\tb\na\n", "line 3: 1 column where the first row has 2"),
    ],
)
def test_damage(name, content, message, tmp_path):
    """What is damaged is an error with file and line, or is passed over and counted where that was asked for."""
    path = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        texts(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    watch = Watch()
    assert len(texts(path, skip_damaged=True, watch=watch)) == 1
    assert watch.damaged == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,body\n1,a\n", "say which column holds the texts"),
        ("a.csv?column=bdy", "id,body\n1,a\n", "there is no column 'bdy'. Did you mean 'body'? There are: id, body"),
        ("a.tsv?column=3&header=false", "a\tb\n", "there is no column '3'. There are: 1, 2"),
        ("a.txt", "PK\x03\x04...", "is a zip archive: give its texts as a file of lines"),
        ("a.txt", "x" * (LONGEST + 1), "a line of more than 1,048,576 bytes"),
    ],
)
def test_files_of_another_kind(name, content, message, tmp_path):
    """A file that is not what it was taken for is an error, whatever is passed over."""
    write(tmp_path / name.partition("?")[0], content)
    with pytest.raises(DataError) as caught:
        texts(tmp_path / name, skip_damaged=True)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([], "give a file"),
        (["nws.txt"], "there is no such file. Did you mean 'news.txt'"),
        (["."], "it is a folder"),
        (["news.txt?regster=a"], "no option 'regster'. Did you mean 'register'"),
        (["news.txt?column=2"], "a file of format txt has no option 'column'"),
        (["card:ntrex:nep?column=2"], "a card has no option 'column'"),
        (["card:ntrex"], "write card:TASK:LANGUAGE"),
        (["news.txt", "./news.txt"], "is given twice"),
        (["news.txt", "sub/news.txt"], "two inputs are called 'news.txt': give one of them a ?name="),
        (["news.txt?format=tvs"], "Did you mean 'tsv'"),
    ],
)
def test_inputs_that_are_none(specs, message, tmp_path, monkeypatch):
    """A spec that names nothing, or says what means nothing there, is refused before anything is read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    write(tmp_path / "news.txt", "a")
    write(tmp_path / "sub" / "news.txt", "a")
    with pytest.raises(UsageError) as caught:
        inputs_of(specs)
    assert message in str(caught.value)


@ON_UNIX
def test_a_pipe_is_no_file(tmp_path):
    """What could be read without end is refused."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no regular file"):
        inputs_of([str(tmp_path / "pipe")])
