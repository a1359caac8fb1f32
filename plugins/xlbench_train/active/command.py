"""``xlbench train active``: the command and its options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from xlbench import UsageError
from xlbench.core.permissions import Permissions, granted
from xlbench.core.text import did_you_mean
from xlbench_tasks.protocols.active.strategy import ACQUISITIONS, CLUSTERINGS, SAMPLED_BY, SAMPLINGS, SCHEDULES
from xlbench_train.active.settings import Settings, check
from xlbench_train.training.command_line import (
    Guessing,
    SeveralValues,
    chance_and_device,
    of_one_call,
    plain_endings,
    typed_command,
)

EXIT_CODES = (
    "\b\nExit codes: 0 the report is written; 1 a fine-tuning stopped (a weight that is no number, out of memory);\n"
    "2 wrong usage, or a base or data that is not here; 3 damaged data or a full disk; 130 stopped: the same command\n"
    "with --resume goes on."
)
YES_NO = ("no", "yes")
SCORED = tuple(name for name in ACQUISITIONS if name not in ("uniform", "furthest-batch"))
"""Acquisitions that score texts by samples of the model."""
F = TypeVar("F", bound=Callable[..., Any])


class Names(click.ParamType[tuple[str, ...]]):
    """Several names with commas between them, or ``all`` of them; what is none of them is told with a guess."""

    name = "names"

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = tuple(allowed)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names, each once."""
        if isinstance(value, tuple | list):
            value = ",".join(value)
        names = tuple(dict.fromkeys(part.strip() for part in str(value).split(",") if part.strip()))
        if names == ("all",):
            return self._allowed
        for name in names:
            if name not in self._allowed:
                guess = did_you_mean(name, (*self._allowed, "all"))
                self.fail(f"{name!r} is none of {', '.join(self._allowed)} (or all).{guess}", param, ctx)
        if not names:
            self.fail(f"name at least one of {', '.join(self._allowed)}", param, ctx)
        return names


def _names(option: str, allowed: Iterable[str], default: str, help_text: str) -> Callable[[F], F]:
    listed = ", ".join(allowed)
    return click.option(option, type=Names(allowed), default=default, show_default=True, metavar="NAME,...",
                        help=f"{help_text}: {listed}, or all.")  # fmt: skip


@click.command(
    "active",
    cls=SeveralValues,
    epilog="\b\nExamples:\n"
    "  xlbench train active --base ngram --task mini-sentiment:isl --acquisition entropy --budget 40 --out few\n"
    "  xlbench train active --base ./e5 --task typology-sentiment:slk,mlt --data DIR --acquisition all \\\n"
    "      --clusters none,ward --schedule constant,linear --out few\n"
    "  xlbench train active --base ./e5 --task icelandic-sentiment --acquisition bald --fine-tune --lora 8 \\\n"
    "      --budget 100 --rounds 4 --seeds 2 --candidates 200 --no-full --out tuned\n"
    "  xlbench train active --base ./e5 --task icelandic-sentiment --acquisition bald --out few --resume\n\n"
    + EXIT_CODES,
)
@click.option("--base", required=True, metavar="SPEC",
              help="The encoder, as xlbench run takes it; with --fine-tune a checkpoint.")  # fmt: skip
@click.option("--task", "tasks", multiple=True, required=True, metavar="NAME[:SUBSET,...]",
              help="Whose training split is the pool, and whose test is scored.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder of the study.")
@_names("--acquisition", ACQUISITIONS, "uniform", "Which texts are wanted most")
@_names("--clusters", CLUSTERINGS, "none", "Whether groups take turns")
@_names("--schedule", SCHEDULES, "constant", "The sizes of rounds")
@_names("--sampling", SAMPLINGS, "accumulating", "Whether a round adds to what is learned from, or chooses anew")
@_names("--warm-start", YES_NO, "no", "Whether the first half of the budget is drawn at random")
@click.option("--budget", type=click.IntRange(2), default=500, show_default=True, metavar="N", help="Labels in all.")
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True, metavar="N",
              help="In which they are spent.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(2), default=5, show_default=True, metavar="N",
              help="How often each strategy begins anew.")  # fmt: skip
@click.option("--clusters-a-class", type=click.IntRange(1), default=10, show_default=True, metavar="N",
              help="Groups for each label.")  # fmt: skip
@click.option("--clustered-on", default="vectors", show_default=True, metavar="WHAT",
              help="vectors: the encoder's; tf-idf: of n-grams; or a model, siamese-mini say.")  # fmt: skip
@click.option("--samples", type=click.IntRange(2), default=10, show_default=True, metavar="N",
              help="Of the model, from which scores are computed.")  # fmt: skip
@click.option("--sampled-by", type=Guessing([*SAMPLED_BY]), default="dropout", show_default=True,
              help="Of frozen vectors: what samples are.")  # fmt: skip
@click.option("--c", type=click.FloatRange(0, min_open=True), default=30.0, show_default=True, metavar="X",
              help="Of the probe: the inverse strength of its penalty.")  # fmt: skip
@click.option("--full/--no-full", default=True, show_default=True, help="Learn from all labels of the pool, too.")
@click.option("--fine-tune", is_flag=True, help="Fine-tune the whole base with a new head, in every round anew.")
@click.option("--lora", type=click.IntRange(1), metavar="RANK", help="Fine-tune adapters of this rank, and the head.")
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="Of a fine-tuning.")
@click.option("--batch-size", type=click.IntRange(1), default=16, show_default=True, metavar="N", help="Texts a step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), metavar="X",
              help="Its peak.  [default: 2e-5; with --lora 2e-4]")  # fmt: skip
@click.option("--max-length", type=click.IntRange(4), default=128, show_default=True, metavar="N",
              help="Tokens of a text, when fine-tuned.")  # fmt: skip
@click.option("--prompt", default="", metavar="TEXT", help="Put before every text, when fine-tuned.")
@click.option("--candidates", type=click.IntRange(0), default=0, metavar="N",
              help="Drawn texts that are scored in a round, when fine-tuned.  [default: all]")  # fmt: skip
@chance_and_device
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@of_one_call
def command(data: Path | None, **options: Any) -> int:
    """Compare ways to choose which texts are labeled first: macro-F1 against labels, seed by seed.

    Every combination of the lists is a strategy, and all are compared with random draws in rounds of equal size. Texts
    are encoded once, and a probe learns on frozen vectors; or --fine-tune. The folder has a report (README.md), its
    tables, and a run a strategy, for xlbench compare, board and plot curve.
    """
    beside = {name: options.pop(name) for name in ("resume", "dry_run", "offline", "quiet")}
    options["learning_rate"] = options["learning_rate"] or 0.0
    settings = Settings(**options)
    ctx = click.get_current_context()
    _check_idle(ctx, settings)
    check(settings)
    ctx.with_resource(granted(Permissions(offline=beside["offline"])))
    from xlbench_train.active.study import StudyRequest, run_recipe
    from xlbench_train.training.terminal import Terminal

    request = StudyRequest(settings, ctx.obj, data, typed_command(ctx, sys.argv), beside["resume"], beside["dry_run"])
    with plain_endings(settings.out, f"a smaller --base than {settings.base}"):
        return run_recipe(request, Terminal(quiet=beside["quiet"]))


def _check_idle(ctx: click.Context, settings: Settings) -> None:
    """`UsageError` for an option that was given and would do nothing."""
    from click.core import ParameterSource

    tuned, frozen = ("epochs", "batch_size", "max_length", "device"), ("c", "sampled_by")
    idle = dict.fromkeys(frozen, "has no meaning with --fine-tune")
    if not settings.fine_tune:
        idle = dict.fromkeys(tuned, "is for --fine-tune")
    if not any(one in SCORED for one in settings.acquisition):
        idle |= dict.fromkeys(
            ("samples", "sampled_by"), f"has no meaning without an acquisition of {', '.join(SCORED)}"
        )
    if all(one == "none" for one in settings.clusters):
        idle["clusters_a_class"] = "has no meaning without --clusters ward or ward-every-round"
    for name, why in idle.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')} {why}")
