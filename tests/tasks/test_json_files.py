"""Tables in JSON: lines and lists of objects, nested keys, splits by file, types, and what is no JSON."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import read_card
from xlbench_tasks.data.records import Records
from xlbench_tasks.readers import jsonl

ROWS: list[dict[str, Any]] = [
    {"text": "Malta u Għawdex", "label": "place"},
    {"text": "क\u2028ख", "label": "word"},
    {"text": "NA", "label": "word"},
]


def source(root, limit: int | None = None, languages: str = "eng hin mlt", **table: Any) -> jsonl.Jsonl:
    base = {"files": "{language}.jsonl", "fields": {"text": "text", "label": "label"}}
    return jsonl.source(made_home("jsonl", languages, **(base | table)), Data(root, limit))


def lines(rows: list[dict[str, Any]], end: str = "\n") -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows)


def read(root, content: str | bytes, limit: int | None = None, name: str = "eng.jsonl", **table: Any) -> Records:
    write_file(root / name, content)
    return source(root, limit, **table).read("eng")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_lines_of_objects(tmp_path, start, end):
    """An item a line, in order, numbered; line separators of Unicode stay in texts, and blank lines are none."""
    records = read(tmp_path, start + lines(ROWS, end))
    assert records.fields == {"text": ("Malta u Għawdex", "क\u2028ख", "NA"), "label": ("place", "word", "word")}
    assert records.ids == records.clusters == ("set:eng:1", "set:eng:2", "set:eng:3")
    assert records.place(2).endswith(f"eng.jsonl, line {5 if end == chr(10) * 2 else 3}")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_objects_is_read_as_lines_are(tmp_path, indent):
    """On one line or on many; every item knows the line on which it begins."""
    whole = read(tmp_path, json.dumps(ROWS, indent=indent), name="eng.json", files="{language}.json")
    assert whole == read(tmp_path, lines(ROWS))
    assert whole.place(2).endswith(f"eng.json, line {1 if indent is None else 10}")


def test_a_list_inside_of_an_object_is_named_by_its_key(tmp_path):
    """Without the key, the error says which keys hold lists; with it, items are counted."""
    content = json.dumps({"version": 1, "data": {"rows": ROWS}, "more": []}, indent=1)
    with pytest.raises(DataError, match=r"eng\.jsonl is one JSON object: say at which key .* list = .*'more'"):
        read(tmp_path, content)
    records = read(tmp_path, content, list="data.rows")
    assert records.fields["text"] == read(tmp_path, lines(ROWS)).fields["text"]
    bad = content.replace('"NA"', "7")
    with pytest.raises(DataError, match=r"eng\.jsonl, item 3: the text is a number and no text: 7"):
        read(tmp_path, bad, list="data.rows")
    with pytest.raises(DataError, match=r"no key 'data\.row', only .*Did you mean 'data\.rows'"):
        read(tmp_path, content, list="data.row")
    with pytest.raises(DataError, match="a number, and no list at 'version'"):
        read(tmp_path, content, list="version")


def test_keys_inside_of_objects_and_lists(tmp_path):
    """Dots lead inside, numbers into lists; a key that has a dot in its name is found as it is."""
    rows = [{"a": {"text": "deep"}, "b": ["x", {"c": "second"}], "c.d": "dotted"}]
    fields = {"text": "a.text", "second": "b.1.c", "label": "c.d"}
    records = read(tmp_path, lines(rows), fields=fields)
    assert records.fields == {"text": ("deep",), "second": ("second",), "label": ("dotted",)}


def test_a_key_a_language(tmp_path):
    """Rows are the same items in all languages, whose codes become the card's."""
    rows = [{"translation": {"en": f"text {n}", "mlt": f"test {n}", "fr": f"texte {n}"}} for n in range(3)]
    write_file(tmp_path / "all.jsonl", lines(rows))
    made = source(tmp_path, files="all.jsonl", fields={"text": "translation.{language}"}, aliases={"en": "eng"})
    assert made.languages() == ("eng", "mlt")
    assert made.read("mlt").fields["text"] == ("test 0", "test 1", "test 2")
    assert made.read("eng").ids == made.read("mlt").ids == ("set:1", "set:2", "set:3")


def test_a_code_a_row(tmp_path):
    """Rows go to the language of their code; those of no declared one are left out, counted, and named."""
    rows = [{"text": f"{code} {n}", "lang": code} for n in range(3) for code in ("en", "mlt", "fr")]
    write_file(tmp_path / "all.jsonl", lines(rows))
    table: dict[str, Any] = {"files": "all.jsonl", "fields": {"text": "text", "language": "lang"}}
    made = source(tmp_path, aliases={"en": "eng"}, **table)
    assert made.languages() == ("eng", "mlt")
    records = made.read("mlt")
    assert (records.ids, set(records.fields)) == (("set:mlt:2", "set:mlt:5", "set:mlt:8"), {"text"})
    assert records.facts == {"rows_of_other_languages": 3}
    assert "does not declare are left out" in records.notes[0]
    missing = source(tmp_path, **table)
    assert "there are rows of no declared language: 'en', 'fr'; " in missing.why_missing("eng")
    assert 'aliases = { "en" = "eng" } would take them' in missing.why_missing("eng")
    assert len(source(tmp_path, 2, **table).read("mlt").ids) == 2


def test_splits_are_files(tmp_path):
    """A card's splits take the place of {split} in the name of a file."""
    for split, count in (("train", 6), ("validation", 4)):
        rows = [{"text": f"{split} {n}", "label": "ab"[n % 2]} for n in range(count)]
        write_file(tmp_path / f"news.{split}.jsonl", lines(rows))
    write_file(
        tmp_path / "news.toml",
        """name = "news"\narea = "news"\nprotocol = "classification"\ndescription = "d"\nlicense = "CC0-1.0"
languages = ["eng"]\nsplits = { train = "train", test = "validation" }
[data]\nreader = "jsonl"\nfiles = "news.{split}.jsonl"\nfields = { text = "text", label = "label" }\nlanguage = "eng"
[options]\nlabels = ["a", "b"]\n""",
    )
    data = open_data(read_card(tmp_path / "news.toml"), Data(tmp_path))
    assert data.test.read("eng").fields["text"] == tuple(f"validation {n}" for n in range(4))
    assert len(data.train.read("eng").ids) == 6


def test_types_of_fields(tmp_path):
    """Labels and ids may be numbers, labels truth values; scores have fractions; ids say which rows are one item."""
    rows = [{"text": "a", "n": 1, "k": 7}, {"text": "b", "n": True, "k": 8}, {"text": "c", "n": 0.5, "k": "x"}]
    records = read(tmp_path, lines(rows), fields={"text": "text", "label": "n"}, id="k")
    assert records.fields["label"] == ("1", "true", "0.5")
    assert records.ids == ("set:7", "set:8", "set:x")
    mapped = read(tmp_path, lines(rows[:1]), fields={"text": "text", "label": "n"}, labels={"1": "one"})
    assert mapped.fields["label"] == ("one",)
    scores = read(tmp_path, lines([{"text": "a", "s": 2.5}]), fields={"text": "text", "score": "s"})
    assert scores.fields["score"] == ("2.5",)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ('{"text": "a", "label": "x"', r"line 2: no JSON \(Expecting"),
        ('["a", "x"]', "line 2: a list in place of a JSON object"),
        ('{"txt": "a", "label": "x"}', "line 2: no key 'text', only 'txt', 'label'. Did you mean 'txt'"),
        ('{"text": 3, "label": "x"}', "line 2: the text is a number and no text: 3"),
        ('{"text": true, "label": "x"}', "line 2: the text is a bool and no text"),
        ('{"text": ["a"], "label": "x"}', "line 2: the text is a list and no text"),
        ('{"text": null, "label": "x"}', "line 2: the text is empty"),
        ('{"text": "\u200b", "label": "x"}', "line 2: the text is empty but for"),
        ('{"text": "a", "label": {"x": 1}}', "line 2: the label is a dict and no text"),
        ('{"text": "a", "label": null}', "line 2: the label is empty"),
        ('{"text": "a", "label": NaN}', r"line 2: no JSON \(NaN is no number of JSON\)"),
        ('{"text": "a", "text": "b", "label": "x"}', r"line 2: no JSON \(key 'text' twice in one object\)"),
        ('{"text": "a\\ud83d", "label": "x"}', r"line 2: text holds \\ud83d, half of a character"),
        ('{"text": "a\\u0000", "label": "x"}', "line 2: text holds a NUL character"),
        ('{"text": "a", "label": "x"} {}', r"line 2: no JSON \(Extra data"),
        ("[" * 100_000, r"line 2: no JSON \(lists or objects in one another"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, bad, said):
    """Whatever a line lacks, the error names file and line, and nothing is scored."""
    good = lines(ROWS[:1])
    with pytest.raises(DataError, match=r"eng\.jsonl, " + said):
        read(tmp_path, f"{good}{bad}\n{good}")


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        ('[\n{"text": "a"}\n{"text": "b"}\n]', r"line 3: no JSON \(expecting ',' between items"),
        ('[\n{"text": "a"},\n]', r"line 3: no JSON \(Expecting value"),
        ('[\n{"text": "a"}\n]\n{}', "line 3: something follows the end of the list"),
        ('[\n{"text": "a"},\n{"text":\n "b}\n]', r"line 4: no JSON \(Invalid control character"),
        ('[\n{"text": "a"},\n"b"]', "line 3: a string in place of a JSON object"),
    ],
)
def test_broken_lists(tmp_path, whole, said):
    """A list that is cut off, lacks a comma or has more behind it is an error with the line of the fault."""
    with pytest.raises(DataError, match=r"eng\.jsonl, " + said):
        read(tmp_path, whole, fields={"text": "text"})


def test_files_that_hold_nothing(tmp_path):
    """A list without items is data that is missing; blank lines and other files are errors that say what they are."""
    with pytest.raises(DataMissing, match=r"set has no 'eng' here: .*eng\.jsonl has no objects"):
        read(tmp_path, "[]")
    with pytest.raises(DataError, match=r"eng\.jsonl: the list does not end; the file is cut off"):
        read(tmp_path, '[\n{"text": "a", "label": "b"}')
    with pytest.raises(DataError, match="nothing but blank lines"):
        read(tmp_path, "\n \n")
    with pytest.raises(DataError, match="Git LFS pointer"):
        read(tmp_path, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    with pytest.raises(DataError, match="UTF-16"):
        read(tmp_path, lines(ROWS).encode("utf-16"))


def test_rows_that_lack_a_field_are_left_out_where_the_card_says_so(tmp_path):
    """With drop_empty, null, invisible and absent values leave a row out, with a note and a count; never all rows."""
    rows = [*ROWS, {"text": None, "label": "word"}, {"label": "word"}, {"text": "\u200b", "label": "word"}]
    records = read(tmp_path, lines(rows), drop_empty=True)
    assert records.fields == read(tmp_path, lines(ROWS)).fields
    assert records.facts == {"rows_left_out (eng)": 3}
    assert "are left out" in records.notes[0]
    with pytest.raises(DataError, match="every row of 'eng' lacks what fields asks for"):
        read(tmp_path, lines(rows), fields={"text": "txt"}, drop_empty=True)


def test_only_some_rows(tmp_path):
    """Rows without the key that where names are none of those that it asks for; no row at all is an error."""
    rows = [{"text": "a", "set": "x"}, {"text": "b", "set": 3}, {"other": 1}, {"text": "c", "set": True}]
    assert read(tmp_path, lines(rows), fields={"text": "text"}, where={"set": "3"}).ids == ("set:eng:2",)
    assert read(tmp_path, lines(rows), fields={"text": "text"}, where={"set": "true"}).ids == ("set:eng:4",)
    with pytest.raises(DataError, match=r"eng\.jsonl has no row whose sett is 'x'"):
        read(tmp_path, lines(rows), fields={"text": "text"}, where={"sett": "x"})


def test_a_sample_has_every_label_and_reads_no_further(tmp_path):
    """With a limit, labels take turns; a broken line behind the last row that is needed is not reached."""
    rows = [{"text": f"t{n}", "label": "ab"[n // 5]} for n in range(10)]
    records = read(tmp_path, lines(rows) + "{broken", limit=4, labels={"a": "a", "b": "b"})
    assert records.fields["text"] == ("t0", "t1", "t5", "t6")


def test_packed_lines(tmp_path):
    """Gzip is unpacked, whatever the name says."""
    assert read(tmp_path, gzip.compress(lines(ROWS).encode())) == read(tmp_path, lines(ROWS))


def test_a_list_needs_a_name(tmp_path):
    """An empty key is an error of the card."""
    with pytest.raises(UsageError, match="list: name the key"):
        source(tmp_path, list="")
