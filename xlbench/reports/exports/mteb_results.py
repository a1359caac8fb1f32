"""A run as a results folder of mteb: a file a task, with the interval of every score in keys that mteb keeps.

What is written is `TaskResult` and `ModelMeta` of mteb 2 as JSON; mteb itself is not needed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.ids import digest, slug
from xlbench.core.languages import with_script
from xlbench.core.record import Cell, Run
from xlbench.core.version import __version__
from xlbench.reports.exports.exported import Export, ends, number, scored

RESERVED = (
    "main_score", "hf_subset", "languages", "mteb_version", "evaluation_time", "ci_low", "ci_high", "n", "method",
    "n_clusters", "xlbench",
)  # fmt: skip
"""Keys of an entry that no metric may take."""
OF_MTEB = ("mteb_task", "mteb_subset", "mteb_split", "mteb_version", "mteb_revision")
"""Facts of a cell that was scored by mteb's own protocol: the names by which mteb knows it."""
META = "model_meta.json"
_ORGANIZED = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE = re.compile(r"[A-Za-z0-9][\w.()-]*")


def export(run: Run) -> Export:
    """The files of mteb's cache: ``results/<org>__<model>/<revision>/<task>.json``, and ``model_meta.json`` beside.

    The revision is the model's fingerprint, so that two checkpoints never share a folder.
    """
    cells, left_out = scored(run)
    name = mteb_name(run.model)
    folder = f"results/{name.replace('/', '__')}/{run.fingerprint}"
    by_task: dict[str, list[Cell]] = {}
    for cell, _ in cells:
        by_task.setdefault(str(cell.facts.get("mteb_task", cell.task)), []).append(cell)
    files = {f"{folder}/{_file(task)}.json": _json(_task(task, of)) for task, of in by_task.items()}
    return Export({**files, f"{folder}/{META}": _json(_meta(run, name))}, _is_own, left_out)


def _is_own(name: str, there: bytes) -> bool:
    """A description of the model in the folder of its fingerprint is of this very model, whoever wrote it."""
    return name == META or b'"xlbench": {' in there


def mteb_name(model: str) -> str:
    """A model's name in the form that mteb asks for, ``organization/name``."""
    return model if _ORGANIZED.fullmatch(model) else f"xlbench/{model if _FILE.fullmatch(model) else slug(model)}"


def _file(task: str) -> str:
    return task if _FILE.fullmatch(task) else slug(task)


def _json(plain: Any) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _task(name: str, cells: list[Cell]) -> dict[str, Any]:
    """One task's file. Its own splits are mteb's where mteb's protocol was used, else "test"."""
    splits: dict[str, list[dict[str, Any]]] = {}
    for cell in cells:
        entries = splits.setdefault(str(cell.facts.get("mteb_split", "test")), [])
        entry = _entry(cell)
        if any(other["hf_subset"] == entry["hf_subset"] for other in entries):
            raise UsageError(
                f"two cells are of {name} {entry['hf_subset']}, one of them {cell.task}: mteb has one place for both; "
                "export runs of one protocol and benchmark alone"
            )
        entries.append(entry)
    facts = cells[0].facts
    return {
        "dataset_revision": str(facts.get("mteb_revision") or digest(*(cell.data_fingerprint for cell in cells))[:40]),
        "task_name": _file(name),
        "mteb_version": facts.get("mteb_version"),
        "scores": splits,
        "evaluation_time": number(sum(cell.seconds for cell in cells)),
        "kg_co2_emissions": None,
        "date": None,
    }


def _entry(cell: Cell) -> dict[str, Any]:
    """A subset's scores: the main one by its name and as ``main_score``, with its interval, then all others."""
    main = cell.scores[0]
    low, high = ends(main)
    entry: dict[str, Any] = {
        "main_score": number(main.value), "ci_low": low, "ci_high": high, "n": main.n, "method": main.method,
        "n_clusters": main.clusters,
    }  # fmt: skip
    for score in cell.scores:
        key = f"{score.metric}_score" if score.metric in RESERVED else score.metric
        one_low, one_high = ends(score)
        entry |= {key: number(score.value), f"{key}_ci_low": one_low, f"{key}_ci_high": one_high}
    return entry | {
        "hf_subset": str(cell.facts.get("mteb_subset", cell.subset)),
        "languages": [with_script(code) for code in cell.languages],
        "xlbench": {"version": __version__, "task": cell.task, "subset": cell.subset, "key": cell.key},
    }


def _meta(run: Run, name: str) -> dict[str, Any]:
    """The model as mteb describes models; what a run does not know is null."""
    unknown = (
        "release_date", "languages", "memory_usage_mb", "max_tokens", "open_weights", "public_training_code",
        "public_training_data", "reference", "similarity_fn_name", "use_instructions", "adapted_from",
        "superseded_by", "citation", "contacts",
    )  # fmt: skip
    dimensions = {cell.provenance.get("dimensions") for cell in run.cells} - {None}
    return {
        "name": name, "revision": run.fingerprint, "n_parameters": run.parameters,
        "embed_dim": dimensions.pop() if len(dimensions) == 1 else None, "license": None, "framework": [],
        "training_datasets": None, "modalities": ["text"], "model_type": ["dense"], "loader": None,
        "loader_kwargs": {}, **dict.fromkeys(unknown),
    }  # fmt: skip
