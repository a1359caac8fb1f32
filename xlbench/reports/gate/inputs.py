"""Finds the runs and the policy that a gate is asked for, and judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.one_or_more import as_list
from xlbench.core.record import Run
from xlbench.core.text import did_you_mean
from xlbench.reports.gate.judge import judge
from xlbench.reports.gate.policy import Policy, read_policy
from xlbench.reports.gate.verdict import Gate
from xlbench.runs.store import Reader

Given = Path | Sequence[Path] | Run
"""How a run is given: where it lies, where its parts lie, or as it was read."""


def gate_of(
    baseline: Given,
    candidate: Given,
    reader: Reader,
    anchor: Given | None = None,
    policy: Path | Policy | None = None,
    changes: Mapping[str, Any] | None = None,
    allow_intersection: float | None = None,
    model: str | None = None,
) -> Gate:
    """The verdict on saved runs.

    Args:
        baseline: The run to be judged by: its pack or folder, or a results folder; or several that hold parts of it.
        candidate: The run that is judged.
        reader: What reads runs and their items.
        anchor: An older run that stays.
        policy: A policy or its file; None: the defaults.
        changes: Values of the policy that count more than its own; those that are None are left out.
        allow_intersection: The share of the baseline's items that suffices.
        model: Which run is meant where a folder holds several.

    Raises:
        UsageError: A path or a name is wrong, the policy is, or both runs are one.
    """
    if allow_intersection is not None and not 0 < allow_intersection <= 1:
        raise UsageError(f"a share of {allow_intersection:g} is none: give one above 0 and up to 1, such as .99")
    for one in (baseline, anchor):
        if not (isinstance(one, Run) or isinstance(candidate, Run)) and _resolved(one) & _resolved(candidate):
            what = " + ".join(map(str, as_list(candidate)))
            raise UsageError(f"{what} is baseline and candidate at once: a run does not differ from itself")
    settled = policy_of(policy, changes)
    runs = [
        one if isinstance(one, Run) else pick(one, reader, model, alone=one is baseline)
        for one in (baseline, candidate)
    ]
    pinned = anchor if anchor is None or isinstance(anchor, Run) else pick(anchor, reader, model, alone=True)
    where = policy if isinstance(policy, Path) else None
    return judge(runs[0], runs[1], reader.influence, settled, pinned, allow_intersection, where, reader.load_table)


def _resolved(given: Path | Sequence[Path] | None) -> set[Path]:
    """The places of what is there."""
    return {path.resolve() for path in as_list(given) if path is not None and path.exists()}


def policy_of(policy: Path | Policy | None, changes: Mapping[str, Any] | None = None) -> Policy:
    """The policy of a file, with what counts more than its own values; None among these says nothing."""
    known = {name: value for name, value in (changes or {}).items() if value is not None}
    if isinstance(policy, Path):
        return read_policy(policy, known)
    plain = vars(policy) if policy is not None else {}
    return Policy(**{**plain, **known})


def pick(given: Path | Sequence[Path], reader: Reader, model: str | None = None, *, alone: bool = False) -> Run:
    """The one run that lies at a path, which is the model's; of several, that of the model.

    Args:
        given: A pack, a run's folder, or a folder of runs; or several that hold parts of runs.
        reader: What reads them.
        model: The name of the model; None: any.
        alone: Whether a run that lies there alone is meant whatever its model, as a baseline is.

    Raises:
        UsageError: It is not clear which run is meant, or there is none of the model.
        ResultsError: Two parts of a run contradict each other.
    """
    places = as_list(given)
    path = " + ".join(map(str, places))
    named = reader.find_named(places, model) if model is not None else []
    if len(named) == 1:
        return named[0]
    runs = reader.find_runs(places[0]) if len(places) == 1 else reader.find_joined(places)
    if len(runs) == 1 and (model is None or alone or not runs[0].fingerprint):  # a damaged run does not know its model
        return runs[0]
    models = sorted(run.model for run in runs)
    if model is None:
        raise UsageError(f"{path} holds several runs ({', '.join(models)}): name one with --model, or give its folder")
    own = [run for run in runs if run.model == model]
    if not own:
        raise UsageError(
            f"{path} holds no run of {model!r}.{did_you_mean(model, models)} It holds: {', '.join(models)}"
        )
    if len(own) > 1:
        raise UsageError(f"{path} holds {len(own)} runs of {model}: give the folder of one, as {own[0].folder}")
    return own[0]
