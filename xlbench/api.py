"""The commands as functions, for programs: `run`, `curve`, `fetch`, `board`, `compare`, `gate` and `pack`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xlbench import catalog
from xlbench.core.model import Model
from xlbench.core.permissions import granted
from xlbench.core.record import ALL, Results, Run
from xlbench.core.task import Task
from xlbench.reports import curves
from xlbench.reports.render import boards_of, curves_of, render
from xlbench.reports.selection import Selection
from xlbench.runs.execute import run_prepared
from xlbench.runs.fetch import FetchResult, prepare_fetch
from xlbench.runs.observer import Observer
from xlbench.runs.request import (
    OneOrMore,
    PreparedRun,
    Request,
    as_list,
    idle_tasks,
    learning_tasks,
    prepare,
    prepare_curve,
)

if TYPE_CHECKING:
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.gate.policy import Policy
    from xlbench.reports.gate.verdict import Gate

TRAIN_SIZES = (50, 100, 200, 500, 1000, ALL)
"""What `curve` takes where nothing else is said."""


def run(
    models: OneOrMore[str | Model] = (),
    tasks: OneOrMore[str | Task] = (),
    *,
    suite: OneOrMore[str] | None = None,
    languages: OneOrMore[str] = (),
    data: str | Path | None = None,
    results: str | Path = "results",
    limit: int | None = None,
    seed: int = 0,
    ci: str = "auto",
    engine: str = "serial",
    workers: int | None = None,
    fail_fast: bool = False,
    cache: bool | str | Path | None = True,
    offline: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    ci_training: int = 0,
) -> Results:
    """Score models on tasks or suites.

    A cell that fails carries its reason, and the others go on. Languages of a task without data, where ``languages``
    names none, and what costs no result, such as a damaged part of the cache, are warnings of the logger ``xlbench``.

    Args:
        models: Names, specs or `Model` objects, one or several; none: the embedded models.
        tasks: Names, paths of cards or `Task` objects, one or several.
        suite: Names of suites, in place of tasks; ``mini`` where neither is given.
        languages: Only subsets that involve one of these; none: all.
        data: The data root; None: ``XLBENCH_DATA``.
        results: The folder of saved cells; those that are there are read instead of computed.
        limit: At most so many items of each subset, a sample; None: all.
        seed: Of the intervals' random numbers.
        ci: The method of intervals, as for ``--ci``.
        engine: Where cells are computed: ``serial``, ``processes`` or a plugin's engine. Other processes can use
            models and tasks with a name or a spec alone.
        workers: How many processes; None: the engine's default.
        fail_fast: Stop at the first cell that fails.
        cache: Whether vectors are kept between runs, or the folder that keeps them.
        offline: Make no request.
        allow_pickle: Load weights from pickles, which can run code while they are read.
        trust_remote_code: Run code that comes with a checkpoint, where its revision is pinned.
        ci_training: From how many bootstrapped training sets a probe learns again, so that intervals hold what the
            training set leaves open, too; scores stay those of the whole set. 0: intervals hold the test items alone.

    Returns:
        A `Run` a model; ``.to_frame()`` gives the long table.

    Raises:
        UsageError: The request cannot be carried out: a wrong name, a missing folder, a bad setting.
        ResultsError: Results are damaged, or cannot be saved.
    """
    request = Request(
        models, tasks, suite, languages, data, results, limit, seed, ci, engine, ("xlbench.run",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, workers=workers,
        ci_training=ci_training,
    )  # fmt: skip
    with granted(request.permissions):
        return run_prepared(_run_with_warnings(prepare(request)), Observer(warning=_warn), fail_fast=fail_fast)


def _run_with_warnings(prepared: PreparedRun) -> PreparedRun:
    """The run, after a warning for each task of whose languages some have no data here."""
    for line in prepared.absent_lines():
        _warn(line)
    return prepared


def _warn(line: str) -> None:
    logging.getLogger("xlbench").warning(line)


def curve(
    models: OneOrMore[str | Model] = (),
    tasks: OneOrMore[str | Task] = (),
    *,
    train_sizes: Sequence[int | str] | str = TRAIN_SIZES,
    suite: OneOrMore[str] | None = None,
    languages: OneOrMore[str] = (),
    data: str | Path | None = None,
    results: str | Path = "results",
    seed: int = 0,
    ci: str = "auto",
    fail_fast: bool = False,
    cache: bool | str | Path | None = True,
    offline: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
) -> curves.Curves:
    """Score models on tasks that learn, at several numbers of training items.

    Args:
        train_sizes: Numbers of items and "all", as a sequence or a text with commas. All else is as in `run`.

    Returns:
        The curves; ``.to_frame()`` gives the long table.

    Raises:
        UsageError: The request cannot be carried out, or none of the tasks learns anything.
        ResultsError: Results are damaged, or cannot be saved.
    """
    request = Request(
        models, tasks, suite, languages, data, results, None, seed, ci, command=("xlbench.curve",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, train_sizes=train_sizes,
    )  # fmt: skip
    with granted(request.permissions):
        prepared = _run_with_warnings(prepare_curve(request))
        scored = run_prepared(prepared, Observer(warning=_warn), fail_fast=fail_fast)
        return curves_of(scored, learning_tasks(prepared), idle_tasks(prepared))


def fetch(
    models: OneOrMore[str | Model] = (),
    tasks: OneOrMore[str | Task] = (),
    *,
    suite: OneOrMore[str] | None = None,
    languages: OneOrMore[str] = (),
    data: str | Path | None = None,
    dry_run: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
) -> list[FetchResult]:
    """Download what models, tasks or suites need, at its pinned revision, so that a run offline finds it.

    Args:
        models: Names, specs or `Model` objects, one or several.
        tasks: Names, paths of cards or `Task` objects, one or several.
        suite: Names of suites.
        languages: Only the data of these, and of those that the tasks need beside them; none: all.
        data: The data root; None: ``XLBENCH_DATA``.
        dry_run: Say what is here and what is not; make no request.
        allow_pickle: Accept weights that are there as a pickle alone.
        trust_remote_code: Accept code that comes with a checkpoint, where its revision is pinned.

    Returns:
        One `xlbench.runs.fetch.FetchResult` a model and task. One that fails says why and stops no other.

    Raises:
        UsageError: Nothing is named, a name is wrong, or this process is offline.
    """
    request = Request(
        models, tasks, suite, languages, data, command=("xlbench.fetch",), allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )  # fmt: skip
    with granted(request.permissions):
        wanted = prepare_fetch(request, dry_run=dry_run).items
        return [item.check() if dry_run else item.fetch() for item in wanted]


def compare(
    baseline: str | Path | Run,
    candidate: str | Path | Run,
    *,
    tasks: OneOrMore[str] = (),
    languages: OneOrMore[str] = (),
    method: Literal["t", "bootstrap", "randomization"] = "t",
    level: float = 0.95,
    explore: bool = False,
    over: Literal["items", "languages"] = "items",
    allow_intersection: float | None = None,
    examples: int = 0,
    metric: str = "",
    seed: int = 0,
) -> Comparison:
    """Compare two saved runs cell by cell: is the candidate better, where, and by how much.

    Args:
        baseline: The folder of a run, a pack, a results folder that holds one run, a `Run` that was saved, or a log of
            another tool: ``lm-eval:PATH``, ``inspect:PATH``.
        candidate: The same.
        tasks: Names or patterns; none: all.
        languages: Only subsets of these; none: all.
        method: Of intervals and p.
        level: Of intervals.
        explore: Keep the share of false findings among verdicts, not the chance of any.
        over: What the overall is a sample of: the items of these tasks, or languages in general.
        allow_intersection: The share of items that both runs must have; None: all.
        examples: How many of the items that changed most to name.
        metric: Of logs: the metric to compare by; "": each task's own.
        seed: Of random numbers.

    Returns:
        Paired differences, candidate - baseline, with a verdict each; ``.to_frame()`` gives the long table.

    Raises:
        UsageError: There is no such run, or the two do not have the same cells.
        ResultsError: Results are damaged.
    """
    from xlbench.reports.compare.comparison import against_baseline
    from xlbench.reports.compare.differences import Options
    from xlbench.reports.compare.inputs import by_label, one_run
    from xlbench.reports.compare.logs.reader import LogReader
    from xlbench.reports.compare.matching import CellFilter

    reader = LogReader(metric)
    runs = by_label([one_run(baseline, reader), one_run(candidate, reader)])
    options = Options(level, method, explore=explore, over_languages=over == "languages", seed=seed)
    wanted = CellFilter(as_list(tasks), as_list(languages))
    (found,) = against_baseline(
        runs, reader.influence, options, wanted, allow_intersection, examples, reader.load_items
    )
    return found


def gate(
    baseline: str | Path | Run,
    candidate: str | Path | Run,
    *,
    anchor: str | Path | Run | None = None,
    policy: str | Path | Policy | None = None,
    alpha: float | None = None,
    mode: Literal["regression", "noninferiority"] | None = None,
    margin: float | None = None,
    task_margin: float | None = None,
    must_detect: float | None = None,
    pushes: int | None = None,
    strict: bool | None = None,
    allow_intersection: float | None = None,
    model: str | None = None,
) -> Gate:
    """Judge a saved run by another one. What cannot be judged is INVALID, and never a pass.

    Args:
        baseline: The run to be judged by: its pack or folder, a results folder, or a `Run` that was
            saved.
        candidate: The run that is judged.
        anchor: An older run that stays, too.
        policy: A policy, or its file. All of the following count more than what it says.
        alpha: The chance that a change without effect fails.
        mode: Whether a loss must be shown, or ruled out.
        margin: Points that the suite may lose.
        task_margin: Points that a task may lose.
        must_detect: Points: INCONCLUSIVE where such a loss on the suite could go unseen.
        pushes: Among how many decisions by one baseline ``alpha`` is shared out.
        strict: Whether cells that only the candidate has are a fault.
        allow_intersection: The share of the baseline's items that suffices; None: all.
        model: Which run is meant, where a folder holds several.

    Returns:
        The verdict: ``outcome``, ``exit_code``, ``reasons``, ``sentence``, and the tests of each comparison.

    Raises:
        UsageError: A path, a name or the policy is wrong, or both runs are one.
    """
    from xlbench.reports.gate.inputs import gate_of
    from xlbench.runs.store import Reader

    changes = {"alpha": alpha, "mode": mode, "margin": margin, "task_margin": task_margin, "must_detect": must_detect,
               "pushes": pushes, "strict": strict}  # fmt: skip
    one, other, pinned = (Path(run) if isinstance(run, str) else run for run in (baseline, candidate, anchor))
    assert one is not None
    assert other is not None
    chosen = Path(policy) if isinstance(policy, str) else policy
    return gate_of(one, other, Reader(), pinned, chosen, changes, allow_intersection, model)


def board(folders: OneOrMore[str | Path] = "results", suite: str | None = None) -> dict[str, str]:
    """Render saved runs of one or more folders together, from the runs alone: no model, data or task is needed.

    Files that are refused and board formats that fail are warnings.

    Args:
        folders: Results folders, single runs or packs, one or several.
        suite: The suite of the board; None: a board for every suite that one of the runs was made for, or one of all
            cells where there is none.

    Returns:
        The content of each file by its name (``mini.md``).

    Raises:
        UsageError: There is nothing to show, or none of the runs was made for the suite.
        ResultsError: All that there is was refused.
    """
    import warnings

    formats = catalog.load().boards.values()
    files: dict[str, str] = {}
    boards = boards_of(as_list(folders), Selection(suite))
    messages = [*boards.conflicts, *boards.troubles]
    for each in boards.boards:
        rendered = render(each, formats)
        files |= rendered.files
        messages += rendered.failures
    for message in messages:
        warnings.warn(message, stacklevel=2)
    return files


def pack(run: Run | str | Path, out: str | Path, *, model: str | None = None) -> Path:
    """Write a saved run as one compact file, from which boards are those of its folder, to the byte.

    Args:
        run: A run of `run`'s results, of which all that is saved in its folder is packed; or where one lies: its
            folder, a results folder that holds it, or a pack.
        out: The file, whose name ends in ``.xlpack``.
        model: Which of several runs: its model's name, or the first digits of its fingerprint.

    Returns:
        The file's path.

    Raises:
        UsageError: There is no such run, or several; or the file cannot be written there.
        ResultsError: The run is damaged.
    """
    from xlbench.runs.packs.write import choose, write_pack
    from xlbench.runs.store import Reader

    where = Path(run.folder if isinstance(run, Run) else run)
    reader = Reader()
    return write_pack(choose(reader.find_runs(where), model, where), Path(out), reader).path


def unpack(path: str | Path, results: str | Path = "results") -> Run:
    """Write a pack back as the folder of its run, which `run` goes on with: it computes the cells that are lacking.

    Args:
        path: The pack.
        results: The results folder, in which there is no run of this model yet.

    Returns:
        The run, as it is there now.

    Raises:
        UsageError: The folder has a run of this model, or cannot be written to.
        ResultsError: The pack is damaged.
    """
    from xlbench.runs.packs.unpack import unpack as unpacked

    return unpacked(Path(path), Path(results))
