"""``xlbench export``: writes vectors and saved runs in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xlbench.cli.export.runs import every_eval_ever, model_card, mteb
from xlbench.cli.export.tables import tables
from xlbench.cli.export.trec import trec
from xlbench.cli.options.space import EXIT_CODES, placed, text_options
from xlbench.cli.output.printing import echo, echo_json
from xlbench.core.errors import OK
from xlbench.core.text import count_text


@click.group(
    epilog="\b\nExamples:\n"
    "  xlbench export projector ngram -t mini-parallel -l eng -l hin   for the TensorFlow Embedding Projector\n"
    "  xlbench export mteb results/ngram-c6974c0f                      a results folder of mteb\n"
    "  xlbench export model-card results -m ngram                      the model-index of a README.md\n"
    "  xlbench export every-eval-ever results -m ngram                 a record of Every Eval Ever\n"
    "  xlbench export trec results -m ngram                            run files and qrels of TREC\n"
    "  xlbench export tables results                                   two parquet files for SQL"
)
def command() -> None:
    """Write vectors, or the scores of a saved run, in the files of other programs."""


for of_runs in (mteb, model_card, every_eval_ever, trec, tables):
    command.add_command(of_runs)


@command.command(
    short_help="Write vectors for the TensorFlow Embedding Projector.",
    epilog="\b\nExamples:\n"
    "  xlbench export projector ngram -t mini-parallel -l eng -l hin\n"
    "  xlbench export projector results/labse-1f3a09c2 -t ntrex -l eng -l hin --data DIR --out labse-eng-hin\n"
    "  xlbench export projector st:./my-siamese -t mini-news -l hin --limit 2000\n\n" + EXIT_CODES,
)
@click.argument("model", metavar="RUN|SPEC")
@text_options(1000, "projector")
def projector(
    model: str, task: str, languages: tuple[str, ...], limit: int, out: Path, as_json: bool, quiet: bool, **options: Any
) -> int:
    """Write the vectors of a task's texts by one model as vectors.tsv, metadata.tsv and projector_config.json.

    RUN is the folder of a run or a pack: its model, as it was scored, is loaded again. Anything else is a name or a
    spec. All languages are in one file; metadata.tsv has the columns language, id, text and label. The files open in
    https://projector.tensorflow.org (Load) and in TensorBoard; nothing is sent anywhere by this command.
    """
    from xlbench.core.files import check_folder
    from xlbench.core.own_files import write_own
    from xlbench.vector_space.projector import files_of, own_files

    check_folder(out, "vectors", "--out")
    texts, (points,) = placed([model], task, languages, limit, quiet=quiet or as_json, **options)
    written = write_own(out, files_of(task, points), own_files(out), "vectors")
    if as_json:
        echo_json({
            "model": points.model, "fingerprint": points.fingerprint, "task": texts.task,
            "languages": list(texts.languages), "items": texts.items, "available": texts.available,
            "texts": len(points.texts), "unknown": points.unknown, "dimensions": points.vectors.shape[1],
            "notes": list(points.notes), "files": [str(path) for path in written],
        })  # fmt: skip
    elif not quiet:
        echo(
            f"{count_text(len(points.texts), 'text')} of {count_text(texts.items, 'item')} "
            f"({texts.available} there are), {count_text(points.vectors.shape[1], 'dimension')}, "
            f"languages: {', '.join(texts.languages)}"
        )
        echo("\n".join(f"wrote {path}" for path in written), err=True)
    return OK
