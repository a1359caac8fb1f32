"""Caches values that are slow to compute from an installed library, as JSON files.

CACHE/derived/<kind>-<digest>.json    the digest is of all that the value follows from, versions among it
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xlbench.core.files import write_whole
from xlbench.core.ids import digest
from xlbench.encoding.cache.files import default_folder

FOLDER = "derived"


def derived(kind: str, content: tuple[str, ...], make: Callable[[], Any], folder: Path | None = None) -> Any:
    """``make()``, or what it gave before for the same content. A damaged file is made anew; none is needed.

    Args:
        kind: What it is: the beginning of the file's name.
        content: All that the value follows from.
        make: Makes the value, of dictionaries with text keys, lists, texts and numbers.
        folder: The cache folder; None: `default_folder`.
    """
    path = (default_folder() if folder is None else folder) / FOLDER / f"{kind}-{digest(*content)[:24]}.json"
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        if checksum == digest(text):
            return json.loads(text)
    except (OSError, ValueError):
        pass
    value = make()
    text = json.dumps(value, ensure_ascii=False)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{digest(text)}\n{text}".encode(), durable_name=False)
    return value
