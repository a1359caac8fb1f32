"""Prints what was read of the data of tasks: as a page a task, as JSON, and a line a split for dry runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.data_view import DataPart, DataView
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.tables import table
from xlbench.core.text import count_text, first_of, one_line

SCHEMA = 1
SHOWN = 12
"""So many labels, and files, are named."""
SAMPLED = 3
"""So many languages are shown with samples of their texts."""


def print_views(views: Mapping[str, DataView | None], root: Path | None, *, as_json: bool) -> int:
    """Print what was read of each task's data; 1 where some of it is damaged, or none of a task's is there."""
    if as_json:
        echo_json({"schema": SCHEMA, "tasks": {name: asdict(view) if view else None for name, view in views.items()}})
    else:
        for number, (name, view) in enumerate(views.items()):
            if number:
                echo()
            echo(name)
            echo("\n".join(_page(view, root)) if view else "  it does not tell what its data is")
    return CELL_FAILED if any(view is not None and _is_bad(view) for view in views.values()) else OK


def _is_bad(view: DataView) -> bool:
    return any(part.is_damaged for part in view.parts) or not any(part.items for part in view.parts)


def _page(view: DataView, root: Path | None) -> list[str]:
    """The lines about one task."""
    read = [part for part in view.parts if part.items]
    lines = []
    if read:
        lines += [*_indented(_rows(read)), ""]
    lines += [f"  {line}" for line in _labels(view)]
    lines += [f"  {where}: {one_line(why)}" for why, where in _troubles(view).items()]
    if view.folds:
        lines.append(f"  every item is scored, by what is learned from {view.folds - 1} of {view.folds} parts")
    lines += [f"  {line}" for line in _remarks(read)]
    lines += [f"  not declared: {one_line(said)}" for said in view.undeclared]
    if view.beside:
        lines.append(f"  not read, beside what is: {first_of([_short(file, root) for file in view.beside], SHOWN)}")
    lines += _files(read, root)
    lines += _samples(read)
    return lines


def _rows(parts: Sequence[DataPart]) -> str:
    """A table with a row a language and split."""
    rows = [
        [part.language, part.split or "all", f"{part.items:,}", f"{part.clusters:,}", *(f"{n:,}" for n in part.lengths),
         f"{part.duplicates:,}", f"{part.in_train:,}", f"{part.hidden:,}"]
        for part in parts
    ]  # fmt: skip
    heads = ["language", "split", "items", "clusters", "shortest", "median", "longest", "copies", "in train", "hidden"]
    return table(heads, rows, "llrrrrrrrr")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def _labels(view: DataView) -> list[str]:
    """A line for each split: its labels over all languages, with their counts."""
    splits = dict.fromkeys(part.split for part in view.parts)
    named = {split: _label_counts([part for part in view.parts if part.split == split], SHOWN) for split in splits}
    return [f"labels ({split or 'all'}): {labels}" for split, labels in named.items() if labels]


def _label_counts(parts: Iterable[DataPart], most: int) -> str:
    """The labels of parts together, the most frequent first."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.labels)
    return first_of([f"{label} ({count:,})" for label, count in counts.most_common()], most) if counts else ""


def _troubles(view: DataView) -> dict[str, str]:
    """Trouble -> the languages and splits that it befell."""
    befell: dict[str, list[str]] = {}
    for part in view.parts:
        if part.trouble:
            where = " ".join(filter(None, (part.language, part.split)))
            befell.setdefault(part.trouble, []).append(f"{'damaged' if part.is_damaged else 'absent'}: {where}")
    return {why: first_of(places, 4) for why, places in befell.items()}


def _remarks(parts: Sequence[DataPart]) -> list[str]:
    """What should be looked at, by what there is most of."""
    facts: Counter[str] = Counter()
    for part in parts:
        facts.update(part.facts)
    said = [f"{name} {count:,}" for name, count in facts.items()]
    return [f"left out, repaired or counted: {first_of(said, SHOWN)}"] if said else []


def _files(parts: Iterable[DataPart], root: Path | None) -> list[str]:
    names = list(dict.fromkeys(_short(file, root) for part in parts for file in part.files))
    return [f"  files ({len(names):,}): {first_of(names, SHOWN)}"] if names else []


def _short(file: str, root: Path | None) -> str:
    """The file's name below the data root, else below the current folder, else the whole one."""
    path = Path(file)
    return next((str(path.relative_to(top)) for top in (root, Path.cwd()) if top and path.is_relative_to(top)), file)


def _samples(parts: Sequence[DataPart]) -> list[str]:
    """Three texts of a few languages, of the split that is scored."""
    lines = []
    for part in [part for part in parts if part.split in ("", "test")][:SAMPLED]:
        lines += ["", f"  {part.language}:", *(f"    {one_line(sample)}" for sample in part.samples)]
    return lines


def print_short(views: Mapping[str, DataView]) -> None:
    """Print a line a task and split: items, languages, labels, copies and what is shared with the train split."""
    for name, view in views.items():
        for split in dict.fromkeys(part.split for part in view.parts):
            parts = [part for part in view.parts if part.split == split and part.items]
            if parts:
                echo(one_line(f"{name}{f' {split}' if split else ''}: {_short_line(parts)}"))


def _short_line(parts: Sequence[DataPart]) -> str:
    labels = _label_counts(parts, 5)
    items, copies, shared = (sum(getattr(part, name) for part in parts) for name in ("items", "duplicates", "in_train"))
    said = [f"{count_text(items, 'item')} in {first_of([part.language for part in parts], 5)}"]
    said += [labels] if labels else []
    said += [count_text(copies, "copy", "copies")] if copies else []
    said += [f"{shared:,} also in train"] if shared else []
    return "; ".join(said)
