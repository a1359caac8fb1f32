"""What there is to do: every cell of the models and tasks, and what the results folder already knows of it.

A cell is done when the results folder holds one with the same key: the content of model, task and data. So the same
command goes on after any interruption, and a changed model, card or text is a new cell. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xlbench.core.errors import DataMissing, ResultsError, UsageError, XlbenchError
from xlbench.core.ids import digest
from xlbench.core.model import Model
from xlbench.core.record import ALL, Cell, Status
from xlbench.core.task import Data, Subset, Task
from xlbench.core.text import did_you_mean, reason_of
from xlbench.runs.contract import check_subsets
from xlbench.runs.store import Store


def sizes_of(wanted: Iterable[int | str]) -> tuple[int | None, ...]:
    """Training sizes in ascending order, from numbers and "all" (None, the last); `UsageError` for anything else."""
    sizes: list[int | None] = []
    for given in wanted:
        text = str(given).strip()
        if text != ALL and not (text.isascii() and text.isdigit() and int(text) > 0 and not isinstance(given, bool)):
            raise UsageError(
                f"{given!r} is no training size: give whole numbers above 0, and '{ALL}' for all items, "
                f"as in 50,100,200,{ALL}"
            )
        size = None if text == ALL else int(text)
        if size in sizes:
            raise UsageError(f"the training size {text} is given twice")
        sizes.append(size)
    if not sizes:
        raise UsageError(f"give at least one training size, as in 50,100,200,{ALL}")
    return tuple(sorted(sizes, key=lambda size: (size is None, size)))


WHOLE_TASK = "*"
"""The subset of a cell that stands for a whole task which could not say what its subsets are."""

ROW_VERSION = 1
"""Raised when equal models, tasks and data would be stored as other rows."""

UNFINISHED = "run"
"""Plan key of a run that has not finished."""

TRAINED_ON = "the model declares that it was trained on "
"""What the note begins with that marks a model's scores on data it has seen."""

State = Literal["todo", "rescore", "done", "skipped", "error", "damaged"]
"""What is to be done with a cell. A damaged one stays as it is, for its owner to look at."""


@dataclass(frozen=True)
class Settings:
    """How cells are scored."""

    seed: int = 0
    ci: str = "auto"
    limit: int | None = None
    cache: Path | None = None
    """The folder in which vectors are kept between runs; None: nowhere."""
    cache_bytes: int = 20 << 30


@dataclass(frozen=True)
class Planned:
    """One cell before it is computed."""

    model: Model
    task: Task
    subset: Subset
    cell: Cell
    """Its identity; where nothing is left to compute, the whole cell."""
    state: State


def plan(
    models: Sequence[Model],
    tasks: Sequence[Task],
    data: Data,
    store: Store,
    settings: Settings,
    languages: Sequence[str] = (),
    provenance: Mapping[str, Any] | None = None,
    train_sizes: Sequence[int | None] = (),
) -> list[Planned]:
    """Every cell of the models and tasks, with what is already known of it. Reads data and saved cells, loads no model.

    ``languages`` keeps the subsets that involve one of them; one that no task declares is a `UsageError`.
    ``train_sizes`` makes curves of it, of the tasks that learn (see `sized_slices`).
    """
    check_languages(languages, tasks)
    slices = {
        task.name: sized_slices(task, data, languages, train_sizes) if train_sizes else slices_of(task, data, languages)
        for task in tasks
    }
    planned = []
    for model in models:
        fingerprint, status, reason = identity_of(model)
        for task in tasks:
            base = Cell(
                model.name, fingerprint, task.name, task.area, "", (), "ok",
                limit=settings.limit, seed=settings.seed, ci=settings.ci, register=task.register,
                provenance=dict(provenance or {}),
            )  # fmt: skip
            if reason:  # without an identity there is no place to keep results in
                failed = replace(base, subset=WHOLE_TASK, status=status, reason=reason)
                planned.append(Planned(model, task, Subset(WHOLE_TASK), failed, "damaged"))
            else:
                planned += [_planned(model, task, part, base, store) for part in slices[task.name]]
    return planned


def identity_of(model: Model) -> tuple[str, Status, str]:
    """The model's fingerprint, "ok" and ""; or "", the status of its cells and why there is no fingerprint.

    A model whose files are not at hand is skipped, like a task whose data is not.
    """
    try:
        return model.identity(), "ok", ""
    except KeyboardInterrupt:
        raise
    except DataMissing as error:
        return "", "skipped", reason_of(error)
    except XlbenchError as error:
        return "", "error", reason_of(error)
    except BaseException as error:  # noqa: BLE001 - a model is a plugin: its failure is its own
        return "", "error", f"the model has no fingerprint: {reason_of(error)}"


def check_languages(languages: Sequence[str], tasks: Sequence[Task]) -> None:
    """Raise `UsageError` for a language that none of the tasks declares."""
    declared = {language for task in tasks for language in task.languages}
    for language in languages:
        if declared and language not in declared:
            raise UsageError(
                f"no task here has the language {language!r}.{did_you_mean(language, declared)} "
                f"Codes are ISO 639-3, with a script where it matters (zho_Hans)"
            )


@dataclass(frozen=True)
class Slice:
    """A subset of a task, or (with a failure) the whole of a task that could not say what its subsets are."""

    subset: Subset
    failure: Literal["skipped", "error"] | None = None
    reason: str = ""
    train_size: int | None = None
    """Set where it learns from a part of what there is."""


def slices_of(task: Task, data: Data, languages: Sequence[str]) -> list[Slice]:
    """The task's subsets that are wanted. One that is not at hand is kept only where its language was asked for."""
    try:
        subsets = check_subsets(task.subsets(data))
    except DataMissing as error:
        return [Slice(Subset(WHOLE_TASK), "skipped", reason_of(error))]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a task is a plugin: its failure is its own
        return [Slice(Subset(WHOLE_TASK), "error", reason_of(error))]
    if languages:
        subsets = [subset for subset in subsets if set(subset.languages) & set(languages)]
    else:
        subsets = [subset for subset in subsets if not subset.missing]
    return [_slice(subset) for subset in subsets]


def _slice(subset: Subset) -> Slice:
    """The subset, with why it cannot be scored where it cannot."""
    if subset.damaged:
        return Slice(subset, "error", " ".join(subset.damaged.split()))
    return Slice(subset, "skipped" if subset.missing else None, subset.missing)


def sized_slices(task: Task, data: Data, languages: Sequence[str], sizes: Sequence[int | None]) -> list[Slice]:
    """The task's subsets, each once for every size (None: all) of what it learns from; none where it learns nothing.

    A size that is no smaller than all there is to learn from is the whole, which is there once, as what it is in a run.
    """
    every = slices_of(task, data, languages)
    if not every:
        return [Slice(Subset(WHOLE_TASK), "skipped", "none of its subsets has data here")]
    failed = every[0].subset.name == WHOLE_TASK
    learning = every if failed else [part for part in every if part.subset.train_items is not None]
    cut = {size: _cut(task, data, languages, size) for size in sizes if size is not None} if not failed else {}
    slices: list[Slice] = []
    for part in learning:
        items = part.subset.train_items or 0
        smaller = [size for size in cut if size < items]
        slices += [cut[size].get(part.subset.name, _heedless(part, size)) for size in smaller]
        if len(smaller) < len(sizes):
            slices.append(part)
    return slices


def _cut(task: Task, data: Data, languages: Sequence[str], size: int) -> dict[str, Slice]:
    """By their names, the task's subsets where they learn from ``size`` items at most."""
    parts = slices_of(task, replace(data, train_size=size), languages)
    return {
        part.subset.name: replace(part, train_size=size)
        for part in parts
        if part.subset.train_items is not None and part.subset.train_items <= size
    }


def _heedless(part: Slice, size: int) -> Slice:
    """What stands where a task gives more to learn from than it was asked for, or another subset."""
    reason = f"the task does not heed Data(train_size={size}), and so has no curve"
    return Slice(part.subset, "error", reason, size)


def trained_on_note(model: Model, task: Task) -> str:
    """The note that marks a model's scores on data that it says it was trained on; "" for other data."""
    seen = [name for name in (task.data, task.name) if name in model.trained_on]
    return f"{TRAINED_ON}{seen[0]}" if seen else ""


def _planned(model: Model, task: Task, part: Slice, base: Cell, store: Store) -> Planned:
    """What is known of one cell before anything is computed."""
    subset = part.subset
    name = subset.name if part.train_size is None else f"{subset.name}@{part.train_size}"
    key = digest(str(ROW_VERSION), base.fingerprint, task.identity(), name, subset.fingerprint)
    cell = replace(
        base, subset=name, languages=subset.languages, key=key, data_fingerprint=subset.fingerprint,
        train_size=part.train_size, train_items=subset.train_items,
    )  # fmt: skip
    if part.failure:
        return Planned(model, task, subset, replace(cell, status=part.failure, reason=part.reason), part.failure)
    try:
        saved = store.load_cell(store.path_of(cell))
        if saved is None or saved.key != key or saved.status != "ok":
            return Planned(model, task, subset, cell, "todo")
        store.check_items(saved)  # the averages need them: that they are damaged is to be known of this cell, and now
    except ResultsError as error:
        return Planned(model, task, subset, replace(cell, status="error", reason=str(error)), "damaged")
    saved = replace(saved, train_items=cell.train_items)  # equal keys: so it was, whether or not it was written down
    others = tuple(note for note in saved.notes if not note.startswith(TRAINED_ON))
    is_marked = {*saved.notes} - {*others} == ({trained_on_note(model, task)} - {""})
    # Labels are cheap to mend, too.
    if not is_marked or (saved.seed, saved.ci, saved.register) != (cell.seed, cell.ci, cell.register):
        wanted = replace(saved, seed=cell.seed, ci=cell.ci, register=cell.register, notes=others)
        return Planned(model, task, subset, wanted, "rescore")
    return Planned(model, task, subset, saved, "done")
