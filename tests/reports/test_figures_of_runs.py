"""Pictures of comparisons and curves, and what holds for all kinds: hostile names, and the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pictures import artists, comparison, curves, mini, named, point

from xlbench import UsageError
from xlbench.core.languages import language_name
from xlbench.reports.curves import Curves, curves_of
from xlbench.reports.figures import compare, draw, style
from xlbench.reports.figures.drawing import KINDS

matplotlib = pytest.importorskip("matplotlib")

__all__ = ["comparison", "curves", "mini"]  # fixtures
WICKED = ["$x^2$ of $y$", r"a\$b$c", "two\nlines", "{%s}", "<b>&amp;", "_^", "\x1b[31mred", "$" * 7]


@pytest.fixture
def contents(mini, comparison, curves) -> dict:
    """Kind of picture -> what one is made of."""
    return {"standings": mini, "languages": mini, "ranks": mini, "compare": comparison, "curve": curves}


# ---- comparisons


@pytest.mark.parametrize("by", ["task", "area", "language"])
def test_differences_are_those_of_the_comparison(comparison, by):
    """Every difference, its interval, its color and its marker is what the comparison says, on a line with its name."""
    figure = draw("compare", comparison, by=by)
    (axes,) = figure.axes
    shown = [one for level in compare.LEVELS[by] for one in comparison.of(level)]
    points, bars = artists(axes, "difference"), artists(axes, "interval")
    assert [line.get_xdata()[0] for line in points] == [100 * one.difference.value for one in shown]
    assert [tuple(line.get_xdata()) for line in bars] == [
        (100 * one.difference.low, 100 * one.difference.high) for one in shown
    ]
    assert [(line.get_color(), line.get_marker()) for line in points] == [compare.LOOKS[one.judgment] for one in shown]
    assert [line.get_ydata()[0] for line in points] == [*axes.get_yticks()]
    names = [label.get_text() for label in axes.get_yticklabels()]
    spoken = [language_name(one.name) if one.level == "language" else one.name for one in shown]
    assert [name.casefold() for name in names] == [name.casefold() for name in spoken]
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {one.judgment for one in shown}
    assert "siamese-mini − ngram-translit" in figure._supxlabel.get_text()


def test_several_candidates_stand_beside_each_other(comparison):
    """Each candidate has axes of its own with the same lines, and the baseline is in the caption."""
    other = replace(comparison, candidate="other")
    figure = draw("compare", [comparison, other], by="area")
    assert [*named(figure)] == ["siamese-mini", "other"]
    assert "difference from ngram-translit" in figure._supxlabel.get_text()
    one, two = ([line.get_xdata()[0] for line in artists(axes, "difference")] for axes in figure.axes)
    assert one == two


def test_a_level_of_one_part_is_left_out(comparison):
    """With one area and one task, which are the overall, there is one line."""
    kept = tuple({one.level: one for one in comparison.verdicts if one.level != "subset"}.values())
    (axes,) = draw("compare", replace(comparison, verdicts=kept)).axes
    assert len(artists(axes, "difference")) == 1


def test_nothing_to_compare():
    """No comparison at all is told in a line."""
    with pytest.raises(UsageError, match="no comparison to draw"):
        draw("compare", [])


# ---- curves


def test_points_of_a_curve_are_its_scores(curves):
    """Lines have the items learned from and the scores; bands are intervals; what learned from all is hollow."""
    drawn = named(draw("curve", curves))
    assert [*drawn] == ["hin", "eng>hin"]
    for curve in curves:
        axes = drawn[curve.subset]
        (line,) = artists(axes, curve.model)
        assert [*line.get_xdata()] == [10, 20, 80]
        assert [*line.get_ydata()] == [100 * score.value for _, score in curve.points]
        hollow = [one for one in axes.get_lines() if one.get_markerfacecolor() == "white"]
        assert sorted(one.get_ydata()[0] for one in hollow) == sorted(
            100 * own.points[-1][1].value for own in curves if own.subset == curve.subset
        )
        (chance,) = artists(axes, "chance")
        assert [*chance.get_ydata()] == [20, 20, 20]
    bands = [band.get_paths()[0].vertices[:, 1] for axes in drawn.values() for band in axes.collections]
    ends = [(100 * own.points[0][1].low, 100 * own.points[-1][1].high) for own in curves]
    assert np.allclose(sorted((band.min(), band.max()) for band in bands), sorted(ends))


def test_a_point_alone_has_a_bar(curves):
    """A model with one size has its interval as a bar, as a band would have no width."""
    alone = Curves("news", curves_of([point("alpha", "hin", 10, 0.5)]))
    (axes,) = draw("curve", alone).axes
    (bar,) = axes.collections
    assert np.allclose(bar.get_segments()[0], [[10, 40], [10, 60]])


def test_curves_that_make_no_picture(curves):
    """Several tasks, or no score at all, are told in a line."""
    second = curves_of([point("alpha", "hin", 10, 0.5, task="topics")])
    with pytest.raises(UsageError, match=r"there are curves of news, topics: .*--task"):
        draw("curve", Curves("all", (*curves, *second)))
    with pytest.raises(UsageError, match="no score by training size"):
        draw("curve", Curves("news", curves_of([point("alpha", "hin", 10, None)])))


# ---- all kinds


def renamed(content, name: str):
    """The content with this name for a model, an area and a task, where it has them."""
    if isinstance(content, Curves):
        cells = [replace(cell, model=name, task=name) for cell in content.cells if cell.model == "alpha"]
        return Curves("news", curves_of(cells))
    if hasattr(content, "verdicts"):
        verdicts = tuple(replace(one, name=name) for one in content.verdicts)
        return replace(content, baseline=name, candidate=name, verdicts=verdicts)
    return replace(content, rows=(replace(content.rows[0], label=name), *content.rows[1:]))


@pytest.mark.parametrize("name", WICKED)
@pytest.mark.parametrize("kind", KINDS)
def test_names_are_shown_as_they_are(contents, kind, name):
    """No name is read as mathematics or breaks a line: among the texts that are drawn is the name in one line."""
    options = {"by": "overall"} if "overall" in KINDS[kind].by else {}
    figure = draw(kind, renamed(contents[kind], name), **options)
    texts = [text._preprocess_math(text.get_text()) for text in figure.findobj(matplotlib.text.Text)]
    assert not [text for text, is_math in texts if is_math]
    expected = re.sub(r"\s", " ", name).replace("\x1b", "")
    assert any(expected in text for text, _ in texts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", style.FORMS)
def test_the_same_content_gives_the_same_bytes(contents, tmp_path, monkeypatch, kind, form):
    """Two drawings are equal to the byte, at another time and with another matplotlibrc, and tell no date."""
    options = {"width": "column", **({"by": "overall"} if "overall" in KINDS[kind].by else {})}
    draw(kind, contents[kind], tmp_path / f"one.{form}", **options)
    monkeypatch.setattr("time.time", lambda: 1.0)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True}):
        draw(kind, contents[kind], tmp_path / f"two.{form}", **options)
    one, two = ((tmp_path / f"{name}.{form}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])
    assert not re.search(rb"Date|matplotlib v|20[0-9][0-9]-[01]", one)
