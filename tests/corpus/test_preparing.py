"""Preparing a corpus: its lines, counts, manifest and datasheet, and a folder that is whole or not there."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace

import pytest
from real_data import DATA, needs
from unix import ON_UNIX

from xlbench.core.errors import DataError, ResultsError, UsageError
from xlbench.core.permissions import permissions
from xlbench.corpus import STEPS, Line, load_rules, measuring, normalizer, prepare, read
from xlbench.corpus import preparing as room
from xlbench.corpus.duplicates import open_index

NEPALI = ["नेपालका हिमालहरू धेरै अग्ला छन् र सुन्दर छन्।", "काठमाडौं नेपालको राजधानी हो।", "मेरो घरमा पानी छैन, बत्ती पनि छैन।"]
HINDI = ["मैं कल दिल्ली जा रहा हूँ और वहाँ से मुंबई जाऊँगा।", "यह किताब बहुत अच्छी है, इसे ज़रूर पढ़ना चाहिए।"]


def few(languages, given, catalog, data):
    """Texts of two languages, in place of what embedded tasks have."""
    if given:
        return measuring.labeled_texts(languages, given, catalog, data)
    return [measuring.LabeledTexts("nep", "made", tuple(NEPALI)), measuring.LabeledTexts("hin", "made", tuple(HINDI))]


@pytest.fixture
def measured(files, monkeypatch):
    """The filter is measured on what embedded tasks have."""
    monkeypatch.setattr(room, "labeled_texts", measuring.labeled_texts)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two files in the current folder; the filter is measured on a few texts, where a test is not about that."""
    monkeypatch.setattr(room, "labeled_texts", few)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XLBENCH_DATA", raising=False)
    news = [NEPALI[0], "", HINDI[0], NEPALI[1], NEPALI[0] + "  "]
    (tmp_path / "news.txt").write_text("\n".join(news), encoding="utf-8")
    rows = [
        {"text": NEPALI[2], "thread": 7},
        {"text": HINDI[1], "thread": 7},
        {"text": NEPALI[1].replace("ी", "ि"), "thread": 8},
    ]
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return ["news.txt?register=news&license=CC0-1.0", "posts.jsonl?register=social&document=thread"]


def rows_of(path):
    """The objects of a gzipped file of JSON lines."""
    return [json.loads(line) for line in gzip.open(path, "rt", encoding="utf-8")]


def test_every_step_is_counted(files, tmp_path):
    """Lines that come in, are kept, change and are left out, and why, are those counted by hand."""
    prepared = prepare(files, "nep", tmp_path / "out", near=1)
    told = [(count.step, count.lines, count.kept, count.changed, dict(count.dropped)) for count in prepared.counts]
    assert told == [
        ("read", 8, 7, 1, {"empty": 1}),
        ("lid", 7, 5, 0, {"taken for hin": 2}),
        ("normalize", 5, 5, 4, {}),
        ("dedupe", 5, 3, 0, {"copy of an earlier line": 2}),
        ("split", 3, 3, 3, {}),
    ]
    assert [(each.lines, each.kept) for each in prepared.inputs] == [(5, 2), (3, 1)]
    assert rows_of(tmp_path / "out" / "corpus.jsonl.gz") == [
        {"text": "नेपाल ￭का हिमाल ￭हरु धेरै अग्ला छन् र सुन्दर छन्।", "register": "news", "source": "news.txt"},
        {"text": "काठमाडौं नेपाल ￭को राजधानि हो।", "register": "news", "source": "news.txt"},
        {"text": "मेरो घर ￭मा पानि छैन, बत्ति पनि छैन।", "register": "social", "source": "posts.jsonl", "document": "7"},
    ]
    dropped = [(row["source"], row["line"], row["step"]) for row in rows_of(tmp_path / "out" / "dropped.jsonl.gz")]
    assert dropped == [
        ("news.txt", 3, "lid"),
        ("news.txt", 5, "dedupe"),
        ("posts.jsonl", 2, "lid"),
        ("posts.jsonl", 3, "dedupe"),
    ]


def test_steps_are_done_in_the_order_that_is_given(files, tmp_path):
    """Before they are normalized, two spellings of a sentence are no copies."""
    prepared = prepare(files, "nep", tmp_path / "out", steps=["lid", "dedupe", "normalize"], near=1)
    assert [count.step for count in prepared.counts] == ["read", "lid", "dedupe", "normalize"]
    assert prepared.counts[2].dropped == {"copy of an earlier line": 1}


def test_a_corpus_is_read_again(files, tmp_path):
    """What is read has its lines with registers, sources and documents, the rules of its spelling and its licenses."""
    prepared = prepare(files, "nep", tmp_path / "out", steps=["lid", "normalize"])
    corpus = read(tmp_path / "out")
    assert corpus == prepared.corpus
    lines = [*corpus]
    assert lines == [*corpus]
    assert len(lines) == len(corpus) == 5
    assert lines[3] == Line(normalizer(load_rules("nep"))(NEPALI[2]), "social", "posts.jsonl", "7")
    assert (corpus.language, corpus.licenses, corpus.is_split) == ("nep", ("CC0-1.0",), False)
    assert corpus.registers == {"news": 3, "social": 2}
    rules = load_rules("nep").normalize
    assert [(rule.pattern, rule.replacement) for rule in corpus.normalize] == [
        (r.pattern, r.replacement) for r in rules
    ]
    assert sum(len(line.text) for line in lines) == corpus.manifest["characters"]


def test_equal_inputs_give_equal_bytes(files, tmp_path):
    """The same call twice writes the same files to the byte."""
    for name in ("one", "two"):
        prepare(files, "nep", tmp_path / name)
    for file in ("README.md", "corpus.json", "corpus.jsonl.gz", "dropped.jsonl.gz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "README.md",
        "corpus.json",
        "corpus.jsonl.gz",
        "dropped.jsonl.gz",
    }


@pytest.mark.usefixtures("measured")
def test_a_datasheet_says_what_matters(files, tmp_path):
    """It has inputs with hash, license and register, counts, the confusion table, rules with sources, the command."""
    prepared = prepare(files, "nep", tmp_path / "out", command=("xlbench", "corpus", "a b.txt"))
    sheet = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    told = prepared.corpus.manifest
    wanted = [
        "xlbench corpus 'a b.txt'", "CC0-1.0", "social", told["inputs"][0]["sha256"][:16], "taken for hin 2", "\\u200d",
        "arXiv 2411.18099", "mini-parallel, hin", "Jaccard", "No license is known of posts.jsonl",
    ]  # fmt: skip
    assert [text for text in wanted if text not in sheet] == []


@pytest.mark.usefixtures("measured")
def test_the_confusion_table_is_measured_on_known_texts(files, tmp_path):
    """Each row counts what the filter takes the texts of one language for; its interval is Wilson's."""
    (tmp_path / "hindi.txt").write_text("\n".join([*HINDI, "", NEPALI[0]]), encoding="utf-8")
    prepared = prepare(files, "nep", tmp_path / "out", measure_on=["hin=hindi.txt"])
    (row,) = prepared.confusion
    assert (row.language, row.texts, row.kept) == ("hin", 3, 1)
    assert row.predicted == {"nep": 1, "hin": 2, "mar": 0, "other": 0}
    z, n, p = 1.959964, 3, 1 / 3
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert row.low == pytest.approx((middle - half) / (1 + z * z / n), abs=1e-6)
    assert row.high == pytest.approx((middle + half) / (1 + z * z / n), abs=1e-6)
    assert "not measured on nep, mar" in " ".join(prepared.notes)


@pytest.mark.usefixtures("measured")
def test_the_filter_may_choose_among_some(files, tmp_path):
    """A filter that knows Nepali and Marathi alone takes Hindi for one of them."""
    prepared = prepare(files, "nep", tmp_path / "out", steps=["lid"], among=["nep", "mar"], against=["mar"])
    assert set(prepared.counts[1].dropped) <= {"taken for mar"}
    assert {row.language for row in prepared.confusion} <= {"nep", "mar"}


def test_samples_lie_within_larger_ones(tmp_path):
    """A share of the lines is kept by their content: what a smaller share keeps, a larger one does."""
    path = tmp_path / "many.txt"
    path.write_text("\n".join(f"line {number}" for number in range(2000)), encoding="utf-8")
    kept = {}
    for share in (0.1, 0.3):
        prepared = prepare([str(path)], "eng", tmp_path / str(share), steps=["dedupe"], near=1, sample=share)
        kept[share] = {line.text for line in read(tmp_path / str(share))}
        assert prepared.counts[-1].dropped == {"not in the sample": 2000 - len(kept[share])}
    assert kept[0.1] < kept[0.3]
    assert 140 < len(kept[0.1]) < 260  # 4.5 standard deviations about 200
    assert rows_of(tmp_path / "0.1" / "dropped.jsonl.gz") == []


def test_suffixes_are_put_back(tmp_path):
    """With attach, words that are suffixes go onto the word before, and nothing else does."""
    path = tmp_path / "a.txt"
    path.write_text("नेता हरू ले घर मा । को भन्छ", encoding="utf-8")
    prepare([f"{path}?attach=true"], "nep", tmp_path / "out", steps=["dedupe"], near=1)
    assert [line.text for line in read(tmp_path / "out")] == ["नेताहरूले घरमा । को भन्छ"]


def test_texts_of_a_card(tmp_path, monkeypatch):
    """A card gives its texts in a language once each, with its license, register and documents."""
    monkeypatch.delenv("XLBENCH_DATA", raising=False)
    prepared = prepare(["card:mini-parallel:nep"], "nep", tmp_path / "out", steps=["dedupe"], near=1)
    (one,) = prepared.inputs
    assert (one.lines, one.license, one.register) == (300, "Apache-2.0", "regularized")
    assert len({line.text for line in read(tmp_path / "out")}) == 300
    with pytest.raises(UsageError, match=r"no texts in 'npe'.*Did you mean 'nep'"):
        prepare(["card:mini-parallel:npe"], "nep", tmp_path / "other", steps=["dedupe"])
    with pytest.raises(UsageError, match="Did you mean 'mini-parallel'"):
        prepare(["card:mini-paralel:nep"], "nep", tmp_path / "other", steps=["dedupe"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "ne"}, "Did you mean 'nep'"),
        ({"language": "Nepali"}, "give an ISO 639-3 code"),
        ({"language": "qaa", "steps": ["lid"]}, "py3langid does not know 'qaa'"),
        ({"steps": ["lid", "normalze"]}, "there is no step 'normalze'. Did you mean 'normalize'"),
        ({"steps": ["lid", "lid"]}, "lid is given twice"),
        ({"steps": []}, "name at least one"),
        ({"language": "hin", "steps": ["split"]}, "there are no rules for hin, but for nep"),
        ({"near": 0.2}, "from 0.5 to 1"),
        ({"sample": 0}, "above 0"),
        ({"steps": ["dedupe"], "among": ["nep"]}, "for the step lid"),
        ({"steps": ["dedupe"], "measure_on": ["hin=news.txt"]}, "for the step lid"),
        ({"among": ["hin"]}, "nep, which is kept, is not among them"),
        ({"measure_on": ["news.txt"]}, "write CODE=FILE"),
        ({"rules": "none.toml"}, "cannot be read"),
        ({"files": ["posts.jsonl?attach=true"], "language": "hin"}, "there are no suffixes for hin"),
    ],
)
def test_what_cannot_be_done_is_refused(options, message, files, tmp_path):
    """A wrong request is one line, and leaves nothing behind."""
    before = {path.name for path in tmp_path.iterdir()}
    call = {"files": files, "language": "nep"} | options
    with pytest.raises(UsageError) as caught:
        prepare(call.pop("files"), call.pop("language"), "out", **call)
    assert message in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_other_languages_have_the_steps_that_need_no_rules(files, tmp_path):
    """Without --steps, a language without rules is filtered and freed of duplicates."""
    prepared = prepare(files, "hin", tmp_path / "out")
    assert prepared.corpus.manifest["steps"] == ["lid", "dedupe"]
    assert len(prepared.corpus) == 2
    assert tuple(STEPS) == ("lid", "normalize", "dedupe", "split")


def test_nothing_left_is_an_error_that_says_why(tmp_path):
    """Where no line is kept there is no corpus, and the line says which step has left most out."""
    path = tmp_path / "a.txt"
    path.write_text("\n".join(HINDI), encoding="utf-8")
    with pytest.raises(UsageError, match="no line is left of 2: lid: taken for hin 2"):
        prepare([str(path)], "nep", tmp_path / "out")
    path.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="there is no text in it"):
        prepare([str(path)], "nep", tmp_path / "out")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_nothing_is_written_over(files, tmp_path):
    """A folder that holds a corpus, or anything else, is left as it is; an empty one is used."""
    (tmp_path / "out").mkdir()
    prepare(files, "nep", "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(UsageError, match="holds a corpus"):
        prepare(files, "nep", "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").write_text("x")
    with pytest.raises(UsageError, match=r"holds other files \(mine\)"):
        prepare(files, "nep", "other")
    with pytest.raises(UsageError, match="is a file"):
        prepare(files, "nep", "news.txt")


@ON_UNIX
def test_a_folder_that_is_there_stays(files, tmp_path):
    """An empty folder, a link to one too, is filled and not replaced; what a killed process has left in it goes."""
    (tmp_path / "mount").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "mount", target_is_directory=True)
    left = tmp_path / "mount" / ".out.999999-1.tmp"
    left.mkdir()
    open_index(left / "index.sqlite").close()
    identity = (tmp_path / "mount").stat().st_ino
    prepare(files, "nep", "out", steps=["dedupe"], near=1)
    assert (tmp_path / "mount").stat().st_ino == identity
    assert (tmp_path / "out").is_symlink()
    assert not left.exists()
    assert len(read("out")) == 6


@pytest.mark.usefixtures("measured")
def test_the_filter_is_measured_without_a_request(files, tmp_path, monkeypatch):
    """Data that nobody has asked for is not downloaded; what is asked for may be, unless that is forbidden."""
    asked = []

    def select(names):
        asked.append((names[0], permissions().offline))
        raise UsageError("none")

    monkeypatch.setattr(room, "load", lambda: SimpleNamespace(select_tasks=select))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("XLBENCH_OFFLINE", raising=False)
    with pytest.raises(UsageError, match="none"):
        prepare(["card:mine:nep"], "nep", "out", against=[])
    assert asked == [("ntrex", True), ("sib200-news", True), ("mini-parallel", True), ("mine", False)]
    with pytest.raises(UsageError, match="none"):
        prepare(["card:mine:nep"], "nep", "out", steps=["normalize"], offline=True)
    assert asked[-1] == ("mine", True)
    assert not permissions().offline


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_ends_it_leaves_nothing(error, files, tmp_path, monkeypatch):
    """After Ctrl-C, or a full disk, there is no folder and nothing beside it, and the next call is as the first."""
    before = {path.name for path in tmp_path.iterdir()}

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(room, "datasheet", fail)
        with pytest.raises(ResultsError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
            prepare(files, "nep", "out")
    assert isinstance(caught.value, KeyboardInterrupt) or "the disk is full" in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert len(prepare(files, "nep", "out").corpus) == 3


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("corpus.jsonl.gz", lambda raw: raw[:-20], "is not the file that corpus.json was written for"),
        ("corpus.json", lambda raw: raw[:-20], "is damaged"),
        ("corpus.json", lambda raw: raw.replace(b'"format": 1', b'"format": 9'), "has format 9"),
        ("corpus.json", lambda raw: raw.replace(b'"language"', b'"tongue"'), "is damaged (it lacks 'language')"),
    ],
)
def test_a_damaged_corpus_is_not_read(file, change, message, files, tmp_path):
    """What was changed or cut off is refused, with what to do."""
    prepare(files, "nep", "out")
    path = tmp_path / "out" / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        read("out")
    assert message in str(caught.value)
    assert "prepare the corpus again" in str(caught.value)


def test_what_is_no_corpus_is_not_read(tmp_path):
    """A folder without a manifest is refused with the command that makes one."""
    with pytest.raises(UsageError, match=r"there is no corpus\.json; make one with 'xlbench corpus"):
        read(tmp_path)


@needs("ntrex", "sib200")
@pytest.mark.parametrize(("task", "least"), [("ntrex", 0.992), ("sib200-news", 0.99)])
def test_the_filter_keeps_nepali_and_leaves_hindi_out(task, least, tmp_path):
    """On NTREX and SIB-200 it keeps at least 99% of Nepali, and less than one of a hundred of Hindi and Marathi."""
    given = [f"{code}=card:{task}:{code}" for code in ("nep", "hin", "mar")]
    prepared = prepare([f"card:{task}:nep"], "nep", tmp_path / "out", steps=["lid"], data=DATA, measure_on=given)
    kept = {row.language: row.kept / row.texts for row in prepared.confusion}
    assert kept["nep"] >= least
    assert kept["hin"] < 0.01
    assert kept["mar"] < 0.01
