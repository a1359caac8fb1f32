"""Retrieval among near misses: for each text, find its translation among all translations and their near misses.

A near miss is a translation with one edit after which it is none: another number, name, a negation. A subset ``a-b``
puts the texts of a as queries to the texts of b and the near misses of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset, UsageError
from xlbench.core.ids import check_name, digest
from xlbench.stats.metrics import ratio, share
from xlbench_tasks.data.near_misses import NearMiss, near_misses_of, without_near_misses
from xlbench_tasks.protocols.aligned_texts import Pair, align, check_pair
from xlbench_tasks.protocols.footnotes import notes_on_notation, notes_on_ranks
from xlbench_tasks.protocols.retrieval_metrics import shrunk

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.source import Source
    from xlbench_tasks.data.splits import DataSet

VERSION = 1

FEW = 0.01
"""Up to this share of near misses may be as near as their translation but for rounding without a footnote."""

OPTIONS: Mapping[str, Any] = {"kinds": list[str], "targets": list[str]}
"""``kinds``: all kinds of near misses, each of which has a metric; ``targets``: the languages that have near misses,
and to which the texts of all others are put (without it: all of the card)."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"targets": ()}


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; `UsageError` where kinds are not said, or cannot name metrics."""
    kinds = options.get("kinds", [])
    if not kinds or len(set(kinds)) != len(kinds):
        raise UsageError('[options] kinds: list the kinds of near misses, each once: kinds = ["number", "negation"]')
    for kind in kinds:
        check_name("[options] kinds:", kind)
    return (
        _first("accuracy", "", "the translation comes first among translations and near misses; ties count against"),
        _first("plain_accuracy", "plain_", "the translation comes first among the translations alone"),
        *(
            ratio(f"above_{kind}", f"above_{kind}", f"near_{kind}",
                  f"share of near misses of kind {kind} than which their own translation is nearer; a tie is not")
            for kind in kinds
        ),
    )  # fmt: skip


def _first(name: str, prefix: str, description: str) -> Metric:
    """The share of queries whose translation comes first, from its rank."""

    def through_others(columns: Columns) -> np.ndarray:
        """What is taken from a query is 1 or nothing, so the sum of the squares is the sum."""
        import numpy as np

        taken = np.asarray(columns[f"{prefix}taken"], np.float64)
        return shrunk(taken, float(taken.mean()))

    metric = share(name, lambda columns: columns[f"{prefix}rank"] == 1, description)
    return replace(metric, through_others=through_others)


@dataclass(frozen=True)
class NearMissPair(Pair):
    """Aligned texts, and the near misses of the candidates."""

    near_misses: tuple[tuple[int, NearMiss], ...] = ()
    """(Row of the candidate, near miss), by rows."""


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """Every other language to every target: those at hand, then (marked as missing) those that are not."""
    source = data_set.test
    present = source.languages()
    asked = [(query, target) for target in options.get("targets", languages) for query in languages if query != target]
    for query, target in asked:
        if query in present and target in present:
            yield _subset(source, query, target, options, is_sample=data.limit is not None)
    for query, target in asked:
        gone = [language for language in (query, target) if language not in present]
        if gone:
            yield Subset(f"{query}-{target}", (query, target), missing=source.why_missing(gone[0]))


def _subset(source: Source, query: str, target: str, options: Mapping[str, Any], *, is_sample: bool) -> Subset:
    name, languages = f"{query}-{target}", (query, target)
    try:
        a, b = without_near_misses(source.read(query)), source.read(target)
        if (listed := near_misses_of(b)) is None:
            raise DataMissing(
                f"{source.name} has no near misses in {target!r} here: the card reads them with reader = 'nearmiss' "
                f"(near_misses names their files), and lists the languages that have some in [options] targets"
            )
        pair = align(a, b)
        check_pair(source.name, query, a, target, b, pair, is_sample=is_sample)
        items = _with_near_misses(pair, dict(zip(b.ids, listed, strict=True)))
        _check_kinds(f"{source.name} {name}", items, options["kinds"])
    except DataError as damage:
        return Subset(name, languages, damaged=str(damage))
    except DataMissing as missing:
        return Subset(name, languages, missing=str(missing))
    fingerprint = digest("nearmiss", a.fingerprint(), b.fingerprint())
    return Subset(name, languages, n=len(items.ids), fingerprint=fingerprint, load=lambda: items)


def _with_near_misses(pair: Pair, of_item: Mapping[str, Sequence[NearMiss]]) -> NearMissPair:
    rows = tuple((row, one) for row, item in enumerate(pair.ids) for one in of_item[item])
    return NearMissPair(**vars(pair), near_misses=rows)


def _check_kinds(where: str, items: NearMissPair, kinds: Sequence[str]) -> None:
    """Raise `DataError` where there is no near miss, or one of an unknown kind."""
    if not items.near_misses:
        raise DataError(f"{where}: none of the {len(items.ids)} texts that both have has a near miss")
    for row, one in items.near_misses:
        if one.kind not in kinds:
            raise DataError(f"{where}: {items.ids[row]} has a near miss of kind {one.kind!r}, which kinds do not list")


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Rank every query's translation among all candidates and their near misses, and among the candidates alone."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import near_misses, ranking

    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    items: NearMissPair = subset.load()
    n, texts = len(items.ids), (*items.candidates, *(one.text for _, one in items.near_misses))
    queries, pool = session.encode(items.queries), session.encode(texts)
    plain = ranking.rank_pairs(queries, pool[:n], items.candidates, session.similarity)
    owner = np.array([row for row, _ in items.near_misses], np.int64)
    found = near_misses.rank_among(queries, pool, texts, owner, session.similarity)
    columns: dict[str, np.ndarray] = {
        "rank": found.rank,
        "taken": found.taken,
        "plain_rank": plain.columns["rank"],
        "plain_taken": plain.columns["taken_accuracy"],
    }
    kind_of = np.array([one.kind for _, one in items.near_misses])
    for kind in options["kinds"]:
        mine = kind_of == kind
        columns[f"near_{kind}"] = np.bincount(owner[mine], minlength=n)
        columns[f"above_{kind}"] = np.bincount(owner[mine & found.above], minlength=n)
    repeated = n + len(owner) - found.candidates
    return Outcome(
        item_ids=items.ids,
        cluster_ids=items.clusters,
        item_texts=list(zip(items.queries, items.candidates, strict=True)),
        columns=columns,
        chance={
            "accuracy": 1 / found.candidates,
            "plain_accuracy": 1 / plain.candidates,
            **{f"above_{kind}": 0.5 for kind in options["kinds"]},
        },
        facts={
            "candidates": found.candidates,
            "repeated_candidates": repeated,
            "tie_rate": found.tie_rate,
            **_counts(items, options["kinds"]),
            **({"near_misses_close": found.close} if found.close else {}),
            **items.facts,
        },
        notes=(
            *items.notes,
            *notes_on_ranks(repeated, found.tie_rate),
            *notes_on_notation(texts),
            *_notes(items, found.close),
        ),
    )


def _counts(items: NearMissPair, kinds: Sequence[str]) -> dict[str, int]:
    """How many near misses there are, of every kind, and how many items have none."""
    counts = Counter(one.kind for _, one in items.near_misses)
    return {
        "near_misses": len(items.near_misses),
        **{f"near_misses:{kind}": counts[kind] for kind in kinds},
        "items_without_near_miss": _without(items),
    }


def _without(items: NearMissPair) -> int:
    return len(items.ids) - len({row for row, _ in items.near_misses})


def _notes(items: NearMissPair, close: int) -> Iterator[str]:
    if count := _without(items):
        texts = "1 text has" if count == 1 else f"{count} texts have"
        yield f"{texts} no near miss: what stands before their translation are other texts, and near misses of these"
    if close > FEW * len(items.near_misses):
        yield (
            "some near misses differ from their translation by no more than rounding, and about half of these count as "
            "beaten (how many: near_misses_close in the facts)"
        )
