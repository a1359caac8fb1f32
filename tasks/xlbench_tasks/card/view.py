"""What was read of a card's data: files, items, labels, lengths, copies and what lies beside, split by split."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from xlbench import Data, DataError, DataMissing
from xlbench.core.data_view import DataPart, DataView
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.data.near_misses import near_misses_of
from xlbench_tasks.data.records import OF_WHOLE, Records
from xlbench_tasks.data.row_reading import OTHER_ROWS
from xlbench_tasks.data.source import Source
from xlbench_tasks.data.splits import DataSet

JOINERS = "\u200c\u200d"
"""Characters that nobody sees and that many scripts are written with."""
TEXTS = ("text", "second", "passage")
"""Fields that are texts."""
LONGEST = 200
"""So much of a sample is shown."""


def view(card: Card, data: Data) -> DataView:
    """What a run would read of the card's data; every trouble is that of its part."""
    opened = open_data(card, data)
    sources = dict(_sources(opened))
    parts: list[DataPart] = []
    trained: dict[str, frozenset[str]] = {}
    for split, source in sources.items():
        shown = "" if opened.folds or sources.keys() == {"test"} else split
        for language in _languages(card, data, source):
            part, texts = _part(source, language, shown)
            if split == "train":
                trained[language] = texts
            elif texts and language in trained:
                part = _with_overlap(part, source.read(language), trained[language])
            parts.append(part)
    undeclared = tuple(dict.fromkeys(_undeclared(sources.values())))
    return DataView(
        tuple(_counted_once(parts)), opened.folds, undeclared, () if data.languages else tuple(_beside(parts))
    )


def _sources(opened: DataSet) -> Iterator[tuple[str, Source]]:
    """The splits, that which is learned from first."""
    if opened.has_train and not opened.folds:
        yield "train", opened.train
    if opened.dev is not None:
        yield "dev", opened.dev
    yield "test", opened.test


def _languages(card: Card, data: Data, source: Source) -> Sequence[str]:
    """Those that are asked for, else those of the source, else those that the card declares."""
    if data.languages:
        return [one for one in data.languages if not card.languages or one in card.languages]
    try:
        return source.languages()
    except (DataMissing, DataError):
        return card.languages[:1] or ("",)


def _part(source: Source, language: str, split: str) -> tuple[DataPart, frozenset[str]]:
    """A part, and its texts as they are compared."""
    try:
        records = source.read(language)
    except DataMissing as missing:
        return DataPart(language, split, trouble=str(missing)), frozenset()
    except DataError as error:
        return DataPart(language, split, trouble=str(error), is_damaged=True), frozenset()
    texts = _texts(records)
    folded = [records.folded_text(row) for row in range(len(records.ids))] if "text" in records.fields else []
    lengths = sorted(map(len, texts))
    part = DataPart(
        language,
        split,
        tuple(map(str, source.files(language) if hasattr(source, "files") else ())),
        items=len(records.ids),
        clusters=len(set(records.clusters)),
        labels=_labels(records),
        lengths=(lengths[0], round(median(lengths)), lengths[-1]) if lengths else (0, 0, 0),
        duplicates=len(texts) - len(set(texts)),
        hidden=sum(map(_has_hidden, texts)),
        samples=tuple(_samples(records)),
        facts=records.facts,
    )
    return part, frozenset(folded)


def _counted_once(parts: Sequence[DataPart]) -> Iterator[DataPart]:
    """The parts, whose facts can be added up: what is counted of a whole language, or of all rows of a file, stays with
    the first part alone."""
    seen: set[tuple[str, str, str]] = set()
    for part in parts:
        kept = {}
        for name, count in part.facts.items():
            split = "" if name.endswith(OF_WHOLE) else part.split
            key = (name, split, "" if name.startswith(OTHER_ROWS) else part.language)
            if key not in seen:
                kept[name] = count
            seen.add(key)
        yield replace(part, facts=kept)


def _texts(records: Records) -> list[str]:
    """The texts of every item, those of a pair as one."""
    fields = [records.fields[name] for name in TEXTS if name in records.fields]
    return ["\n".join(parts) for parts in zip(*fields, strict=True)]


def _labels(records: Records) -> Mapping[str, int]:
    """How often each label, type of entity or kind of near miss occurs."""
    if "label" in records.fields:
        return dict(sorted(Counter(records.fields["label"]).items(), key=lambda item: (-item[1], item[0])))
    if "labels" in records.fields:
        every = Counter(label for its in records.fields["labels"] for label in json.loads(its))
        return dict(sorted(every.items(), key=lambda item: (-item[1], item[0])))
    if (near := near_misses_of(records)) is not None:
        return dict(Counter(one.kind for listed in near for one in listed).most_common())
    begun = (tag[2:] for tags in records.fields.get("tags", ()) for tag in tags.split("\t") if tag.startswith("B-"))
    return dict(Counter(begun).most_common())


def _has_hidden(text: str) -> bool:
    """Whether a text holds characters that nobody sees, but for those that scripts need."""
    if text.isprintable():
        return False
    return any(unicodedata.category(char) == "Cf" and char not in JOINERS for char in text)


def _samples(records: Records) -> Iterator[str]:
    """The first item, the one in the middle and the last, a line each."""
    n, near = len(records.ids), near_misses_of(records)
    for row in sorted({0, n // 2, n - 1} if n else ()):
        fields = [records.fields[name][row] for name in (*TEXTS, "label", "score") if name in records.fields]
        if "labels" in records.fields:
            fields.append(", ".join(json.loads(records.fields["labels"][row])))
        if near is not None:
            fields += [f"{one.kind}: {one.text}" for one in near[row]]
        if "tags" in records.fields:
            words = zip(records.fields["tokens"][row].split("\t"), records.fields["tags"][row].split("\t"), strict=True)
            fields = [" ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in words)]
        line = " | ".join(" ".join(one.split()) for one in fields)
        yield line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _with_overlap(part: DataPart, records: Records, trained: frozenset[str]) -> DataPart:
    return replace(part, in_train=sum(records.folded_text(row) in trained for row in range(len(records.ids))))


def _undeclared(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        if said := source.undeclared() if hasattr(source, "undeclared") else "":
            yield said


def _beside(parts: Sequence[DataPart]) -> list[str]:
    """Files in the folders that were read, with an ending that files read have, which were not read."""
    read = {Path(file) for part in parts for file in part.files}
    endings = {path.suffix for path in read}
    folders = sorted({path.parent for path in read})
    return [
        str(path)
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in endings and path not in read
    ]
