"""The first-party tasks: cards, suites of them, and the scheme that makes a task of any card file.

Other plugins ship cards of their own with `tasks_of`.

Listing them reads the cards and nothing else: data, numpy, `datasets` and Babel come in when subsets are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xlbench import Scheme, Suite, Task, UsageError, hookimpl
from xlbench.core.ids import check_name

SUITES = Path(__file__).parent / "suites"


@hookimpl
def xlbench_tasks() -> Iterable[Task]:
    """A task for every card."""
    from xlbench_tasks.card.read import CARDS

    yield from tasks_of(CARDS)


def tasks_of(folder: str | Path) -> Iterator[Task]:
    """A task for every card, ``*.toml``, of a folder: for the ``xlbench_tasks`` of any plugin that ships cards.

    Imports nothing heavy and reads no data. `UsageError` for a card that is wrong, and where there is none at all.
    """
    from xlbench_tasks.card.read import read_card
    from xlbench_tasks.card.task import task

    paths = sorted(Path(folder).glob("*.toml"))
    if not paths:
        raise UsageError(f"there are no cards (*.toml) in {folder}; is the folder among the package's data?")
    for path in paths:
        yield task(read_card(path))


@hookimpl
def xlbench_suites() -> Iterable[Suite]:
    """A suite for every file of ``suites/``."""
    for path in sorted(SUITES.glob("*.toml")):
        yield read_suite(path)


@hookimpl
def xlbench_schemes() -> Iterable[Scheme]:
    """``./my-card.toml``: a card of one's own; its files are under the data root, as everywhere, or beside it."""
    yield Scheme("card", _is_card, tasks=_tasks_of_card, draft=_draft, description="a task card: ./NAME.toml")


def read_suite(path: Path) -> Suite:
    """Read and check a suite's file: ``name``, ``description`` and ``tasks``."""
    from xlbench_tasks.card.schema import check_table, read_toml

    raw = read_toml(path)
    check_table(raw, {"name": str, "description": str, "tasks": list[str]}, path.name, ("name", "description", "tasks"))
    tasks = tuple(check_name("task", name) for name in raw["tasks"])
    return Suite(check_name("suite", raw["name"]), tasks, raw["description"])


def _is_card(spec: str) -> bool:
    return spec.endswith(".toml")


def _tasks_of_card(spec: str) -> Iterable[Task]:
    from xlbench_tasks.card.lazy import lazy_task
    from xlbench_tasks.card.read import read_card
    from xlbench_tasks.card.task import task

    path = Path(spec).expanduser()
    card = read_card(path, spec, imports=False)
    return [lazy_task(card, path, spec) if card.modules else task(card)]


def _draft(files: Sequence[Path], root: Path | None, name: str, *, beside: bool, path: str = "") -> str:
    from xlbench_tasks.draft.drafting import draft_card

    return draft_card(files, root, name, beside=beside, path=path)
