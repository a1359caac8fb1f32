"""``xlbench train tagger``: the command and its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from xlbench.core.permissions import Permissions, granted
from xlbench_train.tagger.settings import LEARNING_RATE, LORA_RATE, MAX_LENGTH, Settings, check
from xlbench_train.training.command_line import (
    EXIT_CODES,
    SeveralValues,
    chance_and_device,
    of_one_call,
    plain_endings,
    typed_command,
)


@click.command(
    "tagger",
    cls=SeveralValues,
    epilog="\b\nExamples:\n"
    "  xlbench train tagger --base xlm-r --task il-ner:hin --out hin\n"
    "  xlbench train tagger --base ./e5 --task il-ner --out joint                        all languages together\n"
    "  xlbench train tagger --base ./e5 --task il-ner:hin,ory,urd,tel --progressive --out progressive\n"
    "  xlbench train tagger --base tagger:./hin --task il-ner:tel --out hin-tel          goes on from a tagger\n"
    "  xlbench train tagger --base ./e5 --task il-ner:hin --train-size 500 --lora 8 --out small\n"
    "  xlbench train tagger --base ./e5 --task ./my-card.toml:eng --out own --dry-run    says how long it takes\n\n"
    + EXIT_CODES,
)
@click.option("--base", required=True, metavar="SPEC",
              help="What is trained: a folder, a name on the hub, st: or hf:; or a tagger to go on with.")  # fmt: skip
@click.option("--task", "tasks", multiple=True, required=True, metavar="TASK[:LANGUAGE,...]...",
              help="What is learned from: training sentences of a task of named entities, or of a card.")  # fmt: skip
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder of the new model."
)
@click.option("--progressive", is_flag=True,
              help="One language after the other, in the order given.  [default: all together]")  # fmt: skip
@click.option("--train-size", type=click.IntRange(1), metavar="N",
              help="At most so many training sentences of each language, the same as in xlbench curve.")  # fmt: skip
@click.option("--dev-size", type=click.IntRange(1), metavar="N",
              help="At most so many sentences of each language to choose the epoch by.  [default: all]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=3, show_default=True, metavar="N", help="At most.")
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True, metavar="N",
              help="Sentences a step.")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), metavar="X",
              help=f"Its peak.  [default: {LEARNING_RATE:g}; with --lora {LORA_RATE:g}]")  # fmt: skip
@click.option("--warmup", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True, metavar="SHARE",
              help="Of the steps, until the learning rate has its peak.")  # fmt: skip
@click.option("--max-length", type=click.IntRange(4), metavar="N",
              help=f"Tokens of a window; longer sentences are several.  [default: {MAX_LENGTH}]")  # fmt: skip
@click.option("--layers", type=click.IntRange(1), metavar="N",
              help="Only the first N layers of the base: quicker.  [default: all]")  # fmt: skip
@click.option("--lora", type=click.IntRange(1), metavar="RANK", help="Train adapters of this rank, and merge them.")
@click.option("--patience", type=click.IntRange(0), default=3, show_default=True, metavar="N",
              help="Stop after so many epochs without a higher entity F1; 0: never.")  # fmt: skip
@chance_and_device
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@click.option("--report/--no-report", default=True, show_default=True,
              help="Score the model on the test sentences of its languages.")  # fmt: skip
@of_one_call
def command(data: Path | None, **options: Any) -> int:
    """Fine-tune a tagger of named entities: token classification, by transformers' trainer.

    An epoch shows losses and the entity F1 of the tasks' own protocol on development sentences. The folder is an
    ordinary checkpoint of transformers; xlbench run scores it with tagger:, and its README.md is the model card.
    """
    beside = {name: options.pop(name) for name in ("report", "resume", "dry_run", "offline", "quiet")}
    settings = Settings(**options | {"learning_rate": options["learning_rate"] or 0.0})
    check(settings)
    ctx = click.get_current_context()
    ctx.with_resource(granted(Permissions(offline=beside["offline"])))
    from xlbench_train.tagger.recipe import TrainingRequest, run_recipe
    from xlbench_train.training.terminal import Terminal

    request = TrainingRequest(
        settings, ctx.obj, data, typed_command(ctx, sys.argv), beside["resume"], beside["dry_run"], beside["report"]
    )
    with plain_endings(settings.out, f"a smaller --base than {settings.base}, a smaller --max-length or --lora 8"):
        return run_recipe(request, Terminal(quiet=beside["quiet"]))
