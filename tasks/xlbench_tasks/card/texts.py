"""The texts of a subset's items, for whoever wants to look at items that were scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlbench import DataMissing, Subset


def texts(subset: Subset) -> Mapping[str, str]:
    """Item id -> its text; of a pair, its query and its candidate.

    Raises:
        DataMissing: The data is not at hand, or its protocol is one that keeps no texts by item.
    """
    if subset.load is None:
        raise DataMissing(subset.missing)
    loaded: Any = subset.load()
    items = getattr(loaded, "test", loaded)
    shown = _shown(items)
    if shown is None or len(shown) != len(items.ids):
        raise DataMissing("its protocol does not tell the texts of items")
    return dict(zip(items.ids, shown, strict=True))


def _shown(items: Any) -> Sequence[str] | None:
    """A text an item, in their order; None where there are none."""
    if hasattr(items, "queries"):
        return [f"{query} = {candidate}" for query, candidate in zip(items.queries, items.candidates, strict=True)]
    if hasattr(items, "texts"):
        return list(items.texts)
    fields = getattr(items, "fields", {})
    return next((fields[name] for name in ("text", "words", "tokens") if name in fields), None)
