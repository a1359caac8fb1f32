"""The HTML report as a file: what it says without a script, what it holds, and that nothing in it runs or loads."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest
from made_boards import HOSTILE, made_board, small_board
from saved_runs import save_run

import xlbench
from xlbench.builtin import xlbench_boards
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.compare.comparison import against_baseline
from xlbench.reports.html import page
from xlbench.reports.html.languages import FAMILIES, OTHER, family, name, script
from xlbench.reports.html.marks import Scale, rank_text
from xlbench.reports.html.pairs import pairs
from xlbench.reports.html.safe import escape, script_json
from xlbench.reports.render import boards_of
from xlbench.reports.selection import Selection
from xlbench.runs.store import Reader
from xlbench.stats import Part, compare, paired
from xlbench.stats.all_pairs import against_best, all_pairs, discordant_pairs


class Parsed(HTMLParser):
    """Elements with their attributes, and the text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] += data
        elif not self._inside:
            self.text += data


@pytest.fixture(scope="module")
def board():
    return small_board()


@pytest.fixture(scope="module")
def parsed(board):
    return Parsed(page.render(board, date(2026, 1, 31)))


def test_the_format_html_is_built_in_and_gives_one_file(board):
    """Of every board the format ``html`` writes one file, whose name ends in .html."""
    (form,) = [one for one in xlbench_boards() if one.name == "html"]
    given = form.render(board)
    assert [*given] == [".html"]
    assert form.suffixes == (".html",)
    assert given[".html"].startswith("<!doctype html>")


def test_without_a_script_the_page_has_the_verdict_and_the_standings(board, parsed):
    """The sentence, the facts, every model with its score and interval, and the date are there before any script."""
    text = " ".join(parsed.text.split())
    assert verdict(board) in text
    for fact in ("Models4", "Tasks3 in 2 areas", "Languages5", "Cells60", "Written31 January 2026"):
        assert fact in text
    for row in board.rows:
        assert f"{row.label}" in text
        assert f"{100 * row.overall.value:.1f} {100 * row.overall.low:.1f}–{100 * row.overall.high:.1f}" in text
    assert "xlbench run --suite made --model alpha" in text


def test_without_a_script_the_page_says_what_chance_is(board, parsed):
    """Chance is a number under the picture's headline, and the last row of the standings, a column each."""
    text = " ".join(parsed.text.split())
    chances = [f"{100 * board.chances[place]:.1f}" for place in ("overall", *board.areas)]
    assert f"The upright line: chance, {chances[0]}." in text
    assert "Chance" + " ".join([chances[0], "0.0", *chances[1:]]) in text


def test_the_page_loads_nothing(parsed):
    """No element names a file or an address to load, and the policy forbids every request."""
    for tag, attributes in parsed.elements:
        for attribute in ("src", "srcset", "data", "poster", "background", "action", "formaction"):
            assert attribute not in attributes, (tag, attributes)
        assert tag not in ("iframe", "object", "embed", "base", "form", "img", "video", "audio")
        assert attributes.get("href", "#").startswith(("#", "data:,")), attributes
    (policy,) = [a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a]
    assert "default-src 'none'" in policy
    assert not re.search(r"url\(|@import", page._read("report.css"))


def test_the_policy_allows_the_page_its_own_script_alone(parsed):
    """The policy names the hash of the one script that runs; the other one is data."""
    (policy,) = [a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a]
    kinds = [a.get("type", "") for tag, a in parsed.elements if tag == "script"]
    assert kinds == ["application/json", ""]
    digest = base64.b64encode(hashlib.sha256(parsed.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_texts_of_strangers_are_never_markup():
    """Names, areas, notes, licenses and reasons of strangers make no element and no attribute, and no data ends."""
    hostile = {"eng": HOSTILE, "hin": "hin"}
    board = made_board(
        [HOSTILE, "other"], {f"t{HOSTILE}": (f"a{HOSTILE}", tuple(hostile))}, title="made",
        changes={"notes": (HOSTILE,), "facts": {"test_duplicates": 3}},
        run_changes={"license": HOSTILE, "spec": HOSTILE, "description": HOSTILE, "trained_on": (HOSTILE,)},
    )  # fmt: skip
    clean, text = Parsed(page.render(small_board())), page.render(board)
    parsed = Parsed(text)
    assert {tag for tag, _ in parsed.elements} <= {tag for tag, _ in clean.elements} | {"code", "ol", "li"}
    assert not [a for _, a in parsed.elements for attribute in a if attribute.startswith("on")]
    assert len(parsed.scripts) == 2
    assert json.loads(parsed.scripts[0])["models"][0]["l"] in (HOSTILE, "other")
    assert HOSTILE.split("</")[0] in parsed.text


def test_json_in_a_script_element_cannot_end_it():
    """What stands in the data has no character of markup, and reads back as it was."""
    value = {"</script><!--": ["<script>", "&amp;", "\u2028", HOSTILE]}
    assert not set(script_json(value)) & set("<>&\u2028")
    assert json.loads(script_json(value)) == value
    assert escape('a"<b>\u202e\n&') == "a&quot;&lt;b&gt; &amp;"


def test_the_data_has_every_number_as_it_is_printed(board, parsed):
    """A column an average and a cell: values and ends in tenths of points, as the markdown board rounds them."""
    data = json.loads(parsed.scripts[0])
    columns = {(one["k"], one.get("task", ""), one["n"]): one for one in data["cols"]}
    assert [row["l"] for row in data["models"]] == [row.label for row in board.rows]
    overall = columns["overall", "", "Overall"]
    for place, row in enumerate(board.rows):
        assert overall["v"][place] == float(f"{100 * row.overall.value:.1f}") * 10
        assert overall["v"][place] - overall["a"][place] == round(float(f"{100 * row.overall.low:.1f}") * 10)
        assert abs(overall["v"][place] / 1000 + overall["e"][place] / 1e5 - row.overall.value) < 1e-5
    for line in board.cells:
        assert columns["cell", line.task, line.subset]["v"] == [round(1000 * one.value) for one in line.entries]
    assert {one["k"] for one in data["cols"]} == {"overall", "above", "area", "task", "language", "cell"}


def test_paired_differences_are_those_of_two_models_alone(board):
    """The half-width that a page holds of a pair is that of the paired comparison of the two."""
    found = pairs(board)
    (overall,) = found["overall"]["d"]
    nodes = board.evidence.overall
    first, second = np.triu_indices(len(nodes), 1)
    for code, one, other in zip(overall, first, second, strict=True):
        alone = compare(nodes[one].part, nodes[other].part)
        assert code >> 1 == round(10_000 * (alone.high - alone.value))
        assert bool(code & 1) == (alone.p <= 0.05)


def test_significance_allows_for_the_number_of_places():
    """What is significant by itself and not after Holm's correction over all tasks is not marked."""
    board = small_board()
    found = pairs(board)["task"]["d"]
    alone = [all_pairs([node.part for node in board.evidence.task(task)]).p_values() for _, task in board.tasks]
    for pair in range(6):
        p = sorted((column[pair], task) for task, column in enumerate(alone))
        sure = True
        for order, (value, task) in enumerate(p):
            sure = sure and value * (len(p) - order) <= 0.05
            assert bool(found[task][pair] & 1) == sure


def test_all_pairs_are_the_pairs_one_by_one():
    """Errors, half-widths and p of all pairs at once are those of `compare`; equal models have p = 1 and no width."""
    rng = np.random.RandomState(1)
    parts = [Part(0.5 + 0.1 * m, np.arange(30), rng.randn(30) / 300, 30) for m in range(4)]
    parts += [parts[0], None]
    found = all_pairs(parts)
    for place, (one, other) in enumerate(zip(*np.triu_indices(len(parts), 1), strict=True)):
        a, b = parts[one], parts[other]
        if a is None or b is None:
            assert np.isnan(found.p_values()[place])
            continue
        alone = compare(a, b)
        assert found.p_values()[place] == pytest.approx(alone.p, rel=1e-6)
        assert found.half_widths(0.95)[place] == pytest.approx(alone.high - alone.value if alone.has_interval else 0)
    lone = all_pairs([Part(value, np.arange(1), np.zeros(1), 5) for value in (0.2, 0.3)])
    assert np.isnan(lone.p_values()).all()
    assert np.isnan(lone.half_widths(0.95)).all()


def test_p_against_the_best_allows_for_all_models():
    """p against the best is None for the best itself; of others it is above that of the pair alone."""
    rng = np.random.RandomState(2)
    parts = [Part(value, np.arange(40), rng.randn(40) / 250, 40) for value in (0.5, 0.56, 0.53, 0.48)]
    pairs_, values = all_pairs(parts), [0.5, 0.56, 0.53, 0.48]
    found = against_best(pairs_, values)
    assert found[1] is None
    for place in (0, 2, 3):
        alone = compare(parts[1], parts[place]).p
        assert alone < found[place] <= min(1.0, 3 * alone) + 1e-9


def test_a_scale_holds_its_values_and_labels_them():
    """All values lie on the line, the ticks too, and a line that comes near 0 begins there."""
    scale = Scale.of([0.17, 0.4, None])
    assert 0 < scale.percent(0.17) < scale.percent(0.4) < 100
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks())
    assert 3 <= len(scale.ticks()) <= 7
    assert Scale.of([0.02, 0.9]).low == 0
    assert Scale.of([-0.2, 0.9]).low < -0.2


def test_languages_have_names_scripts_and_families():
    """Codes are labeled by CLDR; every code stands in one family; unknown ones say so."""
    assert (name("hin"), script("hin"), family("hin")) == ("Hindi", "Deva", "Indo-Aryan")
    assert (name("zho_Hans"), script("zho_Hans"), family("zho_Hans")) == ("Chinese (Hans)", "Hans", "Sino-Tibetan")
    assert (name("xyz"), family("xyz")) == ("xyz", OTHER)
    codes = [code for text in FAMILIES.values() for code in text.split()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch("[a-z]{3}", code) for code in codes)


def test_a_transfer_counts_for_the_language_it_is_tested_in(board):
    """The page's cells say for which languages they count, where that is not all of them; of pairs it is both."""
    cells = {(col["task"], col["n"]): col for col in page.payload(board)["cols"] if col["k"] == "cell"}
    (transfer, *_) = [col for (task, _), col in cells.items() if task == "moods"]
    assert (transfer["x"][0], transfer["t"]) == ("eng", transfer["x"][1:])
    assert not any("t" in col for (task, _), col in cells.items() if task == "pairs")


def test_the_head_says_the_metric_and_over_what_intervals_are(board):
    """Of a board by another metric, or over languages; a plain one has neither."""
    text = Parsed(page.render(replace(board, metric="mrr", over="languages"))).text
    assert "Metric" in text
    assert "intervals, for languages in general, of which these are a sample." in text
    assert "in general" not in Parsed(page.render(board)).text


def test_the_costs_have_tokens_where_a_service_counts_them(board):
    """A column for them, which says of other models that there are none; without a service there is no such column."""
    first, *others = board.costs
    assert "Tokens" not in page.render(board)
    shown = page.render(replace(board, costs=(replace(first, tokens=1_234_567), *others)))
    costs = shown[shown.index('id="costs"') : shown.index('id="data"')]
    assert '<th scope="col">Tokens</th>' in costs
    assert "<td>1,234,567</td>" in costs
    assert costs.count("</td></tr>") == costs.count("<td>—</td></tr>") + 1 == len(board.costs)


def test_the_page_and_compare_judge_single_subsets_of_hits_alike(tmp_path):
    """Both go by McNemar's p, corrected alike, and by neither where models disagree on too few items to tell."""
    hits = {"wide": (20, 50), "few": (20, 25), "near": (20, 28), "same": (20, 20)}
    for place, model in enumerate(("alpha", "beta")):
        save_run(tmp_path, model, {(task, "deu"): both[place] for task, both in hits.items()})
    (board,) = boards_of([tmp_path], Selection(loose=True)).boards
    (compared,) = against_baseline({run.model: run for run in xlbench.load(tmp_path)}, Reader().influence)
    sure = {task: code[0] % 2 == 1 for (_, task), code in zip(board.tasks, pairs(board)["task"]["d"], strict=True)}
    assert sure == {one.name: one.judgment == "better" for one in compared.of("task")}
    assert sure == {"wide": True, "few": False, "near": True, "same": False}


def test_disagreements_of_all_pairs_are_those_of_two():
    """Counts and p of every pair are as for two models; a model that has other scores than hits is in none."""
    rng = np.random.default_rng(0)
    rows = [*(rng.random((3, 40)) < 0.6).astype(float), rng.random(40)]
    parts = [Part(row.mean(), np.arange(40), (row - row.mean()) / 40, 40) for row in rows]
    found = discordant_pairs([*parts, None])
    for place, (one, other) in enumerate(itertools.combinations(range(5), 2)):
        split = paired.discordant(parts[one], parts[other]) if other < 4 else None
        assert found.known[place] == (split is not None)
        if split is not None:
            assert (found.only_first[place], found.only_second[place]) == split
            assert found.p_values()[place] == pytest.approx(paired.mcnemar(*split))
            assert found.few[place] == (0 < sum(split) < paired.FEW_DISCORDANT)


def test_a_rank_stands_with_the_ranks_that_may_be_true():
    """The rank, and in small those that the data leaves open; a rank that is sure stands alone."""
    assert rank_text(2, 1, 3) == "2 <small>1–3</small>"
    assert rank_text(2, 2, 2) == "2"
    assert rank_text(None, None, None) == "—"
