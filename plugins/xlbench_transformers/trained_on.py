"""The data sets and texts that a model was trained on: what its spec and its folder declare.

A folder declares data sets in ``xlbench.toml`` (``trained_on = ["ntrex"]``), or in the front matter of its model card
(``datasets:`` of README.md); and texts in a file that ``xlbench.toml`` names (``trained_on_texts = "texts.npy"``),
which holds their keys.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError, Spec
from xlbench.core.foreign_files import parse_toml
from xlbench.core.text import did_you_mean

if TYPE_CHECKING:
    import numpy as np

FILE = "xlbench.toml"
CARD = "README.md"
_KEYS = ("trained_on", "trained_on_texts")
_FRONT = re.compile(r"\A---\r?\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_DATASETS = re.compile(r"^datasets:[^\n]*\n(?:[ \t]*-[^\n]*\n|[ \t]+[^\n]*\n)*", re.MULTILINE)


def data_sets_of(spec: Spec, folder: Path | None) -> tuple[str, ...]:
    """Names of the data sets that the spec's option ``trained_on`` and a local folder declare, each once.

    A name of the hub (``mteb/NTREX``) counts as it is, and as its last part in lower case (``ntrex``), which is how
    cards call data. Raises `DataError` for an ``xlbench.toml`` that is none.
    """
    named = [part.strip() for part in (spec["trained_on"] or "").split(",") if part.strip()]
    if folder is not None:
        named += _of_file(folder) if (folder / FILE).is_file() else _of_card(folder)
    return tuple(dict.fromkeys(name for full in named for name in _spellings(full)))


def texts_of(folder: Path | None) -> Callable[[], np.ndarray] | None:
    """What gives the keys of the texts that a local folder says it was trained on; None where it names no file of them.

    Raises `DataError` for an ``xlbench.toml`` that is none, and when it is called, for a file that holds no keys.
    """
    if folder is None or not (folder / FILE).is_file():
        return None
    name = _table(folder).get("trained_on_texts")
    if name is None:
        return None
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise DataError(f'{folder / FILE}: trained_on_texts is a file beside it: trained_on_texts = "texts.npy"')
    return partial(_keys, folder / name)


def _keys(path: Path) -> np.ndarray:
    """The keys of a file: uint64 (n,), sorted."""
    import numpy as np

    from xlbench_transformers.listing import check_regular

    check_regular(path.parent, (path.name,))
    try:
        with path.open("rb") as file:
            keys: np.ndarray = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(f"{path}, which {FILE} names, cannot be read: {error}") from None
    if not isinstance(keys, np.ndarray) or keys.ndim != 1 or keys.dtype != np.uint64:
        raise DataError(f"{path} holds no keys of texts: save numpy.unique(xlbench.text_keys(texts))")
    return keys


def _spellings(name: str) -> Iterator[str]:
    yield name
    if "/" in name:
        yield name.rpartition("/")[2].lower()


def _of_file(folder: Path) -> list[str]:
    names = _table(folder).get("trained_on", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise DataError(f'{folder / FILE}: trained_on is a list of names of data sets: trained_on = ["ntrex"]')
    return names


def _table(folder: Path) -> dict[str, Any]:
    """The keys and values of a folder's ``xlbench.toml``."""
    from xlbench_transformers.listing import reader

    path = folder / FILE
    try:
        table = parse_toml(reader(folder)(FILE))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no TOML: {error}") from None
    for key in table:
        if key not in _KEYS:
            raise DataError(f"{path}: there is no key {key!r}.{did_you_mean(key, _KEYS)} There are: {', '.join(_KEYS)}")
    return table


def _of_card(folder: Path) -> list[str]:
    """The names under ``datasets`` of a model card; none where it has no such list, or is no card that can be read."""
    from xlbench_transformers.listing import reader

    try:
        import yaml  # type: ignore[import-untyped, unused-ignore]
    except ImportError:  # without the libraries that come with it, no checkpoint is loaded either
        return []
    try:
        front = _FRONT.match(reader(folder)(CARD))
        found = _DATASETS.search(front[1]) if front else None
        datasets: Any = yaml.safe_load(found[0])["datasets"] if found else []
    except (DataError, UnicodeDecodeError, yaml.YAMLError, RecursionError, TypeError, KeyError):
        return []  # a card is written for readers: one that is damaged is no reason not to score
    names = datasets if isinstance(datasets, list) else [datasets]
    return [name for name in names if isinstance(name, str) and name]
