"""The card of siamese-mini: what it was made of, by which command, what it scores, and what it is not."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from xlbench_train.making.scores import Precision, hits, precision
from xlbench_train.making.texts import DATA_SETS, HELD_OUT, HeldOut, Sentence
from xlbench_train.static import encoder, files


def write(folder: Path, sentences: Sequence[Sentence], held_out: HeldOut, settings: object) -> None:
    """Write the card and the marks of the texts into the folder of the trained model."""
    found = hits(encoder.load(folder), held_out)
    by_language = {language: precision(rows, held_out.documents) for language, rows in found.items()}
    overall = precision(np.mean(list(found.values()), axis=0), held_out.documents)
    _write_marks(folder, sentences)
    weights = folder / files.WEIGHTS
    text = CARD.format(
        settings=settings,
        held_out=HELD_OUT,
        documents=len(set(held_out.documents)),
        sentences=len(sentences),
        texts=sum(1 + len(sentence.others) for sentence in sentences),
        overall=_shown(overall),
        table="\n".join(f"| {language} | {_shown(score)} |" for language, score in by_language.items()),
        megabytes=f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.1f}",
        sha256=sha256(weights.read_bytes()).hexdigest(),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
