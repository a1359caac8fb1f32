"""``xlbench export mteb|model-card|every-eval-ever``: writes a saved run in the formats of other programs."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import OK
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.reports.exports.exported import Export

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = "\b\nExit codes: 0 it is written; 2 wrong usage, or nothing to export; 3 the run is damaged."


def run_options(out: str) -> Callable[[F], F]:
    """The argument and the options that these commands share; ``out`` is where they write by default."""

    def decorate(function: F) -> F:
        """Add them, the last one first, as click shows the one added last first."""
        parts = [
            click.argument("run", type=click.Path(path_type=Path), default=Path("results")),
            click.option("--model", "-m", metavar="NAME",
                         help="Which of several runs: its model's name, or the first of its fingerprint."),
            click.option("--out", "-o", type=click.Path(path_type=Path), default=Path(out), show_default=True,
                         help="The folder that is written to."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text."),
            click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble."),
        ]  # fmt: skip
        return functools.reduce(lambda decorated, part: part(decorated), reversed(parts), function)

    return decorate


@click.command(
    short_help="Write a run as a results folder of mteb.",
    epilog="\b\nExamples:\n"
    "  xlbench export mteb results/ngram-c6974c0f\n"
    "  xlbench export mteb results -m ngram --out ~/.cache/mteb\n\n" + EXIT_CODES,
)
@run_options("mteb")
def mteb(run: Path, model: str | None, out: Path, as_json: bool, quiet: bool) -> int:
    """Write RUN (the folder of a run, a results folder or a pack) as results that mteb reads.  [default: results]

    A file a task below --out, where mteb's ResultCache finds it, and model_meta.json. Every entry has main_score and
    all metrics, with ci_low, ci_high, n, method and n_clusters beside them; mteb keeps them. The model's revision is
    its fingerprint. mteb itself is not needed.
    """
    from xlbench.reports.exports import mteb_results

    return _write(mteb_results.export, run, model, out, as_json=as_json, quiet=quiet)


@click.command(
    "model-card",
    short_help="Write a run as the model-index of a model card.",
    epilog="\b\nExamples:\n"
    "  xlbench export model-card results/ngram-c6974c0f\n"
    "  xlbench export model-card results -m ngram --out my-model\n\n" + EXIT_CODES,
)
@run_options("model-card")
def model_card(run: Path, model: str | None, out: Path, as_json: bool, quiet: bool) -> int:
    """Write RUN as model-index.yml: the block for the head of a model's README.md.  [default: results]

    The main score of every cell, with its interval in the metric's name and in its args.
    """
    from xlbench.reports.exports import model_card as card

    return _write(card.export, run, model, out, as_json=as_json, quiet=quiet)


@click.command(
    "every-eval-ever",
    short_help="Write a run as a record of Every Eval Ever.",
    epilog="\b\nExamples:\n"
    "  xlbench export every-eval-ever results/ngram-c6974c0f --organization 'University of X'\n\n" + EXIT_CODES,
)
@run_options("every-eval-ever")
@click.option("--organization", default="unknown", show_default=True, help="Who made the evaluation.")
def every_eval_ever(run: Path, model: str | None, out: Path, as_json: bool, quiet: bool, organization: str) -> int:
    """Write RUN as every_eval_ever.json, by the schema of Every Eval Ever.  [default: results]

    The main score of every cell, with its interval and standard error as the schema's uncertainty.
    """
    from xlbench.reports.exports import every_eval_ever as record

    def export(found: Run) -> Export:
        return record.export(found, int(time.time()), organization)

    return _write(export, run, model, out, as_json=as_json, quiet=quiet)


def _write(
    export: Callable[[Run], Export], where: Path, model: str | None, out: Path, *, as_json: bool, quiet: bool
) -> int:
    """Export the run that is meant."""
    from xlbench.core.files import check_folder
    from xlbench.runs.packs.write import choose
    from xlbench.runs.store import Reader

    run = choose(Reader().find_runs(where), model, where)
    made = export(run)
    check_folder(out, "exports", "--out")
    print_export(run, write(made, out), made.left_out, as_json=as_json, quiet=quiet)
    return OK


def write(made: Export, out: Path) -> list[Path]:
    """Write an export's files; none over one that another program, or a person, has written."""
    from xlbench.core.files import write_files
    from xlbench.core.own_files import check_own

    folders: dict[Path, dict[str, bytes]] = {}
    for name, content in made.files.items():
        path = PurePosixPath(name)
        folders.setdefault(out / path.parent, {})[path.name] = content.encode()
    for folder, files in folders.items():
        check_own(folder, files, made.is_own, "by this command for this model")
    return [path for folder, files in folders.items() for path in write_files(folder, files, "exports", "--out")]


def print_export(run: Run, written: Sequence[Path], left_out: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    """What was written, and what a reader has to know of it, a line each."""
    if as_json:
        echo_json({"model": run.model, "fingerprint": run.fingerprint, "files": [str(path) for path in written],
                   "left_out": list(left_out)})  # fmt: skip
    elif not quiet:
        echo("\n".join(f"wrote {path}" for path in written), err=True)
    for line in () if as_json else left_out:
        echo(f"xlbench: {one_line(line)}", err=True)
