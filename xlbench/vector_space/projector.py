"""Writes vectors and metadata for the TensorFlow Embedding Projector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from xlbench.core.task import ItemText
from xlbench.core.text import one_line
from xlbench.core.version import __version__
from xlbench.vector_space.vectors import Points

VECTORS, METADATA, CONFIG, TENSORBOARD = (
    "vectors.tsv",
    "metadata.tsv",
    "projector_config.json",
    "projector_config.pbtxt",
)
COLUMNS = ("language", "id", "text", "label")


def files_of(task: str, points: Points) -> dict[str, bytes]:
    """File name -> content, the configuration last: it says of the others that they are there.

    ``vectors.tsv`` has a line a text; ``metadata.tsv`` the same lines after one with `COLUMNS`.
    ``projector_config.json`` is for the standalone page, ``projector_config.pbtxt`` for TensorBoard.
    """
    files = {VECTORS: _vectors(points), METADATA: _metadata(points)}
    name = f"{one_line(task)} ({one_line(points.model)})"
    files[TENSORBOARD] = _tensorboard(name)
    digests = {own: hashlib.sha256(content).hexdigest() for own, content in files.items()}
    n, dimensions = points.vectors.shape
    config = {
        "embeddings": [
            {"tensorName": name, "tensorShape": [n, dimensions], "tensorPath": VECTORS, "metadataPath": METADATA}
        ],
        "xlbench": {"version": __version__, "task": task, "model": points.model, "fingerprint": points.fingerprint,
                    "files": digests},
    }  # fmt: skip
    files[CONFIG] = (json.dumps(config, indent=1, ensure_ascii=True) + "\n").encode()
    return files


def _vectors(points: Points) -> bytes:
    """A line a vector, with as many digits as a float32 has."""
    lines = ("\t".join(f"{number:.9g}" for number in row) for row in points.vectors.tolist())
    return "".join(f"{line}\n" for line in lines).encode()


def _metadata(points: Points) -> bytes:
    """The projector splits at tabs and line breaks and knows no quotes: within a value they are a space."""

    def line(text: ItemText) -> str:
        values = (text.language, text.item, text.text, text.label)
        return "\t".join(" ".join(value.split()) for value in values)

    lines = ["\t".join(COLUMNS), *map(line, points.texts)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _tensorboard(name: str) -> bytes:
    fields = {"tensor_name": name, "tensor_path": VECTORS, "metadata_path": METADATA}
    lines = (f"  {field}: {json.dumps(value)}\n" for field, value in fields.items())
    return f"embeddings {{\n{''.join(lines)}}}\n".encode()


def own_files(folder: Path) -> Callable[[str, bytes], bool]:
    """Tells whether a file of the folder, by its name and content, is as an export before left it."""
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        noted = dict(config["xlbench"]["files"])
    except (OSError, ValueError, KeyError, TypeError):
        noted = {}
    return lambda name, there: bool(noted) and (name == CONFIG or noted.get(name) == hashlib.sha256(there).hexdigest())
