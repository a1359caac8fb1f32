"""``xlbench plot``: pictures of saved runs, for papers and pages, and of vectors, for exploration."""

from __future__ import annotations

import click

from xlbench.cli import plot_boards, plot_runs, plot_space


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench plot standings leaderboards/runs --out standings.pdf   scores with intervals, and chance\n"
    "  xlbench plot languages results --out languages.svg             a heat map of models and languages\n"
    "  xlbench plot compare ngram labse --out a-b.png                 two runs, paired: what is better, and where\n"
    "  xlbench plot space ngram -t mini-parallel -l eng -l hin        vectors of two languages in one space"
)
def command() -> None:
    """Draw what was measured, as PNG, SVG or PDF; and vectors, to be looked at beside the scores."""


for one in (plot_boards.standings, plot_boards.languages, plot_boards.ranks, plot_runs.compare, plot_runs.curve):
    command.add_command(one)
command.add_command(plot_space.command)
