"""What the configuration file says, as defaults for the options of commands; and which plugins, and which cache.

[run]
data = "/data/xlbench"
model = ["ngram", "random"]
ci = "bootstrap"

[gate.run]
baseline = "baseline.xlpack"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xlbench.cli.options.settings_file import SettingsFile
from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean

CACHE_FOLDER = "cache-folder"
SHARED = {
    "boards": (str, "a string (in quotes)"),
    CACHE_FOLDER: (str, "a string (in quotes)"),
    "data": (str, "a string (in quotes)"),
    "offline": (bool, "true or false"),
    "results": (str, "a string (in quotes)"),
}
"""What may stand above all tables, for every command that has such an option -> its type, and that in words."""
PLUGINS, ALLOW, DENY = "plugins", "allow", "deny"
"""The table of the command that shows plugins, and what it has beside the command's options."""
_SPEC = re.compile(r"^(\w[\w.+-]*:)?(\.\.?/.*)$", re.DOTALL)
"""A path among texts: ``./card.toml``, ``../file.py:Class``, ``hf:./folder``."""


def shared(file: SettingsFile) -> dict[str, Any]:
    """What the file says above all tables, with its paths as seen from the current folder."""
    values = {}
    for key, value in file.tables.items():
        if isinstance(value, dict) or key not in SHARED:
            continue
        kind, wanted = SHARED[key]
        if not isinstance(value, kind):
            raise UsageError(f"{file.where(key)}: {key}: {value!r} is not {wanted}")
        values[key] = file.rebased(value) if isinstance(value, str) else value
    return values


def plugin_lists(file: SettingsFile) -> dict[str, tuple[str, ...]]:
    """The lists ``allow`` and ``deny`` of the table [plugins], those that are there."""
    table = file.tables.get(PLUGINS)
    lists = {}
    for key in (ALLOW, DENY):
        if not isinstance(table, dict) or key not in table:
            continue
        names = [table[key]] if isinstance(table[key], str) else table[key]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError(f"{file.where(PLUGINS, key)}: {file.label(PLUGINS)} {key} must be a list of names")
        lists[key] = tuple(names)
    return lists


def defaults(file: SettingsFile, commands: click.Group, ctx: click.Context) -> dict[str, Any]:
    """The file's tables as click's default map; `UsageError` for what no command and no option takes."""
    names = commands.list_commands(ctx)
    found = {}
    for name, table in file.tables.items():
        if name in names and isinstance(table, dict):
            own = {key: it for key, it in table.items() if name != PLUGINS or key not in (ALLOW, DENY)}
            found[name] = _Table(file, (name,)).of(_command(commands, ctx, name), ctx, own)
        elif isinstance(table, dict) or name not in SHARED:
            guess = did_you_mean(name, [*names, *SHARED])
            what = "table of a command" if isinstance(table, dict) or name in names else "setting of all commands"
            raise UsageError(
                f"{file.where(name)}: {name!r} is no {what}.{guess} There are {', '.join(SHARED)}, and the tables "
                f"{', '.join(file.label(known) for known in names)}"
            )
    return found


def shared_defaults(command: click.Command, values: Mapping[str, Any]) -> dict[str, Any]:
    """What stands above all tables as the default map of a command, and of those below it."""
    own: dict[str, Any] = {}
    for param in command.params:
        name = long_name(param)
        if isinstance(param, click.Argument) and "results" in values and _is_of_results(param):
            own[name] = [values["results"]] if param.nargs == -1 else values["results"]
        elif isinstance(param, click.Option) and name in values and (name != "data" or param.envvar):
            own[str(param.name)] = [values[name]] if param.multiple else values[name]
    if isinstance(command, click.Group):
        below = {name: shared_defaults(one, values) for name, one in command.commands.items()}
        own |= {name: of for name, of in below.items() if of}
    return own


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two default maps in one: what stands in both is the first's."""
    both = {**second, **first}
    for name, value in first.items():
        other = second.get(name)
        if isinstance(value, dict) and isinstance(other, dict):
            both[name] = merged(value, other)
    return both


def long_name(param: click.Parameter) -> str:
    """The name of an option without its dashes; an argument's own."""
    return max(param.opts, key=len).lstrip("-")


def _is_of_results(argument: click.Argument) -> bool:
    """Whether an argument is results folders, "results" where none is named."""
    return argument.name == "folders" or (isinstance(argument.default, Path) and str(argument.default) == "results")


def _command(commands: click.Group, ctx: click.Context, name: str) -> click.Command:
    command = commands.get_command(ctx, name)
    assert command is not None
    return command


class _Table:
    """A table of the file, and its keys from the top."""

    def __init__(self, file: SettingsFile, keys: tuple[str, ...]) -> None:
        self._file, self._keys = file, keys

    def of(self, command: click.Command, ctx: click.Context, table: Mapping[str, Any]) -> dict[str, Any]:
        """The table as the default map of a command."""
        options = {long_name(option): option for option in command.params if isinstance(option, click.Option)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if isinstance(command, click.Group) and isinstance(value, dict) and key in command.list_commands(ctx):
                below = _Table(self._file, (*self._keys, key))
                values[key] = below.of(_command(command, ctx, key), ctx, value)
                continue
            where = f"{self._file.where(*self._keys, key)}: {self._file.label(*self._keys)}"
            if key not in options:
                known = [*options, *((ALLOW, DENY) if self._keys == (PLUGINS,) else ())]
                raise UsageError(f"{where} has no option {key!r}.{did_you_mean(key, known)}")
            option = options[key]
            if isinstance(value, list) and not option.multiple:
                raise UsageError(f"{where} {key} must be one value")
            items = value if isinstance(value, list) else [value]
            for item in items:
                _check_type(option, item, f"{where} {key}")
            items = [self._rebased(option, item) for item in items]
            values[str(option.name)] = items if option.multiple else items[0]
        return values

    def _rebased(self, option: click.Option, value: Any) -> Any:
        """A value whose path, where it is one, is seen from the current folder."""
        if isinstance(value, str) and isinstance(option.type, click.Path):
            return self._file.rebased(value)
        if isinstance(value, str) and (path := _SPEC.match(value)):
            return (path[1] or "") + self._file.rebased(path[2])
        return value


def _check_type(option: click.Option, value: Any, where: str) -> None:
    """click converts what a shell gives, which is text; of a value that TOML has typed, it would take 1.5 for 1."""
    kinds: tuple[type, ...]
    if option.is_flag:
        kinds, wanted = (bool,), "true or false"
    elif isinstance(option.type, click.types.IntParamType):
        kinds, wanted = (int,), "a whole number"
    elif isinstance(option.type, click.types.FloatParamType):
        kinds, wanted = (int, float), "a number"
    else:
        kinds, wanted = (str,), "a string (in quotes)"
    if not isinstance(value, kinds) or isinstance(value, bool) != (kinds == (bool,)):
        raise UsageError(f"{where}: {value!r} is not {wanted}")
