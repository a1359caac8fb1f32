"""What a command line begins with: options of xlbench itself, then the command and what is its own."""

from __future__ import annotations

from collections.abc import Sequence

CONFIG = "--config"
OF_THE_GROUP = ("--debug", "--no-plugins", "--plugin", CONFIG)
"""Options that stand before the name of a command."""
_WITH_VALUE = ("--plugin", CONFIG)


def from_command(arguments: Sequence[str]) -> list[str]:
    """The command and what follows it."""
    rest = [*arguments]
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in _WITH_VALUE else 1 :]
    return rest


def config_of(arguments: Sequence[str]) -> str | None:
    """The configuration file that a command line names, the last one of several; None: none."""
    before = arguments[: len(arguments) - len(from_command(arguments))]
    named = None
    for at, argument in enumerate(before):
        option, equals, value = argument.partition("=")
        if option == CONFIG:
            named = value if equals else next(iter(before[at + 1 :]), None)
    return named
