"""Training of encoders: recipes, and the encoder that one of them made.

The plugin's hooks. Training libraries are imported when a recipe runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlbench

if TYPE_CHECKING:
    import numpy as np

_SIAMESE_MINI = Path(__file__).parent / "siamese_mini"
_CODE = tuple(f"xlbench_train.static.{name}" for name in ("encoder", "features", "files", "folding", "table"))


@xlbench.hookimpl
def xlbench_models() -> Iterator[xlbench.Model]:
    """`siamese-mini`. It is not cached: it encodes as quickly as a disk reads."""
    yield xlbench.Model(
        "siamese-mini",
        load=_load_siamese_mini,
        fingerprint=_fingerprint_of_siamese_mini,
        description="A table of hashed n-grams, trained on translations in 50 languages, with a card beside it.",
        license="CC-BY-SA-4.0",
        trained_on=("ntrex", "sib200", "flores", "nusax-senti"),
        trained_on_texts=_texts_of_siamese_mini,
        in_suites=True,
        cached=False,
    )


@xlbench.hookimpl
def xlbench_recipes() -> Iterator[xlbench.Recipe]:
    """`mlm`, `siamese` and `tagger`, for any base, and `siamese-mini`, which makes the encoder of that name again."""
    yield xlbench.Recipe("mlm", _train_mlm, "Train a masked language model on a corpus: a new one, or one further.")
    yield xlbench.Recipe("siamese", _train_siamese, "Fine-tune an encoder on pairs of texts, or train a static one.")
    yield xlbench.Recipe("active", _train_active, "Compare ways to choose which texts are labeled first.")
    yield xlbench.Recipe("siamese-mini", _make_siamese_mini, "Make the encoder that ships again, from its data.")
    yield xlbench.Recipe("tagger", _train_tagger, "Fine-tune a tagger of named entities: token classification.")


def _load_siamese_mini() -> xlbench.Encoder:
    from xlbench_train.static import encoder

    return encoder.load(_SIAMESE_MINI)


def _fingerprint_of_siamese_mini() -> str:
    """What its vectors depend on: its code, the spelling of other scripts, its settings and its table."""
    from hashlib import sha256

    code = xlbench.code_fingerprint(*_CODE, distributions=("anyascii",))
    files = [sha256((_SIAMESE_MINI / name).read_bytes()).hexdigest() for name in ("config.json", "model.safetensors")]
    return " ".join([code, *files])


def _texts_of_siamese_mini() -> np.ndarray:
    import numpy as np

    keys: np.ndarray = np.load(_SIAMESE_MINI / "trained_on_texts.npy", allow_pickle=False)
    return keys


def _train_mlm() -> Any:
    from xlbench_train.mlm.command import command

    return command


def _train_siamese() -> Any:
    from xlbench_train.siamese.command import command

    return command


def _train_active() -> Any:
    from xlbench_train.active.command import command

    return command


def _make_siamese_mini() -> Any:
    from xlbench_train.siamese_mini_recipe.command import command

    return command


def _train_tagger() -> Any:
    from xlbench_train.tagger.command import command

    return command
