"""``xlbench compare``: compares runs cell by cell, with paired differences and a verdict on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.scoring import LANGUAGE_HELP
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import OK, UsageError
from xlbench.core.text import did_you_mean

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.compare.differences import Options
    from xlbench.reports.compare.logs.reader import LogReader
    from xlbench.reports.compare.matching import CellFilter

PICTURES = (".png", ".svg", ".pdf")
ENDINGS = (".md", ".csv", ".json", *PICTURES)


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench compare ngram labse                        two models of ./results, by name\n"
    "  xlbench compare old/siamese-1f3a new/siamese-77c2  two runs, by their folders\n"
    "  xlbench compare results --baseline ngram           every other model in ./results against one\n"
    "  xlbench compare part1 part2 --baseline ngram       the same, of cells that lie in two folders, such as shards\n"
    "  xlbench compare results --all-pairs                all pairs, with letters for those that stay together\n"
    "  xlbench compare a b --out a-b.md --out a-b.svg     as a page, and as a forest plot\n"
    "  xlbench compare --a a1 --a a2 --a a3 --b b1 --b b2   two recipes, trained with several seeds each\n"
    "  xlbench compare lm-eval:out/old lm-eval:out/new    logs of lm-evaluation-harness (--log_samples)\n"
    "  xlbench compare inspect:a.eval inspect:b.json      logs of inspect_ai\n\n"
    "\b\nExit codes: 0 compared, whatever the verdict (a gate is `xlbench gate`); 2 wrong usage, or runs that do not\n"
    "have the same cells; 3 a damaged file.",
)
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--a", "before", multiple=True, metavar="RUN", help="A run of the baseline's recipe: give two or more.")
@click.option("--b", "after", multiple=True, metavar="RUN", help="A run of the other recipe: give two or more.")
@click.option("--results", type=click.Path(path_type=Path), default=[Path("results")], show_default=True, multiple=True,
              help="Where models that are given by name are looked for (repeatable: parts are joined).")  # fmt: skip
@click.option("--baseline", metavar="NAME", help="The run that the others are compared with.  [default: the first]")
@click.option("--all-pairs", is_flag=True, help="Compare all pairs of runs, all at once.")
@click.option("--suite", "-s", metavar="NAME", default="", help="Only what belongs to this suite.")
@click.option("--task", "-t", "tasks", multiple=True, metavar="NAME", help="Only these tasks: names or patterns.")
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE", help=LANGUAGE_HELP)
@click.option("--method", type=click.Choice(["t", "bootstrap", "randomization"]), default="t", show_default=True,
              help="Of intervals and p.")  # fmt: skip
@click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.95, show_default=True,
              help="Of intervals; 1 less this is the chance of a false verdict among tasks.")  # fmt: skip
@click.option("--explore", is_flag=True, help="Keep the share of false findings (Benjamini-Hochberg), not any (Holm).")
@click.option("--over", type=click.Choice(["items", "languages"]), default="items", show_default=True,
              help="What the overall is a sample of: items of this suite, or languages in general.")  # fmt: skip
@click.option("--allow-intersection", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE",
              help="Compare what the runs share, if that is this share of their items at least.")  # fmt: skip
@click.option("--examples", type=click.IntRange(min=1), metavar="N", help="Show the N items that changed most.")
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="Folder of data files, for the texts of --examples.")  # fmt: skip
@click.option("--metric", metavar="NAME", help="Of logs: compare them by this metric, as acc_norm.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of random numbers.")
@click.option("--out", "files", multiple=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help=f"Write the comparison, by its ending: {', '.join(ENDINGS)} (repeatable).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
def command(runs: tuple[str, ...], results: tuple[Path, ...], baseline: str | None, all_pairs: bool,
            files: tuple[Path, ...], as_json: bool, metric: str | None, before: tuple[str, ...], after: tuple[str, ...],
            data: Path | None, **options: Any) -> int:  # fmt: skip
    """Compare RUNs cell by cell: paired differences with intervals, p-values, and a verdict each.

    A RUN is the folder of one, a pack, a results folder that holds one (or, given alone, several), or the name of a
    model in --results. Folders that hold parts of the same runs are joined. Needs neither model nor data.
    lm-eval:PATH and inspect:PATH are logs of other tools.
    """
    from xlbench.reports.compare import render
    from xlbench.reports.compare.inputs import find_each, find_runs
    from xlbench.reports.compare.logs.reader import LogReader

    _check(runs=runs, before=before, after=after, baseline=baseline, all_pairs=all_pairs, files=files, metric=metric,
           **options)  # fmt: skip
    reader = LogReader(metric or "")
    if before or after:
        compared = [
            _compare_recipes(find_each(before, results, reader), find_each(after, results, reader), reader, **options)
        ]
    else:
        named = _baseline_first(find_runs(runs, results, reader), baseline)
        if all_pairs:
            return _compare_all_pairs(named, reader, as_json=as_json, **options)
        compared, first = _compare_runs(named, reader, **options), next(iter(named.values()))
    if options["examples"]:
        from xlbench.cli.output.example_texts import with_texts

        with plugins_print_elsewhere():
            compared = [with_texts(one, first, reader, data) for one in compared]
    for path in files:
        _write(path, compared)
    if as_json:
        echo_json(render.as_plain(compared))
        return OK
    echo("\n\n\n".join(render.as_text(one) for one in compared))
    for path in files:
        echo(f"wrote {path}", err=True)
    return OK


def _check(*, runs: tuple[str, ...], before: tuple[str, ...], after: tuple[str, ...], baseline: str | None,
           all_pairs: bool, files: tuple[Path, ...], metric: str | None, **options: Any) -> None:  # fmt: skip
    """`UsageError` for options that do not go together, before anything is read."""
    from xlbench.reports.compare.logs.reader import PREFIXES

    if not 0 < options["level"] < 1:
        raise UsageError(f"--level {options['level']}: give a number between 0 and 1")
    for path in files:
        if path.suffix not in ENDINGS:
            hint = did_you_mean(path.suffix, ENDINGS)
            raise UsageError(f"{path}: a comparison is written as {', '.join(ENDINGS)}.{hint}")
    if all_pairs:
        _check_all_pairs(baseline=baseline, files=files, **options)
    if before or after:
        _check_recipes(runs=runs, baseline=baseline, all_pairs=all_pairs)
    elif not runs:
        raise UsageError("a comparison needs two runs at least: give two, or a folder that holds several")
    if metric and not any(text.startswith(PREFIXES) for text in (*runs, *before, *after)):
        raise UsageError(f"--metric is for logs ({', '.join(PREFIXES)}): saved runs are compared by their main metric")


def _check_all_pairs(**options: Any) -> None:
    """`UsageError` for an option that all pairs at once, by Tukey's range, have no use for."""
    idle = {
        "--baseline": options["baseline"], "--out": options["files"], "--examples": options["examples"],
        "--explore": options["explore"], "--method": options["method"] != "t", "--over": options["over"] != "items",
    }  # fmt: skip
    for name, given in idle.items():
        if given:
            raise UsageError(f"{name} has no use with --all-pairs: leave one of them out")


def _check_recipes(**options: Any) -> None:
    """`UsageError` for what a comparison of two recipes has no use for."""
    for name, given in {
        "RUN": options["runs"],
        "--baseline": options["baseline"],
        "--all-pairs": options["all_pairs"],
    }.items():
        if given:
            raise UsageError(f"{name} has no use with --a and --b, which name all runs: leave one of them out")


def _baseline_first(runs: Mapping[str, Run], baseline: str | None) -> dict[str, Run]:
    """The baseline first."""
    if baseline is None:
        return dict(runs)
    if baseline not in runs:
        raise UsageError(f"no run is called {baseline!r}.{did_you_mean(baseline, runs)} There are: {', '.join(runs)}")
    return {baseline: runs[baseline], **{name: run for name, run in runs.items() if name != baseline}}


def _compare_runs(
    runs: Mapping[str, Run], reader: LogReader, *, examples: int | None, **options: Any
) -> list[Comparison]:
    from xlbench.reports.compare.comparison import against_baseline

    return against_baseline(runs, reader.influence, *_comparison_options(**options), examples or 0, reader.load_items)


def _compare_recipes(
    before: list[Run], after: list[Run], reader: LogReader, *, examples: int | None, **options: Any
) -> Comparison:
    from xlbench.reports.compare.recipes import of_recipes

    return of_recipes(
        before, after, reader.influence, *_comparison_options(**options), examples or 0, reader.load_items
    )


def _compare_all_pairs(
    runs: Mapping[str, Run], reader: LogReader, *, as_json: bool, examples: None, **options: Any
) -> int:
    from dataclasses import asdict

    from xlbench.reports.compare import render
    from xlbench.reports.compare.comparison import all_pairs

    found = all_pairs(runs, reader.influence, *_comparison_options(**options))
    if as_json:
        echo_json({"schema": render.SCHEMA, "runs": [*runs], "groups": [asdict(one) for one in found]})
    else:
        echo(render.letters_table([*runs], found))
        echo(
            "\nIn points. In a row, runs that share a letter cannot be told apart, all pairs at once;\n"
            "one without a letter is told from all others."
        )
    return OK


def _comparison_options(
    *, suite: str, tasks: tuple[str, ...], languages: tuple[str, ...], method: Any, level: float, explore: bool,
    over: str, allow_intersection: float | None, seed: int,
) -> tuple[Options, CellFilter, float | None]:  # fmt: skip
    """The options of the command line as those of a comparison."""
    from xlbench.reports.compare.differences import Options
    from xlbench.reports.compare.matching import CellFilter

    judged = Options(level, method, explore=explore, over_languages=over == "languages", seed=seed)
    return judged, CellFilter(tasks, languages, suite), allow_intersection


def _write(path: Path, comparisons: Sequence[Comparison]) -> None:
    """One file of all candidates, by its ending."""
    from xlbench.core.files import write_files
    from xlbench.reports.compare import render

    if path.suffix in PICTURES:
        from xlbench.reports.figures import drawing

        drawn = drawing.make("compare", list(comparisons))
        for note in drawn.notes:
            echo(f"xlbench: {note}", err=True)
        drawing.write(drawn.figure, path)
        return
    makers = {".md": render.as_pages, ".csv": render.as_csv, ".json": render.to_json}
    content: str | bytes = makers[path.suffix](comparisons)
    write_files(path.parent, {path.name: content}, "comparison", "--out")
