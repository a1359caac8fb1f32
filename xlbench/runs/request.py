"""`Request`: the options of a command, resolved into models, tasks, planned cells and an engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xlbench.catalog import Catalog, load
from xlbench.catalog.hooks import Engine
from xlbench.catalog.providers import providers
from xlbench.core.errors import UsageError
from xlbench.core.model import Model
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.permissions import Permissions
from xlbench.core.plugin_choice import chosen
from xlbench.core.record import LOOSE
from xlbench.core.task import Data, Task
from xlbench.core.text import GIB, first_of
from xlbench.core.version import __version__
from xlbench.runs import provenance
from xlbench.runs.jobs import Context, Specs
from xlbench.runs.plan import plan
from xlbench.runs.planned_cells import PlannedCell, Settings
from xlbench.runs.request_checks import check_languages, check_request, check_workers, engine_options, sizes_of
from xlbench.runs.resolving import names_in, resolve, tasks_of
from xlbench.runs.shards import Shard
from xlbench.runs.store import Store


@dataclass(frozen=True)
class Request:
    """What to score, on what, and where to put it; the fields are the options of ``xlbench run``."""

    models: OneOrMore[str | Model] = ()
    tasks: OneOrMore[str | Task] = ()
    suite: OneOrMore[str] | None = ()
    """Names of suites; several are run together, and each has its board."""
    languages: OneOrMore[str] = ()
    data: str | Path | None = None
    results: str | Path = "results"
    limit: int | None = None
    seed: int = 0
    ci: str = "auto"
    engine: str = "serial"
    command: Sequence[str] = field(default_factory=lambda: tuple(sys.argv))
    train_sizes: Sequence[int | str] | str = ()
    """Of ``xlbench curve``: how many items to learn from, "all" being all of them; none: a run as usual."""
    cache: bool | str | Path | None = True
    """Where vectors are kept between runs: a folder, True for the usual one, False or None for nowhere."""
    cache_size: float = 20.0
    """Gibibytes (GiB) beyond which the cache drops what was not used for longest."""
    offline: bool = False
    allow_pickle: bool = False
    trust_remote_code: bool = False
    workers: int | None = None
    """How many workers the engine has; None: as many as it finds good."""
    ci_training: int = 0
    """From how many bootstrapped training sets intervals hold the training set's variance; 0: they do not."""
    engine_options: Sequence[str] = ()
    """What the engine is to be told, as NAME=VALUE."""
    shard: str | None = None
    """Which part of the cells is computed, "2/4" say; None: all."""

    @property
    def permissions(self) -> Permissions:
        """What the request permits beyond reading files."""
        return Permissions(
            offline=self.offline, allow_pickle=self.allow_pickle, trust_remote_code=self.trust_remote_code
        )

    @property
    def has_tasks(self) -> bool:
        """Whether tasks are named."""
        return bool(as_list(self.tasks))

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites, each once."""
        return tuple(dict.fromkeys(as_list(self.suite or ())))


@dataclass(frozen=True)
class PreparedRun:
    """A request with its names resolved and its cells laid out; nothing has been computed."""

    catalog: Catalog
    models: tuple[Model, ...]
    tasks: tuple[Task, ...]
    suites: Mapping[str, tuple[str, ...]]
    """Suite -> its tasks, where the request stands for whole suites: no task, language or limit narrows it."""
    plans: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Suite -> task -> its planned subsets, those of other shards among them."""
    planned: list[PlannedCell]
    absent: Mapping[str, tuple[str, ...]]
    """Task -> languages that it has and that have no data here, where no language was asked for."""
    why_absent: Mapping[str, str]
    """Task -> why the first of these languages is absent."""
    store: Store
    context: Context
    specs: Specs
    engine: Engine
    workers: int | None
    engine_options: Mapping[str, Any]
    command: list[str]
    """The command line, for the manifests."""
    shard: Shard | None = None
    """Which part of the cells ``planned`` is; None: all."""

    @property
    def boards(self) -> tuple[str, ...]:
        """The names of the boards that the request ends in."""
        return tuple(self.suites) or (LOOSE,)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to compute."""
        return any(item.state in ("todo", "rescore") for item in self.planned)

    def absent_lines(self) -> list[str]:
        """A line a task: the languages that it has, that nobody asked for by name, and whose data is not at hand."""
        return [self._absent_line(task, languages) for task, languages in self.absent.items()]

    def _absent_line(self, task: str, languages: Sequence[str]) -> str:
        why = self.why_absent.get(task, "")
        reason = f" ({languages[0]}: {why})" if why else ""
        return f"{task}: no data here for {len(languages)} of its languages: {first_of(languages, 8)}{reason}"

    @property
    def settings(self) -> Settings:
        """How cells are scored."""
        return self.context.settings

    @property
    def engine_label(self) -> str:
        """The engine with the distribution that it comes from."""
        (named,) = self.engine_provider.items()
        return f"{self.engine.name} ({' '.join(filter(None, named))})"

    @property
    def engine_provider(self) -> dict[str, str]:
        """Distribution -> version of the engine's plugin."""
        plugin = self.catalog.origins["engines", self.engine.name]
        return {plugin.distribution: plugin.version}


def prepare(request: Request, catalog: Catalog | None = None) -> PreparedRun:
    """Resolve names and plan cells. `UsageError` for whatever is wrong with the request; nothing is written."""
    check_request(request)
    catalog = catalog or load()
    named, languages = as_list(request.tasks), as_list(request.languages)
    suites = request.suites or (() if named else ("mini",))
    models, model_specs = resolve(request.models, Model, catalog.select_models)
    tasks, task_specs = tasks_of(request.tasks, suites, catalog)
    sizes = sizes_of(request.train_sizes) if request.train_sizes else ()
    shard = Shard.parse(request.shard) if request.shard is not None else None
    engine = catalog.select_engine(request.engine)
    check_workers(engine, request.workers, catalog)
    told = engine_options(engine, request.engine_options)
    context = _context(request, catalog)
    folder = Store(Path(request.results))
    check_languages(languages, tasks)
    planned = plan(models, tasks, context.data, folder, context.settings, languages, context.provenance, sizes)
    specs = Specs(model_specs, task_specs)
    cells = _with_plugins(planned.cells, catalog, specs)
    if request.ci_training:
        _check_learning(cells)
    narrowed = named or languages or request.limit or sizes
    chosen = [catalog.select_suite(name) for name in suites]
    whole = {} if narrowed else {suite.name: names_in(suite, catalog) for suite in chosen}
    plans = {suite: _subsets_of(planned.cells, its) for suite, its in whole.items()}
    cells = shard.of(cells) if shard else cells
    return PreparedRun(
        catalog, models, tasks, whole, plans, cells, planned.absent, planned.why_absent, folder, context, specs,
        engine, request.workers, told, provenance.of_command(request.command), shard,
    )  # fmt: skip


def _with_plugins(planned: Sequence[PlannedCell], catalog: Catalog, specs: Specs) -> list[PlannedCell]:
    """Cells that are to be computed say which plugins they come from; those that are saved have said it."""
    models = {name: providers(catalog, "models", name, spec) for name, spec in specs.models.items()}
    tasks = {name: providers(catalog, "tasks", name, spec) for name, spec in specs.tasks.items()}

    def _named(item: PlannedCell) -> PlannedCell:
        if item.state in ("done", "rescore"):
            return item
        taking_part = provenance.of_plugins(models.get(item.model.name, {}), tasks.get(item.task.name, {}))
        return replace(item, cell=replace(item.cell, provenance={**item.cell.provenance, **taking_part}))

    return [*map(_named, planned)]


def _subsets_of(planned: Sequence[PlannedCell], tasks: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Task -> its planned subsets, which are the same for every model."""
    subsets: dict[str, dict[str, None]] = {}
    for item in planned:
        if item.task.name in tasks and item.cell.fingerprint:  # a model without one has the whole task as one cell
            subsets.setdefault(item.task.name, {})[item.subset.name] = None
    return {task: tuple(names) for task, names in subsets.items()}


def _check_learning(planned: Sequence[PlannedCell]) -> None:
    """Raise `UsageError` where nothing of a run could have another training set."""
    computed = [item for item in planned if item.state in ("todo", "rescore", "done")]
    if computed and not any(item.cell.ci_training for item in computed):
        raise UsageError(
            "--ci-training is for probes that learn from a training set, and none of these tasks has one: leave it "
            "out. Tasks with few shots draw theirs anyway"
        )


def _context(request: Request, catalog: Catalog) -> Context:
    """What all jobs of the request have in common, with folders as absolute paths."""
    cache = _cache_folder(request.cache)
    settings = Settings(
        request.seed, request.ci, request.limit, cache.absolute() if cache else None, int(request.cache_size * GIB)
    )
    plugins = {plugin.distribution: plugin.version for plugin in catalog.plugins}
    origin = provenance.of_process([("xlbench", __version__), *plugins.items()])
    results = Path(request.results).absolute()
    return Context(results, settings, data_of(request), request.permissions, origin, chosen())


def _cache_folder(wanted: bool | str | Path | None) -> Path | None:
    from xlbench.encoding.cache import default_folder

    if wanted is None or isinstance(wanted, bool):
        return default_folder() if wanted else None
    return Path(wanted)


def data_of(request: Request) -> Data:
    """Where the request's data lies, and how much of it is wanted."""
    root = request.data if request.data is not None else os.environ.get("XLBENCH_DATA") or None
    if root is not None and not Path(root).is_dir():
        raise UsageError(f"there is no data folder {root}; give one with --data or XLBENCH_DATA")
    return Data(
        Path(root) if root is not None else None, request.limit, training_draws=request.ci_training,
        languages=tuple(dict.fromkeys(as_list(request.languages))),
    )  # fmt: skip


def prepare_curve(request: Request, catalog: Catalog | None = None) -> PreparedRun:
    """`prepare`, and a `UsageError` where there is no training size, or no task that learns anything."""
    sizes_of(request.train_sizes)
    prepared = prepare(request, catalog)
    if not prepared.planned and (idle := idle_tasks(prepared)):
        named = ", ".join(idle[:4]) + (f" and {len(idle) - 4} more" if len(idle) > 4 else "")
        raise UsageError(
            f"a curve needs a task that learns from training items, and {named} learn{'s' * (len(idle) == 1)} nothing"
        )
    return prepared


def learning_tasks(prepared: PreparedRun) -> tuple[str, ...]:
    """Of the tasks of curves, those that learn from training items."""
    return tuple(dict.fromkeys(item.task.name for item in prepared.planned))


def idle_tasks(prepared: PreparedRun) -> tuple[str, ...]:
    """Of the tasks of curves, those that learn nothing, and so have no cells."""
    return tuple(task.name for task in prepared.tasks if task.name not in learning_tasks(prepared))
