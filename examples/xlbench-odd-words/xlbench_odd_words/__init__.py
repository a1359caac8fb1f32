"""Which word of four does not belong? A protocol, its card, a model and a suite."""

from pathlib import Path

import xlbench
from xlbench_odd_words import endings
from xlbench_tasks import tasks_of


@xlbench.hookimpl
def xlbench_models():
    """A model that is made of its source alone: results are kept under this package's code."""
    yield xlbench.Model(
        "endings", load=endings.Endings, description="Counts of the ends of words", license="CC0-1.0", trained_on=()
    )


@xlbench.hookimpl
def xlbench_tasks():
    """A task for every card of the folder ``cards``."""
    yield from tasks_of(Path(__file__).parent / "cards")


@xlbench.hookimpl
def xlbench_suites():
    """A board of this plugin's task and of one that comes with xlbench."""
    yield xlbench.Suite("word-kinds", ("odd-words", "mini-words-relatedness"), "Which words are of a kind")
