"""Options that pictures of saved runs share, and how their files are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xlbench.cli.options.scoring import LANGUAGE_HELP
from xlbench.cli.output.printing import echo
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.reports.selection import Selection

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = "\b\nExit codes: 0 drawn; 2 wrong usage, or nothing to draw; 3 a file was refused: the rest is drawn."
"""The end of the help of a command that draws saved runs."""

_SELECTION = (
    click.argument("folders", nargs=-1, metavar="RUN...", type=click.Path(path_type=Path)),
    click.option("--suite", "-s", metavar="NAME", help="Only what belongs to this suite."),
    click.option("--task", "-t", "tasks", multiple=True, metavar="NAME", help="Only these tasks: names or patterns."),
    click.option("--model", "-m", "models", multiple=True, metavar="NAME",
                 help="Only these models: names, patterns or fingerprints."),
    click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=LANGUAGE_HELP),
)  # fmt: skip
_FILES = (
    click.option("--out", "files", multiple=True, required=True, type=click.Path(path_type=Path, dir_okay=False),
                 metavar="FILE", help="Where to: .png, .svg or .pdf (repeatable)."),
    click.option("--width", default="page", show_default=True, metavar="column|page|INCHES",
                 help="Of the picture: 3.03 or 6.3 inches, as in papers of the ACL, or others."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble."),
)  # fmt: skip


def _decorator(options: Iterable[Callable[[F], F]]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        """Add the options to a command, the last one first, as click shows the one added last first."""
        for option in reversed(tuple(options)):
            command = option(command)
        return command

    return decorate


def selection_options(command: F) -> F:
    """The runs that are meant, and what of them."""
    return _decorator(_SELECTION)(command)


def file_options(command: F) -> F:
    """The files of a picture, and its width."""
    return _decorator(_FILES)(command)


def by_option(*names: str) -> Callable[[F], F]:
    """What a picture is divided by; the default is the first."""
    return click.option("--by", type=click.Choice(names), default=names[0], show_default=True,
                        help="What there is a panel, or a line, of beside the overall.")  # fmt: skip


def selection_of(suite: str | None, tasks: Sequence[str], models: Sequence[str], languages: Sequence[str]) -> Selection:
    """The options' selection."""
    from xlbench.reports.selection import Selection

    return Selection(suite, tuple(tasks), tuple(models), tuple(languages))


def check(files: Sequence[Path], width: str) -> None:
    """Raise what is wrong with files or width, or that matplotlib is not installed, before anything is read."""
    from xlbench.reports.figures.drawing import form_of
    from xlbench.reports.figures.style import check_installed, inches

    for path in files:
        form_of(path)
    inches(width)
    check_installed()


def save(kind: str, content: Any, files: Sequence[Path], *, width: str, quiet: bool, by: str | None = None) -> None:
    """Draw a picture, write its files, and say where they are and what its letters lack."""
    from xlbench.reports.figures.drawing import make, write

    drawn = make(kind, content, width=width, by=by)
    written = [write(drawn.figure, path) for path in files]
    for note in drawn.notes:
        echo(f"xlbench: {one_line(note)}", err=True)
    if not quiet:
        echo("\n".join(f"wrote {path}" for path in written), err=True)
