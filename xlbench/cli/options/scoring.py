"""Options that the scoring commands (`run`, `curve`) share, and the `Request` that is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from xlbench.core.estimate import CI_METHODS

if TYPE_CHECKING:
    from xlbench.runs.request import Request


F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = (
    "\b\nExit codes: 0 all done; 1 a cell failed (--strict: or was skipped), or nothing was scored;\n"
    "2 wrong usage; 3 damaged results or a full disk; 130 stopped: the same command goes on."
)
"""The end of the help of a command that scores."""

LANGUAGE_HELP = "Only subsets about this language: its own, pairs with it, transfers tested in it (repeatable)."
"""Of ``--language``, where saved runs are read."""

boards_option = click.option(
    "--boards",
    type=click.Path(path_type=Path),
    default=Path("leaderboards"),
    show_default=True,
    help="Where boards are written.",
)

formats_option = click.option(
    "--format", "formats", multiple=True, metavar="NAME",
    help="Write boards in these formats: markdown, html, csv, latex, json, or a plugin's (repeatable), and anew in "
    "those of which there are files.  [default: all but latex and json]",
)  # fmt: skip


def _combine(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator; the first is the first of the help."""

    def decorate(command: F) -> F:
        """Add the options to a command, the last one first, as click shows the one added last first."""
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _selection(suites: str, models: str, languages: str) -> Callable[[F], F]:
    """The options that name suites, models, tasks, languages and the data folder; the help of three of them differs."""
    return _combine(
        click.option("--suite", "-s", multiple=True, metavar="NAME", help=suites),
        click.option("--model", "-m", "models", multiple=True, metavar="NAME", help=models),
        click.option(
            "--task",
            "-t",
            "tasks",
            multiple=True,
            metavar="NAME",
            help="A task's name, a pattern, or a path to a card (repeatable); instead of a suite.",
        ),
        click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=languages),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            envvar="XLBENCH_DATA",
            show_envvar=True,
            help="Folder of data files.",
        ),
    )


selection_options = _combine(
    _selection(
        "Tasks to run, as a suite (repeatable).  [default: mini]",
        "A model's name, pattern or spec (repeatable).  [default: the built-in models]",
        "Only subsets that involve this language, ISO 639-3 (repeatable).",
    ),
    click.option(
        "--results",
        type=click.Path(path_type=Path),
        default=Path("results"),
        show_default=True,
        help="Where cells are saved, and found again.",
    ),
)
"""The options that name models, tasks, languages and folders."""


fetch_selection_options = _selection(
    "Tasks to fetch the data of, as a suite (repeatable).",
    "A model's name, pattern or spec (repeatable).",
    "Only the data of this language, and what goes with it (repeatable).",
)
"""The same for what is fetched; nothing is named by default."""


scoring_options = _combine(
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the resampling."),
    click.option(
        "--ci",
        type=click.Choice(CI_METHODS),
        default="auto",
        show_default=True,
        help="Interval method; auto takes the one with measured coverage.",
    ),
    click.option("--engine", metavar="NAME", default="serial", show_default=True, help="Where cells are computed."),
    click.option(
        "--workers", type=click.IntRange(min=1), metavar="N", help="How many workers an engine such as processes has."
    ),
    click.option(
        "--engine-option",
        "engine_options",
        multiple=True,
        metavar="NAME=VALUE",
        help="What else the engine is told (repeatable), such as address=auto for ray.",
    ),
)
"""The options of seeds, intervals and engines."""


def _offline(help_text: str) -> Callable[[F], F]:
    return click.option("--offline", is_flag=True, help=help_text)


_CODE = (
    click.option("--allow-pickle", is_flag=True, help="Load weights that are pickles, which can hold code."),
    click.option(
        "--trust-remote-code", is_flag=True, help="Run code that comes with a checkpoint, where its revision is pinned."
    ),
)


fetch_permission_options = _combine(_offline("Make no request at all: goes with --dry-run alone."), *_CODE)
"""The options of what may be asked for over a network, or run, by a command that fetches."""


cache_and_permission_options = _combine(
    click.option(
        "--cache/--no-cache",
        default=True,
        show_default=True,
        help="Keep vectors between runs, in the folder XLBENCH_CACHE; see 'xlbench cache'.",
    ),
    click.option(
        "--cache-size",
        type=click.FloatRange(min=0.001),
        default=20.0,
        show_default=True,
        metavar="GiB",
        help="Beyond this many gibibytes the vectors that were not used for longest are dropped.",
    ),
    _offline("Make no request at all; what is missing is skipped."),
    *_CODE,
)
"""The options of what may be kept, asked for over a network, or run."""


output_options = _combine(
    click.option("--dry-run", "-n", is_flag=True, help="Show the cells, their items, and what is done already."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first cell that fails."),
    click.option("--strict", is_flag=True, help="Exit with 1 when a cell was skipped, too."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of tables."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble."),
)
"""The options of what a command does beside scoring, and what it prints."""


def request_of(options: dict[str, Any]) -> Request:
    """The request that a command's options make; those that are no field of it are the command's own."""
    from xlbench.core.permissions import granted
    from xlbench.runs.request import Request

    known = {field.name for field in fields(Request)}
    request = Request(**{name: value for name, value in _without_overridden_defaults(options).items() if name in known})
    click.get_current_context().with_resource(granted(request.permissions))  # for as long as the command runs
    return request


def _without_overridden_defaults(options: dict[str, Any]) -> dict[str, Any]:
    """Tasks given on the command line replace suites that the configuration names, and the other way round."""
    source = click.get_current_context().get_parameter_source
    for given, other in (("tasks", "suite"), ("suite", "tasks")):
        if source(given) is ParameterSource.COMMANDLINE and source(other) is ParameterSource.DEFAULT_MAP:
            return {**options, other: ()}
    return options
