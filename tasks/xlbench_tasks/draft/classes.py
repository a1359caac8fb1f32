"""Drafts for folders of classes, a file a text: protocol `classification`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from xlbench import DataError
from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.data import text
from xlbench_tasks.draft.found import Found
from xlbench_tasks.draft.labels import area_of, sorted_labels
from xlbench_tasks.draft.names import NamedFile
from xlbench_tasks.draft.sets import FileSet, alone, say_splits
from xlbench_tasks.draft.written import Draft
from xlbench_tasks.readers.folders import LABEL

MANY = 5
"""So many files a folder there are at the least, on average: fewer are no texts one by one."""
SOME = 100
"""So many files tell the language."""


def of_folders(draft: Draft, found: Found, named: Sequence[NamedFile]) -> FileSet | None:
    """Make a draft of files in folders that are called after their classes; None where files lie otherwise."""
    heads: dict[tuple[str, str], list[NamedFile]] = defaultdict(list)
    for one in named:
        path = PurePosixPath(_with_split(one))
        heads[path.parent.parent.as_posix(), path.suffix].append(one)
    (head, suffix), files = max(heads.items(), key=lambda item: len(item[1]))
    labels = Counter(PurePosixPath(one.file).parent.name for one in files)
    several = len({one.split for one in files}) > 1 and SPLIT in head
    lie_in_folders = all(len(PurePosixPath(one.file).parts) > 1 for one in files)
    if not lie_in_folders or not 2 <= len(labels) <= len(files) / MANY or any(one.word and one.sure for one in files):
        return None
    chosen = FileSet(list(files), str(found.root))
    chosen.left_out = [one.file for one in named if one not in files]
    values = sorted_labels(labels)
    area, why = area_of(values, [str(found.root), files[0].file])
    draft.card["area"] = (area, why)
    draft.card["protocol"] = (
        "classification",
        f"{len(files):,} files in folders of {len(values)} names: a folder a class",
    )
    say_splits(draft, chosen, learns=True)
    draft.data["reader"] = ("folders", "")
    code, why = alone(draft, chosen, _texts(found, files))
    draft.card["languages"] = ([code], why)
    where = head if several else PurePosixPath(files[0].file).parent.parent.as_posix()
    prefix = "" if where == "." else f"{where}/"
    draft.data["files"] = (f"{prefix}{LABEL}/*{suffix}", "{label} stands for the label")
    draft.data["language"] = (code, "")
    draft.options["labels"] = (values, "the names of the folders")
    return chosen


def _with_split(one: NamedFile) -> str:
    """The file's name with {split}, where a folder above that of the class is called so."""
    parts = one.file.split("/")
    return "/".join(SPLIT if part == one.split_word and at < len(parts) - 2 else part for at, part in enumerate(parts))


def _texts(found: Found, files: Sequence[NamedFile]) -> list[str]:
    texts = []
    for one in files[:: max(1, len(files) // SOME)]:
        try:
            texts.append(text.read_text(found.path(one.file)))
        except DataError:  # the trial of the draft says what is wrong with it
            continue
    return texts
