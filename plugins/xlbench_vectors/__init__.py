"""Models that no Python library here computes: vectors in files (``vectors:DIR``), and services behind HTTP.

The plugin's hooks. Files are opened, and services asked, when a model's fingerprint or vectors are.
"""

from __future__ import annotations

from collections.abc import Iterator

import xlbench
from xlbench_vectors.options import OF_FILES, OF_SERVICES


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """``vectors:`` for files, and ``http:`` (or an address as it is) for a service."""
    yield xlbench.Scheme(
        "vectors",
        matches=lambda spec: spec.startswith("vectors:"),
        model=_of_files,
        description="Vectors that another program made of the texts of 'xlbench texts': vectors:./folder",
        options=OF_FILES,
    )
    yield xlbench.Scheme(
        "http",
        matches=lambda spec: spec.startswith(("http:", "https:")),
        model=_of_service,
        description="A service that makes embeddings in OpenAI's way: http://localhost:8080/v1?model=NAME, or https:",
        options=OF_SERVICES,
    )


def _of_files(spec: str) -> xlbench.Model:
    from xlbench_vectors.stored.model import model_of

    return model_of(spec)


def _of_service(spec: str) -> xlbench.Model:
    from xlbench_vectors.served.model import model_of

    return model_of(spec)
