"""Which text of a row does not belong with the others? Imported when tasks are listed: no numpy at the top."""

from dataclasses import dataclass
from typing import Any

import xlbench
from xlbench.core.ids import digest

VERSION = 1
"""Raise it when the same data and vectors would score differently."""

OPTIONS = {"similarity": ("cosine", "dot")}
"""What a card's [options] may hold: name -> type, or the values that are allowed."""

LABELS = {"odd", "kin"}


@dataclass(frozen=True)
class Rows:
    """What a subset loads."""

    records: Any
    places: dict
    """Row -> the places of its texts among the records."""

    def item_texts(self, languages):
        """A row as one text, with its odd one as the label: what reports and pictures show of an item."""
        texts, labels = self.records.fields["text"], self.records.fields["label"]
        for row, places in self.places.items():
            (odd,) = (texts[place] for place in places if labels[place] == "odd")
            yield xlbench.ItemText(row, ", ".join(texts[place] for place in places), languages[0], odd, row)


def metrics(options):
    """The metrics, the main one first."""
    return (xlbench.metrics.share("accuracy", "hit", "the text that lies farthest from the others is the odd one"),)


def subsets(data_set, options, data, languages):
    """A subset a language of the card, with the identity of its content; or why its data is missing or damaged."""
    source = data_set.test
    for language in languages:
        if language not in source.languages():
            yield xlbench.Subset(language, (language,), missing=source.why_missing(language))
            continue
        records = source.read(language)
        try:
            rows = rows_of(records)
        except xlbench.DataError as error:
            yield xlbench.Subset(language, (language,), damaged=str(error))
            continue
        content = digest(records.fingerprint())
        yield xlbench.Subset(language, (language,), len(rows), content, load=lambda it=Rows(records, rows): it)


def rows_of(records):
    """Row -> the places of its texts. The card's ``cluster`` says which texts are a row.

    Raises:
        DataError: A label is neither odd nor kin, or a row has not one odd text among three or more.
    """
    rows = {}
    for place, row in enumerate(records.clusters):
        rows.setdefault(row, []).append(place)
    labels = records.fields["label"]
    if unknown := set(labels) - LABELS:
        raise xlbench.DataError(f"the label {min(unknown)!r} is neither 'odd' nor 'kin': correct it in the data")
    for row, places in rows.items():
        odd = sum(labels[place] == "odd" for place in places)
        if odd != 1 or len(places) < 3:
            raise xlbench.DataError(f"row {row!r} has {odd} odd texts of {len(places)}: give one beside two others")
    return rows


def evaluate(subset, session, options):
    """An item a row, with a column that says whether its odd text lies farthest from the others."""
    import numpy as np

    loaded = subset.load()
    records, rows = loaded.records, loaded.places
    vectors = np.asarray(session.encode(records.fields["text"]), dtype=float)
    if options.get("similarity", "cosine") == "cosine":
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    odd = np.array([label == "odd" for label in records.fields["label"]])
    hits = []
    for places in rows.values():
        alike = vectors[places] @ vectors[places].T
        closeness = (alike.sum(axis=1) - alike.diagonal()).round(9)  # equal to the ninth digit is equal: no luck
        hits.append(closeness[odd[places]].item() < closeness[~odd[places]].min())
    return xlbench.Outcome(
        item_ids=list(rows),
        cluster_ids=list(rows),  # a row and its translations stand or fall together
        columns={"hit": np.array(hits)},
        chance={"accuracy": sum(1 / len(places) for places in rows.values()) / len(rows)},
        notes=records.notes,
        facts=records.facts,
    )
