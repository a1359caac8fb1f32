"""``xlbench config``: what the options of commands are by default, and where each value is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click
from click.core import ParameterSource

from xlbench.cli.options.begin import Begun, begun, defaults_of
from xlbench.cli.options.settings import CACHE_FOLDER, long_name
from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import UsageError
from xlbench.core.tables import table
from xlbench.core.text import did_you_mean

SCHEMA = 1
Row = dict[str, Any]


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench config show                  the file, the plugins, the cache, and what the file sets\n"
    "  xlbench config show run              every option of a command\n"
    "  xlbench config show gate run --json  the same for programs"
)
def command() -> None:
    """Show what options are by default: by the environment, the configuration file, or xlbench itself."""


@command.command(
    short_help="Print what holds, and where it is from.",
    epilog="\b\nExamples:\n"
    "  xlbench config show\n"
    "  xlbench config show run\n"
    "  xlbench --config other.toml config show run",
)
@click.argument("names", nargs=-1, metavar="[COMMAND]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
@click.pass_context
def show(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Print the configuration file and what it sets; of COMMAND, the value of every option, and where it is from.

    What a command line gives comes first, then the environment, then the file, then the default of xlbench.
    """
    root = ctx.find_root()
    found = begun(root)
    rows = list(_of_command(root, names) if names else [*_of_all(found), *_of_file(root, found)])
    file = str(found.file.path) if found.file else None
    if as_json:
        echo_json({"schema": SCHEMA, "file": file, "not_used": found.not_used, "settings": rows})
        return
    nothing = (
        "there is no configuration file: no xlbench.toml, and no pyproject.toml with [tool.xlbench], here or above"
    )
    echo(f"configuration file: {file}" if file else found.not_used or nothing)
    echo()
    echo(
        table(["setting", "value", "from"], [[_setting(row), _text(row["value"]), row["from"]] for row in rows], "lll")
    )


def _setting(row: Row) -> str:
    return " ".join(part for part in (row["command"], row["option"]) if part)


def _of_all(found: Begun) -> Iterator[Row]:
    """What holds for every command: plugins, the cache, and what the file says above its tables."""
    from xlbench.encoding.cache import default_folder

    choice = found.plugins.choice
    wanted = "all" if choice.wanted is None else list(choice.wanted)
    yield _row("", "plugins allow", wanted, found.plugins.wanted_from)
    yield _row("", "plugins deny", list(choice.denied), found.plugins.denied_from)
    yield _row("", CACHE_FOLDER, str(default_folder()), found.cache_from)
    for key, value in found.shared.items():
        if found.file and key != CACHE_FOLDER:
            yield _row("", key, value, found.file.where(key))


def _of_file(root: click.Context, found: Begun) -> Iterator[Row]:
    """What the tables of the file set, whatever else gives the options other values."""
    if found.file is None:
        return
    for name, given in found.file.tables.items():
        if isinstance(given, dict):  # the folder `results` stands above the tables, and is no table of that command
            yield from _of_table(root, [name], root.default_map.get(name, {}) if root.default_map else {}, found)


def _of_table(root: click.Context, names: Sequence[str], values: dict[str, Any], found: Begun) -> Iterator[Row]:
    assert found.file is not None
    command = _find(root, names)
    given: Any = found.file.tables
    for name in names:
        given = given.get(name, {})
    for key, value in given.items():
        if isinstance(value, dict):
            yield from _of_table(root, [*names, key], values.get(key, {}), found)
            continue
        own = next((param.name for param in command.params if long_name(param) == key), None)
        if own in values:  # the lists of [plugins] are no options
            yield _row(" ".join(names), key, values[str(own)], found.file.where(*names, key))


def _of_command(root: click.Context, names: Sequence[str]) -> Iterator[Row]:
    """Every option of a command, and each argument that may be left out."""
    command, found = _find(root, names), begun(root)
    values: Any = defaults_of(root, names[0]) if found.file else {}
    ctx = root
    for at, name in enumerate(names):
        values = values.get(name, {})
        ctx = click.Context(_find(root, names[: at + 1]), parent=ctx, info_name=name, resilient_parsing=True)
    ctx.default_map = values
    for param in command.params:
        if not param.expose_value or param.required:
            continue
        value, source = param.consume_value(ctx, {})
        if source is ParameterSource.DEFAULT:
            value = param.get_default(ctx, call=True)
        yield _row(" ".join(names), long_name(param), _plain(value), _source(param, source, names, found))


def _source(param: click.Parameter, source: ParameterSource, names: Sequence[str], found: Begun) -> str:
    if source is ParameterSource.ENVIRONMENT:
        variables = [param.envvar] if isinstance(param.envvar, str) else [*(param.envvar or ())]
        return f"environment {' or '.join(variables)}"
    if source is not ParameterSource.DEFAULT_MAP or found.file is None:
        return "default"
    key, own = long_name(param), found.file.tables
    for name in names:
        own = own.get(name, {}) if isinstance(own, dict) else {}
    if isinstance(own, dict) and key in own:
        return found.file.where(*names, key)
    return found.file.where(key if key in found.shared else "results")


def _find(root: click.Context, names: Sequence[str]) -> click.Command:
    command: click.Command = root.command
    for at, name in enumerate(names):
        below = command.get_command(root, name) if isinstance(command, click.Group) else None
        if below is None:
            known = command.list_commands(root) if isinstance(command, click.Group) else []
            guess = did_you_mean(name, known)
            raise UsageError(f"there is no command {' '.join(names[: at + 1])!r}.{guess} See 'xlbench --help'.")
        command = below
    return command


def _row(command: str, option: str, value: Any, source: str) -> Row:
    return {"command": command, "option": option, "value": value, "from": source}


def _plain(value: Any) -> Any:
    """A value of an option as JSON has it; None where it has none."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    text = str(value)
    return None if "UNSET" in text else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "-"
    return "-" if value in (None, "") else str(value)
