"""Reader of TMX, the exchange form of translation memories: units that have a text in some languages each.

A unit is an item; of a language that it lacks, it is none, and that is counted. One file has all languages (or several
do, one after the other), or there is a file for each, with the pivot that they are paired with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.data import files, text
from xlbench_tasks.data.blocks import blocks, check_block
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.row_keys import check_declared
from xlbench_tasks.data.source import LANGUAGE, Home, Reading
from xlbench_tasks.data.tmx_files import Unit, units

KEYS = {
    "files": str | list[str],
    "pivot": str,
    "id": ("tuid",),
    "block": int,
    "drop_empty": bool,
    "embedded": bool,
    "max_rows": int,
}
"""``files``: files of all languages, or a pattern with ``{language}``; ``pivot``: with it, the language that is in each
file beside that of its name; ``id``: units are called by this attribute, not by their numbers; ``block``: so many units
in a row are a cluster; ``drop_empty``: empty texts are left out; ``max_rows``: only so many units of each file."""
REQUIRED = ("files",)

LACKING = "units that lack the language are left out (how many is in the facts)"
EMPTY = "units whose text is empty are left out (how many is in the facts)"
CODES = "formatting codes in texts are left out (in how many is in the facts)"


class _Item(NamedTuple):
    id: str
    text: str
    place: str


class Tmx(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._patterns = files.patterns(home, times=2)
        self._pivot: str = home.table.get("pivot", "")
        per_file = [LANGUAGE in pattern for pattern in self._patterns]
        if any(per_file) != all(per_file) or any(per_file) != bool(self._pivot):
            raise UsageError(
                f"{home.where}: files hold all languages, or each the language of its name ({LANGUAGE}) and the one "
                f"that pivot names"
            )
        if self._pivot:
            check_declared(home, "pivot", self._pivot)
        check_block(home)
        if "block" in home.table and "id" in home.table:
            raise UsageError(f"{home.where} block: counts units by their numbers, so without id")
        self._items: dict[str, list[_Item]] = {}
        self._paths: dict[str, dict[Path, None]] = {}  # of a language, each once
        self._facts: dict[str, Counter[str]] = {}
        self._other_codes: Counter[str] = Counter()
        self._ids: dict[str, str] = {}  # id -> where it stands

    def _shared(self) -> float:
        return float(self.home.table.get("shared", 0.0))  # what a unit lacks is counted

    def _find(self) -> Mapping[str, tuple[Path, ...]]:
        root = files.root_of(self)
        for kept in (
            self._items,
            self._paths,
            self._facts,
            self._other_codes,
            self._ids,
        ):  # of an attempt that has failed
            kept.clear()
        if self._pivot:
            by_language = files.by_language(self, self._patterns)
            if self._pivot in by_language:
                raise DataError(f"{by_language[self._pivot]}: {self._pivot!r} is the pivot, and has no file of its own")
            for language, path in by_language.items():
                self._take(path, (language, self._pivot), f"{language}:")
        else:
            paths = [files.find(root, pattern) for pattern in self._patterns]
            found = [path for path in paths if path is not None]
            if len(found) < len(paths):
                raise DataMissing(self.missing(f"{self.name} is not at hand: no file {self._place()}"))
            for path in found:
                self._take(path, (), f"{path.stem}:" if len(found) > 1 else "")
        if not self._items:
            raise DataError(
                f"{self._place()}: no text is in a language that the card declares{self._undeclared_files()}"
            )
        files.check_codes(self.home, list(self._other_codes), self._place())
        return {language: tuple(paths) for language, paths in self._paths.items()}

    def _take(self, path: Path, wanted: Sequence[str], prefix: str) -> None:
        """Read a file, of whose languages those are ``wanted`` (none: all that the card declares)."""
        count, having = 0, Counter[str](dict.fromkeys(wanted, 0))
        for unit in islice(units(path, self.home.language_of), self._rows()):
            count += 1
            self._other_codes.update(unit.codes)
            for language in unit.texts:
                if not wanted or language in wanted:
                    having[language] += 1
                    self._add(path, unit, language, prefix)
        if not count:
            raise DataMissing(f"{self.name} has nothing here: {path} has no translation units")
        for language, found in having.items():
            self._facts.setdefault(language, Counter())["units_without"] += count - found

    def _add(self, path: Path, unit: Unit, language: str, prefix: str) -> None:
        """Add the text that a unit has in a language."""
        facts = self._facts.setdefault(language, Counter())
        place, content = f"{path}, line {unit.lines[language]}", unit.texts[language]
        if not text.visible(content):
            if not self.home.table.get("drop_empty"):
                raise DataError(f"{place}: the text in {language!r} is {text.empty(content)}")
            facts["rows_left_out"] += 1
            return
        facts["texts_with_codes"] += language in unit.coded
        item = f"{self.name}:{prefix}{self._id(path, unit)}"
        self._paths.setdefault(language, {})[path] = None
        self._items.setdefault(language, []).append(_Item(item, content, place))

    def _id(self, path: Path, unit: Unit) -> str:
        if "id" not in self.home.table:
            return str(unit.number)
        where = f"{path}, line {unit.line}"
        if not text.visible(unit.id):
            raise DataError(f"{where}: the unit has no tuid, which the card's id asks for")
        if (seen := self._ids.setdefault(f"{path} {unit.id}", where)) != where:
            raise DataError(f"{where}: the tuid {unit.id!r} was on {seen} already")
        return unit.id

    def _place(self) -> str:
        return files.describe_location(self, self._patterns)

    def _undeclared_files(self) -> str:
        return files.undeclared_codes(self.home, [code for code, _ in self._other_codes.most_common()], "texts")

    def _read(self, language: str) -> Records:
        items = self._items[language]
        ids = tuple(item.id for item in items)
        facts = {f"{name} ({language})": count for name, count in self._facts[language].items() if count}
        notes = {"units_without": LACKING, "rows_left_out": EMPTY, "texts_with_codes": CODES}
        return Records(
            ids,
            blocks(self.home, ids, self._place()),
            {"text": tuple(item.text for item in items)},
            tuple(note for name, note in notes.items() if f"{name} ({language})" in facts),
            facts,
            places=lambda row: items[row].place,
        )


def source(home: Home, data: Data) -> Tmx:
    """A source over TMX files."""
    return Tmx(home, data)
