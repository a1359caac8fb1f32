"""A plugin as somebody wrote it for version 0.1: every hook, and everything by position or by the names of then.

It is not to be changed with xlbench: it is what a later version has to run.
"""

import xlbench
from xlbench import metrics

KINDS = {"a red cat": 0, "two red cats": 0, "the bank fell": 1, "all banks fell": 1}


class Letters:
    """Counts of the first letters of the alphabet, and a constant."""

    parameters = 0

    def __init__(self, number=26):
        self.letters = "abcdefghijklmnopqrstuvwxyz"[:number]

    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[text.count(letter) for letter in self.letters] + [1] for text in texts], dtype=np.float32)


def matches(spec):
    return spec.startswith("first:")


def made(spec):
    number = int(spec.removeprefix("first:"))
    return xlbench.Model(
        spec, lambda: Letters(number), lambda: spec, "Counts of some letters", "CC0-1.0", (), None, False
    )


def combined(spec, catalog):
    (model,) = catalog.select_models([spec.removeprefix("first-again:")])
    return xlbench.Model(spec, model.load, lambda: f"again {model.identity()}")


def subsets(data):
    kinds = dict(list(KINDS.items())[: data.limit])
    yield xlbench.Subset("eng", ("eng",), len(kinds), "1", lambda: kinds)


def evaluate(subset, session):
    import numpy as np

    texts, kinds = list(subset.load()), np.array(list(subset.load().values()))
    vectors = session.encode(texts)
    distances = ((vectors[:, None] - vectors) ** 2).sum(-1)
    np.fill_diagonal(distances, np.inf)
    return xlbench.Outcome(texts, {"hit": kinds[distances.argmin(1)] == kinds})


def backwards(work, jobs):
    for job in reversed(list(jobs)):
        yield from work(job)


def several(work, jobs, workers=None):
    for job in list(jobs):
        yield from work(job)


def render(board):
    return {".first.txt": "".join(f"{row.rank or '-'} {row.model}\n" for row in board.rows)}


def command():
    import click

    @click.command()
    @click.option("--letters", type=int, default=3)
    @click.pass_context
    def alphabet(ctx, letters):
        "Print an alphabet."
        click.echo(Letters(letters).letters + str("first" in ctx.obj.models))
        return 0

    return alphabet


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("first", Letters)


@xlbench.hookimpl
def xlbench_schemes():
    yield xlbench.Scheme("first", matches, made, None, None, "first:LETTERS", (xlbench.Option("case", "bool"),))
    yield xlbench.Scheme("first-again", lambda spec: spec.startswith("first-again:"), combine=combined)
    yield xlbench.Scheme("first-tasks", lambda spec: spec == "tasks:first", tasks=lambda spec: [kinds(spec)])
    yield xlbench.Scheme(
        "first-suites",
        lambda spec: spec == "suite:first",
        suites=lambda spec: xlbench.Suite("first-made", ("tasks:first",)),
    )


def kinds(name):
    return xlbench.Task(name, "clustering", (metrics.share("accuracy", "hit"),), subsets, evaluate, 1, "", ("eng",))


@xlbench.hookimpl
def xlbench_tasks():
    return [kinds("first-kinds")]


@xlbench.hookimpl
def xlbench_suites():
    yield xlbench.Suite("first-suite", ("first-kinds",), "What the first version looked at.")


@xlbench.hookimpl
def xlbench_engines():
    yield xlbench.Engine("first-backwards", backwards, "The last job first.")
    yield xlbench.Engine("first-several", several, "Says that it has workers.", True)


@xlbench.hookimpl
def xlbench_boards():
    yield xlbench.BoardFormat("first-names", render, "Ranks and names.", (".first.txt",), True)


@xlbench.hookimpl
def xlbench_recipes():
    yield xlbench.Recipe("first-alphabet", command, "An alphabet.")


@xlbench.hookimpl(optionalhook=True)
def xlbench_hook_that_may_come():
    return []
