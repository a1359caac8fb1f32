"""`Results.plot`: pictures of boards, of comparisons and of curves, for notebooks and as files."""

from __future__ import annotations

import pickle

import pytest
from saved_runs import save_run

import xlbench
from xlbench import Results, UsageError

pytest.importorskip("matplotlib")
PLANS = {"mini": {"pairs": ("deu", "nan")}, "other": {"pairs": ("deu",)}}


@pytest.fixture
def saved(tmp_path) -> Results:
    """Two models in two suites."""
    for model, hits in (("alpha", 30), ("beta", 45)):
        save_run(tmp_path / "runs", model, {("pairs", "deu"): hits, ("pairs", "nan"): hits - 9}, plans=PLANS)
    return xlbench.load(tmp_path / "runs")


def texts_of(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text")))


@pytest.mark.parametrize("kind", ["standings", "ranks"])
def test_boards_are_drawn_for_notebooks_and_as_files(saved, tmp_path, kind):
    """A figure names the models, is a PNG where a notebook asks for it, and is written where a file is named."""
    figure = saved.plot(kind, tmp_path / f"{kind}.svg", board="mini", by="overall")
    assert {"alpha", "beta"} <= set(texts_of(figure).split())
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert (tmp_path / f"{kind}.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert pickle.loads(pickle.dumps(figure))._repr_png_()


def test_of_several_boards_one_is_to_be_named(saved):
    """Two suites have two boards: which is drawn is said, and a misspelled one is told with the nearest."""
    with pytest.raises(UsageError, match=r"several boards \(mini, other\): name one with board="):
        saved.plot()
    with pytest.raises(UsageError, match="Did you mean 'mini'"):
        saved.plot(board="minni")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"kind": "standing", "board": "mini"}, "Did you mean 'standings'"),
        ({"kind": "curve"}, "no cell here learned from a part"),
        ({"kind": "compare"}, "name two models at least, the baseline first.*: there are alpha, beta"),
        ({"kind": "compare", "models": "alpha"}, "name two models at least"),
        ({"kind": "compare", "models": ["alpha", "betta"]}, "Did you mean 'beta'"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(saved, options, line):
    """A wrong kind, curves of what has none, and comparisons without two models are one line each."""
    with pytest.raises(UsageError, match=line):
        saved.plot(**options)


def test_models_are_compared_with_a_baseline(saved, tmp_path):
    """The first model is the baseline of all others, and a model that is named twice is an error."""
    save_run(tmp_path / "runs", "gamma", {("pairs", "deu"): 20, ("pairs", "nan"): 11}, plans=PLANS)
    figure = xlbench.load(tmp_path / "runs").plot("compare", models=["alpha", "beta", "gamma"])
    assert {"beta", "gamma"} <= set(texts_of(figure).split())
    assert "difference from alpha" in texts_of(figure)
    with pytest.raises(UsageError, match="one run is given twice"):
        saved.plot("compare", models=["alpha", "alpha"])


def test_curves_are_drawn_of_what_learned_from_a_part(tmp_path):
    """Cells of several numbers of items to learn from are a curve, and those of other tasks are not on it."""
    xlbench.curve("ngram", "mini-news", train_sizes=(8, "all"), languages="hin", results=tmp_path)
    xlbench.run("ngram", "mini-sentiment", languages="hin", results=tmp_path)
    figure = xlbench.load(tmp_path).plot("curve")
    assert "mini-news" in texts_of(figure)
    assert "mini-sentiment" not in texts_of(figure)
