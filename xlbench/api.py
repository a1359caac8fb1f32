"""`run`, `curve`, `fetch` and `board` as functions: what the command line does, for programs. Nothing is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import __version__, catalog, curves, fetching, planning, provenance, runner, store
from xlbench.errors import UsageError
from xlbench.hooks import Engine
from xlbench.model import Model
from xlbench.names import did_you_mean
from xlbench.permissions import Permissions, granted, permissions
from xlbench.record import Cell, Results, Run
from xlbench.task import Data, Task

if TYPE_CHECKING:
    from xlbench.boards.standings import Board

CI_METHODS = ("auto", "bootstrap", "percentile", "bca", "student", "jackknife", "wilson")
TRAIN_SIZES = (50, 100, 200, 500, 1000, curves.ALL)
"""What `curve` takes where nothing else is said."""
LOOSE = "run"
"""The board of a run that is not a whole suite."""


@dataclass(frozen=True)
class Request:
    """What to score, on what, and where to put it; the fields are the options of ``xlbench run``."""

    models: Sequence[str | Model] = ()
    tasks: Sequence[str | Task] = ()
    suite: str | None = None
    languages: Sequence[str] = ()
    data: str | Path | None = None
    results: str | Path = "results"
    limit: int | None = None
    seed: int = 0
    ci: str = "auto"
    engine: str = "serial"
    command: Sequence[str] = field(default_factory=lambda: tuple(sys.argv))
    train_sizes: Sequence[int | str] = ()
    """Of ``xlbench curve``: how many items to learn from, "all" being all of them; none: a run as usual."""
    cache: bool | str | Path = True
    """Where vectors are kept between runs: a folder, True for the usual one, False for nowhere."""
    cache_size: float = 20.0
    """Gigabytes beyond which the cache drops what was not used for longest."""
    offline: bool = False
    allow_pickle: bool = False
    trust_remote_code: bool = False

    @property
    def permissions(self) -> Permissions:
        """What the request permits beyond reading files."""
        return Permissions(self.offline, self.allow_pickle, self.trust_remote_code)


@dataclass(frozen=True)
class Prepared:
    """A request with its names resolved and its cells laid out; nothing has been computed."""

    catalog: catalog.Catalog
    models: tuple[Model, ...]
    tasks: tuple[Task, ...]
    suite: str | None
    """Set where the request stands for a whole suite: no task, language or limit narrows it."""
    planned: list[planning.Planned]
    store: store.Store
    settings: planning.Settings
    engine: Engine
    provenance: Mapping[str, Any]

    @property
    def board(self) -> str:
        """The name of the board that the request ends in."""
        return self.suite or LOOSE


def prepare(request: Request, found: catalog.Catalog | None = None) -> Prepared:
    """Resolve names and plan cells. `UsageError` for whatever is wrong with the request; nothing is written."""
    _check(request)
    found = found or catalog.load()
    suite = request.suite or (None if request.tasks else "mini")
    models = _resolve(request.models, Model, found.select_models)
    tasks = _resolve(request.tasks, Task, lambda names: found.select_tasks(names, None if names else suite))
    folder = store.Store(Path(request.results))
    data = request.data if request.data is not None else os.environ.get("XLBENCH_DATA") or None
    settings = planning.Settings(
        request.seed, request.ci, request.limit, _cache_folder(request.cache), int(request.cache_size * 1e9)
    )
    plugins = {plugin.distribution: plugin.version for plugin in found.plugins}
    origin = provenance.of_process(request.command, [("xlbench", __version__), *plugins.items()])
    sizes = curves.sizes_of(request.train_sizes) if request.train_sizes else ()
    planned = planning.plan(
        models, tasks, _data(data, request.limit), folder, settings, request.languages, origin, sizes
    )
    whole = suite if not (request.tasks or request.languages or request.limit or sizes) else None
    engine = found.select_engine(request.engine)
    return Prepared(found, models, tasks, whole, planned, folder, settings, engine, origin)


def _resolve(wanted: Sequence[Any], kind: Any, select: Callable[[Sequence[str]], tuple[Any, ...]]) -> tuple[Any, ...]:
    """Objects as they are, names through the catalog; no names and no objects: what the catalog has for that."""
    names = [item for item in wanted if isinstance(item, str)]
    objects: tuple[Any, ...] = tuple(item for item in wanted if isinstance(item, kind))
    if len(names) + len(objects) != len(wanted):
        odd = next(item for item in wanted if not isinstance(item, str | kind))
        raise UsageError(f"expected a name or a {kind.__name__}, not {type(odd).__name__}")
    selected = select(names) if names or not objects else ()
    doubled = {item.name for item in selected} & {item.name for item in objects}
    if doubled or len({item.name for item in objects}) != len(objects):
        raise UsageError(f"two of the {kind.__name__.lower()}s given have one name; rename one")
    return (*selected, *objects)


def _check(request: Request) -> None:
    if request.ci not in CI_METHODS:
        raise UsageError(f"there is no interval method {request.ci!r}; choose one of {', '.join(CI_METHODS)}")
    if request.limit is not None and request.limit < 1:
        raise UsageError("a limit is at least 1 item")
    if request.seed < 0:
        raise UsageError("a seed is 0 or larger")
    if request.suite and request.tasks:
        raise UsageError("give a suite or tasks, not both")


def _cache_folder(wanted: bool | str | Path) -> Path | None:
    from xlbench.cache import default_folder

    if isinstance(wanted, bool):
        return default_folder() if wanted else None
    return Path(wanted)


def _data(root: str | Path | None, limit: int | None) -> Data:
    if root is not None and not Path(root).is_dir():
        raise UsageError(f"there is no data folder {root}; give one with --data or XLBENCH_DATA")
    return Data(Path(root) if root is not None else None, limit)


def carry_out(prepared: Prepared, observer: runner.Observer | None = None, fail_fast: bool = False) -> Results:
    """Compute and save what a prepared request still lacks; the manifests come last."""
    if any(item.state != "done" for item in prepared.planned):
        prepared.store.check_writable()
    prepared.store.sweep()
    for model, fingerprint in {(item.cell.model, item.cell.fingerprint) for item in prepared.planned}:
        if fingerprint:
            prepared.store.manifest(model, fingerprint)  # a damaged one is to be known before hours of work
    cells = runner.execute(prepared.planned, prepared.store, prepared.settings, prepared.engine, observer, fail_fast)
    plans = {prepared.suite: _plan_of(prepared.planned, prepared.models[0].name)} if prepared.suite else {}
    origin = {
        **prepared.provenance, "seed": prepared.settings.seed, "ci": prepared.settings.ci,
        "peak_memory_bytes": provenance.peak_memory_bytes(),
    }  # fmt: skip
    return runner.finish(prepared.models, prepared.planned, cells, prepared.store, plans, origin)


def _plan_of(planned: Sequence[planning.Planned], model: str) -> dict[str, tuple[str, ...]]:
    subsets: dict[str, list[str]] = {}
    for item in planned:
        if item.model.name == model:
            subsets.setdefault(item.task.name, []).append(item.subset.name)
    return {task: tuple(names) for task, names in subsets.items()}


def standings(name: str, results: Results, whole_suite: bool) -> Board:
    """The board of results; of a suite it holds the suite's tasks alone, and what was planned of them."""
    from xlbench.boards.standings import standings

    folders = {(run.model, run.fingerprint): Path(run.folder) for run in results}

    def influence(cell: Cell) -> store.Influence:
        return store.influence(folders[cell.model, cell.fingerprint], cell)

    return standings(results, influence, name, _union(name, results) if whole_suite else None)


def _union(suite: str, results: Results) -> dict[str, tuple[str, ...]]:
    """The tasks and subsets that any of the runs planned for a suite."""
    union: dict[str, dict[str, None]] = {}
    for run in results:
        for task, subsets in run.plans.get(suite, {}).items():
            union.setdefault(task, {}).update(dict.fromkeys(subsets))
    return {task: tuple(subsets) for task, subsets in union.items()}


def render(board: Board, found: catalog.Catalog) -> dict[str, str]:
    """The files of a board in every format that is known, by file name.

    A format that fails takes no other with it: in the place of its files stands one that says why.
    """
    files: dict[str, str] = {}
    for form in found.boards.values():
        try:
            rendered = dict(form.render(board))
        except Exception as error:  # noqa: BLE001 - a format is a plugin: the others are written
            rendered = {f".{form.name}.failed.txt": f"board format {form.name}: {planning.reason_of(error)}\n"}
        files |= {board.title + suffix: content for suffix, content in rendered.items()}
    return files


def run(
    models: Sequence[str | Model] = (),
    tasks: Sequence[str | Task] = (),
    *,
    suite: str | None = None,
    languages: Sequence[str] = (),
    data: str | Path | None = None,
    results: str | Path = "results",
    limit: int | None = None,
    seed: int = 0,
    ci: str = "auto",
    engine: str = "serial",
    fail_fast: bool = False,
    cache: bool | str | Path = True,
    offline: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
) -> Results:
    """Score models on tasks (or on a suite) and return a `Run` a model; ``.to_frame()`` gives the long table.

    Models and tasks are names, specs, or `Model` and `Task` objects; without any, the embedded models and the suite
    ``mini``. Done cells in ``results`` are read, not computed again. A failing cell carries its reason, and the
    others go on. Vectors are kept between runs in a folder of the user's (``cache``: another one, or False).
    ``offline``, ``allow_pickle`` and ``trust_remote_code`` are those of ``xlbench run``. Raises `UsageError` for what
    cannot be carried out, `ResultsError` where results cannot be saved.
    """
    request = Request(
        models, tasks, suite, languages, data, results, limit, seed, ci, engine, ("xlbench.run",), cache=cache,
        offline=offline, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code,
    )  # fmt: skip
    with granted(request.permissions):
        return carry_out(prepare(request), fail_fast=fail_fast)


def curve(
    models: Sequence[str | Model] = (),
    tasks: Sequence[str | Task] = (),
    *,
    train_sizes: Sequence[int | str] = TRAIN_SIZES,
    suite: str | None = None,
    languages: Sequence[str] = (),
    data: str | Path | None = None,
    results: str | Path = "results",
    seed: int = 0,
    ci: str = "auto",
    fail_fast: bool = False,
    cache: bool | str | Path = True,
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
        return curves_of(prepared, carry_out(prepared, fail_fast=fail_fast))


def fetch(
    models: Sequence[str | Model] = (),
    tasks: Sequence[str | Task] = (),
    *,
    suite: str | None = None,
    languages: Sequence[str] = (),
    data: str | Path | None = None,
    dry_run: bool = False,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
) -> list[fetching.Fetched]:
    """Bring what models, tasks or a suite need onto this machine, pinned, so that a run offline finds it.

    ``languages`` brings these alone, with those that the tasks need beside them. One that fails stops no other: see
    `fetching.Fetched`. With ``dry_run`` no request is made and nothing is brought. Raises `UsageError` for names that
    nothing has, where nothing is named, and where this process is offline.
    """
    request = Request(
        models, tasks, suite, languages, data, command=("xlbench.fetch",), allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
    )  # fmt: skip
    with granted(request.permissions):
        wanted = prepare_fetch(request, dry_run).items
        return [item.look() if dry_run else item.bring() for item in wanted]


@dataclass(frozen=True)
class Fetching:
    """A request with its names resolved, and what there is to bring for it; nothing has been asked."""

    catalog: catalog.Catalog
    items: tuple[fetching.Item, ...]


def prepare_fetch(request: Request, dry_run: bool = False, found: catalog.Catalog | None = None) -> Fetching:
    """Resolve names. `UsageError` for whatever is wrong with the request."""
    _check(request)
    if not (request.models or request.tasks or request.suite):
        raise UsageError("say what to fetch: a suite, a task or a model (--suite, --task, --model)")
    if (request.offline or permissions().offline) and not dry_run:
        raise UsageError(
            "fetching asks the network, and offline (--offline, HF_HUB_OFFLINE and the like) forbids it: take that "
            "away, or see with --dry-run what is at hand"
        )
    found = found or catalog.load()
    models = _resolve(request.models, Model, found.select_models) if request.models else ()
    tasks: tuple[Task, ...] = ()
    if request.tasks or request.suite:
        tasks = _resolve(request.tasks, Task, lambda names: found.select_tasks(names, None if names else request.suite))
    planning.check_languages(request.languages, tasks)
    root = request.data if request.data is not None else os.environ.get("XLBENCH_DATA") or None
    data = replace(_data(root, None), languages=tuple(request.languages))
    return Fetching(found, tuple(fetching.items(models, tasks, data)))


def prepare_curve(request: Request, found: catalog.Catalog | None = None) -> Prepared:
    """`prepare`, and a `UsageError` where there is no training size, or no task that learns anything."""
    curves.sizes_of(request.train_sizes)
    prepared = prepare(request, found)
    if not prepared.planned and (idle := idle_tasks(prepared)):
        named = ", ".join(idle[:4]) + (f" and {len(idle) - 4} more" if len(idle) > 4 else "")
        raise UsageError(
            f"a curve needs a task that learns from training items, and {named} learn{'s' * (len(idle) == 1)} nothing"
        )
    return prepared


def idle_tasks(prepared: Prepared) -> tuple[str, ...]:
    """Of the tasks of curves, those that learn nothing, and so have no cells."""
    learning = {item.task.name for item in prepared.planned}
    return tuple(task.name for task in prepared.tasks if task.name not in learning)


def curves_of(prepared: Prepared, results: Results) -> curves.Curves:
    """The curves of what was carried out, named after the suite or the one task."""
    learning = list(dict.fromkeys(item.task.name for item in prepared.planned))
    cells = [cell for run in results for cell in run.cells]
    name = learning[0] if len(learning) == 1 else "curves"
    return curves.Curves(name, curves.curves_of(cells), idle_tasks(prepared))


def render_curves(made: curves.Curves) -> dict[str, str | bytes]:
    """The files of curves by name: ``<name>.md`` and ``<name>.csv``, and ``<task>.png`` and ``<task>.svg``."""
    from xlbench import plots

    return {**curves.tables(made), **plots.render(made)}


def board(folders: Sequence[str | Path] = ("results",), suite: str | None = None) -> dict[str, str]:
    """Render saved runs together; returns the content of each file by its name (``mini.md`` ...).

    Without ``suite``: a board for every suite that one of the runs was made for, or one of all cells where there is
    none. Needs the runs alone: no model, no data and no task.
    """
    found = catalog.load()
    files: dict[str, str] = {}
    for made in boards_of(folders, suite):
        files |= render(made, found)
    return files


def boards_of(folders: Sequence[str | Path], suite: str | None = None) -> list[Board]:
    """The boards that saved runs give, one a suite. `UsageError` where there is nothing to show."""
    runs = [saved for folder in folders for saved in store.find_runs(Path(folder)) if _is_shown(saved)]
    if not runs:
        named = ", ".join(map(str, folders))
        raise UsageError(
            f"nothing in {named} belongs on a board: there are only samples (--limit), curves or runs without a cell"
        )
    unique: dict[tuple[str, str], Run] = {}
    for saved in runs:
        other = unique.setdefault((saved.model, saved.fingerprint), saved)
        if other.folder != saved.folder and _values(other) != _values(saved):
            raise UsageError(f"{saved.folder} and {other.folder} are other runs of the same model: leave one out")
    runs = list(unique.values())
    results = Results(tuple(runs))
    known = sorted({name for saved in runs for name in saved.plans})
    if suite is not None and suite not in known:
        raise UsageError(
            f"none of these runs was made for the suite {suite!r}.{did_you_mean(suite, known)} "
            f"They were made for: {', '.join(known) or 'no suite, but loose tasks'}"
        )
    names = [suite] if suite else known
    return [standings(name, results, True) for name in names] or [standings(LOOSE, results, False)]


def _is_shown(run: Run) -> bool:
    """Whether a run has a cell that is for boards: one of samples alone would be empty, and replace a good one."""
    return any(cell.whole for cell in run.cells)


def _values(run: Run) -> dict[tuple[str, str], tuple[float | None, ...]]:
    """What a run scored, by task and subset: the same model in two folders is the same run where this is equal."""
    return {(cell.task, cell.subset): tuple(score.value for score in cell.scores) for cell in run.cells}
