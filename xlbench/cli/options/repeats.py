"""`refuse_repeats`: an option that takes one value and is given two is an error, where click keeps the last alone."""

from __future__ import annotations

from collections import Counter

import click

_HEEDED = "xlbench_refuses_repeats"


def refuse_repeats(command: click.Command) -> None:
    """Have a command, and those of a group, refuse an option that is given twice and takes one value.

    A value that is dropped without a word gives an answer to another question: a board of one suite in place of two.
    """
    if getattr(command, _HEEDED, False):
        return
    parse = command.parse_args

    def parse_args(ctx: click.Context, args: list[str]) -> list[str]:
        _check(command, ctx, args)
        return parse(ctx, args)

    command.parse_args = parse_args  # type: ignore[method-assign]
    vars(command)[_HEEDED] = True
    if isinstance(command, click.Group):
        for one in command.commands.values():
            refuse_repeats(one)


def _check(command: click.Command, ctx: click.Context, args: list[str]) -> None:
    """Raise `click.UsageError` for an option that is given twice; any other fault is click's own to tell."""
    try:
        _, _, given = command.make_parser(ctx).parse_args([*args])
    except click.UsageError:
        return
    single = [one for one in given if isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count)]
    for option, times in Counter(single).items():
        if times > 1:
            raise click.UsageError(f"{option.opts[0]} is given {times} times, and takes one value.", ctx)
