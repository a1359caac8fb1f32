"""xlbench: measuring text encoders across languages, with an interval on every number.

The public names, each imported when it is first used, so that ``import xlbench`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.api import board, run
    from xlbench.catalog import Catalog
    from xlbench.encoding import EncodingSession
    from xlbench.errors import DataError, DataMissing, EncoderError, ResultsError, UsageError, XlbenchError
    from xlbench.hooks import BoardFormat, Engine, Scheme, hookimpl
    from xlbench.model import Encoder, Model, Role, Transform, WordEncoder, code_fingerprint
    from xlbench.permissions import Permissions
    from xlbench.record import Cell, Results, Run, Score
    from xlbench.specs import Option, Spec
    from xlbench.task import AREAS, Columns, Data, Metric, Outcome, Subset, Suite, Task

__version__ = "0.1.0"

_HOMES = {
    "api": ("run", "board"),
    "catalog": ("Catalog",),
    "encoding": ("EncodingSession",),
    "errors": ("DataError", "DataMissing", "EncoderError", "ResultsError", "UsageError", "XlbenchError"),
    "hooks": ("BoardFormat", "Engine", "Scheme", "hookimpl"),
    "model": ("Encoder", "Model", "Role", "Transform", "WordEncoder", "code_fingerprint"),
    "permissions": ("Permissions",),
    "record": ("Cell", "Results", "Run", "Score"),
    "specs": ("Option", "Spec"),
    "task": ("AREAS", "Columns", "Data", "Metric", "Outcome", "Subset", "Suite", "Task"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # a literal, so that type checkers and editors see it; a test compares it with _HOMES
    "AREAS", "BoardFormat", "Catalog", "Cell", "Columns", "Data", "DataError", "DataMissing", "Encoder",
    "EncoderError", "EncodingSession", "Engine", "Metric", "Model", "Option", "Outcome", "Permissions", "Results",
    "ResultsError", "Role", "Run", "Scheme", "Score", "Spec", "Subset", "Suite", "Task", "Transform", "UsageError",
    "WordEncoder", "XlbenchError", "board", "code_fingerprint", "hookimpl", "run",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'xlbench' has no attribute {name!r}")
    return getattr(importlib.import_module(f"xlbench.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
