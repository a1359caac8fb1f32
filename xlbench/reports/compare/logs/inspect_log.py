"""Logs of inspect_ai: one task each, as ``.json`` or as ``.eval``, a zip file of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.ids import digest
from xlbench.reports.compare.logs.figures import Log, LogFigure, check_mean, log_of, shown
from xlbench.reports.compare.logs.zipped import members

TOOL = "inspect"
VERSION = 2
MEANS = ("accuracy", "mean")
"""Metrics of inspect_ai that are means of the items' scores."""
GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
"""What scores in letters and words count: correct, incorrect, partially correct, no answer."""
NO_LOGS = ("logs.json", "eval-set.json")
"""What inspect_ai writes beside logs."""


class _Score(msgspec.Struct):
    value: Any = None


class _Sample(msgspec.Struct):
    id: int | str
    epoch: int = 1
    input: Any = ""
    target: Any = ""
    scores: dict[str, _Score] | None = None
    attachments: dict[str, str] = {}


class _Metric(msgspec.Struct):
    value: Any = None


class _Scored(msgspec.Struct):
    name: str
    scorer: str
    reducer: str | None = None
    scored_samples: int | None = None
    metrics: dict[str, _Metric] = {}


class _Results(msgspec.Struct):
    scores: list[_Scored] = []
    headline: dict[str, Any] | None = None


class _Eval(msgspec.Struct):
    task: str
    model: str
    task_version: Any = 0
    task_args: Any = None


class _Header(msgspec.Struct):
    version: int
    status: str
    eval: _Eval
    results: _Results | None = None
    invalidated: bool = False
    samples: list[_Sample] | None = None


def read(path: Path, metric: str = "") -> Log:
    """A log, or the logs of one model in a folder.

    A task is compared by its headline, or else its first score, where that is an accuracy or a mean. Several epochs of
    a sample are one item, by their mean: what one epoch leaves to chance is of that sample alone.

    Args:
        path: A file, or a folder.
        metric: The score (``includes``) or the metric (``accuracy``) to take instead.

    Raises:
        UsageError: There is no log, it is not clear which one is meant, or it is of an evaluation that did not end.
        ResultsError: A file is damaged, or items and figures contradict each other.
    """
    if path.is_dir():
        files = sorted(
            file for file in path.iterdir() if file.suffix in (".json", ".eval") and file.name not in NO_LOGS
        )
    else:
        files = [path]
    if not files:
        raise UsageError(f"{path} holds no log of inspect_ai: give a .json or .eval file, or a folder of them")
    figures: dict[str, LogFigure] = {}
    notes: list[str] = []
    models: set[str] = set()
    for file in files:
        header = _header(file)
        task = header.eval.task
        if task in figures:
            raise UsageError(f"{path} holds two logs of {task}: give the file of one, as {file}")
        models.add(header.eval.model)
        found, said = _figure(file, header, metric)
        notes += said
        if found is not None:
            figures[task] = found
    if len(models) > 1:
        raise UsageError(f"{path} holds logs of several models ({', '.join(sorted(models))}): give the file of one")
    return log_of(TOOL, models.pop(), str(path), [*figures.values()], notes)


def _header(file: Path) -> _Header:
    """Everything of a log but what only its samples tell; `UsageError` for one that did not come to its end."""
    if file.suffix == ".eval":
        parts = members(file, lambda name: name == "header.json" or _is_sample(name))
        if "header.json" not in parts:
            raise ResultsError(f"{file} has no header.json: it is cut off, or the evaluation did not end")
        header: _Header = _decode(parts.pop("header.json"), _Header, f"{file}/header.json")
        header.samples = [_decode(content, _Sample, f"{file}/{name}") for name, content in parts.items()]
    else:
        check_regular(file)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
        header = _decode(content, _Header, str(file))
    if header.version != VERSION:
        raise UsageError(f"{file} is a log of version {header.version}, and version {VERSION} is read: convert it")
    if header.status != "success" or header.invalidated or header.results is None:
        status = "invalidated" if header.invalidated else header.status
        raise UsageError(f"{file} is the log of an evaluation that has no results ({status})")
    if not header.samples:
        raise UsageError(f"{file} holds no samples: log them (log_samples), and give the whole log")
    return header


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


def _decode(content: bytes, kind: Any, where: str) -> Any:
    """JSON as a record; the constant NaN, which inspect_ai writes for what was not scored, is read as well."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError:
        pass
    try:
        return msgspec.convert(json.loads(content), kind)
    except json.JSONDecodeError as error:
        raise ResultsError(f"{where}:{error.lineno}: cut off or no JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{where}:1: no log of inspect_ai: {error}") from None


def _figure(file: Path, header: _Header, wanted: str) -> tuple[LogFigure | None, list[str]]:
    """The figure that a task is compared by, and what is said of the others."""
    assert header.samples is not None
    found, said = None, []
    epochs = max(sample.epoch for sample in header.samples)
    for scored, metric in _metrics_in_order(header):
        if wanted and wanted not in (scored.name, metric, f"{scored.name},{metric}"):
            continue
        what = f"{header.eval.task} {scored.name} {metric}"
        if metric.rpartition("/")[2] not in MEANS:
            if metric.rpartition("/")[2] not in ("stderr", "std", "var", "bootstrap_stderr"):
                said.append(f"{what} is not compared: it is not known to be a mean of its items")
        elif epochs > 1 and scored.reducer not in (None, "mean"):
            said.append(f"{what} is not compared: it is the {scored.reducer} of {epochs} epochs, and not their mean")
        elif found is None:
            found, numbers = _mean(file, header, scored, metric)
            if numbers and metric.rpartition("/")[2] != "accuracy":
                said.append(f"{what} is taken to be better where it is higher: the log does not say")
    if found is None and not said:
        said.append(f"{header.eval.task} has no figure {wanted or 'at all'}")
    return found, said


def _metrics_in_order(header: _Header) -> list[tuple[_Scored, str]]:
    """Scores with the names of their metrics, the headline first."""
    assert header.results is not None
    head = header.results.headline or {}
    pairs = [(scored, name) for scored in header.results.scores for name in scored.metrics]

    def is_headline(pair: tuple[_Scored, str]) -> bool:
        own = {"score": pair[0].name, "scorer": pair[0].scorer, "metric": pair[1], "reducer": pair[0].reducer}
        return bool(head) and all(head.get(key) == value for key, value in own.items())

    return sorted(pairs, key=lambda pair: not is_headline(pair))


def _mean(file: Path, header: _Header, scored: _Scored, metric: str) -> tuple[LogFigure, bool]:
    """A figure with its items, which have the mean that the log reports; and whether their scores are numbers."""
    assert header.samples is not None
    by_item: dict[str, list[float]] = {}
    texts: dict[str, str] = {}
    seen: set[tuple[str, int]] = set()
    numbers = False
    for sample in header.samples:
        item = f"{sample.id}:{digest(*_content(sample.input), *_content(sample.target))[:16]}"
        if (item, sample.epoch) in seen:
            raise ResultsError(f"{file}: sample {sample.id} of epoch {sample.epoch} is there twice")
        seen.add((item, sample.epoch))
        raw = _value(sample, scored)
        value = _number(raw, f"{file}: sample {sample.id} of epoch {sample.epoch}: {scored.name}")
        if value is None:
            continue
        numbers = numbers or not isinstance(raw, str | bool)
        by_item.setdefault(item, []).append(value)
        texts[f"{TOOL}:{header.eval.task}:{item}"] = shown(_text(sample))
    values = {item: math.fsum(own) / len(own) for item, own in by_item.items()}
    what, reported = f"{file}: {header.eval.task} {scored.name} {metric}", scored.metrics[metric].value
    if not values or (scored.scored_samples is not None and scored.scored_samples != len(values)):
        raise ResultsError(f"{what}: {len(values):,} samples have a score, and the log counts {scored.scored_samples}")
    if not isinstance(reported, int | float):
        raise ResultsError(f"{what} is {reported!r}, and no number")
    check_mean([*values.values()], float(reported), what)
    about = json.dumps([header.eval.task_version, header.eval.task_args], sort_keys=True)
    identity = digest(TOOL, header.eval.task, about, scored.scorer, scored.name, metric)
    clusters = {item: f"{TOOL}:{header.eval.task}:{item}" for item in values}
    return LogFigure(header.eval.task, scored.name, metric, values, clusters, identity, "", texts), numbers


def _value(sample: _Sample, scored: _Scored) -> Any:
    """What a sample scored; of a scorer of several scores, that of this name."""
    own = (sample.scores or {}).get(scored.scorer) or (sample.scores or {}).get(scored.name)
    value = None if own is None else own.value
    return value.get(scored.name) if isinstance(value, Mapping) else value


def _number(value: Any, what: str) -> float | None:
    """A score as inspect_ai counts it; None where the sample was not scored."""
    if value is None:
        return None
    if isinstance(value, str):
        known = GRADES.get(value, GRADES.get(value.lower() if len(value) > 1 else value))
        if known is None:
            raise ResultsError(f"{what} is {value!r}: a score is a number, or one of {', '.join(GRADES)}")
        return known
    if not isinstance(value, int | float) or math.isinf(value):
        raise ResultsError(f"{what} is {value!r}, and no number")
    return None if math.isnan(value) else float(value)


def _content(message: Any) -> Iterator[str]:
    """What an input or a target says: a text, texts, or messages without the ids that every run gives them anew."""
    parts: Iterable[Any] = message if isinstance(message, list) else [message]
    for part in parts:
        yield (
            json.dumps([part.get("role"), part.get("content")], sort_keys=True) if isinstance(part, dict) else str(part)
        )


def _text(sample: _Sample) -> str:
    """The last text of a sample's input, long ones from where the log keeps them."""
    last = sample.input[-1] if isinstance(sample.input, list) and sample.input else sample.input
    content = last.get("content") if isinstance(last, dict) else last
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return sample.attachments.get(text.removeprefix("attachment://"), text)
