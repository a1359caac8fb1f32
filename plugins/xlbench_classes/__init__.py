"""Encoder classes as models, given as ``file.py:Class`` or ``package.module:Class``.

The plugin's hook. A class's file is read when its spec is, and run when the model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

import xlbench


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """The scheme ``class``; what follows a ``?`` are the class's own parameters."""
    yield xlbench.Scheme(
        "class",
        matches=_is_class,
        model=_model_of,
        description="An encoder class (or a function that makes an encoder): ./file.py:Class?parameter=value, "
        "or package.module:Class.",
    )


def _is_class(spec: str) -> bool:
    """See `is_target`; imported when a spec is looked at, since a list of tasks has none."""
    from xlbench_classes.target import is_target

    return is_target(spec)


def _model_of(spec: str) -> xlbench.Model:
    from xlbench_classes.model import model_of

    return model_of(spec)
