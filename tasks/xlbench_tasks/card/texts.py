"""The texts of a subset's items, for whoever wants to look at items that were scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlbench import DataMissing, LabeledText, Subset, TextPairs


def texts(subset: Subset) -> Mapping[str, str]:
    """Item id -> its text; of a pair, its query and its candidate.

    Raises:
        DataMissing: The data is not at hand, or its protocol is one that keeps no texts by item.
    """
    _, items = _loaded(subset)
    shown = _shown(items)
    if shown is None or len(shown) != len(items.ids):
        raise DataMissing("its protocol does not tell the texts of items")
    return dict(zip(items.ids, shown, strict=True))


def labeled_texts(subset: Subset) -> Sequence[LabeledText]:
    """The texts of a subset's items one by one, each with its language and, where it has one, its label: of a pair, the
    queries and then the candidates.

    Raises:
        DataMissing: The data is not at hand, or its protocol is one that keeps no texts by item.
    """
    loaded, items = _loaded(subset)
    if hasattr(items, "queries"):
        sides = zip(subset.languages, (items.queries, items.candidates), strict=True)
        return [LabeledText(*one, language) for language, side in sides for one in zip(items.ids, side, strict=True)]
    shown = _shown(items)
    if shown is None or len(shown) != len(items.ids):
        raise DataMissing("its protocol does not tell the texts of items")
    language = getattr(loaded, "target", subset.languages[-1] if subset.languages else "")
    languages = getattr(items, "languages", [language] * len(items.ids))
    labels = getattr(items, "labels", getattr(items, "fields", {}).get("label", [""] * len(items.ids)))
    return [LabeledText(*one) for one in zip(items.ids, shown, languages, labels, strict=True)]


def pairs(subset: Subset) -> TextPairs:
    """The aligned texts of a subset of two languages.

    Raises:
        DataMissing: The data is not at hand, or its protocol is about no pairs of texts.
    """
    _, items = _loaded(subset)
    if not hasattr(items, "queries"):
        raise DataMissing(f"{subset.name}: its items are no pairs of texts")
    return TextPairs(tuple(items.ids), tuple(items.clusters), tuple(items.queries), tuple(items.candidates))


def _loaded(subset: Subset) -> tuple[Any, Any]:
    """What a subset's protocol scores, and of that the items of the test."""
    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    loaded: Any = subset.load()
    return loaded, getattr(loaded, "test", loaded)


def _shown(items: Any) -> Sequence[str] | None:
    """A text an item, in their order; None where there are none."""
    if hasattr(items, "queries"):
        return [f"{query} = {candidate}" for query, candidate in zip(items.queries, items.candidates, strict=True)]
    if hasattr(items, "texts"):
        return list(items.texts)
    fields = getattr(items, "fields", {})
    return next((fields[name] for name in ("text", "words", "tokens") if name in fields), None)
