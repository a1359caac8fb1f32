"""What mteb knows by name: models, tasks and benchmarks, with "did you mean" for others.

Private functions of mteb are called here, in `abstention` and in `paired`; the modules of its types read what it saves
of predictions.
`tests/plugins/test_mteb_contract.py` looks at each of them, so that an upgrade of mteb names what broke.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from xlbench import UsageError
from xlbench.core.text import did_you_mean
from xlbench.libraries.mteb_import import import_mteb


def model_meta(spec: str, name: str) -> Any:
    """mteb's description (`ModelMeta`) of a registered model; `UsageError` where there is none of the name."""
    import_mteb(repr(spec))
    from mteb.models.model_implementations import MODEL_REGISTRY

    if name in MODEL_REGISTRY:
        return MODEL_REGISTRY[name]
    ends = [known for known in MODEL_REGISTRY if known.rpartition("/")[2].casefold() == name.casefold()]
    hint = f" Did you mean {' or '.join(map(repr, ends[:2]))}?" if ends else did_you_mean(name, MODEL_REGISTRY)
    raise UsageError(
        f"{spec!r}: mteb's registry has no model {name!r}.{hint} A checkpoint of the hub needs no registry: "
        f"st:org/name or hf:org/name"
    )


def version() -> str:
    """mteb's own version."""
    from importlib import metadata

    return metadata.version("mteb")


def task_types() -> tuple[str, ...]:
    """What mteb calls types of tasks."""
    from typing import get_args

    from mteb.abstasks.task_metadata import TaskType

    return get_args(TaskType)


def prompt_of_type(task_type: str) -> str | None:
    """The instruction that mteb gives to models for tasks of a type that have none of their own."""
    from mteb.get_tasks import _TASKS_REGISTRY

    kinds = (task for task in _TASKS_REGISTRY.values() if task.metadata.type == task_type)
    return next((task.abstask_prompt for task in kinds if hasattr(task, "abstask_prompt")), None)


def loader_of_texts(texts: Sequence[str]) -> Any:
    """Texts in the form in which mteb hands them to an encoder."""
    from mteb._create_dataloaders import _create_dataloader_from_texts

    return _create_dataloader_from_texts(list(texts))


def texts_of_search(table: Any, role: str) -> list[str]:
    """The texts of documents, with their titles, or of queries, with their instructions, as encoders get them."""
    from mteb._create_dataloaders import _retrieval_texts
    from mteb.types import PromptType

    with quietly():
        return [str(text) for text in _retrieval_texts(table, PromptType(role))]


@contextmanager
def quietly() -> Iterator[None]:
    """Without bars and warnings of the library of data sets: what is on this machine is there at once, and of which
    revision it is, is looked at here."""
    import datasets
    from datasets.utils import logging as log

    shows, level = not datasets.are_progress_bars_disabled(), log.get_verbosity()
    datasets.disable_progress_bars()
    log.set_verbosity_error()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if shows:
            datasets.enable_progress_bars()


@dataclass(frozen=True)
class Measures:
    """What mteb says of the queries of a run."""

    run: Mapping[str, Mapping[str, float]]
    """Query -> document -> similarity, without those that the task leaves out."""
    of_query: Mapping[str, Mapping[str, float]]
    """Query -> pytrec_eval's name of a measure -> value."""
    mrr: Mapping[str, Sequence[float]]
    """Values of the queries in the order of ``run``."""
    sure: Sequence[Mapping[str, float]]
    """How sure the encoder is taken to be, in the same order."""


def measures_of_search(task: Any, run: Mapping[str, Mapping[str, float]], judged: Any) -> Measures:
    """mteb's measures of each query of a run that it has made of a task."""
    from mteb._evaluators import retrieval_metrics as own

    cuts = list(task.k_values)
    kept = {query: dict(found) for query, found in run.items()}
    if task.ignore_identical_ids:
        for query, found in kept.items():
            found.pop(query, None)
    of_query = own.calculate_retrieval_scores(kept, judged, cuts, task.skip_first_result).all_scores
    if task.skip_first_result:
        # Of the similarities alone, as mteb does it: of equal ones the first stays the first.
        kept = {
            query: dict(sorted(found.items(), key=lambda one: one[1], reverse=True)[1:])
            for query, found in kept.items()
        }
    sure = [own.confidence_scores(list(found.values())) for found in kept.values()]
    return Measures(kept, of_query, own.mrr(judged, kept, cuts), sure)


def sampled(task: Any, splits: Any, subset: str, split: str) -> tuple[Any, list[int]]:
    """A task of several labels whose split is the sample of it that mteb would score, and the rows that it has."""
    from datasets import DatasetDict
    from mteb.abstasks.abstask import _multilabel_subsampling

    table = splits[split]
    if task.max_eval_samples is None or len(table) <= task.max_eval_samples:
        return task, [*range(len(table))]
    numbered = DatasetDict({split: table.add_column("row_of_split", [*range(len(table))])})
    _multilabel_subsampling(
        numbered, seed=task.seed, splits=[split], label=task.label_column_name, n_samples=task.max_eval_samples
    )
    kept = numbered[split]
    task.dataset = {subset: DatasetDict({**splits, split: kept.remove_columns("row_of_split")})}
    task.max_eval_samples = None
    return task, list(kept["row_of_split"])


def tasks(spec: str) -> dict[str, Any]:
    """All tasks of mteb's registry by name, made and not loaded."""
    import_mteb(repr(spec))
    from mteb.get_tasks import _TASKS_REGISTRY

    with _no_warnings():  # that a task is a beta is said to whoever evaluates it
        return {name: task() for name, task in _TASKS_REGISTRY.items() if not _is_aggregate(task)}


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep back what mteb warns of, as a warning and in its log."""
    log = logging.getLogger("mteb")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _is_aggregate(task: Any) -> bool:
    """Whether a task is a mean of others."""
    from mteb.abstasks.aggregated_task import AbsTaskAggregate

    return issubclass(task, AbsTaskAggregate)


def task(spec: str, name: str) -> Any:
    """A task by mteb's name; `UsageError` where there is none."""
    import_mteb(repr(spec))
    from mteb.get_tasks import _TASKS_REGISTRY

    if name not in _TASKS_REGISTRY:
        raise UsageError(
            f"{spec!r}: mteb has no task {name!r}.{did_you_mean(name, _TASKS_REGISTRY)} See xlbench list tasks 'mteb:*'"
        )
    return _TASKS_REGISTRY[name]()


def benchmark(spec: str, name: str) -> Any:
    """A benchmark by mteb's name or one of its aliases; `UsageError` where there is none."""
    mteb = import_mteb(repr(spec))
    known = {one.name: one for one in mteb.get_benchmarks()}
    known |= {alias: one for one in list(known.values()) for alias in one.aliases if alias not in known}
    if name not in known:
        raise UsageError(f"{spec!r}: mteb has no benchmark {name!r}.{did_you_mean(name, known)}")
    return known[name]


def task_of_benchmark(spec: str, of: str, name: str) -> Any:
    """A task as a benchmark has it, with the benchmark's subsets alone."""
    by_name = {one.metadata.name: one for one in benchmark(spec, of).tasks}
    if name not in by_name:
        raise UsageError(f"{spec!r}: the benchmark {of!r} has no task {name!r}.{did_you_mean(name, by_name)}")
    return by_name[name]
