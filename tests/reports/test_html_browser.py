"""The HTML report in a browser: its controls, its standings, its looks, and that it runs nothing of strangers."""

from __future__ import annotations

import pytest
from browsing import A4, CONTRASTS, UNNAMED, browsing
from html_pages import ITEMS, opening, points, scores
from made_boards import HOSTILE, made_board, small_board

from xlbench.reports.boards.verdict import verdict

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def board():
    return small_board(run_changes={"license": "Apache-2.0"})


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A function that opens a board as a page from a file."""
    with browsing() as browser:
        yield opening(browser, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("way", ["scripts off", "scripts forbidden"])
def test_it_reads_without_a_script(opened, board, way):
    """The verdict, every model's scores, costs and data are visible; rooms that need a script say so."""
    forbid = '<head><meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    change = {"change": lambda text: text.replace("<head>", forbid)} if way == "scripts forbidden" else {}
    with opened(board, java_script_enabled=way != "scripts off", **change) as one:
        assert one.texts(".verdict") == [verdict(board)]
        rows = one.texts("#standings-table tbody tr")
        for row, text in zip(board.rows, rows, strict=True):
            assert row.label in text
            assert scores(row.overall) in text
            assert all(scores(entry) in text for entry in row.areas.values())
        assert all(one.page.locator(place).is_visible() for place in (".scatter >> nth=0", "#data h3 >> nth=0"))
        assert len([text for text in one.texts(".no-js") if "JavaScript" in text]) == 2
        assert not one.page.locator("#heat-controls, #compare-controls, .copy >> nth=0").first.is_visible()
        one.complaints = [said for said in one.complaints if "script-src" not in said]


def test_every_control_works_without_a_complaint(opened, board):
    """Each option of each list, each button and each fold is clicked: no error, no request."""
    with opened(board, items=ITEMS) as one:
        one.click_everything()
        assert one.page.evaluate(UNNAMED) == []


def test_a_click_on_a_headline_sorts(opened, board):
    """Scores fall at the first click and rise at the second; the headline says so; names and ranks rise first."""
    with opened(board) as one:
        for place, headline in enumerate(one.texts("#standings-table thead th")[2:]):
            values = [row.overall, row.corrected, *row.areas.values()][place] if (row := board.rows[0]) else None
            assert values is not None
            of = {row.label: [row.overall, row.corrected, *row.areas.values()][place].value for row in board.rows}
            for way in ("descending", "ascending"):
                one.page.locator("#standings-table thead button").nth(2 + place).click()
                names = one.texts("#standings-table tbody th")
                assert names == sorted(of, key=lambda name: of[name], reverse=way == "descending"), headline
                head = one.page.locator("#standings-table thead th").nth(2 + place)
                assert head.get_attribute("aria-sort") == way
        one.page.locator("#standings-table thead button").nth(1).press("Enter")
        assert one.texts("#standings-table tbody th") == sorted(row.label for row in board.rows)
        one.page.get_by_role("button", name="Reset").click()
        assert one.texts("#standings-table tbody th") == [row.label for row in board.rows]


def test_filters_leave_the_models_that_fit(opened):
    """By name, license and training data; the count says how many of how many; Reset shows all."""
    board = small_board(run_changes={"license": "Apache-2.0", "trained_on": ("x",)})
    with opened(board) as one:
        one.page.get_by_label("Model", exact=True).first.fill("ET")
        assert one.texts("#standings-table tbody th") == ["beta Data unseen"]
        assert one.texts("#standings-controls output") == ["1 of 4 models"]
        one.page.get_by_label("Model", exact=True).first.fill("")
        one.page.get_by_label("Training data").select_option("unknown")
        assert one.texts("#standings-table tbody th") == []
        one.page.get_by_role("button", name="Reset").click()
        one.page.get_by_label("License").select_option("Apache-2.0")
        assert one.texts("#standings-controls output") == ["4 models"]


def test_shades_and_ranks_are_of_the_overall_and_say_so(opened, board):
    """Rows have no shades in another order than that of ranks, and beside other scores the rank is named overall."""
    plain = "new Set([...document.querySelectorAll('#standings-table .shade1 td')].map("
    plain += "one => getComputedStyle(one).backgroundColor === getComputedStyle(document.body).backgroundColor))"
    plain = f"[...{plain}]"
    with opened(board) as one:
        assert one.texts("#standings-table thead th")[0] == "Rank"
        assert one.page.evaluate(plain) == [False]
        one.page.locator("#standings-table thead button").nth(1).click()
        assert one.page.evaluate(plain) == [True]
        one.page.get_by_label("Scores").first.select_option("area news")
        assert one.texts("#standings-table thead th")[0] == "Overall rank"


def test_chance_follows_the_columns(opened, board):
    """The last row is chance in the columns that are shown, and stays last when the table is sorted."""
    with opened(board) as one:
        one.page.get_by_label("Scores").first.select_option("area news")
        one.page.locator("#standings-table thead button").nth(1).click()
        chances = [board.chances["news"], *(board.baseline(task, "chance") for task in ("moods", "topics"))]
        assert one.texts("#standings-table tr")[-1].split() == ["Chance", *map(points, chances)]


def test_other_scores_are_columns(opened, board):
    """The tasks of an area and the cells of a language stand in the place of the areas, with the board's numbers."""
    with opened(board) as one:
        one.page.get_by_label("Scores").first.select_option("area news")
        assert one.texts("#standings-table thead th")[2:] == ["News", "moods", "topics"]
        for row, text in zip(board.rows, one.texts("#standings-table tbody tr"), strict=True):
            assert all(scores(row.tasks[task]) in text for task in ("moods", "topics"))
        one.page.get_by_label("Scores").first.select_option("language tel")
        (line,) = [line for line in board.languages if line.language == "tel"]
        for entry, text in zip(line.entries, one.texts("#standings-table tbody tr"), strict=True):
            assert scores(entry) in text


def test_a_tip_says_what_lies_behind_a_number(opened, board):
    """On hover and by arrow keys: items, clusters, method, chance, ranks, p against the best; Escape hides it."""
    with opened(board) as one:
        cell = one.page.locator("#standings-table tbody tr").nth(1).locator("td[data-c]").first
        cell.hover()
        row, tip = board.rows[1], one.page.locator("#tip")
        text = " ".join(tip.inner_text().split())
        for part in (f"{row.label}, Overall", scores(row.overall).replace(" ", " [", 1), f"{row.overall.n} items",
                     f"{row.overall.clusters} clusters", row.overall.method, "chance 10.0", f"rank {row.rank_low}",
                     "against the best (Dunnett)"):  # fmt: skip
            assert part in text, (part, text)
        one.page.locator("#standings-table td[tabindex='0']").focus()
        one.page.keyboard.press("ArrowDown")
        assert tip.inner_text().startswith(f"{board.rows[1].label}, Overall")
        one.page.keyboard.press("ArrowRight")
        assert tip.inner_text().startswith(f"{board.rows[1].label}, Above chance")
        one.page.keyboard.press("Escape")
        assert not tip.is_visible()


def test_nothing_of_strangers_runs(opened):
    """Hostile names of models, tasks, areas, subsets, notes, licenses and citations are shown as they are; no room and
    no control makes them run."""
    subsets = ("eng", "hin", f"x{HOSTILE}", f"y{HOSTILE}")
    hostile = made_board(
        [f"a{HOSTILE}", f"b{HOSTILE}", "c"], {f"t{HOSTILE}": (f"r{HOSTILE}", subsets)}, title="made",
        changes={"notes": (HOSTILE,), "facts": {"test_duplicates": 3}},
        run_changes={"license": HOSTILE, "spec": HOSTILE, "trained_on": (HOSTILE,)},
    )  # fmt: skip
    items = {"n": 5, "whole": True, "ids": [HOSTILE], "texts": [HOSTILE],
             "sets": [{"task": f"t{HOSTILE}", "subset": HOSTILE, "ids": [0], "bits": ["AQ==", "AA==", None],
                       "texts": [[0]]}]}  # fmt: skip
    with opened(hostile, items=items) as one:
        one.click_everything()
        one.page.locator("#standings-table tbody td[data-c]").first.hover()
        assert one.page.title() == "made – xlbench"
        assert one.page.locator("img, body script:not(#board)").count() == 1  # its own script
        assert "<img src=x" in one.page.locator("#standings-table tbody th").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(opened, board, scheme):
    """Contrast is that of WCAG AA, 4.5 or more, in light and in dark, also in the heat map."""
    with opened(board, color_scheme=scheme, items=ITEMS) as one:
        least, text = one.page.evaluate(CONTRASTS)[0]
        assert least >= 4.5, text


def test_it_fits_a_phone_and_a_printed_page(opened, board):
    """At 390 pixels and on A4 nothing but tables' own frames is wider than the page; print has no controls."""
    with opened(board, viewport={"width": 390, "height": 800}, items=ITEMS) as one:
        assert one.page.evaluate("document.documentElement.scrollWidth") == 390
    with opened(board, viewport={"width": A4, "height": 900}, items=ITEMS) as one:
        one.page.emulate_media(media="print")
        assert one.page.evaluate("document.documentElement.scrollWidth") <= A4
        assert not one.page.locator("nav").is_visible()
        assert one.page.locator("main button:visible:not(thead button)").count() == 0


def test_a_board_of_five_areas_is_printed_whole(opened):
    """Nothing of it, its standings with all columns above all, is wider than A4."""
    areas = ("retrieval", "clustering", "news", "sentiment", "ner")
    board = made_board(["multilingual-encoder-small", "other"], {f"made-{one}": (one, ("eng", "hin")) for one in areas})
    with opened(board, viewport={"width": A4, "height": 900}) as one:
        one.page.emulate_media(media="print")
        assert one.page.evaluate("document.documentElement.scrollWidth") <= A4


@pytest.mark.parametrize("models", [[], ["alone"]])
def test_boards_of_no_and_of_one_model_open(opened, models):
    """They say what there is, and complain of nothing."""
    board = made_board(models, {"topics": ("news", ("eng", "hin"))})
    with opened(board) as one:
        assert one.texts(".verdict") == [verdict(board)]
        assert one.page.locator("#standings-table tbody tr").count() == len(models)
        one.click_everything()
