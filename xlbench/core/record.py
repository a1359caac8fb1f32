"""The records of results: Score, Cell, Run, Results. Frozen plain values with a JSON form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xlbench.core import tables
from xlbench.core.estimate import Direction, Estimate
from xlbench.core.ids import digest
from xlbench.core.text import count_text, one_line

SCHEMA = 1

SCORING = 2
"""Raised when equal rows would get other intervals or influences: saved cells are then scored again from their rows."""

TOLERANCE = 0.001
"""By how much two runs of one cell may differ, on other processors say, and agree: a tenth of a point."""

LOOSE = "run"
"""Name of the board of runs that are of no whole suite."""

WHOLE_TASK = "*"
"""The subset of a cell that stands for a whole task which could not say what its subsets are."""

ALL = "all"
"""How the whole of the training items is asked for, and shown."""

TOKENS = "tokens"
"""In a cell's provenance: the tokens that a service has counted for the texts that were encoded for it."""
PLUGINS = "plugins"
"""In the provenance of a cell or run: what took part (model, task, engine) -> distribution of its plugin -> version."""

LAG_ONE, LAG_ONE_P = "lag_one", "lag_one_p"
"""Facts of a cell whose items are all alone: the lag-1 correlation of their influences in the order of the test set,
and how often chance gives as high a one."""

ALIKE = (
    "items next to each other are alike (lag-1 r: Data warnings): if they belong together, the interval is too narrow "
    "(give the card a block or a cluster); of parallel lines, look whether one side has shifted"
)
"""The note of a cell where chance does not explain that correlation."""

TRAINED_ON = "the model declares that it was trained on "
"""What the note begins with that marks a model's scores on data it has seen."""

TRAINED_ON_OTHERS = f"{TRAINED_ON}other items of "
"""What the note begins with where it has seen items of the data set, and none of these."""

ITEMS_TRAINED_ON = "items_trained_on"
"""The fact that counts a cell's items of which the model has seen a text in training."""

Status = Literal["ok", "skipped", "error"]


@dataclass(frozen=True)
class Score(Estimate):
    """A metric's estimate on the items of a cell."""

    metric: str = ""
    chance: float | None = None
    """What guessing scores, where that is known."""
    seed_se: float = 0.0
    """The part of ``se`` that comes from seeds: k-means starts, training subsets."""
    training_se: float = 0.0
    """The part of ``se`` that comes from the training set, where it was asked for (`Cell.ci_training`)."""
    bias: float = 0.0
    """By how much tests of this size score too high on average (below 0: too low), where the metric is a curved
    function of sums, as macro-F1 is. The value is not corrected for it; averages center their intervals on what is."""
    direction: Direction = "higher"
    """Which value is better, as the metric says."""


@dataclass(frozen=True)
class Cell:
    """(model, task, subset): the scores of all metrics, the main one first, or the reason why there are none."""

    model: str
    fingerprint: str
    """The model's content, 64 hex digits."""
    task: str
    area: str
    subset: str
    languages: tuple[str, ...]
    status: Status
    reason: str = ""
    """Why the cell was skipped or failed."""
    scores: tuple[Score, ...] = ()
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seeds: Mapping[str, float] = field(default_factory=dict)
    """The main score by single seeds, where it has some: k-means starts, training subsets. Equal names in other cells
    are the same draws."""
    ci_training: int = 0
    """From how many bootstrapped training sets the intervals hold the training set's variance; 0: they do not."""
    training: Mapping[str, float] = field(default_factory=dict)
    """The main score by each of these. Equal names in other cells are the same draws of the same items."""
    key: str = ""
    """Identity of what was computed: model, task, data. Equal keys have equal rows."""
    data_fingerprint: str = ""
    task_identity: str = ""
    """Identity of the question: protocol, options, versions and metrics. Boards compare like with like alone."""
    limit: int | None = None
    """Set where only the first items were used: a sample, never on a board."""
    train_size: int | None = None
    """Set where at most so many of the items to learn from were used: a point of a curve, never on a board. The
    subset's name then ends in it: ``hin@50``."""
    train_items: int | None = None
    """How many items were learned from; None where the task learns nothing, or does not say."""
    seed: int = 0
    ci: str = "auto"
    scoring: int = 1
    """Version of how intervals and influences are made from rows (`SCORING`)."""
    seconds: float = 0.0
    """Wall-clock of the whole cell."""
    encode_seconds: float = 0.0
    encoded: int = 0
    """Texts that went through the encoder for this cell (others were known already)."""
    items_file: str = ""
    """The parquet file of the items' rows, beside the cell's own file."""
    items_digest: str = ""
    register: str = ""
    """The task's kind of text, as boards group it: "regularized" (edited), "unregularized" or "" (not known)."""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether it may stand on a board: it is no sample, and learned from all that there is to learn from."""
        return self.limit is None and self.train_size is None

    @property
    def main(self) -> Score | None:
        """The main metric's score, or None where the cell has no scores."""
        return self.scores[0] if self.scores else None


def cell_key(
    version: int, fingerprint: str, task_identity: str, subset: str, data_fingerprint: str, ci_training: int = 0
) -> str:
    """A cell's ``key``: ``version`` is that of how xlbench makes rows from vectors."""
    training = [f"{ci_training} training sets"] if ci_training else []
    return digest(str(version), fingerprint, task_identity, subset, data_fingerprint, *training)


ITEMS, SEEDS, TRAINING = "items", "seeds", "training"
"""What an interval may hold: the luck of the test items, of seeds, of the training set."""


def plugins_of(cell: Cell) -> dict[str, dict[str, str]]:
    """The plugins that a cell's model and its task come from, as far as it says: what -> distribution -> version."""
    said = cell.provenance.get(PLUGINS)
    parts = said.items() if isinstance(said, Mapping) else ()
    return {
        one_line(str(what)): {one_line(str(name)): one_line(str(version)) for name, version in found.items()}
        for what, found in parts
        if isinstance(found, Mapping)
    }


def covers(cell: Cell) -> str:
    """What the cell's intervals hold: ``items``, ``items + seeds`` or ``items + training``."""
    return " + ".join([ITEMS, *[SEEDS] * bool(cell.seeds), *[TRAINING] * bool(cell.training)])


@dataclass(frozen=True, repr=False)
class Run:
    """One model's cells and where they come from."""

    model: str
    fingerprint: str
    cells: tuple[Cell, ...]
    description: str = ""
    license: str = ""
    trained_on: tuple[str, ...] = ()
    parameters: int | None = None
    spec: str = ""
    """What to give to ``--model`` to get the model again, where that is not its name."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What shapes its vectors, as its plugin and its encoder say: revision, pooling, dtype, length limit ..."""
    plans: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By suite: the tasks and subsets that it stands for, so that a missing part is seen as missing."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """Why the model as a whole cannot be scored, found in this run or an earlier one; "" where it can."""
    complete: bool = True
    """Whether the manifest was written, that is, whether the run came to its end."""
    saved: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """By task: the subsets that had a cell when the manifest was written, so that a lost cell is seen as missing."""
    folder: str = ""
    """Where it lies; a label, not part of what is recorded."""
    troubles: tuple[str, ...] = ()
    """What was refused when its folder was read: a line a file."""

    def __repr__(self) -> str:
        return overview((self,), "plain")


@dataclass(frozen=True, repr=False)
class Results:
    """Several runs, as boards are rendered from them; `xlbench.Results` has frames and comparisons of them, too."""

    runs: tuple[Run, ...]

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        return overview(self.runs, "plain")

    def _repr_html_(self) -> str:
        """The same for notebooks, with every name escaped."""
        return overview(self.runs, "html")


ROWS = 20
"""Cells in the overview of results: what fits on a screen."""


def overview(runs: Sequence[Run], form: tables.Form) -> str:
    """Main scores in points with their intervals, a row a cell, of the first cells; and how many there are.

    Args:
        runs: The runs.
        form: For a terminal or a notebook: "plain" or "html".
    """
    cells = [cell for run in runs for cell in run.cells]
    status = Counter(cell.status for cell in cells)
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(status.items(), key=lambda pair: pair[0] != "ok"))
    head = f"{count_text(len(runs), 'run')}, {count_text(len(cells), 'cell')}"
    head += f": {counts}" if counts else ""
    rows = [
        [one_line(text) for text in (cell.model, cell.task, cell.subset, *_score_text(cell))] for cell in cells[:ROWS]
    ]
    headers = ("model", "task", "subset", "metric", "score", "interval")
    table = tables.table(headers, rows, form=form) if rows else ""
    rest = f"and {len(cells) - ROWS:,} more: see .to_frame()" if len(cells) > ROWS else ""
    if form == "html":
        return "".join(f"<p>{text}</p>" if text in (head, rest) else text for text in (head, table, rest) if text)
    return "\n".join(filter(None, (head, table, rest)))


def _score_text(cell: Cell) -> tuple[str, str, str]:
    """The main metric, its value and its interval in points; or the status and the reason, cut."""
    main = cell.main
    if main is None or main.value is None:
        why = cell.reason or (main.note if main else "")
        return (main.metric if main else "", cell.status if cell.status != "ok" else "none", why[:60])
    has_ends = main.low is not None and main.high is not None
    ends = f"[{100 * (main.low or 0):.1f}, {100 * (main.high or 0):.1f}]" if has_ends else ""
    return main.metric, f"{100 * main.value:.1f}", ends


LONG = (
    "model", "fingerprint", "area", "task", "subset", "metric", "value", "low", "high", "method", "n", "clusters",
    "chance", "majority", "register", "status", "note", "covers",
)  # fmt: skip
"""Columns of the long table: every number, interval and note of every cell."""


def score_rows(cell: Cell) -> Iterator[dict[str, Any]]:
    """The cell as rows of the long table; ``note`` holds the score's notes and the cell's."""
    base = {
        "model": cell.model, "fingerprint": cell.fingerprint, "area": cell.area, "task": cell.task,
        "subset": cell.subset, "register": cell.register, "status": cell.status,
    }  # fmt: skip
    note_of_cell = note_of(cell)
    for score in cell.scores:
        note = "; ".join(filter(None, (score.note, note_of_cell)))
        held = covers(cell) if score.has_interval else ""
        beside = {"majority": majority(cell, score.metric), "note": note, "covers": held}
        yield base | {name: getattr(score, name) for name in LONG if hasattr(score, name)} | beside
    if not cell.scores:
        yield dict.fromkeys(LONG) | base | {"metric": "", "method": "", "note": cell.reason, "covers": ""}


def note_of(cell: Cell) -> str:
    """The notes of a cell, and whether it is of a part of the items."""
    sample = "" if cell.limit is None else f"a sample: the first {count_text(cell.limit, 'item')}"
    cut = "" if cell.train_size is None else f"learned from {count_text(cell.train_items or 0, 'item')} alone"
    return "; ".join(filter(None, (sample, cut, *cell.notes)))


def number_fact(cell: Cell, name: str) -> float | None:
    """A fact of a cell that is a number. Anything else is None: a stranger's protocol may call something else so."""
    value = cell.facts.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def majority(cell: Cell, metric: str) -> float | None:
    """What always giving the most frequent label scores by a metric, from the fact ``majority_<metric>``; else None."""
    value = number_fact(cell, f"majority_{metric}")
    return None if value is None else float(value)
