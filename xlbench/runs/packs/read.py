"""Reads packs, and checks everything in them first.

Whoever makes a pack on purpose can write any numbers into it with hashes that fit. So sizes are bounded before memory
is asked for them: those of members by their declared size, which decompression cannot exceed, and those of columns by
the size of the parquet file, which must not be compressed itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.codec import checksum, from_json
from xlbench.core.errors import ResultsError
from xlbench.core.record import Cell, Run
from xlbench.core.text import byte_count
from xlbench.runs.item_clusters import KnownClusters
from xlbench.runs.items import Influence, Items, items_of
from xlbench.runs.packs.header import CELLS, HEAD, ITEMS, MANIFEST, REMEDY, SCHEMA, PackHeader
from xlbench.runs.packs.parts import PackPart

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_PACK = 1 << 30
"""Bytes of a file."""
LARGEST_CONTENT = 2 << 30
"""Bytes of all members when decompressed."""
MOST_EXPANDED, SMALLEST_BOUND = 100, 16 << 20
"""How many times larger than its file a pack's content may be, beyond so many bytes."""
LARGEST_CELLS, LARGEST_RECORD = 256 << 20, 8 << 20
"""Bytes of all cells, and of one of them or of the manifest."""
MOST_VALUES, MOST_OF_RECORD = 8 << 20, 1 << 20
"""Values in all cells, and in one record: a value of two bytes takes up to a hundred bytes of memory."""
MEMBERS = 1000
_END = struct.Struct("<4s4H2LH")
_ENTRY = 46 + 40
"""Bytes of a member's entry in the directory, at the most: none has a comment or an extra field."""


class Pack:
    """An opened pack, whose members are those that were packed.

    Raises:
        ResultsError: The file is cut off, was changed, is no pack, one of a newer version, or one that cannot be read
            within the bounds. The message names the file and what to do.
    """

    def __init__(self, path: Path, content: bytes | None = None, known: KnownClusters | None = None) -> None:
        """Read ``path``, or take ``content`` for what it holds; ``known`` are clusters of other packs."""
        self.path = path
        self._clusters = known or KnownClusters()
        content = _read(path) if content is None else content
        self.digest = hashlib.sha256(content).hexdigest()
        """SHA-256 of the file."""
        with _one_line_errors(path):
            self._members = _members(content)
            self.head = _parse_header(self._members.pop(HEAD, None))
            _check_members(self.head, self._members, len(content))
            self.manifest: Run = from_json(Run, _json(self._decompress(MANIFEST)))
            self.cells = tuple(_cells(self._decompress(CELLS), self.head))
            self._check_owner()
        self._index = {(cell.task, cell.subset, cell.limit): number for number, cell in enumerate(self.cells)}
        self._influence: dict[int, Influence] = {}
        self._where: dict[int, int] = {}
        """Cell -> part."""
        self._part: tuple[int, PackPart] | None = None
        """The one that was read last: they are large."""

    def influence(self, cell: Cell) -> Influence:
        """The cluster sums of a cell's main metric; all cells' are read at the first call."""
        number = self._number(cell)
        if not self._influence:
            self._read()
        return self._influence[number]

    def table(self, cell: Cell) -> pa.Table:
        """The items of a cell with scores."""
        number = self._number(cell)
        if not self._where:
            self._read()
        with _one_line_errors(self.path):
            return self._open(self._where[number]).table(number)

    def items(self, cell: Cell) -> Items:
        """The items of a cell with scores."""
        with _one_line_errors(self.path):
            return items_of(self.table(cell))

    def check(self) -> None:
        """Read all that there is, and raise `ResultsError` where anything is refused."""
        self._read()
        for cell in self.cells:
            if cell.status == "ok":
                self.items(cell)

    def _number(self, cell: Cell) -> int:
        """The place of a cell with scores among the pack's."""
        number = self._index.get((cell.task, cell.subset, cell.limit))
        held = None if number is None else self.cells[number]
        if number is None or held is None or held.status != "ok" or held.items_digest != cell.items_digest:
            raise ResultsError(f"{self.path} holds no items of {cell.task} {cell.subset} as it was scored")
        return number

    def _read(self) -> None:
        """Find every cell's items, and read their influences."""
        where: dict[int, int] = {}
        influence: dict[int, Influence] = {}
        rows = 0
        with _one_line_errors(self.path):
            for part_number in range(len(self.head.members) - 2):
                part = self._open(part_number)
                rows += part.rows
                for number, sums in part.influences(self.cells, self._clusters):
                    if number in where:
                        raise ResultsError(f"two parts hold items of its cell {number}")
                    where[number], influence[number] = part_number, sums
            scored = {number for number, cell in enumerate(self.cells) if cell.status == "ok"}
            if odd := sorted(scored ^ set(where)):
                raise ResultsError(f"its cell {odd[0]} has {'no items' if odd[0] in scored else 'items and no score'}")
            if rows != self.head.items:
                raise ResultsError(f"it holds {rows} items and says {self.head.items}")
        self._where, self._influence = where, influence

    def _open(self, number: int) -> PackPart:
        if self._part is None or self._part[0] != number:
            self._part = number, PackPart(self._decompress(ITEMS.format(number)))
        return self._part[1]

    def _decompress(self, name: str) -> bytes:
        """A member's content; its size is what was declared, or it is refused."""
        import pyarrow as pa

        size = self.head.members[name].bytes
        content: bytes = pa.Codec("zstd").decompress(self._members[name], decompressed_size=size, asbytes=True)
        if len(content) != size:
            raise ResultsError(f"its member {name} is not of {size} bytes")
        return content

    def _check_owner(self) -> None:
        run, head = self.manifest, self.head
        if (run.model, run.fingerprint) != (head.model, head.fingerprint):
            raise ResultsError(f"it says that it is of {head.model}, and its run is of another model ({run.model})")
        for cell in self.cells:
            if (cell.model, cell.fingerprint) != (run.model, run.fingerprint):
                raise ResultsError(f"it holds a cell of another model ({cell.model} {cell.task} {cell.subset})")
        places = {(cell.task, cell.subset, cell.limit) for cell in self.cells}
        if len(places) != len(self.cells):
            raise ResultsError("it holds a cell twice")


class _NewerSchema(ResultsError):  # noqa: N818 - what the pack is
    """A pack of a schema that is yet to come: nothing is wrong with it."""


@contextlib.contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Turn whatever reading a file can fail with into one line that names it."""
    try:
        yield
    except _NewerSchema as error:
        raise ResultsError(f"{path} is refused: {error}") from None
    except ResultsError as error:
        if str(error).startswith(str(path)):
            raise
        raise ResultsError(f"{path} is refused: {error}; {REMEDY}") from None
    except MemoryError:
        raise ResultsError(f"{path} is refused: it needs more memory than there is; {REMEDY}") from None
    except Exception:  # noqa: BLE001 - of zipfile, struct, pyarrow, msgspec: all of content that is damaged or forged
        raise ResultsError(f"{path} is refused: it is damaged, or no pack; {REMEDY}") from None


def _read(path: Path) -> bytes:
    """The file's content, of at most `LARGEST_PACK` bytes."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_PACK:
            raise ResultsError(f"{path} is refused: it is no file, or larger than {byte_count(LARGEST_PACK)}")
        with path.open("rb") as file:
            return file.read(LARGEST_PACK)
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror}") from None


def _members(content: bytes) -> dict[str, bytes]:
    """The stored members by name, from a zip that is as `write` makes it."""
    if len(content) < _END.size or not content.startswith(b"PK\x03\x04"):
        raise ResultsError("it is no pack, or cut off")
    mark, disk, first_disk, here, count, size, start, comment = _END.unpack(content[-_END.size :])
    if mark != b"PK\x05\x06" or comment or disk or first_disk or here != count:
        raise ResultsError("it is no pack, or cut off")
    if not 3 <= count <= MEMBERS or size > count * _ENTRY or start + size + _END.size != len(content):
        raise ResultsError(f"its directory is none of a pack (of 3 to {MEMBERS} members)")
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(info.compress_size for info in archive.infolist()) > len(content):
            raise ResultsError("its members overlap")
        for info in archive.infolist():
            name = info.filename[:80]
            if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise ResultsError(f"its member {name!r} is encrypted, or stored otherwise than in a pack")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.filename in members:
                raise ResultsError(f"its member {name!r} is there twice, or no file")
            members[info.filename] = archive.read(info)
    return members


def _parse_header(content: bytes | None) -> PackHeader:
    """What the pack says of itself."""
    import msgspec

    if content is None:
        raise ResultsError(f"it has no {HEAD}")
    plain = _json(content)
    version = plain.get("schema")
    if isinstance(version, int) and version > SCHEMA:
        raise _NewerSchema(f"it was made by a newer xlbench (packs of schema {version}): upgrade xlbench to read it")
    given = plain.pop("checksum", None)
    if version != SCHEMA or given != checksum(plain):
        raise ResultsError(f"its {HEAD} was changed after it was packed")
    if unknown := sorted(set(plain) - {one.name for one in dataclasses.fields(PackHeader)}):
        raise ResultsError(f"its {HEAD} holds something unknown: {unknown[0][:80]!r}")
    try:
        head = msgspec.convert(plain, PackHeader)
    except msgspec.ValidationError as error:
        raise ResultsError(f"its {HEAD}: {error}") from None
    if problem := head.problem():
        raise ResultsError(problem)
    return head


def _check_members(head: PackHeader, members: Mapping[str, bytes], size: int) -> None:
    """Raise `ResultsError` unless the members are those that were packed, and of a size that can be read."""
    for name in [*head.members, *members]:
        if name not in members or name not in head.members:
            what = "lacking" if name not in members else "none that was packed"
            raise ResultsError(f"its member {name[:80]!r} is {what}")
        if hashlib.sha256(members[name]).hexdigest() != head.members[name].sha256:
            raise ResultsError(f"its member {name} was changed after it was packed")
    largest = min(LARGEST_CONTENT, SMALLEST_BOUND + MOST_EXPANDED * size)
    total = sum(member.bytes for member in head.members.values())
    if total > largest:
        raise ResultsError(
            f"its content is of {byte_count(total)}, and that of a pack of its size below {byte_count(largest)}"
        )
    if head.members[CELLS].bytes + head.members[MANIFEST].bytes > LARGEST_CELLS:
        raise ResultsError(f"its cells are larger than {byte_count(LARGEST_CELLS)}")


def _json(content: bytes) -> dict[str, Any]:
    import msgspec

    if len(content) > LARGEST_RECORD or _values(content) > MOST_OF_RECORD:
        most = f"{byte_count(LARGEST_RECORD)} or {MOST_OF_RECORD:,} values"
        raise ResultsError(f"one of its records is larger than {most}")
    plain = msgspec.json.decode(content)
    if not isinstance(plain, dict):
        raise ResultsError("one of its records is none")
    return plain


def _values(content: bytes) -> int:
    """At least as many as the values in JSON."""
    return content.count(b",") + content.count(b"[") + content.count(b"{") + 1


def _cells(content: bytes, head: PackHeader) -> list[Cell]:
    """The cells, a line each."""
    lines = content.count(b"\n")
    if lines != head.cells or not content.endswith(b"\n"):
        raise ResultsError(f"it holds {lines} cells and says {head.cells}")
    if _values(content) > MOST_VALUES:
        raise ResultsError(f"its cells hold more than {MOST_VALUES:,} values")
    return [from_json(Cell, _json(line)) for line in content[:-1].split(b"\n")]
