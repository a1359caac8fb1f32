"""Named entities by a model's own tags: no probe learns anything, and entities are counted as those of a probe are.

The model's tags are read as they are: of ``entity_f1`` count entities that begin with B-, of ``lenient_f1`` all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import Outcome, UsageError
from xlbench_tasks.protocols.tagging_facts import merge_warnings, notes_of, reader_facts, warning_counts
from xlbench_tasks.protocols.tagging_metrics import LACKS, chance_of

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench_tasks.protocols.numbers.tagging_probe import TaggingScores
    from xlbench_tasks.protocols.transfer import SubsetRecords

OWN = (
    "the model's own tags, not those of a probe: nothing was learned from the card's training sentences, so that all "
    "subsets with these test sentences have this score"
)
"""The footnote of every such score."""


@dataclass(frozen=True)
class Asked:
    """The test sentences: their words, the tags of all words in order, and the types of entities."""

    words: Sequence[Sequence[str]]
    tags: Sequence[str]
    types: tuple[str, ...]
    notes: Sequence[str] = ()
    """What a reader of the score has to know of the types."""


def evaluate(parts: SubsetRecords, session: EncodingSession, asked: Asked) -> Outcome:
    """Score the model's own tags of the test sentences.

    Args:
        parts: The subset's records; of its training sentences, only how many are test sentences too is told.
        session: Of a model that tags words by itself.
        asked: What is asked of it.

    Raises:
        UsageError: Training sets were to be drawn, and there is nothing that learns from them.
    """
    import numpy as np

    from xlbench_tasks.protocols.numbers import spans, tagging_probe

    if parts.redraws:
        raise UsageError(
            "the model's own tags follow from no training sentences that could be drawn again: leave --ci-training out"
        )
    types = asked.types
    given = session.tag_words(asked.words, types)
    lengths = np.fromiter(map(len, asked.words), np.int64, len(asked.words))
    codes = spans.encode(given.tags, types)
    scored = tagging_probe.score_tags(spans.encode(asked.tags, types), codes, codes, lengths, types)
    missing = given.missing(types)
    oddities = merge_warnings([warning_counts(parts)], parts.test, scored.support)
    quiet = {**oddities, "test_in_train": 0}  # which is told of what was learned from
    return Outcome(
        item_ids=parts.test.ids,
        cluster_ids=parts.test.clusters,
        item_texts=[(tokens.replace("\t", " "),) for tokens in parts.test.fields["tokens"]],
        columns={**scored.columns, **{f"{LACKS}{kind}": np.ones(len(lengths), np.int8) for kind in missing}},
        chance=_chance(scored, types, missing),
        facts={
            "own_tags": 1,
            "words": len(asked.tags),
            **oddities,
            **_coverage(scored, types, missing, given.dropped),
            **({"types": ", ".join(types)} if asked.notes else {}),
            **{f"support:{kind}": n for kind, n in scored.support.items()},
            **reader_facts(parts),
        },
        notes=(
            OWN,
            *dict.fromkeys(parts.test.notes),
            *_notes(scored, missing, given.dropped),
            *notes_of(quiet, scored.support, contextual=True, converged=True),
            *asked.notes,
        ),
    )


def _chance(scored: TaggingScores, types: tuple[str, ...], missing: tuple[str, ...]) -> dict[str, float]:
    levels = chance_of(scored.support, {"types": types})
    return {name: level for name, level in levels.items() if name.removeprefix("f1:") not in missing}


def _coverage(
    scored: TaggingScores, types: tuple[str, ...], missing: tuple[str, ...], dropped: tuple[str, ...]
) -> Mapping[str, Any]:
    """Which types the model lacks, with how many entities, what its other types score, and which of its own are left
    out."""
    if not missing:
        return {"own_types_dropped": ", ".join(dropped)} if dropped else {}
    there = [kind for kind in types if kind not in missing]
    right, predicted, gold = (
        sum(int(scored.columns[f"{part}:{kind}"].sum()) for kind in there) for part in ("right", "predicted", "gold")
    )
    return {
        "types_missing": ", ".join(missing),
        "entities_of_missing_types": sum(scored.support[kind] for kind in missing),
        **({"f1_of_types_that_it_has": round(2 * right / (predicted + gold), 6)} if predicted + gold else {}),
        **({"own_types_dropped": ", ".join(dropped)} if dropped else {}),
    }


def _notes(scored: TaggingScores, missing: tuple[str, ...], dropped: tuple[str, ...]) -> list[str]:
    lacking = ", ".join(f"{kind} ({scored.support[kind]:,})" for kind in missing)
    return [
        *([f"the model has no tags for {lacking}: these entities count as not found (F1 of the types that it has: "
           f"f1_of_types_that_it_has)"] if missing else []),
        *([f"types of the model that the task does not ask for are left out: {', '.join(dropped)}"] if dropped else []),
    ]  # fmt: skip
