"""Tasks and metrics: a `Task` is a question in one area; a `Metric` is a function of the summed rows of its items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.download import Download
from xlbench.core.estimate import Direction
from xlbench.core.ids import digest

if TYPE_CHECKING:
    import numpy as np

    from xlbench.core.data_view import DataView
    from xlbench.core.found_documents import FoundDocuments

AREAS = ("retrieval", "clustering", "news", "sentiment", "ner")

Columns = Mapping[str, "np.ndarray"]
"""The items of a cell, a column a name: every array has shape (n,)."""


@dataclass(frozen=True)
class Metric:
    """A number computed from sums over items, so that any resampling of the items is a re-weighting of a sum.

    ``rows`` turns the items' columns into an array (n, p): item i's record. ``value`` turns summed records, an array
    (..., p), into values (...): it must not change when all sums are multiplied by a constant (include a column of
    ones to count items). Example, accuracy: rows are (hit, 1), value is sums[..., 0] / sums[..., 1].
    """

    name: str
    rows: Callable[[Columns], np.ndarray]
    value: Callable[[np.ndarray], np.ndarray]
    interval: Literal["proportion", "ratio", "f1", "studentized", "mean", "jackknife"] = "studentized"
    """Kind of metric, from which ``--ci auto`` chooses the method: "proportion" is a share of hits among the items,
    "ratio" a share among something counted (rows (hits, count): precision, recall), "f1" an F1 of counts (rows (hits,
    predicted, true)), "studentized" another smooth function of sums (studentized bootstrap), "mean" a mean of
    light-tailed numbers (t interval), "jackknife" a metric that resampling distorts (jackknife)."""
    bounds: tuple[float, float] = (0.0, 1.0)
    gradient: Callable[[np.ndarray], np.ndarray] | None = None
    """Derivative of ``value`` by the sums, (..., p) -> (..., p); None: central differences."""
    influence: Callable[[Columns], np.ndarray] | None = None
    """Influence of every item (n,), in units of the value; None: the delete-one jackknife over ``rows``."""
    seeds: Callable[[Columns], np.ndarray] | None = None
    """Values (S,) by single seeds (k-means starts, training subsets), of which the value is the mean; None: nothing but
    the items is random."""
    description: str = ""
    direction: Direction = "higher"
    """Which value is better: "higher", or "neither" for one that only says how vectors lie, such as the mean cosine of
    random pairs. A comparison then says higher and lower, not better and worse."""
    through_others: Callable[[Columns], np.ndarray] | None = None
    """What leaving an item out does to the value through the rows of *other* items, (n,), in units of the value and
    with the sign of the influence, to which it is added; None: rows do not hang on other items. A candidate that
    stands before the right answers of 800 queries moves 800 rows, which rows by themselves do not tell."""


@dataclass(frozen=True)
class Data:
    """Where a task finds its data, and how much of it is wanted."""

    root: Path | None = None
    """The data root (``--data``, XLBENCH_DATA), which the file homes of cards are relative to."""
    limit: int | None = None
    """At most so many items of each language, from the start (cards: where there are labels, of each label): a sample,
    which never comes onto a board."""
    train_size: int | None = None
    """At most so many items for a subset to learn from, in all its languages together: a point of a curve
    (``xlbench curve``), which never comes onto a board. Smaller samples are subsets of larger ones, are drawn by the
    items' content alone, and leave the test items as they are. A task that learns nothing ignores it."""
    training_draws: int = 0
    """How many bootstrapped training sets to learn from again (``--ci-training``), beside the whole one; 0: none. It
    changes no score. A task that learns says in `Subset.training_draws` how many it will learn from."""
    languages: tuple[str, ...] = ()
    """The languages that are wanted (``--language``); none: all. A task's ``download`` brings these, and what they need
    beside them. Its ``subsets`` may leave out those with none of them, and need not: which are scored is chosen
    elsewhere."""


@dataclass(frozen=True)
class Subset:
    """One slice of a task: a language ``hin``, a pair ``eng-hin`` (queries in eng), a transfer ``eng>hin``."""

    name: str
    languages: tuple[str, ...] = ()
    n: int = 0
    """How many items it has."""
    fingerprint: str = ""
    """Identity of its texts and labels."""
    load: Callable[[], Any] | None = None
    """Returns what the task's ``evaluate`` needs; called when the cell is due."""
    missing: str = ""
    """Why its data is not at hand; such a subset is shown as skipped where its language was asked for."""
    damaged: str = ""
    """Why its data cannot be used (file, line, what to do): an error, and the task's other subsets go on."""
    train_items: int | None = None
    """How many items it learns from, 0 where they are not at hand; None: it learns nothing, and has no curve."""
    training_draws: int = 0
    """How many bootstrapped training sets its outcome will have (`Outcome.retrained`): `Data.training_draws`, or 0
    where nothing is learned, or where what is learned from is drawn already (few shots)."""


@dataclass(frozen=True)
class Outcome:
    """What scoring one subset yields: the items' rows, from which every metric and every interval follows."""

    item_ids: Sequence[str]
    columns: Columns
    cluster_ids: Sequence[str] | None = None
    """Items with one id stand or fall together (a sentence in many languages, a document); None: all are alone.
    Ids are compared across subsets and tasks, so they begin with the data set: ``ntrex:bbc.381790``."""
    chance: Mapping[str, float] = field(default_factory=dict)
    """Per metric: what guessing scores."""
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    """Numbers to stand beside the scores: candidate count, tie rate ..."""
    notes: tuple[str, ...] = ()
    """Warnings for the board's footnotes."""
    seed_ids: Sequence[str] = ()
    """What the main metric's S seeds are called, where it has some. Equal ids in other subsets are the same draws (one
    training subset behind many languages): their luck is shared. None given: the seeds are of these items alone, and
    the same for every model."""
    retrained: Sequence[Columns] = ()
    """For each of the bootstrapped training sets that `Data.training_draws` asks for, the columns that are other ones
    when the task learns from it: their variance is that of the training set. Never beside metrics with seeds."""
    training_ids: Sequence[str] = ()
    """What these training sets are called, one a name. Equal names in other subsets are the same draws of the same
    items, for every model: their luck is shared."""
    item_texts: Sequence[Sequence[str]] = ()
    """The texts of each item (a pair has two), by which it is counted on how many items a model was trained; none
    given: that is not counted."""


@dataclass(frozen=True)
class ItemText:
    """A text of an item: an item in two languages has two texts."""

    item: str
    """The item's id; texts of equal ids in other languages are its translations."""
    text: str
    language: str
    label: str = ""
    """Its class, where it has one."""
    cluster: str = ""
    """Items of one cluster stand or fall together, as a document's sentences do; "" where each stands for itself."""


@dataclass(frozen=True)
class Task:
    """A question in one area: data, a protocol, metrics (the first is the main one) and a version."""

    name: str
    area: str
    metrics: tuple[Metric, ...]
    subsets: Callable[[Data], Iterable[Subset]]
    evaluate: Callable[[Subset, Any], Outcome]
    """Scores a subset: ``evaluate(subset, session)``, the session being an `xlbench.EncodingSession`."""
    version: int = 1
    """Raised whenever the same data and vectors would score differently."""
    settings: str = ""
    """Whatever else shapes the scores, in any stable notation; part of the task's identity."""
    languages: tuple[str, ...] = ()
    """Codes that the data set has, whether or not they are at hand: ISO 639-3, with a script where it matters."""
    data: str = ""
    """Name of the data set, as models declare it in ``trained_on``."""
    description: str = ""
    license: str = ""
    citation: str = ""
    home: str = ""
    """Where the data comes from, for a reader."""
    register: Literal["", "regularized", "unregularized"] = ""
    """The kind of text, which boards group scores by: "regularized" is edited text such as news, "unregularized" such
    as tweets and reviews, "" not known. A label, no part of the task's identity."""
    download: Download[[Data]] | None = None
    """How to download its data before a run; None: there is nothing to download."""
    imports: tuple[str, ...] = ()
    """Modules of a user's card that scoring imports: its own protocol and reader. Metrics and settings may need them,
    so that listing the task reads neither."""
    texts: Callable[[Subset], Sequence[ItemText]] | None = None
    """The texts of a subset's items one by one, each with its language, for whoever looks at them or trains on
    them: ``xlbench compare --examples``, ``xlbench plot space``, ``--pairs card:``. Raises `DataMissing` where data is
    not at hand. None: the task does not tell."""
    find: Callable[[Subset, Any, int], FoundDocuments] | None = None
    """Of a document search: ``find(subset, session, depth)`` gives the first ``depth`` documents of each query, with
    what was judged, for ``xlbench export trec``. None: the task searches no documents."""

    view: Callable[[Data], DataView] | None = None
    """What a run would read of its data, for ``xlbench list tasks --show`` and dry runs. ``view(data)`` does not raise
    for data that is absent or damaged, which is part of what is shown. None: the task does not tell."""

    def identity(self) -> str:
        """64 hex digits: equal for tasks that would score alike."""
        return digest("task", self.name, str(self.version), self.settings, *(metric.name for metric in self.metrics))


@dataclass(frozen=True)
class Suite:
    """A named list of tasks."""

    name: str
    tasks: tuple[str, ...]
    description: str = ""
