"""Right plugins for the tests of the conformance kit, and what checks of wrong ones have in common.

They import numpy inside their functions, as plugins have to.
"""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import pytest

from xlbench import Metric, Model, metrics
from xlbench.testing.process import ConformanceError


def rejects(check: Callable[[], None], message: str) -> str:
    """``check`` raises `ConformanceError` with one line, which is returned; ``message`` is in it."""
    with pytest.raises(ConformanceError) as caught:
        check()
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.fixture
def module(tmp_path, monkeypatch) -> Callable[..., ModuleType]:
    """A function: source code -> the module of that code, imported from a folder of its own.

    With ``on_path=False`` it is loaded from its file and cannot be found by name, as some runners load test files.
    """

    def make(code: str, on_path: bool = True) -> ModuleType:
        name = f"plugin_{len(list(tmp_path.iterdir()))}"
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        if on_path:
            monkeypatch.syspath_prepend(tmp_path)
        spec = importlib.util.spec_from_file_location(name, path)
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    return make


class Letters:
    """Right: counts of vowels and the length of a text, whatever else is in the batch."""

    def encode(self, texts, role=None):
        import numpy as np

        return np.array([[len(text), *(text.count(vowel) for vowel in "aeiou"), 0.5] for text in texts], np.float32)


def counted(start: int = 0) -> Callable[[], int]:
    """A function that returns another number at each call."""
    calls = [start]

    def count() -> int:
        calls[0] += 1
        return calls[0]

    return count


def model(load: Callable[[], object] = Letters, **changes: object) -> Model:
    return Model(**{"name": "letters", "load": load, "fingerprint": lambda: "letters 1"} | changes)


HEAVY_PLUGIN = """
    import numpy

    def call(function, *given):
        return function(*given)

    class Call:
        def __init__(self, function):
            self.function = function

        def __call__(self, *given):
            return self.function(*given)
"""


ACCURACY = metrics.share("accuracy", "hit")


def array(*values: object, **options: object):
    import numpy as np

    return np.array(values, **options)


def metric(**changes: object) -> Metric:
    """Right: a mean of hits, with all that a metric may have."""
    return replace(ACCURACY, **{"influence": influence, "seeds": no_seeds} | changes)


def influence(columns):
    return columns["hit"] - columns["hit"].mean()


def no_seeds(columns):
    return columns["hit"][:0]
