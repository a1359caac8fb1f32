"""Writes texts one by one into a file of JSON lines, a table with tabs, a parquet file or plain lines."""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean

if TYPE_CHECKING:
    from xlbench.runs.asked_texts import AskedText

COLUMNS = ("hash", "role", "text")
"""What is written of a text; a file of plain lines has the text alone."""

Write = Callable[[Sequence["AskedText"]], None]


@contextlib.contextmanager
def text_file(path: Path) -> Iterator[Write]:
    """A function that adds texts to a file, which appears whole at the end of the ``with``, or not at all.

    Raises:
        UsageError: The file's suffix is unknown, it cannot be written, another file of that name is there, or a text
            is one that this kind of file cannot hold.
    """
    kind = kind_of(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _WRITERS[kind](temporary) as write:
            yield write
        if path.exists() and not filecmp.cmp(temporary, path, shallow=False):
            raise UsageError(f"{path} is there, and is another file: move it away, or choose another --out")
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write texts to {path}: {error.strerror or error}; choose another --out") from None
    finally:
        temporary.unlink(missing_ok=True)


def kind_of(path: Path) -> str:
    """The kind of file that a suffix means; `UsageError` where it means none."""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in _WRITERS:
        raise UsageError(
            f"--out {path.name}: texts are written as {', '.join(f'.{known}' for known in _WRITERS)}."
            f"{did_you_mean(path.suffix, [f'.{known}' for known in _WRITERS])}"
        )
    return kind


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield file


@contextlib.contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    with _opened(path) as file:
        yield lambda texts: file.writelines(map(_json_line, texts))


def _json_line(text: AskedText) -> str:
    plain = {name: getattr(text, name) for name in COLUMNS}
    line = json.dumps(plain, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half a character: as an escape, which JSON has for it
        line = json.dumps(plain)
    return f"{line}\n"


@contextlib.contextmanager
def _tsv(path: Path) -> Iterator[Write]:
    with _opened(path) as file:
        file.write("\t".join(COLUMNS) + "\n")
        yield lambda texts: file.writelines(f"{one.hash}\t{one.role}\t{_plain(one, '.tsv')}\n" for one in texts)


@contextlib.contextmanager
def _txt(path: Path) -> Iterator[Write]:
    with _opened(path) as file:
        yield lambda texts: file.writelines(f"{_without_role(one)}\n" for one in texts)


def _without_role(text: AskedText) -> str:
    if text.role:
        raise UsageError("queries and documents are encoded apart, and a .txt file does not tell them: use .jsonl")
    return _plain(text, ".txt")


def _plain(text: AskedText, suffix: str) -> str:
    """A text that a reader of lines and tabs gets back as it is."""
    one = text.text
    if one.splitlines() not in ([one], []) or "\t" in one or any("\ud800" <= letter <= "\udfff" for letter in one):
        raise UsageError(f"{one[:40]!r} has a line break, a tab or half a character, which no {suffix} file can hold: "
                         "use .jsonl or .parquet")  # fmt: skip
    return one


@contextlib.contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def write(texts: Sequence[AskedText]) -> None:
            """Add a group of rows."""
            rows: list[Any] = [{name: getattr(one, name) for name in COLUMNS} for one in texts]
            try:
                writer.write_table(pa.Table.from_pylist(rows, schema))
            except UnicodeEncodeError:
                raise UsageError("a text has half a character, which no .parquet file can hold: use .jsonl") from None

        yield write


_WRITERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Write]]] = {
    "jsonl": _jsonl, "tsv": _tsv, "parquet": _parquet, "txt": _txt,
}  # fmt: skip
