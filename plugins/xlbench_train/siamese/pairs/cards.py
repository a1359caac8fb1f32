"""Reads pairs from parallel cards (``card:ntrex:eng-hin``) or any task that gives aligned texts."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from xlbench import Catalog, Data, DataError, DataMissing, Subset, Task, UsageError
from xlbench.core.item_texts import item_texts
from xlbench.core.text import did_you_mean
from xlbench_train.siamese.pairs.pairs import Pairs, Source, concatenate

PREFIX = "card:"


def read_card(text: str, catalog: Catalog, data: Path | None) -> Pairs:
    """The pairs of a parallel card.

    Args:
        text: ``card:NAME:LANGUAGES``: pairs of languages (``eng-hin``) or patterns of them (``*-eng``), with commas.
        catalog: Where the card is looked up; a path of a card of one's own is fine, too.
        data: The data root.

    Raises:
        UsageError: There is no such card or pair of languages, or the card is not of parallel texts.
        DataMissing: The data is not at hand.
        DataError: The data is damaged.
    """
    name, _, languages = text.removeprefix(PREFIX).rpartition(":")
    if not name or not languages:
        raise UsageError(f"--pairs {text}: write card:NAME:LANGUAGES, as card:ntrex:eng-hin")
    (task,) = catalog.select_tasks([name])
    wanted = [part.strip() for part in languages.split(",") if part.strip()]
    return concatenate(_pairs_of(task, subset, text) for subset in _subsets(task, wanted, Data(root=data), text))


def _subsets(task: Task, wanted: Sequence[str], data: Data, text: str) -> list[Subset]:
    """The subsets that are meant, each once; those that a pattern finds without data are passed over."""
    names = {name for name in wanted if not any(sign in name for sign in "*?[")}
    patterns = [name for name in wanted if name not in names]
    found: dict[str, Subset] = {}
    seen: list[str] = []
    for subset in task.subsets(data):
        seen.append(subset.name)
        by_pattern = any(fnmatchcase(subset.name, pattern) for pattern in patterns)
        if subset.name in names or (by_pattern and not subset.missing):
            found[subset.name] = subset
        if not patterns and names <= set(found):
            break
    lacking = [name for name in wanted if not any(fnmatchcase(one, name) for one in found)]
    if lacking:
        guess = did_you_mean(lacking[0], seen) or f" The first are {', '.join(seen[:5])}."
        raise UsageError(f"--pairs {text}: {task.name} has no pair of languages {lacking[0]!r} at hand.{guess}")
    return list(found.values())


def _pairs_of(task: Task, subset: Subset, text: str) -> Pairs:
    if subset.damaged:
        raise DataError(subset.damaged)
    if subset.missing:
        raise DataMissing(f"--pairs {text}: {subset.name}: {subset.missing}")
    try:
        texts = item_texts(task, subset)
    except DataMissing as missing:
        raise UsageError(f"--pairs {text}: {missing}") from None
    one, other = subset.languages if len(subset.languages) == 2 else ("", "")
    first = {told.item: told for told in texts if told.language == one}
    second = {told.item: told.text for told in texts if told.language == other}
    if not first or first.keys() != second.keys() or len(first) + len(second) < len(texts):
        raise UsageError(f"--pairs {text}: {subset.name}: its items are no pairs of texts, one in each language")
    source = Source(text, task.data or task.name, task.license, (one, other), len(first))
    return Pairs(
        tuple(told.text for told in first.values()),
        tuple(second[item] for item in first),
        tuple(told.cluster or item for item, told in first.items()),
        ((one, other),) * len(first),
        (source,),
    )
