"""Tasks without code: a task for every card of the folder ``cards``."""

from pathlib import Path

import xlbench
from xlbench_tasks import tasks_of


@xlbench.hookimpl
def xlbench_tasks():
    yield from tasks_of(Path(__file__).parent / "cards")
