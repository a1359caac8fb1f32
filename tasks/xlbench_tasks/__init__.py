"""The first-party tasks: cards, suites of them, and the scheme that makes a task of any card file.

Listing them reads the cards and nothing else: data, numpy, `datasets` and Babel come in when subsets are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xlbench import Scheme, Suite, Task, hookimpl
from xlbench.names import check_name

SUITES = Path(__file__).parent / "suites"


@hookimpl
def xlbench_tasks() -> Iterable[Task]:
    """A task for every card."""
    from xlbench_tasks.card import CARDS, read_card, task

    for path in sorted(CARDS.glob("*.toml")):
        yield task(read_card(path))


@hookimpl
def xlbench_suites() -> Iterable[Suite]:
    """A suite for every file of ``suites/``."""
    for path in sorted(SUITES.glob("*.toml")):
        yield read_suite(path)


@hookimpl
def xlbench_schemes() -> Iterable[Scheme]:
    """``./my-card.toml``: a card of one's own; its files are looked for under the data root, as everywhere."""
    yield Scheme("card", _is_card, tasks=_tasks_of_card, description="a task card: ./NAME.toml")


def read_suite(path: Path) -> Suite:
    """Read and check a suite's file: ``name``, ``description`` and ``tasks``."""
    from xlbench_tasks.card import check_table, read_toml

    raw = read_toml(path)
    check_table(raw, {"name": str, "description": str, "tasks": list[str]}, path.name, ("name", "description", "tasks"))
    tasks = tuple(check_name("task", name) for name in raw["tasks"])
    return Suite(check_name("suite", raw["name"]), tasks, raw["description"])


def _is_card(spec: str) -> bool:
    return spec.endswith(".toml")


def _tasks_of_card(spec: str) -> Iterable[Task]:
    from xlbench_tasks.card import read_card, task

    return [task(read_card(Path(spec).expanduser()))]
