"""One of two distributions that both claim the model name "disputed"."""

import xlbench


class Encoder:
    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("disputed", load=Encoder, in_suites=True)
    yield xlbench.Model("undisputed-one", load=Encoder)
