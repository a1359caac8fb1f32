"""A plugin whose models are each wrong in one way, when their vectors are asked for; the plugin itself is in order.

Every encoder starts from the same good vectors (counts of letters) and spoils them. ``good-letters`` does not spoil
them, but cannot be loaded where the environment variable XL_NO_LOADING is set; ``slow`` only takes its time, so that
somebody can stop it; ``loud`` prints.
"""

import os
import time
from functools import partial

import xlbench


class Letters:
    """Counts of the letters a to z, and a constant so that no vector is zero; subclasses spoil the vectors."""

    def encode(self, texts, role=None):
        import numpy as np

        letters = "abcdefghijklmnopqrstuvwxyz"
        vectors = np.array([[text.count(letter) for letter in letters] + [1] for text in texts], dtype=np.float32)
        return self.spoil(list(texts), vectors)

    def spoil(self, texts, vectors):
        return vectors


class NanForOneText(Letters):
    """A text with the word "cursed" gets a NaN."""

    def spoil(self, texts, vectors):
        for row, text in enumerate(texts):
            if "cursed" in text:
                vectors[row, 3] = float("nan")
        return vectors


class Zeros(Letters):
    """Every vector is zero."""

    def spoil(self, texts, vectors):
        return vectors * 0


class WrongCount(Letters):
    """One vector fewer than texts."""

    def spoil(self, texts, vectors):
        return vectors[1:]


class WrongShape(Letters):
    """A vector a token: three dimensions."""

    def spoil(self, texts, vectors):
        return vectors[:, None, :]


class Strings(Letters):
    """The texts themselves."""

    def spoil(self, texts, vectors):
        return texts


class FailsAt700(Letters):
    """Runs out of something at the 700th text, once."""

    def __init__(self):
        self.seen = 0

    def spoil(self, texts, vectors):
        before, self.seen = self.seen, self.seen + len(texts)
        if before < 700 <= self.seen:
            raise RuntimeError("the accelerator fell off\nat the 700th text")
        return vectors


class ChangesLength(Letters):
    """Vectors grow by one number once "cursed" has been among the texts."""

    grown = False

    def spoil(self, texts, vectors):
        import numpy as np

        self.grown = self.grown or any("cursed" in text for text in texts)
        return np.hstack([vectors, vectors[:, :1]]) if self.grown else vectors


class Slow(Letters):
    """Half a second a request: long enough to be stopped between two cells."""

    def spoil(self, texts, vectors):
        time.sleep(0.5)
        return vectors


class Loud(Letters):
    """Prints whenever it is asked."""

    def spoil(self, texts, vectors):
        print(f"loud encodes {len(texts)} texts")  # noqa: T201 - that is what is wrong with it
        return vectors


def good_letters():
    if os.environ.get("XL_NO_LOADING"):
        raise OSError("XL_NO_LOADING is set")
    return Letters()


def never_loads():
    raise OSError("weights.bin: no such file")


MODELS = {
    "good-letters": good_letters,
    "nan-for-one": NanForOneText,
    "zeros": Zeros,
    "wrong-count": WrongCount,
    "wrong-shape": WrongShape,
    "strings": Strings,
    "fails-at-700": FailsAt700,
    "changes-length": ChangesLength,
    "never-loads": never_loads,
    "slow": Slow,
    "loud": Loud,
}


@xlbench.hookimpl
def xlbench_models():
    for name, load in MODELS.items():
        yield xlbench.Model(name, load=load, fingerprint=partial(str, name))
