"""Specs as tasks and suites: ``mteb:TASK``, ``mteb:*`` and ``mteb:BENCHMARK``, with one of two protocols."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from xlbench import (
    Data,
    DataError,
    DataMissing,
    Download,
    ItemText,
    Metric,
    Option,
    Outcome,
    Subset,
    Suite,
    Task,
    UsageError,
    XlbenchError,
)
from xlbench.core.ids import slug
from xlbench.core.specs import parse
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench_mteb import (
    bitext,
    classified,
    clustered,
    label_sets,
    multilabel,
    paired,
    registry,
    reranked,
    searched,
    similar,
)
from xlbench_mteb.names import NamedTask, SubsetOfTask, wanted
from xlbench_mteb.opened import Opened, opened

if TYPE_CHECKING:
    from xlbench import EncodingSession

KINDS: dict[str, ModuleType] = {
    "BitextMining": bitext, "Classification": classified, "Clustering": clustered, "STS": similar,
    "PairClassification": paired, "Retrieval": searched, "Reranking": searched,
    "MultilabelClassification": multilabel,
}  # fmt: skip
"""mteb's types of tasks that have a protocol here: where mteb's own is found, and ours if it is not elsewhere."""
OURS: dict[str, ModuleType] = {**KINDS, "Reranking": reranked, "MultilabelClassification": label_sets}
"""Where ours is found."""
VERSION = 1
"""Raised when equal data and vectors would score differently."""


def tasks_of(text: str, options: Sequence[Option]) -> list[Task]:
    """The tasks that a spec means: one by its name, or those with a protocol here that a pattern means.

    Raises:
        UsageError: mteb is not installed or has no such task, or the task's type has no protocol here.
    """
    spec = parse(text, options, "mteb")
    if re.search(r"[*?\[]", spec.target):
        return [_task(named, spec["protocol"]) for named in _matching(text, spec.target)]
    mteb = (
        registry.task_of_benchmark(text, spec["benchmark"], spec.target)
        if spec["benchmark"]
        else registry.task(text, spec.target)
    )
    named = NamedTask(text, mteb)
    if not spec["benchmark"]:
        _check_kind(repr(text), named)
    return [_task(named, spec["protocol"])]


def _check_kind(what: str, named: NamedTask) -> None:
    """Raise `UsageError` where the type of a task has no protocol."""
    if named.kind not in KINDS:
        raise UsageError(
            f"{what} is of the type {named.kind}, for which there is no protocol here: {', '.join(KINDS)} have one"
        )


def _matching(text: str, pattern: str) -> Iterator[NamedTask]:
    query = text.partition(":")[2][len(pattern) :]
    for name, mteb in sorted(registry.tasks(text).items()):
        if mteb.metadata.type in KINDS and mteb.metadata.modalities == ["text"] and fnmatch.fnmatchcase(name, pattern):
            yield NamedTask(f"mteb:{name}{query}", mteb)


def suite_of(text: str, options: Sequence[Option]) -> Suite:
    """The suite of a benchmark's tasks, as the benchmark restricts them; its board has the benchmark's name."""
    spec = parse(text, options, "mteb")
    benchmark = registry.benchmark(text, spec.target)
    tasks = [f"mteb:{task.metadata.name}?benchmark={spec.target}" for task in benchmark.tasks]
    if spec["protocol"] != "xlbench":
        tasks = [f"{task}&protocol={spec['protocol']}" for task in tasks]
    return Suite(slug(text), tuple(tasks), str(benchmark.description or ""))


def _task(named: NamedTask, protocol: str) -> Task:
    known: dict[Path | None, Opened] = {}
    metadata, room = named.mteb.metadata, (KINDS if protocol == "mteb" else OURS).get(named.kind)
    path, revision = named.source
    made: Sequence[Metric] = room.metrics(named, protocol) if room else bitext.metrics(named, "xlbench")
    split = _split(named)
    return Task(
        named.spec,
        named.area,
        tuple(made),
        subsets=partial(_subsets, named, protocol, room, split, known),
        evaluate=partial(_evaluate, named, protocol, room or bitext),
        texts=partial(_texts, room or bitext),
        find=partial(searched.find, named) if named.kind == "Retrieval" and protocol == "xlbench" else None,
        version=VERSION,
        settings=json.dumps(
            {"protocol": protocol, "split": split, "versions": _versions(room, protocol)}, sort_keys=True
        ),
        languages=named.languages,
        data=path,
        description=" ".join(str(metadata.description).split()),
        license=str(metadata.license or ""),
        citation=str(metadata.bibtex_citation or ""),
        home=f"https://huggingface.co/datasets/{path} at {revision}, as mteb loads it",
        download=Download(
            partial(_fetch, named, known), origin=f"https://huggingface.co/datasets/{path}", revision=revision
        ),
    )


def _versions(room: ModuleType | None, protocol: str) -> dict[str, Any]:
    """Versions of what scores: of our protocols, or of mteb."""
    if protocol == "mteb":
        return {"mteb": registry.version()}
    return {"xlbench": room.OURS} if room else {}


def _split(named: NamedTask) -> str:
    """The split that is scored: "test" where mteb (or the benchmark) evaluates on it, else the first of its splits."""
    splits = [*named.mteb.eval_splits]
    return "test" if "test" in splits else str(splits[0])


def _subsets(
    named: NamedTask, protocol: str, room: ModuleType | None, split: str, known: dict[Path | None, Opened], data: Data
) -> Iterable[Subset]:
    """The subsets with the wanted languages; those that cannot be had or read carry the reason."""
    _check_kind(named.name, named)
    assert room is not None
    if protocol == "mteb" and (data.limit is not None or data.train_size is not None or data.training_draws):
        raise UsageError("protocol=mteb is mteb's to the letter: it has no --limit, no curve and no --ci-training")
    main = named.mteb.metadata.main_score
    if protocol == "mteb" and main not in [metric.name for metric in room.metrics(named, protocol)]:
        raise UsageError(f"{named.name}: mteb computes its main score, {main!r}, in a way that is not here")
    source = opened(named, data, known)
    for subset in wanted(named, data.languages):
        try:
            yield _subset(named, room, source, subset, split, data)
        except DataError as damage:
            yield Subset(subset.label, subset.languages, damaged=str(damage))
        except DataMissing as missing:
            if source.is_empty:  # the first of a hundred that are not here either
                raise
            yield Subset(subset.label, subset.languages, missing=str(missing))


def _subset(named: NamedTask, room: ModuleType, source: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """One subset; `DataError` for data that is not what tasks of this type have, so that others go on."""
    where, splits = f"{named.name} {subset.label}", source.splits(subset)
    if split not in splits:
        raise DataError(f"{where}: its data has no split {split!r}, but {', '.join(map(str, splits))}")
    try:
        made: Subset = room.subset_of(named, source, subset, split, data)
    except XlbenchError:
        raise
    except Exception as error:  # of datasets and of Python: a column that is absent, values of several kinds ...
        log_traceback(f"the data of {where}")
        raise DataError(f"{where}: its data is not what {named.kind} of mteb has: {reason_of(error)}") from error
    return made


def _texts(room: ModuleType, subset: Subset) -> Sequence[ItemText]:
    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    found: Sequence[ItemText] = room.texts(subset.load(), subset.languages)
    return found


def _evaluate(named: NamedTask, protocol: str, room: ModuleType, subset: Subset, session: EncodingSession) -> Outcome:
    outcome: Outcome = room.evaluate(named, protocol, subset, session)
    return outcome


def _fetch(named: NamedTask, known: dict[Path | None, Opened], data: Data) -> str:
    """Have mteb load what is wanted, into the cache of the hub's client, and say of which repository."""
    source = opened(named, data, known)
    for subset in wanted(named, data.languages):
        source.splits(subset)
    return f"the cache of the hub's client: {named.source[0]}"
