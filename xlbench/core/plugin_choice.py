"""Which of the installed plugins are loaded: all of them, or those alone that somebody wants; and none that is denied.

Kept in environment variables, which worker processes inherit; jobs carry it to those that do not.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

OWN = "xlbench"
"""The distribution whose plugins are wanted unless they are denied: without them there is nothing to measure."""
NO_PLUGINS, PLUGINS, DENY_PLUGINS = "XLBENCH_NO_PLUGINS", "XLBENCH_PLUGINS", "XLBENCH_DENY_PLUGINS"
VARIABLES = (NO_PLUGINS, PLUGINS, DENY_PLUGINS)
_YES = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class PluginChoice:
    """The plugins that are wanted and those that are denied, by their names or those of their distributions."""

    wanted: tuple[str, ...] | None = None
    """Beside those that come with xlbench; None: all, (): no other."""
    denied: tuple[str, ...] = ()
    """Never loaded, whoever wants them; those that come with xlbench can be among them."""

    def why_not(self, plugin: str, distribution: str) -> str:
        """Why a plugin is not loaded, or the empty string."""
        names = {plugin, normalized(distribution)}
        if names & {*self.denied, *map(normalized, self.denied)}:
            return f"denied by {DENY_PLUGINS} or 'deny' in the configuration"
        if self.wanted is None or normalized(distribution) == OWN:
            return ""
        if names & {*self.wanted, *map(normalized, self.wanted)}:
            return ""
        return f"not among those wanted ({', '.join(self.wanted)})" if self.wanted else "no plugins are wanted"


def normalized(distribution: str) -> str:
    """Names of distributions are equal up to case and kind of separator."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def chosen() -> PluginChoice:
    """What the environment says."""
    wanted = _names(PLUGINS) or None
    if os.environ.get(NO_PLUGINS, "").strip().lower() in _YES:
        wanted = ()
    return PluginChoice(wanted, _names(DENY_PLUGINS))


def _names(variable: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in os.environ.get(variable, "").split(",") if (name := part.strip())))


@contextlib.contextmanager
def choosing(choice: PluginChoice) -> Iterator[None]:
    """Load only what this choice lets pass, here and in processes that are started, until the end of the ``with``.

    What the environment denies stays denied: who owns a machine has a say in what runs on it.
    """
    choice = replace(choice, denied=tuple(dict.fromkeys((*choice.denied, *chosen().denied))))
    before = {name: os.environ.get(name) for name in VARIABLES}
    wanted = {
        NO_PLUGINS: "1" if choice.wanted == () else "",
        PLUGINS: ",".join(choice.wanted or ()),
        DENY_PLUGINS: ",".join(choice.denied),
    }
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
