"""What a corpus is made from: specs of files with their options (``news.txt?register=news``), checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.specs import Option, Spec, parse
from xlbench.core.text import did_you_mean

CARD = "card:"
FORMATS = ("txt", "jsonl", "csv", "tsv", "conll")
PACKED = (".gz", ".zst")
SUFFIXES = {
    ".txt": "txt", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".conll": "conll",
}  # fmt: skip
"""Suffix of a file's name, without that of its packing -> its format; any other is read as plain text."""
OPTIONS = (
    Option("register", description="the kind of text, such as news or social; kept with every line"),
    Option("format", "choice", choices=FORMATS, description="how the file is written; otherwise its suffix says it"),
    Option("column", description="the column or key of the text, by name or number from 1"),
    Option("document", description="the column or key of what says which document a line is of"),
    Option("header", "bool", description="whether the first row of a table names its columns"),
    Option("attach", "bool", default=False, description="put words that are suffixes back onto the word before them"),
    Option("license", description="the license of the file, for the datasheet"),
    Option("name", description="what its lines say they come from; otherwise the file's name"),
)
OF_CARDS = ("register", "name", "license")
"""Options that a card may have, too."""
OF_FORMATS = {
    "txt": (),
    "jsonl": ("column", "document"),
    "csv": ("column", "document", "header"),
    "tsv": ("column", "document", "header"),
    "conll": ("column",),
}
"""Format -> the options that mean something there, beside those of all."""


@dataclass(frozen=True)
class Input:
    """A file, or the texts of a card, that a corpus is made from."""

    spec: Spec
    name: str
    """Stands with every line of it."""
    format: str
    """One of `FORMATS`, or "card"."""
    path: Path | None = None
    bytes: int = 0

    def __getitem__(self, option: str) -> Any:
        return self.spec[option]

    @property
    def is_card(self) -> bool:
        """Whether it is the texts of a task."""
        return self.format == "card"


def inputs_of(texts: Sequence[str], option: str = "FILE") -> list[Input]:
    """The inputs that specs mean; each name is another's.

    Args:
        texts: Paths or ``card:TASK:LANGUAGE``, perhaps with options behind a ``?``.
        option: What they were given by, for errors.

    Raises:
        UsageError: None is given, a file is not there, one comes twice, or an option is wrong.
    """
    if not texts:
        raise UsageError(f"{option}: give a file, or card:TASK:LANGUAGE")
    inputs = [_input(text, option) for text in texts]
    for number, source in enumerate(inputs):
        for other in inputs[:number]:
            if source.spec.text == other.spec.text or (source.path and other.path and source.path.samefile(other.path)):
                raise UsageError(f"{option}: {source.spec.target} is given twice")
            if source.name == other.name:
                raise UsageError(f"{option}: two inputs are called {source.name!r}: give one of them a ?name=")
    return inputs


def _input(text: str, option: str) -> Input:
    spec = parse(text, OPTIONS)
    if spec.target.startswith(CARD):
        _check_options(spec, OF_CARDS, "a card")
        name, _, language = spec.target.removeprefix(CARD).rpartition(":")
        if not name or not language:
            raise UsageError(f"{option} {text}: write card:TASK:LANGUAGE, as card:ntrex:nep")
        return Input(spec, spec["name"] or spec.target, "card")
    path = Path(spec.target).expanduser()
    check_regular(path)
    if not path.is_file():
        raise UsageError(f"{option} {text}: {_absence(path)}; give a file, or card:TASK:LANGUAGE")
    plain = path.name
    for packed in PACKED:
        plain = plain.removesuffix(packed)
    form = spec["format"] or SUFFIXES.get(Path(plain).suffix.lower(), "txt")
    _check_options(
        spec, ("register", "format", "license", "name", "attach", *OF_FORMATS[form]), f"a file of format {form}"
    )
    return Input(spec, spec["name"] or path.name, form, path, path.stat().st_size)


def _check_options(spec: Spec, able: Sequence[str], what: str) -> None:
    for name in spec.given:
        if name not in able:
            raise UsageError(f"{spec.text!r}: {what} has no option {name!r}; it may have {', '.join(able)}")


def _absence(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    try:
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    except OSError:
        beside = []
    return f"there is no such file.{did_you_mean(path.name, beside)}".removesuffix(".")
