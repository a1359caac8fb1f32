"""What a command line begins with: options of xlbench itself, then the command and what is its own."""

from __future__ import annotations

from collections.abc import Sequence

CONFIG, PLUGIN, NO_PLUGINS = "--config", "--plugin", "--no-plugins"
OF_THE_GROUP = ("--debug", NO_PLUGINS, PLUGIN, CONFIG)
"""Options that stand before the name of a command."""
_WITH_VALUE = (PLUGIN, CONFIG)


def from_command(arguments: Sequence[str]) -> list[str]:
    """The command and what follows it."""
    rest = [*arguments]
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in _WITH_VALUE else 1 :]
    return rest


def config_of(arguments: Sequence[str]) -> str | None:
    """The configuration file that a command line names, the last one of several; None: none."""
    named = _values_of(CONFIG, arguments)
    return named[-1] if named else None


def plugins_of(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """The plugins that a command line names, (): no others than those of xlbench; None: it says nothing."""
    named = _values_of(PLUGIN, arguments)
    return tuple(named) if named or NO_PLUGINS in _before_command(arguments) else None


def _values_of(option: str, arguments: Sequence[str]) -> list[str]:
    """The values that an option before the command is given."""
    before, values = _before_command(arguments), []
    for at, argument in enumerate(before):
        name, equals, value = argument.partition("=")
        if name == option:
            values += [value] if equals else before[at + 1 : at + 2]
    return values


def _before_command(arguments: Sequence[str]) -> list[str]:
    return [*arguments[: len(arguments) - len(from_command(arguments))]]
