"""The hooks: everything that a plugin can offer, as frozen dataclasses.

A plugin is any module (or object) under the entry-point group ``xlbench``::

    [project.entry-points.xlbench]
    vowels = "xlbench_vowels"

Its hook functions are marked with `hookimpl`, may be generators, and must not import anything slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

from xlbench.core.model import Model
from xlbench.core.task import Suite, Task

if TYPE_CHECKING:
    from xlbench.core.specs import Option

hookspec = pluggy.HookspecMarker("xlbench")
hookimpl = pluggy.HookimplMarker("xlbench")


@dataclass(frozen=True)
class Scheme:
    """How a spec such as ``hf:NAME?pooling=cls`` or ``./my-card.toml`` becomes a model, tasks or a suite.

    ``matches`` says, cheaply, whether a spec is one of this scheme's. A scheme for models has ``model``, or ``combine``
    where it makes them out of others; one for tasks has ``tasks``, and one for suites of them ``suites``.
    """

    name: str
    matches: Callable[[str], bool]
    model: Callable[[str], Model | Iterable[Model]] | None = None
    """Makes the model that a spec means, or the models (``dimensions=64,128`` is two)."""
    tasks: Callable[[str], Iterable[Task]] | None = None
    """Makes the tasks that a spec means: one, or all that it is a pattern of (``mteb:*``), without reading their data.
    Each is called as the spec that gives it again."""
    suites: Callable[[str], Suite] | None = None
    """Makes the suite that a spec means, whose tasks are specs or names. Its board is called as the suite is: by a name
    that a file can have."""
    description: str = ""
    options: tuple[Option, ...] = ()
    """What may follow a ``?`` in a spec; shown by ``xlbench list models --options``."""
    combine: Callable[[str, Any], Model | Iterable[Model]] | None = None
    """As ``model``, and is given the `Catalog` beside the spec, to find the models that a spec puts together."""
    draft: Callable[..., str] | None = None
    """Writes what a spec of tasks names, from files of data that nobody has described: ``draft(files, root, name,
    beside=..., path=...)`` gives the text of a file, for ``xlbench card``. ``root``: the folder that its patterns begin
    in, or None; ``name``: the task's, or ""; ``beside``: whether the file will lie in ``root``; ``path``: of that
    file, or ""."""


@dataclass(frozen=True)
class Engine:
    """Where cells are computed.

    ``map(work, jobs)`` calls ``work(job)`` for every job, once, in any order and anywhere, and yields all that these
    calls yield, unchanged. What it may rely on:

    - A job is an address (names and settings, under 10 kB pickled). ``job.model`` and ``job.task`` are names to
      schedule by: jobs of one model are best done by one worker, which loads it once.
    - ``work`` and jobs can be pickled, for processes that are forked or spawned and for other machines. There, ``work``
      finds models and tasks in that process's own catalog; what was given as an object is a `UsageError`.
    - ``work(job)`` gives an iterable of small values that can be pickled; cells are saved before they are given. It may
      be called from several threads: a process computes one cell at a time.
    - A job that raises, or whose worker dies, is lost: go on with the others. xlbench names the cells that did not come
      back and those that came twice or from nowhere. An `XlbenchError` that ``work`` raises is to be raised.
    - Where ``takes_workers``, ``map(work, jobs, workers=n)`` is told how many workers to have (None: as it likes).
    - ``options`` names what ``--engine-option NAME=VALUE`` may give: each is a keyword argument of ``map``, made by its
      converter (`str`, `int`, `float` or a function that raises `ValueError`), and left out where nobody gives it.
    - When the iterator is closed (a generator's ``finally``), end the workers.
    """

    name: str
    map: Callable[..., Iterable[Any]]
    description: str = ""
    takes_workers: bool = False
    options: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class BoardFormat:
    """A rendering of a board: ``render(board)`` returns the content of each file by the suffix that follows the
    board's name (``{".md": "..."}`` becomes ``mini.md``). Pure: no files, no printing."""

    name: str
    render: Callable[[Any], Mapping[str, str]]
    """Takes an `xlbench.reports.boards.board.Board`."""
    description: str = ""
    suffixes: tuple[str, ...] = ()
    """All suffixes that it may give: a file that it gave before, and now cannot or does not give, is removed. Without
    any, such files stay."""
    default: bool = True
    """Whether it is written where no format is named (``--format``)."""


@dataclass(frozen=True)
class Recipe:
    """A way to make a model: ``xlbench train NAME`` runs its command."""

    name: str
    command: Callable[[], Any]
    """Gives a ``click.Command``, or a click group of them. Called when the recipe is named; what is slow to import
    comes in when that command runs. The command's ``ctx.obj`` is the catalog; an `XlbenchError` that it raises ends in
    one line, and an integer that it returns is the exit code."""
    description: str = ""


class Hooks:
    """The specifications that implementations are checked against."""

    @hookspec
    def xlbench_models(self) -> Iterable[Model]:  # type: ignore[empty-body]
        """Named encoders.

        Fires when the catalog is loaded: before ``run``, ``list`` and ``plugins``. Example::

            import xlbench

            class Vowels:
                def encode(self, texts, role=None):
                    import numpy as np
                    return np.array([[text.count(v) + 0.1 for v in "aeiou"] for text in texts])

            @xlbench.hookimpl
            def xlbench_models():
                yield xlbench.Model("vowels", load=Vowels)
        """

    @hookspec
    def xlbench_schemes(self) -> Iterable[Scheme]:  # type: ignore[empty-body]
        """Ways to turn a spec into a model or into tasks.

        Fires when the catalog is loaded; ``matches`` is asked for every ``--model`` or ``--task`` that is no name.
        Example::

            import xlbench

            class Constant:
                def __init__(self, d):
                    self.d = d

                def encode(self, texts, role=None):
                    import numpy as np
                    return np.ones((len(texts), self.d))

            def constant(spec):
                d = int(spec.removeprefix("constant:"))
                return xlbench.Model(spec, load=lambda: Constant(d), fingerprint=lambda: spec)

            @xlbench.hookimpl
            def xlbench_schemes():
                yield xlbench.Scheme("constant", matches=lambda spec: spec.startswith("constant:"), model=constant)
        """

    @hookspec
    def xlbench_tasks(self) -> Iterable[Task]:  # type: ignore[empty-body]
        """Questions to put to an encoder.

        Fires when the catalog is loaded. Example, is a text's nearest neighbor of its own kind?::

            import xlbench
            from xlbench import metrics

            KINDS = {"a red cat": 0, "two red cats": 0, "the bank fell": 1, "all banks fell": 1}

            def subsets(data):
                yield xlbench.Subset("eng", ("eng",), n=len(KINDS), fingerprint="1", load=lambda: KINDS)

            def evaluate(subset, session):
                import numpy as np
                texts, kinds = list(subset.load()), np.array(list(subset.load().values()))
                vectors = session.encode(texts)
                distances = ((vectors[:, None] - vectors) ** 2).sum(-1)
                np.fill_diagonal(distances, np.inf)
                return xlbench.Outcome(item_ids=texts, columns={"hit": kinds[distances.argmin(1)] == kinds})

            @xlbench.hookimpl
            def xlbench_tasks():
                yield xlbench.Task("kinds", "clustering", (metrics.share("accuracy", "hit"),), subsets, evaluate)
        """

    @hookspec
    def xlbench_suites(self) -> Iterable[Suite]:  # type: ignore[empty-body]
        """Named lists of tasks, for ``xlbench run --suite NAME``.

        Fires when the catalog is loaded; the tasks may come from any plugin. Example::

            import xlbench

            @xlbench.hookimpl
            def xlbench_suites():
                yield xlbench.Suite("my-field", ("lexicon", "ntrex"), "What my field looks at.")
        """

    @hookspec
    def xlbench_engines(self) -> Iterable[Engine]:  # type: ignore[empty-body]
        """Places where cells are computed, for ``xlbench run --engine NAME``; ``serial`` is built in.

        Fires when the catalog is loaded. Example, last job first::

            import xlbench

            def backwards(work, jobs):
                for job in reversed(list(jobs)):
                    yield from work(job)

            @xlbench.hookimpl
            def xlbench_engines():
                yield xlbench.Engine("backwards", backwards)
        """

    @hookspec
    def xlbench_boards(self) -> Iterable[BoardFormat]:  # type: ignore[empty-body]
        """Renderings of a board; ``markdown`` and ``csv`` are built in. Every format is written at every rendering.

        Fires when the catalog is loaded. Example, the names of the models, best first::

            import xlbench

            def render(board):
                return {".names.txt": "".join(row.model + "\\n" for row in board.rows)}

            @xlbench.hookimpl
            def xlbench_boards():
                yield xlbench.BoardFormat("names", render)
        """

    @hookspec
    def xlbench_recipes(self) -> Iterable[Recipe]:  # type: ignore[empty-body]
        """Ways to make a model, for ``xlbench train NAME``.

        Fires when the catalog is loaded. Example, a file with the words of a text, a line each::

            import xlbench

            def command():
                import click

                @click.command()
                @click.argument("text", type=click.File(encoding="utf-8"))
                @click.option("--out", type=click.File("w", encoding="utf-8"), required=True)
                def vocabulary(text, out):
                    "Collect the words of TEXT."
                    out.writelines(f"{word}\\n" for word in sorted(set(text.read().split())))

                return vocabulary

            @xlbench.hookimpl
            def xlbench_recipes():
                yield xlbench.Recipe("vocabulary", command, "The words of a text.")
        """


HOOKS = tuple(name for name in vars(Hooks) if name.startswith("xlbench_"))
