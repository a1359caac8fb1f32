"""The options of ``vectors:``: what may follow a ``?`` in a spec."""

from __future__ import annotations

from xlbench import Option

_LABELS = (
    Option("name", description="what boards and results call it; the spec itself where it is left out"),
    Option(
        "trained_on",
        description="data sets that it was trained on, as cards name them, with commas: boards mark its scores there",
    ),
)

_AFTERWARDS = (
    Option("normalize", "bool", default=False, description="vectors of unit length"),
    Option(
        "similarity",
        "choice",
        "cosine",
        ("cosine", "dot"),
        "how vectors are compared, where a task can choose (retrieval can)",
    ),
)

OF_FILES = (
    *_LABELS,
    Option("dimensions", "int", description="only the first N, at unit length"),
    Option("zero_is_unknown", "bool", default=False, description="zeros are the vector of a text that is not known"),
    *_AFTERWARDS,
)
"""Of ``vectors:``."""
