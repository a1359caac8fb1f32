"""The texts of a subset's items, for training and exploration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from xlbench import DataMissing, ItemText, Subset


def texts(subset: Subset) -> Sequence[ItemText]:
    """The texts of a subset's items one by one, each with its language, its cluster and, where it has one, its label:
    of pairs, the queries and then the candidates; what is loaded may tell its own (``item_texts(languages)``).

    Raises:
        DataMissing: The data is not at hand, or its protocol is one that keeps no texts by item.
    """
    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    loaded: Any = subset.load()
    items: Any = getattr(loaded, "test", loaded)
    if hasattr(items, "item_texts"):
        return list(items.item_texts(subset.languages))
    if hasattr(items, "queries"):
        sides = zip(subset.languages, (items.queries, items.candidates), strict=True)
        return [
            ItemText(item, text, language, cluster=cluster)
            for language, side in sides
            for item, text, cluster in zip(items.ids, side, items.clusters, strict=True)
        ]
    shown = _item_texts(items)
    if shown is None or len(shown) != len(items.ids):
        raise DataMissing("its protocol does not tell the texts of items")
    language = getattr(loaded, "target", subset.languages[-1] if subset.languages else "")
    languages = getattr(items, "languages", [language] * len(items.ids))
    labels = _item_labels(items)
    clusters = getattr(items, "clusters", items.ids)
    return [ItemText(*one) for one in zip(items.ids, shown, languages, labels, clusters, strict=True)]


def _item_labels(items: Any) -> Sequence[str]:
    """A label an item; several of one are one text, with commas between them."""
    fields = getattr(items, "fields", {})
    if "labels" in fields:
        return [", ".join(json.loads(its)) for its in fields["labels"]]
    labels: Sequence[str] = getattr(items, "labels", fields.get("label", [""] * len(items.ids)))
    return labels


def _item_texts(items: Any) -> Sequence[str] | None:
    """A text an item, in their order; None where there are none."""
    if hasattr(items, "texts"):
        return list(items.texts)
    fields = getattr(items, "fields", {})
    return next((fields[name] for name in ("text", "words", "tokens") if name in fields), None)
