"""Vectors in files as a model: found by text and role, whatever kind of file they are in, and refused in one line."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_task import tiny

import xlbench
from xlbench import DataError, EncoderError, UsageError
from xlbench.runs.asked_texts import text_hash
from xlbench.testing.models import TEXTS, check_model
from xlbench_vectors.stored.model import model_of

WORDS = ("one", "two\nlines", "üç", "", "\ud800")
RNG = np.random.default_rng(3)
VECTORS = RNG.standard_normal((len(WORDS), 6)).astype(np.float32)


def fields(text: str, role: str = "", *names: str) -> dict[str, str]:
    whole = {"text": text, "hash": text_hash(text), "id": text_hash(text), "role": role}
    return {name: whole[name] for name in names or ("hash", "role", "text")}


def write_list(path: Path, rows: list[dict[str, str]]) -> None:
    """A list of texts, in the kind of file that the suffix says."""
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        head = ["\t".join(rows[0])] if path.suffix == ".tsv" else []
        path.write_text("\n".join([*head, *("\t".join(row.values()) for row in rows)]) + "\n", encoding="utf-8")


def stored(folder: Path, words=WORDS, vectors=VECTORS, name="vectors", suffix=".jsonl") -> Path:
    """A folder with an array and the list of its texts."""
    write_list(folder / f"{name}{suffix}", [fields(word) for word in words])
    np.save(folder / f"{name}.npy", vectors)
    return folder


def encode(folder: Path | str, texts=WORDS, role=None, options="") -> np.ndarray:
    return model_of(f"vectors:{folder}{options}").load().encode(list(texts), role)


def refused(folder: Path | str, kind: type[Exception] = DataError, options: str = "") -> str:
    """The line with which a folder's model cannot be made or loaded."""
    with pytest.raises(kind) as caught:
        model_of(f"vectors:{folder}{options}").load()
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".jsonl", ".tsv", ".parquet", ".txt"])
@pytest.mark.parametrize("names", [("text",), ("hash",), ("id",), ("hash", "role", "text")])
def test_an_array_is_found_by_its_list(suffix, names, tmp_path):
    """Texts or hashes in any kind of list say of which text each row is, in any order of asking."""
    if suffix == ".txt" and len(names) > 1:
        names = ("text",)
    words = ["one", "üç", "two words", ""]
    write_list(tmp_path / "a" / f"list{suffix}", [fields(word, "", *names) for word in words])
    np.save(tmp_path / "a" / "vectors.npy", VECTORS[:4])
    assert np.array_equal(encode(tmp_path / "a", words[::-1]), VECTORS[3::-1])
    assert np.array_equal(encode(tmp_path / "a", ["one"] * 3, "query"), VECTORS[[0, 0, 0]])


def test_any_text_has_a_hash(tmp_path):
    """Line breaks, nothing at all and half a character are texts like others."""
    assert np.array_equal(encode(stored(tmp_path / "a")), VECTORS)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", ">f4"])
def test_any_type_of_number_is_read(dtype, tmp_path):
    """Arrays of half and double precision, of whole numbers and of the other byte order give float32."""
    array = (VECTORS * 20).astype(dtype)
    found = encode(stored(tmp_path / "a", vectors=np.asfortranarray(array)))
    assert found.dtype == np.float32
    assert np.array_equal(found, array.astype(np.float32))


@pytest.mark.parametrize("shape", ["list", "large_list", "fixed", "columns"])
def test_a_parquet_file_holds_both(shape, tmp_path):
    """Vectors are a column of lists, of any kind, or numbered columns, in the order of their numbers."""
    table = {"text": WORDS[:3], "other": ["x", "y", "z"]}
    wide = RNG.standard_normal((3, 12)).astype(np.float32)
    if shape == "columns":
        table |= {f"v{column}": wide[:, column] for column in RNG.permutation(12)}
    else:
        kinds = {"list": pa.list_(pa.float32()), "large_list": pa.large_list(pa.float64()),
                 "fixed": pa.list_(pa.float32(), 12)}  # fmt: skip
        table |= {"embedding": pa.array(wide.tolist(), kinds[shape])}
    (tmp_path / "a").mkdir()
    pq.write_table(pa.table(table), tmp_path / "a" / "both.parquet")
    for target in (tmp_path / "a", tmp_path / "a" / "both.parquet"):
        assert np.array_equal(encode(target, WORDS[:3]), wide)


def test_several_parts_are_one_model(tmp_path):
    """Arrays with lists of their own names, and a table beside them, are searched together."""
    folder = stored(tmp_path / "a", WORDS[:2], VECTORS[:2], "first")
    stored(folder, WORDS[2:4], VECTORS[2:4], "second", ".tsv")
    row = {"text": ["more"], "vector": [VECTORS[4].tolist()]}
    pq.write_table(pa.table(row), folder / "third.parquet")
    assert np.array_equal(encode(folder, ("more", *WORDS[:4])), VECTORS[[4, 0, 1, 2, 3]])


def test_roles_have_vectors_of_their_own(tmp_path):
    """A query is found as a query, else without a role; a text without a role is never found as a query."""
    rows = [fields("one"), fields("one", "query"), fields("two"), fields("three", "document")]
    write_list(tmp_path / "a" / "texts.jsonl", rows)
    np.save(tmp_path / "a" / "vectors.npy", VECTORS[:4])
    assert np.array_equal(encode(tmp_path / "a", ["two", "one"], "query"), VECTORS[[2, 1]])
    assert np.array_equal(encode(tmp_path / "a", ["three", "one"], "document"), VECTORS[[3, 0]])
    assert np.array_equal(encode(tmp_path / "a", ["one"]), VECTORS[[0]])
    with pytest.raises(EncoderError, match=r"such as 'three'\. They have one as document"):
        encode(tmp_path / "a", ["one", "three"])


def test_texts_without_a_vector_are_one_error(tmp_path):
    """The line counts them, and names one and the command that writes them all."""
    with pytest.raises(EncoderError) as caught:
        encode(stored(tmp_path / "a"), ["one", "lacking", "another"], "query")
    assert str(caught.value) == (
        "2 of 3 texts asked for as query have no vector, such as 'lacking'. "
        "'xlbench texts' writes all that a task asks for"
    )


def test_equal_vectors_of_one_text_are_one(tmp_path):
    """A text that is there twice is no error where its vectors differ by rounding alone; it is where they differ."""
    twice = np.concatenate([VECTORS, VECTORS[:1] + 1e-5])
    folder = stored(tmp_path / "a", (*WORDS, "one"), twice)
    assert np.array_equal(encode(folder), VECTORS)
    assert model_of(f"vectors:{folder}").load().details == {"texts": len(WORDS)}
    other = stored(tmp_path / "b", (*WORDS, "one"), np.concatenate([VECTORS, -VECTORS[:1]]))
    assert "one text has two vectors: vectors.npy row 1 and vectors.npy row 6." in refused(other)


def test_options_shape_what_is_handed_on(tmp_path):
    """Cutting brings to unit length, and models that differ in it alone share the identity of vectors."""
    folder = stored(tmp_path / "a")
    plain, cut, dot = (model_of(f"vectors:{folder}{end}") for end in ("", "?dimensions=2", "?similarity=dot"))
    made = cut.transform().fit(VECTORS[:0])(VECTORS)
    assert np.allclose(made, VECTORS[:, :2] / np.linalg.norm(VECTORS[:, :2], axis=1, keepdims=True))
    assert dot.transform().similarity == "dot"
    assert plain.transform is None
    assert len({model.vectors_identity() for model in (plain, cut, dot)}) == 1
    assert len({model.identity() for model in (plain, cut, dot)}) == 3
    with pytest.raises(EncoderError, match="dimensions=9, but the vectors have 6"):
        model_of(f"vectors:{folder}?dimensions=9").transform().fit(VECTORS[:0])(VECTORS)


def test_identity_is_content(tmp_path):
    """A copy under other names is the same model; another vector or another text makes another."""
    known = {model_of(f"vectors:{stored(tmp_path / 'a')}?name=x").identity()}
    (tmp_path / "b").mkdir()
    for name, copy in (("vectors.npy", "mine.npy"), ("vectors.jsonl", "mine.jsonl")):
        (tmp_path / "b" / copy).write_bytes((tmp_path / "a" / name).read_bytes())
    known.add(model_of(f"vectors:{tmp_path / 'b'}").identity())
    assert len(known) == 1
    known.add(model_of(f"vectors:{stored(tmp_path / 'c', vectors=VECTORS + np.float32(1e-3))}").identity())
    known.add(model_of(f"vectors:{stored(tmp_path / 'd', words=(*WORDS[:4], 'else'))}").identity())
    assert len(known) == 3


def test_arrays_are_mapped_and_not_read(tmp_path):
    """An array's numbers are mapped from its file, those of a table from a temporary one."""
    stored(tmp_path / "a")
    pq.write_table(pa.table({"text": ["more"], "vector": [VECTORS[4].tolist()]}), tmp_path / "a" / "b.parquet")
    arrays = model_of(f"vectors:{tmp_path / 'a'}").load()._vectors._arrays
    assert [type(array) for array in arrays] == [np.memmap, np.memmap]


def test_the_model_conforms(tmp_path):
    """A folder that has the texts of the conformance kit is a model that passes it, and can be sent to a worker."""
    from xlbench.testing.models import LONG

    words = (*TEXTS, LONG)
    model = model_of(f"vectors:{stored(tmp_path / 'a', words, RNG.standard_normal((len(words), 4)))}?name=mine")
    check_model(model)
    assert pickle.loads(pickle.dumps(model)).identity() == model.identity()


def test_zeros_are_refused_unless_they_are_said_to_be_unknown(tmp_path):
    """A vector of zeros is an error of the model, or a text that it does not know."""
    folder = stored(tmp_path / "a", vectors=np.zeros_like(VECTORS))
    with pytest.raises(EncoderError, match="is all zeros"):
        xlbench.EncodingSession(model_of(f"vectors:{folder}").load()).encode(["one"])
    known = model_of(f"vectors:{folder}?zero_is_unknown").load()
    assert not xlbench.EncodingSession(known).encode(["one"]).any()


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([[1.0, np.nan]] * 5), "row 1: the vector holds NaN or infinity"),
        (np.array([[1.0, 2.0]] * 4 + [[1e300, 0]]), "row 5: the vector holds NaN or infinity (as float32)"),
        (np.ones((4, 2)), "has 4 vectors, and vectors.jsonl lists 5 texts"),
        (np.ones(5), "is an array of shape (5,) of float64: write one of numbers, of shape (texts, dimensions)"),
        (np.array([["a"]] * 5), "of <U1: write one of numbers"),
        (np.ones((5, 0)), "has vectors of 0 dimensions"),
        (np.array([[None]] * 5), "is no array that numpy can open"),
    ],
)
def test_an_array_that_is_wrong_is_one_line(array, said, tmp_path):
    """The line names the file, the row where there is one, and what is wrong."""
    assert said in refused(stored(tmp_path / "a", vectors=array))


def test_dimensions_that_differ_are_refused(tmp_path):
    """All parts have vectors of one length, and so have all rows of a table."""
    folder = stored(tmp_path / "a", ("one",), VECTORS[:1], "first")
    stored(folder, ("two",), VECTORS[:1, :4], "second")
    assert "second.npy has vectors of 4 dimensions, and first.npy of 6" in refused(folder)
    for vectors, said in (
        ([[1.0, 2.0], [1.0]], "rows from 1: a vector has 1 dimensions, and the first 2"),
        ([[1.0, 2.0], [1.0, None]], "a vector, or a number of one, is missing"),
        ([[1.0, 2.0], None], "a vector, or a number of one, is missing"),
        ([[], [1.0]], "the first vector (column vector) is empty"),
        ([["a"], ["b"]], "vectors are lists of string: write numbers"),
    ):
        pq.write_table(pa.table({"text": ["one", "two"], "vector": vectors}), tmp_path / "b.parquet")
        assert said in refused(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sentence": ["a"], "v": [[1.0]]}, "has no column text, hash or id, but sentence, v"),
        ({"text": ["a"]}, "there is nothing else"),
        ({"text": ["a"], "v": [[1.0]], "w": [[1.0]]}, "there is v, w"),
        ({"text": ["a"], "v0": [1.0], "w1": [1.0]}, "there is v0, w1"),
        ({"text": ["a"], "v0": [1.0], "v1": pa.array([None], pa.float32())}, "a number of a vector is missing"),
        ({"text": pa.array([], pa.string()), "v0": pa.array([], pa.float32())}, "has no vector"),
    ],
)
def test_a_table_that_is_wrong_is_one_line(table, said, tmp_path):
    """The line says which columns there are, and which there must be."""
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    assert said in refused(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("suffix", "content", "said"),
    [
        (".jsonl", '{"text": "a"}\nb\n', "texts.jsonl:2: 'b' is no JSON object"),
        (".jsonl", '{"words": "a"}\n', "texts.jsonl:1: give the text, or its hash"),
        (".jsonl", '{"hash": "12ab"}\n', "texts.jsonl:1: '12ab' is no SHA-256 of a text"),
        (".jsonl", json.dumps({**fields("a"), "text": "b"}), "texts.jsonl:1: the hash is not that of the text 'b'"),
        (".jsonl", '{"text": "a", "role": "title"}', "texts.jsonl:1: the role 'title' is none of query, document"),
        (".tsv", "a\nb\n", "texts.tsv:1: the first line names no column text, hash or id: 'a'"),
        (".tsv", "text\trole\na\n", "texts.tsv:2: it has 1 fields, and the first line 2"),
        (".txt", "a\nb\n\xe9".encode("latin-1"), "texts.txt is not UTF-8"),
    ],
)
def test_a_list_that_is_wrong_is_one_line(suffix, content, said, tmp_path):
    """The line names file, line and what is wrong there."""
    np.save(tmp_path / "vectors.npy", VECTORS)
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / f"texts{suffix}").write_bytes(raw)
    assert said in refused(tmp_path)


def test_what_does_not_belong_together_is_refused(tmp_path):
    """No folder, no vectors, no list, two lists, or a list of no array: a usage error says what to give."""
    assert "none of vectors. Give vectors.npy and" in refused(tmp_path / "none", UsageError)
    assert "Did you mean 'mine'?" in refused(stored(tmp_path / "mine").with_name("mime"), UsageError)
    (tmp_path / "a").mkdir()
    assert "has no vectors (.npy, .parquet): give vectors.npy and texts.jsonl" in refused(tmp_path / "a", UsageError)
    np.save(tmp_path / "a" / "vectors.npy", VECTORS)
    assert "there is none" in refused(tmp_path / "a", UsageError)
    for name in ("b.jsonl", "c.txt"):
        write_list(tmp_path / "a" / name, [fields(word, "", "hash") for word in WORDS])
    assert "there is more than one (b.jsonl, c.txt)" in refused(tmp_path / "a", UsageError)
    write_list(tmp_path / "mine" / "more.tsv", [fields("one")])
    assert "more.tsv is the list of no array" in refused(tmp_path / "mine", UsageError)
    assert "Did you mean 'dimensions'?" in refused(tmp_path / "mine", UsageError, "?dimension=2")


def test_a_file_that_is_no_parquet_file(tmp_path):
    """Damage is one line."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    assert re.search("a.parquet is no parquet file that can be read", refused(tmp_path / "a.parquet"))


@pytest.mark.slow
def test_a_run_by_files_scores_as_the_model_does(tmp_path, monkeypatch):
    """The texts of a task, encoded elsewhere and stored, get the very scores of the model that encoded them; what
    lacks a vector is an error of its cell alone."""
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path)
    options = {"tasks": "./tiny.toml", "data": "data", "cache": False}
    from xlbench.catalog import load
    from xlbench.runs.asked_texts import asked_texts

    catalog, texts = load(), []
    list(asked_texts(catalog.select_tasks(["./tiny.toml"]), xlbench.Data(Path("data")), texts.extend))
    words = [one.text for one in texts]
    (ngram,) = xlbench.run("ngram", **options, results="r")
    stored(tmp_path / "mine", words, catalog.models["ngram"].load().encode(words))
    (mine,) = xlbench.run("vectors:mine", **options, results="r")
    assert [cell.scores for cell in mine.cells] == [cell.scores for cell in ngram.cells]
    assert all(cell.scores for cell in mine.cells)
    assert mine.details["scheme"] == "vectors"
    kept = [number for number, word in enumerate(words) if " deu " not in word]
    stored(tmp_path / "few", [words[number] for number in kept], np.load("mine/vectors.npy")[kept])
    (few,) = xlbench.run("vectors:few", **options, results="r")
    status = {cell.subset: (cell.status, cell.reason) for cell in few.cells}
    assert {name for name, (what, _) in status.items() if what == "error"} == {"deu-eng", "eng-deu"}
    assert "have no vector, such as" in status["eng-deu"][1]
    assert os.listdir(tmp_path / "r")
