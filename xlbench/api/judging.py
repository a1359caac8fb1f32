"""`compare` and `gate`: two saved runs become differences and verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xlbench.core.one_or_more import OneOrMore, as_list
from xlbench.core.record import Run

if TYPE_CHECKING:
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.compare.logs.reader import LogReader
    from xlbench.reports.gate.policy import Policy
    from xlbench.reports.gate.verdict import Gate


def compare(
    baseline: OneOrMore[str | Path | Run],
    candidate: OneOrMore[str | Path | Run],
    *,
    tasks: OneOrMore[str] = (),
    languages: OneOrMore[str] = (),
    method: Literal["t", "bootstrap", "randomization"] = "t",
    level: float = 0.95,
    explore: bool = False,
    over: Literal["items", "languages"] = "items",
    allow_intersection: float | None = None,
    examples: int = 0,
    metric: str = "",
    seed: int = 0,
    suite: str = "",
) -> Comparison:
    """Compare two saved runs cell by cell: is the candidate better, where, and by how much.

    Args:
        baseline: The folder of a run, a pack, a results folder that holds one run, a `Run` that was saved; several of
            these that hold parts of one run; or a log of another tool: ``lm-eval:PATH``, ``inspect:PATH``.
        candidate: The same.
        tasks: Names or patterns; none: all.
        languages: Only subsets about these, a transfer being about the tested one; none: all.
        method: Of intervals and p.
        level: Of intervals.
        explore: Keep the share of false findings among verdicts, not the chance of any.
        over: What the overall is a sample of: the items of these tasks, or languages in general.
        allow_intersection: The share of items that both runs must have; None: all.
        examples: How many of the items that changed most to name.
        metric: Of logs: the metric to compare by; "": each task's own.
        seed: Of random numbers.
        suite: Only what was planned for it; "": all that both runs have.

    Returns:
        Paired differences, candidate - baseline, with a verdict each; ``.to_frame()`` gives the long table.

    Raises:
        UsageError: There is no such run, or the two do not have the same cells.
        ResultsError: Results are damaged.
    """
    from xlbench.reports.compare.comparison import against_baseline
    from xlbench.reports.compare.differences import Options
    from xlbench.reports.compare.matching import CellFilter

    reader, runs = _read_both(baseline, candidate, metric)
    options = Options(level, method, explore=explore, over_languages=over == "languages", seed=seed)
    wanted = CellFilter(as_list(tasks), as_list(languages), suite)
    return against_baseline(runs, reader.influence, options, wanted, allow_intersection, examples, reader.load_items)[0]


def _read_both(
    baseline: OneOrMore[str | Path | Run], candidate: OneOrMore[str | Path | Run], metric: str
) -> tuple[LogReader, dict[str, Run]]:
    """Two runs by their labels, and what reads their items; ``metric`` is the one that logs are compared by."""
    from xlbench.reports.compare.inputs import by_label, one_run
    from xlbench.reports.compare.logs.reader import LogReader

    reader = LogReader(metric)
    return reader, by_label([one_run(baseline, reader), one_run(candidate, reader)])


def gate(
    baseline: OneOrMore[str | Path] | Run,
    candidate: OneOrMore[str | Path] | Run,
    *,
    anchor: OneOrMore[str | Path] | Run | None = None,
    policy: str | Path | Policy | None = None,
    alpha: float | None = None,
    mode: Literal["regression", "noninferiority"] | None = None,
    margin: float | None = None,
    task_margin: float | None = None,
    must_detect: float | None = None,
    pushes: int | None = None,
    strict: bool | None = None,
    allow_intersection: float | None = None,
    model: str | None = None,
) -> Gate:
    """Judge a saved run by another one. What cannot be judged is INVALID, and never a pass.

    Args:
        baseline: The run to be judged by: its pack or folder, a results folder, several of these that hold parts of
            one run, or a `Run` that was saved.
        candidate: The run that is judged.
        anchor: An older run that stays, too.
        policy: A policy, or its file. All of the following count more than what it says.
        alpha: The chance that a change without effect fails.
        mode: Whether a loss must be shown, or ruled out.
        margin: Points that the suite may lose.
        task_margin: Points that a task may lose.
        must_detect: Points: INCONCLUSIVE where such a loss on the suite could go unseen.
        pushes: Among how many decisions by one baseline ``alpha`` is shared out.
        strict: Whether cells that only the candidate has are a fault.
        allow_intersection: The share of the baseline's items that suffices; None: all.
        model: Which run is meant, where a folder holds several.

    Returns:
        The verdict: ``outcome``, ``exit_code``, ``reasons``, ``sentence``, and the tests of each comparison.

    Raises:
        UsageError: A path, a name or the policy is wrong, or both runs are one.
    """
    from xlbench.reports.gate.inputs import gate_of
    from xlbench.runs.store import Reader

    changes = {"alpha": alpha, "mode": mode, "margin": margin, "task_margin": task_margin, "must_detect": must_detect,
               "pushes": pushes, "strict": strict}  # fmt: skip
    one, other = _given(baseline), _given(candidate)
    pinned = None if anchor is None else _given(anchor)
    chosen = Path(policy) if isinstance(policy, str) else policy
    return gate_of(one, other, Reader(indexed=False), pinned, chosen, changes, allow_intersection, model)


def _given(run: OneOrMore[str | Path] | Run) -> Run | tuple[Path, ...]:
    """A run, or the places that hold its parts."""
    return run if isinstance(run, Run) else tuple(Path(one) for one in as_list(run))
