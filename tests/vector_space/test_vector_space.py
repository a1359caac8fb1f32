"""Texts as points: which texts are taken, how far translations lie apart, and what projections do."""

import json

import numpy as np
import pytest

from xlbench import Data, DataMissing, ItemText, Model, Subset, Task, UsageError
from xlbench.catalog import load
from xlbench.core.errors import EncoderError
from xlbench.core.languages import language_name
from xlbench.core.own_files import write_own
from xlbench.vector_space.distances import distances, translations
from xlbench.vector_space.picture import COLORS, Panel, Picture, caption, is_own, render
from xlbench.vector_space.projection import align_axes, project
from xlbench.vector_space.projector import files_of, own_files
from xlbench.vector_space.texts import TaskTexts, sample, texts_of
from xlbench.vector_space.vectors import Points, common_points, points_of


def text(item, language="eng", label="", words=""):
    return ItemText(item, words or f"{item} in {language}", language, label)


def task_of(subsets, **fields):
    """A task of the given subsets, each (name, languages, texts), that tells its texts."""
    made = [Subset(name, languages, len(own), load=lambda own=own: own) for name, languages, own in subsets]
    tell = {"texts": lambda subset: subset.load()} | fields
    return Task("made", "news", (), lambda data: made, lambda subset, session: None, **tell)


# ---- which texts


def test_two_languages_of_a_pair_come_from_one_subset():
    """A pair's both sides are taken, each text once, sorted by language and item."""
    pair = [text("t:2"), text("t:1"), text("t:2", "hin"), text("t:1", "hin")]
    made = task_of([("eng-hin", ("eng", "hin"), pair), ("hin-eng", ("hin", "eng"), pair)])
    found = texts_of(made, Data(), ["hin", "eng"], 10)
    assert [(one.language, one.item) for one in found.texts] == [
        ("eng", "t:1"), ("eng", "t:2"), ("hin", "t:1"), ("hin", "t:2")
    ]  # fmt: skip
    assert (found.items, found.available, found.languages) == (2, 2, ("eng", "hin"))


def test_languages_without_a_pair_of_their_own_come_from_pairs_with_a_third():
    """Hindi and Turkish, which are paired with English alone, are drawn together, and English is not."""
    made = task_of([
        (f"eng-{code}", ("eng", code), [text("t:1"), text("t:2"), text("t:1", code), text("t:2", code)])
        for code in ("hin", "tur")
    ])  # fmt: skip
    assert {(one.language, one.item) for one in texts_of(made, Data(), ["hin", "tur"], 10).texts} == {
        ("hin", "t:1"), ("hin", "t:2"), ("tur", "t:1"), ("tur", "t:2")
    }  # fmt: skip


def test_what_cannot_be_had_is_a_line():
    """A task that tells no texts, a language that it has not, and data that is not at hand each say so."""
    silent = task_of([("eng", ("eng",), [])], texts=None)
    with pytest.raises(UsageError, match=r"made does not tell the texts of its items \(Task.texts\)"):
        texts_of(silent, Data(), [], 10)
    with pytest.raises(UsageError, match=r"no language 'hi'\. Did you mean 'hin'\?"):
        texts_of(task_of([], languages=("eng", "hin")), Data(), ["hi"], 10)
    with pytest.raises(UsageError, match="made eng: its texts are tuple, and no ItemText of a str"):
        texts_of(task_of([("eng", ("eng",), [("t:1", "one")])]), Data(), [], 10)
    with pytest.raises(UsageError, match=r"made eng: its texts cannot be had: .*'eng'"):
        texts_of(task_of([("eng", ("eng",), {})], texts=lambda subset: subset.load()["eng"]), Data(), [], 10)
    absent = Task("made", "news", (), lambda data: [Subset("hin", ("hin",), missing="no file hin.tsv")],
                  lambda subset, session: None, texts=lambda subset: [])  # fmt: skip
    with pytest.raises(DataMissing, match=r"no texts in hin here: no file hin\.tsv"):
        texts_of(absent, Data(), ["hin"], 10)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("mini-parallel", {""}),
        ("mini-alignment", {""}),
        ("mini-ner", {""}),
        ("mini-news", {"crime", "culture", "economy", "environment", "health", "politics", "science", "sport"}),
        ("mini-words-relatedness", None),
    ],
)
def test_cards_of_every_protocol_tell_languages_and_labels(name, labels):
    """Texts of pairs, of classifications, of sentences with tags and of clusterings come with what they are."""
    found = texts_of(load().tasks[name], Data(), ["eng", "hin"], 10**6)
    assert found.languages == ("eng", "hin")
    assert all(one.text and one.item.startswith("mini") for one in found.texts)
    assert labels is None or {one.label for one in found.texts} == labels
    english, hindi = ({one.item for one in found.texts if one.language == code} for code in found.languages)
    assert english == hindi


def test_a_sample_keeps_shares_of_labels_and_translations():
    """Of 60 and 30 items with two labels, 30 are 20 and 10; each in both languages; a smaller sample lies within it."""
    texts = [text(f"t:{n}", code, "a" if n < 60 else "b") for n in range(90) for code in ("eng", "hin")]
    kept = sample(texts, 30)
    assert len([item for item in kept if int(item[2:]) < 60]) == 20
    assert len(kept) == 30
    assert sample(texts, 9) < kept
    assert sample(texts[::-1], 30) == kept
    assert len(sample([*texts, text("t:rare", label="c")], 3) & {"t:rare"}) == 1


# ---- distances


def test_distances_are_those_counted_by_hand():
    """Two pairs in the plane: one translation in the same direction, one at a right angle."""
    texts = [text("1"), text("2"), text("1", "hin"), text("2", "hin")]
    vectors = np.array([[2, 0], [0, 3], [1, 0], [-1, 0]], np.float32)
    found = distances(texts, vectors)
    assert found.translations == pytest.approx((0 + 1) / 2)
    assert found.random == pytest.approx((2 + 1) / 2)  # 1 and the other's (-1, 0); 2 and (1, 0)
    assert (found.pairs, found.ratio) == (2, pytest.approx(1 / 3))
    assert translations(texts) == [(0, 2), (1, 3)]


def test_distances_need_translations():
    """Texts in one language, and a single pair, have none; of texts in one place there is no ratio."""
    assert distances([text("1"), text("2")], np.ones((2, 2), np.float32)) is None
    assert distances([text("1"), text("1", "hin")], np.ones((2, 2), np.float32)) is None
    four = [text(item, code) for code in ("eng", "hin") for item in "12"]
    assert distances(four, np.ones((4, 1), np.float32)).ratio is None


# ---- vectors


class Counting:
    """Knows the letters a and b; texts without them have zeros."""

    zero_is_unknown = True

    def encode(self, texts, role=None):
        return np.array([[one.count("a"), one.count("b")] for one in texts], np.float32)


def counting(name="counting"):
    return Model(name, Counting, fingerprint=lambda: name)


def test_unknown_texts_are_left_out_and_counted():
    """Texts of which the encoder knows nothing have no place in a picture, and their number is told."""
    words = ["a", "bb", "ab", "x"]
    given = TaskTexts("made", tuple(text(f"t:{n}", words=one) for n, one in enumerate(words)), 4)
    found = points_of(counting(), counting().identity(), given, None)
    assert [one.text for one in found.texts] == ["a", "bb", "ab"]
    assert (found.unknown, found.vectors.tolist()) == (1, [[1, 0], [0, 2], [1, 1]])
    few = TaskTexts("made", given.texts[-2:], 2)
    with pytest.raises(EncoderError, match="knows 1 of these 2 texts"):
        points_of(counting(), counting().identity(), few, None)


def points(items="1234", model="one", languages=("eng", "hin"), seed=0):
    texts = tuple(text(item, language) for language in languages for item in items)
    vectors = np.random.default_rng(seed).normal(size=(len(texts), 5)).astype(np.float32)
    return Points(model, model, texts, vectors, 0, ())


def test_models_beside_each_other_show_the_same_texts():
    """What one of two models does not know is shown of neither; too little in common is an error."""
    one, other = common_points([points("1234"), points("2345", "two")])
    assert one.texts == other.texts
    assert one.vectors.tolist() == points("1234").only(other.keys).vectors.tolist()
    with pytest.raises(EncoderError, match="only 2 texts are known to all of one, two"):
        common_points([points("12", languages=("eng",)), points("12", "two")])


# ---- projections


@pytest.mark.parametrize("dimensions", [2, 3])
def test_pca_is_that_of_numpy(dimensions):
    """Coordinates are singular vectors times values of the centered unit vectors, and shares those of the variance."""
    given = points("123456").vectors
    units = given / np.linalg.norm(given.astype(np.float64), axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    found = project(given, "pca", dimensions, 0)
    assert np.abs(found.points) == pytest.approx(np.abs(u * s)[:, :dimensions], abs=1e-6)
    assert found.variance == pytest.approx((s**2 / (s**2).sum())[:dimensions])


def test_equal_seeds_give_equal_projections():
    """t-SNE is the same for one seed, in two dimensions and from vectors in one alone."""
    given = points("12345").vectors
    assert np.array_equal(project(given, "tsne", 2, 1).points, project(given, "tsne", 2, 1).points)
    flat = project(given[:, :1], "tsne", 2, 1).points
    assert flat.shape == (10, 2)
    assert np.isfinite(flat).all()


def test_one_place_and_one_direction_are_drawn():
    """Vectors that are all equal, or of one dimension, leave the other axes at 0."""
    assert not project(np.ones((4, 3), np.float32), "pca", 2, 0).points.any()
    line = project(np.array([[1], [-1], [2]], np.float32), "pca", 3, 0).points
    assert not line[:, 1:].any()


def test_a_picture_is_turned_and_never_stretched():
    """A mirrored and turned copy comes to lie on the first; distances within a projection stay what they are."""
    first = np.random.default_rng(0).normal(size=(9, 2))
    copy = first @ np.array([[0.0, 1.0], [1.0, 0.0]]) + 5
    assert align_axes(copy, first) == pytest.approx(first - first.mean(axis=0))
    other = align_axes(3 * copy, first)
    assert np.linalg.norm(other[0] - other[1]) == pytest.approx(3 * np.linalg.norm(first[0] - first[1]))


# ---- pictures


def picture(given, dimensions=2, **fields):
    panels = tuple(Panel(one.model, project(one.vectors, "pca", dimensions, 0)) for one in given)
    apart = {one.model: distances(one.texts, one.vectors) for one in given}
    return Picture("made", given[0].texts, (panels,), apart, **fields)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_equal_pictures_have_equal_bytes(dimensions):
    """PNG and SVG, flat and solid, are the same twice, and known again as our own."""
    pytest.importorskip("matplotlib")
    made = picture([points(), points(model="two $x$", seed=1)], dimensions)
    files = render(made)
    assert files == render(made)
    assert files["png"].startswith(b"\x89PNG")
    assert files["svg"].rstrip().endswith(b"</svg>")
    assert b"mathdefault" not in files["svg"]
    assert all(is_own(f"a.{form}", content) for form, content in files.items())
    assert not is_own("a.png", b"\x89PNG of somebody else")


def test_languages_have_colors_and_markers_of_their_own():
    """Ten languages, of which two share a color, differ in the marker; every color is one of Okabe and Ito's."""
    pytest.importorskip("matplotlib")
    from xlbench.vector_space.picture import _styles

    codes = [f"l{chr(97 + n)}a" for n in range(10)]
    styles = _styles(picture([points(languages=codes)]))
    assert len(set(styles.values())) == 10
    assert {color for color, _ in styles.values()} == set(COLORS)


def test_the_caption_has_distances_and_says_that_it_proves_nothing():
    """Each model's translations stand beside its random pairs."""
    one = points()
    told = caption(picture([one], notes=("1 of 9 texts left out.",)))
    far = distances(one.texts, one.vectors)
    assert f"one: translations {far.translations:.2f}, random pairs {far.random:.2f}: {far.ratio:.0%} as far" in told
    assert "1 of 9 texts left out." in told
    assert "A projection is no evidence" in told


def test_languages_have_their_names():
    """Codes with and without a script are named in English; what is no language is itself."""
    assert [language_name(code) for code in ("hin", "zho_Hans", "x")] == [
        "Hindi (hin)", "Chinese, Simplified (zho_Hans)", "x"
    ]  # fmt: skip


# ---- files of the projector


def test_files_of_the_projector_are_those_written_by_hand():
    """A line a vector that reads back exactly; tabs and breaks of texts are spaces, joiners stay."""
    texts = (text("t:1", words="a\tb\r\nc\u2028d"), text("t:2", "hin", "x", "क\u200dष"), text("t:3"))
    vectors = np.array([[0.1, -2], [1e-9, 3], [1 / 3, 0]], np.float32)
    files = files_of("made", Points("m", "f", texts, vectors, 0, ()))
    assert [*files] == ["vectors.tsv", "metadata.tsv", "projector_config.pbtxt", "projector_config.json"]
    rows = [line.split("\t") for line in files["vectors.tsv"].decode().splitlines()]
    assert np.array_equal(np.array(rows, np.float32), vectors)
    assert files["metadata.tsv"].decode() == (
        "language\tid\ttext\tlabel\neng\tt:1\ta b c d\t\nhin\tt:2\tक\u200dष\tx\neng\tt:3\tt:3 in eng\t\n"
    )
    (embedding,) = json.loads(files["projector_config.json"])["embeddings"]
    assert embedding == {
        "tensorName": "made (m)", "tensorShape": [3, 2], "tensorPath": "vectors.tsv", "metadataPath": "metadata.tsv"
    }  # fmt: skip
    assert files["projector_config.pbtxt"].decode() == (
        'embeddings {\n  tensor_name: "made (m)"\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}\n'
    )


def test_files_of_others_are_never_written_over(tmp_path):
    """An export replaces its own files, and nothing where one of them was changed, or was there before."""
    old, new = (files_of("made", points(items)) for items in ("123", "4567"))
    write_own(tmp_path, old, own_files(tmp_path), "vectors")
    write_own(tmp_path, new, own_files(tmp_path), "vectors")
    assert (tmp_path / "vectors.tsv").read_bytes() == new["vectors.tsv"]
    (tmp_path / "metadata.tsv").write_text("mine")
    with pytest.raises(UsageError, match=r"metadata\.tsv was not written by this command"):
        write_own(tmp_path, old, own_files(tmp_path), "vectors")
    assert (tmp_path / "vectors.tsv").read_bytes() == new["vectors.tsv"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "vectors.tsv").write_text("mine")
    with pytest.raises(UsageError, match=r"vectors\.tsv was not written by this command"):
        write_own(other, old, own_files(other), "vectors")
    assert [path.name for path in other.iterdir()] == ["vectors.tsv"]
    (other / "vectors.tsv").write_bytes(old["vectors.tsv"])  # as a kill between two files leaves it
    assert len(write_own(other, old, own_files(other), "vectors")) == 4
