"""Options and inputs that ``plot space`` and ``export projector`` share: a task's texts and their vectors by each
model."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xlbench.cli.options.scoring import cache_and_permission_options, request_of
from xlbench.cli.output.printing import echo, plugins_print_elsewhere
from xlbench.core.errors import DataMissing, UsageError
from xlbench.core.text import GIB, one_line

if TYPE_CHECKING:
    from xlbench.encoding.cache import Cache
    from xlbench.vector_space.texts import TaskTexts
    from xlbench.vector_space.vectors import Points

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = "\b\nExit codes: 0 written; 2 wrong usage; 3 damaged data or vectors; 130 stopped."
"""The end of the help of both commands."""


def _require_single(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> str:
    """What is given once; a second value would be dropped without a word."""
    if len(given) != 1:
        raise UsageError(f"--task: one at a time, not {' and '.join(given)}")
    return given[0]


def text_options(limit: int, out: str) -> Callable[[F], F]:
    """The options that say which texts, where to, and what may be kept or asked for; two defaults differ."""
    options = (
        click.option("--task", "-t", required=True, multiple=True, metavar="NAME", callback=_require_single,
                     help="A task's name, or a path to a card."),
        click.option("--language", "-l", "languages", multiple=True, metavar="CODE",
                     help="A language, ISO 639-3 (repeatable).  [default: all that are at hand]"),
        click.option("--limit", type=click.IntRange(min=3), default=limit, show_default=True, metavar="N",
                     help="At most N items, a text and its translations being one; labels keep their shares."),
        click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
                     help="Folder of data files."),
        click.option("--out", type=click.Path(path_type=Path), default=Path(out), show_default=True,
                     help="Where files are written; none is that this command has not written itself."),
        cache_and_permission_options,
        click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text."),
        click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble."),
    )  # fmt: skip

    def decorate(command: F) -> F:
        """Add the options, the last one first, as click shows the one added last first."""
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def placed(
    given: Sequence[str], task: str, languages: Sequence[str], limit: int, *, quiet: bool, **options: Any
) -> tuple[TaskTexts, tuple[Points, ...]]:
    """The texts of a task, and their vectors by each of the models; what is left out is said on standard error.

    Args:
        given: Runs or specs of models.
        task: Name of the task, or a path to a card.
        languages: The languages; none: all at hand.
        limit: How many items at most.
        quiet: Whether to show no progress.
        options: The other options of the command.
    """
    from xlbench.catalog import load
    from xlbench.runs.request import data_of
    from xlbench.vector_space.models import model_of
    from xlbench.vector_space.texts import texts_of
    from xlbench.vector_space.vectors import points_of

    request = request_of({**options, "languages": languages, "tasks": (task,)})
    with plugins_print_elsewhere(), open_cache(float(options["cache_size"]), wanted=bool(options["cache"])) as cache:
        catalog = load()
        models = [model_of(one, catalog) for one in given]
        found = catalog.select_tasks([task])
        if len(found) != 1:
            raise UsageError(f"{task!r} is {len(found)} tasks: name one")
        try:
            texts = texts_of(found[0], data_of(request), languages, limit)
        except DataMissing as missing:  # of a run, cells would be skipped; here nothing is left to do
            raise UsageError(str(missing)) from None
        points = []
        for model, fingerprint in models:
            with _progress_bar(len(texts.texts), model.name, quiet=quiet) as progress:
                points.append(points_of(model, fingerprint, texts, cache, progress))
    for one in points:
        _print_notes(one, len(texts.texts))
    return texts, tuple(points)


def _print_notes(points: Points, asked: int) -> None:
    """On standard error: how many texts are left out, and what has to be known of the vectors."""
    if points.unknown:
        of = f"{points.unknown} of {asked} texts"
        echo(one_line(f"{points.model}: {of} left out: the encoder knows nothing of them"), err=True)
    for note in points.notes:
        echo(one_line(f"{points.model}: {note}"), err=True)


@contextlib.contextmanager
def open_cache(gibibytes: float, *, wanted: bool) -> Iterator[Cache | None]:
    """The cache of vectors where it is wanted, with its warnings told at the end."""
    if not wanted:
        yield None
        return
    from xlbench.encoding.cache import Cache, default_folder

    cache = Cache(default_folder(), int(gibibytes * GIB))
    try:
        yield cache
    finally:
        cache.close()
        for warning in cache.warnings:
            echo(one_line(warning), err=True)


@contextlib.contextmanager
def _progress_bar(total: int, model: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar of encoded texts, with the time that is left, where a person is watching."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=total, label=one_line(f"encoding with {model}"), file=sys.stderr) as bar:

        def progress(done: int, of: int) -> None:
            """Move on to so many of the texts that were not known yet."""
            bar.update(max(0, total - of + done - bar.pos))

        yield progress
