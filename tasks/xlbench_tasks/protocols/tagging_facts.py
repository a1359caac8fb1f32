"""Facts and footnotes of tagging: what is odd about its sentences, and what their reader put right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.protocols.transfer import SubsetRecords

LEFT_OUT = ("entities_dropped:", "entities_overlapping:")
"""How the names of facts begin that count entities of the files that are none here."""

FEW = 10
"""Fewer test entities of a type than this are remarked on."""


def warning_counts(parts: SubsetRecords) -> dict[str, int]:
    """Counts for the board's data warnings; sentences are equal that are so word for word, whatever their tags."""
    learned = [tokens for records in parts.train.values() for tokens in records.fields["tokens"]]
    known, asked = set(learned), parts.test.fields["tokens"]
    return {
        "test_in_train": sum(tokens in known for tokens in asked),
        "train_duplicates": len(learned) - len(known),
    }


def merge_warnings(of_folds: Sequence[Mapping[str, int]], test: Records, support: Mapping[str, int]) -> dict[str, int]:
    """The counts of all folds together, and those of all test sentences."""
    asked = test.fields["tokens"]
    return {
        "test_in_train": sum(one["test_in_train"] for one in of_folds),
        "test_duplicates": len(asked) - len(set(asked)),
        "train_duplicates": max(one["train_duplicates"] for one in of_folds),
        "tiny_classes": len(_rare_types(support)),
    }


def _rare_types(support: Mapping[str, int]) -> list[str]:
    """The types that the test sentences have, but seldom, with their number of entities."""
    return [f"{kind} ({n})" for kind, n in sorted(support.items()) if 0 < n < FEW]


def reader_facts(parts: SubsetRecords) -> dict[str, int]:
    """What the reader counted in the test sentences, and, marked so, in all training sentences together."""
    learned: Counter[str] = Counter()
    for records in parts.train.values():
        learned.update(records.facts)
    facts = {**parts.test.facts, **{f"train_{name}": n for name, n in learned.items()}}
    if kinds := {name: n for name, n in parts.test.facts.items() if name.startswith("entities_")}:
        facts["entities"] = sum(kinds.values())
        facts["entities_dropped"] = sum(n for name, n in kinds.items() if name.startswith(LEFT_OUT))
        facts["repairs"], facts["train_repairs"] = _repairs(parts.test.facts), _repairs(learned)
    return facts


def _repairs(facts: Mapping[str, int]) -> int:
    """How much of the data set's tags and rows its reader has put right."""
    return sum(n for name, n in facts.items() if name.startswith(("tags_", "rows_")))


def notes_of(
    oddities: Mapping[str, int], support: Mapping[str, int], *, contextual: bool, converged: bool
) -> Iterator[str]:
    """Footnotes: what a reader of the score has to know of the sentences and of the probe."""
    if tiny := _rare_types(support):
        yield f"types with fewer than {FEW} test entities: {', '.join(tiny)}"
    if oddities["test_in_train"]:
        yield "test sentences that are among the training sentences were scored too (how many: Data warnings)"
    if oddities["test_duplicates"]:
        yield "some test sentences occur more than once, and count each time (how many: Data warnings)"
    if not contextual:
        yield "no word vectors: every word was encoded alone"
    if not converged:
        yield "the probe did not converge"
