"""The command that makes siamese-mini again, from its data and its teacher: ``make siamese-mini``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from xlbench import UsageError, XlbenchError

SHIPPED = Path(__file__).parent.parent / "siamese_mini"
BITS = 4


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The data root: ntrex, sib200 and nusax.")
@click.option("--teacher", type=click.Path(path_type=Path), required=True, help="The folder of multilingual-e5-small-q4.")
@click.option("--out", type=click.Path(path_type=Path), default=SHIPPED, help="The folder to write.")
@click.option("--steps", type=click.IntRange(1), help="Fewer than usual, for a trial.")
def main(data: Path, teacher: Path, out: Path, steps: int | None) -> None:
    """Train siamese-mini, and write its folder with its card."""
    try:
        _make(data, teacher, out, steps)
    except XlbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _make(data: Path, teacher: Path, out: Path, steps: int | None) -> None:
    from xlbench.core.errors import require_extra
    from xlbench_train.making import texts

    require_extra("train", "making siamese-mini", "torch", "sentence_transformers", "accelerate", "datasets")
    if not teacher.is_dir():
        raise UsageError(f"there is no teacher {teacher}: make multilingual-e5-small-q4 first, and give --teacher its folder")
    sentences, held_out = texts.training_sentences(data), texts.held_out_sentences(data)
    from xlbench_train.making import card, teacher as teaching, training

    settings = training.Settings() if steps is None else replace(training.Settings(), steps=steps)
    targets = teaching.targets(teacher, [sentence.english for sentence in sentences], settings.dimensions)
    model = training.trained(sentences, targets, settings)
    model[0].bits = BITS
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, create_model_card=False)
        out.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, out, dirs_exist_ok=True)
    card.write(out, sentences, held_out, settings)
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
