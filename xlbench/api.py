"""`run`, `curve`, `fetch` and `board` as functions: what the command line does, for programs. Nothing is printed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from xlbench import catalog
from xlbench.core.model import Model
from xlbench.core.permissions import granted
from xlbench.core.record import ALL, Results
from xlbench.core.task import Task
from xlbench.reports import curves
from xlbench.reports.render import boards_of, curves_of, render
from xlbench.reports.selection import Selection
from xlbench.runs.engine import Observer
from xlbench.runs.execute import carry_out
from xlbench.runs.fetch import Fetched, prepare_fetch
from xlbench.runs.request import OneOrMore, Request, idle_tasks, learning_tasks, prepare, prepare_curve, several

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
) -> Results:
    """Score models on tasks (or on a suite) and return a `Run` a model; ``.to_frame()`` gives the long table.

    Models and tasks are names, specs, or `Model` and `Task` objects, one or several; without any, the embedded models
    and the suite ``mini``. Done cells in ``results`` are read, not computed again. A failing cell carries its reason,
    and the others go on. What cost no result, such as a damaged part of the cache, is a warning of the logger
    ``xlbench``. Vectors are kept between runs in a folder of the user's (``cache``: another one, or False). ``engine``
    and ``workers`` say where cells are computed; other processes can use models and tasks with a name or a spec alone.
    ``offline``, ``allow_pickle`` and ``trust_remote_code`` are those of ``xlbench run``. Raises `UsageError` for what
    cannot be carried out, `ResultsError` where results cannot be saved.
    """
    request = Request(
        models, tasks, suite, languages, data, results, limit, seed, ci, engine, ("xlbench.run",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, workers=workers,
    )  # fmt: skip
    with granted(request.permissions):
        return carry_out(prepare(request), Observer(trouble=_warn), fail_fast)


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
    """Score models on tasks that learn, with more and more to learn from; ``.to_frame()`` gives the long table.

    ``train_sizes`` are numbers of items, and "all". All else is as in `run`; `UsageError` where none of the tasks
    learns anything. `render_curves` makes tables and plots of it.
    """
    request = Request(
        models, tasks, suite, languages, data, results, None, seed, ci, command=("xlbench.curve",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, train_sizes=train_sizes,
    )  # fmt: skip
    with granted(request.permissions):
        prepared = prepare_curve(request)
        scored = carry_out(prepared, Observer(trouble=_warn), fail_fast)
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
) -> list[Fetched]:
    """Bring what models, tasks or a suite need onto this machine, pinned, so that a run offline finds it.

    ``languages`` brings these alone, with those that the tasks need beside them. One that fails stops no other, and
    says why (`xlbench.runs.fetch.Fetched`). With ``dry_run`` no request is made and nothing is brought. Raises
    `UsageError` for names that nothing has, where nothing is named, and where this process is offline.
    """
    request = Request(
        models, tasks, suite, languages, data, command=("xlbench.fetch",), allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )  # fmt: skip
    with granted(request.permissions):
        wanted = prepare_fetch(request, dry_run).items
        return [item.look() if dry_run else item.bring() for item in wanted]


def board(folders: OneOrMore[str | Path] = "results", suite: str | None = None) -> dict[str, str]:
    """Render saved runs of one or more folders together; returns the content of each file by its name (``mini.md``).

    Without ``suite``: a board for every suite that one of the runs was made for, or one of all cells where there is
    none. Needs the runs alone: no model, no data and no task. What was refused, and formats that failed, are warnings.
    """
    import warnings

    found = catalog.load()
    files: dict[str, str] = {}
    made = boards_of(several(folders), Selection(suite))
    troubles = [*made.conflicts, *made.troubles]
    for one in made.boards:
        rendered = render(one, found.boards.values())
        files |= rendered.files
        troubles += rendered.failures
    for trouble in troubles:
        warnings.warn(trouble, stacklevel=2)
    return files
