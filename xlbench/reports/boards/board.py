"""The records of a board: `Board` and its rows, lines and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum
from operator import mul
from typing import Literal

from xlbench.reports.boards.averages import Entry
from xlbench.reports.boards.evidence import Evidence
from xlbench.reports.boards.hubs import HubLine
from xlbench.reports.boards.languages import LanguageLine
from xlbench.reports.boards.models import ModelLine
from xlbench.reports.boards.notes import DataLine
from xlbench.reports.boards.ranks import Rank
from xlbench.reports.boards.registers import RegisterLine
from xlbench.reports.boards.score_rows import ScoreRows
from xlbench.reports.published import Figure

__all__ = ["LEVEL", "Board", "Cost", "DataLine", "Entry", "HubLine", "LanguageLine", "Line", "ModelLine", "Rank",
           "RegisterLine", "Row", "Source"]  # fmt: skip


LEVEL = 0.95
"""Confidence level of every interval; the cells' own are made at this level."""


@dataclass(frozen=True)
class Row:
    """A model's place on the board."""

    model: str
    fingerprint: str
    label: str
    """The name; with the fingerprint's first digits where two models have one name."""
    rank: int | None
    """1 + the number of models with a higher overall; None without an overall."""
    rank_low: int | None
    rank_high: int | None
    """The ranks that the model may well have: a simultaneous interval over all models."""
    tied_with_best: bool
    overall: Entry
    areas: Mapping[str, Entry]
    tasks: Mapping[str, Entry]
    borda: float | None
    """Share of the other models beaten, averaged over the parts; None where there are no others."""
    notes: tuple[str, ...] = ()
    corrected: Entry = field(default_factory=Entry)
    """The overall with every task corrected for its chance level."""
    chances: Mapping[str, float | None] = field(default_factory=dict)
    """What guessing scores by the overall (under ``overall``) and in every area; None where a part has no chance
    level."""
    task_chances: Mapping[str, float] = field(default_factory=dict)
    """The same in every task that has one."""
    area_ranks: Mapping[str, Rank] = field(default_factory=dict)
    task_ranks: Mapping[str, Rank] = field(default_factory=dict)
    """By area and by task where the model has a score: its rank there, all models of that area or task at once."""
    letters: str = ""
    """Of the overall: two models share a letter if they are not told apart."""

    @property
    def n(self) -> int:
        """Items below the overall."""
        return self.overall.n

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All its averages, in the order in which a reader meets them."""
        return self.overall, self.corrected, *self.areas.values(), *self.tasks.values()


@dataclass(frozen=True)
class Line:
    """One subset of one task: an entry a model, in the order of the board's rows."""

    area: str
    task: str
    subset: str
    languages: tuple[str, ...]
    metric: str
    n: int
    clusters: int
    chance: float | None
    """What guessing scores; where that depends on the model, the least."""
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    """What holds for every model here, that is, for the data."""
    majority: float | None = None
    """What always giving the most frequent label scores."""
    left_out: bool = False
    """Whether no average counts it: no model has a score here, or averages are over languages and it is about none."""
    weight: float | None = None
    """What it weighs in its task, where subsets do not weigh alike."""


@dataclass(frozen=True)
class Cost:
    """What a model's cells took. Varies from run to run, so it stands apart from everything else."""

    model: str
    fingerprint: str
    label: str
    cells: int
    seconds: float
    encode_seconds: float
    encoded: int
    """Texts that went through the encoder."""
    peak_memory_bytes: int | None
    parameters: int | None
    tokens: int | None = None
    """Those that a service has counted, and asks to be paid for; None where none did."""

    @property
    def sentences_per_second(self) -> float | None:
        """Texts a second of encoding; None where nothing was encoded."""
        return self.encoded / self.encode_seconds if self.encode_seconds > 0 and self.encoded else None


@dataclass(frozen=True)
class Source:
    """Where a task's data comes from, as its card or plugin says."""

    data: str = ""
    license: str = ""
    home: str = ""
    citation: str = ""


@dataclass(frozen=True)
class Board:
    """A rendering's whole content. Equal results give equal boards, whatever the order of the runs (costs aside)."""

    title: str
    level: float
    areas: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    """(area, task)."""
    rows: tuple[Row, ...]
    """Best first; models without an overall last."""
    cells: tuple[Line, ...]
    scores: ScoreRows
    """Every metric of every cell: rows of the long table (`xlbench.core.record.LONG`)."""
    costs: tuple[Cost, ...]
    languages: tuple[LanguageLine, ...] = ()
    """Averages by language; none where no subset is of one language or two."""
    registers: tuple[RegisterLine, ...] = ()
    """Averages by kind of text, where the tasks have two."""
    data: tuple[DataLine, ...] = ()
    """What is odd about the data, a line a subset."""
    hubs: tuple[HubLine, ...] = ()
    """How unevenly queries fall on candidates, a line a subset and model; none where no cell says that."""
    models: tuple[ModelLine, ...] = ()
    """What the models are, in the order of the rows."""
    troubles: tuple[str, ...] = ()
    """Files that were refused: a line each. Their cells have no score."""
    conflicts: tuple[str, ...] = ()
    """Cells of which several runs have different scores: a line each, which is a footnote too."""
    detectable: tuple[float, float] | None = None
    """What difference of the overall from the best would have been seen four times in five: the least and the greatest
    over the other models. None where there is no other."""
    learning: tuple[str, ...] = ()
    """The areas in which something is learned from training items, and an interval does not hold these."""
    training_sets: tuple[int, ...] = ()
    """From how many bootstrapped training sets some of the intervals hold the training set, too (``--ci-training``)."""
    chances: Mapping[str, float | None] = field(default_factory=dict)
    """What guessing scores by the overall (under ``overall``) and in every area; where that depends on the model, the
    least of every subset. None where a part has no chance level."""
    without_chance: tuple[str, ...] = ()
    """The tasks that have no chance level, and that the overall above chance leaves out."""
    over: str = "items"
    """What the intervals of averages are over: ``items``, or ``languages``, which are then a sample of others."""
    metric: str = ""
    """By which metric, where that is not each task's main one."""
    imported: tuple[Figure, ...] = ()
    """Numbers of others, without an interval, for the main metrics of the board's cells: shown beside, never ranked."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """By task: its data, license and citation, of the tasks that are installed where the board was made."""
    evidence: Evidence | None = field(default=None, compare=False, repr=False)
    """What the numbers are made of; None of a board that was made by hand."""

    @property
    def generalization(self) -> str:
        """What its intervals are for beyond these languages, as the end of a phrase; "" where these alone are meant."""
        return "" if self.over == "items" else ", for languages in general, of which these are a sample"

    def baseline(self, task: str, kind: Literal["chance", "majority"]) -> float | None:
        """A baseline of a task's main metric, averaged as its scores are; None where a subset has none."""
        lines = [line for line in self.cells if line.task == task and not line.left_out]
        values = [value for line in lines if (value := getattr(line, kind)) is not None]
        if not values or len(values) < len(lines):
            return None
        weights = [1 / len(lines) if line.weight is None else line.weight for line in lines]
        return fsum(map(mul, weights, values))

    def area_ranks(self, area: str) -> tuple[Rank, ...]:
        """The ranks of all models that have one in an area."""
        return tuple(row.area_ranks[area] for row in self.rows if area in row.area_ranks)

    def task_ranks(self, task: str) -> tuple[Rank, ...]:
        """The ranks of all models that have one in a task."""
        return tuple(row.task_ranks[task] for row in self.rows if task in row.task_ranks)

    @property
    def footnotes(self) -> tuple[str, ...]:
        """All notes and reasons, each once, in the order in which a reader meets them; the first is number 1."""
        return tuple(dict.fromkeys(self._notes()))

    def _notes(self) -> Iterator[str]:
        for row in self.rows:
            yield from row.notes
            for entry in row.entries:
                yield from marks(entry)
        averaged: tuple[RegisterLine | LanguageLine, ...] = (*self.registers, *self.languages)
        for one in averaged:
            for entry in one.entries:
                yield from marks(entry)
        for line in self.cells:
            yield from line.notes
            for entry in line.entries:
                yield from marks(entry)


def marks(entry: Entry) -> Iterator[str]:
    """The footnotes of one number: why it is missing, then its notes."""
    if entry.reason:
        yield entry.reason
    yield from entry.notes
