"""The rooms of the HTML report in a browser: costs, languages, pairs and transfers, comparisons and items."""

from __future__ import annotations

import pytest
from browsing import browsing
from html_pages import ITEMS, opening
from made_boards import small_board

from xlbench.stats import compare
from xlbench.stats.multiple_tests import holm

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def board():
    return small_board(run_changes={"license": "Apache-2.0"})


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A function that opens a board as a page from a file."""
    with browsing() as browser:
        yield opening(browser, tmp_path_factory.mktemp("pages"))


def test_models_have_their_names_beside_their_costs(opened, board):
    """Every model of a picture is named, the worse ones too, and no name covers another."""
    with opened(board) as one:
        pictures = one.page.evaluate(
            """[...document.querySelectorAll('.scatter')].map(one => ({dots: one.querySelectorAll('circle').length,
            boxes: [...one.querySelectorAll('.label')].map(text => text.getBBox()).map(box =>
            [box.x, box.x + box.width, box.y + 2, box.y + box.height - 2])}))"""
        )
        assert pictures
        for picture in pictures:
            boxes = picture["boxes"]
            assert len(boxes) == picture["dots"]
            for place, (left, right, top, bottom) in enumerate(boxes):
                for other in boxes[:place]:
                    assert right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top


def test_the_heat_map_has_the_scores_of_languages_and_subsets(opened, board):
    """By language, and by the subsets of each task, in every order; numbers are the board's, in whole points."""
    with opened(board) as one:
        scored = {line.language: line.entries for line in board.languages}
        for order in ("family", "script", "code", "name", "score"):
            one.page.get_by_label("Order").select_option(order)
            heads = one.texts("#heat thead button")
            assert sorted(heads) == sorted(scored)
            for place, text in enumerate(one.texts("#heat tbody tr")):
                assert text.split()[1:] == [f"{100 * scored[code][place].value:.0f}" for code in heads]
        one.page.locator("#heat-controls").get_by_label("Scores").select_option("topics")
        assert sorted(one.texts("#heat thead button")) == sorted({"eng", "hin", "swa", "tel", "deu"})
        one.page.locator("#heat thead button", has_text="hin").click()
        assert one.texts("#language-part h3") == ["Hindi (hin)"]
        assert any("topics hin" in text for text in one.texts("#language-part tbody tr"))


def test_the_matrix_has_pairs_and_transfers(opened, board):
    """A row a query's language and a column a candidate's; of transfers trained and tested on; for each model."""
    with opened(board) as one:
        room = one.page.locator("#matrix-controls")
        cells = {(line.task, line.subset): line.entries for line in board.cells}
        room.get_by_label("Model").select_option("2")
        heads = one.texts("#matrix thead th")
        assert heads[0] == "queries ↓, candidates →"
        for row in one.page.locator("#matrix tbody tr").all():
            query, *values = [" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()]
            for code, text in zip(heads[1:], values, strict=True):
                entry = cells.get(("pairs", f"{query}-{code}"))
                assert bool(text) == bool(entry)
                assert not entry or abs(int(text) - 100 * entry[2].value) < 0.56  # rounded from tenths
        room.get_by_label("Task").select_option("moods")
        assert one.texts("#matrix thead th")[0] == "trained on ↓, tested on →"


def test_two_models_are_compared_in_pairs(opened, board):
    """Differences, intervals and verdicts are those of the paired comparison, after Holm's correction; swapped, they
    turn round."""
    with opened(board) as one:
        room = one.page.locator("#compare-controls")
        room.get_by_label("Model").select_option("1")
        room.get_by_label("against").select_option("3")
        shown = one.texts("#compare-result li[class^=level]")
        nodes = [board.evidence.task(task) for _, task in board.tasks]
        found = [compare(node[1].part, node[3].part) for node in nodes]
        import numpy as np

        adjusted = holm(np.array([one.p for one in found]))
        for (_, task), difference, p in zip(board.tasks, found, adjusted, strict=True):
            (text,) = [text for text in shown if text.startswith(f"{task} ")]
            word = "open" if p > 0.05 else "better" if difference.value > 0 else "worse"
            assert f"{100 * difference.value:+.1f}".replace("-", "−") in text
            assert text.endswith(word)
        one.page.get_by_role("button", name="Swap").click()
        turned = one.texts("#compare-result li[class^=level]")
        assert [text.split("[")[0].replace("+", "−") for text in shown] == [
            text.split("[")[0].replace("+", "−") for text in turned
        ]
        assert turned != shown
        room.get_by_label("against").select_option("3")
        assert one.texts("#compare-result") == ["Choose two different models."]


def test_items_that_flip_and_that_differ(opened, board):
    """Under Compare the items that one of two models alone has right; under Items those on which models differ."""
    with opened(board, items=ITEMS) as one:
        one.page.locator("summary", has_text="Items that flipped: 1").click()
        assert one.texts(".flips tbody tr") == ["item-1 topics eng alpha a text"]
        assert "alpha alone has 1 right, beta alone 0" in one.page.locator(".flips p").inner_text()
        rows = one.texts("#items-table tbody tr")
        assert [row.split()[0] for row in rows] == ["item-1", "item-2"]
        assert rows[1].replace(" right", "").replace(" wrong", "").endswith("— ● ● ○ —")
    with opened(board) as one:
        assert not one.page.locator("#items").is_visible()
        assert "xlbench report --items" in one.page.locator("#compare-result").inner_text()
