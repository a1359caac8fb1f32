"""The reader `xlsx`: sheets, types of cells, formulas, merged cells, and workbooks that are damaged or hostile."""

from __future__ import annotations

from typing import Any

import pytest
from reader_files import made_home, write_file
from workbook_files import rows, workbook

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.data import workbooks
from xlbench_tasks.data.records import Records
from xlbench_tasks.readers import xlsx

SHARED = ('<c r="{}" t="s"><v>0</v></c>',)
"""A cell with the first of the shared strings."""


def source(root, limit: int | None = None, **table: Any) -> xlsx.Xlsx:
    base = {"files": "{language}.xlsx", "fields": {"text": "text", "label": "label"}}
    return xlsx.source(made_home("xlsx", "eng mlt", **(base | table)), Data(root, limit))


def read(root, content: bytes, limit: int | None = None, **table: Any) -> Records:
    write_file(root / "eng.xlsx", content)
    return source(root, limit, **table).read("eng")


HEADER = ("text", "label", "id")


def test_rows_of_the_only_sheet(tmp_path):
    """Texts are strings, labels may be numbers and truth values; empty rows are none, and rows keep their numbers."""
    content = workbook({"Sheet1": rows(HEADER, ("Għawdex\u2028 & <b>", 1, 7), (), ("NA", 0.5, 8), (" c\n", True, 9))})
    records = read(tmp_path, content)
    assert records.fields == {"text": ("Għawdex\u2028 & <b>", "NA", " c\n"), "label": ("1", "0.5", "true")}
    assert records.ids == ("set:eng:1", "set:eng:2", "set:eng:3")
    assert records.place(1).endswith("eng.xlsx, row 4")
    assert read(tmp_path, content, id="id").ids == ("set:7", "set:8", "set:9")
    assert read(tmp_path, content, 1).fields["text"] == ("Għawdex\u2028 & <b>",)


def test_shared_strings(tmp_path):
    """Runs of formatted text are one text, how it is pronounced is none of it, and escapes are resolved."""
    strings = ("<r><t>東</t></r><r><rPr/><t>京_x000D_</t></r><rPh sb='0' eb='1'><t>トウキョウ</t></rPh>",)
    assert read(tmp_path, workbook({"a": rows(HEADER, (SHARED, 1))}, strings)).fields["text"] == ("東京\r",)


@pytest.mark.parametrize("header", [True, False])
def test_columns_by_number(tmp_path, header):
    """The first row is data only where the card says so."""
    content = workbook({"a": rows(("water", "ilma"), ("sea", "baħar"))})
    made = source(tmp_path, files="all.xlsx", fields={"text": {"eng": 1, "mlt": 2}}, header=header)
    write_file(tmp_path / "all.xlsx", content)
    assert made.read("mlt").fields["text"] == (("baħar",) if header else ("ilma", "baħar"))
    with pytest.raises(UsageError, match="say header = true"):
        source(tmp_path, files="all.xlsx", fields={"text": {"eng": 1, "mlt": 2}})


def test_languages_in_columns_and_in_rows(tmp_path):
    """A column a language by its name in the header, or a code a row, as in other tables."""
    write_file(tmp_path / "a.xlsx", workbook({"a": rows(("eng", "en-mlt", "mlt"), ("water", "x", "ilma"))}))
    made = source(tmp_path, files="a.xlsx", fields={"text": "{language}"})
    assert (made.read("eng").fields["text"], made.read("mlt").fields["text"]) == (("water",), ("ilma",))
    write_file(
        tmp_path / "b.xlsx", workbook({"a": rows(("t", "l"), ("water", "eng"), ("eau", "fra"), ("ilma", "mlt"))})
    )
    made = source(tmp_path, files="b.xlsx", fields={"text": "t", "language": "l"})
    assert made.read("mlt").fields["text"] == ("ilma",)
    assert made.read("eng").facts == {"rows_of_other_languages": 1}


def test_one_of_several_sheets(tmp_path):
    """The card names it; without a name, or with a wrong one, the error lists those that there are."""
    content = workbook({"Train & co": rows(HEADER, ("a", "x")), "test": rows(HEADER, ("b", "y"))})
    assert read(tmp_path, content, sheet="Train & co").fields["text"] == ("a",)
    assert read(tmp_path, content, sheet="test").place(0).endswith("eng.xlsx, sheet 'test', row 2")
    with pytest.raises(DataError, match=r"has 2 sheets: say sheet = .* one of 'Train & co', 'test'"):
        read(tmp_path, content)
    with pytest.raises(DataError, match=r"has no sheet 'tests', only .*Did you mean 'test'"):
        read(tmp_path, content, sheet="tests")


FORMULA = ('<c r="{}" t="str"><f>A1</f><v>text</v></c>',)
ERROR = ('<c r="{}" t="e"><v>#N/A</v></c>',)
MERGED = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'


@pytest.mark.parametrize(
    ("second", "more", "said"),
    [
        ((5, "x"), "", "row 2: the text is a number and no text: 5"),
        ((43831.5, "x"), "", "row 2: the text is a number and no text: 43831.5"),
        ((True, "x"), "", "row 2: the text is a bool and no text"),
        ((None, "x"), "", "row 2: the text is empty"),
        (("\u200b", "x"), "", "row 2: the text is empty but for"),
        (("a", None), "", "row 2: the label is empty"),
        ((FORMULA, "x"), "", "row 2: the text is a formula; save its value in its place"),
        (("a", FORMULA), "", "row 2: the label is a formula"),
        ((ERROR, "x"), "", "row 2: the text is the error #N/A"),
        (("a", "x"), MERGED, "row 2: the text is a part of the merged cells A2:A3; split them"),
        (("a_x0000_", "x"), "", "row 2: the text is a text with a NUL character"),
        (("a_xD83D_", "x"), "", "row 2: the text is a text with half of a character"),
        (('<c r="{}" t="s"><v>9</v></c>',), "", "row 2: no string '9'; the workbook is damaged"),
    ],
)
def test_cells_that_hold_no_text(tmp_path, second, more, said):
    """A number, a formula, an error or a merged cell in the place of a text is an error with its row."""
    cells = (second, "x") if len(second) == 1 else second
    with pytest.raises(DataError, match=r"eng\.xlsx, ") as error:
        read(tmp_path, workbook({"a": rows(HEADER, cells, ("b", "y"), more=more)}))
    assert said in str(error.value)


def test_other_cells_may_hold_anything(tmp_path):
    """Formulas and merged cells in columns that the card does not read are of no concern; where asks no formula."""
    more = '<mergeCells><mergeCell ref="C2:D2"/></mergeCells>'
    content = workbook({"a": rows((*HEADER, "n"), ("a", "x", FORMULA, 1), ("b", "y", None, 2), more=more)})
    assert read(tmp_path, content).fields["text"] == ("a", "b")
    assert read(tmp_path, content, where={"label": "y"}).ids == ("set:eng:2",)
    with pytest.raises(DataError, match="row 2: what where asks for is a part of the merged cells C2:D2"):
        read(tmp_path, content, where={"n": "2"})


def test_rows_that_lack_something(tmp_path):
    """With drop_empty they are left out and counted; a formula is still an error."""
    content = workbook({"a": rows(HEADER, ("a", "x"), (None, "x"), ("c", None))})
    records = read(tmp_path, content, drop_empty=True)
    assert (records.ids, records.facts) == (("set:eng:1",), {"rows_left_out (eng)": 2})
    with pytest.raises(DataError, match="row 2: the text is a formula"):
        read(tmp_path, workbook({"a": rows(HEADER, (FORMULA, "x"))}), drop_empty=True)


def test_headers_that_do_not_fit(tmp_path):
    """A name that is not there or twice is an error that lists the names; an empty sheet says so."""
    with pytest.raises(DataError, match=r"has no column 'text', only 'texts', 'label'. Did you mean 'texts'"):
        read(tmp_path, workbook({"a": rows(("texts", "label"), ("a", "x"))}))
    with pytest.raises(DataError, match="has several columns 'text'"):
        read(tmp_path, workbook({"a": rows(("text", "text", "label"), ("a", "b", "x"))}))
    with pytest.raises(DataError, match="the sheet is empty"):
        read(tmp_path, workbook({"a": rows()}))
    with pytest.raises(DataMissing, match="has a header and no rows"):
        read(tmp_path, workbook({"a": rows(HEADER)}))


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha">]><worksheet><sheetData/></worksheet>'
WHOLE = workbook({"a": rows(HEADER, ("a", "x"))})
BACKWARD = workbook({"a": rows(HEADER, ("a", "x"), ("b", "y")).replace('<row r="2">', '<row r="3">', 1).replace(
    '<row r="3"><c r="A3"', '<row r="2"><c r="A3"'
)})  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text,label\na,x\n", "cannot be read as an Excel workbook"),
        (b"\xd0\xcf\x11\xe0 old", r"is an Excel workbook \(\.xls\); export"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (WHOLE[:-40], "cannot be read as an Excel workbook"),
        (workbook({"a": rows()}, replaced={"xl/workbook.xml": None}), "is no Excel workbook"),
        (workbook({"a": rows()}, replaced={"xl/worksheets/sheet1.xml": None}), "the sheet 'a' is not in it"),
        (workbook({"a": rows()}, replaced={"xl/worksheets/sheet1.xml": BOMB}), "declares the entity 'a'"),
        (workbook({"a": rows()}, replaced={"xl/worksheets/sheet1.xml": b"<worksheet>"}), "no XML"),
        (BACKWARD, "row 2: after row 3"),
        (workbook({"a": "<mergeCells><mergeCell ref='A1'/></mergeCells>"}), "'A1' is no range of cells"),
    ],
)
def test_damaged_and_hostile_workbooks(tmp_path, content, said):
    """What is no workbook, or is cut off, or declares entities, is an error that says so."""
    with pytest.raises(DataError, match=rf"eng\.xlsx.*({said})"):
        read(tmp_path, content)


def test_a_part_that_is_too_large_is_refused(tmp_path, monkeypatch):
    """A few packed kilobytes may hold gigabytes: a part has a largest size, before it is unpacked."""
    monkeypatch.setattr(workbooks, "LARGEST", 5_000)
    with pytest.raises(DataError, match=r"xl/worksheets/sheet1\.xml has more than 5,000 bytes"):
        read(tmp_path, workbook({"a": rows(HEADER, ("a" * 6_000, "x"))}))
