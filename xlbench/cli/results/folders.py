"""``xlbench results info``, ``merge`` and ``prune``: what lies in folders of saved runs, joined and cleared."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.cli.output.window import is_terminal
from xlbench.core.errors import CELL_FAILED, INVALID, OK, UsageError
from xlbench.core.tables import table
from xlbench.core.text import byte_count, count_text, one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.runs.prune import Unwanted

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")


@click.command(
    short_help="Show which runs are there, and what they hold.",
    epilog="\b\nExamples:\n"
    "  xlbench results info\n"
    "  xlbench results info results leaderboards/runs --json\n\n"
    "\b\nExit codes: 0 all could be read; 2 wrong usage; 3 a file is damaged or gone.",
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@json_option
def info(folders: tuple[Path, ...], as_json: bool) -> int:
    """Show the runs in FOLDERS (results folders, single runs or packs), a line each.  [default: results]"""
    from xlbench.runs.store import Reader

    reader = Reader()
    runs = [run for folder in folders or (Path("results"),) for run in reader.find_runs(folder)]
    troubles = [trouble for run in runs for trouble in run.troubles]
    code = INVALID if troubles else OK
    lines = [_info(run) for run in runs]
    if as_json:
        echo_json({"exit_code": code, "runs": lines, "refused": troubles})
    else:
        rows = [
            [one_line(line["model"]), line["fingerprint"][:8], f"{line['ok']:,}", f"{line['skipped']:,}",
             f"{line['error']:,}", f"{line['samples']:,}", f"{line['items']:,}", byte_count(line["bytes"]),
             ", ".join(line["suites"]) or "none", "yes" if line["complete"] else "no", one_line(line["folder"])]
            for line in lines
        ]  # fmt: skip
        headers = [
            "model",
            "content",
            "ok",
            "skipped",
            "failed",
            "samples",
            "items",
            "size",
            "suites",
            "ended",
            "folder",
        ]
        echo(table(headers, rows, "llrrrrrrlll"))
    for trouble in troubles:
        echo(f"xlbench: {one_line(trouble)}", err=True)
    return code


def _info(run: Run) -> dict[str, Any]:
    """What a line says of a run."""
    from xlbench.runs.manifest import UNFINISHED

    status = Counter(cell.status for cell in run.cells)
    whole = [cell for cell in run.cells if cell.whole]
    return {
        "model": run.model, "fingerprint": run.fingerprint, "folder": run.folder,
        "ok": status["ok"], "skipped": status["skipped"], "error": status["error"],
        "samples": len(run.cells) - len(whole), "items": sum(cell.main.n for cell in whole if cell.main),
        "bytes": _size(Path(run.folder)), "suites": sorted(set(run.plans) - {UNFINISHED}), "complete": run.complete,
        "xlbench": str(run.provenance.get("xlbench", "")),
    }  # fmt: skip


def _size(folder: Path) -> int:
    """Bytes of a pack, or of all files in a run's folder."""
    if folder.is_file():
        return folder.stat().st_size
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@click.command(
    short_help="Write the runs of several folders as one, such as the shards of a run.",
    epilog="\b\nExamples:\n"
    "  xlbench results merge part1 part2 part3 --out results\n"
    "  xlbench results merge packs more.xlpack --out results\n\n"
    "\b\nExit codes: 0 all is written; 2 wrong usage; 3 something is damaged, or two parts contradict each other:\n"
    "nothing is written.",
)
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="A new results folder.")
@json_option
def merge(folders: tuple[Path, ...], out: Path, as_json: bool) -> int:
    """Write the runs in FOLDERS (results folders, single runs or packs) as one results folder.

    Parts of one run, of a model with the same content, become one run. A cell with scores goes before one without; two
    different scores of one cell are an error that names both.
    """
    from xlbench.runs.merge import merge as merged

    runs = merged(folders, out)
    if as_json:
        echo_json({"exit_code": OK, "runs": [_info(run) for run in runs]})
    else:
        for run in runs:
            echo(f"wrote {run.folder}: {one_line(run.model)}, {count_text(len(run.cells), 'cell')}")
    return OK


@click.command(
    short_help="Remove cells that nobody wants any more.",
    epilog="\b\nExamples:\n"
    "  xlbench results prune --failed -n              which cells have no scores\n"
    "  xlbench results prune results --samples --yes  remove what --limit left\n"
    "  xlbench results prune results -m 'my-model-*'  whole runs\n\n"
    "\b\nExit codes: 0 all is removed, or there was nothing; 1 not confirmed; 2 wrong usage;\n"
    "3 a file cannot be removed.",
)
@click.argument("folder", default=Path("results"), type=click.Path(path_type=Path))
@click.option(
    "--model", "-m", "models", multiple=True, metavar="NAME", help="Only these models' runs: names or patterns."
)
@click.option("--failed", is_flag=True, help="Cells without scores: errors, and what was skipped.")
@click.option("--samples", is_flag=True, help="Cells of the first items alone (--limit).")
@click.option("--curves", is_flag=True, help="Points of curves.")
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be removed.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def prune(folder: Path, models: tuple[str, ...], dry_run: bool, yes: bool, **kinds: bool) -> int:
    """Remove cells from the results folder FOLDER for good, or whole runs (--model alone).  [default: results]

    Packs stay as they are. The next `xlbench run` computes what it lacks.
    """
    from xlbench.runs.prune import prunable
    from xlbench.runs.prune import prune as remove

    unwanted = prunable(folder, models, **kinds)
    for one in unwanted:
        echo(_removal(one))
    if dry_run or not unwanted:
        echo("nothing is removed" if unwanted else "there is nothing to remove", err=True)
        return OK
    if not yes:
        if not is_terminal(sys.stdin):
            raise UsageError("give --yes where nobody can be asked, or -n to see what would be removed")
        if not click.confirm("Remove these for good?"):
            return CELL_FAILED
    remove(folder, unwanted)
    echo(f"removed {count_text(sum(len(one.cells) for one in unwanted), 'cell')}")
    return OK


def _removal(one: Unwanted) -> str:
    """A line of what is removed."""
    model, count = one_line(one.run.model), count_text(len(one.cells), "cell")
    if one.whole:
        return f"{model}: the whole run, {count}: {one.run.folder}"
    tasks = Counter(cell.task for cell in one.cells)
    return f"{model}: {count}: " + ", ".join(f"{task} {number}" for task, number in sorted(tasks.items()))
