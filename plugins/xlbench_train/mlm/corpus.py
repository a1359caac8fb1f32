"""Reads corpora to train a language model on: folders of ``xlbench corpus``, and plain text files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import DataError, UsageError
from xlbench.core.text import count_text
from xlbench_train.training.lines import read_lines

MANIFEST = "corpus.json"
"""What makes a folder one of ``xlbench corpus``."""
PLAIN = (".txt", ".txt.gz")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a corpus."""

    text: str
    document: str
    """Texts of one document are held out together; "" where nobody knows it."""
    register: str = ""


@dataclass(frozen=True)
class Source:
    """Where texts come from."""

    spec: str
    """As it was given."""
    texts: int
    licenses: tuple[str, ...] = ()
    language: str = ""
    """ISO 639-3; "" where nobody says it."""
    data: tuple[str, ...] = ()
    """Names of data sets, as cards call them."""
    normalize: tuple[tuple[str, str], ...] = ()
    """Patterns and replacements by which the texts were normalized."""
    notes: tuple[str, ...] = ()
    """What is worth knowing of it, each a sentence for a person."""


@dataclass(frozen=True)
class Corpus:
    """Texts and where they come from."""

    texts: tuple[Text, ...]
    sources: tuple[Source, ...]


def read_corpora(specs: Sequence[str]) -> Corpus:
    """All texts of files and folders, in their order.

    Args:
        specs: Folders that ``xlbench corpus`` has written, text files (a text a line, an empty line between documents;
            gzipped or not), and folders of those.

    Raises:
        UsageError: There is no such file or folder, or it is of another kind.
        DataError: It holds no text, or is damaged.
    """
    texts: list[Text] = []
    sources = []
    for spec in specs:
        path = Path(spec).expanduser()
        found, source = _read_prepared(spec, path) if (path / MANIFEST).is_file() else _read_plain(spec, path)
        if not found:
            raise DataError(f"--corpus {spec}: there is no text in it")
        texts += found
        sources.append(source)
    return Corpus(tuple(texts), tuple(sources))


def _read_prepared(spec: str, path: Path) -> tuple[list[Text], Source]:
    from xlbench.corpus import read

    corpus = read(path)
    texts = [
        Text(line.text, f"{line.source} {line.document}" if line.document else "", line.register) for line in corpus
    ]
    given = [str(one["spec"]) for one in corpus.manifest["inputs"]]
    data = tuple(dict.fromkeys(one.split(":")[1] for one in given if one.startswith("card:")))
    notes = [f"{path.name}: {count_text(count, 'text')} of register {name or '(none)'}"
             for name, count in corpus.registers.items()]  # fmt: skip
    normalize = tuple((rule.pattern, rule.replacement) for rule in corpus.normalize)
    if corpus.is_split:
        notes.append(
            f"{path.name} has suffixes split off words: texts that are scored are not, so that the model meets words "
            f"there as it never learned them; to score it, prepare the corpus without the step 'split'"
        )
    return texts, Source(spec, len(texts), corpus.licenses, corpus.language, data, normalize, tuple(notes))


def _read_plain(spec: str, path: Path) -> tuple[list[Text], Source]:
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.name.endswith(PLAIN))
        if not files:
            raise UsageError(
                f"--corpus {spec}: it holds no {MANIFEST} and no text file (.txt): give a folder of 'xlbench corpus', "
                f"or text files"
            )
    elif path.is_file():
        files = [path]
        if path.name.removesuffix(".gz").endswith((".json", ".jsonl", ".csv", ".tsv", ".parquet")):
            raise UsageError(
                f"--corpus {spec}: a text a line is expected: make a corpus of it with 'xlbench corpus', or save its "
                f"texts as .txt"
            )
    else:
        raise UsageError(f"--corpus {spec}: there is no such file or folder")
    texts = [text for file in files for text in _texts_of(file)]
    return texts, Source(spec, len(texts))


def _texts_of(file: Path) -> Iterator[Text]:
    """The lines of a file that are not empty. Documents are known where empty lines stand between them."""
    lines = [line.strip() for line in read_lines(file)]
    while lines and not lines[-1]:
        lines.pop()
    has_documents = "" in lines
    number = 0
    for line in lines:
        if line:
            yield Text(line, f"{file.name} {number}" if has_documents else "")
        else:
            number += 1
