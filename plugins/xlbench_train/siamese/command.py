"""``xlbench train siamese``: the command and its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from xlbench.core.permissions import Permissions, granted
from xlbench_train.siamese.settings import NEGATIVES, OBJECTIVES, POOLINGS, Settings, check
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
@chance_and_device
@click.option("--skip-empty", is_flag=True, help="Leave out pairs with an empty side, and count them.")
@click.option(
    "--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True, help="Folder of data files."
)
@click.option("--report/--no-report", default=True, show_default=True,
              help="Compare base and model on the held-out pairs, with intervals and verdicts.")  # fmt: skip
@of_one_call
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
    from xlbench_train.siamese.recipe import TrainingRequest, run_recipe
    from xlbench_train.training.terminal import Terminal

    request = TrainingRequest(
        settings, ctx.obj, data, typed_command(ctx, sys.argv), beside["resume"], beside["dry_run"], beside["report"]
    )
    with plain_endings(settings.out, f"a smaller --base than {settings.base} or fewer pairs"):
        return run_recipe(request, Terminal(quiet=beside["quiet"]))
