"""Writes the model card of siamese-mini."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import xlbench
from xlbench_train.siamese_mini_recipe.scores import Precision, hits, precision
from xlbench_train.siamese_mini_recipe.texts import DATA_SETS, HELD_OUT, HeldOut, Sentence
from xlbench_train.static import encoder, files

if TYPE_CHECKING:
    from xlbench_train.siamese_mini_recipe.settings import Settings

CARD, MARKS, KEYS = "README.md", "xlbench.toml", "trained_on_texts.npy"


def write(
    folder: Path, sentences: Sequence[Sentence], words: Sequence[str], held_out: HeldOut, settings: Settings
) -> None:
    """Write the card, and the marks of what it was trained on, into the folder of the trained model."""
    texts = [text for sentence in sentences for text in (sentence.english, *sentence.others)]
    np.save(folder / KEYS, np.unique(xlbench.text_keys([*texts, *words])))
    names = ", ".join(f'"{name}"' for name in DATA_SETS)
    (folder / MARKS).write_text(f'trained_on = [{names}]\ntrained_on_texts = "{KEYS}"\n', encoding="utf-8")
    found = hits(encoder.load(folder), held_out)
    rows = {language: precision(hit, held_out.documents) for language, hit in found.items()}
    overall = precision(np.mean(list(found.values()), axis=0), held_out.documents)
    template = resources("xlbench_train.siamese_mini_recipe").joinpath("card_template.md").read_text(encoding="utf-8")
    text = template.format(
        settings=settings,
        held_out=HELD_OUT,
        documents=len(set(held_out.documents)),
        languages=len(rows),
        sentences=len(sentences),
        texts=len(texts),
        words=len(words),
        overall=_points(overall),
        rows="\n".join(f"| {language} | {_points(score)} |" for language, score in rows.items()),
        sha256=sha256((folder / files.WEIGHTS).read_bytes()).hexdigest(),
    )
    (folder / CARD).write_text(text, encoding="utf-8")


def _points(score: Precision) -> str:
    """In points, with its interval."""
    return f"{100 * score.value:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"
