"""Data sets of the hub as local folders: where languages and pivots are, files, and damage."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import nullcontext
from typing import Any

import pytest
from reader_files import hub_source, write_file, write_parquet

from xlbench import DataError, UsageError
from xlbench_tasks.data.records import Records


def test_a_local_hub_folder_with_a_column_a_language(tmp_path):
    """Parquet in the hub's layout; a script that is not declared is dropped from the column's name."""
    folder = tmp_path / "org/name"
    write_parquet(
        folder / "data/test-00000-of-00001.parquet", eng_Latn=["a", "NA\u2028"], hin_Deva=["क", "ख"], n=[1, 2]
    )
    source = hub_source(tmp_path)
    assert source.languages() == ("eng", "hin")
    assert source.read("eng") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("a", "NA\u2028")})
    assert hub_source(tmp_path, 1).read("hin").fields["text"] == ("क",)
    assert str(folder) in source.why_missing("nep")


def test_a_local_hub_folder_with_a_configuration_a_language(tmp_path):
    """JSON lines, configurations in README.md; labels are mapped, and ids come from the data set."""
    folder = tmp_path / "org/name"
    config = "- config_name: {0}-x\n  data_files:\n  - split: test\n    path: {0}/test.jsonl\n"
    write_file(
        folder / "README.md", "---\nconfigs:\n" + "".join(config.format(code) for code in ("eng", "nep")) + "---\n"
    )
    for code, text in (("eng", "good"), ("nep", "राम्रो")):
        rows = [{"sentence": text, "label": 1, "key": "k1"}, {"sentence": text * 2, "label": 0, "key": "k2"}]
        write_file(folder / code / "test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    source = hub_source(
        tmp_path,
        config="{language}-x",
        fields={"text": "sentence", "label": "label"},
        labels={"0": "negative", "1": "positive"},
        id="key",
    )
    assert source.languages() == ("eng", "nep")
    assert source.read("nep").fields == {"text": ("राम्रो", "राम्रोराम्रो"), "label": ("positive", "negative")}
    assert source.read("nep").ids == source.read("eng").ids == ("set:k1", "set:k2")


def test_ids_of_several_columns_clusters_and_scores_of_a_hub_folder(tmp_path):
    """Two columns make one id, a third says what hangs together; scores may be numbers with a fraction."""
    write_parquet(
        tmp_path / "org/name/data/test-00000-of-00001.parquet",
        page=["a", "a", "b"], number=[1, 2, 1], question=["who", "when", "why"], score=[0.5, 1.0, 3.25],
    )  # fmt: skip
    table: dict[str, Any] = {"language": "eng", "id": ["page", "number"], "cluster": "page"}
    records = hub_source(tmp_path, **table, fields={"text": "question", "score": "score"}).read("eng")
    assert records.ids == ("set:a 1", "set:a 2", "set:b 1")
    assert records.clusters == ("set:cluster a", "set:cluster a", "set:cluster b")
    assert records.fields["score"] == ("0.5", "1.0", "3.25")
    with pytest.raises(DataError, match=r"row 1: the text \(score\) is empty or no text: 0.5"):
        hub_source(tmp_path, **table, fields={"text": "score"}).read("eng")
    with pytest.raises(UsageError, match="block: cluster says what the clusters are; remove one of them"):
        hub_source(tmp_path, **table, block=2, fields={"text": "question"})


def test_a_local_hub_folder_of_one_language_and_its_class_names(tmp_path):
    """Class numbers are read by their names."""
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    (tmp_path / "org/name").mkdir(parents=True)
    table = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features)
    table.to_parquet(tmp_path / "org/name/test.parquet")
    source = hub_source(tmp_path, language="nep", fields={"text": "text", "label": "label"})
    assert source.languages() == ("nep",)
    assert source.read("nep").fields["label"] == ("yes", "no")
    assert source.read("nep").ids == ("set:nep:1", "set:nep:2")


def test_a_local_hub_folder_with_languages_inside_a_column(tmp_path):
    """Translations as a struct a row: a dot leads into the column; what the struct lacks is named."""
    rows = [{"en": "water", "hi": "पानी"}, {"en": "a tree", "hi": "पेड़"}]
    write_parquet(tmp_path / "org/name/data/test-00000-of-00001.parquet", translation=rows)
    nested = {"fields": {"text": "translation.{language}"}, "aliases": {"en": "eng", "hi": "hin"}}
    source = hub_source(tmp_path, **nested)
    assert source.languages() == ("eng", "hin")
    assert source.read("hin") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("पानी", "पेड़")})
    assert hub_source(tmp_path, 1, **nested).read("eng").fields["text"] == ("water",)
    with pytest.raises(DataError, match=r"no column 'translation.ne', only translation.en, translation.hi"):
        hub_source(tmp_path, language="nep", fields={"text": "translation.ne"}).read("nep")


def test_rows_of_a_language_and_of_the_pivot_that_it_is_paired_with(tmp_path):
    """Rows are told apart by a column; each language has translations of its own in the pivot, under the same ids."""
    rows = [("hin-eng", "एक", "one"), ("nep-eng", "दुई", "two"), ("hin-eng", "तीन", "three"), ("xyz-eng", "x", "y")]
    lines = [json.dumps({"lang": lang, "a": a, "b": b}) + "\n" for lang, a, b in rows]
    write_file(tmp_path / "org/name/test.jsonl", "".join(lines))
    table = {"where": {"lang": "{language}-eng"}, "fields": {"text": "a"}, "pivot": {"language": "eng", "text": "b"}}
    source = hub_source(tmp_path, **table)
    assert source.languages() == ("eng", "hin", "nep")
    assert source.read("hin") == Records(
        ("set:hin:1", "set:hin:3"), ("set:hin:1", "set:hin:3"), {"text": ("एक", "तीन")}, shared=0.0
    )
    assert source.read("eng").ids == ("set:hin:1", "set:hin:3", "set:nep:2")
    assert source.read("eng").fields["text"] == ("one", "three", "two")
    assert hub_source(tmp_path, 1, **table).read("eng").fields["text"] == ("one", "two")
    with pytest.raises(DataError, match="'eng' is the pivot, and has rows of its own"):
        hub_source(tmp_path, **(table | {"aliases": {"xyz": "eng"}})).languages()


def test_files_of_a_hub_folder_can_be_named_and_lie_in_archives(tmp_path):
    """For repositories that need a loading script: parquet, JSON lines, and files of zip archives in any folder."""
    folder = tmp_path / "org/name"
    write_file(folder / "name.py", "raise SystemExit('a script ran')\n")
    write_parquet(folder / "hin/x-test.parquet", text=["क"])
    source = hub_source(tmp_path, split=None, files="{language}/x-test.parquet", fields={"text": "text"})
    assert (source.languages(), source.read("hin").fields["text"]) == (("hin",), ("क",))
    (folder / "data").mkdir()
    with zipfile.ZipFile(folder / "data/nep_v1.zip", "w") as archive:
        archive.writestr("inner/nep_test.json", json.dumps({"text": "ख"}) + "\n")
        archive.writestr("inner/nep_train.json", json.dumps({"text": "ग"}) + "\n")
    table = {"split": None, "fields": {"text": "text"}}
    source = hub_source(tmp_path, files="data/{language}_v1.zip/{language}_test.json", **table)
    assert (source.languages(), source.read("nep").fields["text"]) == (("nep",), ("ख",))
    with pytest.raises(DataError, match=r"nep_v1\.zip has no file 'nep_tes\.json'.*Did you mean 'nep_test\.json'"):
        hub_source(tmp_path, files="data/{language}_v1.zip/{language}_tes.json", **table).read("nep")
    write_file(folder / "data/hin_v1.zip", "no archive")
    with pytest.raises(DataError, match=r"hin_v1\.zip cannot be unpacked"):
        hub_source(tmp_path, files="data/{language}_v1.zip/{language}_test.json", **table).read("hin")


@pytest.mark.parametrize("shown", [True, False])
def test_progress_bars_of_datasets_are_left_as_they_were(tmp_path, shown):
    """Reading is silent, and what it silences is shown again, or not, as before; also where it fails."""
    import datasets

    switch = {True: datasets.enable_progress_bars, False: datasets.disable_progress_bars}
    before = not datasets.are_progress_bars_disabled()
    switch[shown]()
    try:
        for content, read in ((b'{"eng": "a"}\n', True), (b"{", False)):
            write_file(tmp_path / "org/name/test.jsonl", content)
            with nullcontext() if read else pytest.raises(DataError):
                assert hub_source(tmp_path).read("eng").fields["text"] == ("a",)
            assert datasets.are_progress_bars_disabled() is not shown
    finally:
        switch[before]()


def test_a_changed_local_file_is_read_anew(tmp_path):
    """Nothing about local files is kept in a cache of `datasets`."""
    path = tmp_path / "org/name/test.jsonl"
    stamp = None
    for text in ("one", "two"):
        write_file(path, json.dumps({"eng": text}) + "\n")
        stamp = stamp or path.stat()
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert hub_source(tmp_path).read("eng").fields["text"] == (text,)


def test_damage_in_a_local_hub_folder_is_an_error_that_names_it(tmp_path):
    """A broken file, a missing split, a missing column, an empty text, no language at all."""
    path = tmp_path / "org/name/test.parquet"
    write_file(path, b"PAR1 not really")
    with pytest.raises(DataError, match=r"org/name cannot be read as a data set"):
        hub_source(tmp_path).languages()
    write_parquet(path, eng=["a", None], n=[1, 2])
    with pytest.raises(DataError, match=r"org/name cannot be read as a data set .*validation"):
        hub_source(tmp_path, split="validation").languages()
    with pytest.raises(DataError, match=r"row 2: the text .*None"):
        hub_source(tmp_path).read("eng")
    with pytest.raises(DataError, match=r"no column 'engl'.*Did you mean 'eng'"):
        hub_source(tmp_path, language="eng", fields={"text": "engl"}).read("eng")
    with pytest.raises(DataError, match="no column is a language"):
        hub_source(tmp_path, languages="hin").languages()


@pytest.mark.parametrize("table", [{}, {"split": None, "files": "test.jsonl"}])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"eng": "a"}\n{"eng": "caf\xe9"}\n', r"line 2: byte 25 \(0xe9\) is not UTF-8"),
        (b'{"eng": "a"}\n{"eng": b"}\n', "line 2: no JSON .*every line must be one JSON object"),
        (b'[{"eng": "a"},\n {"eng": }]\n', "line 2: no JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a Git LFS pointer"),
    ],
)
def test_damaged_json_of_a_local_hub_folder_is_named_with_its_line(tmp_path, content, said, table, caplog):
    """File, line and what is wrong, whether it is read as a data set or as a single file; nothing else is printed."""
    write_file(tmp_path / "org/name/test.jsonl", content)
    with pytest.raises(DataError, match=rf"org/name/test\.jsonl,? {said}"):
        hub_source(tmp_path, **table).read("eng")
    assert not caplog.records


def test_a_loading_script_is_not_run(tmp_path):
    """A folder that brings code is refused; the code leaves no trace."""
    trace = tmp_path / "trace"
    script = f"open({str(trace)!r}, 'w')\n"
    write_file(tmp_path / "org/name/name.py", script)
    write_file(tmp_path / "org/name/test.jsonl", '{"eng": "x"}\n')
    with pytest.raises(DataError, match=r"cannot be read as a data set .*script"):
        hub_source(tmp_path).languages()
    assert not trace.exists()
