"""Reader of folders of classes: a file a text, in the folder of its label (``reviews/{label}/*.txt``).

The text is the whole file, without the line end at its end. Items are called after their files.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.data import files, text
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.records import Records, sample_by_label
from xlbench_tasks.data.row_keys import check_declared
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.unknown_values import UnknownValues

LABEL = "{label}"
"""The placeholder that stands for a text's label."""

KEYS = {
    "files": str,
    "labels": dict[str, str],
    "skip": list[str],
    "language": str,
    "drop_empty": bool,
    "embedded": bool,
    "max_rows": int,
}
"""``files``: a pattern with `LABEL` and, of several languages, ``{language}``, in which ``*`` is any part of a name;
``labels``: name of a folder -> label (all of them); ``skip``: names of folders that are left out; ``drop_empty``: files
without a text are left out; ``embedded``: the files are the plugin's own."""
REQUIRED = ("files",)

EMPTY = "files without a text are left out (how many is in the facts)"
OTHERS = "files beside the texts whose names do not fit the pattern are left out (how many is in the facts)"


class _File(NamedTuple):
    path: Path
    label: str
    """As the folder is called."""


class Folders(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        (self._pattern,) = files.patterns(home)
        where = home.where
        if self._pattern.count(LABEL) != 1:
            raise UsageError(f"{where} files: {self._pattern!r} needs {LABEL} once: it stands for the label of a text")
        if "**" in self._pattern or "*" not in self._pattern.rpartition(LABEL)[2]:
            raise UsageError(f"{where} files: say after {LABEL} which files are texts, with a *: {LABEL}/*.txt")
        if (LANGUAGE in self._pattern) == ("language" in home.table):
            raise UsageError(
                f"{where}: say what the languages are: {LANGUAGE} in files, or language = '...' for the only one"
            )
        if "language" in home.table:
            check_declared(home, "language", home.table["language"])
        self._other_codes: Sequence[str] = ()
        self._skipped = set(home.table.get("skip", ()))
        if both := sorted(self._skipped & set(home.table.get("labels", {}))):
            raise UsageError(f"{where} skip: {both[0]!r} has a label, and cannot be left out")

    @cached_property
    def _name(self) -> re.Pattern[str]:
        """What the path of a text is like."""
        parts = re.split(r"(\{language\}|\{label\}|\*)", self._pattern)
        like = {LANGUAGE: "(?P<language>[^/]+)", LABEL: "(?P<label>[^/]+)", "*": "[^/]*"}
        return re.compile("".join(like.get(part, re.escape(part)) for part in parts))

    def _matched(self, root: Path) -> Iterator[tuple[str, _File]]:
        """Every text with the code of its language ("" for the only one), sorted by path; no hidden file."""
        pieces = [glob.escape(piece) for piece in re.split(r"\{language\}|\{label\}|\*", self._pattern)]
        for path in sorted(root.glob("*".join(pieces))):
            match = self._name.fullmatch(path.relative_to(root).as_posix())
            if match and path.is_file() and not path.name.startswith(".") and match["label"] not in self._skipped:
                yield match.groupdict().get("language", ""), _File(path, match["label"])

    def _find(self) -> Mapping[str, Sequence[_File]]:
        root = files.root_of(self)
        by_code: dict[str, list[_File]] = {}
        for code, one in self._matched(root) if root else ():
            by_code.setdefault(code, []).append(one)
        if "language" in self.home.table:
            by_language = {self.home.table["language"]: by_code[""]} if by_code else {}
        else:
            codes = self.home.by_language(by_code, self._place())
            self._other_codes = [code for code in by_code if code not in codes.values()]
            files.check_codes(self.home, self._other_codes, self._place())
            by_language = {language: by_code[code] for language, code in codes.items()}
        if not by_language:
            where = f"{self._place()}{self._undeclared_files()}"
            raise DataMissing(self.missing(f"{self.name} is not at hand: no file {where}"))
        return by_language

    def _place(self) -> str:
        return files.describe_location(self, [self._pattern])

    def _undeclared_files(self) -> str:
        return files.undeclared_codes(self.home, self._other_codes, "folders")

    def _read(self, language: str) -> Records:
        found = self._found[language]
        others = self._others(found)
        found = list(islice(found, self.home.table.get("max_rows")))
        self._check_labels(found)
        if self.data.limit is not None:
            found = [found[place] for place in sample_by_label([one.label for one in found], self.data.limit)]
        texts = [self._text(one.path) for one in found]
        kept = [row for row, one in enumerate(texts) if text.visible(one)]
        if not kept:
            raise DataError(f"{self._place()}: no file of {language!r} has a text")
        root, labels = files.root_of(self), self.home.table.get("labels", {})
        names = [found[row].path.relative_to(root or Path()).as_posix() for row in kept]
        ids = tuple(f"{self.name}:{language}:{name}" for name in names)
        own = [found[row].label for row in kept]
        counts = {f"files_left_out ({language})": len(found) - len(kept), f"other_files ({language})": others}
        return Records(
            ids,
            ids,
            {"text": tuple(texts[row] for row in kept), "label": tuple(labels.get(label, label) for label in own)},
            tuple(note for note, count in zip((EMPTY, OTHERS), counts.values(), strict=True) if count),
            {name: count for name, count in counts.items() if count},
            places=lambda row: str(found[kept[row]].path),
        )

    def _text(self, path: Path) -> str:
        """The text of a file; "" for an empty one that is to be left out."""
        drop = self.home.table.get("drop_empty", False)
        if drop and not path.stat().st_size:
            return ""
        whole = "\n".join(text.lines(path))
        if not text.visible(whole) and not drop:
            raise DataError(f"{path} is {text.empty(whole)}; remove it, or set drop_empty = true in the card's [data]")
        return whole

    def _check_labels(self, found: Iterable[_File]) -> None:
        """Raise `DataError` for folders that ``labels`` does not list, all of them at once."""
        labels: Mapping[str, str] = self.home.table.get("labels", {})
        fault = f"folders that are none of the card's {sorted(labels)}; add them to labels, or to skip"
        unknown = UnknownValues(self._place(), fault, in_other_notation(labels))
        for one in found if labels else ():
            if one.label not in labels:
                unknown.add(one.label, str(one.path))
        unknown.check()

    def _others(self, found: Sequence[_File]) -> int:
        """How many files lie beside the texts and are none of them."""
        texts = {one.path for one in found}
        folders = dict.fromkeys(one.path.parent for one in found)
        beside = (path for folder in folders for path in folder.iterdir() if not path.name.startswith("."))
        return sum(path not in texts and path.is_file() for path in beside)


def source(home: Home, data: Data) -> Folders:
    """A source over folders of classes."""
    return Folders(home, data)
