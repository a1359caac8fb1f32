"""Reads the texts of files one by one, plain or packed, so that a file may be larger than memory."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xlbench.core.errors import DataError
from xlbench.core.text import count_text, did_you_mean
from xlbench.corpus.inputs import Input

LONGEST = 1 << 20
"""Bytes that a line may have: a longer one is a file of another format."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""How packed files begin, whatever they are called."""

OTHERS = {
    b"PK\x03\x04": "a zip archive", b"BZh": "packed by bzip2", b"\xfd7zX": "packed by xz", b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
}  # fmt: skip
"""How files begin that are no text and are not read -> what they are."""

ReadText = tuple[int, str, str]
"""Number of the line, its text, and the document that it is of ("" where nothing says it)."""


@dataclass
class Watch:
    """What is known of a file while it is read: how far it is, and its hash once it is at its end."""

    bytes: int = 0
    sha256: str = ""
    damaged: int = 0
    """Lines that were passed over as they are damaged."""


class _Hashed(io.RawIOBase):
    """A file that is hashed and counted as it is read."""

    def __init__(self, file: IO[bytes], watch: Watch) -> None:
        super().__init__()
        self._file, self._watch, self._hash = file, watch, hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self._watch.bytes += len(data)
        return len(data)

    def finish(self) -> None:
        """Read what is left, and say the hash."""
        while self.read(1 << 16):
            pass
        self._watch.sha256 = self._hash.hexdigest()


def read_texts(source: Input, watch: Watch, *, skip_damaged: bool) -> Iterator[ReadText]:
    """The texts of a file, in its order; those of white space alone, too.

    Args:
        source: The file; no card.
        watch: Is told how far it is.
        skip_damaged: Pass over lines that are damaged, and count them, where they would be an error.

    Raises:
        DataError: Something is damaged; names the file and the line.
    """
    assert source.path is not None
    try:
        with source.path.open("rb") as file:
            hashed = _Hashed(file, watch)
            lines = _Lines(source.path, _unpacked(source.path, hashed), watch, skip_damaged=skip_damaged)
            yield from _READERS[source.format](source, lines)
            hashed.finish()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{source.path}: the packed file is damaged ({error}): get it again") from None
    except OSError as error:
        raise DataError(f"{source.path} cannot be read: {error.strerror or error}") from None


def _unpacked(path: Path, hashed: _Hashed) -> gzip.GzipFile | io.BufferedReader[Any]:
    with path.open("rb") as file:
        begin = file.read(4)
    for magic, what in OTHERS.items():
        if begin.startswith(magic):
            raise DataError(f"{path} is {what}: give its texts as a file of lines, plain, gzipped or zstd")
    buffered = io.BufferedReader(hashed, 1 << 16)
    if begin.startswith(GZIP):
        return gzip.GzipFile(fileobj=buffered)
    if begin == ZSTD:
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(buffered, "r"), "zstd"), 1 << 16)
    return buffered


class _Lines:
    """The lines of a file, numbered from 1, without their ends."""

    def __init__(
        self, path: Path, file: gzip.GzipFile | io.BufferedReader[Any], watch: Watch, *, skip_damaged: bool
    ) -> None:
        self.path, self.number = path, 0
        self._file, self._watch, self._skip = file, watch, skip_damaged

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(LONGEST + 1):
            self.number += 1
            if len(raw) > LONGEST:
                raise DataError(
                    f"{self.path}, line {self.number}: a line of more than {LONGEST:,} bytes: break the text into "
                    f"lines, a sentence or a paragraph each"
                )
            text = self._decoded(raw)
            if text is not None:
                yield text

    def _decoded(self, raw: bytes) -> str | None:
        try:
            text = raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            self.damaged("not UTF-8; save the file as UTF-8")
            return None
        if "\x00" in text:
            self.damaged("a NUL character, as in UTF-16 or a binary file; save as UTF-8")
            return None
        return text.rstrip("\n").removesuffix("\r")

    def damaged(self, why: str) -> None:
        """Count a damaged line, or raise `DataError` where these are not passed over."""
        if not self._skip:
            raise DataError(f"{self.path}, line {self.number}: {why}, or pass over such lines with --skip-damaged")
        self._watch.damaged += 1


def _read_plain(_: Input, lines: _Lines) -> Iterator[ReadText]:
    for text in lines:
        yield lines.number, text, ""


def _read_objects(source: Input, lines: _Lines) -> Iterator[ReadText]:
    column, document = source["column"] or "text", source["document"]
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            lines.damaged("no JSON")
            continue
        if not isinstance(value, dict):
            lines.damaged("an object is expected, as in " + '{"text": "..."}')
            continue
        missing = [key for key in (column, document) if key and key not in value]
        if missing:
            lines.damaged(f"there is no key {missing[0]!r}.{did_you_mean(missing[0], value)} There are: "
                          f"{', '.join(map(str, value)) or 'none'}: name it with ?column= or ?document=")  # fmt: skip
        elif not isinstance(value[column], str) or not _is_text(value[column]):
            lines.damaged(f"what {column!r} holds is no text")
        else:
            yield lines.number, value[column], "" if not document or value[document] is None else str(value[document])


def _is_text(text: str) -> bool:
    """Whether it is a text that a file can hold: no half of a character, and no NUL."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read_table(source: Input, lines: _Lines) -> Iterator[ReadText]:
    """Cells of a table: with quotes and line breaks within them (CSV), or a tab between any two (TSV)."""
    text, document = -1, -1
    width = 0
    rows = csv.reader((f"{line}\n" for line in lines), strict=False) if source.format == "csv" else _tab_rows(lines)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            lines.damaged(f"no row of a table ({error})")
            continue
        if not row:
            continue
        if text < 0:
            header = source["header"] is not False
            text, document = _places(source, row, header=header)
            width = len(row)
            if header:
                continue
        if len(row) != width:
            lines.damaged(f"{count_text(len(row), 'column')} where the first row has {width}")
            continue
        yield lines.number, row[text], row[document] if document >= 0 else ""


def _tab_rows(lines: _Lines) -> Iterator[list[str]]:
    for line in lines:
        yield line.split("\t") if line.strip(" ") else []


def _places(source: Input, row: Sequence[str], *, header: bool) -> tuple[int, int]:
    """The numbers from 0 of the columns of texts and documents; -1 for documents that nothing says."""
    names = [cell.strip() for cell in row] if header else []
    wanted = source["column"] or ("text" if "text" in names else "1" if len(row) == 1 else "")
    if not wanted:
        choice = ", ".join(names) if header else f"1 to {len(row)}"
        raise DataError(
            f"{source.path}: say which column holds the texts, as {source.path}?column=NAME; there are: {choice}"
        )
    return _column(source, wanted, names, len(row)), _column(source, source["document"], names, len(row))


def _column(source: Input, wanted: str | None, names: Sequence[str], width: int) -> int:
    if wanted is None:
        return -1
    if names.count(wanted) == 1:
        return list(names).index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= width:
        return int(wanted) - 1
    columns = list(names) or [str(number) for number in range(1, width + 1)]
    raise DataError(f"{source.path}: there is no column {wanted!r}.{did_you_mean(wanted, columns)} There are: "
                    f"{', '.join(columns)}")  # fmt: skip


def _read_words(source: Input, lines: _Lines) -> Iterator[ReadText]:
    """A word a line, with its tags behind it; an empty line ends a sentence. A prefix such as ``ne:`` is left out."""
    place = source["column"] or "1"
    if not place.isdecimal() or int(place) < 1:
        raise DataError(f"{source.path}: column={place}: words and tags have columns with numbers, from 1")
    words: list[str] = []
    begun = 0
    for line in lines:
        cells = line.split("\t") if "\t" in line else line.split()
        if line.startswith("# ") and len(cells) != 2:
            continue
        if line.strip():
            begun = begun or lines.number
            if len(cells) < int(place):
                lines.damaged(f"{count_text(len(cells), 'column')}, and no column {place}")
                continue
            word = _without_prefix(cells[int(place) - 1].strip())
            if word:
                words.append(word)
        elif words:
            yield begun, " ".join(words), ""
            words, begun = [], 0
    if words:
        yield begun, " ".join(words), ""


def _without_prefix(word: str) -> str:
    """A word of WikiANN's files without its language: ``ne:काठमाडौं``."""
    return word[3:] if len(word) > 3 and word[2] == ":" and word[:2].isascii() and word[:2].islower() else word


_READERS: dict[str, Callable[[Input, _Lines], Iterator[ReadText]]] = {
    "txt": _read_plain, "jsonl": _read_objects, "csv": _read_table, "tsv": _read_table, "conll": _read_words,
}  # fmt: skip
