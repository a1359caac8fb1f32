"""Results at a prompt and in a notebook: a table of a screen."""

from xlbench.core.record import Cell, Results, Run, Score


def run_of(cells: int, model="alpha") -> Run:
    score = Score(0.4125, 0.35, 0.48, metric="accuracy")
    scored = [Cell(model, "a" * 64, "pairs", "retrieval", f"s{i}", (), "ok", scores=(score,)) for i in range(cells)]
    failed = Cell(model, "a" * 64, "pairs", "retrieval", "hin", (), "error", "out of memory")
    return Run(model, "a" * 64, (failed, *scored))


def test_the_representation_of_many_cells_fits_a_screen():
    """5,001 cells: counts, the first 20 with their intervals, and how many more there are."""
    lines = repr(Results((run_of(5000),))).splitlines()
    assert lines[0] == "1 run, 5,001 cells: 5,000 ok, 1 error"
    assert len(lines) == 1 + 1 + 20 + 1
    assert lines[1].split() == ["model", "task", "subset", "metric", "score", "interval"]
    assert lines[2].split() == ["alpha", "pairs", "hin", "error", "out", "of", "memory"]
    assert lines[3].split() == ["alpha", "pairs", "s0", "accuracy", "41.2", "[35.0,", "48.0]"]
    assert lines[-1] == "and 4,981 more: see .to_frame()"
    assert max(map(len, lines)) < 120


def test_a_run_alone_and_nothing_at_all():
    """A run shows its cells; no runs are said to be none."""
    assert repr(run_of(1)).splitlines()[0] == "1 run, 2 cells: 1 ok, 1 error"
    assert repr(Results(())) == "0 runs, 0 cells"


def test_notebooks_get_a_table_in_which_names_do_nothing():
    """HTML of a stranger's name is shown, not run, and a terminal's escape sequences are gone."""
    results = Results((run_of(1, "<script>alert(1)</script>\x1b[2J"),))
    page = results._repr_html_()
    assert page.startswith("<p>1 run, 2 cells: 1 ok, 1 error</p><table>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in repr(results)
