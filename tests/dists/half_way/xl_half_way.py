"""A plugin with a hook that raises after its first model, and one that works."""

import xlbench
from xlbench import metrics


class Ones:
    def encode(self, texts, role=None):
        import numpy as np

        return np.ones((len(texts), 3), dtype=np.float32)


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("before-the-fall", load=Ones)
    raise ValueError("the second model's\nsettings are damaged")


@xlbench.hookimpl
def xlbench_tasks():
    def evaluate(subset, session):
        return xlbench.Outcome(item_ids=["a"], columns={"hit": session.encode(["a"])[:, 0] == 1})

    def subsets(data):
        yield xlbench.Subset("eng", ("eng",), n=1, fingerprint="1")

    yield xlbench.Task("still-there", "news", (metrics.share("accuracy", "hit"),), subsets, evaluate)
