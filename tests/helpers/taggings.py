"""A card of named entities with files of two languages, for trainings of taggers."""

import checkpoints
import pytest

CARD = """
name = "made"
area = "ner"
protocol = "tagging"
description = "made up"
license = "CC0-1.0"
languages = ["hin", "tur"]
splits = { train = "train", dev = "dev", test = "test" }
[data]
reader = "conll"
files = "{language}-{split}.txt"
tags = { PER = "PER", LOC = "LOC" }
[options]
types = ["PER", "LOC"]
transfer = ["within", "zero-shot", "all"]
"""
QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "device": "cpu"}


def sentences(language, start, n):
    """The first words of embedded sentences with a person and a place among them, the same in all."""
    for text in checkpoints.sentences(language)[start : start + n]:
        one, two, three, *_ = [*text.split(), "x", "x"]
        words = [one, "Anna", two, three, "Oslo", "City"]
        yield list(zip(words, ["O", "B-PER", "O", "O", "B-LOC", "I-LOC"], strict=False))


def write(folder, name, rows):
    """A file of words and tags."""
    text = "\n".join("".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in rows)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A card with files of two languages; two test sentences of Hindi are among its training sentences."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.toml").write_text(CARD, encoding="utf-8")
    for language in ("hin", "tur"):
        training = list(sentences(language, 0, 40))
        write(folder, f"{language}-train", training)
        write(folder, f"{language}-dev", sentences(language, 40, 20))
        write(folder, f"{language}-test", [*sentences(language, 60, 20), *(training[:2] if language == "hin" else [])])
    return folder
