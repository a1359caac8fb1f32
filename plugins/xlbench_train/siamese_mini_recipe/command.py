"""``xlbench train siamese-mini``: trains the encoder in this package again, from its data and its teacher."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from xlbench import Catalog, Data, DataMissing, Subset, Task, UsageError, XlbenchError
from xlbench.core.item_texts import item_texts

SHIPPED = Path(__file__).parent.parent / "siamese_mini"
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("siamese-mini")
@click.option("--data", type=FOLDER, envvar="XLBENCH_DATA", required=True, metavar="DIR",
              help="The data root, with ntrex, sib200 and nusax.  [or XLBENCH_DATA]")  # fmt: skip
@click.option("--teacher", type=FOLDER, required=True, metavar="DIR",
              help="A folder of sentence-transformers: multilingual-e5-small-q4.")  # fmt: skip
@click.option("--out", type=FOLDER, default=SHIPPED, metavar="DIR",
              help="The folder to write.  [default: the one that ships]")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Fewer batches than usual, for a trial.")
@click.pass_obj
def command(catalog: Catalog, data: Path, teacher: Path, out: Path, steps: int | None) -> None:
    """Make the encoder that ships again, with its card: a table of n-grams, taught by translations and a teacher."""
    from xlbench.core.errors import require_extra

    require_extra("train", "training", "accelerate", "datasets", "sentence_transformers", "torch")
    from xlbench_train.siamese_mini_recipe import card, texts
    from xlbench_train.siamese_mini_recipe.settings import Settings
    from xlbench_train.siamese_mini_recipe.teacher import Teacher

    settings = Settings() if steps is None else replace(Settings(), steps=steps)
    teacher_model = Teacher(teacher)
    _require_free(out)
    sentences, held_out = texts.training_sentences(data), texts.held_out_sentences(data)
    words = teacher_model.words(settings.words, without=texts_of_suite(catalog, "mini"))
    click.echo(f"{len(sentences)} sentences and {len(words)} words; the teacher reads them", err=True)
    targets = teacher_model.targets([[sentence.english for sentence in sentences], words], settings.dimensions)
    from xlbench_train.siamese_mini_recipe.training import train  # torch: when all else is there

    model = train(sentences, words, targets, settings)
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, create_model_card=False)
        shutil.copytree(folder, out, dirs_exist_ok=True)
    card.write(out, sentences, words, held_out, settings)
    click.echo(f"wrote {out}")


def _require_free(out: Path) -> None:
    """`UsageError` where the folder holds something else than a table of n-grams: nothing of it is to be lost."""
    from xlbench_train.static import files

    if out.is_dir() and any(out.iterdir()):
        try:
            files.read_settings(out)
        except XlbenchError:
            raise UsageError(
                f"--out {out} holds something else: give a folder that is new, empty or a siamese-mini"
            ) from None


def texts_of_suite(catalog: Catalog, name: str) -> set[str]:
    """All texts of a suite's tasks as they are scored, and both sides of pairs."""
    found: set[str] = set()
    for task in catalog.select_tasks([], suite=name):
        for subset in task.subsets(Data()):
            found.update(_texts_of(task, subset))
    return found


def _texts_of(task: Task, subset: Subset) -> list[str]:
    """The texts of a subset, both sides where they are pairs; none where its task does not tell them."""
    if task.texts is None:
        return []
    with suppress(DataMissing):
        return [told.text for told in item_texts(task, subset)]
    return []
