"""``xlbench board``: render saved runs, of one or several results folders, without model, data or plugin."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from xlbench.cli.output import echo


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench board                                  render ./results into ./leaderboards\n"
    "  xlbench board results published --boards out   a new checkpoint beside published runs\n"
    "  xlbench board --suite mini --print"
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--suite", "-s", metavar="NAME", help="Only the board of this suite.  [default: every suite of the runs]")
@click.option(
    "--boards",
    type=click.Path(path_type=Path),
    default=Path("leaderboards"),
    show_default=True,
    help="Where boards are written.",
)
@click.option("--print", "only_print", is_flag=True, help="Print the boards in full and write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(folders: tuple[Path, ...], suite: str | None, boards: Path, only_print: bool, quiet: bool) -> None:
    """Render the runs in FOLDERS (results folders, or single runs in them) together.  [default: results]"""
    from xlbench import catalog
    from xlbench.core.files import write_files
    from xlbench.reports.boards import markdown
    from xlbench.reports.render import boards_of, render

    with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints is no part of this command's output
        found = catalog.load()
    for board in boards_of(folders or (Path("results"),), suite):
        if only_print:
            echo(markdown.render(board)[".md"])
            continue
        written = write_files(boards, render(board, found.boards.values()))
        if not quiet:
            echo(markdown.standings_table(board))
            echo("\n" + "\n".join(f"wrote {path}" for path in written), err=True)
