"""A plugin as it should be: a weight-free model and a small task, with numpy imported where it is used."""

import xlbench
from xlbench import metrics

KINDS = {"a red cat": 0, "two red cats": 0, "the bank fell": 1, "all banks fell": 1}


class Letters:
    """Counts of the letters a to z, and a constant so that no vector is zero."""

    def encode(self, texts, role=None):
        import numpy as np

        letters = "abcdefghijklmnopqrstuvwxyz"
        return np.array([[text.count(letter) for letter in letters] + [1] for text in texts], dtype=np.float32)


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
def xlbench_models():
    yield xlbench.Model("letters", load=Letters, description="Counts of letters.", license="CC0-1.0", in_suites=True)


@xlbench.hookimpl
def xlbench_tasks():
    yield xlbench.Task(
        "kinds",
        "clustering",
        (metrics.share("accuracy", "hit"),),
        subsets,
        evaluate,
        languages=("eng",),
        description="Is a text's nearest neighbor of its own kind?",
        license="CC0-1.0",
    )


@xlbench.hookimpl
def xlbench_suites():
    yield xlbench.Suite("kinds-only", ("kinds",), "One small task.")
    yield xlbench.Suite("with-a-gap", ("kinds", "kindness"), "Names a task that nobody offers.")
