"""``xlbench curve``: scores against the number of training items, as tables and plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.scoring import (
    EXIT_CODES,
    cache_and_permission_options,
    output_options,
    request_of,
    scoring_options,
    selection_options,
)
from xlbench.cli.output.printing import (
    echo,
    echo_json,
    exit_code,
    plan_exit_code,
    plugins_print_elsewhere,
    print_absent,
    print_trouble,
    show_plan,
)
from xlbench.core.errors import MissingExtraError

if TYPE_CHECKING:
    from xlbench.reports.curves import Curves
    from xlbench.runs.request import PreparedRun


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench curve -t mini-news                                   the built-in models, the usual sizes\n"
    "  xlbench curve -m ngram -t mini-ner -l hin --train-sizes 10,20,all\n"
    "  xlbench curve -t masakhanews --data DIR -n                   which cells that would be\n"
    "  xlbench curve --suite nepali --data DIR --out plots          every task of a suite that learns\n\n" + EXIT_CODES
)
@selection_options
@click.option(
    "--train-sizes",
    default="50,100,200,500,1000,all",
    show_default=True,
    metavar="N,N,...",
    help="How many items to learn from; all: the whole training split.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("curves"),
    show_default=True,
    help="Where tables and plots are written.",
)
@scoring_options
@cache_and_permission_options
@output_options
def command(
    train_sizes: str,
    out: Path,
    dry_run: bool,
    fail_fast: bool,
    strict: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Score models with more and more to learn from: any task that learns, every number with its interval.

    Smaller training sets lie within larger ones, keep the shares of the classes, and are the same for all models. Cells
    are saved beside those of `xlbench run`, and computed once; they are on no board.
    """
    from xlbench.cli.output.progress import watching
    from xlbench.core.files import check_folder, write_files
    from xlbench.reports.render import curves_of, render_curves
    from xlbench.runs.execute import run_prepared
    from xlbench.runs.request import idle_tasks, learning_tasks, prepare_curve

    with plugins_print_elsewhere():
        prepared = prepare_curve(request_of({**options, "train_sizes": tuple(train_sizes.split(","))}))
    for task in idle_tasks(prepared):
        echo(f"{task} learns nothing, and has no curve", err=True)
    if dry_run:
        show_plan(prepared, as_json=as_json, quiet=quiet, strict=strict)
        return plan_exit_code(prepared, strict=strict)
    plots = _can_plot()
    with plugins_print_elsewhere():
        if prepared.has_work:
            check_folder(out, "curves", "--out")  # before hours of work, and not after them
        with watching(prepared.planned, quiet=quiet) as observer:
            results = run_prepared(prepared, observer, fail_fast=fail_fast)
        curves = curves_of(results, learning_tasks(prepared), idle_tasks(prepared))
        written = write_files(out, render_curves(curves, plots=plots), "curves", "--out")
    code = exit_code(prepared, curves.cells, strict=strict)
    if as_json:
        _print_json(prepared, curves, written, code)
    elif not quiet:
        _print_tables(curves, written)
    if strict or not (as_json or quiet):
        print_absent(prepared)
    print_trouble(prepared, curves.cells)
    return code


def _can_plot() -> bool:
    """Whether plots can be drawn; where they cannot, says so: the tables need nothing more."""
    from xlbench.reports.figures.style import check_installed

    try:
        check_installed()
    except MissingExtraError as error:
        echo(f"tables alone: {error}", err=True)
        return False
    return True


def _print_tables(curves: Curves, written: Sequence[Path]) -> None:
    from xlbench.core.text import one_line
    from xlbench.reports.curves import table

    for task, own in curves.tasks.items():
        echo(f"{one_line(task)}\n{table(own, one_line)}\n")
    echo("\n".join(f"wrote {path}" for path in written), err=True)


def _print_json(prepared: PreparedRun, curves: Curves, written: Sequence[Path], code: int) -> None:
    from xlbench.reports.curves import long_rows

    plain = {
        "exit_code": code,
        "absent": dict(prepared.absent),
        "files": [str(path) for path in written],
        "idle": list(curves.idle),
        "scores": list(long_rows(curves)),
    }
    echo_json(plain)
