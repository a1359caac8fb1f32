"""A request: names and options made into models, tasks, a plan and an engine, and carried out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xlbench import catalog
from xlbench.catalog.hooks import Engine
from xlbench.core.errors import UsageError
from xlbench.core.model import Model
from xlbench.core.permissions import Permissions, permissions
from xlbench.core.record import LOOSE, Results
from xlbench.core.task import Data, Task
from xlbench.core.version import __version__
from xlbench.runs import engine, fetch, plan, provenance, store
from xlbench.runs.execute import execute
from xlbench.runs.manifest import finish
from xlbench.runs.plan import sizes_of

CI_METHODS = ("auto", "bootstrap", "percentile", "bca", "student", "jackknife", "wilson")


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
    planned: list[plan.Planned]
    store: store.Store
    settings: plan.Settings
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
    settings = plan.Settings(
        request.seed, request.ci, request.limit, _cache_folder(request.cache), int(request.cache_size * 1e9)
    )
    plugins = {plugin.distribution: plugin.version for plugin in found.plugins}
    origin = provenance.of_process(request.command, [("xlbench", __version__), *plugins.items()])
    sizes = sizes_of(request.train_sizes) if request.train_sizes else ()
    planned = plan.plan(models, tasks, _data(data, request.limit), folder, settings, request.languages, origin, sizes)
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
    from xlbench.encoding.cache import default_folder

    if isinstance(wanted, bool):
        return default_folder() if wanted else None
    return Path(wanted)


def _data(root: str | Path | None, limit: int | None) -> Data:
    if root is not None and not Path(root).is_dir():
        raise UsageError(f"there is no data folder {root}; give one with --data or XLBENCH_DATA")
    return Data(Path(root) if root is not None else None, limit)


def carry_out(prepared: Prepared, observer: engine.Observer | None = None, fail_fast: bool = False) -> Results:
    """Compute and save what a prepared request still lacks; the manifests come last."""
    if any(item.state != "done" for item in prepared.planned):
        prepared.store.check_writable()
    prepared.store.sweep()
    for model, fingerprint in {(item.cell.model, item.cell.fingerprint) for item in prepared.planned}:
        if fingerprint:
            prepared.store.manifest(model, fingerprint)  # a damaged one is to be known before hours of work
    cells = execute(prepared.planned, prepared.store, prepared.settings, prepared.engine, observer, fail_fast)
    plans = {prepared.suite: _plan_of(prepared.planned, prepared.models[0].name)} if prepared.suite else {}
    origin = {
        **prepared.provenance, "seed": prepared.settings.seed, "ci": prepared.settings.ci,
        "peak_memory_bytes": provenance.peak_memory_bytes(), "linear_algebra": provenance.linear_algebra(),
    }  # fmt: skip
    return finish(prepared.models, prepared.planned, cells, prepared.store, plans, origin)


def _plan_of(planned: Sequence[plan.Planned], model: str) -> dict[str, tuple[str, ...]]:
    subsets: dict[str, list[str]] = {}
    for item in planned:
        if item.model.name == model:
            subsets.setdefault(item.task.name, []).append(item.subset.name)
    return {task: tuple(names) for task, names in subsets.items()}


@dataclass(frozen=True)
class Fetching:
    """A request with its names resolved, and what there is to bring for it; nothing has been asked."""

    catalog: catalog.Catalog
    items: tuple[fetch.Item, ...]


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
    plan.check_languages(request.languages, tasks)
    root = request.data if request.data is not None else os.environ.get("XLBENCH_DATA") or None
    data = replace(_data(root, None), languages=tuple(request.languages))
    return Fetching(found, tuple(fetch.items(models, tasks, data)))


def prepare_curve(request: Request, found: catalog.Catalog | None = None) -> Prepared:
    """`prepare`, and a `UsageError` where there is no training size, or no task that learns anything."""
    sizes_of(request.train_sizes)
    prepared = prepare(request, found)
    if not prepared.planned and (idle := idle_tasks(prepared)):
        named = ", ".join(idle[:4]) + (f" and {len(idle) - 4} more" if len(idle) > 4 else "")
        raise UsageError(
            f"a curve needs a task that learns from training items, and {named} learn{'s' * (len(idle) == 1)} nothing"
        )
    return prepared


def learning_tasks(prepared: Prepared) -> tuple[str, ...]:
    """Of the tasks of curves, those that learn from training items."""
    return tuple(dict.fromkeys(item.task.name for item in prepared.planned))


def idle_tasks(prepared: Prepared) -> tuple[str, ...]:
    """Of the tasks of curves, those that learn nothing, and so have no cells."""
    return tuple(task.name for task in prepared.tasks if task.name not in learning_tasks(prepared))
