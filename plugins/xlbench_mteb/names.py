"""Tasks of mteb by name: their languages, subsets and areas, from mteb's metadata, without their data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xlbench.core.languages import from_scripts

AREAS: Mapping[str, str] = {
    "BitextMining": "retrieval", "Clustering": "clustering", "Classification": "classification", "STS": "similarity",
    "PairClassification": "similarity", "Retrieval": "retrieval", "Reranking": "retrieval",
    "MultilabelClassification": "classification",
}  # fmt: skip
"""Type of task -> its area; classification of sentiment or of news is of these areas."""
OF_TWO_LANGUAGES = ("BitextMining", "STS", "PairClassification")
"""Types whose subsets may be of two languages, each side in one."""


@dataclass(frozen=True)
class SubsetOfTask:
    """A subset of a task of mteb."""

    name: str
    """mteb's name for it: a configuration of the hub's repository, a pair of columns, or "default"."""
    languages: tuple[str, ...]
    """ISO 639-3 codes, with a script where it matters."""
    label: str
    """What it is called here: ``hin``, ``eng-hin``; mteb's name where its languages do not tell it from others."""


@dataclass(frozen=True)
class NamedTask:
    """A task of mteb, and by which spec it was asked for."""

    spec: str
    mteb: Any
    """mteb's task, as its registry or a benchmark has it; nothing is loaded into it."""

    @property
    def name(self) -> str:
        """mteb's name."""
        return str(self.mteb.metadata.name)

    @property
    def kind(self) -> str:
        """mteb's type of task."""
        return str(self.mteb.metadata.type)

    @property
    def area(self) -> str:
        """The area that its boards belong to."""
        metadata = self.mteb.metadata
        learns = self.kind in ("Classification", "MultilabelClassification")
        if learns and "Sentiment/Hate speech" in (metadata.task_subtypes or ()):
            return "sentiment"
        if learns and "News" in (metadata.domains or ()):
            return "news"
        return AREAS.get(self.kind, self.kind.lower())

    @property
    def source(self) -> tuple[str, str]:
        """The repository of the hub and its revision."""
        dataset = self.mteb.metadata.dataset
        return str(dataset["path"]), str(dataset.get("revision", ""))

    @property
    def is_parallel(self) -> bool:
        """Whether its data is one table with a column a language."""
        return bool(getattr(self.mteb, "parallel_subsets", False))

    @property
    def is_translated(self) -> bool:
        """Whether row i is the same text in all languages, as far as mteb knows how the data was made."""
        return "translated" in str(self.mteb.metadata.sample_creation or "") or self.is_parallel

    @cached_property
    def subsets(self) -> tuple[SubsetOfTask, ...]:
        """Its subsets, in mteb's order."""
        named = self.mteb.metadata.hf_subsets_to_langscripts
        codes = from_scripts({one for name in self.mteb.hf_subsets for one in named[name]})
        languages = {name: tuple(dict.fromkeys(codes[one] for one in named[name])) for name in self.mteb.hf_subsets}
        most = 2 if self.kind in OF_TWO_LANGUAGES else 1
        labels = {name: "-".join(its) if len(its) <= most else name for name, its in languages.items()}
        times = Counter(labels.values())
        return tuple(
            SubsetOfTask(name, its, labels[name] if times[labels[name]] == 1 else name)
            for name, its in languages.items()
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """All of its languages, sorted."""
        return tuple(sorted({language for subset in self.subsets for language in subset.languages}))

    def make(self, subsets: Sequence[str]) -> Any:
        """A new task of mteb of the same kind with these subsets alone: mteb's tasks keep data and random numbers."""
        made = type(self.mteb)()
        made.hf_subsets = [*subsets]
        return made


def wanted(task: NamedTask, languages: Sequence[str]) -> Iterator[SubsetOfTask]:
    """The subsets with one of these languages; none given: all."""
    for subset in task.subsets:
        if not languages or set(languages) & set(subset.languages):
            yield subset
