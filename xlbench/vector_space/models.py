"""Finds the model of a saved run or a spec, with the content that was scored."""

from __future__ import annotations

from pathlib import Path

from xlbench.catalog import Catalog
from xlbench.core.errors import UsageError
from xlbench.core.model import Model
from xlbench.core.record import Run
from xlbench.runs.packs.header import ENDING
from xlbench.runs.plan import identity_of
from xlbench.runs.scored_model import one_model, scored_model
from xlbench.runs.store import find_runs


def model_of(given: str, catalog: Catalog) -> tuple[Model, str]:
    """The model of a run (its folder, a pack, or a results folder that holds one), else that of a name or spec.

    Returns:
        The model and its fingerprint.

    Raises:
        UsageError: There is no such model, it cannot be loaded, or it is no longer what the run scored.
    """
    run = _run_at(Path(given))
    if run is not None:
        return scored_model(run, given, catalog), run.fingerprint
    model = one_model(catalog.select_models([given]), given)
    fingerprint, status, reason = identity_of(model)
    if status != "ok":
        is_elsewhere = ":" not in given and not Path(given).exists()
        raise UsageError(f"{given}: {'there is no such run or folder here; as a model: ' * is_elsewhere}{reason}")
    return model, fingerprint


def _run_at(path: Path) -> Run | None:
    """The one run that lies at a path; None where there is none, so that a checkpoint's folder is a spec.

    Raises:
        UsageError: There are several.
    """
    if not (path.suffix == ENDING or any(path.glob("run.json")) or _holds_runs(path)):
        return None
    runs = find_runs(path)
    if len(runs) > 1:
        models = ", ".join(sorted(run.model for run in runs))
        raise UsageError(f"{path} holds several runs ({models}): give the folder of one, as {runs[0].folder}")
    return runs[0]


def _holds_runs(path: Path) -> bool:
    return path.is_dir() and (any(path.glob("*/run.json")) or any(path.glob(f"*{ENDING}")))
