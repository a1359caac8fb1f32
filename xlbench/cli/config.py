"""``xlbench.toml`` in the current folder: defaults for the options of commands, a table a command.

[run]
data = "/data/xlbench"
model = ["ngram", "random"]
ci = "bootstrap"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from xlbench.errors import UsageError
from xlbench.names import did_you_mean

FILE = Path("xlbench.toml")


def defaults(commands: click.Group, ctx: click.Context) -> dict[str, dict[str, Any]]:
    """The file as click's default map; empty where there is no file, `UsageError` for what no option takes."""
    try:
        tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{FILE}: {error}") from None
    names = commands.list_commands(ctx)
    for name in tables:
        if name not in names or not isinstance(tables[name], dict):
            raise UsageError(f"{FILE}: [{name}] is no command.{did_you_mean(name, names)}")
    return {name: _checked(commands, ctx, name, table) for name, table in tables.items()}


def _checked(commands: click.Group, ctx: click.Context, name: str, table: dict[str, Any]) -> dict[str, Any]:
    command = commands.get_command(ctx, name)
    assert command is not None
    options = {_long(option): option for option in command.params if isinstance(option, click.Option)}
    values = {}
    for key, value in table.items():
        if key not in options:
            raise UsageError(f"{FILE}: [{name}] has no option {key!r}.{did_you_mean(key, options)}")
        option = options[key]
        if option.multiple != isinstance(value, list):
            raise UsageError(f"{FILE}: [{name}] {key} must be {'a list' if option.multiple else 'one value'}")
        values[str(option.name)] = value
    return values


def _long(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")
