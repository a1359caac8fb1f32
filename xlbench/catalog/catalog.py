"""The catalog: models, tasks and other items that the installed plugins offer, looked up by name or spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from xlbench.catalog.checking import SINGULAR, attempt, check_label, error_line, flaw_in
from xlbench.catalog.hooks import BoardFormat, Engine, Recipe, Scheme
from xlbench.core.errors import UsageError, XlbenchError
from xlbench.core.ids import check_name
from xlbench.core.model import Model
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.task import Suite, Task
from xlbench.core.text import did_you_mean, nearest

GROUP = "xlbench"
"""The entry-point group; also the name of the pluggy project."""


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


@dataclass(frozen=True)
class ShutOut(Broken):
    """A plugin that is installed and, by choice, not loaded: what it offers is not known."""


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
    recipes: Mapping[str, Recipe]
    plugins: tuple[Plugin, ...]
    """The core itself (``core``, for what is built in), then those that could be loaded, by name and distribution."""
    broken: tuple[Broken, ...]
    contested: Mapping[tuple[str, str], tuple[Plugin, ...]]
    """(kind, name) -> the plugins that claim it: it belongs to none of them."""
    origins: Mapping[tuple[str, str], Plugin]
    """(kind, name) -> the plugin that offers it."""
    shut_out: tuple[ShutOut, ...] = ()
    """The plugins that are installed and not loaded, as somebody has chosen."""

    def warnings(self) -> tuple[str, ...]:
        """A line for everything that is broken or contested, for the end of a run."""
        contested = (f"{self._claim(kind, name)}: it can be used from none of them" for kind, name in self.contested)
        return (*(f"{broken.label}: {broken.why}" for broken in self.broken), *contested)

    def select_models(self, specs: OneOrMore[str]) -> tuple[Model, ...]:
        """The models that ``specs`` mean, in their order, each once; without specs, those with ``in_suites``.

        A spec is a name, a pattern of names (``ngram*``; contested names are passed over) or something that exactly
        one scheme knows (``hf:NAME``). Raises `UsageError` for anything else.
        """
        if specs:
            wanted = dict.fromkeys(as_list(specs))
            return _distinct("model", [model for spec in wanted for model in self._pick("models", spec)])
        small = tuple(model for model in self.models.values() if model.in_suites)
        if not small:
            raise UsageError(f"no plugin offers a model for suites: name one; see 'xlbench list models'.{self._hint()}")
        return small

    def select_tasks(self, specs: OneOrMore[str], suite: str | None = None) -> tuple[Task, ...]:
        """The tasks of ``suite``, then those that ``specs`` mean (names, patterns, ``./card.toml``), each once.

        Raises `UsageError` where one does not exist, or neither a suite nor a task is named.
        """
        if suite is None and not specs:
            raise UsageError("name a task or a suite; see 'xlbench list tasks' and 'xlbench list suites'")
        of_suite = self._of_suite(self.select_suite(suite)) if suite is not None else []
        named = [task for spec in dict.fromkeys(as_list(specs)) for task in self._pick("tasks", spec)]
        return _distinct("task", [*of_suite, *named])

    def select_suite(self, name: str) -> Suite:
        """The suite of that name or spec; `UsageError` where there is none, or two plugins claim it."""
        known = name in self.suites or ("suites", name) in self.contested
        scheme = None if known else self.scheme_for("suites", name)
        suite: Suite = self._make_from_spec(scheme, "suites", name)[0] if scheme else self._find_by_name("suites", name)
        return suite

    def select_engine(self, name: str) -> Engine:
        """The engine of that name; `UsageError` where there is none, or two plugins claim it."""
        engine: Engine = self._find_by_name("engines", name)
        return engine

    def select_recipe(self, name: str) -> Recipe:
        """The recipe of that name; `UsageError` where there is none, or two plugins claim it."""
        recipe: Recipe = self._find_by_name("recipes", name)
        return recipe

    def _of_suite(self, suite: Suite) -> list[Task]:
        if self.suites.get(suite.name) is not suite:  # a scheme has made it
            return [task for spec in suite.tasks for task in self._pick("tasks", spec)]
        for name in suite.tasks:
            whose = f"suite {suite.name!r} of {self.origins['suites', suite.name].label}"
            if ("tasks", name) in self.contested:
                raise UsageError(f"{whose} needs a task that belongs to nobody: {self._claim('tasks', name)}")
            if name not in self.tasks:
                guess = did_you_mean(name, self.tasks)
                raise UsageError(f"{whose} names the task {name!r}, which no plugin offers.{guess}{self._hint()}")
        return [self.tasks[name] for name in suite.tasks]

    def _find_by_name(self, kind: str, name: str) -> Any:
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
        scheme = self.scheme_for(kind, spec)
        if scheme is None:
            raise self._unknown(kind, spec)
        return self._make_from_spec(scheme, kind, spec)

    def scheme_for(self, kind: str, spec: str) -> Scheme | None:
        """The scheme that says yes to ``spec``. One that raises instead of saying no does not hinder another."""
        yes, failures = [], []
        for scheme in self._schemes_of(kind):
            answer, failure = attempt(scheme.matches, spec)
            if answer:
                yes.append(scheme)
            elif failure:
                failures.append(f"{self._name_with_origin('schemes', scheme.name)} cannot tell: {failure}")
        if len(yes) > 1:
            both = " and ".join(self._name_with_origin("schemes", scheme.name) for scheme in yes)
            raise UsageError(f"{spec!r} is claimed by two schemes: {both}")
        if failures and not yes:
            raise UsageError(f"nobody knows what {SINGULAR[kind]} {spec!r} is; {'; '.join(failures)}")
        return yes[0] if yes else None

    def _schemes_of(self, kind: str) -> list[Scheme]:
        return [scheme for scheme in self.schemes.values() if self._maker(scheme, kind) is not None]

    def _maker(self, scheme: Scheme, kind: str) -> Callable[[str], Any] | None:
        if kind == "models" and scheme.combine is not None:
            combine = scheme.combine
            return lambda spec: combine(spec, self)
        return {"models": scheme.model, "tasks": scheme.tasks, "suites": scheme.suites}[kind]

    def _make_from_spec(self, scheme: Scheme, kind: str, spec: str) -> list[Any]:
        """What a scheme makes of a spec. The line of its own `XlbenchError` says best what is wrong."""
        who, make = self._name_with_origin("schemes", scheme.name), self._maker(scheme, kind)
        assert make is not None
        try:
            items = _as_tuple(make(spec))
        except (KeyboardInterrupt, UsageError):
            raise
        except XlbenchError as error:  # a damaged file of what was named: the command cannot be carried out as given
            raise UsageError(str(error)) from error
        except BaseException as error:
            raise UsageError(f"{who} cannot make anything of {spec!r}: {error_line(error)}") from error
        if not items:
            raise UsageError(f"{who} finds no {SINGULAR[kind]} in {spec!r}")
        for item in items:
            flaw = flaw_in(kind, item, check_name if kind == "suites" else check_label)
            if flaw:
                raise UsageError(f"{who} makes something unusable of {spec!r}: {flaw}")
        return items

    def _unknown(self, kind: str, name: str) -> UsageError:
        known, (bare, mark, _) = getattr(self, kind), name.partition("?")
        if mark and bare in known:
            able = "; 'xlbench list models --options' shows which have some" if kind == "models" else ""
            return UsageError(
                f"the {SINGULAR[kind]} {bare!r} has no settings: give {bare!r} without {name[len(bare) :]!r}{able}"
            )
        guess = did_you_mean(bare, known)
        see = f"xlbench list {kind}" if kind in ("models", "tasks", "suites") else "xlbench plugins"
        see = "xlbench train" if kind == "recipes" else see
        schemes = ""
        if kind in ("models", "tasks", "suites") and re.search(r"[:/\\]|\.[A-Za-z]+$", name):
            able = ", ".join(scheme.name for scheme in self._schemes_of(kind)) or "none"
            schemes = f" No scheme knows it either (schemes for {kind}: {able})."
            guess = guess or self._nearest_scheme(kind, name)
        return UsageError(f"there is no {SINGULAR[kind]} {name!r}.{guess}{schemes} See '{see}'.{self._hint()}")

    def _nearest_scheme(self, kind: str, spec: str) -> str:
        """What a spec may have been meant to be, where the name of its scheme is misspelled."""
        wrong, colon, rest = spec.partition(":")
        near = nearest(wrong, [scheme.name for scheme in self._schemes_of(kind)]) if colon else ()
        return f" Did you mean {' or '.join(repr(f'{name}:{rest}') for name in near)}?" if near else ""

    def _hint(self) -> str:
        """That the name may belong to something broken, or to a plugin that is not loaded, where there is one."""
        lost = [broken.plugin for broken in self.broken]
        lost += [f"scheme {name}" for kind, name in self.contested if kind == "schemes"]
        maybe = [f"to what is broken ({', '.join(dict.fromkeys(lost))})"] if lost else []
        out = ", ".join(dict.fromkeys(one.plugin for one in self.shut_out))
        maybe += [f"to a plugin that is not loaded ({out}; {self.shut_out[0].why})"] if out else []
        return f" It may belong {' or '.join(maybe)}: see 'xlbench plugins'." if maybe else ""

    def _claim(self, kind: str, name: str) -> str:
        labels = list(dict.fromkeys(plugin.label for plugin in self.contested[kind, name]))
        who = f"more than once by {labels[0]}" if len(labels) == 1 else f"by {' and '.join(labels)}"
        return f"{SINGULAR[kind]} {name!r} is claimed {who}"

    def _name_with_origin(self, kind: str, name: str) -> str:
        return f"{SINGULAR[kind]} {name!r} of {self.origins[kind, name].label}"


def _as_tuple(offered: Any) -> list[Any]:
    """What a scheme has made, one thing or an iterable of things."""
    alone = isinstance(offered, Model | Suite | str | bytes | Mapping) or not isinstance(offered, Iterable)
    return [offered] if alone else list(offered)


def _distinct(one: str, items: Iterable[Any]) -> tuple[Any, ...]:
    """Each once, in order; two different ones under one name would share their results."""
    by_name: dict[str, Any] = {}
    for item in items:
        if by_name.setdefault(item.name, item) is not item:
            raise UsageError(f"two different {one}s are called {item.name!r}: choose one of them")
    return tuple(by_name.values())
