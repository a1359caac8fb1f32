"""`RunIndex`: the cells and influences of a run, from its index where their files were left alone."""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.ids import slug
from xlbench.core.record import Cell
from xlbench.runs.index_file import Body, Clusters, Entry, IndexFile, Signature, is_settled, signature_of, write_index
from xlbench.runs.item_clusters import ItemClusters, KnownClusters
from xlbench.runs.items import Influence
from xlbench.runs.run_folder import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SharedTexts:
    """Texts and tuples of them, each in memory once, whatever number of cells has them."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def share(self, cell: Cell) -> None:
        """Let a cell that was just decoded, and that nobody else has, hold the texts of others that are equal."""
        keep, put = self._known.setdefault, object.__setattr__
        for name in ("model", "fingerprint", "task", "area", "subset", "languages", "notes", "data_fingerprint",
                     "task_identity", "ci", "register"):  # fmt: skip
            value = getattr(cell, name)
            put(cell, name, keep(value, value))
        for score in cell.scores:
            put(score, "metric", keep(score.metric, score.metric))
            put(score, "method", keep(score.method, score.method))
            put(score, "note", keep(score.note, score.note))
            for name in ("bias", "seed_se", "training_se"):
                number = getattr(score, name)
                if not number and math.copysign(1.0, number) > 0:  # -0.0 stays what it is
                    put(score, name, 0.0)


@dataclass(slots=True)
class _Known:
    """One cell, and what its files were when it was read."""

    cell: Cell
    file: Signature
    is_settled: bool
    items: Signature | None = None
    sums: tuple[int, int, int] | None = None
    """In the index file: the number of the clusters, where the sums begin, and how many there are."""
    influence: Influence | None = None


class RunIndex:
    """What the index file of a run knows, as far as it still holds; and what was learned that is not in the file."""

    def __init__(self, folder: Path, clusters: KnownClusters, texts: SharedTexts) -> None:
        self.folder, self._clusters, self._texts = folder, clusters, texts
        self._file: IndexFile | None = None
        self._entries: dict[Place, tuple[Entry, Cell]] = {}
        """What the file knows, and nobody has asked for yet."""
        self._provenances: Sequence[Mapping[str, Any]] = ()
        self._of_file: list[ItemClusters] = []
        """The clusters by their number in the file."""
        self._seen: dict[Place, tuple[Signature, bool]] = {}
        self._known: dict[Place, _Known] = {}
        self._of_cell: dict[tuple[str, str, int | None], _Known] = {}
        self._sums: NDArray[np.float64] | None = None
        self.has_news = False
        """Whether something was learned that may be written into the file."""
        if opened := IndexFile.open(folder):
            self._file, body, cells = opened
            self._provenances = body.provenances
            self._of_file = [clusters.of(one.digest, functools.partial(_unpacked, one)) for one in body.clusters]
            places = ((entry.folder, entry.name) for entry in body.entries)
            self._entries = dict(zip(places, zip(body.entries, cells, strict=True), strict=True))

    @property
    def count(self) -> int:
        """How many cells are known."""
        return len(self._known)

    def cell(self, place: Place, path: str) -> Cell | None:
        """The cell of a file that was left alone since it was read; None where the file is to be read."""
        try:
            signature = signature_of(os.stat(path))
        except OSError:
            return None
        entry, cell = self._entries.pop(place, (None, None))
        if entry is None or cell is None or entry.file != signature:
            self._seen[place] = signature, is_settled(signature, time.time_ns())
            return None
        object.__setattr__(cell, "provenance", self._provenances[entry.provenance])
        self._texts.share(cell)
        sums = None if entry.items is None else (entry.clusters, entry.start, entry.count)
        self._add(place, _Known(cell, signature, is_settled=True, items=entry.items, sums=sums))
        return cell

    def learn(self, place: Place, cell: Cell) -> None:
        """Remember a cell that was read from its file, after `cell` had none of it."""
        if place in self._seen:
            signature, settled = self._seen[place]
            self._add(place, _Known(cell, signature, settled))
            self.has_news |= settled

    def influence(self, cell: Cell) -> Influence | None:
        """The influence of a cell whose files were left alone; None where its items are to be read."""
        known = self._of_cell.get((cell.task, cell.subset, cell.limit))
        if (
            known is None
            or known.sums is None
            or known.items is None
            or (known.cell is not cell and known.cell != cell)
        ):
            return None
        if self._items_signature(cell) != known.items:
            return None
        return self._influence(cell, *known.sums)

    def before_influence(self, cell: Cell) -> Signature | None:
        """What the items' file is before it is read, for `learn_influence`."""
        return self._items_signature(cell)

    def learn_influence(self, cell: Cell, found: Influence, before: Signature | None) -> None:
        """Remember an influence that was read from items whose file was so ``before``."""
        known = self._of_cell.get((cell.task, cell.subset, cell.limit))
        if known is None or known.cell is not cell or before is None or not is_settled(before, time.time_ns()):
            return
        known.items, known.influence, known.sums = before, found, None
        self.has_news |= known.is_settled

    def save(self) -> bool:
        """Write all that is known into the file; whether that could be done."""
        import msgspec
        import numpy as np

        entries, cells, sums = [], [], []
        provenances: dict[bytes, int] = {}
        kept: list[Mapping[str, Any]] = []
        clusters: dict[bytes, tuple[int, ItemClusters]] = {}
        start = 0
        for (folder, name), one in self._known.items():
            if not one.is_settled:
                continue
            packed = msgspec.msgpack.encode(one.cell.provenance)
            number = provenances.setdefault(packed, len(kept))
            if number == len(kept):
                kept.append(one.cell.provenance)
            entry = Entry(folder, name, one.file, number)
            influence = one.influence or (self._influence(one.cell, *one.sums) if one.sums else None)
            if influence is not None and influence.of is not None and influence.of.digest:
                home, _ = clusters.setdefault(influence.of.digest, (len(clusters), influence.of))
                count = len(influence.sums)
                entry = Entry(folder, name, one.file, number, one.items, home, start, count)
                sums.append(np.ascontiguousarray(influence.sums, np.float64).tobytes())
                start += count
            entries.append(entry)
            cells.append(replace(one.cell, provenance={}))
        body = Body(
            tuple(entries), msgspec.msgpack.encode(cells), tuple(dict(one) for one in kept),
            tuple(_packed(of) for _, of in clusters.values()),
        )  # fmt: skip
        self.has_news = False
        return write_index(self.folder, body, sums)

    def _add(self, place: Place, known: _Known) -> None:
        self._known[place] = known
        self._of_cell[known.cell.task, known.cell.subset, known.cell.limit] = known

    def _items_signature(self, cell: Cell) -> Signature | None:
        try:
            return signature_of(os.stat(f"{self.folder}/cells/{slug(cell.task)}/{cell.items_file}"))
        except OSError:
            return None

    def _influence(self, cell: Cell, clusters: int, start: int, count: int) -> Influence | None:
        import numpy as np

        if self._file is None:
            return None
        if self._sums is None:
            content = self._file.sums()
            self._sums = np.zeros(0) if content is None else np.frombuffer(content, np.float64)
        if len(self._sums) < start + count:
            return None
        of = self._of_file[clusters]
        drawn = tuple(cell.training or cell.seeds)
        names, shares = of.with_seeds(drawn)
        return Influence(names, self._sums[start : start + count], shares, len(of.codes), len(drawn), of)


def _packed(clusters: ItemClusters) -> Clusters:
    import msgspec
    import numpy as np

    names = msgspec.msgpack.encode([str(name) for name in clusters.names])
    return Clusters(clusters.digest, names, np.asarray(clusters.codes, np.int32).tobytes())


def _unpacked(packed: Clusters) -> ItemClusters:
    import msgspec
    import numpy as np

    names = np.asarray(msgspec.msgpack.decode(packed.names, type=list[str]), dtype=object)
    return ItemClusters(names, np.frombuffer(packed.codes, np.int32).astype(np.int64), packed.digest)
