"""The first-party encoders without weights: what their vectors are, and what they depend on (the text alone)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from anyascii import anyascii
from hypothesis import example, given, settings
from hypothesis import strategies as st

import xlbench
import xlbench_baselines
from xlbench_baselines import ngrams
from xlbench_baselines.folding import Latin, Plain
from xlbench_baselines.random_vectors import RandomVectors

OFFERED = {model.name: model for model in xlbench_baselines.xlbench_models()}
MODELS = {name: model for name, model in OFFERED.items() if name != "bm25"}
"""Those that give vectors; bm25 searches by itself (tests/plugins/test_searches.py)."""
ENCODERS = {name: model.load() for name, model in MODELS.items()}
NGRAMS = ["ngram", "ngram-translit"]
MIXED = [
    "", " ", "\n", "a", "aeiou", "The quick brown fox", "Straße", "naïve", "Москва", "नेपाल", "中国", "საქართველო",
    "👍🏽", "\u2028x\r\ny", "...", "𒀀", "e\u0301", "x" * 5000,
]  # fmt: skip
texts = st.text(st.characters(), max_size=40)  # lone surrogates included: data holds them too


def run_python(code: str, *first: Path, **environment: str) -> str:
    """What ``code`` prints in a fresh process that looks for modules in ``first`` and then where this one does."""
    path = os.pathsep.join([*map(str, first), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout.strip()


def cosine(name: str, one: str, other: str) -> float:
    left, right = ENCODERS[name].encode([one, other])
    return float(left @ right)


# What the plugin offers


def test_three_models_are_offered_to_every_suite() -> None:
    """random, ngram and ngram-translit are offered, each with a description and a license, to runs that name none; bm25
    to those that name it."""
    assert [name for name, model in OFFERED.items() if not model.in_suites] == ["bm25"]
    assert list(MODELS) == ["random", "ngram", "ngram-translit"]
    assert all(model.in_suites and model.description and model.license == "Apache-2.0" for model in MODELS.values())


def test_listing_imports_nothing_heavy() -> None:
    """The models can be listed, and their identities taken, without numpy or any other heavy library."""
    printed = run_python(
        "import sys, xlbench_baselines\n"
        "models = list(xlbench_baselines.xlbench_models())\n"
        "print(*(len(model.identity()) for model in models))\n"
        "print(*sorted({'numpy', 'scipy', 'sklearn', 'pandas', 'torch', 'mteb', 'anyascii'} & set(sys.modules)))"
    )
    assert printed == "64 64 64 64"


@pytest.mark.parametrize("name", MODELS)
def test_each_is_an_encoder_without_parameters(name: str) -> None:
    """Each model loads as an Encoder that says it has learned nothing."""
    assert isinstance(ENCODERS[name], xlbench.Encoder)
    assert ENCODERS[name].parameters == 0


# What an identity depends on


def test_identities_differ() -> None:
    """No two of the models share an identity, so none can be given another's results."""
    assert len({model.identity() for model in MODELS.values()}) == len(MODELS)


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("random_vectors", {"random"}),
        ("ngrams", {"ngram", "ngram-translit"}),
        ("folding", {"ngram", "ngram-translit"}),
        ("__init__", set()),
    ],
)
def test_an_edit_changes_the_identity_of_the_models_it_concerns(tmp_path: Path, module: str, changed: set[str]) -> None:
    """An edit of a module makes new models of those that compute with it, and leaves the others what they were."""
    copy = tmp_path / "xlbench_baselines"
    shutil.copytree(Path(xlbench_baselines.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = copy / f"{module}.py"
    source.write_text(source.read_text("utf-8") + "\n# edited\n", "utf-8")
    printed = run_python(
        "import xlbench_baselines\nprint(*(m.identity() for m in xlbench_baselines.xlbench_models()))", tmp_path
    )
    after = dict(zip(OFFERED, printed.split(), strict=True))
    assert {name for name in MODELS if after[name] != MODELS[name].identity()} == changed


def test_another_anyascii_is_another_translit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of anyascii, whose spellings may differ, changes the identity of ngram-translit alone."""
    before = {name: model.identity() for name, model in MODELS.items()}
    monkeypatch.setattr("importlib.metadata.version", lambda distribution: f"{distribution} 99")
    assert {name for name in MODELS if MODELS[name].identity() != before[name]} == {"ngram-translit"}


# What holds for every encoder


@pytest.mark.parametrize(("name", "width"), [("random", 32), ("ngram", 1024), ("ngram-translit", 1024)])
def test_one_float32_row_a_text(name: str, width: int) -> None:
    """n texts become an array (n, d) of float32, also where n is 0, 1 or more than fits into a block."""
    for n in (0, 1, ngrams.BLOCK, ngrams.BLOCK + 1):
        vectors = ENCODERS[name].encode([f"text {i}" for i in range(n)])
        assert vectors.shape == (n, width)
        assert vectors.dtype == np.float32


@pytest.mark.parametrize("name", MODELS)
def test_a_role_makes_no_difference(name: str) -> None:
    """A query and a document with the same text have the same vector."""
    plain, query, document = (ENCODERS[name].encode(MIXED, role=role) for role in (None, "query", "document"))
    assert plain.tobytes() == query.tobytes() == document.tobytes()


def test_every_process_computes_the_same_bytes() -> None:
    """A fresh process, whatever the seed of its string hashes and its number of threads, computes the same bytes."""
    code = (
        "import hashlib, xlbench_baselines\n"
        f"texts = {MIXED!a}\n"
        "for model in xlbench_baselines.xlbench_models():\n"
        "    if model.name != 'bm25':\n"
        "        print(model.name, hashlib.sha256(model.load().encode(texts).tobytes()).hexdigest())"
    )
    here = [f"{n} {hashlib.sha256(e.encode(MIXED).tobytes()).hexdigest()}" for n, e in ENCODERS.items()]
    for seed, threads in (("1", "1"), ("2", "2")):
        assert run_python(code, PYTHONHASHSEED=seed, OMP_NUM_THREADS=threads).splitlines() == here


@pytest.mark.parametrize("name", MODELS)
@given(batch=st.lists(texts, max_size=8))
@example(batch=MIXED)
@example(batch=["\n", "a\nb", "a b", "b\n"])
def test_a_text_has_the_same_bytes_alone_and_in_any_batch(name: str, batch: list[str]) -> None:
    """A text's vector is the same, to the bit, alone, in a batch, in the batch reversed, and in a later block."""
    alone = [ENCODERS[name].encode([text]).tobytes() for text in batch]
    assert [row.tobytes() for row in ENCODERS[name].encode(batch)] == alone
    assert [row.tobytes() for row in ENCODERS[name].encode(batch[::-1])] == alone[::-1]
    filler = ["filler"] * (ngrams.BLOCK - 1)
    assert [row.tobytes() for row in ENCODERS[name].encode(filler + batch)[len(filler) :]] == alone


@pytest.mark.parametrize("name", MODELS)
@given(batch=st.lists(texts, min_size=1, max_size=8))
@example(batch=MIXED)
def test_no_vector_is_zero(name: str, batch: list[str]) -> None:
    """Every text, also one without a letter, has a finite vector that is not zero."""
    vectors = ENCODERS[name].encode(batch)
    assert np.isfinite(vectors).all()
    assert vectors.any(axis=1).all()


# random


def test_random_is_seeded_by_the_hash_of_the_text() -> None:
    """The vector is numpy's default generator's, seeded with the text's SHA-256 modulo 2**32; its numbers are held."""
    seed = int.from_bytes(hashlib.sha256("नेपाल".encode()).digest(), "big") % 2**32
    expected = np.random.default_rng(seed).random(32, dtype=np.float32)
    assert RandomVectors().encode(["नेपाल"])[0].tolist() == expected.tolist()
    held = [0.6396815776824951, 0.5474080443382263, 0.8621823191642761, 0.1362677812576294]
    assert RandomVectors().encode(["hello world"])[0, :4].tolist() == held


@pytest.mark.slow
def test_random_is_the_random_encoder_of_mteb(tmp_path: Path) -> None:
    """On mixed texts, empty ones too, every bit agrees with mteb's own baseline-random-encoder."""
    pytest.importorskip("datasets")
    code = f"""
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    import datasets, torch
    from mteb.models.model_implementations.random_baseline import RandomEncoderBaseline
    loader = torch.utils.data.DataLoader(datasets.Dataset.from_dict({{"text": {MIXED!a}}}), batch_size=4)
    vectors = RandomEncoderBaseline("m", None).encode(loader, task_metadata=None, hf_split="", hf_subset="")
print(vectors.dtype, vectors.tobytes().hex())
"""
    printed = run_python(code, MTEB_CACHE=str(tmp_path), HF_HUB_OFFLINE="1", HF_DATASETS_CACHE=str(tmp_path))
    assert printed == f"float32 {RandomVectors().encode(MIXED).tobytes().hex()}"


# Folding


def test_plain_folding_by_example() -> None:
    """Case, width and compatibility forms fold; punctuation parts words; an emoji is one; what is not seen goes."""
    fold = Plain()
    assert fold("STRASSE") == fold("Straße") == fold("ｓｔｒａｓｓｅ") == "strasse"
    assert fold("e\u0301") == fold("É") == "é"
    assert fold("One,two/three").split() == ["one", "two", "three"]
    assert fold("so nice❤\ufe0f!").split() == ["so", "nice", "❤"]
    assert fold("हिन्\u200dदी।").split() == ["हिन्दी"]


def test_plain_folding_takes_away_the_case_of_every_letter() -> None:
    """A letter's upper and lower case fold alike, whatever the letter; the Turkish dotless i is its own letter."""
    letters = [c for c in map(chr, range(0x110000)) if c.isalpha() and c != "ı"]
    fold = Plain()
    upper, lower = (fold("\n".join(map(case, letters))) for case in (str.upper, str.lower))
    assert upper == lower
    assert fold(lower) == lower


def test_latin_folding_by_example() -> None:
    """Scripts meet in small Latin letters; marks that stand for part of a word do not part it."""
    fold = Latin()
    assert fold("Москва") == "moskva"
    assert fold("объём") == "obem"
    assert fold("中国") == "zhongguo"
    assert fold("ألمانيا") == "lmny"
    assert fold("Don't stop, ΑΘΗΝΑ").split() == ["dont", "stop", "athina"]
    assert fold("👍").split() == ["thumbsup"]


def test_latin_folding_keeps_what_anyascii_cannot_spell() -> None:
    """Writing that anyascii has no spelling for stays as it is, so that two such words do not become one."""
    assert anyascii("𒀀") == ""
    assert Latin()("𒀀𒀁") == "𒀀𒀁"


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30))
def test_latin_folding_is_anyascii_of_the_folded_text(text: str) -> None:
    """Spelling characters one by one gives the letters and digits that anyascii gives for the whole text."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    whole = [c for c in anyascii(folded).lower() if c.isalnum()]
    assert [c for c in Latin()(text) if c.isalnum() and c.isascii()] == whole


@pytest.mark.parametrize("fold", [Plain(), Latin()], ids=["plain", "latin"])
@given(lines=st.lists(st.text(st.characters(exclude_characters="\n"), max_size=10), min_size=1, max_size=5))
@example(lines=["e", "\u0301", "\u1100", "\u1161", ""])
def test_folding_never_looks_across_a_line_break(fold: Plain | Latin, lines: list[str]) -> None:
    """Folding many lines at once is folding each: nothing composes over a line break, none is added or lost."""
    assert fold("\n".join(lines)) == "\n".join(map(fold, lines))


# n-grams


def counted_by_hand(text: str, lengths: tuple[int, ...], salt: int) -> list[int]:
    """The signed counts of a folded text's n-grams, one n-gram and one character at a time."""
    counts = [0] * 1024
    for word in text.replace("\n", " ").split(" "):
        padded = f" {word} " if word else ""
        grams = [padded[i : i + n] for n in lengths for i in range(len(padded) - n + 1)]
        for gram in grams:
            if gram != " ":
                bucket, sign = hashed_by_hand(gram, salt)
                counts[bucket] += sign
    return counts


def hashed_by_hand(gram: str, salt: int) -> tuple[int, int]:
    value = salt
    for character in gram:
        value = (value * 16777619 + ord(character)) % 2**32
    value = (value ^ value >> 16) * 0x85EBCA6B % 2**32
    value = (value ^ value >> 13) * 0xC2B2AE35 % 2**32
    value ^= value >> 16
    return value % 1023, 1 if value >= 2**31 else -1


def vector_of(counts: list[int]) -> np.ndarray:
    total = sum(map(abs, counts))
    if not total:
        counts, total = [*counts[:-1], 1], 1
    return np.array([(1 if c > 0 else -1) * (abs(c) / total) ** 0.5 for c in counts])


@given(text=texts)
@example(text="aa a banana")
@example(text="x" * 3000)
def test_ngrams_agree_with_a_count_by_hand(text: str) -> None:
    """The vectorized counts are those of a plain loop over words, lengths and characters."""
    expected = vector_of(counted_by_hand(Plain()(text), (1, 2, 3, 4), salt=1))
    np.testing.assert_allclose(ENCODERS["ngram"].encode([text])[0], expected, rtol=2e-7, atol=0)


@given(text=texts)
def test_translit_adds_the_consonants_once_more(text: str) -> None:
    """The translit vector counts the Latin text's n-grams, and 2 to 4 characters of it without its vowels."""
    latin = Latin()(text)
    bare = "".join(c for c in latin if c not in "aeiou")
    both = zip(counted_by_hand(latin, (1, 2, 3, 4), salt=1), counted_by_hand(bare, (2, 3, 4), salt=2), strict=True)
    expected = vector_of([a + b for a, b in both])
    np.testing.assert_allclose(ENCODERS["ngram-translit"].encode([text])[0], expected, rtol=2e-7, atol=0)


def test_counts_that_cancel_leave_a_vector() -> None:
    """A text whose n-grams cancel to nothing gets the dimension that no n-gram has."""
    vectors = ngrams._unit_rows(np.zeros((2, 1024)))
    assert vectors.sum(axis=1).tolist() == vectors[:, -1].tolist() == [1.0, 1.0]
    assert np.flatnonzero(ENCODERS["ngram"].encode([""])[0]).tolist() == [1023]


@given(text=texts)
@settings(max_examples=50)
def test_rows_have_length_one(text: str) -> None:
    """Every n-gram vector has the Euclidean length one, to the precision of its numbers."""
    for name in NGRAMS:
        assert np.linalg.norm(ENCODERS[name].encode([text])[0].astype(float)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", NGRAMS)
def test_spelling_that_does_not_matter_does_not_count(name: str) -> None:
    """Case, width, composition, punctuation and runs of spaces make no difference to a vector."""
    same = ["Café au lait", "CAFÉ AU LAIT", "cafe\u0301  au\tlait!", "ｃａｆé, au lait"]
    vectors = ENCODERS[name].encode(same)
    assert len({row.tobytes() for row in vectors}) == 1


@pytest.mark.parametrize("name", NGRAMS)
@pytest.mark.parametrize(
    ("word", "cognate", "stranger"),
    [
        ("university", "universidad", "hospital"),
        ("Deutschland", "Duitsland", "Frankreich"),
        ("the president of Nepal", "le président du Népal", "a dog in the garden"),
        ("running", "runner", "table"),
    ],
)
def test_alike_spelling_is_near(name: str, word: str, cognate: str, stranger: str) -> None:
    """A cognate or another form of a word is nearer than an unrelated word."""
    assert cosine(name, word, cognate) > cosine(name, word, stranger) + 0.1


@pytest.mark.parametrize(
    ("word", "in_english"),
    [
        ("Москва", "Moskva"),
        ("Ελλάδα", "Ellada"),
        ("भारत", "Bharat"),
        ("საქართველო", "Sakartvelo"),
        ("カナダ", "Kanada"),
    ],
)
def test_translit_meets_across_scripts(word: str, in_english: str) -> None:
    """A name in another script is nearest to its own Latin spelling; ngram sees nothing of that."""
    others = [name for name in ("Moskva", "Ellada", "Bharat", "Sakartvelo", "Kanada") if name != in_english]
    own = cosine("ngram-translit", word, in_english)
    assert own > max(cosine("ngram-translit", word, other) for other in others) + 0.2
    assert abs(cosine("ngram", word, in_english)) < 0.3 < own


@pytest.mark.parametrize("language", ["ru", "hi", "el", "ka"])
def test_translit_finds_territories_across_scripts(language: str) -> None:
    """More than half of the territories' names find their English name first, where untransliterated hardly any do."""
    from babel import Locale

    english, other = Locale("en").territories, Locale(language).territories
    codes = [code for code in english if code.isalpha() and code in other]
    found = {}
    for name in NGRAMS:
        queries = ENCODERS[name].encode([other[code] for code in codes])
        candidates = ENCODERS[name].encode([english[code] for code in codes])
        found[name] = np.mean((queries @ candidates.T).argmax(axis=1) == np.arange(len(codes)))
    assert found["ngram-translit"] > 0.5
    assert found["ngram"] < 0.1
