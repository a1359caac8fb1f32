"""Multi-label classification with a frozen encoder: an item has any number of labels, and each has a probe of its own.
Every probe is the logistic one of `classification`, and tells whether an item has its label (one against the rest).
Subsets are transfers (see `transfer`): a language alone, ``eng>hin``, ``all>hin``, ``rest>hin``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset, UsageError
from xlbench_tasks.data.labels import check_spellings, in_other_notation
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues
from xlbench_tasks.protocols import found_labels, transfer
from xlbench_tasks.protocols.cross_fitting import COVERED, merge, names_of_draws
from xlbench_tasks.protocols.multilabel_scores import (
    METRICS,
    NOT_CONVERGED,
    FoldSets,
    facts_of,
    label_matrix,
    notes_of,
    set_columns,
    teaches,
    why_the_same,
)
from xlbench_tasks.protocols.training_resamples import Retrained, redraws, retrain

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.transfer import SubsetRecords

VERSION = 1

CROSS_FITTING = True
"""Cards may have ``folds``."""

OPTIONS: Mapping[str, Any] = {"labels": list[str], "c": float | int, **transfer.OPTIONS}
"""``labels``: all that the data set has, those that occur without it; ``c``: inverse strength of the probes' penalty,
1.0 by default; the rest as in ``transfer.py``."""

FOLLOWS = {"labels": "labels"}
"""Options that follow from a key of the card's [data], where they are not given."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = transfer.LANGUAGE_OPTIONS


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Macro-F1 over labels first; checks the options."""
    labels = options.get("labels")
    if labels is not None and (len(labels) < 2 or len(set(labels)) < len(labels) or not all(map(visible, labels))):
        raise UsageError(
            "[options] labels: list the labels of the data set, two at least, each once, none of them empty"
        )
    try:
        check_spellings("[options] labels", labels or ())
    except DataError as error:
        raise UsageError(str(error)) from None
    transfer.check(options)
    if options.get("c", 1.0) <= 0:
        raise UsageError(f"[options] c: {options['c']!r} is not a number above 0")
    return METRICS


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """A subset for every transfer of the options."""
    return transfer.subsets(
        data_set, options, languages, data.train_size, lambda parts: _check(parts, options), data.training_draws
    )


def _check(parts: SubsetRecords, options: Mapping[str, Any]) -> None:
    """Raise `DataError` for labels that the card does not list, and where every encoder would score the same."""
    labels = _labels(parts, options)
    unknown = UnknownValues(
        parts.data_set,
        f"labels that are none of the card's ({', '.join(labels)}); add them to labels of [options], or mend the data",
        in_other_notation(labels),
    )
    for one in (*parts.train.values(), parts.test):
        for row, its in enumerate(_sets_of(parts.data_set, one)):
            for label in json.loads(its):
                if label not in labels:
                    unknown.add(label, one.place(row))
    unknown.check()
    learned = [its for one in parts.train.values() for its in _sets_of(parts.data_set, one)]
    if why := why_the_same(f"{parts.data_set} {parts.target}", _sets_of(parts.data_set, parts.test), learned):
        raise DataError(why)


def _sets_of(data_set: str, records: Records) -> Sequence[str]:
    """The labels of every item, a JSON list each."""
    if "labels" not in records.fields:
        raise DataError(
            f"{data_set}: the data has no sets of labels; give label_separator, label_list = true, or a list of "
            f"columns of 0 and 1 as the label of fields, in the card's [data]"
        )
    return records.fields["labels"]


def _labels(parts: SubsetRecords, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels of the options, else those that occur, sorted; `DataError` for two spellings of one."""
    if "labels" in options:
        return tuple(options["labels"])
    all_sets = (its for one in (*parts.train.values(), parts.test) for its in _sets_of(parts.data_set, one))
    found = tuple(sorted({label for its in all_sets for label in json.loads(its)}))
    check_spellings(f"{parts.data_set} {parts.target}", found)
    return found


@dataclass(frozen=True)
class _Told:
    """What probes have learned, and what they say of the test items of a fold."""

    sets: FoldSets
    predicted: np.ndarray
    converged: bool
    redrawn: Retrained[Columns]


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Learn every label from the train split, and say it of the test items."""
    from xlbench_tasks.protocols.numbers import label_probes

    if subset.load is None:
        raise DataMissing(subset.missing)
    parts: SubsetRecords = subset.load()
    labels, c = _labels(parts, options), float(options.get("c", 1.0))
    has, texts = label_matrix(_sets_of(parts.data_set, parts.test), labels), parts.test.fields["text"]
    folds = parts.folds()
    told, rows = [_learn_and_tell(fold.parts, session, labels, c) for fold in folds], [fold.rows for fold in folds]
    sets = [one.sets for one in told]
    return Outcome(
        item_ids=parts.test.ids,
        cluster_ids=parts.test.clusters,
        item_texts=[(text,) for text in texts],
        columns={
            **set_columns("true", has),
            **merge([set_columns("predicted", one.predicted) for one in told], rows),
        },
        chance=label_probes.chance([(one.learned, one.has) for one in sets]),
        retrained=[merge(drawn, rows) for drawn in zip(*(one.redrawn.learned for one in told), strict=True)],
        training_ids=names_of_draws([one.redrawn.names for one in told]),
        facts={**facts_of(sets, texts, has, labels), **parts.test.facts},
        notes=(
            *dict.fromkeys(note for records in (*parts.train.values(), parts.test) for note in records.notes),
            *notes_of(sets, texts, has, labels),
            *(() if all(one.converged for one in told) else (NOT_CONVERGED,)),
            *([COVERED] if len(folds) > 1 and not parts.redraws else []),
            *(() if "labels" in options else (found_labels.NOTE,)),
        ),
    )


def _learn_and_tell(parts: SubsetRecords, session: EncodingSession, labels: Sequence[str], c: float) -> _Told:
    """Learn from the training items of ``parts``, once for all subsets that learn from the same ones."""
    from xlbench_tasks.protocols.numbers import label_probes
    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    train_texts = [text for one in parts.train.values() for text in one.fields["text"]]
    learned = label_matrix([its for one in parts.train.values() for its in one.fields["labels"]], labels)
    asked_texts = parts.test.fields["text"]
    if not teaches(learned):
        raise DataError(f"{parts.learned}: no label is one that some training items have and others have not")
    vectors, asked = session.encode(train_texts), session.encode(asked_texts)
    kind = "multilabel", parts.data_set, tuple(labels), c

    def learn(rows: np.ndarray | slice) -> label_probes.FittedLabels:
        with one_thread():  # the last bits of a sum would follow the number of processors
            return label_probes.learn(vectors[rows], learned[rows], c)

    def columns(fit: label_probes.FittedLabels) -> Columns:
        with one_thread():
            return set_columns("predicted", fit.label(asked))

    content = tuple((language, one.fingerprint()) for language, one in parts.train.items())
    fit = session.once((*kind, content), lambda: learn(slice(None)))
    drawn: Retrained[Columns] = Retrained()
    if parts.redraws and not session.is_gathering:
        some = redraws(parts.data_set, parts.train, parts.redraws, lambda rows: teaches(learned[rows]))
        fits = retrain(parts, session, kind, some, learn)
        drawn = Retrained(fits.names, map(columns, fits.learned))
    with one_thread():
        predicted = fit.label(asked)
    has = label_matrix(parts.test.fields["labels"], labels)
    return _Told(FoldSets(train_texts, learned, asked_texts, has), predicted, fit.converged, drawn)
