"""``xlbench published``: figures that others have published, beside saved runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import CELL_FAILED, INVALID, OK, UsageError
from xlbench.core.files import write_files
from xlbench.core.tables import table
from xlbench.core.text import did_you_mean, one_line

if TYPE_CHECKING:
    from xlbench.reports.published import FigureComparison


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench published docs/published/labse-ntrex.csv results     does our LaBSE score as published?\n"
    "  xlbench published figures.csv results -t 0.005 --all         every figure, not only what differs\n"
    "  xlbench published docs/published/multilingual-e5-small.csv leaderboards/runs-open \\\n"
    "      --model multilingual-e5-small-q4 --out q4.md             what 4 bits cost, as a page\n\n"
    "\b\nExit codes: 0 all figures agree; 1 one differs or has no run; 2 wrong usage; 3 a damaged file.",
)
@click.argument("figures", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--tolerance",
    "-t",
    type=click.FloatRange(min=0.0, max=1.0),
    default=0.002,
    show_default=True,
    help="How far two numbers that agree may be apart.",
)
@click.option("--all", "show_all", is_flag=True, help="Show the figures that agree, too.")
@click.option("--model", "-m", default="", metavar="NAME", help="Compare all figures with the runs of this model.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.md",
              help="Write the figures that have a score as a markdown page.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of a table.")
def command(
    figures: Path, folders: tuple[Path, ...], tolerance: float, show_all: bool, model: str, out: Path | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Compare published FIGURES with the runs in FOLDERS (results folders, single runs or packs).  [default: results]

    FIGURES is a CSV file with the columns model, task, subset, metric and value.
    Ours stands with its interval, theirs beside it. Missing is not agreement. --model is for a copy of the model
    whose figures they are: quantized, converted, or another release.
    """
    from xlbench.core.record import Results
    from xlbench.reports import published
    from xlbench.runs import store

    wanted = published.read_figures(figures)
    runs = [run for folder in folders or (Path("results"),) for run in store.find_runs(folder)]
    if model and model not in (known := [run.model for run in runs]):
        raise UsageError(f"there is no run of {model!r} here.{did_you_mean(model, known)}")
    if out is not None and out.suffix != ".md":
        raise UsageError(f"--out {out}: give a file that ends in .md")
    compared = published.compare(wanted, Results(tuple(runs)), tolerance, model)
    if out is not None:
        write_files(out.parent, {out.name: published.markdown(compared, model)}, "the comparison", "--out")
    if as_json:
        echo_json([_as_json_row(one) for one in compared])
    else:
        shown = [one for one in compared if show_all or one.verdict == "differs"]
        if shown:
            echo(_table(shown))
        for mean in published.mean_differences(compared) if model else ():
            echo(published.sentence(mean))
        echo(published.summary(compared))
    troubles = [trouble for run in runs for trouble in run.troubles]
    for trouble in troubles:
        echo(f"xlbench: {one_line(trouble)}", err=True)
    return INVALID if troubles else OK if all(one.verdict == "agrees" for one in compared) else CELL_FAILED


def _as_json_row(one: FigureComparison) -> dict[str, str | float | None]:
    score, figure = one.score, one.figure
    return {
        "model": figure.model, "task": figure.task, "subset": figure.subset, "metric": figure.metric,
        "published": figure.value, "value": score.value if score else None, "low": score.low if score else None,
        "high": score.high if score else None, "difference": one.difference,
        "difference_low": one.ends[0] if one.ends else None, "difference_high": one.ends[1] if one.ends else None,
        "verdict": one.verdict,
    }  # fmt: skip


def _table(compared: Sequence[FigureComparison]) -> str:
    rows = []
    for one in compared:
        plain = {
            name: f"{100 * value:.2f}" if isinstance(value, float) else value or ""
            for name, value in _as_json_row(one).items()
        }
        interval = f"[{plain['low']}, {plain['high']}]" if plain["low"] else ""
        rows.append([*list(plain.values())[:6], interval, plain["difference"], plain["verdict"]])
    headers = ["model", "task", "subset", "metric", "published", "ours", "interval", "difference", "verdict"]
    return table(headers, rows, "llllrrrrl")
