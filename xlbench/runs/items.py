"""Reads and writes the items of a cell: one parquet file each, named by its content."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import ResultsError
from xlbench.core.ids import slug
from xlbench.core.record import Cell
from xlbench.runs.item_clusters import ItemClusters, KnownClusters, clusters_of, digest_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

INFLUENCE = "influence"
"""The items' column that holds each item's influence on the main score."""
ITEM_ID, CLUSTER_ID = "item_id", "cluster_id"
"""The items' columns of ids; that of the clusters is absent where every item is alone."""
CELL = "cell"
"""The column that says, for each item in a pack, which of the pack's cells it belongs to, from 0."""


@dataclass(frozen=True)
class Items:
    """A cell's items: what averages and comparisons are made from, without model, data or task."""

    item_ids: Sequence[str]
    cluster_ids: Sequence[str]
    columns: Mapping[str, NDArray[Any]]
    """The rows: what all of the cell's metrics are functions of."""
    influence: NDArray[np.float64]
    """(n,) influence on the main metric's value."""


@dataclass(frozen=True)
class Influence:
    """How much each cluster of items moves a cell's main score."""

    clusters: NDArray[np.object_]
    """(G,) cluster ids; behind them the names of seeds."""
    sums: NDArray[np.float64]
    """(G,) by how much each cluster moves the score when it is left out (`xlbench.stats.variances.left_out`)."""
    shares: NDArray[np.float64]
    """(G,) the share of the items that lie in each cluster; of the seeds, what each weighs in the score."""
    n: int
    """Items."""
    seeds: int = 0
    """How many of the clusters, the last ones, are seeds or training sets: what is random beside the items."""
    of: ItemClusters | None = field(default=None, compare=False, repr=False)
    """The items' clusters that it was made from, where cells share them."""


def influence(folder: Path, cell: Cell, known: KnownClusters | None = None) -> Influence:
    """The cluster sums of a cell's main metric, from the items saved in its run's ``folder``.

    Args:
        known: Clusters that were read already.

    Raises:
        ResultsError: The file is missing, or not the one that was saved.
    """
    import numpy as np

    content = _content(folder / "cells" / slug(cell.task), cell)
    file = _parquet(content)
    ids = CLUSTER_ID if CLUSTER_ID in file.metadata.schema.names else ITEM_ID
    table = file.read([ids, INFLUENCE], use_threads=False)
    texts = table.column(ids)
    digest = digest_of(texts)
    clusters = (known or KnownClusters()).of(digest, lambda: clusters_of(texts.to_pylist(), digest))
    # Not `to_numpy` or `dictionary_encode`, which import pandas and pyarrow.compute: a third of a second.
    psi: NDArray[np.float32] = np.from_dlpack(table.column(INFLUENCE).combine_chunks())  # type: ignore[assignment]
    return influence_of(cell, clusters, psi)


def cluster_sums(
    cell: Cell, clusters: NDArray[np.object_], codes: NDArray[np.integer], psi: NDArray[np.floating]
) -> Influence:
    """The sums over clusters of items with influences ``psi`` (n,); ``codes`` (n,) are places in ``clusters`` (G,)."""
    return influence_of(cell, ItemClusters(clusters, codes), psi)


def influence_of(cell: Cell, clusters: ItemClusters, psi: NDArray[np.floating]) -> Influence:
    """The sums over the clusters of a cell's items with influences ``psi`` (n,)."""
    import numpy as np

    from xlbench.stats.training_variance import training_sums
    from xlbench.stats.variances import left_out, linear_sums, seed_sums

    if cell.main is not None and cell.main.seed_se > 0 and not cell.seeds:
        raise ResultsError(
            f"{cell.task} {cell.subset} of {cell.model} was saved without its scores by single seeds: run it again"
        )
    psi = psi.astype(np.float64)
    sums = left_out(linear_sums(psi, clusters.codes), clusters.shares)
    if cell.main is not None and cell.main.training_se > 0 and not cell.training:
        raise ResultsError(f"{cell.task} {cell.subset} of {cell.model} lacks its scores by training sets: run it again")
    drawn = cell.training or cell.seeds
    names, shares = clusters.with_seeds(tuple(drawn))
    if drawn:
        seeds = np.array([*drawn.values()], dtype=np.float64)
        moved = training_sums(seeds, cell.main.training_se) if cell.training and cell.main else seed_sums(seeds)
        sums = np.concatenate([sums, moved])
    return Influence(names, sums, shares, len(psi), len(drawn), clusters)


def _content(folder: Path, cell: Cell) -> bytes:
    """The items' file as it was saved, or `ResultsError`."""
    path = folder / Path(cell.items_file).name
    try:
        content = path.read_bytes()
    except OSError:
        raise ResultsError(f"{path} is missing: delete the cell's .json beside it to compute it again") from None
    if hashlib.sha256(content).hexdigest() != cell.items_digest:
        raise ResultsError(f"{path} is not what was saved: delete it and the cell's .json to compute it again")
    return content


def to_parquet(items: Items) -> bytes:
    """The file's content: ids, cluster ids where they differ, columns, and the influences as float32."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    alone = list(items.cluster_ids) == list(items.item_ids)  # then the ids need not be there twice
    columns: dict[str, Any] = {
        ITEM_ID: pa.array(items.item_ids, pa.string()),
        **({} if alone else {CLUSTER_ID: pa.array(items.cluster_ids, pa.string())}),
        **{name: pa.array(np.asarray(column)) for name, column in items.columns.items()},
        INFLUENCE: pa.array(items.influence.astype(np.float32)),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def _parquet(content: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content))


def read_table(folder: Path, cell: Cell) -> pa.Table:
    """The items of a cell with scores as they are saved in the task's ``folder``; raises as `read_items`."""
    return _parquet(_content(folder, cell)).read(use_threads=False)


def read_items(folder: Path, cell: Cell) -> Items:
    """The items of a cell with scores, from the task's ``folder``.

    Raises:
        ResultsError: The file is missing, or not the one that was saved.
    """
    return items_of(read_table(folder, cell))


def items_of(table: pa.Table) -> Items:
    """The items that a table of saved ones holds; texts may be encoded as a dictionary."""
    import numpy as np

    columns = {name: column(table, name) for name in table.column_names}
    item_ids = columns.pop(ITEM_ID).tolist()
    clusters = columns.pop(CLUSTER_ID).tolist() if CLUSTER_ID in columns else item_ids
    psi = columns.pop(INFLUENCE).astype(np.float64)
    return Items(item_ids, clusters, columns, psi)


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """A column of a table (n,), texts as objects."""
    import numpy as np
    import pyarrow as pa

    found = table.column(name)
    if not pa.types.is_dictionary(found.type):
        numbers: NDArray[Any] = found.to_numpy()
        return numbers
    codes, texts = codes_and_texts(found)
    objects: NDArray[np.object_] = np.asarray(texts, dtype=object)[codes]
    return objects


def codes_and_texts(chunks: pa.ChunkedArray) -> tuple[NDArray[np.integer], list[str]]:
    """The codes (n,) of texts that are encoded as dictionaries, one a chunk, and the texts that they stand for."""
    import numpy as np

    places: dict[str, int] = {}
    parts = []  # not `unify_dictionaries`, which imports pandas
    for chunk in chunks.chunks:
        own = [places.setdefault(text, len(places)) for text in chunk.dictionary.to_pylist()]
        parts.append(np.asarray(own, dtype=np.int64)[np.from_dlpack(chunk.indices)])
    return np.concatenate(parts) if parts else np.zeros(0, np.int64), [*places]
