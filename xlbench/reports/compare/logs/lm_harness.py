"""Logs of lm-evaluation-harness: ``results_<date>.json`` and, beside it, ``samples_<task>_<date>.jsonl``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.ids import digest
from xlbench.reports.compare.logs.figures import Log, LogFigure, check_mean, is_mean, log_of, shown

TOOL = "lm-eval"
TEXT_FIELDS = ("question", "query", "input", "text", "sentence", "prompt", "problem", "goal", "ctx", "premise")
"""Fields of a document that are likely to be what a reader knows it by."""
ASKED = ("output_type", "test_split", "num_fewshot", "doc_to_text", "doc_to_target", "doc_to_choice", "description")
"""What a task's configuration says of its question."""


@dataclass(frozen=True)
class _Sample:
    """A line of a samples file."""

    item: str
    cluster: str
    prompt: str
    filter: str
    fields: Mapping[str, Any]
    line: int


def read(path: Path, metric: str = "") -> Log:
    """The log in a folder, in the one folder in it, or of one results file.

    A task is compared by the first of its metrics, as its configuration lists them, that is a mean of its items and
    of which the log says that higher is better; with the first of its filters.

    Args:
        path: A folder that ``--output_path`` named, or a results file.
        metric: The metric to take instead, alone (``acc_norm``) or with its filter (``exact_match,strict-match``).

    Raises:
        UsageError: There is no log, or it is not clear which one is meant.
        ResultsError: A file is damaged, or items and figures contradict each other; with file and line.
    """
    files = _results_files(path)
    results = {file: _results(file) for file in files}
    models = {str(plain.get("model_name") or "") for plain in results.values()}
    if len(models) > 1:
        raise UsageError(f"{path} holds logs of several models ({', '.join(sorted(models))}): give the file of one")
    figures: dict[str, LogFigure] = {}
    notes: list[str] = []
    for file, plain in results.items():
        for task in plain["configs"]:
            if task in figures:
                raise UsageError(f"{path} holds two logs of {task}: give the results file of one, as {file}")
            found, said = _figure(file, plain, task, metric)
            notes += said
            if found is not None:
                figures[task] = found
    return log_of(TOOL, models.pop() or path.stem, str(path), [*figures.values()], notes)


def _results_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(path.glob("results*.json")) or sorted(path.glob("*/results*.json"))
    folders = {file.parent for file in found}
    if not found:
        raise UsageError(f"{path} holds no results_<date>.json: give the --output_path of lm-eval --log_samples")
    if len(folders) > 1:
        names = ", ".join(sorted(folder.name for folder in folders))
        raise UsageError(f"{path} holds logs of several models ({names}): give the folder of one")
    return found


def _results(file: Path) -> dict[str, Any]:
    check_regular(file)
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    except json.JSONDecodeError as error:
        raise ResultsError(f"{file}:{error.lineno}: cut off or no JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise ResultsError(f"{file} is not UTF-8") from None
    except RecursionError:
        raise ResultsError(f"{file}:1: lists in one another without end") from None
    parts = [plain.get(name) for name in ("results", "configs")] if isinstance(plain, dict) else [None]
    if not all(isinstance(part, dict) and all(isinstance(one, dict) for one in part.values()) for part in parts):
        raise ResultsError(f"{file}:1: no results of lm-evaluation-harness: it lacks 'results' or 'configs'")
    return dict(plain)


def _figure(file: Path, plain: Mapping[str, Any], task: str, wanted: str) -> tuple[LogFigure | None, list[str]]:
    """The figure that a task is compared by, and what is said of the others."""
    reported, config = plain["results"].get(task), plain["configs"][task]
    if not isinstance(reported, dict):
        raise ResultsError(f"{file}:1: {task} has a configuration and no results")
    path = file.with_name(f"samples_{task}_{file.stem.rpartition('_')[2]}.jsonl")
    samples = [*_samples(path)]
    filters = [*dict.fromkeys(one.filter for one in samples)]
    names = [
        *dict.fromkeys([*_metrics_in_order(config), *(name for one in samples[:1] for name in one.fields["metrics"])])
    ]
    keys = [f"{name},{own}" for name in names for own in filters if f"{name},{own}" in reported]
    if wanted:
        keys = [key for key in keys if wanted in (key, key.partition(",")[0])]
    found, said = None, []
    for key in keys:
        why = _why_not(plain, task, key, samples)
        if why:
            said.append(f"{task} {key} is not compared: {why}")
        elif found is None:
            found = _mean(file, path, plain, task, key, samples)
    if found is None and not said:
        said.append(f"{task} has no figure {wanted or 'of a metric'}")
    return found, said


def _metrics_in_order(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The metrics of a task's configuration, as they are listed."""
    listed = config.get("metric_list") or []
    return {str(one["metric"]): one for one in listed if isinstance(one, dict) and "metric" in one}


def _why_not(plain: Mapping[str, Any], task: str, key: str, samples: Sequence[_Sample]) -> str:
    """Why a figure is no mean of which higher is known to be better; "" where it is one."""
    name, _, own = key.partition(",")
    listed = _metrics_in_order(plain["configs"][task]).get(name, {})
    higher = (plain.get("higher_is_better") or {}).get(task, {}).get(name, listed.get("higher_is_better"))
    if higher is not True:
        return "lower is better" if higher is False else "the log does not say whether higher is better"
    values = [one.fields.get(name) for one in samples if one.filter == own]
    if str(listed.get("aggregation", "mean")) != "mean":
        return f"it is no mean of its items ({listed['aggregation']})"
    if not all(isinstance(value, int | float) for value in values):
        return "it is no mean of its items, which have no number each"
    reported = plain["results"][task][key]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    declared = "aggregation" in listed
    known = isinstance(reported, int | float) and all(map(math.isfinite, numbers))
    return "it is no mean of its items" if known and not declared and not is_mean(numbers, float(reported)) else ""


def _mean(
    file: Path, path: Path, plain: Mapping[str, Any], task: str, key: str, samples: Sequence[_Sample]
) -> LogFigure:
    """A figure with its items, which have the mean that the log reports."""
    name, _, own = key.partition(",")
    kept = [one for one in samples if one.filter == own]
    values: dict[str, float] = {}
    for one in kept:
        if not math.isfinite(one.fields[name]):
            raise ResultsError(f"{path}:{one.line}: {name} is {one.fields[name]}, and no number that has a mean")
        if one.item in values:
            raise ResultsError(f"{path}:{one.line}: document {one.item} is there twice")
        values[one.item] = float(one.fields[name])
    reported = plain["results"][task][key]
    if not isinstance(reported, int | float):
        raise ResultsError(f"{file}:1: {task} {key} is {reported!r}, and no number")
    effective = ((plain.get("n-samples") or {}).get(task) or {}).get("effective")
    if effective is not None and effective != len(values):
        raise ResultsError(f"{path}:{len(samples)}: {len(values):,} documents, and {file.name} counts {effective:,}")
    check_mean([*values.values()], float(reported), f"{path}: {task} {key}")
    config = plain["configs"][task]
    asked = [f"{part}={json.dumps(config.get(part), sort_keys=True)}" for part in ASKED]
    version = json.dumps((plain.get("versions") or {}).get(task))
    return LogFigure(
        task, key, name, values, {one.item: one.cluster for one in kept},
        digest(TOOL, task, version, key, *asked), digest(*sorted(one.prompt for one in kept)),
        {one.cluster: _text(one.fields.get("doc")) for one in kept},
    )  # fmt: skip


def _samples(path: Path) -> Iterator[_Sample]:
    """The lines of a samples file."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            lines = [*file]
    except FileNotFoundError:
        raise UsageError(f"{path} is missing: run lm-eval with --log_samples, and keep its files together") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(lines, 1):
        try:
            plain = decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ResultsError(f"{path}:{number}: cut off or no JSON: {error}") from None
        if not isinstance(plain, dict) or "doc_id" not in plain:
            raise ResultsError(f"{path}:{number}: no sample of lm-evaluation-harness: it has no 'doc_id'")
        document = str(plain.get("doc_hash") or digest(json.dumps(plain.get("doc"), sort_keys=True)))[:16]
        metrics = plain.get("metrics")
        plain["metrics"] = metrics if isinstance(metrics, list) else [*plain]
        yield _Sample(
            f"{plain['doc_id']}:{document}", f"{TOOL}:{document}", str(plain.get("prompt_hash") or ""),
            str(plain.get("filter") or "none"), plain, number,
        )  # fmt: skip


def _text(document: Any) -> str:
    """What a reader knows a document by."""
    fields = document if isinstance(document, dict) else {}
    text = next((fields[name] for name in TEXT_FIELDS if isinstance(fields.get(name), str)), None)
    return shown(text or json.dumps(document, ensure_ascii=False))
