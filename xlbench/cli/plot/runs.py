"""``xlbench plot compare`` and ``curve``: pictures of paired differences, and of scores by training size."""

from __future__ import annotations

from pathlib import Path

import click

from xlbench.cli.options.scoring import LANGUAGE_HELP
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
from xlbench.core.errors import INVALID, OK, UsageError
from xlbench.core.text import one_line


@click.command(
    short_help="Paired differences of runs, with a verdict each.",
    epilog="\b\nExamples:\n"
    "  xlbench plot compare ngram labse --out a-b.svg              two models of ./results, by name\n"
    "  xlbench plot compare a.xlpack b.xlpack --by language --out a-b.pdf\n\n"
    "\b\nExit codes: 0 drawn, whatever the verdict; 2 wrong usage, or runs that do not have the same cells;\n"
    "3 a damaged file.",
)
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--results", type=click.Path(path_type=Path), default=[Path("results")], show_default=True, multiple=True,
              help="Where models that are given by name are looked for (repeatable: parts are joined).")  # fmt: skip
@click.option("--suite", "-s", metavar="NAME", default="", help="Only what belongs to this suite.")
@click.option("--task", "-t", "tasks", multiple=True, metavar="NAME", help="Only these tasks: names or patterns.")
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=LANGUAGE_HELP)
@by_option("task", "area", "language")
@file_options
def compare(
    runs: tuple[str, ...], results: tuple[Path, ...], suite: str, tasks: tuple[str, ...], languages: tuple[str, ...],
    by: str, files: tuple[Path, ...], width: str, quiet: bool,
) -> int:  # fmt: skip
    """Draw how RUNs differ from the first of them: paired differences with their intervals, and what is said of each.

    RUN and the options are those of `xlbench compare`, which says the same in words and numbers.
    """
    from xlbench.reports.compare.comparison import against_baseline
    from xlbench.reports.compare.inputs import find_runs
    from xlbench.reports.compare.logs.reader import LogReader
    from xlbench.reports.compare.matching import CellFilter

    if not runs:
        raise UsageError("a comparison needs two runs at least: give two, or a folder that holds several")
    check(files, width)
    reader = LogReader("")
    found = find_runs(runs, results, reader)
    compared = against_baseline(found, reader.influence, None, CellFilter(tasks, languages, suite))
    save("compare", compared, files, width=width, quiet=quiet, by=by)
    for note in () if quiet else dict.fromkeys(note for one in compared for note in one.notes):
        echo(f"xlbench: {one_line(note)}", err=True)
    return OK


@click.command(
    short_help="Scores of one task against the number of training items.",
    epilog="\b\nExamples:\n"
    "  xlbench curve -t mini-news                                 computes them\n"
    "  xlbench plot curve results -t mini-news --out news.pdf     draws what is saved\n\n" + EXIT_CODES,
)
@selection_options
@file_options
def curve(
    folders: tuple[Path, ...], suite: str | None, tasks: tuple[str, ...], models: tuple[str, ...],
    languages: tuple[str, ...], files: tuple[Path, ...], width: str, quiet: bool,
) -> int:  # fmt: skip
    """Draw the saved scores of `xlbench curve`: a panel a subset, a line a model, an interval as a band.

    RUN are results folders, single runs in them, or packs.  [default: results]
    """
    from xlbench.reports.figures.saved import read_curves

    check(files, width)
    curves, troubles = read_curves(folders or (Path("results"),), selection_of(suite, tasks, models, languages))
    save("curve", curves, files, width=width, quiet=quiet)
    for line in troubles:
        echo(f"xlbench: {one_line(line)}", err=True)
    return INVALID if troubles else OK
