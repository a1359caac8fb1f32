"""What is done before any command: the configuration file is read, and plugins and the cache are chosen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from xlbench.cli.options import settings, settings_file
from xlbench.cli.options.plugins import SourcedChoice, choose
from xlbench.cli.options.settings_file import SettingsFile
from xlbench.core.errors import UsageError
from xlbench.core.plugin_choice import choosing
from xlbench.core.text import one_line

CACHE = "XLBENCH_CACHE"


@dataclass(frozen=True)
class Begun:
    """What holds for a command, and where it is from; in ``ctx.meta``, for the commands that show it."""

    file: SettingsFile | None
    not_used: str
    """Why the configuration file that is there is not used, or ""."""
    plugins: SourcedChoice
    shared: dict[str, Any] = field(default_factory=dict)
    """What the file says for all commands."""
    cache_from: str = "default"
    wrong: str = ""
    """What is wrong with the configuration, of which then nothing holds."""


def begin(ctx: click.Context, config: str | None, plugins: Sequence[str] | None) -> None:
    """Make the configuration hold until the end of the command.

    Args:
        ctx: The context of all commands; it gets the defaults of options as its default map.
        config: The configuration file, where the command line names one.
        plugins: The plugins of the command line; None: it says nothing.

    Raises:
        UsageError: Something in it is wrong; but the command that says what is wrong goes on.
    """
    try:
        _begin(ctx, config, plugins)
    except UsageError as error:
        if ctx.invoked_subcommand != "doctor":
            raise
        ctx.meta[__name__] = Begun(None, "", choose(None, {}, {}), wrong=str(error))


def _begin(ctx: click.Context, config: str | None, plugins: Sequence[str] | None) -> None:
    path, not_used = settings_file.find(config)
    file = settings_file.read(path) if path else None
    if not_used:
        from xlbench.cli.output.printing import echo

        echo(f"xlbench: {one_line(not_used)}", err=True)
    lists = settings.plugin_lists(file) if file else {}
    where = {key: file.where(settings.PLUGINS, key) for key in lists} if file else {}
    choice = choose(plugins, lists, where)
    if plugins is not None or lists:
        ctx.with_resource(choosing(choice.choice))
    shared = settings.shared(file) if file else {}
    cache_from = f"environment {CACHE}" if os.environ.get(CACHE) else "default"
    if file and cache_from == "default" and settings.CACHE_FOLDER in shared:
        cache_from = file.where(settings.CACHE_FOLDER)
        ctx.with_resource(_cache(os.path.abspath(shared[settings.CACHE_FOLDER])))
    ctx.meta[__name__] = Begun(file, not_used, choice, shared, cache_from)
    if file:
        ctx.default_map = defaults_of(ctx, ctx.invoked_subcommand or "")


def begun(ctx: click.Context) -> Begun:
    """What `begin` has found."""
    found: Begun = ctx.meta[__name__]
    return found


def defaults_of(ctx: click.Context, command: str) -> dict[str, Any]:
    """The default map of the configuration file, with what it says for all commands in that of one command."""
    found, commands = begun(ctx), ctx.command
    assert isinstance(commands, click.Group)
    assert found.file is not None
    tables = settings.defaults(found.file, commands, ctx)
    one = commands.get_command(ctx, command) if found.shared else None
    return settings.merged(tables, {command: settings.shared_defaults(one, found.shared)}) if one else tables


@contextlib.contextmanager
def _cache(folder: str) -> Iterator[None]:
    """The cache lies in this folder, in processes that are started, too."""
    os.environ[CACHE] = folder
    try:
        yield
    finally:
        os.environ.pop(CACHE, None)
