"""A prepared corpus on the disk: its manifest, its lines, and how both are read again and checked."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench.core.errors import DataError, UsageError
from xlbench.corpus.rules import Rule

FORMAT = 1
"""Raised when what is written can no longer be read as before."""
MANIFEST, TEXTS, DROPPED, DATASHEET = "corpus.json", "corpus.jsonl.gz", "dropped.jsonl.gz", "README.md"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a corpus."""

    text: str
    register: str = ""
    """The kind of text ("news"); "" where nobody said it."""
    source: str = ""
    """The name of the input that it comes from."""
    document: str = ""
    """The document that it is of; "" where nothing says it."""


@dataclass(frozen=True)
class Corpus:
    """A corpus that `prepare` has written; iterating over it gives its lines, read anew each time."""

    folder: Path
    manifest: Mapping[str, Any]
    """The content of ``corpus.json``."""

    @property
    def language(self) -> str:
        """ISO 639-3."""
        return str(self.manifest["language"])

    @property
    def content(self) -> str:
        """SHA-256 of the lines' file: equal corpora have equal ones."""
        return str(self.manifest["files"][TEXTS]["sha256"])

    @property
    def registers(self) -> dict[str, int]:
        """Register -> how many lines are of it."""
        return dict(self.manifest["registers"])

    @property
    def licenses(self) -> tuple[str, ...]:
        """The licenses of the inputs, each once; those that nobody knows are left out."""
        return tuple(dict.fromkeys(entry["license"] for entry in self.manifest["inputs"] if entry["license"]))

    @property
    def normalize(self) -> tuple[Rule, ...]:
        """The rules by which the texts were normalized, in their order; none where they were not."""
        return tuple(
            Rule(rule["name"], rule["pattern"], rule["replacement"], rule["source"])
            for rule in self.manifest["normalize"]
        )

    @property
    def is_split(self) -> bool:
        """Whether suffixes are split off words: see `xlbench.corpus.Splitter`."""
        return "split" in self.manifest["steps"]

    def __len__(self) -> int:
        return int(self.manifest["lines"])

    def __iter__(self) -> Iterator[Line]:
        path = self.folder / TEXTS
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
                for text in file:
                    line = json.loads(text)
                    yield Line(line["text"], line["register"], line["source"], line.get("document", ""))
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged ({error}): prepare the corpus again") from None


def read(folder: str | Path, *, check: bool = True) -> Corpus:
    """Read a corpus that was prepared.

    Args:
        folder: Where `prepare` has written it.
        check: Whether the file of lines is compared with its checksum, which reads it once.

    Raises:
        UsageError: There is no corpus.
        DataError: It is damaged, was changed, or is of a later version.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        what = f"holds no corpus: there is no {MANIFEST}" if folder.is_dir() else "is no folder"
        raise UsageError(f"{folder} {what}; make one with 'xlbench corpus FILE... --language CODE --out {folder}'")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        form = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}): prepare the corpus again") from None
    if form != FORMAT:
        raise DataError(f"{path} has format {form}, and this version reads {FORMAT}: prepare the corpus again")
    try:
        corpus = Corpus(folder, manifest)
        told = corpus.content, corpus.language, corpus.normalize, len(corpus), corpus.registers, corpus.licenses
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged (it lacks {error}): prepare the corpus again") from None
    if check and _sha256(folder / TEXTS) != told[0]:
        raise DataError(f"{folder / TEXTS} is not the file that {MANIFEST} was written for: prepare the corpus again")
    return corpus


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}: prepare the corpus again") from None
