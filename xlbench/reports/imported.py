"""Reads mteb results (any version since 1.0) as published figures, which have no intervals."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.languages import from_scripts
from xlbench.reports.published import COLUMNS, MTEB_SUBSET, Figure

NO_METRICS = ("evaluation_time", "ci_low", "ci_high", "n", "n_clusters", "kg_co2_emissions")
"""Numbers of an entry that are no scores; and whatever ends in one of `ENDS`."""
ENDS = ("_std", "_stderr", "_ci_low", "_ci_high")
OF_DISTANCES = {"cos_sim": "cosine", "manhattan": "manhattan", "euclidean": "euclidean", "dot": "dot", "max": "max"}
"""How old results call groups of scores -> how these begin in newer ones."""
TEST = "test"
_REVISION = re.compile(r"[0-9a-f]{40}|no_revision_available")
NOTE = "imported, no interval"


@dataclass(frozen=True)
class Imported:
    """What a folder of results holds."""

    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]
    """What of it is not among them, or is of another split than test: a line a kind."""


def read_mteb(folder: Path) -> Imported:
    """All results in a folder of mteb's: its cache, a results folder, or a clone of the public repository.

    A figure's task is called as mteb's own protocol is here, ``mteb:NAME?protocol=mteb``, and its subset by languages,
    so that a run of that task stands beside it; mteb's name of the subset goes with it. What xlbench has exported has
    the names of the task and subset that it scored.

    Raises:
        UsageError: There is no such folder, or no result in it.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}: give a folder of mteb's results")
    folder = folder.resolve()  # the names of folders are names of models
    left: Counter[str] = Counter()
    without_test = 0
    found: dict[tuple[str, str, str, str], Figure] = {}
    models = _labels(folder)
    for path in sorted(models):
        result = _result(path, left)
        scores = _scores_of_file(result, left)
        without_test += bool(scores) and TEST not in _splits(result)
        for where, metric, value in scores:
            task = where.task or f"mteb:{_task(result, path)}?protocol=mteb"
            place = models[path], task, where.subset, metric
            if place in found and found[place].value != value:
                left["another result of the same model, task and subset came first"] += 1
            found.setdefault(place, Figure(*place, value, where.mteb_subset))
    if not found:
        raise UsageError(f"{folder} holds no results of mteb{_reasons(left)}")
    figures = tuple(figure for _, figure in sorted(found.items()))
    lines = [f"{count:,} left out: {reason}" for reason, count in sorted(left.items())]
    if without_test:
        lines.append(f"{without_test:,} without a test split: their figures are of the first split that there is")
    return Imported(figures, tuple(lines))


def _reasons(left: Mapping[str, int]) -> str:
    return f" ({'; '.join(f'{count:,} x {reason}' for reason, count in sorted(left.items()))})" if left else ""


def as_csv(imported: Imported) -> str:
    """The figures as a table that ``xlbench published`` and ``xlbench board --imported`` read."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, MTEB_SUBSET, "origin"])
    writer.writerows(
        [one.model, one.task, one.subset, one.metric, repr(one.value), one.mteb_subset, NOTE]
        for one in imported.figures
    )
    return out.getvalue()


def _labels(folder: Path) -> dict[Path, str]:
    """The files of results, each with its model's name; with the revision where a model has results of several."""
    places = {
        path: _model(path, folder)
        for path in folder.rglob("*.json")
        if path.name != "model_meta.json" and not path.name.startswith((".", "_")) and ".git" not in path.parts
    }
    revisions: dict[str, set[str]] = {}
    for model, revision in places.values():
        revisions.setdefault(model, set()).add(revision)
    return {
        path: model if len(revisions[model]) == 1 else f"{model}@{revision[:12] or 'none'}"
        for path, (model, revision) in places.items()
    }


def _model(path: Path, folder: Path) -> tuple[str, str]:
    """Name and revision by the folders: ``org__name/<revision>/Task.json``, or before there were revisions
    ``org__name/Task.json``, ``name/Task.json`` or ``org/name/Task.json``, in a folder of results."""
    *_, above, parent, _ = ("", "", *path.relative_to(folder.parent).parts)
    if "__" in above or ("__" not in parent and _is_revision(path.parent)):
        return above.replace("__", "/"), parent
    if "__" in parent:
        return parent.replace("__", "/"), ""
    names = [name for name in path.relative_to(folder).parts[:-1] if name != "results"]
    return "/".join(names[-2:]) or parent, ""


def _is_revision(folder: Path) -> bool:
    """Whether a folder is one of a model's revisions, in which mteb describes the model."""
    return (folder / "model_meta.json").is_file() or bool(_REVISION.fullmatch(folder.name))


def _result(path: Path, left: Counter[str]) -> dict[str, Any]:
    try:
        check_regular(path)
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (UsageError, OSError, ValueError, RecursionError):
        left["a file that cannot be read as JSON"] += 1
        return {}
    if not isinstance(plain, dict) or not {"task_name", "mteb_dataset_name", "mteb_version", "scores"} & set(plain):
        left["a file that is no result of mteb"] += 1
        return {}
    return plain


def _task(result: Mapping[str, Any], path: Path) -> str:
    return str(result.get("task_name") or result.get("mteb_dataset_name") or path.stem)


def _splits(result: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Split -> entries, one a subset, whatever the version: before 1.11 splits lay at the top, and subsets below."""
    scores = result.get("scores")
    if isinstance(scores, dict):
        return {split: [one for one in its if isinstance(one, dict)] for split, its in scores.items() if its}
    found = {}
    for split, its in result.items():
        if not isinstance(its, dict):
            continue
        below = {name: value for name, value in its.items() if isinstance(value, dict) and name not in OF_DISTANCES}
        if any(isinstance(value, int | float) for name, value in its.items() if name not in NO_METRICS):
            below = {}  # scores of the split itself: what lies below are details of them
        found[split] = [{**one, "hf_subset": name} for name, one in below.items()] or [{**its, "hf_subset": "default"}]
    return found


@dataclass(frozen=True)
class Place:
    """Which subset of which task an entry is of."""

    subset: str
    mteb_subset: str
    """mteb's name; "" where the entry is of a protocol of ours."""
    task: str = ""
    """The task that xlbench has scored, where it has exported the entry; "": mteb's."""


def _scores_of_file(result: Mapping[str, Any], left: Counter[str]) -> list[tuple[Place, str, float]]:
    """What `_scores` finds in a result; nothing, counted, where it is damaged or holds none."""
    try:
        before = sum(left.values())
        found = list(_scores(result, left)) if result else []
    except (AttributeError, TypeError, ValueError, OverflowError):
        left["a result that is damaged"] += 1
        return []
    if result and not found and sum(left.values()) == before:
        left["a result without a score"] += 1
    return found


def _scores(result: Mapping[str, Any], left: Counter[str]) -> Iterator[tuple[Place, str, float]]:
    """(place, metric, value) of the test split, or else of the first that there is."""
    splits = _splits(result)
    split = TEST if TEST in splits else next(iter(splits), "")
    if len(splits) > 1:
        left["a split beside the test split"] += len(splits) - 1
    labels = _subsets(splits.get(split, []))
    for entry in splits.get(split, ()):
        if _in_percent(entry):
            left["a subset whose main score is above 1, as in percent"] += 1
            continue
        name = str(entry.get("hf_subset", "default"))
        place = _own_place(entry) or Place(labels[name], name)
        for metric, value in _numbers(entry):
            if -1.0 <= value <= 1.0:  # no NaN is
                yield place, metric, float(value)
            else:
                left["a value that is no share (not from -1 to 1)"] += 1


def _own_place(entry: Mapping[str, Any]) -> Place | None:
    """What xlbench has scored, where it has exported the entry and the protocol is its own."""
    own = entry.get("xlbench")
    if not isinstance(own, dict):
        return None
    task, subset = own.get("task"), own.get("subset")
    if not isinstance(task, str) or not isinstance(subset, str) or not task or not subset or "protocol=mteb" in task:
        return None
    return Place(subset, "", task)


def _in_percent(entry: Mapping[str, Any]) -> bool:
    """Whether the score that stands for an entry is above 1: then no other number of it is a share for certain."""
    main = [entry[name] for name in ("main_score", "accuracy", "f1", "v_measure", "map") if name in entry]
    return any(isinstance(value, int | float) and value > 1.0 for value in main)


def _numbers(entry: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The scores of an entry by mteb's present names."""
    for name, value in entry.items():
        if isinstance(value, dict) and name in OF_DISTANCES:
            yield from ((f"{OF_DISTANCES[name]}_{inner}", one) for inner, one in _numbers(value))
        elif isinstance(value, int | float) and not isinstance(value, bool) and _is_metric(name):
            yield name, value


def _is_metric(name: str) -> bool:
    return name not in NO_METRICS and not name.endswith(ENDS)


def _subsets(entries: list[dict[str, Any]]) -> dict[str, str]:
    """mteb's names of subsets -> by languages, where these tell them apart; older results do not name languages."""
    given = {
        str(one.get("hf_subset", "default")): [str(code) for code in one.get("languages") or ()] for one in entries
    }
    codes = from_scripts(code for its in given.values() for code in its)
    labels = {
        name: "-".join(dict.fromkeys(codes[code] for code in its)) if 0 < len(its) <= 2 else name
        for name, its in given.items()
    }
    times = Counter(labels.values())
    return {name: label if times[label] == 1 else name for name, label in labels.items()}
