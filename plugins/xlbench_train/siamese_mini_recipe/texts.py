"""The sentences that siamese-mini is trained on and the held-out ones of NTREX, each in many languages."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from xlbench import DataError, DataMissing

HELD_OUT = 500
"""Sentences of NTREX that are kept from training, at least: whole documents."""

DATA_SETS = ("ntrex", "sib200", "flores", "nusax-senti")
"""Names of what it has seen, as cards call their data: the sentences of SIB-200 are half of those of FLORES-200."""

_NTREX = "ntrex/NTREX-128"
_SIB = "sib200/data/annotated"
_NUSAX = "nusax/datasets/mt"


@dataclass(frozen=True)
class Sentence:
    """One sentence in many languages."""

    english: str
    others: tuple[str, ...]
    """Its translations, one a language, in an order of their own."""


@dataclass(frozen=True)
class HeldOut:
    """The sentences of NTREX that are kept from training."""

    texts: dict[str, list[str]]
    """By language; the i-th of one translates the i-th of the others."""
    documents: list[str]
    """Each sentence's document."""


def training_sentences(root: Path) -> list[Sentence]:
    """All that it is trained on: NTREX without its held-out documents, SIB-200, NusaX.

    Args:
        root: The data root, with the folders ntrex, sib200 and nusax.

    Raises:
        DataMissing: Where one of them is not there.
        DataError: Where files do not fit together.
    """
    documents, ntrex = _ntrex(root)
    kept = held_out_documents(documents)
    rows = [row for row, document in enumerate(documents) if document not in kept]
    return [
        *_sentences({language: [texts[row] for row in rows] for language, texts in ntrex.items()}, "eng"),
        *_sentences(_sib200(root), "eng_Latn"),
        *_sentences(_nusax(root), "english"),
    ]


def held_out_sentences(root: Path) -> HeldOut:
    """The first `HELD_OUT` sentences of the held-out documents of NTREX, in the order of the file."""
    documents, ntrex = _ntrex(root)
    kept = held_out_documents(documents)
    rows = [row for row, document in enumerate(documents) if document in kept][:HELD_OUT]
    texts = {language: [found[row] for row in rows] for language, found in ntrex.items()}
    return HeldOut(texts, [documents[row] for row in rows])


def held_out_documents(documents: Sequence[str]) -> set[str]:
    """Which documents are held out: in the order of the SHA-256 of their names, until there are `HELD_OUT` sentences.

    ``documents`` has each sentence's document. Nothing in the rule looks at a text, or at a score.
    """
    sizes = Counter(documents)
    kept: set[str] = set()
    for name in sorted(sizes, key=lambda name: sha256(name.encode()).hexdigest()):
        if sum(sizes[document] for document in kept) >= HELD_OUT:
            break
        kept.add(name)
    return kept


def _sentences(texts: dict[str, list[str]], english: str) -> Iterator[Sentence]:
    """The sentences of aligned lists of texts, one a language; a translation that is empty is left out."""
    lengths = {len(rows) for rows in texts.values()}
    if len(lengths) != 1 or english not in texts:
        raise DataError(f"languages have {sorted(lengths)} sentences, and must have as many as {english}: fetch anew")
    others = [texts[language] for language in sorted(texts) if language != english]
    for row, text in enumerate(texts[english]):
        yield Sentence(text, tuple(rows[row] for rows in others if rows[row].strip()))


def _ntrex(root: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Each sentence's document, and the sentences by language."""
    files = {path.name.split(".")[1]: path for path in _files_in(root, _NTREX, "newstest2019-*.txt")}
    texts = {language: _lines(path) for language, path in files.items()}
    return [line.strip() for line in _lines(root / "ntrex" / "DOCUMENT_IDS.tsv")], texts


def _sib200(root: Path) -> dict[str, list[str]]:
    """The sentences of SIB-200 by language, train, dev and test together, in the order of their ids."""
    texts: dict[str, dict[str, str]] = {}
    for path in _files_in(root, _SIB, "*/*.tsv"):
        for line in _lines(path)[1:]:
            number, _, text = line.split("\t")
            texts.setdefault(path.parent.name, {})[number] = text
    ids = sorted(texts["eng_Latn"], key=int)
    for language, found in texts.items():
        if found.keys() != set(ids):
            raise DataError(f"{root / _SIB / language} does not have the sentences of eng_Latn: fetch it anew")
    return {language: [found[number] for number in ids] for language, found in texts.items()}


def _nusax(root: Path) -> dict[str, list[str]]:
    """The sentences of NusaX by language, all three splits."""
    texts: dict[str, list[str]] = {}
    for path in _files_in(root, _NUSAX, "*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for language, text in row.items():
                    if language.isalpha() or "_" in language:  # the first column, of numbers, has no name
                        texts.setdefault(language, []).append(text)
    return texts


def _files_in(root: Path, folder: str, pattern: str) -> list[Path]:
    """The files of a folder in the order of their names; `DataMissing` where there is none."""
    found = sorted((root / folder).glob(pattern))
    if not found:
        raise DataMissing(f"there is no {root / folder}: give --data the folder that holds it (see the docs on data)")
    return found


def _lines(path: Path) -> list[str]:
    """The lines of a file, without the ends that its system gave them."""
    text = path.read_bytes().decode("utf-8-sig")
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
