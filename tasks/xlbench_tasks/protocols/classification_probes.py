"""What classification learns: from which items, by which probe, and what that says of the test items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench_tasks.data.labels import check_known
from xlbench_tasks.protocols.training_resamples import Retrained, redraws, retrain

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.protocols.numbers.probes import FittedProbe, Probe
    from xlbench_tasks.protocols.transfer import SubsetRecords

DRAWS = 10
"""How often ``shots`` are drawn unless the card says."""
NEIGHBORS = 5
"""k of ``knn`` unless the card says."""
MTEB_RUNS = 10


@dataclass(frozen=True)
class Labeled:
    """Texts and their label codes (m,)."""

    texts: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, name: str, records: Mapping[str, Records], labels: Sequence[str]) -> Labeled:
        """All records together; `DataError` where a label is none of the card's."""
        import numpy as np

        code_of = {label: code for code, label in enumerate(labels)}
        check_known(name, labels, records)
        texts = tuple(text for one in records.values() for text in one.fields["text"])
        given = (code_of[label] for one in records.values() for label in one.fields["label"])
        return cls(texts, np.fromiter(given, np.int64, len(texts)))


@dataclass(frozen=True)
class Learned:
    """What probes have learned from training items, and what they say of test items."""

    train: Labeled
    test: Labeled
    fits: list[FittedProbe]
    """One each time that the probe learns."""
    predicted: list[np.ndarray]
    """The codes (n,) that each gives to the test items."""
    redrawn: Retrained[np.ndarray]
    """The same of probes of bootstrapped training sets, where those are asked for."""


def runs(options: Mapping[str, Any]) -> int:
    """How many times the probe learns."""
    if options.get("mode") == "mteb":
        return MTEB_RUNS
    return int(options.get("draws", DRAWS)) if options.get("shots") else 1


def learn_and_label(parts: SubsetRecords, session: EncodingSession, options: Mapping[str, Any]) -> Learned:
    """Learn from the training items of ``parts``, once or from several subsets of them, and label its test items."""
    train = Labeled.of(parts.data_set, parts.train, options["labels"])
    test = Labeled.of(parts.data_set, {parts.target: parts.test}, options["labels"])
    fits, predicted = _fit_and_predict(parts, session, train, test, options)
    return Learned(train, test, fits, predicted, _redraws(parts, session, train, test, options))


def _training_rows(parts: SubsetRecords, train: Labeled, options: Mapping[str, Any]) -> list[np.ndarray]:
    """The rows of the train split that the probe learns from, one array a time that it learns."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import probes

    labels, where = options["labels"], parts.learned
    support = np.bincount(train.codes, minlength=len(labels))
    if np.count_nonzero(support) < 2:
        raise DataError(
            f"{where}: all {len(train.codes)} training items are {labels[int(support.argmax())]!r}; "
            f"a probe needs two labels to learn from"
        )
    if options.get("mode") == "mteb":
        return list(probes.mteb_draws(train.codes))
    shots = options.get("shots", 0)
    if not shots:
        return [np.arange(len(train.codes))]
    for label, count in zip(labels, support, strict=True):
        if 0 < count < shots:
            raise DataError(
                f"{where}: {label!r} has {count} training item{'s' if count > 1 else ''}, and shots asks for {shots}"
            )
    return list(probes.draws(train.codes, shots, runs(options), (parts.data_set, *parts.sources)))


def _probe(parts: SubsetRecords, session: EncodingSession, options: Mapping[str, Any]) -> Probe:
    """The probe that the options ask for."""
    from xlbench_tasks.protocols.numbers import probes

    if options.get("mode") == "mteb":
        return probes.MtebLogistic()
    if options.get("probe") == "knn":
        return probes.Neighbors(options.get("k", NEIGHBORS))
    c = options.get("c", 1.0)
    if c != "dev":
        return probes.Logistic(float(c))
    dev = Labeled.of(parts.data_set, parts.dev, options["labels"])
    if not dev.texts:
        raise DataError(f"{parts.data_set} {'+'.join(parts.sources)}: c = 'dev', and there is no dev split at hand")
    return probes.ChosenLogistic(session.encode(dev.texts), dev.codes)


def _fit_and_predict(
    parts: SubsetRecords, session: EncodingSession, train: Labeled, test: Labeled, options: Mapping[str, Any]
) -> tuple[list[FittedProbe], list[np.ndarray]]:
    """What the probe learns, each time that it learns, and what it then says of the test items: codes (n,).

    It learns once for all subsets that train on the same languages: one English probe is behind every ``eng>hin``.
    """
    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    rows = _training_rows(parts, train, options)
    # Asked for even where the probe is known, so that the session knows which texts the subset leans on.
    probe, vectors, asked = _probe(parts, session, options), session.encode(train.texts), session.encode(test.texts)

    def learn() -> list[FittedProbe]:
        return [probe.learn(vectors[some], train.codes[some]) for some in rows]

    content = [tuple((language, one.fingerprint()) for language, one in of.items()) for of in (parts.train, parts.dev)]
    # One thread: the last bits of a sum, and so the probe, would follow the number of processors. Small fits are
    # several times faster too.
    with one_thread():
        fits = session.once(("classification", parts.data_set, *content, json.dumps(options, sort_keys=True)), learn)
        return fits, [fit.label(asked) for fit in fits]


def _redraws(
    parts: SubsetRecords, session: EncodingSession, train: Labeled, test: Labeled, options: Mapping[str, Any]
) -> Retrained[np.ndarray]:
    """What the probe says of the test items, codes (n,), when it learns from bootstrapped training sets, where those
    are asked for. The dev split, and so what C is chosen on, is not drawn."""
    import numpy as np

    from xlbench_tasks.protocols.numbers.one_thread import one_thread

    if not parts.redraws or session.is_gathering:
        return Retrained()
    probe, vectors, asked = _probe(parts, session, options), session.encode(train.texts), session.encode(test.texts)
    drawn = redraws(parts.data_set, parts.train, parts.redraws, lambda rows: len(np.unique(train.codes[rows])) > 1)

    def learn(rows: np.ndarray) -> FittedProbe:
        with one_thread():  # as above
            return probe.learn(vectors[rows], train.codes[rows])

    kind = "classification", parts.data_set, json.dumps(options, sort_keys=True)
    fits = retrain(parts, session, kind, drawn, learn)

    def label(fit: FittedProbe) -> np.ndarray:
        with one_thread():
            return fit.label(asked)

    return Retrained(fits.names, map(label, fits.learned))
