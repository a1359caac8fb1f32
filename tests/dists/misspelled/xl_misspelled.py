"""A plugin with two misspelled hooks and a good one."""

import xlbench


class Twos:
    def encode(self, texts, role=None):
        import numpy as np

        return np.full((len(texts), 3), 2, dtype=np.float32)


@xlbench.hookimpl
def xlbench_modells():
    yield xlbench.Model("unheard", load=Twos)


@xlbench.hookimpl
def xlbench_task():
    return []


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("heard", load=Twos)
