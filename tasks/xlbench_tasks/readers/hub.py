"""Reader of Hugging Face data sets: a repository at a pinned revision, as a local folder or from the hub.

A folder ``<data root>/<org>/<name>`` in the hub's layout (parquet, JSON lines ..., a README.md with configurations)
comes first; otherwise `datasets` fetches the pinned revision into its own cache, or finds it there when it is offline.
No loading script is run. Where the languages are is said by ``{language}``: as the ``text`` of ``fields`` (a column a
language), in ``config`` (a configuration a language), or nowhere, with ``language`` naming the only one. Item ids are
as in ``readers/delimited.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.names import did_you_mean
from xlbench_tasks.readers.delimited import check_fields
from xlbench_tasks.source import LANGUAGE, Home, Reading, Records

if TYPE_CHECKING:
    from datasets import Dataset

KEYS = {
    "repo": str,
    "revision": str,
    "config": str,
    "split": str,
    "fields": dict[str, str],
    "id": str,
    "labels": dict[str, str],
    "language": str,
    "max_rows": int,
}
"""``revision``: the full commit id; ``config``, ``split``: as the hub names them; ``fields``: field -> column; ``id``:
the column of item ids that all languages share; ``labels``: label in the data set -> label (all of them)."""
REQUIRED = ("repo", "revision", "split", "fields")

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")


class Hub(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._repo: str = home.table["repo"]
        self._revision: str = home.table["revision"]
        self._config: str = home.table.get("config", "")
        self._fields: Mapping[str, str] = home.table["fields"]
        self._per_column = self._fields.get("text") == LANGUAGE
        self._loaded: dict[str, Dataset] = {}
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        where = self.home.where
        check_fields(self.home)
        if not _REPO.fullmatch(self._repo) or ".." in self._repo:
            raise UsageError(f"{where} repo: {self._repo!r} is not 'organisation/name'")
        if not _REVISION.fullmatch(self._revision):
            raise UsageError(f"{where} revision: {self._revision!r} is not a full commit id (40 hex digits)")
        if self._per_column + (LANGUAGE in self._config) + ("language" in self.home.table) != 1:
            raise UsageError(
                f"{where}: say in one place what the languages are: fields.text = '{LANGUAGE}' for a column a "
                f"language, {LANGUAGE} in config, or language = '...' for the only one"
            )

    @property
    def _folder(self) -> Path | None:
        """The data set under the data root, where it is there."""
        folder = (self.data.root / self._repo).resolve() if self.data.root else None
        return folder if folder is not None and folder.is_dir() else None

    def _place(self) -> str:
        return str(self._folder or f"{self._repo} at {self._revision} on the Hugging Face hub")

    def _find(self) -> Mapping[str, str]:
        """Language -> the column or the configuration that is called so in the data set."""
        if "language" in self.home.table:
            self._load(self._config)
            return {self.home.table["language"]: ""}
        codes = self._load(self._config).column_names if self._per_column else self._codes_of_configs()
        found = self.home.by_language(codes, self._place())
        if not found:
            what = "column" if self._per_column else "configuration"
            raise DataError(f"{self._place()}: no {what} is a language that the card declares; name them under aliases")
        return found

    def _codes_of_configs(self) -> list[str]:
        """What stands in the place of ``{language}`` in the names of the configurations."""
        head, _, tail = self._config.partition(LANGUAGE)
        names = self._ask("get_dataset_config_names")
        return [name[len(head) : len(name) - len(tail)] for name in names if _between(name, head, tail)]

    def _load(self, config: str) -> Dataset:
        """The split of a configuration ("" is the default one), read once."""
        import tempfile

        if config not in self._loaded:
            options = {"name": config or None, "split": self.home.table["split"]}
            if self._folder is None:
                self._loaded[config] = self._ask("load_dataset", **options)
            else:  # into memory, so that no copy of a local file lies in a cache and goes stale
                with tempfile.TemporaryDirectory() as scratch:
                    options |= {"cache_dir": scratch, "keep_in_memory": True}
                    self._loaded[config] = self._ask("load_dataset", **options)
        return self._loaded[config]

    def _ask(self, function: str, **options: Any) -> Any:
        """Call a function of `datasets` on the folder or on the pinned revision, and say in a line what went wrong."""
        import datasets
        import huggingface_hub

        datasets.disable_progress_bars()
        huggingface_hub.utils.logging.set_verbosity_error()  # its retries: the reason is told in one line below
        place: dict[str, Any] = {"path": self._repo, "revision": self._revision}
        if self._folder is not None:
            place = {"path": str(self._folder)}
        try:
            return getattr(datasets, function)(**place, **options)
        except Exception as error:  # of datasets, the hub's client, its network library, pyarrow ...
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            if self._folder is not None:
                raise DataError(f"{self._folder} cannot be read as a data set ({reason})") from error
            put = f"{self.data.root}/{self._repo}" if self.data.root else f"DATA/{self._repo} (and give --data DATA)"
            raise DataMissing(
                f"{self._place()} is not at hand ({reason}); run once with a network (and without HF_HUB_OFFLINE), "
                f"or put a copy at {put}"
            ) from error

    def _read(self, language: str) -> Records:
        code = self._found[language]
        data = self._load(self._config if self._per_column else self._config.replace(LANGUAGE, code))
        rows = self._rows()
        if rows is not None and rows < len(data):
            data = data.select(range(rows))
        columns = {field: code if column == LANGUAGE else column for field, column in self._fields.items()}
        fields = {field: self._column(data, field, column) for field, column in columns.items()}
        if "id" in self.home.table:
            ids = tuple(f"{self.name}:{value}" for value in self._column(data, "id", self.home.table["id"]))
        else:
            prefix = "" if self._per_column else f"{language}:"
            ids = tuple(f"{self.name}:{prefix}{row}" for row in range(1, len(data) + 1))
        return Records(ids, ids, fields)

    def _column(self, data: Dataset, field: str, column: str) -> tuple[str, ...]:
        """The values of a field as strings (class numbers by their names): none is empty, each label is known."""
        if column not in data.column_names:
            names, hint = ", ".join(data.column_names), did_you_mean(column, data.column_names)
            raise DataError(f"{self._place()} has no column {column!r}, only {names}.{hint}")
        values: list[Any] = list(data[column])
        feature = data.features[column]
        if hasattr(feature, "int2str"):
            values = [feature.int2str(value) if isinstance(value, int) and value >= 0 else None for value in values]
        labels: Mapping[str, str] = self.home.table.get("labels", {}) if field == "label" else {}
        for row, value in enumerate(values, 1):
            if not isinstance(value, str | int) or not str(value).strip():
                raise DataError(f"{self._place()}, row {row}: the {field} ({column}) is empty or no text: {value!r}")
            if labels and str(value) not in labels:
                raise DataError(f"{self._place()}, row {row}: {value!r} is none of the card's labels {sorted(labels)}")
        return tuple(labels[str(value)] if labels else str(value) for value in values)


def _between(name: str, head: str, tail: str) -> bool:
    return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)


def source(home: Home, data: Data) -> Hub:
    """A source over a data set of the Hugging Face hub."""
    return Hub(home, data)
