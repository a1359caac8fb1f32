"""Writes packs, and reads each back before it is saved."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.codec import checksum, to_json
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import write_files
from xlbench.core.ids import slug
from xlbench.core.record import Run
from xlbench.core.text import did_you_mean
from xlbench.core.version import __version__
from xlbench.runs.packs.header import CELLS, ENDING, HEAD, ITEMS, MANIFEST, REMEDY, Kind, PackHeader, PackMember
from xlbench.runs.packs.parts import compress, to_part
from xlbench.runs.packs.read import Pack
from xlbench.runs.run_folder import GONE
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class WrittenPack:
    """A pack that was written."""

    path: Path
    model: str
    cells: int
    items: int
    bytes: int
    digest: str
    """SHA-256 of the file."""


def choose(runs: Sequence[Run], model: str | None, where: Path, others: str = "") -> Run:
    """The one run that is meant, of those that lie in ``where``.

    Args:
        model: The model's name, or the first digits (six or more) of its fingerprint; None: there is one run alone.
        others: What else may be given where there are several, for the message.

    Raises:
        UsageError: There are several, or none of that name.
    """
    known = ", ".join(_model_names(runs))
    wanted = [run for run in runs if model is None or run.model == model]
    if not wanted and model is not None and len(model) >= 6:
        wanted = [run for run in runs if run.fingerprint.startswith(model)]
    if not wanted:
        hint = did_you_mean(str(model), [run.model for run in runs])
        raise UsageError(f"{where} holds no run of {model!r}.{hint} It holds: {known}")
    if len(wanted) > 1:
        raise UsageError(
            f"{where} holds several runs, name one with --model{others}: {', '.join(_model_names(wanted))}"
        )
    return wanted[0]


def _model_names(runs: Sequence[Run]) -> list[str]:
    """The names of runs' models; of those that share one, the first digits of their fingerprints."""
    names = [run.model for run in runs]
    return [run.fingerprint[:12] if names.count(run.model) > 1 else run.model for run in runs]


def name_of(run: Run) -> str:
    """A file's name for a pack that no other model's has."""
    return slug(run.model, run.fingerprint) + ENDING


def write_pack(
    run: Run, out: Path, reader: Reader, *, kind: Kind = "run", about: Mapping[str, str] | None = None
) -> WrittenPack:
    """Pack a saved run, whole: equal runs give equal bytes.

    Args:
        run: As ``reader`` has found it, in a folder or a pack.
        out: The file; its folder is created.
        kind: What it is for; a "baseline" says in ``about`` all of `packs.read.ACCEPTED`.
        about: What is said of it, kept as it is given.

    Raises:
        UsageError: The file cannot be written there.
        ResultsError: The run is damaged, lacks cells that it had, or is beyond what a pack may hold.
    """
    if out.suffix != ENDING or out.is_dir():
        raise UsageError(f"{out} is no name of a pack: give a file that ends in {ENDING}")
    content = pack(run, reader, kind=kind, about=about)
    try:
        made = Pack(out, content)
        made.check()
    except ResultsError as error:
        why = str(error).removeprefix(f"{out} is refused: ").removesuffix(f"; {REMEDY}")
        raise ResultsError(f"{run.folder} cannot be packed, as its pack could not be read: {why}") from None
    write_files(out.parent, {out.name: content}, "packs", "--out")
    return WrittenPack(out, run.model, made.head.cells, made.head.items, len(content), made.digest)


def pack(run: Run, reader: Reader, *, kind: Kind = "run", about: Mapping[str, str] | None = None) -> bytes:
    """The content of a pack; as `write_pack`."""
    lost = [f"{cell.task} {cell.subset}" for cell in run.cells if cell.reason == GONE and not cell.key]
    for trouble in (*run.troubles, *(f"{run.folder} lacks {place}: {GONE}" for place in lost)):
        raise ResultsError(f"a run that is damaged is not packed: {trouble}")
    parts = _parts(run, reader)
    members = {
        MANIFEST: _json(to_json(run)),
        CELLS: b"".join(_json(to_json(cell)) for cell in run.cells),
        **{ITEMS.format(number): to_part([*one], [*one.values()]) for number, one in enumerate(parts)},
    }
    stored = {name: compress(content) for name, content in members.items()}
    head = PackHeader(
        kind, __version__, run.model, run.fingerprint, len(run.cells),
        sum(table.num_rows for one in parts for table in one.values()),
        {name: PackMember(hashlib.sha256(stored[name]).hexdigest(), len(content)) for name, content in members.items()},
        dict(about or {}),
    )  # fmt: skip
    if problem := head.problem():
        raise UsageError(f"{run.model} cannot be packed: {problem}")
    plain = dataclasses.asdict(head)
    text = json.dumps(plain | {"checksum": checksum(plain)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return _zip({HEAD: text.encode()} | stored)


def _json(plain: Any) -> bytes:
    """A line of JSON."""
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _parts(run: Run, reader: Reader) -> list[dict[int, pa.Table]]:
    """The items by the number of their cell, those with the same columns together."""
    parts: dict[tuple[tuple[str, str], ...], dict[int, pa.Table]] = {}
    for number, cell in enumerate(run.cells):
        if cell.status == "ok":
            table = _plain(reader.load_table(cell, Path(run.folder)))
            if not table.num_rows:
                raise ResultsError(f"{run.folder} cannot be packed: {cell.task} {cell.subset} has no items")
            parts.setdefault(tuple((field.name, str(field.type)) for field in table.schema), {})[number] = table
    return [*parts.values()]


def _plain(table: pa.Table) -> pa.Table:
    """A table whose texts are encoded as none is in a folder, whether they come from a folder or a pack."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = [chunk.dictionary_decode() for chunk in table.column(place).chunks]
            table = table.set_column(place, field.name, pa.chunked_array(decoded, field.type.value_type))
    return table


def _zip(members: Mapping[str, bytes]) -> bytes:
    """A zip with nothing in it that the members do not account for."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)  # of 1980-01-01
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return sink.getvalue()
