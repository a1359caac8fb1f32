"""A run as a record of Every Eval Ever, whose schema has a place for uncertainty."""

from __future__ import annotations

import functools
import json
from typing import Any

from xlbench.core.record import Cell, Run, Score
from xlbench.core.version import __version__
from xlbench.reports.exports.exported import Export, ends, number, scored

SCHEMA_VERSION = "0.3.0"
"""Of the schema that the record follows: https://github.com/evaleval/every_eval_ever"""

MARK = b'"eval_library": {\n    "name": "xlbench"'


def export(run: Run, now: int, organization: str) -> Export:
    """The main score of every cell: of the other metrics a saved run does not say whether more is better.

    Args:
        run: The saved run.
        now: When the record is made, in seconds since 1970.
        organization: Who made the evaluation.
    """
    cells, left_out = scored(run)
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"xlbench/{run.model}@{run.fingerprint[:12]}/{now}",
        "retrieved_timestamp": str(now),
        "source_metadata": {
            "source_name": "xlbench", "source_type": "evaluation_run", "source_organization_name": organization,
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "xlbench", "version": __version__},
        "model_info": _model(run),
        "evaluation_results": [_result(cell, main) for cell, main in cells],
    }  # fmt: skip
    content = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return Export({"every_eval_ever.json": content}, functools.partial(_is_own, run.fingerprint), left_out)


def _is_own(fingerprint: str, _: str, there: bytes) -> bool:
    """Whether a file is such a record, and of this very model."""
    return MARK in there and f'"fingerprint": "{fingerprint}"'.encode() in there


def _model(run: Run) -> dict[str, Any]:
    known = {"fingerprint": run.fingerprint, "license": run.license, "spec": run.spec} | dict(run.details)
    said = {str(name): str(value) for name, value in known.items() if value not in ("", None)}
    where = {"deployment_type": "self_deployed", "model_availability": "unknown"}
    return {"name": run.model, "id": run.model, "additional_details": said | where}


def _result(cell: Cell, main: Score) -> dict[str, Any]:
    return {
        "evaluation_result_id": cell.key or f"{cell.task} {cell.subset}",
        "evaluation_name": f"{cell.task} {cell.subset}",
        "source_data": {
            "dataset_name": cell.task, "source_type": "other",
            "additional_details": {
                "subset": cell.subset, "languages": ", ".join(cell.languages),
                "data_fingerprint": cell.data_fingerprint, "task_identity": cell.task_identity,
            },
        },
        "metric_config": {"metric_id": main.metric, "metric_name": main.metric, "lower_is_better": False},
        "score_details": {
            "score": number(main.value), "details": _details(cell, main), "uncertainty": _uncertainty(main),
        },
    }  # fmt: skip


def _details(cell: Cell, main: Score) -> dict[str, str]:
    """What has no field of its own: all values of this object are texts."""
    said = {"n_clusters": str(main.clusters), "chance": "" if main.chance is None else str(number(main.chance)),
            "notes": "; ".join(filter(None, (main.note, *cell.notes)))}  # fmt: skip
    return {name: text for name, text in said.items() if text}


def _uncertainty(main: Score) -> dict[str, Any]:
    """What is known of it: an interval that there is not is left out, as the schema has no null."""
    low, high = ends(main)
    known: dict[str, Any] = {"num_samples": main.n}
    if main.se is not None:
        known["standard_error"] = {"value": number(main.se), "method": "influence, clustered"}
    if low is not None:
        known["confidence_interval"] = {"lower": low, "upper": high, "confidence_level": 0.95, "method": main.method}
    return known
