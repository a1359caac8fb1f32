"""The model of a saved run, loaded anew: the very content that was scored."""

from __future__ import annotations

from xlbench.catalog import Catalog
from xlbench.core.errors import UsageError
from xlbench.core.model import Model
from xlbench.core.record import Run
from xlbench.runs.plan import identity_of


def scored_model(run: Run, given: str, catalog: Catalog) -> Model:
    """The model that a run has scored; ``given`` is what the run is called in messages.

    Raises:
        UsageError: The run says that it cannot be scored, it is not here, or it is no longer what the run scored.
    """
    if run.failure:
        raise UsageError(f"{given}: the model cannot be scored: {run.failure}")
    model = one_model(catalog.select_models([run.spec or run.model]), given)
    fingerprint, status, reason = identity_of(model)
    if status != "ok":
        raise UsageError(f"{given}: {reason}")
    if fingerprint != run.fingerprint:
        raise UsageError(
            f"{given} was scored with another {model.name} than is here now (content {run.fingerprint[:8]}, now "
            f"{fingerprint[:8]}): bring the model back as it was, or score it again"
        )
    return model


def one_model(models: tuple[Model, ...], given: str) -> Model:
    """The one model that is meant; `UsageError` where there are several."""
    if len(models) != 1:
        raise UsageError(f"{given!r} is {len(models)} models ({', '.join(one.name for one in models)}): name one")
    return models[0]
