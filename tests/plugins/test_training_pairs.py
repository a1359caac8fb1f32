"""Pairs to train on: what is read of files and cards, what is refused with its line, and what is held out."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xlbench import Catalog, DataError, UsageError, catalog
from xlbench_train.siamese.negatives import random_negatives
from xlbench_train.siamese.pairs.files import read_file
from xlbench_train.siamese.pairs.held_out import read_parts

PAIRS = [("one dog", "ek kutta"), ("two cats", "do billi"), ("three birds", "teen pakshi")]


@pytest.fixture(scope="module")
def loaded() -> Catalog:
    """What is installed."""
    return catalog.load()


def tsv(rows: list[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def read(spec: str | Path, *, skip_empty: bool = False) -> list[tuple[str, str]]:
    found = read_file(str(spec), skip_empty=skip_empty)
    return list(zip(found.first, found.second, strict=True))


def moses(folder: Path) -> str:
    for place, code in enumerate(("en", "hi")):
        (folder / f"c.en-hi.{code}").write_text("".join(f"{pair[place]}\n" for pair in PAIRS), encoding="utf-8")
    return str(folder / "c.en-hi")


def two_files(folder: Path) -> str:
    moses(folder)
    return f"{folder / 'c.en-hi.en'},{folder / 'c.en-hi.hi'}"


def packed(folder: Path) -> str:
    (folder / "pairs.tsv.gz").write_bytes(gzip.compress(tsv(PAIRS).encode()))
    return str(folder / "pairs.tsv.gz")


def packed_moses(folder: Path) -> str:
    moses(folder)
    for code in ("en", "hi"):
        plain = folder / f"c.en-hi.{code}"
        (folder / f"{plain.name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    return str(folder / "c.en-hi")


def written(name: str, text: str, query: str = ""):
    def write(folder: Path) -> str:
        (folder / name).write_bytes(text.encode())
        return f"{folder / name}{query}"

    return write


LINES = "".join(json.dumps({"en": one, "hi": other}) + "\n" for one, other in PAIRS)
NESTED = "".join(json.dumps({"id": 1, "translation": {"en": one, "hi": other}}) + "\n" for one, other in PAIRS)
MORE = "".join(json.dumps({"id": "a", "en": one, "hi": other}) + "\n" for one, other in PAIRS)


@pytest.mark.parametrize(
    "write",
    [
        written("p.tsv", tsv(PAIRS)),
        written("p.tsv", "\ufeff" + tsv(PAIRS).replace("\n", "\r\n")),
        written("p.tsv", tsv([("en", "hi"), *PAIRS])),
        written("p.tsv", tsv([("Source", "Target"), *PAIRS])),
        written("p.tsv", tsv([("id", "hi", "en"), *((str(n), b, a) for n, (a, b) in enumerate(PAIRS))]),
                "?columns=en,hi&header=true"),
        written("p.tsv", tsv([(b, "x", a) for a, b in PAIRS]), "?columns=3,1"),
        written("p.jsonl", LINES),
        written("p.jsonl", NESTED),
        written("p.jsonl", MORE, "?columns=en,hi"),
        moses,
        two_files,
        packed,
        packed_moses,
    ],
)  # fmt: skip
def test_every_form_gives_the_same_pairs(write, tmp_path):
    """TSV with and without header, JSON lines, moses pairs, two aligned files, and gzipped ones are read alike."""
    assert read(write(tmp_path)) == PAIRS


def test_a_header_is_told_and_can_be_denied(tmp_path):
    """What was taken for a header is said; ``header=false`` keeps the line as a pair."""
    path = tmp_path / "p.tsv"
    path.write_text(tsv([("en", "hi"), *PAIRS]), encoding="utf-8")
    (source,) = read_file(str(path), skip_empty=False).sources
    assert source.notes == ("line 1 of p.tsv was read as a header: en, hi",)
    assert read(f"{path}?header=false")[0] == ("en", "hi")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (written("p.tsv", tsv([*PAIRS, ("four", "")])), r"p\.tsv, line 4: the second side is empty; .*--skip-empty"),
        (written("p.tsv", tsv([("a b", "c"), ("\u3000", "d")])), "line 2: the first side is empty"),
        (written("p.tsv", "a\tb\na b\n"), "line 2: 1 columns where the first line has 2"),
        (written("p.tsv", "only one column\n"), "line 1: one column where two are needed, with a tab.* FIRST,SECOND"),
        (written("p.tsv", b"a\tb\n\xff\tc\n".decode("latin-1")), None),
        (written("p.tsv", tsv(PAIRS), "?columns=1,4"), "there is no column '4'.* There are: 1, 2"),
        (written("p.tsv", tsv(PAIRS), "?colums=1,2"), "no option 'colums'. Did you mean 'columns'"),
        (written("p.tsv", tsv(PAIRS), "?languages=en,hi"), "give two different ISO 639-3 codes, as languages=eng,hin"),
        (written("p.jsonl", '{"en": "a", "hi": "b"}\n{"en": \n'), "line 2: no JSON"),
        (written("p.jsonl", '{"en": "a"}\n'), r"line 1: 1 texts \(en\) where two are needed"),
        (written("p.jsonl", '{"en": "a", "hi": "b"}\n{"en": "a", "hii": "b"}\n'),
         "line 2: there is no text 'hi'. Did you mean 'hii'"),
        (written("p.jsonl", "[1, 2]\n"), "line 1: an object with two texts is expected"),
        (written("p.jsonl", '{"en": "a\\ud800", "hi": "b"}\n'), r"line 1: half a character \(\\ud800\)"),
        (written("p.jsonl", '{"en": "a\\u0000", "hi": "b"}\n'), "line 1: a NUL character"),
        (written("p.tsv", "a\tb\rc\td\r"), "line 1: carriage returns within the line"),
        (written("p.tsv", ""), r"p\.tsv: there is no pair of texts"),
        (lambda folder: str(folder / "none.tsv"), "there is no such file; give a file, two as FIRST,SECOND, or card:"),
        (lambda folder: str(folder), "is a folder"),
    ],
)  # fmt: skip
def test_what_is_no_pair_is_named_with_its_line(write, said, tmp_path):
    """Every fault of a file is one line: which file, which line, what to do."""
    spec = write(tmp_path)
    if said is None:
        (tmp_path / "p.tsv").write_bytes(b"a\tb\n\xff\tc\n")
        said = r"p\.tsv, line 2: not UTF-8"
    with pytest.raises((DataError, UsageError), match=said):
        read(spec)


def test_what_json_only_seems_to_hold_is_read(tmp_path):
    """A backslash before u0000 is text."""
    path = tmp_path / "p.jsonl"
    path.write_text('{"en": "a\\\\u0000", "hi": "b"}\n', encoding="utf-8")
    assert read(path) == [("a\\u0000", "b")]


def test_pairs_with_equal_sides_are_counted(loaded, tmp_path):
    """Where some pairs have one text on both sides, a note says how many."""
    path = tmp_path / "p.tsv"
    rows = [(f"one {number}", f"one {number}" if number % 4 else f"ek {number}") for number in range(200)]
    path.write_text(tsv(rows), encoding="utf-8")
    assert "of 150 pairs both sides are equal: there is little to learn from them" in parts(loaded, path).notes


@pytest.mark.parametrize("longer", ["en", "hi"])
def test_unaligned_files_name_the_first_line_without_a_partner(longer, tmp_path):
    """Of two files, the one that is longer is named, with the line at which the other one ends."""
    spec = two_files(tmp_path)
    path = tmp_path / f"c.en-hi.{longer}"
    path.write_text(path.read_text(encoding="utf-8") + "one more\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"c\.en-hi\.{longer}, line 4: it has no partner, as .* has 3 lines"):
        read(spec)


def test_damaged_gzip_is_one_line(tmp_path):
    """A gzipped file that was cut off is named."""
    path = Path(packed(tmp_path))
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match="the gzipped file is damaged"):
        read(path)


def test_empty_sides_can_be_left_out(tmp_path):
    """With --skip-empty they are counted in a note, and the others stay."""
    path = tmp_path / "p.tsv"
    path.write_text(tsv([*PAIRS, ("x", "")]), encoding="utf-8")
    found = read_file(str(path), skip_empty=True)
    assert list(zip(found.first, found.second, strict=True)) == PAIRS
    assert found.sources[0].notes == ("left out: 1 pair with an empty side",)


# ---- cards


def parts(loaded, *specs, evaluation=(), seed=0):
    return read_parts(list(map(str, specs)), list(map(str, evaluation)), loaded, None, seed=seed, skip_empty=False)


def test_cards_give_their_pairs_with_license_and_name(loaded):
    """``card:NAME:LANGUAGES`` reads what the card's task reads, a source a pair of languages."""
    found = parts(loaded, "card:mini-parallel:eng-hin,*-eng")
    sources = found.training.sources
    assert sources[0].languages == ("eng", "hin")
    assert {source.languages[1] for source in sources[1:]} == {"eng"}
    assert {(source.data, source.license) for source in sources} == {("mini-parallel", "Apache-2.0")}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("card:mini-parallel", "write card:NAME:LANGUAGES"),
        ("card:mini-paralel:eng-hin", "no task 'mini-paralel'. Did you mean 'mini-parallel'"),
        ("card:mini-parallel:eng-hun", "no pair of languages 'eng-hun' at hand. Did you mean 'eng-hin'"),
        ("card:mini-news:eng", "its items are no pairs of texts"),
    ],
)
def test_wrong_cards_are_one_line(spec, said, loaded):
    """A card or a pair of languages that there is not, and one without pairs, are told with what may be meant."""
    with pytest.raises(UsageError, match=said):
        parts(loaded, spec)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (lambda subset: subset.load()["eng"], "mini-parallel eng-hin: its texts cannot be had"),
        (lambda subset: ["one"], "mini-parallel eng-hin: its texts are str, and no ItemText of a str"),
        (None, r"the task mini-parallel does not tell the texts of its items \(Task.texts\)"),
    ],
)
def test_a_task_that_fails_at_its_texts_is_one_line(texts, said, loaded):
    """Whatever a plugin's ``Task.texts`` raises or gives, training says whose failure it is."""
    task = replace(loaded.tasks["mini-parallel"], texts=texts)
    with pytest.raises(UsageError, match=said):
        parts(replace(loaded, tasks={**loaded.tasks, task.name: task}), "card:mini-parallel:eng-hin")


# ---- what is held out


def test_whole_documents_are_held_out(loaded):
    """No document is on both sides, the choice follows the seed alone, and what was done is said."""
    found = parts(loaded, "card:mini-parallel:eng-hin,eng-tur")
    assert not set(found.training.clusters) & set(found.evaluation.clusters)
    assert 56 <= len(found.evaluation) <= 60
    assert any("documents, are held out" in note for note in found.notes)
    again = parts(loaded, "card:mini-parallel:eng-hin,eng-tur")
    assert again.evaluation == found.evaluation
    assert parts(loaded, "card:mini-parallel:eng-hin,eng-tur", seed=1).evaluation != found.evaluation


def test_documents_are_held_out_and_no_lines_beside_them(loaded, tmp_path):
    """Of a card with documents and a file without, documents of the card are held out alone."""
    extra = tmp_path / "extra.tsv"
    extra.write_text(tsv([(f"text {i}", f"paath {i}") for i in range(60)]), encoding="utf-8")
    found = parts(loaded, "card:mini-parallel:eng-hin,eng-tur", extra)
    assert sum(text.startswith("text ") for text in found.training.first) == 60
    assert len(found.evaluation) >= 20
    assert not set(found.training.clusters) & set(found.evaluation.clusters)


def many(folder: Path, n: int = 300, name: str = "many.tsv", start: int = 0) -> Path:
    path = folder / name
    path.write_text(tsv([(f"text {i}", f"paath {i}") for i in range(start, start + n)]), encoding="utf-8")
    return path


def test_no_text_is_trained_on_and_evaluated_on(loaded, tmp_path):
    """Pairs that share a text with the evaluation, but for case and white space, are left out and counted."""
    held = tmp_path / "held.tsv"
    held.write_text(tsv([(f"TEXT  {i}", f"other {i}") for i in range(30)]), encoding="utf-8")
    found = parts(loaded, many(tmp_path), evaluation=[held])
    assert len(found.training) == 270
    assert "text 29" not in found.training.first
    assert found.notes[-1].startswith("not trained on: 30 pairs with a text")


def test_translations_of_a_sentence_are_held_out_together(loaded, tmp_path):
    """Of a file in which every English sentence has six translations, a tenth of the sentences is held out: one pair of
    each is evaluated on, and no pair of the others is lost."""
    path = tmp_path / "many.tsv"
    path.write_text(tsv([(f"text {i}", f"paath {i} {k}") for k in range(6) for i in range(300)]), encoding="utf-8")
    found = parts(loaded, path)
    assert len(found.evaluation) == len(set(found.evaluation.first)) == 30
    assert len(found.training) == 1620
    assert not set(found.training.first) & set(found.evaluation.first)
    assert any(note.startswith("150 more are left out with them") for note in found.notes)


def test_few_sentences_with_many_translations_are_enough(loaded, tmp_path):
    """A tenth of 100 sentences is too few: twenty are held out, none of them with 40 percent of all pairs."""
    path = tmp_path / "few.tsv"
    large = [("the same", f"paath {k}") for k in range(400)]
    path.write_text(
        tsv([*large, *((f"text {i}", f"p {i} {k}") for k in range(6) for i in range(100))]), encoding="utf-8"
    )
    found = parts(loaded, path)
    assert len(found.evaluation) == 20
    assert len(found.training) == 880
    assert found.training.first.count("the same") == 400


def test_a_text_that_nearly_all_pairs_share_does_not_join_them(loaded, tmp_path):
    """Where most pairs hang together through a few texts, pairs are held out one by one, each text once."""
    path = tmp_path / "chained.tsv"
    path.write_text(tsv([(f"text {i // 2}", f"paath {(i + 1) // 2}") for i in range(300)]), encoding="utf-8")
    found = parts(loaded, path)
    assert 20 <= len(found.evaluation) == len(set(found.evaluation.first)) == len(set(found.evaluation.second)) <= 60
    assert not set(found.training.texts()) & set(found.evaluation.texts())
    assert len(found.training) > 120


def test_repeats_are_left_out(loaded, tmp_path):
    """A pair that comes twice is trained on once, and said."""
    found = parts(loaded, many(tmp_path), many(tmp_path, name="again.tsv"))
    assert len(found.training) + len(found.evaluation) == 300
    assert "left out: 300 repeated pairs" in found.notes


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(f"t {i}", f"t {i}") for i in range(300)], "both sides of all 300 pairs are equal"),
        ([(f"t {i}", "same") for i in range(300)], "all 300 texts of the second side are the same"),
        ([("t", "s")] * 300, "there is one pair of texts alone"),
        ([(f"t {i}", f"s {i}") for i in range(30)], "15 pairs to evaluate on are too few"),
        ([], "there is no pair of texts"),
    ],
)
def test_pairs_that_teach_nothing_are_refused(rows, said, loaded, tmp_path):
    """Equal sides, one text on a side, one pair, few pairs and none: one line each."""
    path = tmp_path / "p.tsv"
    path.write_text(tsv(rows), encoding="utf-8")
    with pytest.raises((DataError, UsageError), match=said):
        parts(loaded, path)


# ---- negatives


def test_random_negatives_are_balanced_and_no_translations(loaded):
    """Every second side is a negative once, of another pair of the same languages, and never a known translation."""
    pairs = parts(loaded, "card:mini-parallel:eng-hin,eng-tur").training
    negatives = random_negatives(pairs, seed=3)
    assert sorted(negatives) == sorted(pairs.second)
    known = set(zip(pairs.first, pairs.second, strict=True))
    assert not known & set(zip(pairs.first, negatives, strict=True))
    language_of = dict(zip(pairs.second, pairs.languages, strict=True))
    assert [language_of[text] for text in negatives] == list(pairs.languages)
    assert negatives == random_negatives(pairs, seed=3) != random_negatives(pairs, seed=4)
    assert np.mean([a == b for a, b in zip(negatives, random_negatives(pairs, seed=4), strict=True)]) < 0.2
