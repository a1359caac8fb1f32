"""Reading pairs from files: TSV, JSON lines, two aligned files, a moses pair (``corpus.en-hi.en`` and ``.hi``); gzipped
or not.

Nothing is repaired: a line that is no pair is an error with file and line, because all that follows may be misaligned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from xlbench import DataError, Option, UsageError
from xlbench.core.ids import is_language
from xlbench.core.specs import Spec, parse
from xlbench.core.text import count_text, did_you_mean
from xlbench_train.siamese.pairs.pairs import UNKNOWN, Pairs, Source
from xlbench_train.training.lines import read_lines, read_objects

OPTIONS = (
    Option("columns", description="two columns, by name or number from 1, with a comma"),
    Option("languages", description="the languages of the two sides, as eng,hin"),
    Option("header", "bool", description="whether the first line of a TSV names its columns"),
)
HEADERS = frozenset((
    "source", "target", "first", "second", "text1", "text2", "sentence1", "sentence2", "sentence_1", "sentence_2",
    "src", "tgt", "trg", "anchor", "positive", "query", "answer", "text", "translation", "premise", "hypothesis",
))  # fmt: skip
"""Names of columns that mark the first line of a TSV as its header, beside codes of languages."""

AN_OBJECT = 'an object with two texts is expected, as in {"en": "Yes", "de": "Ja"}'
"""What a line of a JSON-lines file should be."""
Row = tuple[int, str, str]
"""Line number and the two texts."""


def read_file(text: str, *, skip_empty: bool) -> Pairs:
    """The pairs of a file, or of two aligned ones.

    Args:
        text: ``pairs.tsv``, ``pairs.jsonl``, ``corpus.en-hi`` (moses: its two files lie beside it), or ``a.txt,b.txt``;
            perhaps with ``?columns=``, ``?languages=`` or ``?header=``.
        skip_empty: Leave out pairs with an empty side, and count them, where they would be an error.

    Raises:
        UsageError: There is no such file, or an option is wrong.
        DataError: Something in it is no pair of texts; names the file and the line.
    """
    spec = parse(text, OPTIONS)
    paths = _files_of(spec.target)
    notes: list[str] = []
    rows = _two_files(paths[0], paths[1]) if len(paths) == 2 else _one_file(paths[0], spec, notes)
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {paths[1]}"
    first, second, empty = [], [], 0
    for line, one, other in rows:
        one, other = one.strip(), other.strip()
        if one and other:
            first.append(one)
            second.append(other)
            continue
        empty += 1
        if not skip_empty:
            side = (
                "both sides are" if not one and not other else "the first side is" if not one else "the second side is"
            )
            raise DataError(
                f"{where}, line {line}: {side} empty; mend the line, remove it from every file, or leave such pairs "
                f"out with --skip-empty"
            )
    notes += [f"left out: {count_text(empty, 'pair')} with an empty side"] * bool(empty)
    if not first:
        raise DataError(f"{where}: there is no pair of texts")
    languages = _languages(spec, paths)
    source = Source(text, languages=languages, pairs=len(first), notes=tuple(notes))
    ids = tuple(f"{where}:{number}" for number in range(len(first)))
    return Pairs(tuple(first), tuple(second), ids, (languages,) * len(first), (source,))


def _files_of(target: str) -> list[Path]:
    """The file that a target names, or its two aligned ones."""
    path = Path(target).expanduser()
    if path.is_file():
        return [path]
    one, comma, other = target.partition(",")
    paths = [Path(part).expanduser() for part in (one, other)] if comma else _moses(path)
    for each in paths:
        if not each.is_file():
            what = "is a folder" if each.is_dir() else "there is no such file"
            raise UsageError(
                f"--pairs {target}: {each}: {what}; give a file, two as FIRST,SECOND, or card:NAME:LANGUAGES"
            )
    return paths


def _moses(path: Path) -> list[Path]:
    """The two files of a moses pair: ``corpus.en-hi`` stands for ``corpus.en-hi.en`` and ``corpus.en-hi.hi``."""
    found = re.search(r"([A-Za-z]{2,3}(?:_\w+)?)-([A-Za-z]{2,3}(?:_\w+)?)$", path.name)
    if not found:
        return [path]
    sides = []
    for code in found.groups():
        plain = path.with_name(f"{path.name}.{code}")
        packed = plain.with_name(f"{plain.name}.gz")
        sides.append(packed if packed.is_file() and not plain.is_file() else plain)
    return sides


def _two_files(one: Path, other: Path) -> Iterator[Row]:
    """Line i of one file with line i of the other; `DataError` where one of them has more lines."""
    missing = object()
    for line, (first, second) in enumerate(zip_longest(read_lines(one), read_lines(other), fillvalue=missing), 1):
        if isinstance(first, str) and isinstance(second, str):
            yield line, first, second
            continue
        longer, shorter = (one, other) if isinstance(first, str) else (other, one)
        raise DataError(
            f"{longer}, line {line}: it has no partner, as {shorter} has {line - 1:,} lines; the lines of two files "
            f"must be aligned: get both again from one release"
        )


def _one_file(path: Path, spec: Spec, notes: list[str]) -> Iterator[Row]:
    name = path.name.removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return _json_rows(path, spec)
    return _table_rows(path, spec, notes)


def _table_rows(path: Path, spec: Spec, notes: list[str]) -> Iterator[Row]:
    """Two columns of a tab-separated file: the first two, unless the spec names others."""
    lines = enumerate(read_lines(path), 1)
    width, places = 0, (0, 1)
    for line, text in lines:
        if not text.strip(" "):
            continue
        cells = text.split("\t")
        if not width:
            width = len(cells)
            if width < 2:
                raise DataError(
                    f"{path}, line {line}: one column where two are needed, with a tab between them; two aligned files "
                    f"are given as FIRST,SECOND"
                )
            header = _is_header(cells, spec)
            places = _places(path, cells, spec, header=header)
            if header:
                notes.append(f"line {line} of {path.name} was read as a header: {', '.join(cells)}")
                continue
        if len(cells) != width:
            raise DataError(
                f"{path}, line {line}: {len(cells)} columns where the first line has {width}; mend the line"
            )
        yield line, cells[places[0]], cells[places[1]]


def _is_header(cells: Sequence[str], spec: Spec) -> bool:
    """Whether the first line names columns: as the spec says, or where every name is one that is known."""
    if spec["header"] is not None:
        return bool(spec["header"])
    named = [cell.strip().casefold() for cell in cells]
    if len(set(named)) < len(named):
        return False
    return all(name in HEADERS or re.fullmatch(r"[a-z]{2,3}([_-]\w+)?", name) for name in named)


def _places(path: Path, cells: Sequence[str], spec: Spec, *, header: bool) -> tuple[int, int]:
    """The numbers of the two columns, from 0."""
    wanted = spec["columns"]
    if wanted is None:
        return 0, 1
    names = [part.strip() for part in wanted.split(",")]
    if len(names) != 2:
        raise UsageError(f"{spec.text!r}: columns={wanted}: give two columns, with a comma between them")
    places = []
    for name in names:
        if header and name in cells:
            places.append(list(cells).index(name))
        elif name.isdecimal() and 1 <= int(name) <= len(cells):
            places.append(int(name) - 1)
        else:
            known = list(cells) if header else [str(number) for number in range(1, len(cells) + 1)]
            raise DataError(
                f"{path}: there is no column {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}"
            )
    return places[0], places[1]


def _json_rows(path: Path, spec: Spec) -> Iterator[Row]:
    """Two texts of every object: those that the spec names, else the only two that there are."""
    names = [part.strip() for part in spec["columns"].split(",")] if spec["columns"] else []
    for line, found in read_objects(path, AN_OBJECT):
        values = found.get("translation") if isinstance(found.get("translation"), dict) else found
        assert isinstance(values, dict)
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        names = names or list(texts)
        if len(names) != 2:
            raise DataError(
                f"{path}, line {line}: {len(names)} texts ({', '.join(names) or 'none'}) where two are needed: say "
                f"which, as {path.name}?columns=en,hi"
            )
        if lacking := [name for name in names if name not in texts]:
            raise DataError(
                f"{path}, line {line}: there is no text {lacking[0]!r}.{did_you_mean(lacking[0], texts)} There are: "
                f"{', '.join(texts) or 'none'}"
            )
        yield line, texts[names[0]], texts[names[1]]


def _languages(spec: Spec, paths: Sequence[Path]) -> tuple[str, str]:
    """Codes of the two sides: as the spec says; not known otherwise."""
    given = spec["languages"]
    if given is None:
        return UNKNOWN
    codes = tuple(part.strip() for part in given.split(","))
    if len(codes) != 2 or not all(map(is_language, codes)) or codes[0] == codes[1]:
        raise UsageError(f"{spec.text!r}: languages={given}: give two different ISO 639-3 codes, as languages=eng,hin")
    return codes[0], codes[1]
