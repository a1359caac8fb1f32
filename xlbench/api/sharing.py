"""`board`, `pack` and `unpack`: saved runs become boards, compact files, and folders again."""

from __future__ import annotations

from pathlib import Path

from xlbench import catalog
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.record import Run
from xlbench.reports.boards.sources import with_sources
from xlbench.reports.render import boards_of, choose_formats, render
from xlbench.reports.selection import Selection


def board(folders: OneOrMore[str | Path] = "results", suite: str | None = None) -> dict[str, str]:
    """Render saved runs of one or more folders together, from the runs alone: no model, data or task is needed.

    Files that are refused and board formats that fail are warnings.

    Args:
        folders: Results folders, single runs or packs, one or several.
        suite: The suite of the board; None: a board for every suite that one of the runs was made for, and one of the
            cells of no suite.

    Returns:
        The content of each file by its name (``mini.md``).

    Raises:
        UsageError: There is nothing to show, or none of the runs was made for the suite.
        ResultsError: All that there is was refused.
    """
    import warnings

    offered = catalog.load()
    formats = choose_formats(offered.boards)
    files: dict[str, str] = {}
    boards = boards_of(as_list(folders), Selection(suite, loose=True))
    messages = [*boards.conflicts, *boards.troubles]
    for each in boards.boards:
        rendered = render(with_sources(each, offered.tasks), formats)
        files |= rendered.files
        messages += rendered.failures
    for message in messages:
        warnings.warn(message, stacklevel=2)
    return files


def pack(run: Run | str | Path, out: str | Path, *, model: str | None = None) -> Path:
    """Write a saved run as one compact file, from which boards are those of its folder, to the byte.

    Args:
        run: A run of `run`'s results, of which all that is saved in its folder is packed; or where one lies: its
            folder, a results folder that holds it, or a pack.
        out: The file, whose name ends in ``.xlpack``.
        model: Which of several runs: its model's name, or the first digits of its fingerprint.

    Returns:
        The file's path.

    Raises:
        UsageError: There is no such run, or several; or the file cannot be written there.
        ResultsError: The run is damaged.
    """
    from xlbench.runs.packs.write import choose, write_pack
    from xlbench.runs.store import Reader

    where = Path(run.folder if isinstance(run, Run) else run)
    reader = Reader(indexed=False)
    return write_pack(choose(reader.find_runs(where), model, where), Path(out), reader).path


def unpack(path: str | Path, results: str | Path = "results") -> Run:
    """Write a pack back as the folder of its run, which `run` goes on with: it computes the cells that are lacking.

    Args:
        path: The pack.
        results: The results folder, in which there is no run of this model yet.

    Returns:
        The run, as it is there now.

    Raises:
        UsageError: The folder has a run of this model, or cannot be written to.
        ResultsError: The pack is damaged.
    """
    from xlbench.runs.packs.unpack import unpack as unpacked

    return unpacked(Path(path), Path(results))
