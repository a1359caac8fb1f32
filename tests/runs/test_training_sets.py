"""Runs with ``--ci-training``: what is saved, what is computed again, and what readers of two runs are told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xlbench
import xlbench.core.record
from xlbench import Data, Model, Outcome, Subset, Task, UsageError, metrics
from xlbench.reports.boards import markdown
from xlbench.reports.boards.standings import standings
from xlbench.reports.gate.validity import row_version
from xlbench.runs.planned_cells import ROW_VERSION
from xlbench.runs.store import Reader, find_runs
from xlbench.runs.verify import verify

LANGUAGES = ("eng", "hin")
N = 120


class Lengths:
    """An encoder that counts the texts it is given."""

    asked = 0

    def encode(self, texts, role=None):
        Lengths.asked += len(texts)
        return np.array([[len(text), 1.0] for text in texts])


def learner(name="learner", shared=True, **more):
    """A task whose items are right where their number, shifted by the model and by the training set, is low."""

    def subsets(data: Data):
        for language in LANGUAGES:
            yield Subset(language, (language,), N, language, lambda of=language: (of, data.training_draws), "", "", 50,
                         data.training_draws)  # fmt: skip

    def evaluate(subset, session):
        language, draws = subset.load()
        lift = int(session.encode(["x" * 3, *("y" * n for n in range(4, 40))])[0, 0])
        random = np.random.RandomState(5)
        moved = [int(one) for one in random.normal(0, 12, draws)]
        place = np.arange(N) * 37 % N
        ids = [f"{'' if shared else language} {number}" for number in range(draws)]
        return Outcome(
            [f"{language}:{number}" for number in range(N)], {"hit": place < 60 + lift}, chance={"accuracy": 0.5},
            retrained=[{"hit": place < 60 + lift + shift} for shift in moved], training_ids=ids,
        )  # fmt: skip

    options = {"languages": LANGUAGES, "data": "made"} | more
    return Task(name, "news", (metrics.share("accuracy", "hit"), metrics.share("again", "hit")), subsets, evaluate,
                **options)  # fmt: skip


def model(name="lengths"):
    return Model(name, load=Lengths, fingerprint=lambda: name, cached=True)


def go(folder: Path, draws=0, models=None, tasks=None, **more):
    return xlbench.run(
        models or [model()], tasks or [learner()], results=folder, cache=folder / "cache", ci_training=draws, **more
    )


def cells_of(results):
    return [cell for run in results for cell in run.cells]


def test_scores_stay_and_intervals_grow(tmp_path):
    """With training sets, values, chance and items are the same to the byte; standard errors grow by the part that is
    saved beside them, and the cell holds its score by every set."""
    plain, drawn = cells_of(go(tmp_path / "0")), cells_of(go(tmp_path / "20", 20))
    for one, other in zip(plain, drawn, strict=True):
        assert (one.main.value, one.main.chance, one.items_digest) == (
            other.main.value, other.main.chance, other.items_digest,
        )  # fmt: skip
        assert other.main.low < one.main.low < one.main.high < other.main.high
        assert other.main.se == pytest.approx(np.hypot(one.main.se, other.main.training_se))
        assert (one.ci_training, one.training, one.main.training_se) == (0, {}, 0.0)
        assert (other.ci_training, len(other.training)) == (20, 20)
        assert other.key != one.key
        assert (other.data_fingerprint, other.task_identity) == (one.data_fingerprint, one.task_identity)
        assert row_version(other) == row_version(one) == ROW_VERSION


def test_another_number_is_computed_again_and_encodes_nothing(tmp_path):
    """The same number is read; another one, or none, is computed again from vectors that are kept."""
    first = cells_of(go(tmp_path, 5))
    asked = Lengths.asked
    assert cells_of(go(tmp_path, 5)) == first
    for draws in (8, 0):
        again = cells_of(go(tmp_path, draws))
        assert [len(cell.training) for cell in again] == [draws] * len(LANGUAGES)
        assert {cell.encoded for cell in again} == {0}
    assert Lengths.asked == asked


def test_other_intervals_keep_the_training_sets(tmp_path):
    """Scored again from saved items with another --ci, the training set's part is what it was."""
    before, after = cells_of(go(tmp_path, 20)), cells_of(go(tmp_path, 20, ci="jackknife"))
    for one, other in zip(before, after, strict=True):
        assert (one.main.method, other.main.method) == ("wilson", "jackknife")
        assert (other.training, other.main.training_se, other.main.se) == (
            one.training, one.main.training_se, one.main.se,
        )  # fmt: skip


def test_saved_runs_are_verified_and_read_back(tmp_path):
    """What is saved agrees with its items, and its influences have a cluster a training set, of the saved variance."""
    (run,) = go(tmp_path, 20)
    reader = Reader()
    assert {found.verdict for found in verify(find_runs(tmp_path), {"learner": learner()}, reader)} == {"agrees"}
    found = reader.influence(run.cells[0], Path(run.folder))
    assert found.seeds == 20
    assert 20 / 19 * np.square(found.sums[-20:]).sum() == pytest.approx(run.cells[0].main.training_se ** 2)


def test_boards_add_up_shared_draws_and_mark_the_intervals(tmp_path):
    """Two subsets with the same draws: the average's training part is that of one, not of two independent ones; the
    page marks intervals and says in one sentence what they hold, the files have it in a column."""

    def se(tasks):
        results = go(tmp_path / tasks[0].name, 20, tasks=tasks)
        reader = Reader()
        board = standings(results, lambda cell: reader.influence(cell, Path(results.runs[0].folder)), "run")
        return results, board, board.rows[0].overall.se

    results, board, shared = se([learner()])
    _, _, own = se([learner("own", shared=False)])
    (one, other) = (cell.main for cell in results.runs[0].cells)
    items = (one.se**2 - one.training_se**2) / 4 + (other.se**2 - other.training_se**2) / 4
    assert shared**2 == pytest.approx(items + one.training_se**2)
    assert own**2 == pytest.approx(items + one.training_se**2 / 2)
    assert board.rows[0].overall.covers == board.cells[0].entries[0].covers == "items + training"
    text = markdown.render(board)[".subsets.md"]
    assert re.search(r"[\d\]]⁺", text)
    assert "An interval with ⁺ is of items + training" in text
    assert "from 20 bootstrapped training sets" in text
    assert {row["covers"] for row in board.scores} == {"items + training"}


def test_a_board_of_runs_with_and_without_says_both(tmp_path):
    """Only intervals that hold the training set are marked, and where some leave it out the page still says so."""
    results = xlbench.core.record.Results((*go(tmp_path, 20).runs, *go(tmp_path, 0, models=[model("other")]).runs))
    reader, folder_of = Reader(), {run.model: Path(run.folder) for run in results}
    board = standings(results, lambda cell: reader.influence(cell, folder_of[cell.model]), "run")
    assert {row.model: row.overall.covers for row in board.rows} == {"lengths": "items + training", "other": "items"}
    text = markdown.render(board)[".subsets.md"]
    assert "In news a probe learns from training items." in text
    assert "An interval with ⁺ is of items + training" in text


def test_an_average_that_holds_some_training_sets_says_in_part(tmp_path):
    """Where one task's intervals hold the training set and another's do not, the overall is not marked."""
    results = go(tmp_path, 20)
    (run,) = results
    without = [replace(cell, task="second", training={}, ci_training=0, scores=tuple(
        replace(score, training_se=0.0) for score in cell.scores)) for cell in run.cells]  # fmt: skip
    reader = Reader()
    first = {cell.subset: cell for cell in run.cells}
    board = standings(
        xlbench.core.record.Results((replace(run, cells=(*run.cells, *without)),)),
        lambda cell: reader.influence(replace(cell, task="learner", items_file=first[cell.subset].items_file),
                                      Path(run.folder)),
        "run",
    )  # fmt: skip
    row = board.rows[0]
    assert {task: entry.covers for task, entry in row.tasks.items()} == {
        "learner": "items + training", "second": "items",
    }  # fmt: skip
    assert row.overall.covers == "items + training in part"


def test_comparisons_pair_the_draws(tmp_path):
    """Two models that the training sets move alike differ by what they differ in, whatever their training sets do."""

    class Longer(Lengths):
        def encode(self, texts, role=None):
            return super().encode([text + "yy" for text in texts], role)

    longer = Model("longer", load=Longer, fingerprint=lambda: "longer")
    one, other = go(tmp_path, 20, models=[model(), longer]).runs
    found = xlbench.compare(one, other)
    plain = xlbench.compare(*go(tmp_path / "plain", models=[model(), longer]).runs)
    assert one.cells[0].main.training_se > 0.05
    assert found.overall.difference.se == pytest.approx(plain.overall.difference.se, rel=0.05)
    assert "items + training, from 20 training sets" in " ".join(found.notes)


def test_runs_with_other_settings_are_named(tmp_path):
    """compare says which settings differ and holds the items alone; the gate judges nothing."""
    (plain,), (drawn,) = go(tmp_path / "0"), go(tmp_path / "20", 20, models=[model("other")])
    found = xlbench.compare(plain, drawn)
    (note,) = (note for note in found.notes if "other settings" in note)
    assert "--ci-training 0, 20: learner eng and 1 more" in note
    assert found.overall.difference.note == "equal in every cluster"
    verdict = xlbench.gate(plain, drawn)
    assert verdict.outcome == "INVALID"
    assert "--ci-training 0 in the baseline, 20 in the candidate" in " ".join(verdict.reasons)
    (again,) = go(tmp_path / "again", 20)
    assert xlbench.gate(again, drawn).outcome == "PASS"


@pytest.mark.parametrize("draws", [1, -1, 1001, True, 2.0])
def test_what_is_no_number_of_training_sets_is_refused(tmp_path, draws):
    """One set has no variance; neither has a truth value."""
    with pytest.raises(UsageError, match="no number of training sets"):
        go(tmp_path, draws)


def test_nothing_that_learns_is_refused(tmp_path):
    """An option that would do nothing is an error; beside a task that learns, others are scored as ever."""
    with pytest.raises(UsageError, match="none of these tasks has one"):
        xlbench.run([model()], ["mini-words-relatedness"], languages=["isl"], results=tmp_path, ci_training=20)


def test_progress_is_heard(tmp_path):
    """Who watches a run hears from how many of the training sets probes have learned: two of each of ten folds."""
    from xlbench.runs.execute import run_prepared
    from xlbench.runs.observer import Observer
    from xlbench.runs.request import Request, prepare

    heard = []
    request = Request([model()], ["mini-sentiment"], languages=["isl"], results=tmp_path, cache=False, ci_training=2)
    run_prepared(prepare(request), Observer(learning=lambda *said: heard.append(said)))
    assert heard[:20] == [("lengths", done, 20) for done in range(1, 21)]


def test_the_manifest_says_how_intervals_were_made(tmp_path):
    """The provenance holds the number of training sets beside seed and method, where there are some."""
    (run,) = go(tmp_path, 4)
    saved = json.loads((Path(run.folder) / "run.json").read_text(encoding="utf-8"))
    assert saved["provenance"]["ci_training"] == 4
    assert "ci_training" not in go(tmp_path / "0").runs[0].provenance
