"""Models that no Python library here computes: vectors in files (``vectors:DIR``).

The plugin's hook. Files are opened when a model's fingerprint or vectors are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import xlbench
from xlbench_vectors.options import OF_FILES


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """``vectors:`` for files."""
    yield xlbench.Scheme(
        "vectors",
        matches=lambda spec: spec.startswith("vectors:"),
        model=_of_files,
        description="Vectors that another program made of the texts of 'xlbench texts': vectors:./folder",
        options=OF_FILES,
    )


def _of_files(spec: str) -> xlbench.Model:
    from xlbench_vectors.stored.model import model_of

    return model_of(spec)
