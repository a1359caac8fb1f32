"""The catalog: what the installed plugins offer, and what somebody means by a name or a spec.

Entry points are found, loaded and asked here, each apart from the others: whatever a plugin does wrong becomes a
`Broken` and takes nothing else down. No model is loaded, no data is read and nothing is printed; of the libraries only
pluggy is imported. (pluggy's own ``load_setuptools_entrypoints`` is not used: one raising import ends it, and of two
distributions with the same entry-point name it drops one without a word.)
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import reprlib
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import metadata
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from xlbench import __version__
from xlbench.errors import UsageError, XlbenchError
from xlbench.hooks import HOOKS, BoardFormat, Engine, Hooks, Scheme
from xlbench.model import Model
from xlbench.names import check_name, did_you_mean
from xlbench.specs import Option
from xlbench.task import Metric, Suite, Task

GROUP = "xlbench"
"""The entry-point group; also the name of the pluggy project."""

KINDS: Mapping[str, type[Any]] = {
    "models": Model, "tasks": Task, "suites": Suite, "schemes": Scheme, "engines": Engine, "boards": BoardFormat,
}  # fmt: skip
"""Kind -> what its hook, ``xlbench_<kind>``, yields."""

T = TypeVar("T")

_ONE = {kind: kind.removesuffix("s") for kind in KINDS}


@dataclass(frozen=True)
class Plugin:
    """An entry point that was loaded, and what it offers."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    """The hooks that it implements, whether or not they work."""
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind -> the names that it claims, sorted; contested ones among them."""

    @property
    def label(self) -> str:
        """``name (distribution version)``, for messages."""
        return _label(self.name, self.distribution, self.version)


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong with a plugin. The rest of the plugin, if any, counts."""

    plugin: str
    distribution: str
    version: str
    why: str

    @property
    def label(self) -> str:
        """``name (distribution version)``, for messages."""
        return _label(self.plugin, self.distribution, self.version)


def _label(name: str, distribution: str, version: str) -> str:
    return f"{name} ({' '.join(part for part in (distribution, version) if part)})"


@dataclass(frozen=True)
class Catalog:
    """What there is to choose from: a mapping a kind, by name and in name order."""

    models: Mapping[str, Model]
    tasks: Mapping[str, Task]
    suites: Mapping[str, Suite]
    schemes: Mapping[str, Scheme]
    engines: Mapping[str, Engine]
    boards: Mapping[str, BoardFormat]
    plugins: tuple[Plugin, ...]
    """The core itself (``core``, for what is built in), then those that could be loaded, by name and distribution."""
    broken: tuple[Broken, ...]
    contested: Mapping[tuple[str, str], tuple[Plugin, ...]]
    """(kind, name) -> the plugins that claim it: it belongs to none of them."""
    origins: Mapping[tuple[str, str], Plugin]
    """(kind, name) -> the plugin that offers it."""

    def troubles(self) -> tuple[str, ...]:
        """A line for everything that is broken or contested, for the end of a run."""
        contested = (f"{self._claim(kind, name)}: it can be used from none of them" for kind, name in self.contested)
        return (*(f"{broken.label}: {broken.why}" for broken in self.broken), *contested)

    def select_models(self, specs: Sequence[str]) -> tuple[Model, ...]:
        """The models that ``specs`` mean, in their order, each once; without specs, those with ``in_suites``.

        A spec is a name, a pattern of names (``ngram*``; contested names are passed over) or something that exactly
        one scheme knows (``hf:NAME``). Raises `UsageError` for anything else.
        """
        if specs:
            return _distinct("model", [model for spec in dict.fromkeys(specs) for model in self._pick("models", spec)])
        small = tuple(model for model in self.models.values() if model.in_suites)
        if not small:
            raise UsageError(f"no plugin offers a model for suites: name one; see 'xlbench list models'.{self._hint()}")
        return small

    def select_tasks(self, specs: Sequence[str], suite: str | None = None) -> tuple[Task, ...]:
        """The tasks of ``suite``, then those that ``specs`` mean (names, patterns, ``./card.toml``), each once.

        Raises `UsageError` where one does not exist, or neither a suite nor a task is named.
        """
        if suite is None and not specs:
            raise UsageError("name a task or a suite; see 'xlbench list tasks' and 'xlbench list suites'")
        of_suite = self._of_suite(self.select_suite(suite)) if suite is not None else []
        named = [task for spec in dict.fromkeys(specs) for task in self._pick("tasks", spec)]
        return _distinct("task", [*of_suite, *named])

    def select_suite(self, name: str) -> Suite:
        """The suite of that name; `UsageError` where there is none, or two plugins claim it."""
        suite: Suite = self._named("suites", name)
        return suite

    def select_engine(self, name: str) -> Engine:
        """The engine of that name; `UsageError` where there is none, or two plugins claim it."""
        engine: Engine = self._named("engines", name)
        return engine

    def _of_suite(self, suite: Suite) -> list[Task]:
        for name in suite.tasks:
            whose = f"suite {suite.name!r} of {self.origins['suites', suite.name].label}"
            if ("tasks", name) in self.contested:
                raise UsageError(f"{whose} needs a task that belongs to nobody: {self._claim('tasks', name)}")
            if name not in self.tasks:
                guess = did_you_mean(name, self.tasks)
                raise UsageError(f"{whose} names the task {name!r}, which no plugin offers.{guess}{self._hint()}")
        return [self.tasks[name] for name in suite.tasks]

    def _named(self, kind: str, name: str) -> Any:
        """The one of that very name."""
        known = getattr(self, kind)
        if name in known:
            return known[name]
        if (kind, name) in self.contested:
            raise UsageError(f"{self._claim(kind, name)}; uninstall all but one of them")
        raise self._unknown(kind, name)

    def _pick(self, kind: str, spec: str) -> list[Any]:
        """The models or tasks that one spec means: a name, a pattern of names, or a scheme's spec."""
        known = getattr(self, kind)
        matching = [known[name] for name in known if name == spec or fnmatchcase(name, spec)]
        if matching:
            return matching
        for claimed_kind, name in self.contested:
            if claimed_kind == kind and fnmatchcase(name, spec):
                raise UsageError(f"{self._claim(kind, name)}; uninstall all but one of them")
        scheme = self._scheme_for(kind, spec)
        if scheme is None:
            raise self._unknown(kind, spec)
        return self._made_by(scheme, kind, spec)

    def _scheme_for(self, kind: str, spec: str) -> Scheme | None:
        """The scheme that says yes to ``spec``. One that raises instead of saying no does not hinder another."""
        yes, failures = [], []
        for scheme in self._schemes_of(kind):
            answer, failure = _attempt(scheme.matches, spec)
            if answer:
                yes.append(scheme)
            elif failure:
                failures.append(f"{self._by('schemes', scheme.name)} cannot tell: {failure}")
        if len(yes) > 1:
            both = " and ".join(self._by("schemes", scheme.name) for scheme in yes)
            raise UsageError(f"{spec!r} is claimed by two schemes: {both}")
        if failures and not yes:
            raise UsageError(f"nobody knows what {_ONE[kind]} {spec!r} is; {'; '.join(failures)}")
        return yes[0] if yes else None

    def _schemes_of(self, kind: str) -> list[Scheme]:
        return [scheme for scheme in self.schemes.values() if _maker(scheme, kind) is not None]

    def _made_by(self, scheme: Scheme, kind: str, spec: str) -> list[Any]:
        """What a scheme makes of a spec. Its own `XlbenchError` passes: that line says best what is wrong."""
        who, make = self._by("schemes", scheme.name), _maker(scheme, kind)
        assert make is not None
        try:
            made = _several(make(spec))
        except (KeyboardInterrupt, XlbenchError):
            raise
        except BaseException as error:
            raise UsageError(f"{who} cannot make anything of {spec!r}: {_told(error)}") from error
        if not made:
            raise UsageError(f"{who} finds no {_ONE[kind]} in {spec!r}")
        for item in made:
            flaw = _flaw(kind, item, _check_label)
            if flaw:
                raise UsageError(f"{who} makes something unusable of {spec!r}: {flaw}")
        return made

    def _unknown(self, kind: str, name: str) -> UsageError:
        guess = did_you_mean(name, getattr(self, kind))
        see = f"xlbench list {kind}" if kind in ("models", "tasks", "suites") else "xlbench plugins"
        schemes = ""
        if kind in ("models", "tasks") and re.search(r"[:/\\]|\.[A-Za-z]+$", name):
            able = ", ".join(scheme.name for scheme in self._schemes_of(kind)) or "none"
            schemes = f" No scheme knows it either (schemes for {kind}: {able})."
        return UsageError(f"there is no {_ONE[kind]} {name!r}.{guess}{schemes} See '{see}'.{self._hint()}")

    def _hint(self) -> str:
        """That the name may belong to something broken, where something is."""
        lost = [broken.plugin for broken in self.broken]
        lost += [f"scheme {name}" for kind, name in self.contested if kind == "schemes"]
        if not lost:
            return ""
        return f" It may belong to what is broken ({', '.join(dict.fromkeys(lost))}): see 'xlbench plugins'."

    def _claim(self, kind: str, name: str) -> str:
        labels = list(dict.fromkeys(plugin.label for plugin in self.contested[kind, name]))
        who = f"more than once by {labels[0]}" if len(labels) == 1 else f"by {' and '.join(labels)}"
        return f"{_ONE[kind]} {name!r} is claimed {who}"

    def _by(self, kind: str, name: str) -> str:
        return f"{_ONE[kind]} {name!r} of {self.origins[kind, name].label}"


def _maker(scheme: Scheme, kind: str) -> Callable[[str], Any] | None:
    return scheme.model if kind == "models" else scheme.tasks


def _several(made: Any) -> list[Any]:
    """What a scheme has made, one thing or an iterable of things."""
    alone = isinstance(made, Model | str | bytes | Mapping) or not isinstance(made, Iterable)
    return [made] if alone else list(made)


def _distinct(one: str, items: Iterable[Any]) -> tuple[Any, ...]:
    """Each once, in order; two different ones under one name would share their results."""
    by_name: dict[str, Any] = {}
    for item in items:
        if by_name.setdefault(item.name, item) is not item:
            raise UsageError(f"two different {one}s are called {item.name!r}: choose one of them")
    return tuple(by_name.values())


# ---- loading


@dataclass(frozen=True)
class _Loaded:
    """What came of one entry point."""

    plugin: Plugin
    items: tuple[tuple[str, Any], ...] = ()
    """(kind, item), those without flaw."""
    whys: tuple[str, ...] = ()
    imported: bool = True


def load(entry_points: Iterable[EntryPoint] | None = None) -> Catalog:
    """Load every plugin and ask it what it offers.

    ``entry_points``: those to load, in place of all that are installed (an empty list: only what is built in). They
    are taken in order of name and distribution. Raises nothing but KeyboardInterrupt: see `Catalog.broken`.
    """
    found, broken = _installed() if entry_points is None else (list(entry_points), [])
    core = _core()
    loaded = [_load_one(entry_point) for entry_point in _in_order(found)]
    standing, contested, usurped = _settle(core, loaded)
    broken += [_broken(one.plugin, why) for one in loaded for why in one.whys]
    broken += usurped
    origins = {claim: plugin for claim, (plugin, _) in standing.items()}
    offered = {kind: {name: item for (of, name), (_, item) in standing.items() if of == kind} for kind in KINDS}
    return Catalog(
        **offered,
        plugins=(core.plugin, *(one.plugin for one in loaded if one.imported)),
        broken=tuple(sorted(broken, key=lambda one: (one.plugin, one.distribution))),
        contested=contested,
        origins=origins,
    )


def _installed() -> tuple[list[EntryPoint], list[Broken]]:
    """The entry points of every distribution on the path; of one that is there twice, the first is what is imported.

    Each distribution is read apart: `importlib.metadata.entry_points` ends at the first unreadable file of anybody.
    """
    seen: set[str] = set()
    found: list[EntryPoint] = []
    broken: list[Broken] = []
    for distribution in metadata.distributions():
        text, _ = _attempt(distribution.read_text, "entry_points.txt")
        if not text or not re.search(rf"^\s*\[\s*{GROUP}\s*\]", text, re.MULTILINE):
            continue
        name, version = _source(distribution)
        if _normal(name) in seen:
            continue
        seen.add(_normal(name))
        ours, why = _attempt(_ours, distribution)
        found += ours or []
        if why:
            broken.append(Broken("entry_points.txt", name, version, f"cannot be read: {why}"))
    return found, broken


def _ours(distribution: metadata.Distribution) -> list[EntryPoint]:
    return [entry_point for entry_point in distribution.entry_points if entry_point.group == GROUP]


def _in_order(entry_points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """By name, then distribution; what is found twice (a path that is listed twice) counts once."""
    keyed = {(one.name, _normal(_source(one.dist)[0]), one.value): one for one in reversed(list(entry_points))}
    return [keyed[key] for key in sorted(keyed)]


def _source(distribution: metadata.Distribution | None) -> tuple[str, str]:
    """Name and version of a distribution; damaged metadata gives "unknown", never an error."""
    if distribution is None:
        return "unknown", ""
    fields, _ = _attempt(lambda: (distribution.metadata["Name"], distribution.metadata["Version"]))
    name, version = fields or (None, None)
    return name or "unknown", version or ""


def _normal(distribution: str) -> str:
    """Distribution names are equal up to case and kind of separator."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _core() -> _Loaded:
    """What xlbench brings itself."""
    from xlbench.boards import FORMATS
    from xlbench.runner import SERIAL

    items = (("engines", SERIAL), *(("boards", board) for board in FORMATS))
    return _Loaded(Plugin("core", "xlbench", __version__, offers=_names(items)), items)


def _load_one(entry_point: EntryPoint) -> _Loaded:
    plugin = Plugin(entry_point.name, *_source(entry_point.dist))
    offering, why = _attempt(entry_point.load)
    if why:
        return _Loaded(plugin, whys=(f"{entry_point.value} cannot be imported: {why}",), imported=False)
    looked, why = _attempt(_hooks_of, offering)
    if looked is None:
        return _Loaded(plugin, whys=(f"{entry_point.value} cannot be looked at: {why}",), imported=False)
    hooks, whys = looked
    items: list[tuple[str, Any]] = []
    for hook, implementation in hooks:
        good, flaws = _ask(hook, implementation)
        items += [(_kind(hook), item) for item in good]
        whys += flaws
    names = tuple(dict.fromkeys(hook for hook, _ in hooks))
    return _Loaded(dataclasses.replace(plugin, hooks=names, offers=_names(items)), tuple(items), tuple(whys))


def _kind(hook: str) -> str:
    return hook.removeprefix("xlbench_")


def _names(items: Iterable[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Kind -> names, for what a plugin offers."""
    names: dict[str, set[str]] = defaultdict(set)
    for kind, item in items:
        names[kind].add(item.name)
    return {kind: tuple(sorted(names[kind])) for kind in KINDS if kind in names}


def _hooks_of(offering: Any) -> tuple[list[tuple[str, Any]], list[str]]:
    """The hook implementations of a plugin's object, in the order of `HOOKS`, and what is wrong with others."""
    manager = pluggy.PluginManager(GROUP)
    marked: dict[str, Mapping[str, Any]] = {}
    whys: list[str] = []
    for attribute in dir(offering):
        options, why = _attempt(manager.parse_hookimpl_opts, offering, attribute)
        if why:
            whys.append(f"{attribute} cannot be looked at: {why}")
        elif options is not None:
            marked[attribute] = options
        elif attribute in HOOKS and inspect.isroutine(getattr(offering, attribute)):
            whys.append(f"{attribute} is not marked with @xlbench.hookimpl, so it is never asked")
    if not marked and not whys:
        whys.append("offers nothing: it has no function that is marked with @xlbench.hookimpl")
    hooks = {attribute: str(options.get("specname") or attribute) for attribute, options in marked.items()}
    misfits = {attribute: _misfit(hook, marked[attribute]) for attribute, hook in hooks.items()}
    whys += [why for why in misfits.values() if why]
    found = [(hook, getattr(offering, name)) for name, hook in hooks.items() if hook in HOOKS and not misfits[name]]
    return sorted(found, key=lambda one: HOOKS.index(one[0])), whys


def _misfit(hook: str, options: Mapping[str, Any]) -> str:
    """Why a marked function is no implementation of a hook, or the empty string."""
    if options.get("wrapper") or options.get("hookwrapper"):
        return f"{hook} is marked as a wrapper: every hook is asked alone, so there is nothing to wrap"
    if hook in HOOKS or options.get("optionalhook"):  # "optional": for versions of xlbench that know more hooks
        return ""
    return f"{hook} is not a hook.{did_you_mean(hook, HOOKS)} The hooks are {', '.join(HOOKS)}"


def _ask(hook: str, implementation: Any) -> tuple[list[Any], list[str]]:
    """Call one implementation, alone, to its end: (items without flaw, what is wrong).

    One that raises half-way offers nothing: half of a list is not what its author meant to offer.
    """
    kind = _kind(hook)
    manager, why = _attempt(_alone, hook, implementation)
    if manager is None:
        return [], [f"{hook} does not fit its hook: {why}"]
    results, why = _attempt(getattr(manager.hook, hook))
    if why:
        return [], [f"{hook} raised {why}"]
    result = results[0] if results else None  # pluggy leaves None out
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        return [], [f"{hook} returned {type(result).__name__}, not an iterable of {KINDS[kind].__name__}"]
    items, why = _attempt(_exhausted, result)  # a generator raises here
    if items is None:
        return [], [f"{hook} raised {why}"]
    flaws = [_flaw_of(kind, item) for item in items]
    good = [item for item, flaw in zip(items, flaws, strict=True) if not flaw]
    return good, [f"{hook} offers something unusable: {flaw}" for flaw in dict.fromkeys(flaws) if flaw]


def _exhausted(result: Iterable[Any]) -> list[Any]:
    return list(result)


def _alone(hook: str, implementation: Any) -> pluggy.PluginManager:
    """A manager that knows this implementation only, checked against the hook's arguments."""
    manager, plugin = pluggy.PluginManager(GROUP), ModuleType("plugin")
    manager.add_hookspecs(Hooks)
    setattr(plugin, hook, implementation)
    manager.register(plugin, "plugin")
    return manager


# ---- checking

_CALLABLE: Mapping[str, tuple[str, ...]] = {
    "models": ("load",), "tasks": ("subsets", "evaluate"), "schemes": ("matches",), "engines": ("map",),
    "boards": ("render",),
}  # fmt: skip
_TUPLES: Mapping[str, tuple[str, type]] = {
    "models": ("trained_on", str), "tasks": ("metrics", Metric), "suites": ("tasks", str),
    "schemes": ("options", Option),
}  # fmt: skip
_TEXTS = ("description", "licence", "data", "citation", "home", "settings")


def _flaw_of(kind: str, item: Any) -> str:
    """`_flaw` of an item that may raise when it is looked at."""
    flaw, why = _attempt(_flaw, kind, item, check_name)
    return flaw if flaw is not None else f"it cannot be looked at: {why}"


def _flaw(kind: str, item: Any, check: Callable[[str, object], str]) -> str:
    """What makes an item unusable for everybody who reads the catalog, or the empty string."""
    if not isinstance(item, KINDS[kind]):
        return f"{reprlib.repr(item)} is a {type(item).__name__}, not a {KINDS[kind].__name__}"
    try:
        check(_ONE[kind], item.name)
        if kind == "tasks":
            check_name("area", getattr(item, "area", None))
    except UsageError as error:
        return str(error)
    wrong = [f"{name} must be a function" for name in _CALLABLE.get(kind, ()) if not callable(getattr(item, name))]
    wrong += [f"{name} must be text" for name in _TEXTS if not isinstance(getattr(item, name, ""), str)]
    name, of = _TUPLES.get(kind, ("name", object))
    members = getattr(item, name)
    if kind in _TUPLES and not (isinstance(members, tuple) and all(isinstance(member, of) for member in members)):
        wrong.append(f"{name} must be a tuple of {of.__name__}")
    if isinstance(item, Task) and item.metrics == ():
        wrong.append("metrics must not be empty")
    if isinstance(item, Scheme) and item.model is None and item.tasks is None:
        wrong.append("it makes neither a model nor tasks")
    return f"{_ONE[kind]} {item.name!r}: {'; '.join(wrong)}" if wrong else ""


def _check_label(kind: str, name: object) -> str:
    """What a scheme makes may be called as its spec is, slashes and all, but must fit on one line of a table."""
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= 500:
        raise UsageError(f"{kind} name {name!r} must be one line of at most 500 characters")
    return name


def _settle(
    core: _Loaded, loaded: Sequence[_Loaded]
) -> tuple[dict[tuple[str, str], tuple[Plugin, Any]], dict[tuple[str, str], tuple[Plugin, ...]], list[Broken]]:
    """Who owns each (kind, name): one claimant does, several do not; what is built in cannot be taken."""
    claims: dict[tuple[str, str], list[tuple[Plugin, Any]]] = defaultdict(list)
    for one in (core, *loaded):
        for kind, item in one.items:
            claims[kind, item.name].append((one.plugin, item))
    standing, contested, usurped = {}, {}, []
    for claim in sorted(claims):
        first, *others = claims[claim]
        if not others or first[0] is core.plugin:
            standing[claim] = first
            why = f"the {_ONE[claim[0]]} name {claim[1]!r} is taken: it is built in"
            usurped += [_broken(plugin, why) for plugin, _ in others]
        else:
            contested[claim] = tuple(plugin for plugin, _ in claims[claim])
    return standing, contested, usurped


def _broken(plugin: Plugin, why: str) -> Broken:
    return Broken(plugin.name, plugin.distribution, plugin.version, why)


# ---- isolation


def _attempt(action: Callable[..., T], *arguments: Any) -> tuple[T | None, str]:
    """(result, "") of foreign code, or (None, what it raised). SystemExit and a Rust library's panic count, too."""
    try:
        return action(*arguments), ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - foreign code may raise anything, and takes nothing else down
        return None, _told(error)


def _told(error: BaseException) -> str:
    """One line: the kind of error, what it says, and where in the foreign code it was raised."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an error whose text cannot be made is still an error
        said = ""
    told = f"{type(error).__name__}: {said}" if said else type(error).__name__
    machinery = ("<frozen", os.path.dirname(importlib.__file__), os.path.dirname(pluggy.__file__), __file__)
    places = [
        f"{os.path.basename(frame.f_code.co_filename)}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(machinery)
    ]
    return f"{told} ({places[-1]})" if places else told
