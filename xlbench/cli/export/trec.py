"""``xlbench export trec``: what a saved run's searches find, as run files and judgments of TREC."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.export.runs import print_export, write
from xlbench.cli.options.scoring import cache_and_permission_options, request_of
from xlbench.cli.options.space import open_cache
from xlbench.cli.output.printing import plugins_print_elsewhere
from xlbench.core.errors import OK
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.runs.searched import SearchedCell
    from xlbench.runs.store import Reader

DEPTH = 1000
"""A model that searches by itself is asked for so many documents a query in a run, too."""


@click.command(
    short_help="Write what a run's searches find as TREC run files and qrels.",
    epilog="\b\nExamples:\n"
    "  xlbench export trec results/ngram-c6974c0f\n"
    "  xlbench export trec results -m bm25 --depth 1000 --data DIR --out trec/bm25\n\n"
    "\b\nExit codes: 0 written; 2 wrong usage, or nothing to export; 3 damaged data, run or vectors; 130 stopped.",
)
@click.argument("run", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--model", "-m", metavar="NAME",
              help="Which of several runs: its model's name, or the first of its fingerprint.")  # fmt: skip
@click.option("--task", "-t", "tasks", multiple=True, metavar="NAME",
              help="Only this task of the run (repeatable): a name, or a path to a card.  [default: all]")  # fmt: skip
@click.option("--depth", type=click.IntRange(1, DEPTH), default=100, show_default=True, metavar="N",
              help="So many documents of each query.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="Folder of data files.")  # fmt: skip
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("trec"), show_default=True,
              help="The folder that is written to.")  # fmt: skip
@cache_and_permission_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def trec(run: Path, model: str | None, depth: int, out: Path, as_json: bool, quiet: bool, **options: Any) -> int:
    """Write, for every document search of RUN, the documents found and the judgments in files of TREC.
    [default: results]

    A run keeps scores and no lists: its model, as it was scored, searches the same data again. The files are
    TASK.SUBSET.run.txt (query Q0 document rank score tag) and TASK.SUBSET.qrels.txt (query 0 document grade), and
    trec.json lists them. nDCG@10 made from them is compared with the run, query by query.
    """
    from xlbench.core.files import check_folder
    from xlbench.reports.exports import trec as files
    from xlbench.runs.packs.write import choose
    from xlbench.runs.store import Reader

    reader = Reader()
    found = choose(reader.find_runs(run), model, run)
    check_folder(out, "exports", "--out")
    searches, left_out = _searched(found, reader, depth, quiet=quiet or as_json, **options)
    earlier = out / files.LIST
    made = files.export(
        found.model, found.fingerprint, depth, [(one.cell, one.found) for one in searches],
        earlier.read_bytes() if earlier.is_file() else b"",
    )  # fmt: skip
    print_export(found, write(made, out), [*left_out, *_changes(searches)], as_json=as_json, quiet=quiet)
    return OK


def _searched(
    run: Run, reader: Reader, depth: int, *, quiet: bool, **options: Any
) -> tuple[list[SearchedCell], list[str]]:
    """What the run's searches find, made again, and what of the run is left out."""
    from xlbench.catalog import load
    from xlbench.core.errors import ResultsError
    from xlbench.runs.request import data_of
    from xlbench.runs.scored_model import scored_model
    from xlbench.runs.searched import searched, searches_of

    if run.troubles:
        raise ResultsError(f"a run that is damaged is not exported: {run.troubles[0]}")
    request = request_of(options)
    with plugins_print_elsewhere(), open_cache(float(options["cache_size"]), wanted=bool(options["cache"])) as cache:
        catalog = load()
        wanted, left_out = searches_of(run, catalog, data_of(request), options["tasks"])
        model = scored_model(run, run.folder, catalog)
        found = searched(run, wanted, model, depth, reader, cache)
        if quiet or not sys.stderr.isatty():
            return list(found), left_out
        with click.progressbar(found, len(wanted), one_line(f"searches by {model.name}"), file=sys.stderr) as bar:
            return list(bar), left_out


def _changes(searches: list[SearchedCell]) -> list[str]:
    """A line for every cell in which queries have another nDCG@10 than the run saved, or in which that is not known."""
    lines = []
    for one in searches:
        where, n = f"{one.cell.task} {one.cell.subset}", len(one.found.queries)
        if one.changed is None:
            lines.append(
                f"{where}: the lists are shorter than ten, or the run has no nDCG@10: not compared with the run"
            )
        elif one.changed:
            lines.append(f"{where}: {one.changed} of {n} queries have another nDCG@10 than the run saved")
    return lines
