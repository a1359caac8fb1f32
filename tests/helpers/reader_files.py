"""Sources of each reader over files that tests write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xlbench import Data
from xlbench_tasks.data.source import Home
from xlbench_tasks.readers import cldr, delimited, hub, parallel


def made_home(reader: str, languages: str = "eng hin nep", **table: Any) -> Home:
    return Home("t.toml: [data]", "set", reader, tuple(languages.split()), table)


def parallel_source(root: Path | None, limit: int | None = None, **table: Any) -> parallel.Parallel:
    home = made_home("parallel", **({"files": "p/text.{language}.txt"} | table))
    return parallel.source(home, Data(root, limit))


def delimited_source(root: Path | None, limit: int | None = None, **table: Any) -> delimited.Delimited:
    home = made_home(
        "delimited", **({"files": "d/{language}.tsv", "fields": {"text": "tweet", "label": "label"}} | table)
    )
    return delimited.source(home, Data(root, limit))


def write_file(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


REVISION = "0123456789abcdef0123456789abcdef01234567"
TAGGED = {"fields": {"tokens": "tokens", "tags": "ner_tags"}, "tags": {"PER": "PER", "GPE": "LOC", "DATE": "O"}}
"""A table of words and tags."""


def hub_source(root: Path | None, limit: int | None = None, **table: Any) -> hub.Hub:
    base = {"repo": "org/name", "revision": REVISION, "split": "test", "fields": {"text": "{language}"}}
    given = {key: value for key, value in (base | table).items() if value is not None}
    return hub.source(made_home("hub", **given), Data(root, limit))


def write_parquet(path: Path, **columns: list[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def cldr_source(languages: str = "eng jpn swa nep rus slk deu", limit: int | None = None, **table: Any) -> cldr.Cldr:
    base = {"categories": list(cldr.CATEGORIES), "pivot": "eng"}
    return cldr.source(made_home("cldr", languages, **(base | table)), Data(None, limit))
