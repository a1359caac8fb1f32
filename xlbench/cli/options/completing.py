"""Answers a shell that asks what may come next: commands, options, and names of models, tasks, languages and others.

Nothing but the answer is ever printed: what goes wrong (a plugin, the configuration) is no answer.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem, shell_complete, split_arg_string

from xlbench.cli.options import settings, settings_file
from xlbench.cli.options.arguments import config_of, plugins_of
from xlbench.cli.options.plugins import choose
from xlbench.cli.options.settings import long_name
from xlbench.core.errors import UsageError
from xlbench.core.plugin_choice import PluginChoice, choosing

OPTIONS = {
    "area": "areas", "engine": "engines", "format": "boards", "language": "languages", "model": "models",
    "plugin": "plugins", "suite": "suites", "task": "tasks",
}  # fmt: skip
"""Option -> what its values are names of."""
ARGUMENTS = {("list", "noun"): "nouns", ("list", "names"): "listed", ("plugins check", "names"): "plugins"}
"""Command and argument -> the same."""
NOUNS = ("models", "tasks", "suites", "areas")
FILES = (".", "/", "~")
"""How paths begin, where a card or a file may stand in the place of a name."""


def complete(group: click.Group, variable: str, instruction: str) -> int:
    """Print what may come next, in the way of the shell that asks.

    Args:
        group: All commands.
        variable: The variable of the environment by which the shell asks.
        instruction: Its value.

    Returns:
        The exit code: 0, or 1 where there is no answer.
    """
    offer_names(group, "")
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            arguments = split_arg_string(os.environ.get("COMP_WORDS", ""))[1:]
            with choosing(_choice(arguments)):
                return shell_complete(group, {}, "xlbench", variable, instruction)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - in the middle of somebody's line, nothing else may be printed
            return 1


def _choice(arguments: list[str]) -> PluginChoice:
    """The plugins that the command would load; where that is wrong, none but those that come with xlbench."""
    try:
        path, _ = settings_file.find(config_of(arguments))
        lists = settings.plugin_lists(settings_file.read(path)) if path else {}
        return choose(plugins_of(arguments), lists, dict.fromkeys(lists, "")).choice
    except UsageError:
        return PluginChoice(())


def offer_names(command: click.Command, name: str) -> None:
    """Let the options and arguments of a command, and of those below it, complete names."""
    for param in command.params:
        own = long_name(param)
        is_option = isinstance(param, click.Option)
        kind = OPTIONS.get(own) if is_option else ARGUMENTS.get((name, own))
        if kind is not None and isinstance(param.type, click.types.StringParamType):
            param.type = Name(kind)
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            offer_names(one, f"{name} {below}")


class Name(click.types.StringParamType):
    """A text that is the name of something."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, with what they are; of what begins as a path, the shell's own files."""
        kind = str(ctx.params.get("noun")) if self.kind == "listed" else self.kind
        if kind in ("models", "tasks") and incomplete.startswith(FILES):
            return [CompletionItem(incomplete, type="file")]
        with contextlib.redirect_stdout(None):
            found = list(_names(kind))
        return [CompletionItem(name, help=text) for name, text in found if name.startswith(incomplete)]


def _names(kind: str) -> Iterator[tuple[str, str]]:
    """The names of a kind, each with a line about it."""
    if kind == "nouns":
        yield from ((noun, "") for noun in NOUNS)
        return
    if kind == "plugins":
        from xlbench.catalog.entry_points import installed_plugins

        yield from ((one.name, f"{one.distribution} {one.version}".strip()) for one in installed_plugins())
        return
    from xlbench.catalog.loading import load

    catalog = load()
    if kind == "languages":
        yield from ((code, "") for code in sorted({code for one in catalog.tasks.values() for code in one.languages}))
    elif kind == "areas":
        yield from ((area, "") for area in sorted({task.area for task in catalog.tasks.values()}))
    elif kind in ("boards", "engines", "models", "suites", "tasks"):
        items: Any = getattr(catalog, kind)
        yield from ((name, one.description) for name, one in items.items())
