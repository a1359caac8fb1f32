"""Pieces of a recipe's command: options that several have, values that are guessed, endings in plain words, and the
command as a card repeats it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from xlbench import DataMissing, UsageError
from xlbench_train.training.devices import DEVICES

EXIT_CODES = (
    "\b\nExit codes: 0 the model is written; 1 training stopped early (a loss that is no number, out of memory);\n"
    "2 wrong usage, or a base or data that is not here; 3 damaged data or a full disk; 130 stopped: the same command\n"
    "with --resume goes on."
)
F = TypeVar("F", bound=Callable[..., Any])


class SeveralValues(click.Command):
    """A command whose repeated options take all values up to the next option, as shells expand patterns."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's own, over arguments in which each value has its option before it."""
        repeated = {name for each in self.params if getattr(each, "multiple", False) for name in each.opts}
        spread: list[str] = []
        current = ""
        for place, argument in enumerate(args):
            if argument.startswith("-"):
                current = argument if argument in repeated else ""
                spread.append(argument)
            elif current and args[place - 1] != current:
                spread += [current, argument]
            else:
                spread.append(argument)
        return super().parse_args(ctx, spread)


class Guessing(click.Choice[str]):
    """A choice that names what may have been meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Click's own, with "did you mean" in its error."""
        from xlbench.core.text import did_you_mean

        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            raise click.BadParameter(error.message + did_you_mean(str(value), self.choices), ctx, param) from None


def chance_and_device(function: F) -> F:
    """The options ``--seed`` and ``--device``."""
    for option in (
        click.option("--device", type=Guessing(DEVICES), default="auto", show_default=True),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn."),
    ):
        function = option(function)
    return function


def of_one_call(function: F) -> F:
    """The options ``--resume``, ``--dry-run``, ``--offline`` and ``--quiet``."""
    for option in (
        click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble."),
        click.option("--offline", is_flag=True, help="Make no request at all."),
        click.option("--dry-run", "-n", is_flag=True, help="Read and check everything, and train nothing."),
        click.option("--resume", is_flag=True, help="Go on with the training that was begun in --out."),
    ):
        function = option(function)
    return function


@contextlib.contextmanager
def plain_endings(out: Path, smaller: str) -> Iterator[None]:
    """What ends a training from outside, as a line that says whether it can be gone on with.

    Args:
        out: The folder of the model.
        smaller: What to take where memory does not suffice, as ``a smaller --base than mbert or fewer pairs``.
    """
    from xlbench.core.errors import is_out_of_memory
    from xlbench_train.training import output_folder
    from xlbench_train.training.failures import Interrupted, TrainingStopped

    def going_on() -> str:
        return "the same command with --resume goes on" if output_folder.is_begun(out) else ""

    try:
        yield
    except DataMissing as missing:  # of a run, cells would be skipped; here nothing is left to do
        raise UsageError(str(missing)) from None
    except KeyboardInterrupt:
        if not (how := going_on()):
            raise
        click.echo(err=True)  # after the ^C of a terminal
        raise Interrupted(f"stopped: {how}") from None
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        how = going_on()
        raise TrainingStopped(
            f"out of memory beside the batches, which alone can be halved: take {smaller}, or give it more memory"
            f"{'; then ' * bool(how)}{how}"
        ) from error


def typed_command(ctx: click.Context, arguments: Sequence[str]) -> list[str]:
    """What makes the model again: the command as it was typed, without what is of that one call, and with what came
    from xlbench.toml and the environment.

    Args:
        ctx: Of the command.
        arguments: As Python's ``sys.argv``.
    """
    typed = ["xlbench", *(one for one in arguments[1:] if one not in ("--resume", "--debug", "--quiet", "-q"))]
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        is_kept = source in (ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT)
        if is_kept and parameter.name not in ("quiet", "resume"):
            typed += _as_typed(parameter, ctx.params[parameter.name or ""])
    return typed


def _as_typed(parameter: click.Parameter, value: Any) -> list[str]:
    """An option with its value, as on a command line."""
    if isinstance(value, bool):
        names = parameter.opts if value else parameter.secondary_opts
        return names[:1]
    return [part for one in (value if isinstance(value, tuple) else (value,)) for part in (parameter.opts[0], str(one))]
