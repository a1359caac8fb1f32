"""Tables in Parquet: columns, structs, classes, batches, types, and damage."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reader_files import hub_source, made_home, write_file, write_parquet

from xlbench import Data, DataError, DataMissing
from xlbench_tasks.data import parquet_files
from xlbench_tasks.data.records import Records
from xlbench_tasks.readers import parquet


def source(root, limit: int | None = None, **table: Any) -> parquet.Parquet:
    base = {"files": "{language}.parquet", "fields": {"text": "text"}}
    return parquet.source(made_home("parquet", "eng hin mlt", **(base | table)), Data(root, limit))


def read(root, limit: int | None = None, table: dict[str, Any] | None = None, **columns: list[Any]) -> Records:
    write_parquet(root / "eng.parquet", **columns)
    return source(root, limit, **(table or {})).read("eng")


def test_rows_of_a_file(tmp_path, monkeypatch):
    """Items are rows in their order, over batches; only so many as a sample needs, and no column but those named."""
    monkeypatch.setattr(parquet_files, "BATCH", 2)
    columns = {"text": ["Għawdex", "क\u2028ख", "NA"], "label": [1, 0, 1], "blob": [b"\xff"] * 3}
    table = {"fields": {"text": "text", "label": "label"}, "labels": {"0": "no", "1": "yes"}}
    records = read(tmp_path, table=table, **columns)
    assert records.fields == {"text": ("Għawdex", "क\u2028ख", "NA"), "label": ("yes", "no", "yes")}
    assert records.ids == ("set:eng:1", "set:eng:2", "set:eng:3")
    assert records.place(2).endswith("eng.parquet, row 3")
    assert read(tmp_path, 1, **columns).fields["text"] == ("Għawdex",)


def test_structs_and_a_column_a_language(tmp_path):
    """Dots lead into structs, one of which may have a language a part."""
    pairs = [{"en": f"text {n}", "mlt": f"test {n}"} for n in range(2)]
    write_parquet(tmp_path / "all.parquet", translation=pairs, id=[4, 5])
    made = source(
        tmp_path, files="all.parquet", fields={"text": "translation.{language}"}, aliases={"en": "eng"}, id="id"
    )
    assert made.languages() == ("eng", "mlt")
    assert made.read("eng").fields["text"] == ("text 0", "text 1")
    assert made.read("eng").ids == made.read("mlt").ids == ("set:4", "set:5")


def test_shards_are_read_one_after_the_other(tmp_path):
    """Several files of one language make one table; ids say of which file a row is."""
    for n in range(2):
        write_parquet(tmp_path / f"part{n}.parquet", text=[f"{n}a", f"{n}b"])
    records = source(tmp_path, files=["part0.parquet", "part1.parquet"], language="eng").read("eng")
    assert records.fields["text"] == ("0a", "0b", "1a", "1b")
    assert records.ids == ("set:eng:part0:1", "set:eng:part0:2", "set:eng:part1:1", "set:eng:part1:2")


def test_classes_come_by_their_names(tmp_path):
    """Where datasets wrote the names of classes beside their numbers, labels are names; -1 is none."""
    features = {"label": {"names": ["sad", "glad"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    made = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]})
    info = json.dumps({"info": {"features": features}})
    pq.write_table(made.replace_schema_metadata({"huggingface": info}), tmp_path / "eng.parquet")
    table = {"fields": {"text": "text", "label": "label"}}
    assert source(tmp_path, 2, **table).read("eng").fields["label"] == ("glad", "sad")
    with pytest.raises(DataError, match=r"eng\.parquet, row 3: the label is empty"):
        source(tmp_path, **table).read("eng")


def test_the_same_file_reads_as_the_hub_reads_it(tmp_path):
    """A file by its path and in a folder of the hub's layout give the same fields."""
    pytest.importorskip("datasets")
    columns = {"text": ["a", "é"], "label": [1, 0]}
    table = {"fields": {"text": "text", "label": "label"}, "labels": {"0": "no", "1": "yes"}}
    write_parquet(tmp_path / "org/name/eng.parquet", **columns)
    by_hub = hub_source(tmp_path, files="{language}.parquet", split=None, **table).read("eng")
    assert read(tmp_path, table=table, **columns) == by_hub


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"txt": ["a"]}, "has no column 'text', only 'txt'. Did you mean 'txt'"),
        ({"text": [1]}, "row 1: the text is a number and no text"),
        ({"text": ["a", None]}, "row 2: the text is empty"),
        ({"text": ["a", " \u200b"]}, "row 2: the text is empty but for"),
        ({"text": [b"a"]}, "row 1: the text is a bytes and no text"),
        ({"text": [["a"]]}, "row 1: the text is a list and no text"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(tmp_path, columns, said):
    """A column that is not there, and a value that is no text, are errors that name the file and the row."""
    with pytest.raises(DataError, match=r"eng\.parquet,? " + said):
        read(tmp_path, **columns)


def test_a_wrong_part_of_a_struct_is_told(tmp_path):
    """The error lists the parts that there are."""
    with pytest.raises(DataError, match=r"has no column 'a\.texts', only 'a\.text'. Did you mean 'a\.text'"):
        read(tmp_path, table={"fields": {"text": "a.texts"}}, a=[{"text": "x"}])


def test_damaged_files(tmp_path):
    """What is no Parquet, or is cut off, is an error that says what it is; a table without rows is missing data."""
    path = write_file(tmp_path / "eng.parquet", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    with pytest.raises(DataError, match="Git LFS pointer"):
        source(tmp_path).read("eng")
    write_file(path, "text\n")
    with pytest.raises(DataError, match=r"eng\.parquet is no Parquet file"):
        source(tmp_path).read("eng")
    write_parquet(path, text=["a"] * 100)
    whole = path.read_bytes()
    write_file(path, whole[:-20])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        source(tmp_path).read("eng")
    write_file(path, whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :])
    with pytest.raises(DataError, match=r"eng\.parquet"):
        source(tmp_path).read("eng")
    with pytest.raises(DataMissing, match=r"set has no 'eng' here: .*eng\.parquet has no rows"):
        read(tmp_path, text=pa.array([], pa.string()))


def test_texts_that_are_no_utf_8(tmp_path):
    """A string column with other bytes is an error, and no text is changed."""
    bad = pa.array([b"a", b"\xff"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": bad}), tmp_path / "eng.parquet")
    with pytest.raises(DataError, match=r"eng\.parquet: a text that is not UTF-8"):
        source(tmp_path).read("eng")


def test_rows_without_a_text_are_left_out_where_the_card_says_so(tmp_path):
    """Each language loses its own rows of a table with a column a language, and says how many."""
    write_parquet(tmp_path / "all.parquet", eng=["a", None, "c"], mlt=["x", "y", ""])
    table: dict[str, Any] = {"files": "all.parquet", "fields": {"text": "{language}"}, "drop_empty": True}
    made = source(tmp_path, **table)
    assert (made.read("eng").ids, made.read("mlt").ids) == (("set:1", "set:3"), ("set:1", "set:2"))
    assert made.read("mlt").facts == {"rows_left_out (mlt)": 1}
    assert source(tmp_path, 2, **table).read("eng").ids == ("set:1",)
