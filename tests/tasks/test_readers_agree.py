"""The same rows in another kind of file are the same records: of JSON, Parquet, tables in text files and workbooks."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from reader_files import made_home, write_file, write_parquet
from workbook_files import rows as sheet_rows
from workbook_files import workbook

from xlbench import Data
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.text import visible
from xlbench_tasks.readers import delimited, jsonl, parquet, xlsx

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12).filter(visible)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from(["yes", "no"])), min_size=1, max_size=8)


def write_all(folder: Path, rows: list[tuple[str, str]]) -> dict[str, Any]:
    """The rows in a file of every kind: name -> its reader."""
    objects = [{"text": text, "label": label} for text, label in rows]
    write_file(folder / "lines.jsonl", "".join(f"{json.dumps(one)}\n" for one in objects))
    write_file(folder / "list.json", json.dumps(objects, ensure_ascii=False, indent=2))
    write_parquet(folder / "rows.parquet", text=[text for text, _ in rows], label=[label for _, label in rows])
    table = io.StringIO()
    csv.writer(table).writerows([("text", "label"), *rows])
    write_file(folder / "rows.csv", table.getvalue())
    write_file(folder / "rows.xlsx", workbook({"a": sheet_rows(("text", "label"), *rows)}))
    return {"lines.jsonl": jsonl, "list.json": jsonl, "rows.parquet": parquet, "rows.csv": delimited, "rows.xlsx": xlsx}


def read_all(folder: Path, rows: list[tuple[str, str]], limit: int | None = None) -> dict[str, Records]:
    table = {"fields": {"text": "text", "label": "label"}, "language": "eng"}
    made = {
        name: reader.source(made_home("any", "eng", files=name, **table), Data(folder, limit))
        for name, reader in write_all(folder, rows).items()
    }
    return {name: source.read("eng") for name, source in made.items()}


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_the_kind_of_file_changes_nothing(rows):
    """Texts of any script, with quotes, commas and separators of Unicode, come out as they went in, under one id."""
    with tempfile.TemporaryDirectory() as folder:
        for name, records in read_all(Path(folder), rows).items():
            assert records.fields == {
                "text": tuple(text for text, _ in rows),
                "label": tuple(one for _, one in rows),
            }, name
            assert records.ids == tuple(f"set:eng:{number}" for number in range(1, len(rows) + 1)), name


@settings(max_examples=10, deadline=None)
@given(ROWS, st.integers(1, 5))
def test_a_sample_is_the_same_in_every_kind_of_file(rows, limit):
    """Labels take turns alike, so the fingerprint of a sample does not depend on the kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        prints = {records.fingerprint() for records in read_all(Path(folder), rows, limit).values()}
        assert len(prints) == 1
