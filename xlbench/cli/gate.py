"""``xlbench gate``: judges whether a candidate is worse than a baseline, with one verdict and its exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xlbench.cli.options.scoring import cache_and_permission_options, request_of
from xlbench.cli.output.printing import echo, plugins_print_elsewhere
from xlbench.cli.output.verdict_files import DEFAULT, ReportingCommand, ReportingGroup, joined, overwrite, reported
from xlbench.cli.output.verdict_report import report_verdict
from xlbench.core.errors import OK, UsageError
from xlbench.core.text import count_text, one_line

if TYPE_CHECKING:
    from xlbench.core.record import Run
    from xlbench.reports.gate.inputs import Given
    from xlbench.reports.gate.verdict import Gate

EXIT_CODES = (
    "\b\nExit codes: 0 PASS; 1 REGRESSION; 2 wrong usage; 3 INVALID: what cannot be judged never passes, or an error;\n"
    "4 INCONCLUSIVE; 5 nothing to compare."
)
_POLICY = ("alpha", "mode", "margin", "task_margin", "must_detect", "pushes", "strict")
_POINTS = click.FloatRange(0, 100)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _gate_options(command: Any) -> Any:
    """The options of what is asked for, and of where the verdict goes."""
    for option in reversed((
        click.option("--anchor", type=click.Path(path_type=Path), metavar="PATH",
                     help="An older run that stays, too: losses too small for one step add up against it."),
        click.option("--policy", type=_FILE, metavar="FILE", help="A policy file; see 'xlbench gate policy'."),
        click.option("--alpha", type=float, help="The chance that a change without effect fails.  [default: 0.05]"),
        click.option("--margin", type=_POINTS, metavar="POINTS",
                     help="A loss on the suite that fails nothing.  [default: 0.2]"),
        click.option("--task-margin", type=_POINTS, metavar="POINTS", help="The same of a task.  [default: 1]"),
        click.option("--must-detect", type=_POINTS, metavar="POINTS",
                     help="INCONCLUSIVE where a loss of this size on the suite could go unseen."),
        click.option("--mode", type=click.Choice(["regression", "noninferiority"]),
                     help="noninferiority: pass only what is shown to lose less than the margin."),
        click.option("--pushes", type=click.IntRange(1), metavar="N",
                     help="Share alpha among so many decisions by one baseline.  [default: 1]"),
        click.option("--strict", is_flag=True, default=None, help="Cells that only the candidate has are a fault."),
        click.option("--allow-intersection", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE",
                     help="Judge what the runs share, if that is this share of the baseline's items."),
        click.option("--out", type=_FILE, default=DEFAULT, show_default=True, metavar="FILE",
                     help="The verdict as JSON: the authority."),
        click.option("--junit", type=_FILE, metavar="FILE", help="The verdict as JUnit XML, a case a task."),
        click.option("--summary", type=_FILE, metavar="FILE", help="The verdict as a page of markdown."),
        click.option("--short", is_flag=True, help="Print a few lines of markdown, for a comment."),
        click.option("--json", "as_json", is_flag=True, help="Print what gate.json holds."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.group(
    cls=ReportingGroup,
    invoke_without_command=True,
    epilog="\b\nExamples:\n"
    "  xlbench gate --baseline main.xlpack --candidate results          a pack, and a results folder of one run\n"
    "  xlbench gate --baseline main.xlpack --candidate part1 --candidate part2   shards, joined\n"
    "  xlbench gate run --model ./new --baseline main.xlpack            compute what the baseline has, and judge\n"
    "  xlbench gate run -m ./new --baseline main.xlpack -t ./my-card.toml   the same, with a task of your own\n"
    "  xlbench gate --baseline main.xlpack --anchor v1.xlpack --candidate results   small losses add up, too\n"
    "  xlbench gate accept results --out main.xlpack --by ME --reason WHY  a new baseline\n"
    "  xlbench gate policy > gate.toml                                  a policy to begin with\n\n" + EXIT_CODES,
)
@click.option("--baseline", type=click.Path(path_type=Path), metavar="PATH", multiple=True,
              help="The run to be judged by (repeatable: its parts are joined).")  # fmt: skip
@click.option("--candidate", type=click.Path(path_type=Path), metavar="PATH", multiple=True,
              help="The run that is judged (repeatable: its parts are joined).")  # fmt: skip
@click.option("--model", "-m", metavar="NAME", help="Which run is meant, where a folder holds several.")
@_gate_options
def command(baseline: tuple[Path, ...], candidate: tuple[Path, ...], model: str | None, **options: Any) -> int:
    """Judge the run CANDIDATE by the run BASELINE: PASS, or why not.

    A run is its pack or folder, or a results folder that holds it. The suite and every task are tested, item by item,
    with the chance of a false alarm at alpha in all. Needs neither model nor data.
    """
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        for option in ctx.command.params:
            if ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE:
                name, sub = max(option.opts, key=len), ctx.invoked_subcommand
                raise UsageError(f"give {name} after {sub!r}: before it, it would do nothing")
        return OK
    if not (baseline and candidate):
        lacking = "a gate needs --baseline and --candidate: two runs"
        overwrite(lacking, options, joined(baseline), joined(candidate))
        raise UsageError(lacking)
    with reported(baseline, candidate, options):
        gate = _judge_runs(baseline, candidate, model, options)
    return report_verdict(gate, options)


@command.command(cls=ReportingCommand, short_help="Compute what a baseline has, and judge it.", epilog=EXIT_CODES)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="PATH", required=True, help="The run to be judged by."
)
@click.option("--model", "-m", metavar="SPEC", required=True, help="The candidate: a model's name or spec.")
@click.option("--task", "-t", "tasks", multiple=True, metavar="CARD",
              help="The card of a task that the baseline has and no plugin offers (repeatable).")  # fmt: skip
@click.option("--baseline-model", metavar="NAME", help="Which run is meant, where the baseline's folder holds several.")
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True,
              help="Where cells are saved, and found again.")  # fmt: skip
@click.option("--engine", metavar="NAME", default="serial", show_default=True, help="Where cells are computed.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="How many workers the engine has.")
@_gate_options
@cache_and_permission_options
def run(baseline: Path, model: str, baseline_model: str | None, **options: Any) -> int:
    """Score a model on exactly the cells that the baseline has, and judge it. What was computed is not done again."""
    with reported((baseline,), (Path(model),), options):
        from xlbench.reports.gate.inputs import pick, policy_of
        from xlbench.runs.store import Reader

        policy_of(options["policy"], {name: options[name] for name in _POLICY})  # before hours of work
        known = pick(baseline, Reader(indexed=False), baseline_model)
        gate = _judge_runs(known, _compute_candidate(known, model, options), None, options)
    return report_verdict(gate, options)


@command.command(short_help="Print a commented policy to begin with.")
def policy() -> int:
    """Print a policy file with the defaults, and an example of every kind of rule."""
    from xlbench.reports.gate.policy import START

    echo(START.rstrip("\n"))
    return OK


@command.command(
    short_help="Make a run the new baseline, and say why.",
    epilog="\b\nExamples:\n"
    "  xlbench gate accept results --out baseline.xlpack --by 'A. Reviewer' --reason 'new tokenizer'\n\n"
    "\b\nExit codes: 0 it is written; 2 wrong usage; 3 the run, or the baseline that it replaces, is damaged.",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", type=_FILE, required=True, metavar="FILE", help="The baseline: a name in .xlpack. It is replaced."
)
@click.option("--by", required=True, metavar="NAME", help="Who accepts it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--model", "-m", metavar="NAME", help="Which run is meant, where a folder holds several.")
def accept(run: Path, out: Path, by: str, reason: str, model: str | None) -> int:
    """Write RUN as the baseline that candidates are judged by from now on.

    Who, when, why, and what has changed since the baseline that it replaces stand in the file.
    """
    from datetime import UTC, datetime

    from xlbench.reports.gate.inputs import pick
    from xlbench.runs.packs.read import Pack
    from xlbench.runs.packs.write import write_pack
    from xlbench.runs.store import Reader

    for name, text in (("--by", by), ("--reason", reason)):
        if not one_line(text):
            raise UsageError(f"{name} is empty: a baseline says who accepted it, and why")
    reader = Reader(indexed=False)
    accepted = pick(run, reader, model)
    if not any(cell.status == "ok" for cell in accepted.cells):
        raise UsageError(f"{run} has no scores: a baseline without any would let everything pass")
    previous, changed = "", "the first baseline"
    if out.exists():
        previous = Pack(out).digest
        changed = (
            "nothing: the same run"
            if out.resolve() == Path(accepted.folder).resolve()
            else _describe_change(out, accepted)
        )
    about = {
        "accepted_by": one_line(by), "accepted_on": datetime.now(UTC).isoformat(timespec="seconds"),
        "why": one_line(reason), "previous": previous, "changed": changed,
    }  # fmt: skip
    made = write_pack(accepted, out, reader, kind="baseline", about=about)
    echo(f"wrote {made.path}: {one_line(made.model)}, {count_text(made.cells, 'cell')}, sha256 {made.digest}")
    echo(f"since the last: {changed}")
    return OK


def _describe_change(old: Path, accepted: Run) -> str:
    """What the gate says of a run that is to replace a baseline."""
    from xlbench.reports.gate.inputs import gate_of
    from xlbench.runs.store import Reader

    return one_line(gate_of(old, accepted, Reader(indexed=False)).sentence)


def _compute_candidate(baseline: Run, model: str, options: dict[str, Any]) -> Run:
    """The candidate's run, of the cells that the baseline has scores for."""
    from dataclasses import replace

    from xlbench.cli.output.progress import watching
    from xlbench.core.errors import ResultsError
    from xlbench.runs.execute import run_prepared
    from xlbench.runs.request import prepare

    if baseline.troubles:
        raise ResultsError(baseline.troubles[0])
    cells = [cell for cell in baseline.cells if cell.status == "ok" and cell.train_size is None]
    whole = [cell for cell in cells if cell.limit is None]
    if whole and {(cell.task, cell.subset) for cell in cells} - {(cell.task, cell.subset) for cell in whole}:
        raise ResultsError(f"{baseline.folder} has samples (--limit) beside whole subsets: make one without")
    cells = whole or cells
    limits = {cell.limit for cell in cells}
    if len(limits) > 1:
        raise ResultsError(f"{baseline.folder} has samples of several sizes (--limit): a baseline has one size")
    if not cells:
        raise ResultsError(f"{baseline.folder} has no scores: nothing can be computed beside it")
    tasks = _task_specs([*dict.fromkeys(cell.task for cell in cells)], options["tasks"], baseline)
    with plugins_print_elsewhere():
        prepared = prepare(request_of({**options, "models": (model,), "tasks": tasks, "limit": limits.pop()}))
        if len(prepared.models) != 1:
            raise UsageError(f"{model!r} names {len(prepared.models)} models: a candidate is one")
        places = {(cell.task, cell.subset) for cell in cells}
        planned = [
            one for one in prepared.planned if (one.cell.task, one.cell.subset) in places or one.state == "error"
        ]
        with watching(planned, quiet=bool(options["as_json"])) as observer:
            (computed,) = run_prepared(replace(prepared, planned=planned), observer)
    return computed


def _task_specs(names: list[str], cards: tuple[str, ...], baseline: Run) -> tuple[str, ...]:
    """How the baseline's tasks are asked for: by their cards where these are given, otherwise by name."""
    from xlbench.catalog import load

    by_card = {task.name for task in load().select_tasks(cards)} if cards else set()
    if strangers := sorted(by_card - {*names}):
        raise UsageError(f"--task: {baseline.folder} has no scores of {', '.join(strangers)}")
    return (*cards, *(name for name in names if name not in by_card))


def _judge_runs(baseline: Given, candidate: Given, model: str | None, options: dict[str, Any]) -> Gate:
    from xlbench.reports.gate.inputs import gate_of
    from xlbench.runs.store import Reader

    changes = {name: options[name] for name in _POLICY}
    return gate_of(baseline, candidate, Reader(indexed=False), options["anchor"], options["policy"], changes,
                   options["allow_intersection"], model)  # fmt: skip
