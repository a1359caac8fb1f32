"""A plugin that prints at import and in its hook: its noise must not get into the output of a command."""

import xlbench

print("chatty says hello")  # noqa: T201 - the noise is what is tested


class Fours:
    def encode(self, texts, role=None):
        import numpy as np

        return np.full((len(texts), 3), 4, dtype=np.float32)


@xlbench.hookimpl
def xlbench_models():
    print("chatty is asked for models")  # noqa: T201
    return [xlbench.Model("four", load=Fours)]
