"""A run as the ``model-index`` block of a model card, for the head of a README.md on the Hugging Face hub."""

from __future__ import annotations

import functools
import json
from typing import Any

from xlbench.core.record import Cell, Run, Score
from xlbench.core.text import count_text
from xlbench.reports.exports.exported import Export, ends, number, scored

FILE = "model-index.yml"
HEAD = "# written by xlbench export model-card"

TASK_TYPES = {
    "retrieval": "sentence-similarity", "clustering": "feature-extraction", "news": "text-classification",
    "sentiment": "text-classification", "ner": "token-classification", "classification": "text-classification",
    "similarity": "sentence-similarity",
}  # fmt: skip
"""Area -> the hub's name for such a task; of areas of plugins it is feature-extraction."""


def export(run: Run) -> Export:
    """The main score of every cell. The format has no place for intervals: they stand in the metric's name for readers,
    and in its ``args`` for programs."""
    cells, left_out = scored(run)
    results = [_result(cell, main) for cell, main in cells]
    lines = [HEAD, "model-index:", *_yaml([{"name": run.model, "results": results}])]
    return Export({FILE: "\n".join(lines) + "\n"}, functools.partial(_is_own, run.fingerprint), left_out)


def _is_own(fingerprint: str, _: str, there: bytes) -> bool:
    """Whether a file is such a block, and of this very model."""
    return there.startswith(HEAD.encode()) and f'model_fingerprint: "{fingerprint}"'.encode() in there


def _result(cell: Cell, main: Score) -> dict[str, Any]:
    low, high = ends(main)
    known = f"95% interval {low} to {high}, {main.method}" if low is not None else "no interval"
    return {
        "task": {"type": TASK_TYPES.get(cell.area, "feature-extraction"), "name": cell.area},
        "dataset": {
            "type": cell.task, "name": f"{cell.task} ({cell.subset})", "config": cell.subset,
            "split": str(cell.facts.get("mteb_split", "test")),
            "args": {"data_fingerprint": cell.data_fingerprint, "model_fingerprint": cell.fingerprint},
        },
        "metrics": [{
            "type": main.metric, "value": number(main.value),
            "name": f"{main.metric} ({known}; n = {main.n}, {count_text(main.clusters, 'cluster')})",
            "args": {"ci_low": low, "ci_high": high, "method": main.method, "n": main.n, "n_clusters": main.clusters},
        }],
    }  # fmt: skip


def _yaml(value: Any, indent: str = "") -> list[str]:
    """Lines of YAML for lists and mappings that are not empty; scalars are JSON, which YAML reads."""
    lines: list[str] = []
    if isinstance(value, list):
        for one in value:
            first, *rest = _yaml(one, indent + "  ")
            lines += [f"{indent}- {first.removeprefix(indent + '  ')}", *rest]
        return lines
    for key, one in value.items():
        if isinstance(one, dict | list):
            lines += [f"{indent}{key}:", *_yaml(one, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {json.dumps(one, ensure_ascii=False)}")
    return lines
