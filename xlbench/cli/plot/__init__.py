"""``xlbench plot``: pictures of saved runs, for papers and pages, and of vectors, for exploration."""

from __future__ import annotations

import click

from xlbench.cli.plot import boards, runs, space


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench plot standings leaderboards/runs --out standings.pdf   scores with intervals, and chance\n"
    "  xlbench plot languages results --out languages.svg             a heat map of models and languages\n"
    "  xlbench plot compare ngram labse --out a-b.png                 two runs, paired: what is better, and where\n"
    "  xlbench plot space ngram -t mini-parallel -l eng -l hin        vectors of two languages in one space"
)
def command() -> None:
    """Draw what was measured, as PNG, SVG or PDF; and vectors, to be looked at beside the scores."""


for picture in (boards.standings, boards.languages, boards.ranks, runs.compare, runs.curve, space.command):
    command.add_command(picture)
