"""Text files, line by line: what kind of file it is, its encoding and line ends, and what counts as visible text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xlbench import DataError
from xlbench_tasks.data.packed import ByteReader, unpacked

_HEAD = 1024
"""How many bytes from the start tell what a file is."""

_KINDS: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the data; fetch the data with 'git lfs pull'",
    ),
    (b"/annex/objects/", "a git-annex pointer, not the data; fetch the data with 'git annex get'"),
    (b"PAR1", "a Parquet file; read it with reader = 'parquet', or export it as UTF-8 text"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls); export the sheet as CSV or TSV in UTF-8"),
    (b"\xff\xfe\0\0", "UTF-32 text; save the file as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text; save the file as UTF-8"),
    (b"\xff\xfe", "UTF-16 text; save the file as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save the file as UTF-8"),
    (b"BZh", "a bzip2 file; unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\0", "an xz file; unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file inside of a packed one; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"),
    (b"%PDF-", "a PDF document; the text must be a plain UTF-8 file"),
    (b"ARROW1", "an Arrow file; export it as UTF-8 text"),
    (b"SQLite format 3\0", "an SQLite database; export the table as CSV or TSV in UTF-8"),
)
"""First bytes of a file -> what it is, and what to do."""

_INVISIBLE = ("Cc", "Cf", "Cs")
_BLANK = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Characters that show nothing although their category says letter, mark or symbol: fillers, the blank Braille
pattern, variation selectors."""


def visible(text: str) -> bool:
    """Whether a person would see anything of a text: it holds more than white space, control and format characters
    (U+200B ...) and blanks. An emoji is seen."""
    first = text[:1]
    if first.isalnum() and first not in _BLANK:  # nearly all texts begin with a letter or digit
        return True
    return any(not char.isspace() and _shows(char) for char in text)


def _shows(char: str) -> bool:
    return char not in _BLANK and unicodedata.category(char) not in _INVISIBLE


def empty(text: str) -> str:
    """What is said of a text that is not visible."""
    return f"empty but for characters that nobody sees: {text!r}" if text.strip() else "empty"


def folded(text: str) -> str:
    """A text as it is compared with others for being a copy: without case and invisible characters, in NFC, with a
    space for each run of white space."""
    if not (text.isprintable() and _BLANK.isdisjoint(text)):
        text = "".join(char for char in text if char.isspace() or _shows(char))
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


def twins(texts: Iterable[str]) -> int:
    """How many of the different texts are another one in other notation: they look the same, and are one in NFC."""
    different = set(texts)
    return len(different) - len({unicodedata.normalize("NFC", text) for text in different})


def lines(path: Path, *, keep_line_end: bool = False) -> Iterator[str]:
    r"""The lines of a UTF-8 file, plain or packed, read only as far as they are asked for.

    Lines are split on ``\n`` alone: U+2028, U+0085, VT, FF and a bare ``\r`` are characters of a text. One ``\r`` at a
    line's end belongs to the line end and goes, unless ``keep_line_end``. A byte order mark at the start goes.

    Raises:
        DataError: the file is empty, damaged, or no UTF-8 text; names the line and byte, or what the file is.
    """
    offset = 0
    with _opened(path) as file:
        for number, raw in enumerate(file, 1):
            text = _decoded(raw, f"{path}, line {number}", offset)
            offset += len(raw)
            line = text.removesuffix("\n")
            if number == 1:
                line = line.removeprefix("\ufeff")
                _check_returns(path, line, file)
            yield line if keep_line_end else line.removesuffix("\r")
    if not offset:
        raise DataError(f"{path} is empty")


def read_text(path: Path) -> str:
    """A whole file, with a line feed after every line; errors as in `lines`."""
    return "".join(f"{line}\n" for line in lines(path, keep_line_end=True))


def count_lines(path: Path) -> int:
    """How many lines a file has, without decoding them."""
    count, last = 0, b""
    with _opened(path) as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block
    return count + (last[-1:] not in (b"", b"\n"))


@contextmanager
def _opened(path: Path) -> Iterator[ByteReader]:
    """The bytes of a file, unpacked where it is packed; trouble while it is open is a `DataError` too."""
    with unpacked(path) as file:
        if what := kind_of(file.peek(_HEAD)[:_HEAD]):
            raise DataError(f"{path} is {what}")
        yield file


def kind_of(head: bytes) -> str:
    """What a file with these first bytes is, and what to do about it; "" for what may be UTF-8 text."""
    for begins, what in _KINDS:
        if head.startswith(begins):
            return what
    if head.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head:
            return (
                "an Excel workbook (.xlsx) or another Office document; read a workbook with reader = 'xlsx', or export "
                "the sheet as CSV or TSV in UTF-8"
            )
        return "a ZIP archive; unpack it"
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it"
    pairs = len(head) // 2
    if max(head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)) > max(1, 0.4 * pairs):
        return "UTF-16 text without a byte order mark; save the file as UTF-8"
    return ""


def _decoded(raw: bytes, where: str, offset: int) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {offset + error.start} (0x{raw[error.start]:02x})"
        raise DataError(f"{where}: {byte} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        raise DataError(f"{where}: a NUL byte; the file is damaged, or it is not UTF-8")
    return text


def _check_returns(path: Path, first: str, file: ByteReader) -> None:
    """Refuse a file whose only line holds carriage returns: these are its line ends."""
    if "\r" in first[:-1] and not file.peek(1):
        raise DataError(f"{path}: its lines end in bare carriage returns; save it with line feeds (Unix line ends)")
