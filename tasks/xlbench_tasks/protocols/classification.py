"""Classification with a frozen encoder: a probe learns labels from the vectors of the train split, and is scored on the
test split. News topics and sentiment.

Subsets are transfers (see `transfer`): a language alone, ``eng>hin``, ``all>hin``, ``rest>hin``. With ``shots``, and in
mteb's mode, the probe learns several times from small subsets of the train split; metrics are means over these.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset, UsageError
from xlbench.stats.metrics import averaged, class_f1, macro_f1, macro_precision, macro_recall, mean, share, weighted_f1
from xlbench_tasks.data.labels import check_known, check_spellings, labels_of
from xlbench_tasks.data.text import visible
from xlbench_tasks.protocols import found_labels, transfer
from xlbench_tasks.protocols.classification_facts import facts_of, notes_of
from xlbench_tasks.protocols.classification_probes import MTEB_RUNS, Labeled, Learned, learn_and_label, runs
from xlbench_tasks.protocols.cross_fitting import merge, names_of_draws

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.transfer import SubsetRecords

VERSION = 3

CROSS_FITTING = True
"""Cards may have ``folds``."""

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
"""``labels``: all that the data set has, those that occur without it; ``probe``: ``logistic`` (default) or ``knn``;
``c``: of the logistic probe, 1.0 by default, or ``dev``: chosen on the dev split; ``k``: neighbors of ``knn``, 5 by
default; ``shots``: how many training items a class, drawn ``draws`` times (10 by default), all without it; ``mode =
"mteb"``: mteb's 10 x 8."""

FOLLOWS = {"labels": "labels"}
"""Options that follow from a key of the card's [data], where they are not given."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = transfer.LANGUAGE_OPTIONS

MANY = 100
"""With more labels than this, averages over classes come from counts (`numbers.classes`), and no class has a metric of
its own: time and memory then follow the number of labels, not its square."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first, for the card's labels and number of training subsets; checks the options."""
    _check(options)
    named = [
        one for one in _makers(options.get("labels")) if options.get("mode") == "mteb" or one[0] != "mteb_accuracy"
    ]
    times = runs(options)
    return tuple(_over_runs(name, make, times) for name, make in named)


Maker = Callable[[str], Metric]
"""From the name of a column of predictions to a metric."""


def _makers(labels: Sequence[str] | None) -> Iterator[tuple[str, Maker]]:
    """Names and makers of all metrics. Labels are codes in the rows: places in the card's list, or (None) in that of
    the data, which is not known yet: then no class has a metric of its own."""
    known = labels or ()
    codes = range(len(known))

    def accuracy(name: str, description: str) -> Maker:
        return lambda column: share(name, lambda c: c["true"] == c[column], description)

    def of_classes(name: str, make: Callable[..., Metric], description: str) -> Maker:
        if labels is None:
            return lambda column: found_labels.over_classes(name, make, column, description, MANY)
        if len(known) > MANY:
            return lambda column: mean(name, _class_average(make, len(known), column), description=description)
        return lambda column: make(name, codes, "true", column, description)

    def of_one(name: str, code: int) -> Maker:
        return lambda column: class_f1(name, codes, code, "true", column, f"F1 of {known[code]!r}")

    yield "mteb_accuracy", accuracy("mteb_accuracy", "share of right labels, a mean over mteb's ten training subsets")
    yield "macro_f1", of_classes("macro_f1", macro_f1, "F1, a mean over the classes in the test split")
    yield "accuracy", accuracy("accuracy", "share of right labels")
    yield "macro_precision", of_classes("macro_precision", macro_precision, "precision, a mean over classes")
    yield "macro_recall", of_classes("macro_recall", macro_recall, "recall, a mean over classes")
    yield "weighted_f1", of_classes("weighted_f1", weighted_f1, "F1, a mean over classes by their size")
    for code, name in enumerate(class_metrics(known) if len(known) <= MANY else ()):
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


def _check(options: Mapping[str, Any]) -> None:
    """What the types of the options cannot say."""
    if "labels" in options:
        _check_listed(options["labels"])
    transfer.check(options)
    c = options.get("c", 1.0)
    if c != "dev" and (isinstance(c, str) or c <= 0):
        raise UsageError(f"[options] c: {c!r} is not a number above 0, or 'dev'")
    for name, least in (("k", 1), ("shots", 0), ("draws", 1)):
        if options.get(name, least) < least:
            raise UsageError(f"[options] {name}: must be {least} or more")
    _check_unused(options)


def _check_listed(labels: Sequence[str]) -> None:
    """That labels can be told apart, and that there are two at least."""
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
    if data_set.folds and options.get("mode") == "mteb":
        raise UsageError(f"{data_set.name}: folds: mode = 'mteb' has no cross-fitting")
    if options.get("c") == "dev" and data_set.dev is None:
        raise UsageError(f"{data_set.name}: [options] c = 'dev' needs a dev split, which the card does not have")
    again = data.training_draws if runs(options) == 1 else 0  # several runs are several training sets already
    return transfer.subsets(
        data_set,
        options,
        languages,
        data.train_size,
        lambda parts: _check_labels(parts, options, is_sample=data.limit is not None),
        again,
    )


def _check_labels(parts: SubsetRecords, options: Mapping[str, Any], *, is_sample: bool) -> None:
    """Raise `DataError` for labels that the card does not list, and where every encoder would score the same."""
    where = parts.data_set
    check_known(
        where, found_labels.with_labels(options, parts)["labels"], parts.train, parts.dev, {parts.target: parts.test}
    )
    learned, asked = labels_of(where, parts.train), labels_of(where, {parts.target: parts.test})
    if "labels" not in options and not is_sample:  # which has one item of each of many labels
        found_labels.check_repeated(parts, learned | asked)
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
    listed, options = "labels" in options, found_labels.with_labels(options, parts)
    labels: Sequence[str] = options["labels"]
    folds, rows = [], []
    for fold in parts.folds():
        folds.append(learn_and_label(fold.parts, session, options))
        rows.append(fold.rows)
    whole = Labeled.of(parts.data_set, {parts.target: parts.test}, labels)
    predicted = merge([dict(zip(_columns(len(one.fits)), one.predicted, strict=True)) for one in folds], rows)
    return Outcome(
        item_ids=parts.test.ids,
        cluster_ids=parts.test.clusters,
        item_texts=[(text,) for text in parts.test.fields["text"]],
        columns={"true": whole.codes} | predicted | ({} if listed else found_labels.count_column(whole.codes, labels)),
        chance=_chance(folds, options, by_class=listed),
        seed_ids=_seed_ids(parts, options),
        retrained=list(_retrained(folds, rows)),
        training_ids=names_of_draws([one.redrawn.names for one in folds]),
        facts={**facts_of(folds, whole, options), **parts.test.facts},
        notes=(*notes_of(parts, folds, whole, labels), *(() if listed else (found_labels.NOTE,))),
    )


def _retrained(folds: Sequence[Learned], rows: Sequence[Sequence[int]]) -> Iterator[Columns]:
    """What every item is labeled by probes of bootstrapped training sets, one column a set."""
    for drawn in zip(*(one.redrawn.learned for one in folds), strict=True):
        yield merge([{"predicted": codes} for codes in drawn], rows)


def _seed_ids(parts: SubsetRecords, options: Mapping[str, Any]) -> list[str]:
    """What the training subsets are called: one is behind every language that is labeled from it, and mteb's ten are
    drawn alike in every language."""
    if options.get("mode") == "mteb":
        return [f"{parts.data_set} mteb {draw}" for draw in range(MTEB_RUNS)]
    times, key = runs(options), f"{parts.data_set} {'+'.join(parts.sources)} {options.get('shots')} shots"
    return [f"{key} {draw}" for draw in range(times)] if times > 1 else []


def _chance(folds: Sequence[Learned], options: Mapping[str, Any], *, by_class: bool = True) -> dict[str, float]:
    """What guessing each of the labels that were learned equally often scores, in the limit of many items; of each
    class too where classes have metrics of their own.

    With k learned labels, a class of frequency p has precision p, recall 1/k and F1 2p / (pk + 1); one that is not
    learned has 0 of all. Of several folds, in which others may be learned, it is hits and guesses that are added up.
    """
    import numpy as np

    labels, size = options["labels"], sum(len(fold.test.codes) for fold in folds)
    support, guesses, hits = np.zeros((3, len(labels)))
    for fold in folds:
        learned = np.bincount(fold.train.codes, minlength=len(labels)) > 0
        own, guess = np.bincount(fold.test.codes, minlength=len(labels)), learned / learned.sum()
        support, guesses, hits = support + own, guesses + len(fold.test.codes) * guess, hits + own * guess
    seen = support > 0
    f1 = np.divide(2 * hits, support + guesses, out=np.zeros(len(labels)), where=seen)
    precision = np.divide(hits, guesses, out=np.zeros(len(labels)), where=guesses > 0)
    chance = {
        "macro_f1": float(f1[seen].mean()),
        "accuracy": float(hits.sum() / size),
        "macro_precision": float(precision[seen].mean()),
        "macro_recall": float((hits[seen] / support[seen]).mean()),
        "weighted_f1": float((support * f1).sum() / size),
    }
    if by_class and len(labels) <= MANY:
        names = class_metrics(labels)
        chance |= {name: float(one) for name, one, has in zip(names, f1, seen, strict=True) if has}
    return chance | ({"mteb_accuracy": chance["accuracy"]} if options.get("mode") == "mteb" else {})
