"""Arithmetic after encoding: whitening, all but the top, cutting and unit length, against other implementations."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import transforms
from xlbench_transformers.options import OPTIONS


def spec(query: str, scheme: str = "hf") -> xlbench.Spec:
    return parse(f"{scheme}:somewhere?{query}", OPTIONS[scheme], scheme)


def drawn(count: int, width: int = 8, seed: int = 0) -> np.ndarray:
    """Correlated vectors of unequal variance with a mean far from zero."""
    draw = np.random.default_rng(seed)
    return (draw.normal(size=(count, width)) @ draw.normal(size=(width, width)) + 3).astype(np.float32)


def transformed(query: str, fit_on: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    make = transforms.transform_of(spec(query))
    assert make is not None
    return make().fit(fit_on)(vectors)


def lines(tmp_path: Path, text: str = "one\ntwo\nthree\n") -> Path:
    path = tmp_path / "lines.txt"
    path.write_bytes(text.encode())
    return path


def test_no_option_is_no_transform() -> None:
    """A spec without any of these options has no transform, and no identity of one."""
    assert transforms.transform_of(spec("pooling=cls&device=cpu")) is None
    assert transforms.identity_of(spec("pooling=cls")) == ""


def test_cut_then_unit_length() -> None:
    """Dimensions are cut first and brought to unit length after: (3, 4, 12) cut to two is (0.6, 0.8)."""
    result = transformed("dimensions=2", np.empty((0, 3), np.float32), np.array([[3, 4, 12]], np.float32))
    assert result.dtype == np.float32
    assert result.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]


def test_unit_length_alone() -> None:
    """normalize brings vectors to unit length; a vector of zeros stays one, for the session to refuse."""
    result = transformed("normalize=true", np.empty((0, 2), np.float32), np.array([[3, 4], [0, 0]], np.float32))
    assert result.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]


def test_whitening_is_that_of_scikit_learn() -> None:
    """Whitened vectors are sklearn's PCA(whiten=True) up to the sign of a dimension, for texts that were not fitted."""
    fit_on, others = drawn(200), drawn(50, seed=1)
    ours = transformed("whiten=whiten&whiten_on=cell", fit_on, others)
    theirs = PCA(whiten=True, svd_solver="full").fit(fit_on.astype(float)).transform(others.astype(float))
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


def test_whitened_texts_have_mean_zero_and_covariance_one() -> None:
    """The texts that it was fitted on have mean 0 and covariance 1 afterwards."""
    fit_on = drawn(300)
    result = transformed("whiten=whiten&whiten_on=cell", fit_on, fit_on)
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.cov(result.T), np.eye(8), atol=1e-4)


def test_whitening_is_that_of_its_authors() -> None:
    """Cosines are those of the authors' own code: W = U diag(1 / sqrt(s)) from the SVD of the covariance."""
    fit_on = drawn(200)
    u, s, _ = np.linalg.svd(np.cov(fit_on.T.astype(float)))
    kernel = (u @ np.diag(1 / np.sqrt(s)))[:, :4]
    theirs = (fit_on - fit_on.mean(axis=0, keepdims=True, dtype=float)) @ kernel
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = transformed("whiten=whiten&whiten_on=cell&whiten_components=4&normalize=true", fit_on, fit_on)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-4)


def test_all_but_the_top_is_that_of_its_authors() -> None:
    """abtt subtracts the mean and the parts along D components: hand-written with numpy's SVD, D = 2."""
    fit_on, others = drawn(100), drawn(10, seed=1)
    mean = fit_on.mean(axis=0, dtype=float)
    top = np.linalg.svd(fit_on - mean, full_matrices=False)[2][:2]
    expected = (others - mean) - (others - mean) @ top.T @ top
    ours = transformed("whiten=abtt&whiten_on=cell&whiten_components=2", fit_on, others)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(("width", "removed"), [(8, 1), (149, 1), (151, 2), (768, 8)])
def test_all_but_the_top_removes_a_hundredth(width: int, removed: int) -> None:
    """Without a number, abtt removes d / 100 components, rounded, and one at the least."""
    fit_on = np.random.default_rng(0).normal(size=(width + 50, width)).astype(np.float32)
    result = transformed("whiten=abtt&whiten_on=cell", fit_on, fit_on)
    assert np.linalg.matrix_rank(result - result.mean(axis=0), tol=1e-3) == width - removed


def test_whitened_then_cut() -> None:
    """Cutting comes after whitening: what is left are the first whitened dimensions, not whitened first dimensions."""
    fit_on = drawn(100)
    whitened = transformed("whiten=whiten&whiten_on=cell", fit_on, fit_on)[:, :3]
    expected = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    np.testing.assert_allclose(
        transformed("whiten=whiten&whiten_on=cell&dimensions=3", fit_on, fit_on), expected, atol=1e-6
    )


def test_many_vectors_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks change nothing: vectors fitted and turned three at a time are those of one block."""
    fit_on = drawn(50)
    expected = transformed("whiten=whiten&whiten_on=cell", fit_on, fit_on)
    monkeypatch.setattr(transforms, "BLOCK", 3)
    np.testing.assert_allclose(
        np.abs(transformed("whiten=whiten&whiten_on=cell", fit_on, fit_on)), np.abs(expected), atol=1e-4
    )


def test_directions_without_variance_are_left_out(tmp_path: Path) -> None:
    """Texts that differ in three directions of eight give three dimensions, all finite."""
    low = (drawn(50, 3) @ np.random.default_rng(1).normal(size=(3, 8))).astype(np.float32)
    result = transformed(f"whiten=whiten&whiten_on={lines(tmp_path)}", low, low)
    assert result.shape == (50, 3)
    assert np.isfinite(result).all()


def test_few_texts_give_as_many_dimensions_as_they_have_directions(tmp_path: Path) -> None:
    """Four texts of a file span three directions: other texts get three dimensions."""
    result = transformed(f"whiten=whiten&whiten_on={lines(tmp_path)}", drawn(4), drawn(6, seed=1))
    assert result.shape == (6, 3)


@pytest.mark.parametrize(
    ("query", "count", "message"),
    [
        ("whiten=whiten&whiten_on=cell", 5, "makes all of them equally far .* whiten_components=N"),
        ("whiten=whiten&whiten_on=cell&whiten_components=7", 5, "whiten_components=7, but the 5 texts .* 4 directions"),
        ("whiten=abtt&whiten_on=cell&whiten_components=4", 5, "abtt removes 4 .* differ in 4 directions"),
        ("whiten=abtt&whiten_on=cell", 1, "needs two texts at the least to be fitted on; there is 1"),
        ("dimensions=9", 5, "dimensions=9, but the vectors have 8"),
    ],
)
def test_impossible_fits_are_one_line(query: str, count: int, message: str) -> None:
    """What the texts cannot give is refused with what to ask for."""
    with pytest.raises(xlbench.EncoderError, match=message) as caught:
        transformed(query, drawn(count), drawn(count))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("whiten", ["whiten", "abtt"])
def test_equal_vectors_cannot_be_whitened(whiten: str) -> None:
    """Texts with one vector between them are refused."""
    with pytest.raises(xlbench.EncoderError, match="the 5 texts to fit on have the same vector"):
        transformed(f"whiten={whiten}&whiten_on=cell", np.full((5, 8), 1 / 3, np.float32), drawn(5))


def test_whitening_on_own_texts_would_tell_nothing() -> None:
    """Why that is refused: vectors whitened on no more texts than dimensions have equal cosines, whatever they are."""
    fit_on = drawn(5).astype(float)
    u, _, _ = np.linalg.svd(fit_on - fit_on.mean(axis=0), full_matrices=False)
    unit = u[:, :4] / np.linalg.norm(u[:, :4], axis=1, keepdims=True)
    np.testing.assert_allclose((unit @ unit.T)[~np.eye(5, dtype=bool)], -0.25, atol=1e-9)


def test_texts_to_fit_on(tmp_path: Path) -> None:
    """Texts are the file's lines without blank ones; ``cell`` is None, nothing to fit is none."""
    path = lines(tmp_path, "\ufeffone\r\n\n two \nthree\u2028four\n")
    fit_on = {
        query: transforms.transform_of(spec(query))().fit_on  # type: ignore[misc]
        for query in (f"whiten=abtt&whiten_on={path}", "whiten=abtt&whiten_on=cell", "dimensions=4")
    }
    assert list(fit_on.values()) == [("one", "two", "three\u2028four"), None, ()]


def test_words_are_cut_and_nothing_else() -> None:
    """Vectors of words lose dimensions alone: no whitening, no unit length."""
    words = np.arange(6, dtype=np.float32).reshape(2, 3)
    cut = transforms.transform_of(spec("dimensions=2&whiten=abtt&whiten_on=cell"))().words  # type: ignore[misc]
    assert cut is not None
    assert cut(words).tolist() == [[0, 1], [3, 4]]
    assert transforms.transform_of(spec("normalize=true"))().words is None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("whiten=whiten", "whiten=whiten is fitted on texts: add whiten_on=FILE"),
        ("whiten_on=cell", "whiten_on does nothing without whiten="),
        ("whiten_components=3", "whiten_components does nothing without whiten="),
        ("whiten=abtt&whiten_on=nowhere.txt", "there is no file nowhere.txt"),
        ("whiten=whiten&whiten_on=cell&whiten_components=3&dimensions=4", "dimensions=4 of whiten_components=3"),
        ("dimensions=2,4", "several dimensions"),
    ],
)
def test_options_that_contradict_each_other(query: str, message: str) -> None:
    """Options that cannot be followed are refused before anything is loaded."""
    with pytest.raises(xlbench.UsageError, match=message):
        transforms.transform_of(spec(query))
    with pytest.raises(xlbench.UsageError, match=message):
        transforms.identity_of(spec(query))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"one\n\xff\n", "byte 5 is not UTF-8"), (b"one\none\n\n", "two different texts")],
)
def test_bad_files_are_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that cannot be fitted on is refused with its name."""
    path = tmp_path / "lines.txt"
    path.write_bytes(content)
    make = transforms.transform_of(spec(f"whiten=abtt&whiten_on={path}"))
    assert make is not None
    with pytest.raises(xlbench.DataError, match=message) as caught:
        make()
    assert str(path) in str(caught.value)


def test_identity_is_content(tmp_path: Path) -> None:
    """Identity follows settings and the file's texts; the file's name is none of it."""
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("a\nb\n")
    other.write_text("a\nb\n")
    queries = [
        "dimensions=4",
        "dimensions=5",
        "normalize=true",
        "whiten=abtt&whiten_on=cell",
        "whiten=whiten&whiten_on=cell",
    ]
    queries += [f"whiten=abtt&whiten_on={one}", f"whiten=abtt&whiten_on={one}&whiten_components=2"]
    assert len({transforms.identity_of(spec(query)) for query in queries}) == len(queries)
    before = transforms.identity_of(spec(f"whiten=abtt&whiten_on={one}"))
    assert before == transforms.identity_of(spec(f"whiten=abtt&whiten_on={other}"))
    other.write_text("a\nc\n")
    assert before != transforms.identity_of(spec(f"whiten=abtt&whiten_on={other}"))


def test_transforms_travel_to_other_processes() -> None:
    """What makes a transform can be pickled, and makes the same one."""
    make = transforms.transform_of(spec("dimensions=3&whiten=abtt&whiten_on=cell"))
    vectors = drawn(20)
    again = pickle.loads(pickle.dumps(make))
    np.testing.assert_array_equal(again().fit(vectors)(vectors), make().fit(vectors)(vectors))  # type: ignore[misc]
