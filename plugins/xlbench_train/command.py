"""``xlbench train siamese``: the command and its options."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from xlbench import DataMissing, UsageError
from xlbench.core.permissions import Permissions, granted
from xlbench_train.settings import NEGATIVES, OBJECTIVES, POOLINGS, Settings, check

EXIT_CODES = (
    "\b\nExit codes: 0 the model is written; 1 training stopped early (a loss that is no number, out of memory);\n"
    "2 wrong usage, or a base or data that is not here; 3 damaged data or a full disk; 130 stopped: the same command\n"
    "with --resume goes on."
)
SEVERAL = ("--pairs", "--eval-pairs")


class SeveralValues(click.Command):
    """A command whose options `SEVERAL` take all values up to the next option, as shells expand patterns."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's own, over arguments in which each value has its option before it."""
        spread: list[str] = []
        current = ""
        for place, argument in enumerate(args):
            if argument.startswith("-"):
                current = argument if argument in SEVERAL else ""
                spread.append(argument)
            elif current and args[place - 1] != current:
                spread += [current, argument]
            else:
                spread.append(argument)
        return super().parse_args(ctx, spread)


class Guessing(click.Choice[str]):
    """A choice that names what may have been meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Click's own, with "did you mean" in its error."""
        from xlbench.core.text import did_you_mean

        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            raise click.BadParameter(error.message + did_you_mean(str(value), self.choices), ctx, param) from None


@click.command(
    "siamese",
    cls=SeveralValues,
    epilog="\b\nExamples:\n"
    "  xlbench train siamese --base xlm-r --pairs pairs.tsv --out my-siamese\n"
    "  xlbench train siamese --base ./e5 --pairs card:ntrex:eng-hin --objective softmax --pooling cls --out s\n"
    "  xlbench train siamese --base ngrams:65536x192 --pairs 'card:ntrex:*-eng' --out static\n"
    "  xlbench train siamese --base ./e5 --pairs corpus.en-hi --lora 8 --out adapted       corpus.en-hi.en and .hi\n"
    "  xlbench train siamese --base ./e5 --pairs en.txt,hi.txt --eval-pairs dev.tsv --out s --resume\n\n" + EXIT_CODES,
)
@click.option("--base", required=True, metavar="SPEC",
              help="What is trained: a folder, a name on the hub, st: or hf:, or ngrams:BUCKETSxWIDTH.")  # fmt: skip
@click.option("--pairs", multiple=True, required=True, metavar="FILE...",
              help="Translations: TSV, JSON lines, moses pairs, FIRST,SECOND (aligned lines), gzipped or not; or "
              "card:NAME:LANGUAGES.")  # fmt: skip
@click.option("--eval-pairs", multiple=True, metavar="FILE...",
              help="The same to evaluate on.  [default: a tenth, by document where they are known]")  # fmt: skip
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder of the new model."
)
@click.option("--objective", type=Guessing([*OBJECTIVES]), default=None, show_default=False,
              help="What is learned.  [default: contrastive; distill with --teacher]")  # fmt: skip
@click.option("--negatives", type=Guessing(sorted({name for names in NEGATIVES.values() for name in names})),
              help="Where pairs that are no translations come from.  [default: by the objective]")  # fmt: skip
@click.option("--teacher", metavar="SPEC", help="A model whose vectors of the first sides both sides learn (distill).")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="At most.  [default: 3; of n-grams 5]")
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Pairs a step.  [default: 32; of n-grams 512]")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), metavar="X",
              help="Its peak.  [default: 2e-5; with --lora 2e-4; of n-grams 0.02]")  # fmt: skip
@click.option("--warmup", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True, metavar="SHARE",
              help="Of the steps, until the learning rate has its peak.")  # fmt: skip
@click.option("--max-length", type=click.IntRange(4), metavar="N", help="Tokens of a text.  [default: 128]")
@click.option("--pooling", type=Guessing(POOLINGS), help="In place of the base's own.")
@click.option("--prompt", default="", metavar="TEXT", help="Put before every text, in training and ever after.")
@click.option("--lora", type=click.IntRange(1), metavar="RANK", help="Train adapters of this rank, and merge them.")
@click.option("--patience", type=click.IntRange(0), default=3, show_default=True, metavar="N",
              help="Stop after so many epochs without a smaller validation loss; 0: never.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--device", type=Guessing(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option("--skip-empty", is_flag=True, help="Leave out pairs with an empty side, and count them.")
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@click.option("--report/--no-report", default=True, show_default=True,
              help="Compare base and model on the held-out pairs, with intervals and verdicts.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the training that was begun in --out.")
@click.option("--dry-run", "-n", is_flag=True, help="Read and check everything, and train nothing.")
@click.option("--offline", is_flag=True, help="Make no request at all.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but trouble.")
def command(data: Path | None, **options: Any) -> int:
    """Fine-tune a siamese encoder on pairs of texts: one encoder for both sides, by sentence-transformers' trainer.

    An epoch shows losses, how well translations are told from other pairs, and P@1 and MRR, on pairs that are held out.
    The folder loads with st:, siamese: and SentenceTransformer; its README.md is the model card.
    """
    options |= {name: options[name] or 0 for name in ("epochs", "batch_size", "learning_rate")}
    beside = {name: options.pop(name) for name in ("report", "resume", "dry_run", "offline", "quiet")}
    options["objective"] = options["objective"] or ("distill" if options["teacher"] else "contrastive")
    settings = Settings(**options)
    check(settings)
    ctx = click.get_current_context()
    ctx.with_resource(granted(Permissions(offline=beside["offline"])))
    from xlbench_train.terminal import Terminal
    from xlbench_train.training.recipe import TrainingRequest, run_recipe

    request = TrainingRequest(
        settings, ctx.obj, data, _command(ctx, sys.argv), beside["resume"], beside["dry_run"], beside["report"]
    )
    with _plain_endings(settings):
        return run_recipe(request, Terminal(quiet=beside["quiet"]))


@contextlib.contextmanager
def _plain_endings(settings: Settings) -> Iterator[None]:
    """What ends a training from outside, as a line that says whether it can be gone on with."""
    from xlbench.core.errors import is_out_of_memory
    from xlbench_train.training import output_folder
    from xlbench_train.training.failures import Interrupted, TrainingStopped

    def going_on() -> str:
        return "the same command with --resume goes on" if output_folder.is_begun(settings.out) else ""

    try:
        yield
    except DataMissing as missing:  # of a run, cells would be skipped; here nothing is left to do
        raise UsageError(str(missing)) from None
    except KeyboardInterrupt:
        if not (how := going_on()):
            raise
        click.echo(err=True)  # after the ^C of a terminal
        raise Interrupted(f"stopped: {how}") from None
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        how = going_on()
        raise TrainingStopped(
            f"out of memory beside the batches, which alone can be halved: take a smaller --base than {settings.base} "
            f"or fewer pairs, or give it more memory{'; then ' * bool(how)}{how}"
        ) from error


def _command(ctx: click.Context, arguments: Sequence[str]) -> list[str]:
    """What makes the model again: the command as it was typed, without what is of that one call, and with what came
    from xlbench.toml and the environment."""
    typed = ["xlbench", *(one for one in arguments[1:] if one not in ("--resume", "--debug", "--quiet", "-q"))]
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        is_kept = source in (ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT)
        if is_kept and parameter.name not in ("quiet", "resume"):
            typed += _as_typed(parameter, ctx.params[parameter.name or ""])
    return typed


def _as_typed(parameter: click.Parameter, value: Any) -> list[str]:
    """An option with its value, as on a command line."""
    if isinstance(value, bool):
        names = parameter.opts if value else parameter.secondary_opts
        return names[:1]
    return [part for one in (value if isinstance(value, tuple) else (value,)) for part in (parameter.opts[0], str(one))]
