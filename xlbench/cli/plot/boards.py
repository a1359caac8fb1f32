"""``xlbench plot standings``, ``languages`` and ``ranks``: pictures of a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xlbench.cli.output.printing import echo
from xlbench.cli.plot.options import (
    EXIT_CODES,
    by_option,
    check,
    file_options,
    save,
    selection_of,
    selection_options,
)
from xlbench.core.errors import INVALID, OK
from xlbench.core.text import one_line


@click.command(
    short_help="Scores with their intervals, and chance as a line.",
    epilog="\b\nExamples:\n"
    "  xlbench plot standings leaderboards/runs --out standings.svg\n"
    "  xlbench plot standings results --by task --width column --out tasks.pdf\n\n" + EXIT_CODES,
)
@selection_options
@by_option("area", "overall", "task")
@file_options
def standings(**options: Any) -> int:
    """Draw the standings of saved runs: a line a model with its score and interval, the best on top.

    RUN are results folders, single runs in them, or packs, as of `xlbench board`.  [default: results]
    """
    return _draw("standings", **options)


@click.command(
    short_help="A heat map of models and languages.",
    epilog="\b\nExamples:\n"
    "  xlbench plot languages leaderboards/runs --out languages.svg\n"
    "  xlbench plot languages results -t 'ntrex*' --width column --out ntrex.pdf\n\n" + EXIT_CODES,
)
@selection_options
@file_options
def languages(**options: Any) -> int:
    """Draw how far above chance every model is in every language.

    RUN are results folders, single runs in them, or packs, as of `xlbench board`.  [default: results]
    """
    return _draw("languages", by=None, **options)


@click.command(
    short_help="Ranks, and the ranks that are possible.",
    epilog="\b\nExamples:\n"
    "  xlbench plot ranks leaderboards/runs --by overall --width column --out ranks.pdf\n"
    "  xlbench plot ranks results --suite mini --by task --out ranks.png\n\n" + EXIT_CODES,
)
@selection_options
@by_option("area", "overall", "task")
@file_options
def ranks(**options: Any) -> int:
    """Draw the rank of every model, and the ranks that it may well have, all models at once.

    RUN are results folders, single runs in them, or packs, as of `xlbench board`.  [default: results]
    """
    return _draw("ranks", **options)


def _draw(
    kind: str, *, folders: tuple[Path, ...], suite: str | None, tasks: tuple[str, ...], models: tuple[str, ...],
    languages: tuple[str, ...], by: str | None, files: tuple[Path, ...], width: str, quiet: bool,
) -> int:  # fmt: skip
    """A picture of the one board that is meant."""
    from xlbench.reports.figures.saved import read_board

    check(files, width)
    selection = selection_of(suite, tasks, models, languages)
    board, boards = read_board(folders or (Path("results"),), selection)
    save(kind, board, files, width=width, quiet=quiet, by=by)
    for line in (*(() if quiet else boards.left_out), *boards.conflicts, *boards.troubles):
        echo(f"xlbench: {one_line(line)}", err=True)
    return INVALID if boards.troubles else OK
