"""The conformance kit: checks that plugin authors call in their own tests.

    from xlbench.testing import check_model, check_task

    def test_my_model():
        check_model(my_plugin.MODEL)

Everything that is checked is something that xlbench relies on. Some questions (what does the module import? is there a
hash() in it?) go to a fresh process, which imports the plugin's modules as this one did. What is written in
``__main__``, a notebook say, is not asked there: no plugin can come from it.

``pytest --xlbench PACKAGE`` makes a test of every check, and ``xlbench plugins check`` prints them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.testing.boards import check_board
    from xlbench.testing.engines import check_engine
    from xlbench.testing.metrics import check_metric
    from xlbench.testing.models import LONG, TEXTS, check_model
    from xlbench.testing.process import HEAVY, ConformanceError
    from xlbench.testing.tasks import check_task

_HOME_OF = {
    "HEAVY": "process", "LONG": "models", "TEXTS": "models", "ConformanceError": "process", "check_board": "boards",
    "check_engine": "engines", "check_metric": "metrics", "check_model": "models", "check_task": "tasks",
}  # fmt: skip
"""Public name -> the room that has it, imported when the name is used: pytest imports this package at every start."""

__all__ = ["HEAVY", "LONG", "TEXTS", "ConformanceError", "check_board", "check_engine", "check_metric", "check_model",
           "check_task"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'xlbench.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"xlbench.testing.{_HOME_OF[name]}"), name)
