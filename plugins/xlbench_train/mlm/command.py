"""``xlbench train mlm``: the command and its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from xlbench import UsageError
from xlbench.core.permissions import Permissions, granted
from xlbench_train.mlm.settings import MASKS, PIECES, TOKENIZERS, Settings, check, resolve
from xlbench_train.training.command_line import (
    EXIT_CODES,
    Guessing,
    SeveralValues,
    chance_and_device,
    of_one_call,
    plain_endings,
    typed_command,
)


@click.command(
    "mlm",
    cls=SeveralValues,
    epilog="\b\nExamples:\n"
    "  xlbench train mlm --base new:6x300 --corpus corpus --steps 2000 --out small-bert\n"
    "  xlbench train mlm --base new:layers=4,heads=4,width=256 --corpus news.txt --vocabulary 16000 --out bert\n"
    "  xlbench train mlm --base ./e5 --corpus corpus --tokenizer extend --budget-minutes 30 --out adapted\n"
    "  xlbench train mlm --base xlm-r --corpus corpus --lora 8 --mask weighted --out adapted\n"
    "  xlbench train mlm --base new:6x300 --corpus corpus --out small-bert --dry-run        how long it takes\n\n"
    + EXIT_CODES,
)
@click.option("--base", required=True, metavar="SPEC",
              help="What is trained: new:HEADSxWIDTH (two layers), new:layers=2,heads=6,width=300, a folder, a name on "
              "the hub, hf: or st:.")  # fmt: skip
@click.option("--corpus", multiple=True, required=True, metavar="DIR|FILE...",
              help="Folders of 'xlbench corpus', or text files: a text a line, documents apart by an empty "
              "line.")  # fmt: skip
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder of the new model."
)
@click.option("--tokenizer", type=Guessing([*TOKENIZERS]), show_default=False,
              help="Trained on the corpus, the base's own, or that and words it takes apart.  [default: new for a new "
              "model, else base]")  # fmt: skip
@click.option("--pieces", type=Guessing(PIECES), default=PIECES[0], show_default=True, help="Of a new tokenizer.")
@click.option("--vocabulary", type=click.IntRange(1), metavar="N",
              help="Pieces of a new tokenizer, or words that are added.  [default: 8000; added 1000]")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Batches in all.")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Times through the corpus.  [default: 3]")
@click.option("--budget-minutes", type=click.FloatRange(0, min_open=True), metavar="M",
              help="As many steps as fit, by a few that are measured before.")  # fmt: skip
@click.option("--evaluations", type=click.IntRange(1), default=10, show_default=True, metavar="N",
              help="On the texts that are held out, where --steps or --budget-minutes is given.")  # fmt: skip
@click.option("--mask", type=Guessing([*MASKS]), default="whole-word",
              help="Which 15% of the tokens are to be told: words, pieces, or rare pieces more often.  "
              "[default: whole-word]")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, metavar="N",
              help="Blocks a step.")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), metavar="X",
              help="Its peak.  [default: 5e-5; with --lora 2e-4; of a new model 5e-4]")  # fmt: skip
@click.option("--warmup", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True, metavar="SHARE",
              help="Of the steps, until the learning rate has its peak.")  # fmt: skip
@click.option("--max-length", type=click.IntRange(8), default=128, show_default=True, metavar="N",
              help="Tokens of a block.")  # fmt: skip
@click.option("--lora", type=click.IntRange(1), metavar="RANK", help="Train adapters of this rank, and merge them.")
@click.option("--patience", type=click.IntRange(0), default=3, show_default=True, metavar="N",
              help="Stop after so many evaluations without a smaller validation loss; 0: never.")  # fmt: skip
@chance_and_device
@of_one_call
def command(**options: Any) -> int:
    """Train a masked language model on a corpus: a new one, or a checkpoint further, by transformers' trainer.

    An epoch, or a tenth of the steps, shows the loss and the perplexity on texts that are held out, by whole documents.
    The folder loads with hf: and with AutoModelForMaskedLM; its README.md is the model card.
    """
    beside = {name: options.pop(name) for name in ("resume", "dry_run", "offline", "quiet")}
    optional = ("tokenizer", "vocabulary", "steps", "epochs", "budget_minutes", "learning_rate")
    given = {name: value for name, value in options.items() if name not in optional or value is not None}
    settings = Settings(**given)
    check(resolve(settings))
    ctx = click.get_current_context()
    _check_idle(ctx, resolve(settings))
    ctx.with_resource(granted(Permissions(offline=beside["offline"])))
    from xlbench_train.mlm.recipe import TrainingRequest, run_recipe
    from xlbench_train.training.terminal import Terminal

    request = TrainingRequest(settings, ctx.obj, typed_command(ctx, sys.argv), beside["resume"], beside["dry_run"])
    with plain_endings(settings.out, f"a smaller --base than {settings.base} or a smaller --max-length"):
        return run_recipe(request, Terminal(quiet=beside["quiet"]))


def _check_idle(ctx: click.Context, settings: Settings) -> None:
    """`UsageError` for an option that was given and would do nothing; of resolved settings."""
    idle = {}
    if settings.epochs:
        idle["evaluations"] = "is for --steps and --budget-minutes: epochs are evaluated at their ends"
    if settings.tokenizer != "new":
        idle["pieces"] = "is of a new tokenizer, and this one is the base's own: give --tokenizer new, or leave it out"
    for name, why in idle.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name} {why}")
