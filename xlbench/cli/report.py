"""``xlbench report``: one board of saved runs as one page, with items and texts where they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.options.scoring import LANGUAGE_HELP
from xlbench.cli.output.printing import echo, plugins_print_elsewhere
from xlbench.core.errors import INVALID, OK, UsageError
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlbench.core.record import Cell, Run
    from xlbench.core.task import Task
    from xlbench.reports.boards.board import Board
    from xlbench.reports.html.items import Texts


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench report --suite mini --out mini.html\n"
    "  xlbench report results published --suite mini --out both.html --items 50\n"
    "  xlbench report --task 'ntrex*' --out ntrex.html --items 50 --with-texts --data DIR\n\n"
    "\b\nExit codes: 0 all is well; 2 wrong usage; 3 a file was refused: the rest is shown."
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE.html",
              help="The page.")  # fmt: skip
@click.option("--suite", "-s", metavar="NAME", help="The board of this suite.  [default: the one suite of the runs]")
@click.option("--task", "-t", "tasks", multiple=True, metavar="NAME", help="Only these tasks: names or patterns.")
@click.option(
    "--model", "-m", "models", multiple=True, metavar="NAME", help="Only these models: names, patterns or fingerprints."
)
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=LANGUAGE_HELP)
@click.option("--items", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="Of every task, list the N items on which models differ most; and those that flip.")  # fmt: skip
@click.option("--with-texts", is_flag=True, help="Show the texts of items, where the data's license allows that.")
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="Folder of data files, for --with-texts.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(
    folders: tuple[Path, ...],
    out: Path,
    suite: str | None,
    tasks: tuple[str, ...],
    models: tuple[str, ...],
    languages: tuple[str, ...],
    items: int,
    with_texts: bool,
    data: Path | None,
    quiet: bool,
) -> int:
    """Write the board of the runs in FOLDERS (results folders, runs in them, or packs) as a page.  [default: results]

    It is the page that `run` and `board` write beside the other files of a board, here with the items on which models
    differ, where --items asks for them.
    """
    from xlbench import catalog
    from xlbench.core.files import write_files
    from xlbench.reports.boards.sources import with_sources
    from xlbench.reports.boards.verdict import verdict
    from xlbench.reports.render import boards_of
    from xlbench.reports.selection import Selection

    if out.suffix not in (".html", ".htm"):
        raise UsageError(f"--out {out}: give a file that ends in .html")
    if with_texts and not items:
        raise UsageError("--with-texts shows the texts of items: give --items, too")
    with plugins_print_elsewhere():
        found = boards_of(folders or (Path("results"),), Selection(suite, tasks, models, languages))
        if len(found.boards) > 1:
            names = ", ".join(board.title for board in found.boards)
            raise UsageError(f"a page shows one board, and these runs have several: name one with --suite ({names})")
        known = catalog.load().tasks
        board = with_sources(found.boards[0], known)
        page, notes = _page(board, found.runs, known, items, data if with_texts else None, with_texts=with_texts)
    write_files(out.parent, {out.name: page}, "the page", "--out")
    if not quiet:
        echo(verdict(board))
        echo(f"wrote {out} ({len(page.encode()) / 1000:,.0f} kB)", err=True)
    for line in (*(() if quiet else found.left_out), *found.conflicts, *found.troubles, *notes):
        echo(f"xlbench: {one_line(line)}", err=True)
    return INVALID if found.troubles else OK


def _page(
    board: Board,
    runs: tuple[Run, ...],
    tasks: Mapping[str, Task],
    count: int,
    data: Path | None,
    *,
    with_texts: bool,
) -> tuple[str, list[str]]:
    """The page, and a line for each task whose texts cannot be had."""
    from datetime import date

    from xlbench.cli.output.example_texts import SubsetTexts
    from xlbench.reports.html.items import of_board
    from xlbench.reports.html.page import render
    from xlbench.runs.store import Reader

    if not count:
        return render(board, date.today()), []
    reader = Reader()
    folders = {_content(cell): Path(run.folder) for run in runs for cell in run.cells}
    told = SubsetTexts(board, tasks, data) if with_texts else None
    texts: Texts | None = told.of if told else None
    items = of_board(board, lambda cell: reader.load_table(cell, folders[_content(cell)]), count, texts)
    return render(board, date.today(), items), [*told.notes] if told else []


def _content(cell: Cell) -> tuple[str, ...]:
    return cell.model, cell.fingerprint, cell.task, cell.subset, cell.items_file, cell.items_digest
