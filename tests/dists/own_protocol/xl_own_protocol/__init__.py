"""A protocol and a reader of one's own, which the cards name as modules."""

from pathlib import Path

import xlbench
from xlbench_tasks import tasks_of


@xlbench.hookimpl
def xlbench_tasks():
    yield from tasks_of(Path(__file__).parent / "cards")
