"""`run`, `curve` and `fetch`: models and tasks become saved cells."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from xlbench.api.results import Results
from xlbench.core.model import Model
from xlbench.core.one_or_more import OneOrMore
from xlbench.core.permissions import granted
from xlbench.core.record import ALL
from xlbench.core.task import Task
from xlbench.reports import curves
from xlbench.reports.render import curves_of
from xlbench.runs.execute import run_prepared
from xlbench.runs.fetch import FetchResult, prepare_fetch
from xlbench.runs.observer import Observer
from xlbench.runs.request import (
    PreparedRun,
    Request,
    idle_tasks,
    learning_tasks,
    prepare,
    prepare_curve,
)

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
    shard: str | None = None,
    engine_options: Sequence[str] = (),
) -> Results:
    """Score models on tasks or suites.

    A cell that fails carries its reason, and the others go on. Languages without data, where ``languages`` names none,
    and what costs no result, such as a damaged part of the cache, are warnings of the logger ``xlbench``.

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
        engine: ``serial``, ``processes`` or a plugin's; other processes need names or specs of models and tasks.
        workers: How many processes; None: the engine's default.
        fail_fast: Stop at the first cell that fails.
        cache: Whether vectors are kept between runs, or the folder that keeps them.
        offline: Make no request.
        allow_pickle: Load weights from pickles, which can run code while they are read.
        trust_remote_code: Run code that comes with a checkpoint, where its revision is pinned.
        ci_training: From how many bootstrapped training sets a probe learns again, for intervals that hold the chance
            of the training set, too; scores stay those of the whole set.
        shard: Which part of the cells is computed, "2/4" say: all parts together are the run. None: all cells.
        engine_options: What else the engine is told, each as ``NAME=VALUE``.

    Returns:
        A `Run` a model, with frames, comparisons and pictures of them; `load` reads the same from the folder.

    Raises:
        UsageError: The request cannot be carried out: a wrong name, a missing folder, a bad setting.
        ResultsError: Results are damaged, or cannot be saved.
    """
    request = Request(
        models, tasks, suite, languages, data, results, limit, seed, ci, engine, ("xlbench.run",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, workers=workers,
        ci_training=ci_training, shard=shard, engine_options=engine_options,
    )  # fmt: skip
    with granted(request.permissions):
        scored = run_prepared(_run_with_warnings(prepare(request)), Observer(warning=_warn), fail_fast=fail_fast)
        return Results(scored.runs)


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
