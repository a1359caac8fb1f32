"""Finds the files of a folder of vectors: arrays with the lists of their texts, and tables that hold both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlbench import UsageError
from xlbench.core.text import did_you_mean

LISTS = (".jsonl", ".tsv", ".parquet", ".txt")
"""Suffixes of a list that says of which text each row of an array is."""

LAYOUT = "vectors.npy and texts.jsonl (of 'xlbench texts', in its order), or a .parquet file with both"


@dataclass(frozen=True)
class Part:
    """An array and the list of its texts; or a table of both, which has no array."""

    texts: Path
    array: Path | None = None

    @property
    def name(self) -> str:
        """The file's name that a message has: that of the vectors."""
        return (self.array or self.texts).name


def parts_of(target: str) -> tuple[Part, ...]:
    """The parts of a folder, by name; or the one part that a parquet file is.

    An array ``NAME.npy`` goes with the list ``NAME.jsonl`` (or .tsv, .parquet, .txt); where there is one array and one
    list, they go together whatever they are called. A parquet file that is no array's list is a table.

    Raises:
        UsageError: There is no such folder, it has no vectors, or it is not clear what belongs together.
    """
    folder = Path(target).expanduser()
    if folder.is_file() and folder.suffix == ".parquet":
        return (Part(folder),)
    if not folder.is_dir():
        known = [other.name for other in folder.parent.iterdir()] if folder.parent.is_dir() else []
        hint = did_you_mean(folder.name, known)
        raise UsageError(f"there is no folder {target} of vectors.{hint} Give {LAYOUT}")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    arrays = [path for path in files if path.suffix == ".npy"]
    lists = [path for path in files if path.suffix in LISTS]
    parts = [Part(_list_of(array, lists, alone=len(arrays) == 1), array) for array in arrays]
    taken = {part.texts for part in parts}
    tables = [path for path in lists if path not in taken and path.suffix == ".parquet"]
    if not arrays and not tables:
        raise UsageError(f"{target} has no vectors (.npy, .parquet): give {LAYOUT}")
    if idle := [path.name for path in lists if path not in taken and path.suffix != ".parquet"]:
        raise UsageError(
            f"{target}: {idle[0]} is the list of no array: give {LAYOUT}; several arrays have lists of their own names "
            "(a.npy and a.jsonl)"
        )
    return (*parts, *(Part(table) for table in tables))


def _list_of(array: Path, lists: list[Path], *, alone: bool) -> Path:
    """The list of an array's texts."""
    own = [path for path in lists if path.stem == array.stem] or (lists if alone else [])
    if len(own) != 1:
        many = f"more than one ({', '.join(path.name for path in own)})" if own else "none"
        raise UsageError(f"{array}: of the lists that say which text each row is of, there is {many}: give {LAYOUT}")
    return own[0]
