"""``xlbench.toml`` in the current folder: defaults for the options of commands, a table a command.

[run]
data = "/data/xlbench"
model = ["ngram", "random"]
ci = "bootstrap"

[gate.run]
baseline = "baseline.xlpack"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from xlbench.core.errors import UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml
from xlbench.core.text import did_you_mean

FILE = Path("xlbench.toml")


def defaults(commands: click.Group, ctx: click.Context) -> dict[str, dict[str, Any]]:
    """The file as click's default map; empty where there is no file, `UsageError` for what no option takes."""
    try:
        check_regular(FILE, LARGEST_TOML)
        tables = parse_toml(FILE.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{FILE} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{FILE} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{FILE} is not valid TOML: {error}") from None
    names = commands.list_commands(ctx)
    for name in tables:
        if name not in names or not isinstance(tables[name], dict):
            raise UsageError(
                f"{FILE}: {name!r} is no table of a command.{did_you_mean(name, names)} "
                f"There are {', '.join(f'[{known}]' for known in names)}"
            )
    return {name: _check_table(commands, ctx, name, table) for name, table in tables.items()}


def _check_table(commands: click.Group, ctx: click.Context, name: str, table: dict[str, Any]) -> dict[str, Any]:
    command = commands.get_command(ctx, name)
    assert command is not None
    options = {_long_name(option): option for option in command.params if isinstance(option, click.Option)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(command, click.Group) and isinstance(value, dict) and key in command.list_commands(ctx):
            values[key] = _check_table(command, ctx, key, value)
            continue
        if key not in options:
            raise UsageError(f"{FILE}: [{name}] has no option {key!r}.{did_you_mean(key, options)}")
        option = options[key]
        if isinstance(value, list) and not option.multiple:
            raise UsageError(f"{FILE}: [{name}] {key} must be one value")
        items = value if isinstance(value, list) else [value]
        for item in items:
            _check_type(option, item, f"{FILE}: [{name}] {key}")
        values[str(option.name)] = items if option.multiple else value
    return values


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


def _long_name(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")
