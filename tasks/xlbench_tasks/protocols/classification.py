"""Classification with a frozen encoder: a probe learns labels from the vectors of the train split, and is scored on the
test split. News topics and sentiment.

Subsets are transfers (see `transfer`): a language alone, ``eng>hin``, ``all>hin``, ``rest>hin``. With ``shots``, and in
mteb's mode, the probe learns several times from small subsets of the train split; metrics are means over these.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset, UsageError
from xlbench.stats.metrics import averaged, class_f1, macro_f1, macro_precision, macro_recall, mean, share, weighted_f1
from xlbench_tasks.data.labels import check_known, check_spellings, labels_of
from xlbench_tasks.data.text import visible
from xlbench_tasks.protocols import transfer
from xlbench_tasks.protocols.classification_facts import Labeled, facts_of, notes_of
from xlbench_tasks.protocols.training_resamples import Retrained, redraws, retrain

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.numbers.probes import FittedProbe, Probe
    from xlbench_tasks.protocols.transfer import SubsetRecords

VERSION = 3

OPTIONS: Mapping[str, Any] = {
    "labels": list[str],
    "probe": ("logistic", "knn"),
    "c": float | int | str,
    "k": int,
    "shots": int,
    "draws": int,
    "mode": ("probe", "mteb"),
    **transfer.OPTIONS,
}
"""``labels``: all that the data set has (needed); ``probe``: ``logistic`` (default) or ``knn``; ``c``: of the logistic
probe, 1.0 by default, or ``dev``: chosen on the dev split; ``k``: neighbors of ``knn``, 5 by default; ``shots``: how
many training items a class, drawn ``draws`` times (10 by default), all without it; ``mode = "mteb"``: mteb's 10 x 8."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = transfer.LANGUAGE_OPTIONS

DRAWS = 10
NEIGHBORS = 5
MTEB_RUNS = 10
MANY = 100
"""With more labels than this, averages over classes come from counts (`numbers.classes`), and no class has a metric of
its own: time and memory then follow the number of labels, not its square."""

"""Fewer test items of a class than this are remarked on."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first, for the card's labels and number of training subsets; checks the options."""
    _check(options)
    labels = options["labels"]
    named = [one for one in _makers(labels) if options.get("mode") == "mteb" or one[0] != "mteb_accuracy"]
    runs = _runs(options)
    return tuple(_over_runs(name, make, runs) for name, make in named)


Maker = Callable[[str], Metric]
"""From the name of a column of predictions to a metric."""


def _makers(labels: Sequence[str]) -> Iterator[tuple[str, Maker]]:
    """Names and makers of all metrics. Labels are codes in the rows: places in the card's list."""
    codes = range(len(labels))

    def accuracy(name: str, description: str) -> Maker:
        return lambda column: share(name, lambda c: c["true"] == c[column], description)

    def of_classes(name: str, make: Callable[..., Metric], description: str) -> Maker:
        if len(labels) > MANY:
            return lambda column: mean(name, _class_average(make, len(labels), column), description=description)
        return lambda column: make(name, codes, "true", column, description)

    def of_one(name: str, code: int) -> Maker:
        return lambda column: class_f1(name, codes, code, "true", column, f"F1 of {labels[code]!r}")

    yield "mteb_accuracy", accuracy("mteb_accuracy", "share of right labels, a mean over mteb's ten training subsets")
    yield "macro_f1", of_classes("macro_f1", macro_f1, "F1, a mean over the classes in the test split")
    yield "accuracy", accuracy("accuracy", "share of right labels")
    yield "macro_precision", of_classes("macro_precision", macro_precision, "precision, a mean over classes")
    yield "macro_recall", of_classes("macro_recall", macro_recall, "recall, a mean over classes")
    yield "weighted_f1", of_classes("weighted_f1", weighted_f1, "F1, a mean over classes by their size")
    for code, name in enumerate(class_metrics(labels) if len(labels) <= MANY else ()):
        yield name, of_one(name, code)


def _class_average(make: Callable[..., Metric], labels: int, column: str) -> Callable[[Columns], np.ndarray]:
    """From columns to the pseudo-values of an average over classes."""

    def values(columns: Columns) -> np.ndarray:
        from xlbench_tasks.protocols.numbers import classes

        return classes.pseudo_values(make, labels, columns["true"], columns[column])

    return values


def _over_runs(name: str, make: Maker, runs: int) -> Metric:
    """The metric of the one prediction, or the mean over those of several training subsets."""
    return averaged(name, [make(column) for column in _columns(runs)]) if runs > 1 else make("predicted")


def _columns(runs: int) -> list[str]:
    return [f"predicted_{run}" for run in range(runs)] if runs > 1 else ["predicted"]


def class_metrics(labels: Sequence[str]) -> list[str]:
    """What the F1 of each class is called, no two alike: ``f1:science-technology``.

    A name holds the letters, signs and digits of a label, with hyphens in the place of all else. Where that is nothing
    or the same for two labels (``A+`` and ``A-``, ``1`` and ``-1``, emoji), it holds the whole label.
    """
    plain = [_plain(label) for label in labels]
    times = Counter(plain)
    return [
        f"f1:{name}" if name and times[name] == 1 else f"f1:{'-'.join(label.casefold().split())}"
        for label, name in zip(labels, plain, strict=True)
    ]


def _plain(label: str) -> str:
    """The letters of a label, with their vowel signs and other marks, and its digits; hyphens between them."""
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in label.casefold())
    return "-".join("".join(kept).split())


def _runs(options: Mapping[str, Any]) -> int:
    """How many times the probe learns."""
    if options.get("mode") == "mteb":
        return MTEB_RUNS
    return int(options.get("draws", DRAWS)) if options.get("shots") else 1


def _check(options: Mapping[str, Any]) -> None:
    """What the types of the options cannot say."""
    labels = options.get("labels", [])
    if len(labels) < 2 or not all(map(visible, labels)):
        raise UsageError("[options] labels: list the labels of the data set, two at least, none of them empty")
    try:
        check_spellings("[options] labels", labels)
    except DataError as error:
        raise UsageError(str(error)) from None
    names = class_metrics(labels)
    times = Counter(names)
    if doubled := [label for label, name in zip(labels, names, strict=True) if times[name] > 1]:
        raise UsageError(f"[options] labels: {' and '.join(map(repr, doubled[:2]))} are one label; list each once")
    transfer.check(options)
    c = options.get("c", 1.0)
    if c != "dev" and (isinstance(c, str) or c <= 0):
        raise UsageError(f"[options] c: {c!r} is not a number above 0, or 'dev'")
    for name, least in (("k", 1), ("shots", 0), ("draws", 1)):
        if options.get(name, least) < least:
            raise UsageError(f"[options] {name}: must be {least} or more")
    _check_unused(options)


def _check_unused(options: Mapping[str, Any]) -> None:
    """No option may stand in a card and do nothing."""
    neighbors = options.get("probe") == "knn"
    idle = [
        ("c", neighbors, "probe = 'knn'"),
        ("k", not neighbors, "the logistic probe"),
        ("draws", not options.get("shots"), "all training items (shots = 0)"),
        *((name, options.get("mode") == "mteb", "mode = 'mteb'") for name in ("probe", "c", "k", "shots", "draws")),
    ]
    for name, unused, beside in idle:
        if name in options and unused:
            raise UsageError(f"[options] {name}: has no meaning with {beside}")


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """A subset for every transfer of the options."""
    if options.get("c") == "dev" and data_set.dev is None:
        raise UsageError(f"{data_set.name}: [options] c = 'dev' needs a dev split, which the card does not have")
    labels = options["labels"]
    again = data.training_draws if _runs(options) == 1 else 0  # several runs are several training sets already
    return transfer.subsets(
        data_set, options, languages, data.train_size, lambda parts: _check_labels(parts, labels), again
    )


def _check_labels(parts: SubsetRecords, labels: Sequence[str]) -> None:
    """Raise `DataError` for labels that the card does not list, and where every encoder would score the same."""
    where = parts.data_set
    check_known(where, labels, parts.train, parts.dev, {parts.target: parts.test})
    learned, asked = labels_of(where, parts.train), labels_of(where, {parts.target: parts.test})
    if len(asked) < 2:
        only = f"all {len(parts.test.ids)} test items are {next(iter(asked))!r}"
        raise DataError(f"{where} {parts.target}: {only}; with one label there is nothing to score")
    if len(learned) < 2:
        only = f"all {sum(len(one.ids) for one in parts.train.values())} training items are {next(iter(learned))!r}"
        raise DataError(f"{where} {'+'.join(parts.sources)}: {only}; a probe needs two labels to learn from")
    if not set(learned) & set(asked):
        raise DataError(
            f"{where} {parts.target}: none of the labels of its test items ({', '.join(asked)}) is one of the training "
            f"items ({', '.join(learned)})"
        )


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Learn from the train split, once or from several subsets of it, and label the test split."""
    if subset.load is None:
        raise DataMissing(subset.missing)
    parts: SubsetRecords = subset.load()
    labels: Sequence[str] = options["labels"]
    train = _labeled_texts(parts.data_set, parts.train, labels)
    test = _labeled_texts(parts.data_set, {parts.target: parts.test}, labels)
    fits, predicted = _fit_and_predict(parts, session, train, test, options)
    drawn = _redraws(parts, session, train, test, options)
    columns = {"true": test.codes} | dict(zip(_columns(len(fits)), predicted, strict=True))
    return Outcome(
        item_ids=parts.test.ids,
        cluster_ids=parts.test.clusters,
        item_texts=[(text,) for text in parts.test.fields["text"]],
        columns=columns,
        chance=_chance(train, test, options),
        seed_ids=_seed_ids(parts, options),
        retrained=[{"predicted": codes} for codes in drawn.learned],
        training_ids=drawn.names,
        facts={**facts_of(train, test, fits, options), **parts.test.facts},
        notes=tuple(notes_of(parts, train, test, fits, labels)),
    )


def _seed_ids(parts: SubsetRecords, options: Mapping[str, Any]) -> list[str]:
    """What the training subsets are called: one is behind every language that is labeled from it, and mteb's ten are
    drawn alike in every language."""
    if options.get("mode") == "mteb":
        return [f"{parts.data_set} mteb {draw}" for draw in range(MTEB_RUNS)]
    runs, key = _runs(options), f"{parts.data_set} {'+'.join(parts.sources)} {options.get('shots')} shots"
    return [f"{key} {draw}" for draw in range(runs)] if runs > 1 else []


def _labeled_texts(name: str, records: Mapping[str, Records], labels: Sequence[str]) -> Labeled:
    """All records together; `DataError` where a label is none of the card's."""
    import numpy as np

    code_of = {label: code for code, label in enumerate(labels)}
    check_known(name, labels, records)
    texts = tuple(text for one in records.values() for text in one.fields["text"])
    given = (code_of[label] for one in records.values() for label in one.fields["label"])
    return Labeled(texts, np.fromiter(given, np.int64, len(texts)))


def _training_rows(parts: SubsetRecords, train: Labeled, options: Mapping[str, Any]) -> list[np.ndarray]:
    """The rows of the train split that the probe learns from, one array a time that it learns."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import probes

    labels, where = options["labels"], f"{parts.data_set} {'+'.join(parts.sources)}"
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
    return list(probes.draws(train.codes, shots, _runs(options), (parts.data_set, *parts.sources)))


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
    dev = _labeled_texts(parts.data_set, parts.dev, options["labels"])
    if not dev.texts:
        raise DataError(f"{parts.data_set} {'+'.join(parts.sources)}: c = 'dev', and there is no dev split at hand")
    return probes.ChosenLogistic(session.encode(dev.texts), dev.codes)


def _fit_and_predict(
    parts: SubsetRecords, session: EncodingSession, train: Labeled, test: Labeled, options: Mapping[str, Any]
) -> tuple[list[FittedProbe], list[np.ndarray]]:
    """What the probe learns, each time that it learns, and what it then says of the test items: codes (n,).

    It learns once for all subsets that train on the same languages: one English probe is behind every ``eng>hin``.
    """
    from threadpoolctl import threadpool_limits

    rows = _training_rows(parts, train, options)
    # Asked for even where the probe is known, so that the session knows which texts the subset leans on.
    probe, vectors, asked = _probe(parts, session, options), session.encode(train.texts), session.encode(test.texts)

    def learn() -> list[FittedProbe]:
        return [probe.learn(vectors[some], train.codes[some]) for some in rows]

    content = [tuple((language, one.fingerprint()) for language, one in of.items()) for of in (parts.train, parts.dev)]
    # One thread: the last bits of a sum, and so the probe, would follow the number of processors. Small fits are
    # several times faster too.
    with threadpool_limits(1):
        fits = session.once(("classification", parts.data_set, *content, json.dumps(options, sort_keys=True)), learn)
        return fits, [fit.label(asked) for fit in fits]


def _redraws(
    parts: SubsetRecords, session: EncodingSession, train: Labeled, test: Labeled, options: Mapping[str, Any]
) -> Retrained[np.ndarray]:
    """What the probe says of the test items, codes (n,), when it learns from bootstrapped training sets, where those
    are asked for. The dev split, and so what C is chosen on, is not drawn."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    if not parts.redraws or session.is_gathering:
        return Retrained()
    probe, vectors, asked = _probe(parts, session, options), session.encode(train.texts), session.encode(test.texts)
    drawn = redraws(parts.data_set, parts.train, parts.redraws, lambda rows: len(np.unique(train.codes[rows])) > 1)

    def learn(rows: np.ndarray) -> FittedProbe:
        with threadpool_limits(1):  # as above
            return probe.learn(vectors[rows], train.codes[rows])

    kind = "classification", parts.data_set, json.dumps(options, sort_keys=True)
    fits = retrain(parts, session, kind, drawn, learn)

    def label(fit: FittedProbe) -> np.ndarray:
        with threadpool_limits(1):
            return fit.label(asked)

    return Retrained(fits.names, map(label, fits.learned))


def _chance(train: Labeled, test: Labeled, options: Mapping[str, Any]) -> dict[str, float]:
    """What guessing each of the k learned labels equally often scores, in the limit of many items.

    A class of frequency p then has precision p, recall 1/k and F1 2p / (pk + 1); one that is not learned has 0 of all.
    """
    import numpy as np

    labels = options["labels"]
    frequency = np.bincount(test.codes, minlength=len(labels)) / len(test.codes)
    learned = np.bincount(train.codes, minlength=len(labels)) > 0
    k, seen = int(learned.sum()), frequency > 0
    f1 = np.where(learned, 2 * frequency / (frequency * k + 1), 0.0)
    chance = {
        "macro_f1": float(f1[seen].mean()),
        "accuracy": float(frequency[learned].sum() / k),
        "macro_precision": float(np.where(learned, frequency, 0.0)[seen].mean()),
        "macro_recall": float((learned / k)[seen].mean()),
        "weighted_f1": float((frequency * f1).sum()),
    }
    if len(labels) <= MANY:
        names = class_metrics(labels)
        chance |= {name: float(one) for name, one, has in zip(names, f1, seen, strict=True) if has}
    return chance | ({"mteb_accuracy": chance["accuracy"]} if options.get("mode") == "mteb" else {})
