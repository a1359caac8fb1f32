"""``xlbench corpus``: makes a cleaned corpus of files, with counts and a datasheet, for training language models."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.output.live_line import LiveLine
from xlbench.cli.output.pace import duration
from xlbench.cli.output.printing import echo, echo_json, echo_written, plugins_print_elsewhere
from xlbench.cli.output.window import can_redraw
from xlbench.core.errors import OK
from xlbench.core.permissions import Permissions, granted
from xlbench.core.tables import table
from xlbench.core.text import byte_count, count_text, one_line

if TYPE_CHECKING:
    from xlbench.corpus.counting import Progress
    from xlbench.corpus.estimating import Estimate
    from xlbench.corpus.settings import Settings

EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """The names of a list with commas; None where it was not given."""
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench corpus news.txt 'comments.csv?column=text&register=social' --language nep --out nepali\n"
    "  xlbench corpus card:ntrex:nep dump.jsonl.zst -l nep --steps lid,dedupe --out raw --data DIR\n"
    "  xlbench corpus big.txt.gz -l hin --steps lid,dedupe --against mar --against nep --out hindi --dry-run\n"
    "  xlbench corpus words.txt -l kmr --steps normalize --rules ./kurmanji.toml --out kurmanji\n"
    "  xlbench train mlm --corpus nepali --base new:6x300 --out bert    what such a corpus is for\n\n"
    "\b\nExit codes: 0 written; 2 wrong usage, or no line is left; 3 a file is damaged, data of a card is not at\n"
    "hand, or the disk is full; 130 stopped: nothing is kept, and the same command begins again."
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--language", "-l", required=True, metavar="CODE", help="What the corpus is in, ISO 639-3.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="The folder of the corpus; it may not be there yet, or is empty.")  # fmt: skip
@click.option("--steps", callback=_names, metavar="NAMES",
              help="Some of lid, normalize, dedupe and split, with commas, in the order in which they are done.  "
              "[default: all that the language has rules for]")  # fmt: skip
@click.option("--rules", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.toml",
              help="Rules of spelling and suffixes, in the place of those that come with xlbench.")  # fmt: skip
@click.option("--near", type=click.FloatRange(0.5, 1), default=0.8, show_default=True, metavar="SHARE",
              help="Lines that share so much are near duplicates; 1: only exact ones are left out.")  # fmt: skip
@click.option("--among", multiple=True, metavar="CODE",
              help="A language that lines may be taken for (repeatable).  [default: all that are known]")  # fmt: skip
@click.option("--against", multiple=True, metavar="CODE",
              help="A language that the filter is measured on (repeatable).  [default: as the rules say]")  # fmt: skip
@click.option("--measure-on", multiple=True, metavar="CODE=FILE",
              help="Texts in a known language, which the filter is measured on (repeatable).  [default: those of the "
              "first of ntrex, sib200-news and mini-parallel that is at hand]")  # fmt: skip
@click.option("--sample", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True, metavar="SHARE",
              help="Keep this share of the lines that are left, by a hash of each: smaller samples lie within "
              "larger ones.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="Folder of the data files of cards.")  # fmt: skip
@click.option("--skip-damaged", is_flag=True, help="Pass over damaged lines and count them; otherwise they are errors.")
@click.option("--offline", is_flag=True, help="Make no request; data of a card that is not here is an error.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be read, and how long it may take; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of tables.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(
    files: tuple[str, ...], language: str, out: Path, data: Path | None, dry_run: bool, as_json: bool, quiet: bool,
    against: tuple[str, ...], measure_on: tuple[str, ...], **options: Any,
) -> int:  # fmt: skip
    """Make a corpus of text files: filter by language, bring spellings to one, leave duplicates out, split suffixes.

    A FILE has a line a sentence (.txt), or is a table (.csv, .tsv), JSON lines or words with tags (.conll), plain, .gz
    or .zst; or it is card:TASK:CODE, the texts of a task. Behind a ? it says more: ?register=news, ?column=text,
    ?document=id, ?header=false, ?format=conll, ?attach=true, ?license=MIT, ?name=mine. Files may be larger than memory.
    """
    from xlbench.corpus import prepare
    from xlbench.corpus.output import check_output

    check_output(out)
    asked = options | {"against": against or None}
    if dry_run:
        return _try(files, language, data, measure_on, as_json=as_json, quiet=quiet, **asked)
    with plugins_print_elsewhere(), _watching(quiet=quiet) as progress:
        prepared = prepare(files, language, out, data=data, measure_on=measure_on, progress=progress,
                           command=("xlbench", *sys.argv[1:]), **asked)  # fmt: skip
    manifest = prepared.corpus.manifest
    if as_json:
        echo_json({"folder": str(out), **manifest})
    elif not quiet:
        _print(manifest)
    for note in () if as_json else prepared.notes:
        echo(one_line(note), err=True)
    if not quiet:
        echo_written(sorted(out.iterdir()))
    return OK


def _print(manifest: Any) -> None:
    from xlbench.corpus.datasheet import confusion_table, counts_table

    if manifest["filter"]["confusion"]:
        echo(confusion_table(manifest))
        echo()
    echo(counts_table(manifest))
    told = ", ".join(f"{register or 'no register'} {count:,}" for register, count in manifest["registers"].items())
    counts = [count_text(manifest[name], name.removesuffix("s")) for name in ("lines", "words", "characters")]
    echo(f"\n{counts[0]} ({told}), {counts[1]}, {counts[2]}")


def _try(
    files: tuple[str, ...], language: str, data: Path | None, measure_on: tuple[str, ...], *, as_json: bool,
    quiet: bool, steps: Any, rules: Any, near: float, among: Any, against: Any, skip_damaged: bool, sample: float,
    offline: bool,
) -> int:  # fmt: skip
    """The dry run."""
    from xlbench.catalog import load
    from xlbench.corpus.estimating import estimate
    from xlbench.corpus.preparing import data_root, texts_to_measure_on
    from xlbench.corpus.settings import settings_of

    settings = settings_of(files, language, steps, rules=rules, near=near, among=among, against=against,
                           skip_damaged=skip_damaged, sample=sample)  # fmt: skip
    with plugins_print_elsewhere(), granted(Permissions(offline=offline)):
        if measure_on:  # what is wrong with them is told now, and not when all is read
            texts_to_measure_on(settings, measure_on, load(), data_root(data))
        estimates = estimate(settings, load(), data_root(data))
    if as_json:
        echo_json({"language": language, "steps": settings.steps, "inputs": [asdict(each) for each in estimates]})
    elif not quiet:
        _print_estimates(estimates, settings)
    return OK


def _print_estimates(estimates: list[Estimate], settings: Settings) -> None:
    rows = [
        [one_line(each.name), each.format, each.register, each.license, byte_count(each.bytes),
         f"{'' if each.is_counted else 'about '}{each.lines:,}",
         f"{100 * each.kept / each.tried:.1f}% of {each.tried:,}" if each.tried else "no line", duration(each.seconds)]
        for each in estimates
    ]  # fmt: skip
    headers = ["input", "format", "register", "license", "size", "lines", "kept of those tried", "time"]
    echo(table(headers, rows, "llllrrlr"))
    seconds, lines = sum(each.seconds for each in estimates), sum(each.lines for each in estimates)
    steps = ", ".join(settings.steps)
    echo(f"\nSteps: {steps}. {count_text(lines, 'line')} may take {duration(seconds)} here; nothing is written.")


@contextlib.contextmanager
def _watching(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """What is told of progress: a live line on a terminal, elsewhere a line in half a minute."""
    if quiet:
        yield lambda _: None
        return
    begun = last = 0.0
    shown = [""]
    if can_redraw(sys.stderr):
        line = LiveLine(sys.stderr, lambda room, aside: aside or shown[0])

        def draw(progress: Progress) -> None:
            """Draw how far it is."""
            nonlocal begun
            begun = begun or time.monotonic()
            shown[0] = progress_text(progress, time.monotonic() - begun)
            line.draw()

        with line.shown():
            yield draw
        return

    def say(progress: Progress) -> None:
        """Say how far it is, from time to time."""
        nonlocal begun, last
        begun, last = begun or time.monotonic(), last or time.monotonic()
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            echo(progress_text(progress, last - begun), err=True)

    yield say


def progress_text(progress: Progress, seconds: float) -> str:
    """How far a preparation is after so many seconds, how fast, and how long the rest may take."""
    parts = [f"{progress.lines:,} lines read, {progress.kept:,} kept"]
    if seconds > 0:
        parts.append(f"{progress.lines / seconds:,.0f} a second")
    if 0 < progress.done < progress.total:
        parts.append(f"{100 * progress.done / progress.total:.0f}%")
        parts.append(f"about {duration(seconds * (progress.total / progress.done - 1))} left")
    return "  ".join([*parts, one_line(progress.name)])
