"""xlbench: measuring text encoders across languages, with an interval on every number.

The public names, each imported when it is first used, so that ``import xlbench`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.api import Results, board, compare, curve, fetch, gate, load, pack, run, unpack
    from xlbench.catalog import Catalog
    from xlbench.catalog.hooks import BoardFormat, Engine, Recipe, Scheme, hookimpl
    from xlbench.core.download import Download
    from xlbench.core.errors import DataError, DataMissing, EncoderError, ResultsError, UsageError, XlbenchError
    from xlbench.core.estimate import Estimate
    from xlbench.core.found_documents import FoundDocuments
    from xlbench.core.model import Encoder, Model, Role, Searcher, Transform, WordEncoder, WordTagger, code_fingerprint
    from xlbench.core.permissions import Permissions
    from xlbench.core.record import Cell, Run, Score
    from xlbench.core.specs import Option, Spec
    from xlbench.core.task import AREAS, Columns, Data, ItemText, Metric, Outcome, Subset, Suite, Task
    from xlbench.core.text_keys import text_keys
    from xlbench.core.version import __version__
    from xlbench.encoding import EncodingSession
    from xlbench.libraries.for_mteb import as_mteb
    from xlbench.libraries.sentence_evaluator import SentenceEvaluator
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.confusion import Confusion, confusion
    from xlbench.reports.gate.policy import Policy
    from xlbench.reports.gate.verdict import Gate
    from xlbench.stats import metrics

_HOMES = {
    "api": ("Results", "run", "load", "curve", "fetch", "board", "compare", "gate", "pack", "unpack"),
    "catalog": ("Catalog",),
    "catalog.hooks": ("BoardFormat", "Engine", "Recipe", "Scheme", "hookimpl"),
    "core.download": ("Download",),
    "core.errors": ("DataError", "DataMissing", "EncoderError", "ResultsError", "UsageError", "XlbenchError"),
    "core.estimate": ("Estimate",),
    "core.found_documents": ("FoundDocuments",),
    "core.model": (
        "Encoder",
        "Model",
        "Role",
        "Searcher",
        "Transform",
        "WordEncoder",
        "WordTagger",
        "code_fingerprint",
    ),
    "core.permissions": ("Permissions",),
    "core.record": ("Cell", "Run", "Score"),
    "core.specs": ("Option", "Spec"),
    "core.task": ("AREAS", "Columns", "Data", "ItemText", "Metric", "Outcome", "Subset", "Suite", "Task"),
    "core.text_keys": ("text_keys",),
    "core.version": ("__version__",),
    "encoding": ("EncodingSession",),
    "libraries.for_mteb": ("as_mteb",),
    "libraries.sentence_evaluator": ("SentenceEvaluator",),
    "reports.compare.comparison": ("Comparison",),
    "reports.confusion": ("Confusion", "confusion"),
    "reports.gate.policy": ("Policy",),
    "reports.gate.verdict": ("Gate",),
    "stats": ("metrics",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # a literal, so that type checkers and editors see it; a test compares it with _HOMES
    "AREAS", "BoardFormat", "Catalog", "Cell", "Columns", "Comparison", "Confusion", "Data", "DataError",
    "DataMissing", "Download", "Encoder", "EncoderError", "EncodingSession", "Engine", "Estimate", "FoundDocuments",
    "Gate", "ItemText", "Metric", "Model", "Option", "Outcome", "Permissions", "Policy", "Recipe", "Results",
    "ResultsError", "Role", "Run", "Scheme", "Score", "Searcher", "SentenceEvaluator", "Spec", "Subset", "Suite",
    "Task", "Transform", "UsageError", "WordEncoder", "WordTagger", "XlbenchError", "__version__", "as_mteb", "board",
    "code_fingerprint", "compare", "confusion", "curve", "fetch", "gate", "hookimpl", "load", "metrics", "pack", "run",
    "text_keys", "unpack",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'xlbench' has no attribute {name!r}")
    if name == "metrics":
        return importlib.import_module("xlbench.stats.metrics")
    return getattr(importlib.import_module(f"xlbench.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
