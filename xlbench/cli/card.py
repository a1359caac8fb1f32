"""``xlbench card``: looks at files of data and drafts the card that makes a task of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from xlbench.cli.output.printing import echo, plugins_print_elsewhere
from xlbench.core.errors import OK, UsageError
from xlbench.core.text import one_line


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench card reviews.csv                          print a draft\n"
    "  xlbench card reviews.csv --out reviews.toml       write it; then: xlbench run --task ./reviews.toml\n"
    "  xlbench card corpus/news --data corpus            names of files relative to corpus, for --data corpus\n\n"
    "\b\nExit codes: 0 it is drafted; 2 wrong usage, or files that nothing can be asked of; 3 a file is\n"
    "damaged or is no UTF-8 text, or xlbench itself failed.",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.toml",
              help="Where the card is written; on standard output without it.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR",
              help="The data root, which the card's files are relative to.  [default: the folder that holds them, or "
              "the card's own where they lie below that]")  # fmt: skip
@click.option("--name", default="", metavar="NAME", help="The task's name.  [default: from the file's]")
@click.option("--force", is_flag=True, help="Write over a card that is there.")
def command(files: tuple[Path, ...], out: Path | None, data: Path | None, name: str, force: bool) -> int:
    """Look at files (or folders of them) and draft a card, which makes a task of them.

    It guesses what kind of data they hold, how they are written, what their columns, languages, splits and labels are,
    gives the reason of every guess as a comment, and says what it is not sure of. Nothing is asked, and the draft has
    been tried: what would keep it from running stands at its top.
    """
    if out and out.suffix != ".toml":
        raise UsageError(f"--out: {str(out)!r} must end in .toml, as the names of cards do")
    if out and out.exists() and not force:
        raise UsageError(f"there is a file {out}: name another, or write over it with --force")
    drafted = _drafter()
    beside = bool(out) and data is None and _all_below(files, out.absolute().parent if out else Path())
    root = out.absolute().parent if out and beside else data
    with plugins_print_elsewhere():
        text = drafted(files, root, name or (out.stem if out else ""), beside=beside, path=_spec(out))
    if out is None:
        echo(text.rstrip("\n"))
        return OK
    from xlbench.core.files import write_files

    write_files(out.parent, {out.name: text.encode()}, "a card", "--out")
    _say_written(text, out)
    return OK


def _spec(out: Path | None) -> str:
    """How a card is named to other commands; "" where it is not written."""
    if out is None:
        return ""
    return str(out) if out.is_absolute() or len(out.parts) > 1 else f"./{out}"


def _drafter() -> Callable[..., str]:
    """What drafts cards: the scheme that makes tasks of them; `UsageError` where no plugin offers one."""
    from xlbench.catalog.loading import load

    with plugins_print_elsewhere():
        scheme = load().schemes.get("card")
    if scheme is None or scheme.draft is None:
        raise UsageError("no plugin drafts cards: see 'xlbench plugins'")
    return scheme.draft


def _all_below(files: tuple[Path, ...], folder: Path) -> bool:
    return all(Path(os.path.abspath(file.expanduser())).is_relative_to(folder) for file in files)


def _say_written(text: str, out: Path) -> None:
    """Where it is, and its comments up to the first key: the commands to type, and what is unsure."""
    head = text.partition("\n\n")[0]
    echo("\n".join(line.removeprefix("#").removeprefix(" ") for line in head.splitlines()))
    echo(f"wrote {one_line(str(out))}", err=True)
