"""What no run can be asked for: settings, languages, training sizes and workers, each refused in one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.catalog import Catalog
from xlbench.catalog.hooks import Engine
from xlbench.core.errors import UsageError
from xlbench.core.estimate import CI_METHODS
from xlbench.core.record import ALL
from xlbench.core.task import Task
from xlbench.core.text import did_you_mean

if TYPE_CHECKING:
    from xlbench.runs.request import Request

MOST_DRAWS = 1000
"""Training sets that a probe learns from again, at the most."""


def check_request(request: Request) -> None:
    """Raise `UsageError` for settings that no run can have."""
    if request.ci not in CI_METHODS:
        hint = did_you_mean(request.ci, CI_METHODS)
        raise UsageError(f"there is no interval method {request.ci!r}.{hint} Choose one of {', '.join(CI_METHODS)}")
    if request.limit is not None and request.limit < 1:
        raise UsageError("a limit is at least 1 item")
    if request.seed < 0:
        raise UsageError("a seed is 0 or larger")
    draws = request.ci_training
    if isinstance(draws, bool) or not isinstance(draws, int) or (draws and not 2 <= draws <= MOST_DRAWS):
        raise UsageError(
            f"{draws!r} is no number of training sets (--ci-training): give 2 to {MOST_DRAWS}, such as 20, or 0"
        )
    if request.suites and request.has_tasks:
        raise UsageError("give a suite or tasks, not both")


def check_languages(languages: Sequence[str], tasks: Sequence[Task]) -> None:
    """Raise `UsageError` for a language that none of the tasks declares."""
    declared = {language for task in tasks for language in task.languages}
    open_ended = any(not task.languages for task in tasks)  # they have whichever are at hand
    for language in languages:
        if not open_ended and language not in declared:
            scripts = sorted(code for code in declared if code.startswith(f"{language}_"))
            hint = f" Did you mean {' or '.join(map(repr, scripts))}?" if scripts else did_you_mean(language, declared)
            raise UsageError(
                f"no task here has the language {language!r}.{hint} "
                f"Codes are ISO 639-3, with a script where it matters (zho_Hans)"
            )


def sizes_of(wanted: Iterable[int | str] | str) -> tuple[int | None, ...]:
    """Training sizes in ascending order, from numbers and "all" (None, the last), or a text of these with commas.

    Raises:
        UsageError: For anything else.
    """
    sizes: list[int | None] = []
    for given in wanted.split(",") if isinstance(wanted, str) else wanted:
        text = str(given).strip()
        if text != ALL and not (text.isascii() and text.isdigit() and int(text) > 0 and not isinstance(given, bool)):
            raise UsageError(
                f"{given!r} is no training size: give whole numbers above 0, and '{ALL}' for all items, "
                f"as in 50,100,200,{ALL}"
            )
        size = None if text == ALL else int(text)
        if size in sizes:
            raise UsageError(f"the training size {text} is given twice")
        sizes.append(size)
    if not sizes:
        raise UsageError(f"give at least one training size, as in 50,100,200,{ALL}")
    return tuple(sorted(sizes, key=lambda size: (size is None, size)))


def check_workers(engine: Engine, workers: int | None, catalog: Catalog) -> None:
    """Raise `UsageError` for a number of workers that the engine cannot have."""
    if workers is None:
        return
    if not engine.takes_workers:
        able = [name for name, other in catalog.engines.items() if other.takes_workers]
        hint = did_you_mean(engine.name, able) or f" Those that take it: {', '.join(able) or 'none'}."
        raise UsageError(f"the engine {engine.name!r} takes no number of workers (--workers).{hint}")
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise UsageError(f"{workers!r} is no number of workers: give a whole number of at least 1")


def engine_options(engine: Engine, given: Sequence[str]) -> dict[str, Any]:
    """What ``NAME=VALUE`` texts give the engine, by the names of its arguments.

    Raises:
        UsageError: For a text of another form, a name that the engine does not have or is given twice, and a value that
            it cannot have.
    """
    options: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"{text!r} is no option of an engine: give NAME=VALUE (--engine-option)")
        if name not in engine.options:
            hint = did_you_mean(name, engine.options)
            known = f" It has {', '.join(engine.options)}." if engine.options else " It has none."
            raise UsageError(f"the engine {engine.name!r} has no option {name!r} (--engine-option).{hint or known}")
        if name in options:
            raise UsageError(f"the option {name!r} of the engine {engine.name!r} is given twice (--engine-option)")
        try:
            options[name] = engine.options[name](value)
        except ValueError as error:
            raise UsageError(f"{text!r} cannot be an option of the engine {engine.name!r}: {error}") from None
    return options
