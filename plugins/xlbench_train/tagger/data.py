"""Sentences to train a tagger on: the training and development parts of tasks of named entities, with their cards'
repairs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xlbench import Catalog, Data, DataError, DataMissing, Subset, Task, UsageError
from xlbench.core.ids import digest
from xlbench.core.text import count_text, did_you_mean

HELD_OUT = 10
"""One in so many clusters of sentences is held out where a task has no development part."""


@dataclass(frozen=True)
class Sentences:
    """Sentences of one language: their words and tags."""

    words: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, records: Any) -> Sentences:
        """Those of a task's records, whose fields ``tokens`` and ``tags`` have tabs between words."""
        words = tuple(tuple(text.split("\t")) for text in records.fields["tokens"])
        tags = tuple(tuple(text.split("\t")) for text in records.fields["tags"])
        for item, own, labels in zip(records.ids, words, tags, strict=True):
            if len(own) != len(labels):
                raise DataError(f"item {item}: {len(own)} words but {len(labels)} tags")
        return cls(words, tags)

    def __len__(self) -> int:
        return len(self.words)

    def texts(self) -> list[str]:
        """The sentences as texts, as runs know them by: words with a space between."""
        return [" ".join(words) for words in self.words]


@dataclass(frozen=True)
class Source:
    """One language of a task: what is trained on, what an epoch is chosen by, and its task to score with."""

    task: Task
    language: str
    types: tuple[str, ...]
    training: Sentences
    dev: Sentences
    subset: Subset
    """The language's own subset, whose test sentences are looked at by the report alone."""
    dev_records: Any
    whole: int
    """Training sentences that there are, before a part was taken."""
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``il-ner hin``."""
        return f"{self.task.name} {self.language}"

    def dev_subset(self) -> Subset:
        """The subset with the development sentences in place of the test's, and nothing to learn from."""
        load = self.subset.load
        assert load is not None
        parts = replace(load(), train={}, dev={}, test=self.dev_records)
        return replace(self.subset, n=len(self.dev), load=lambda: parts, fingerprint=digest(*self.dev.texts()))


def read_sources(
    specs: Sequence[str], catalog: Catalog, data: Path | None, *, train_size: int | None, dev_size: int | None
) -> list[Source]:
    """The languages that ``specs`` mean, in their order.

    Args:
        specs: ``TASK`` (all its languages) or ``TASK:LANGUAGE,LANGUAGE``; a task is a name or the path of a card.
        catalog: Where tasks are looked up.
        data: The data root.
        train_size: At most so many training sentences of each language, those that ``xlbench curve`` would take.
        dev_size: At most so many to evaluate on, evenly spread over the part.

    Raises:
        UsageError: There is no such task or language, it is none of named entities, or tasks have different types.
        DataMissing: Data is not at hand.
        DataError: Data is damaged.
    """
    found: dict[tuple[str, str], Source] = {}
    for spec in specs:
        name, languages = _parts(spec)
        (task,) = catalog.select_tasks([name])
        for source in _sources(task, languages, spec, Data(root=data, train_size=train_size), dev_size, data):
            if (source.task.name, source.language) in found:
                raise UsageError(f"--task {spec}: {source.name} is given twice")
            found[source.task.name, source.language] = source
    sources = list(found.values())
    for one in sources[1:]:
        if set(one.types) != set(sources[0].types):
            raise UsageError(
                f"{sources[0].name} has the types {', '.join(sources[0].types)}, and {one.name} has "
                f"{', '.join(one.types)}: one tagger has one set of types. Train on one after the other with --base"
            )
    return sources


def _parts(spec: str) -> tuple[str, list[str]]:
    """A task, and the languages that are named behind its last colon; none: all."""
    name, colon, languages = spec.rpartition(":")
    if not colon or "/" in languages or "\\" in languages:
        return spec, []
    listed = [code.strip() for code in languages.split(",") if code.strip()]
    if not name or not listed:
        raise UsageError(f"--task {spec}: write TASK:LANGUAGE,LANGUAGE, as il-ner:hin,urd")
    return name, listed


def _sources(
    task: Task, languages: Sequence[str], spec: str, data: Data, dev_size: int | None, root: Path | None
) -> Iterator[Source]:
    own = {subset.name: subset for subset in task.subsets(data) if ">" not in subset.name}
    if not own or not any(metric.name == "entity_f1" for metric in task.metrics):
        raise UsageError(
            f"--task {spec}: {task.name} is no task of named entities that is learned within a language: take one of "
            f"the protocol tagging, as il-ner"
        )
    whole = {subset.name: subset for subset in task.subsets(Data(root=root)) if subset.name in own}
    names = languages or [name for name, subset in own.items() if not subset.missing]
    if not names:
        raise DataMissing(f"--task {spec}: {next(iter(own.values())).missing}")
    for name in names:
        if name not in own:
            raise UsageError(
                f"--task {spec}: {task.name} has no {name!r}.{did_you_mean(name, own)} It has: {', '.join(own)}"
            )
        if own[name].damaged:
            raise DataError(own[name].damaged)
        if own[name].missing or own[name].load is None:
            raise DataMissing(f"--task {spec}: {name}: {own[name].missing}")
        yield _source(task, name, own[name], whole[name].train_items or 0, dev_size)


def _source(task: Task, language: str, subset: Subset, whole: int, dev_size: int | None) -> Source:
    load = subset.load
    assert load is not None
    parts = load()
    if parts.cross_fitting is not None:
        raise UsageError(f"{task.name} learns from its test sentences, fold by fold: a tagger would be trained on them")
    (training,) = parts.train.values()
    notes = [f"{task.name} {language}: {note}" for note in training.notes]
    dev = parts.dev.get(language)
    if dev is None:
        training, dev = _held_out(training)
        notes.append(
            f"{task.name} {language} has no development part: {len(dev.ids):,} training sentences, one cluster in "
            f"{HELD_OUT}, are held out to choose the epoch by"
        )
    if dev_size is not None and len(dev.ids) > dev_size:
        notes.append(f"{task.name} {language}: epochs are chosen by {dev_size:,} of {len(dev.ids):,} sentences")
        chosen = {place * len(dev.ids) // dev_size for place in range(dev_size)}
        dev = dev.only([row in chosen for row in range(len(dev.ids))])
    learned, held = Sentences.of(training), Sentences.of(dev)
    if not any(tag.startswith("B-") for tags in held.tags for tag in tags):
        raise UsageError(
            f"{task.name} {language}: no entity in the {len(held)} sentences to evaluate on: give --dev-size more"
        )
    known = set(learned.words)
    if leaked := sum(words in known for words in Sentences.of(parts.test).words):
        notes.append(
            f"{task.name} {language}: {count_text(leaked, 'test sentence')} of {len(parts.test.ids):,} are among the "
            f"training sentences, word for word"
        )
    types = _types(task, [*learned.tags, *held.tags])
    return Source(task, language, types, learned, held, subset, dev, whole, tuple(notes))


def _held_out(records: Any) -> tuple[Any, Any]:
    """The records without, and with, every tenth cluster alone."""
    clusters = list(dict.fromkeys(records.clusters))
    out = set(clusters[HELD_OUT - 1 :: HELD_OUT]) or {clusters[-1]}
    if len(clusters) < 2:
        raise UsageError("there is one cluster of training sentences, of which none can be held out to evaluate on")
    return records.only([one not in out for one in records.clusters]), records.only(
        [one in out for one in records.clusters]
    )


def _types(task: Task, tags: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The types of entities of a task, as its card lists them; else those that occur, sorted.

    Raises:
        DataError: A tag is of none of them.
    """
    options: Mapping[str, Any] = json.loads(task.settings or "{}").get("options", {})
    occurring = sorted({tag.partition("-")[2] for own in tags for tag in own} - {""})
    types = tuple(options.get("types", occurring))
    if unknown := [kind for kind in occurring if kind not in types]:
        raise DataError(f"{task.name}: the type {unknown[0]!r} is none of {', '.join(types)}")
    return types
