"""``xlbench board``: saved runs of results folders and packs, rendered as boards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.options.scoring import LANGUAGE_HELP, boards_option, formats_option
from xlbench.cli.output.printing import echo, echo_json, echo_written, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, INVALID, OK
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.catalog.hooks import BoardFormat
    from xlbench.core.task import Task
    from xlbench.reports.boards.board import Board
    from xlbench.reports.selection import Over


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench board                                  render ./results into ./leaderboards\n"
    "  xlbench board results published --boards out   a new checkpoint beside published runs\n"
    "  xlbench board --suite mini --print\n"
    "  xlbench board --suite mini --print --json      standings for programs: ranks by area and task, too\n"
    "  xlbench board --task 'ntrex*' --model labse    some of what is saved, as run.md\n"
    "  xlbench board --print --format latex           the standings as a table for a paper\n\n"
    "\b\nExit codes: 0 all is well; 1 a board format failed; 2 wrong usage; 3 a file was refused: the rest is shown."
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--suite", "-s", metavar="NAME", help="Only the board of this suite.  [default: every suite of the runs]")
@click.option(
    "--task", "-t", "tasks", multiple=True, metavar="NAME", help="Only these tasks: names, patterns or paths to cards."
)
@click.option(
    "--model", "-m", "models", multiple=True, metavar="NAME", help="Only these models: names, patterns or fingerprints."
)
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=LANGUAGE_HELP)
@click.option("--area", "areas", multiple=True, metavar="NAME", help="Only tasks of these areas (repeatable).")
@click.option("--register", "registers", multiple=True, metavar="NAME",
              help="Only tasks of this kind of text: regularized or unregularized.")  # fmt: skip
@click.option("--metric", metavar="NAME", default="", help="By this metric, in the place of each task's main one.")
@click.option("--over", type=click.Choice(("items", "languages")), default="items", show_default=True,
              help="What intervals of averages are over: these items, or languages in general.")  # fmt: skip
@boards_option
@formats_option
@click.option("--imported", type=click.Path(path_type=Path, dir_okay=False), multiple=True, metavar="FILE.csv",
              help="Figures of others (`xlbench import`) to show beside, unranked (repeatable).")  # fmt: skip
@click.option("--print", "only_print", is_flag=True,
              help="Print the boards (of each --format its first file) and write nothing.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the standings as JSON in the place of tables.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(
    folders: tuple[Path, ...],
    suite: str | None,
    tasks: tuple[str, ...],
    models: tuple[str, ...],
    languages: tuple[str, ...],
    areas: tuple[str, ...],
    registers: tuple[str, ...],
    metric: str,
    over: Over,
    boards: Path,
    formats: tuple[str, ...],
    imported: tuple[Path, ...],
    only_print: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Render the runs in FOLDERS (results folders, single runs in them, or packs) together.  [default: results]

    Several runs of one model are joined. Where a part is selected, or --metric or --over ask another question, the
    board is run.md, whatever the suite. What is saved and on none of the boards is counted on standard error.
    """
    from xlbench import catalog
    from xlbench.reports.boards.plain import plain
    from xlbench.reports.published import merge_figures, read_figures
    from xlbench.reports.render import boards_of, choose_formats
    from xlbench.reports.selection import Selection

    with plugins_print_elsewhere():
        offered = catalog.load()
        chosen = choose_formats(offered.boards, formats)
        figures = merge_figures(figure for path in imported for figure in read_figures(path))
        names, known = _with_cards(tasks, offered)
        selection = Selection(suite, names, models, languages, areas, registers, metric, over, loose=True)
        rendered = boards_of(folders or (Path("results"),), selection, figures, known)
    failures: list[str] = []
    for board in rendered.boards:
        if only_print:
            if not as_json:
                failures += _print(board, chosen if formats else chosen[:0])
        else:
            shown = not quiet and not as_json
            failures += _save(board, offered, chosen, boards, shown=shown, titled=len(rendered.boards) > 1)
    if as_json:
        echo_json({"boards": [plain(board) for board in rendered.boards]})
    for line in (*(() if quiet else rendered.left_out), *rendered.conflicts, *rendered.troubles, *failures):
        echo(f"xlbench: {one_line(line)}", err=True)
    return INVALID if rendered.troubles else CELL_FAILED if failures else OK


def _with_cards(tasks: Sequence[str], found: Catalog) -> tuple[tuple[str, ...], Mapping[str, Task]]:
    """The names and patterns of tasks, cards by the names of theirs; and all tasks that are known, the cards' too."""
    cards = {text: found.select_tasks([text]) for text in tasks if text.endswith(".toml")}
    names = [name for text in tasks for name in ([one.name for one in cards[text]] if text in cards else [text])]
    return tuple(names), {**found.tasks, **{one.name: one for own in cards.values() for one in own}}


def _save(
    board: Board,
    offered: Catalog,
    formats: Sequence[BoardFormat],
    folder: Path,
    *,
    shown: bool,
    titled: bool,
) -> list[str]:
    """Write a board in these formats into a folder, and where it is ``shown`` print its standings and what was written.

    Returns:
        A line for each format that failed.
    """
    from xlbench.cli.output.standings import print_standings
    from xlbench.reports.boards.sources import with_sources
    from xlbench.reports.render import save

    with plugins_print_elsewhere():
        written, failures = save(with_sources(board, offered.tasks), formats, folder, offered.boards.values())
    if shown:
        print_standings(board, titled=titled)
        echo(err=True)
        echo_written(written, board.title)
    return [*failures]


def _print(board: Board, formats: Sequence[BoardFormat]) -> list[str]:
    """Print the first file that each of these formats gives of a board; without any, its first page as markdown.

    Returns:
        A line for each format that failed.
    """
    from xlbench.reports.boards import markdown
    from xlbench.reports.render import render

    if not formats:
        echo(markdown.render(board)[".md"])
    failures: list[str] = []
    for form in formats:
        with plugins_print_elsewhere():
            rendered = render(board, [form])
        failures += rendered.failures
        for content in [*rendered.files.values()][:1]:
            echo(content)
    return failures
