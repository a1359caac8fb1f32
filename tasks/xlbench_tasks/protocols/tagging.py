"""Named entities from frozen word vectors: a probe learns tags of words, and is asked for entities in other sentences.

The probe is a softmax regression over word vectors; of the tag sequences that it finds likely, the best valid one
(IOB2) is scored by whole entities. Subsets are those of ``transfer.py``; an item is a sentence. An encoder without
vectors of words in context encodes every distinct word alone. A model that tags words by itself is asked for its own
tags in place of a probe's: see ``own_tags.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Outcome, Subset
from xlbench_tasks.data.unknown_values import UnknownValues
from xlbench_tasks.protocols import own_tags, transfer
from xlbench_tasks.protocols.cross_fitting import COVERED, merge, names_of_draws
from xlbench_tasks.protocols.tagging_facts import merge_warnings, notes_of, reader_facts, warning_counts
from xlbench_tasks.protocols.tagging_metrics import chance_of, types_in, types_of
from xlbench_tasks.protocols.tagging_metrics import metrics as metrics
from xlbench_tasks.protocols.training_resamples import Retrained, redraws, retrain

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.numbers.tagging_probe import Probe, TaggingScores

VERSION = 2

CROSS_FITTING = True
"""Cards may have ``folds``."""

OPTIONS: Mapping[str, Any] = {"types": list[str], "c": float | int, **transfer.OPTIONS}
"""``types``: the entity types, those that occur without it; ``c``: inverse strength of the probe's penalty, 1.0 by
default; the rest as in ``transfer.py``."""

FOLLOWS = {"types": "tags"}
"""Options that follow from a key of the card's [data], where they are not given."""

TYPES_FOUND = "the card lists no types of entities: they are those that occur in the data (which: types in the facts)"

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = transfer.LANGUAGE_OPTIONS


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """A subset for every transfer that the card asks for."""

    def check(parts: transfer.SubsetRecords) -> None:
        types = types_of(_with_types(options, parts))
        _check_entities(types, "learn from", parts.learned, parts.train.values())
        _check_entities(types, "find", f"{parts.data_set} {parts.target}", [parts.test])

    return transfer.subsets(data_set, options, languages, data.train_size, check, data.training_draws)


def _with_types(options: Mapping[str, Any], parts: transfer.SubsetRecords) -> Mapping[str, Any]:
    """The options with the types that occur in what is learned from or scored, where they list none."""
    if "types" in options:
        return options
    tags = [one for records in (*parts.train.values(), parts.test) for one in records.fields.get("tags", ())]
    found = types_in(parts.data_set, parts.target, tags)
    if not found:
        raise DataError(f"{parts.data_set} {parts.target}: no entity to find or learn from in {len(tags)} sentences")
    return {**options, "types": found}


def _check_entities(types: Sequence[str], use: str, where: str, records: Iterable[Records]) -> None:
    """Raise `DataError` where sentences have no entity to ``use``: to find, or to learn from."""
    begins = tuple(f"B-{kind}" for kind in types)
    parts = [*records]
    tags = (sentence for one in parts for sentence in one.fields.get("tags", begins))
    if not any(begin in sentence for sentence in tags for begin in begins):
        count = sum(len(one.ids) for one in parts)
        raise DataError(f"{where}: no entity to {use} in {count} sentences; the types are {', '.join(types)}")


@dataclass(frozen=True)
class _Tagged:
    """What a probe says of the test sentences of a fold."""

    scored: TaggingScores
    words: int
    train_sentences: int
    train_words: int
    converged: bool
    contextual: bool
    warnings: dict[str, int]
    redrawn: Retrained[Columns]


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Learn from the training sentences, and score the test sentences."""
    if subset.load is None:
        raise DataMissing(subset.missing)
    parts: transfer.SubsetRecords = subset.load()
    listed, types = "types" in options, types_of(_with_types(options, parts))
    _check_entities(types, "find", f"{parts.data_set} {parts.target}", [parts.test])
    if session.has_tags:
        words, tags = _sentences([parts.test])
        _check_types(replace(parts, train={}), types, set(tags))
        return own_tags.evaluate(parts, session, own_tags.Asked(words, tags, types, [] if listed else [TYPES_FOUND]))
    folds = parts.folds()
    for fold in folds:
        _check_entities(types, "learn from", fold.parts.learned, fold.parts.train.values())
    tagged = [_tag(fold.parts, session, types, options) for fold in folds]
    rows = [fold.rows for fold in folds]
    support = {kind: sum(one.scored.support[kind] for one in tagged) for kind in types}
    oddities = merge_warnings([one.warnings for one in tagged], parts.test, support)
    failed = sum(not one.converged for one in tagged)
    return Outcome(
        item_ids=parts.test.ids,
        cluster_ids=parts.test.clusters,
        item_texts=[(tokens.replace("\t", " "),) for tokens in parts.test.fields["tokens"]],
        columns=merge([one.scored.columns for one in tagged], rows),
        chance=chance_of(support, options),
        retrained=[merge(drawn, rows) for drawn in zip(*(one.redrawn.learned for one in tagged), strict=True)],
        training_ids=names_of_draws([one.redrawn.names for one in tagged]),
        facts={
            "words": sum(one.words for one in tagged),
            "train_sentences": max(one.train_sentences for one in tagged),
            "train_words": max(one.train_words for one in tagged),
            **oddities,
            **({} if listed else {"types": ", ".join(types)}),
            **({"folds": len(folds)} if len(folds) > 1 else {}),
            **({"not_converged": failed} if failed else {}),
            **{f"support:{kind}": n for kind, n in support.items()},
            **reader_facts(parts),
        },
        notes=(
            *dict.fromkeys(note for records in (*parts.train.values(), parts.test) for note in records.notes),
            *notes_of(oddities, support, contextual=all(one.contextual for one in tagged), converged=not failed),
            *([COVERED] if len(folds) > 1 and not parts.redraws else []),
            *([] if listed else [TYPES_FOUND]),
        ),
    )


def _tag(
    parts: transfer.SubsetRecords, session: EncodingSession, types: tuple[str, ...], options: Mapping[str, Any]
) -> _Tagged:
    """Learn from the training sentences of ``parts``, and score its test sentences."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import spans, tagging_probe

    train_words, train_tags = _sentences(parts.train.values())
    test_words, test_tags = _sentences([parts.test])
    _check_types(parts, types, {*train_tags, *test_tags})
    c = float(options.get("c", tagging_probe.C))
    probe = _fit_probe(parts, session, train_words, train_tags, types, c)
    asked = session.encode_words(test_words)
    drawn = _redraws(parts, session, train_words, train_tags, types, c)
    lengths = np.fromiter(map(len, test_words), np.int64, len(test_words))
    gold = spans.encode(test_tags, types)

    def score(of: Probe) -> TaggingScores:
        return tagging_probe.score(of.log_probabilities(asked.vectors), asked.rows, gold, lengths, types)

    return _Tagged(
        scored=score(probe),
        words=len(gold),
        train_sentences=len(train_words),
        train_words=len(train_tags),
        converged=probe.converged,
        contextual=asked.contextual,
        warnings=warning_counts(parts),
        redrawn=Retrained(drawn.names, (score(one).columns for one in drawn.learned)),
    )


def _fit_probe(
    parts: transfer.SubsetRecords,
    session: EncodingSession,
    words: list[list[str]],
    tags: list[str],
    types: tuple[str, ...],
    c: float,
) -> Probe:
    """The probe of a training set: learned once for all subsets that train on the same sentences."""
    from xlbench_tasks.protocols.numbers import spans, tagging_probe

    # Asked for even where the probe is known, so that the session knows which texts the subset leans on.
    known = session.encode_words(words)

    def learn() -> Probe:
        codes = spans.encode(tags, types)
        return tagging_probe.fit(known.vectors, known.rows, codes, 1 + 2 * len(types), c)

    content = tuple(records.fingerprint() for records in parts.train.values())
    return session.once(("tagging", types, c, content), learn)


def _redraws(
    parts: transfer.SubsetRecords,
    session: EncodingSession,
    words: list[list[str]],
    tags: list[str],
    types: tuple[str, ...],
    c: float,
) -> Retrained[Probe]:
    """Probes of bootstrapped training sets, where they are asked for."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import spans, tagging_probe

    if not parts.redraws or session.is_gathering:
        return Retrained()
    known = session.encode_words(words)
    codes, lengths = spans.encode(tags, types), np.fromiter(map(len, words), np.int64, len(words))
    starts = np.cumsum(lengths) - lengths
    entity = np.add.reduceat(codes > 0, starts) > 0
    drawn = redraws(parts.data_set, parts.train, parts.redraws, lambda rows: bool(entity[rows].any()))

    def learn(sentences: np.ndarray) -> Probe:
        of_words = np.arange(int(lengths[sentences].sum())) + np.repeat(
            starts[sentences] - (np.cumsum(lengths[sentences]) - lengths[sentences]), lengths[sentences]
        )
        return tagging_probe.fit(known.vectors, known.rows[of_words], codes[of_words], 1 + 2 * len(types), c)

    return retrain(parts, session, ("tagging", types, c), drawn, learn)


def _sentences(parts: Iterable[Records]) -> tuple[list[list[str]], list[str]]:
    """The words of every sentence, and the tags of all words; `DataError` where they differ in number."""
    words: list[list[str]] = []
    tags: list[str] = []
    for records in parts:
        if missing := {"tokens", "tags"} - set(records.fields):
            raise DataError(f"tagging needs the field {min(missing)!r}, which the card's reader does not give")
        for item, tokens, labels in zip(records.ids, records.fields["tokens"], records.fields["tags"], strict=True):
            words.append(tokens.split("\t"))
            own = labels.split("\t")
            if len(own) != len(words[-1]):
                raise DataError(f"item {item}: {len(words[-1])} words but {len(own)} tags")
            tags += own
    return words, tags


def _check_types(parts: transfer.SubsetRecords, types: Sequence[str], tags: set[str]) -> None:
    """Raise `DataError` that lists the tags that are of none of the types, with their counts and places."""
    wrong = tags - {"O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in types)}
    if not wrong:
        return
    unknown = UnknownValues(parts.data_set, f"tags of none of the card's types ({', '.join(types)})")
    for records in (*parts.train.values(), parts.test):
        for row, sentence in enumerate(records.fields["tags"]):
            for tag in sentence.split("\t"):
                if tag in wrong:
                    unknown.add(tag, records.place(row))
    unknown.check()
