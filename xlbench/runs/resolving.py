"""What a request names, through the catalog: models, tasks and the tasks of suites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from xlbench.catalog import Catalog
from xlbench.core.errors import UsageError
from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.task import Suite, Task

T = TypeVar("T")


def resolve(
    given: OneOrMore[Any], kind: type[T], select: Callable[[Sequence[str]], tuple[T, ...]]
) -> tuple[tuple[T, ...], dict[str, str]]:
    """Names and specs through the catalog, then objects as they are; nothing given: what the catalog has for that.

    Returns:
        The models or tasks, each once, and by their names what was given for those that are no objects.
    """
    wanted = as_list(given)
    specs: dict[str, str] = {}
    by_name: dict[str, Any] = {}
    for text in dict.fromkeys(item for item in wanted if isinstance(item, str)):
        for one in select([text]):
            if by_name.setdefault(_name(one), one) is not one:
                raise UsageError(f"two different {_plural(kind)} are called {_name(one)!r}: choose one of them")
            specs.setdefault(_name(one), text)
    if not wanted:
        by_name = {_name(one): one for one in select([])}
        specs = dict(zip(by_name, by_name, strict=True))
    for item in wanted:
        if isinstance(item, str):
            continue
        if not isinstance(item, kind):
            raise UsageError(f"expected a name or a {kind.__name__}, not {type(item).__name__}")
        if by_name.setdefault(_name(item), item) is not item or sum(item is other for other in wanted) > 1:
            raise UsageError(f"two of the {_plural(kind)} given have one name; rename one")
    return tuple(by_name.values()), specs


def _name(item: Any) -> str:
    return str(item.name)


def _plural(kind: type) -> str:
    return f"{kind.__name__.lower()}s"


def names_in(suite: Suite, catalog: Catalog) -> tuple[str, ...]:
    """The names of a suite's tasks: what a scheme has made of a suite may name its tasks by patterns."""
    return suite.tasks if suite.name in catalog.suites else tuple(t.name for t in catalog.select_tasks(suite.tasks))


def tasks_of(
    named: OneOrMore[str | Task], suites: Sequence[str], catalog: Catalog
) -> tuple[tuple[Task, ...], dict[str, str]]:
    """The tasks of the suites, or without any those that are named, and what was given for them."""
    if not suites:
        return resolve(named, Task, catalog.select_tasks)
    tasks = {task.name: task for suite in suites for task in catalog.select_tasks([], suite)}
    return tuple(tasks.values()), {name: name for name in tasks}
