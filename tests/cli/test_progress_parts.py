"""The parts of what a terminal shows: signs, the live line, the pace of a run, and tables that fit."""

import io
import itertools
import os
from dataclasses import replace

import pytest

from xlbench.cli.output import live_line, pace, progress, standings, window
from xlbench.core.model import Model
from xlbench.core.record import Cell
from xlbench.core.task import Metric, Subset, Task
from xlbench.runs.planned_cells import PlannedCell


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _window(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)


# ---- signs


class Coded(io.StringIO):
    def __init__(self, encoding):
        super().__init__()
        self.coding = encoding

    @property
    def encoding(self):
        return self.coding


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "a ¹⁴ 1–3 … — ⁺"), ("cp1252", "a ¹4 1–3 … — +"), ("ascii", "a 14 1-3 ~ - +")],
)
def test_signs_that_an_encoding_lacks_are_plain(encoding, shown):
    """Dashes, ellipses and raised digits have a plain form; what an encoding has stays."""
    assert window.encodable("a ¹⁴ 1–3 … — ⁺", Coded(encoding)) == shown


def test_letters_that_an_encoding_lacks_are_escapes():
    """A name in another script is told by its code points, and one with half a character does not fail."""
    assert window.encodable("é हि", Coded("cp1252")) == "é \\u0939\\u093f"
    assert window.encodable("\udc80", Coded("utf-8")) == "\\udc80"


def test_a_stream_that_is_closed_or_none_is_no_terminal():
    """Neither fails, and neither has a width."""
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        assert not window.is_terminal(stream)
        assert window.width(stream) is None


# ---- the live line


def drawn(text):
    """A live line that says ``text`` and what is beside it, and its stream."""
    stream = Terminal()
    return live_line.LiveLine(stream, lambda room, aside: f"{text}{aside}"[:room]), stream


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch):
    """The rest is written over with spaces, and the end of the context erases all."""
    texts = iter(["a long line", "short", ""])
    stream = Terminal()
    line = live_line.LiveLine(stream, lambda room, aside: next(texts))
    line.draw(at_once=True)
    line.draw(at_once=True)
    first, second = stream.getvalue().removeprefix("\r").split("\r")
    assert first.rstrip(" \b") == "a long line"
    shown = second.replace("\b", "")
    assert (shown.rstrip(), len(shown) >= len("a long line")) == ("short", True)


def test_a_line_never_takes_the_last_column():
    """There, some terminals begin a new line: wide letters count twice."""
    line, stream = drawn("語" * 60)
    line.draw(at_once=True)
    assert stream.getvalue().replace(" ", "").replace("\b", "") == "\r" + "語" * 19


def test_drawings_are_not_too_many():
    """Of a thousand calls in no time, one draws."""
    line, stream = drawn("x")
    for _ in range(1000):
        line.draw()
    assert stream.getvalue().count("\r") <= 2


def test_streams_are_given_back_and_go_on_after_the_end(monkeypatch):
    """Somebody who has kept the stand-in writes to the stream itself, and a stream that another put there stays."""
    line, stream = drawn("x")
    monkeypatch.setattr("sys.stderr", stream)
    with line.shown():
        import sys

        kept = sys.stderr
        assert kept is not stream
        print("told", file=kept)
        kept.write("begun")
    assert sys.stderr is stream
    kept.write("later\n")
    parts = [part.strip(" x\b") for part in stream.getvalue().replace("\r", "\n").split("\n")]
    assert [part for part in parts if part] == ["told", "begun", "later"]


def test_a_forked_process_writes_past_the_line(monkeypatch):
    """The line is the parent's: its lock may be held at the fork."""
    line, stream = drawn("x")
    above = live_line._Above(line, stream)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with line._lock:
        above.write("from a child")
    assert stream.getvalue() == "from a child"


# ---- the pace


METRIC = Metric("accuracy", lambda columns: columns["hit"], lambda sums: sums)


def planned(model, number, state="todo", n=9, seconds=0.0):
    """A planned cell."""
    subset = Subset(f"s{number}", n=n)
    cell = Cell(model, model, "task", "area", subset.name, (), "ok", seconds=seconds)
    task = Task("task", "area", (METRIC,), lambda data: (), lambda subset, session: None)
    return PlannedCell(Model(model, load=object), task, subset, cell, state)


def finished(item, seconds, encoded=0, encode_seconds=0.0):
    return replace(item.cell, seconds=seconds, encoded=encoded, encode_seconds=encode_seconds)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_what_is_left_goes_by_the_models_own_cells():
    """A slow model's rest is reckoned by its own cells, a model's that has none yet by all."""
    clock = Clock()
    items = [planned(model, number) for model in ("fast", "slow") for number in range(4)]
    one = pace.Pace(items, clock)
    assert one.left is None
    clock.now = 1.0
    one.cell(finished(items[0], 1.0))
    assert one.left == pytest.approx(7.0)
    for number in (1, 2, 3):
        clock.now += 1.0
        one.cell(finished(items[number], 1.0))
    clock.now += 9.0
    one.cell(finished(items[4], 9.0))
    assert one.left == pytest.approx(27.0)
    clock.now += 2.0
    assert one.left == pytest.approx(25.0)


def test_workers_share_what_is_left():
    """Two cells of ten seconds each in ten seconds: the other two take ten."""
    clock = Clock()
    items = [planned("m", number) for number in range(4)]
    one = pace.Pace(items, clock)
    clock.now = 10.0
    for item in items[:2]:
        one.cell(finished(item, 10.0, encoded=100, encode_seconds=10.0))
    assert one.left == pytest.approx(10.0)
    assert one.texts_per_second == pytest.approx(20.0)


def test_cells_that_were_done_before_tell_nothing_of_the_pace():
    """They count as done; their seconds of another day do not."""
    clock = Clock()
    items = [planned("m", 0, "done", seconds=1000.0), planned("m", 1, "rescore", seconds=1000.0), planned("m", 2)]
    one = pace.Pace(items, clock)
    assert not one.cell(items[0].cell)
    clock.now = 1.0
    assert one.cell(finished(items[1], 1001.0))
    assert (one.done, one.left) == (2, pytest.approx(1.0))


def test_a_request_that_runs_is_not_over_before_its_texts():
    """The time left is at least that of the texts which the model still has to encode."""
    clock = Clock()
    items = [planned("m", number, n=1) for number in range(2)]
    one = pace.Pace(items, clock)
    clock.now = 1.0
    one.cell(finished(items[0], 1.0))
    clock.now = 11.0
    one.request.progress(100, 500)
    assert one.texts_per_second == pytest.approx(10.0)
    assert one.left == pytest.approx(40.0)


def test_a_probe_that_learned_for_long_does_not_slow_the_texts_that_follow():
    """The pace of a request counts from when it began, and not from the event before."""
    clock = Clock()
    one = pace.Pace([planned("m", 0)], clock)
    one.request.rest()
    clock.now = 100.0
    one.request.progress(0, 500)
    assert one.request.rate is None
    clock.now = 101.0
    one.request.progress(100, 500)
    assert one.texts_per_second == pytest.approx(100.0)
    assert one.request.left == pytest.approx(4.0)


@pytest.mark.parametrize(("seconds", "shown"), [(0.2, "0:00"), (65, "1:05"), (3725, "1:02:05")])
def test_a_duration_has_hours_where_it_needs_them(seconds, shown):
    """Minutes and seconds otherwise."""
    assert pace.duration(seconds) == shown


def test_in_a_log_cells_that_take_long_are_counted(monkeypatch, capsys):
    """After half a minute a line says how many cells of a task are done, and none says that nothing is encoded."""
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    items = [planned("a", number) for number in range(4)]
    with progress.watching(items, quiet=False) as observer:
        for item in items[:2]:
            observer.encoding("a", 0, 9)
            clock.now += 20
            observer.cell(finished(item, 20.0))
        clock.now += 40
        observer.encoding("a", 0, 9)
        observer.encoding("a", 5, 9)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("a: task: 2 of 4 cells")
    assert second.startswith("a encodes 5 of 9 texts")


@pytest.mark.parametrize("room", [20, 39, 59, 79, 150])
def test_the_live_text_never_takes_more_than_its_room_for_what_is_extra(room):
    """Cells done come first in any window; bar and detail come where they have room."""
    one = pace.Pace([planned("m", number) for number in range(3)])
    text = progress.live_text(one, "a-model a-task a-subset", room, "#")
    assert "0/3 cells" in text
    assert ("a-model" in text) == (room >= 39)


# ---- tables that fit


@pytest.mark.parametrize("columns", range(24, 220, 7))
def test_every_window_gets_a_table_that_fits_with_whole_numbers(columns, wide_board):
    """From 24 columns on, with five areas and long names: never wider, no two names alike, every number whole."""
    found, whole = standings.fitted(wide_board, columns)
    assert sum(column.width + standings.GAP for column in found) - standings.GAP <= columns
    names = next(column.texts for column in found if column.heading == "Model")
    assert len({*names}) == len(names)
    numbers = [text for column in found if column.heading not in ("Rank", "Model") for text in column.texts]
    assert all(text.count("[") == text.count("]") for text in numbers)
    assert not whole or columns > 150


def test_at_eighty_columns_the_overall_has_its_interval_and_every_area_a_column(wide_board):
    """Headings are abbreviated, names as long as they can be."""
    found, _ = standings.fitted(wide_board, 80)
    headings = [column.heading for column in found]
    assert headings[:3] == ["Rank", "Model", "Overall"]
    assert len(headings) == 3 + len(wide_board.areas)
    assert all("[" in text for text in found[2].texts[: len(wide_board.rows)])


def test_a_column_has_intervals_of_one_form(wide_board):
    """With an uneven interval among them all are in brackets, the even ones too; where all are even, none is."""

    def first(rows):
        columns, _ = standings.fitted(replace(wide_board, rows=tuple(rows)), None)
        return next(column.texts[0] for column in columns if column.heading == "Overall")

    even = [replace(row, overall=replace(row.overall, high=row.overall.value + 0.021)) for row in wide_board.rows]
    assert first(wide_board.rows) == "48.0 [45.9, 50.0]"
    assert first(even) == "48.0 ±2.1"
    assert first([even[0], *wide_board.rows[1:]]) == "48.0 [45.9, 50.1]"


def test_headings_that_would_be_the_same_stay_whole():
    """A plugin's areas may begin alike."""
    assert standings._short(["clustering", "ner"]) == ["Clus.", "NER"]
    assert standings._short(["clusterings", "clustering"]) == ["Clusterings", "Clustering"]


@pytest.fixture(scope="module")
def wide_board(tmp_path_factory):
    """A board of five areas and four models with long names."""
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row

    areas = ("retrieval", "clustering", "news", "sentiment", "ner")

    def entry(value):
        return Entry(value, value - 0.021, value + 0.02, "percentile", n=40_000, clusters=1000)

    rows = tuple(
        Row(
            model=name, fingerprint=str(rank), label=name, rank=rank, rank_low=max(1, rank - 1), rank_high=rank + 1,
            tied_with_best=rank < 3, overall=entry(0.5 - rank / 50), tasks={}, borda=0.5, corrected=entry(0.3),
            areas={area: entry(0.1 * number + 0.2) for number, area in enumerate(areas)},
        )
        for rank, name in itertools.islice(
            enumerate(["organization/multilingual-encoder-large", "organization/multilingual-encoder-small", "ngram",
                       "random"], 1), 4
        )
    )  # fmt: skip
    chances = {"overall": 0.2, **dict.fromkeys(areas, 0.1)}
    return Board("run", 0.95, areas, (), rows, (), (), (), chances=chances)


def test_a_long_search_says_how_far_it_is(monkeypatch, capsys):
    """Where the output is no terminal, half a minute after the last line: the share of its comparisons that is done."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.watching([], quiet=False) as observer:
        observer.comparing("ngram", 10, 400)
        now[0] = 31.0
        observer.comparing("ngram", 150, 400)
        observer.comparing("ngram", 160, 400)
    lines = [line for line in capsys.readouterr().err.splitlines() if "search" in line]
    assert lines == ["ngram: a search has done 37% of its comparisons (0 of 0)"]
