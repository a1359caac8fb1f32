"""Pictures of boards: what is drawn is what the board says, whatever the names are, the same bytes every time."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import artists, mini, named
from saved_runs import save_run

from xlbench import UsageError
from xlbench.core.errors import MissingExtraError
from xlbench.reports.boards.averages import Entry
from xlbench.reports.boards.board import Board
from xlbench.reports.figures import lettering, ranks, style
from xlbench.reports.figures.drawing import draw, make
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.render import boards_of

matplotlib = pytest.importorskip("matplotlib")

__all__ = ["mini"]  # a fixture


def small(root: Path, **hits: int) -> Board:
    """A board of models with so many hits of 60 on one task."""
    for model, number in hits.items():
        save_run(root, model, {("task", "eng-deu"): number, ("task", "deu-eng"): number})
    (board,) = boards_of([root]).boards
    return board


# ---- what is drawn


def test_scores_and_intervals_are_those_of_the_board(mini):
    """Every point, interval and chance line of the forest is the board's number, times 100, on its model's line."""
    drawn = named(draw("standings", mini))
    assert [*drawn] == ["Overall", "Retrieval", "Clustering", "News", "Sentiment", "NER"]
    for title, axes in drawn.items():
        part = title.lower()
        entries = [row.overall if part == "overall" else row.areas[part] for row in mini.rows]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in artists(axes, "score")] == [
            (100 * entry.value, place) for place, entry in enumerate(entries)
        ]
        assert [tuple(line.get_xdata()) for line in artists(axes, "interval")] == [
            (100 * entry.low, 100 * entry.high) for entry in entries
        ]
        (chance,) = artists(axes, "chance")
        assert chance.get_xdata()[0] == 100 * mini.chances[part]
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the best on top
    assert [label.get_text() for label in drawn["Overall"].get_yticklabels()] == [row.label for row in mini.rows]


def test_panels_by_task(mini):
    """By task, the panels are the overall and the tasks, with the tasks' own scores and chance."""
    drawn = named(draw("standings", mini, by="task"))
    assert [*drawn] == ["Overall", *(task for _, task in mini.tasks)]
    for _, task in mini.tasks:
        assert [line.get_xdata()[0] for line in artists(drawn[task], "score")] == [
            100 * row.tasks[task].value for row in mini.rows
        ]
        assert artists(drawn[task], "chance")[0].get_xdata()[0] == 100 * mini.baseline(task, "chance")


def test_ranks_are_those_of_the_board(mini):
    """Every rank and its interval is the board's, and the best ones have a color and a marker of their own."""
    drawn = named(draw("ranks", mini))
    for title, axes in drawn.items():
        if title != "Overall":
            known = [row.area_ranks[title.lower()] for row in mini.rows]
            assert [line.get_xdata()[0] for line in artists(axes, "rank")] == [one.rank for one in known]
            assert [tuple(line.get_xdata()) for line in artists(axes, "ranks")] == [
                (one.low, one.high) for one in known
            ]
            best = [line.get_marker() for line in artists(axes, "rank")]
            assert best == ["o" if one.tied_with_best else "s" for one in known]
    overall = artists(drawn["Overall"], "ranks")
    assert [tuple(line.get_xdata()) for line in overall] == [(row.rank_low, row.rank_high) for row in mini.rows]


@pytest.mark.parametrize(
    ("models", "shown"),
    [(1, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (6, [1, 2, 4, 6]), (50, [1, 20, 40, 50])],
)
def test_the_first_rank_and_the_last_have_ticks(models, shown):
    """With a few round numbers between them."""
    assert ranks.ticks(models) == shown


def test_gray_letters_can_be_read():
    """They stand out from white by 4.5 to 1, as the guidelines for the web ask of small letters."""
    channels = [int(style.FAINT[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    assert 1.05 / (sum(map(lambda weight, one: weight * one, (0.2126, 0.7152, 0.0722), linear)) + 0.05) >= 4.5


@pytest.mark.parametrize("kind", ["standings", "ranks"])
def test_a_model_without_an_overall_is_there_without_one(mini, kind):
    """A model that lacks a part has no point in the overall, which says so, and has one where it has a score."""
    last = replace(mini.rows[-1], overall=Entry(reason="a part is missing"), rank=None, rank_low=None, rank_high=None)
    drawn = named(draw(kind, replace(mini, rows=(*mini.rows[:-1], last))))
    label = {"standings": "score", "ranks": "rank"}[kind]
    assert [len(artists(drawn[name], label)) for name in ("Overall", "News")] == [3, 4]
    assert [text.get_text() for text in drawn["Overall"].texts] == ["no score"]


def test_a_board_without_an_overall_shows_its_areas(mini):
    """Where no model has an overall it has no panel; asked for alone, the reason is told."""
    rows = tuple(replace(row, overall=Entry(reason="a part is missing"), rank=None) for row in mini.rows)
    board = replace(mini, rows=rows)
    assert "Overall" not in named(draw("standings", board))
    with pytest.raises(UsageError, match="a part is missing; draw what there is by area"):
        draw("standings", board, by="overall")


def test_one_model_and_one_area(tmp_path):
    """A board of one model with one area is one panel with the area's name and one line."""
    board = small(tmp_path, alpha=30)
    for kind in ("standings", "ranks"):
        (axes,) = named(draw(kind, board)).values()
        assert axes.get_title(loc="left") == "Retrieval"
        assert len(axes.get_yticklabels()) == 1


def test_a_score_without_interval_is_hollow(mini):
    """A score without an interval is a hollow marker without a bar."""
    first = mini.rows[0]
    bare = replace(first, overall=replace(first.overall, low=None, high=None))
    axes = named(draw("standings", replace(mini, rows=(bare, *mini.rows[1:]))))["Overall"]
    assert len(artists(axes, "interval")) == 3
    fills = [line.get_markerfacecolor() for line in artists(axes, "score")]
    assert fills[0] == "white"
    assert "white" not in fills[1:]


# ---- names of strangers


def test_long_names_are_cut_and_stay_apart():
    """Names that are too long lose their middle, but two that differ never look alike, and none gets longer."""
    letters = Lettering()
    assert letters.plain("a" * 40 + "z", 10) == "a" * 4 + "…" + "aaaaz"
    long = [f"organization/model-{middle}-with-a-long-end" for middle in ("one", "two", "three")]
    assert letters.distinct(long, 16) == ["…el-one…long-end", "…el-two…long-end", "…el-thr…long-end"]
    hopeless = ["a" * 30 + middle + "b" * 30 + end + "c" * 30 for middle in "xy" for end in "xy"]
    shown = letters.distinct([*hopeless, "short"], 12)
    assert len(set(shown)) == 5
    assert max(map(len, shown)) == 12
    assert letters.distinct(["short", "names", "short"], 12) == ["short", "names", "short"]


def test_fonts_have_the_letters_or_it_is_said():
    """Letters that matplotlib's own font has are drawn; others are in Latin letters, and a line says which."""
    own = lettering.lettering_for(["Ελληνικά", "русский", "العربية", "עברית"])
    assert (own.families, own.missing, own.notes) == (("DejaVu Sans",), frozenset(), ())
    bare = lettering.lettering_for(["\U00011d60\U00011d61 model"])  # Gunjala Gondi, in no font here
    if not bare.missing:
        pytest.skip("a font here has Gunjala Gondi")
    (note,) = bare.notes
    assert "Gunjala" in note
    assert "Latin letters" in note
    assert bare.plain("\U00011d60 model").isascii()
    assert bare.plain("\U00011d60 model").endswith("model")


def test_a_picture_with_missing_letters_warns(mini, monkeypatch):
    """A name that no font can write is transliterated, and a warning says so; nothing is drawn as a box."""
    monkeypatch.setattr(lettering, "_installed", list)
    rows = (replace(mini.rows[0], label="हिन्दी"), *mini.rows[1:])
    with pytest.warns(UserWarning, match="DEVANAGARI|Devanagari") as told:
        figure = draw("standings", replace(mini, rows=rows), by="overall")
    assert len(told) == 1
    assert figure.axes[0].get_yticklabels()[0].get_text() == "hindi"


def test_an_installed_font_is_used(monkeypatch):
    """What the own font lacks is looked for among the fonts of the machine, and that font is then in the picture."""
    path = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf")
    monkeypatch.setattr(lettering, "_installed", lambda: [("none", "/no/such/font.ttf"), ("STIXGeneral", path)])
    lacking = next(
        c for c in map(chr, range(0x2900, 0x2BFF)) if lettering._characters_in_font(path, {c}) and not own_has(c)
    )
    letters = lettering.lettering_for([f"model {lacking}"])
    assert (letters.families, letters.notes) == (("DejaVu Sans", "STIXGeneral"), ())


def own_has(character: str) -> bool:
    return bool(lettering._characters_in_font(lettering._path_of("DejaVu Sans"), {character}))


# ---- files


@pytest.mark.parametrize(("width", "expected"), [("column", 3.03), ("page", 6.3), (4.5, 4.5), ("5", 5.0)])
def test_widths(mini, width, expected):
    """A picture is as wide as the column, the page or the inches that were asked for."""
    assert draw("standings", mini, width=width, by="overall").get_figwidth() == expected


@pytest.mark.parametrize("width", ["columm", "0", "nan", "-3", 500])
def test_widths_that_are_none(mini, width):
    """Any other width is refused in one line."""
    with pytest.raises(UsageError, match="a width is column or page, or inches from 2 to 40"):
        draw("standings", mini, width=width)


@pytest.mark.parametrize("kind", ["standings", "ranks"])
def test_nothing_is_cut_off(mini, kind):
    """All headings, names and captions of a picture lie within it, in a column, too, and no heading is over another."""
    figure = draw(kind, mini, width="column", by="task")
    box, headings = figure.bbox, {}
    for axes in named(figure).values():
        heading = axes._left_title.get_window_extent()
        for one in (heading, *(label.get_window_extent() for label in axes.get_yticklabels())):
            assert box.x0 - 1 <= one.x0
            assert one.x1 <= box.x1 + 1
        assert all(heading.y0 != other.y0 or not heading.overlaps(other) for other in headings.values())
        headings[axes] = heading
    caption = figure._supxlabel.get_window_extent()
    assert box.x0 <= caption.x0 < caption.x1 <= box.x1
    assert box.y0 <= caption.y0 < caption.y1 <= min(axes.bbox.y0 for axes in headings)


def test_what_cannot_be_drawn(mini, tmp_path):
    """A kind, a content, a division or a file that is none is told in one line, and nothing is written."""
    with pytest.raises(UsageError, match="Did you mean 'standings'"):
        draw("standing", mini)
    with pytest.raises(UsageError, match="made of a Board, not of str"):
        draw("standings", "results")
    with pytest.raises(UsageError, match="by area or overall or task, not by 'language'"):
        draw("standings", mini, by="language")
    with pytest.raises(UsageError, match=r"a picture is written as \.png, \.svg, \.pdf"):
        draw("standings", mini, tmp_path / "board.jpg")
    assert not [*tmp_path.iterdir()]


def test_without_matplotlib_a_line_says_what_to_install(mini, monkeypatch):
    """A missing extra is told with the command that installs it."""
    monkeypatch.setattr("xlbench.core.errors._is_installed", lambda library: False)
    with pytest.raises(MissingExtraError, match=r"a plot needs matplotlib: pip install 'xlbench\[plots\]'"):
        make("standings", mini)


def test_the_settings_of_the_user_stay_as_they_are(mini):
    """Drawing leaves matplotlib's settings alone, and warns of nothing."""
    before = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw("standings", mini, by="overall")
    assert dict(matplotlib.rcParams) == before


# ---- languages


def cells_of(figure) -> list[list[float]]:
    """The values of every block of a heat map, by rows; NaN where there is none."""
    return [np.ma.filled(np.asarray(mesh.get_array()), np.nan).tolist() for axes in figure.axes
            for mesh in axes.collections]  # fmt: skip


def test_a_heat_map_has_the_scores_above_chance(mini):
    """Every cell is (mean - chance) / (1 - chance) in points, by models down and languages across."""
    figure = draw("languages", mini)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [row.label for row in mini.rows]
    by_code = {line.language: line for line in mini.languages}
    shown = [by_code[label.get_text()] for label in axes.get_xticklabels()]
    assert len(shown) == len(mini.languages) == 10
    (values,) = cells_of(figure)
    for number, row in enumerate(values):
        expected = [100 * (one.entries[number].value - one.chance) / (1 - one.chance) for one in shown]
        assert row == pytest.approx(expected)
    means = np.mean(values, axis=0)
    assert list(means) == sorted(means, reverse=True)
    numbers = [text.get_text().replace("−", "-") for text in axes.texts]
    assert [int(number) for number in numbers] == [round(value) for row in values for value in row]


def test_a_number_that_may_be_chance_is_in_italics(mini):
    """The number of a cell is in italics just where the interval of the mean holds chance."""
    figure = draw("languages", mini)
    axes = figure.axes[0]
    by_code = {line.language: line for line in mini.languages}
    codes = [label.get_text() for label in axes.get_xticklabels()]
    for text in axes.texts:
        column, row = text.get_position()
        line = by_code[codes[round(column)]]
        assert (text.get_style() == "italic") == (line.entries[round(row)].low <= line.chance)


def test_in_a_column_languages_stand_below_each_other(mini):
    """Where they have no room beside each other, languages are rows with their names, and models columns."""
    wide, narrow = (draw("languages", mini, width=width) for width in ("page", "column"))
    names = [label.get_text() for label in narrow.axes[0].get_yticklabels()]
    assert names[0] == "English (eng)"
    assert [label.get_text() for label in narrow.axes[0].get_xticklabels()] == [row.label for row in mini.rows]
    assert np.allclose(cells_of(narrow)[0], np.transpose(cells_of(wide)[0]))


def test_many_languages_make_blocks(mini):
    """More languages than stand below each other go on in a block beside, and none is lost."""
    many = tuple(replace(mini.languages[n % 10], language=f"l{n:02}") for n in range(70))
    figure = draw("languages", replace(mini, languages=many))
    labels = [[label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes]
    assert [len(one) for one in labels] == [35, 35]
    assert sorted(labels[0] + labels[1]) == [line.language for line in many]


def wide_board(board: Board, models: int) -> Board:
    """The board with so many models."""
    rows = tuple(replace(board.rows[n % 4], label=f"model-{n}") for n in range(models))
    lines = tuple(replace(line, entries=(line.entries * models)[:models]) for line in board.languages)
    return replace(board, rows=rows, languages=lines)


def test_cells_without_room_for_numbers_have_a_scale(mini):
    """Cells too narrow for numbers have none, and a scale beside them says what the colors are, from 0 on."""
    axes, scale = draw("languages", wide_board(mini, 10), width="column").axes
    assert not axes.texts
    assert scale.get_ylim()[0] == 0
    assert len(axes.get_xticklabels()) == 10


def test_many_models_are_rows(mini):
    """Where there are more models than languages and neither has room, languages stay on top."""
    axes = draw("languages", wide_board(mini, 40), width="column").axes[0]
    assert [len(axes.get_xticklabels()), len(axes.get_yticklabels())] == [10, 40]


def test_what_has_no_room_is_told(mini):
    """Where even a cell has no room, a line says so, and nothing is drawn over another."""
    many = wide_board(replace(mini, languages=mini.languages * 4), 30)
    with pytest.raises(UsageError, match="30 columns have no room in 2 inches: choose models or languages"):
        draw("languages", many, width=2)


def test_a_missing_mean_is_hatched_and_said(mini):
    """A model without a mean in a language has a hatched cell without a number, and the caption says what that is."""
    first = mini.languages[0]
    holed = replace(first, entries=(Entry(reason="a part is missing"), *first.entries[1:]))
    figure = draw("languages", replace(mini, languages=(holed, *mini.languages[1:])))
    axes = figure.axes[0]
    (patch,) = axes.patches
    assert patch.get_hatch() == "////"
    column = [label.get_text() for label in axes.get_xticklabels()].index(first.language)
    assert patch.get_xy() == (column - 0.5, -0.5)
    assert (column, 0) not in [text.get_position() for text in axes.texts]
    assert "hatched: no score" in figure._supxlabel.get_text()


def test_languages_without_a_chance_level_are_named(mini):
    """A language without a chance level is left out, and the caption names it; without any, a line says so."""
    lines = tuple(replace(line, chance=None) for line in mini.languages)
    figure = draw("languages", replace(mini, languages=(lines[0], *mini.languages[1:])))
    assert f"without score or chance level: {lines[0].language}" in figure._supxlabel.get_text().replace("\n", " ")
    with pytest.raises(UsageError, match="no language of the board mini has a score and a chance level"):
        draw("languages", replace(mini, languages=lines))
