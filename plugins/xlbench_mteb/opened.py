"""The data of a task of mteb: loaded by mteb, a subset at a time, from a folder, the cache or the hub, and kept."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlbench import Data, DataError, DataMissing, hub
from xlbench.core.text import reason_of
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.registry import quietly


@dataclass
class Opened:
    """A task of mteb with what has been loaded of it."""

    task: NamedTask
    root: Path | None
    """A folder ``<root>/<org>/<name>`` in the hub's layout is read in the place of the hub."""
    _loaded: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing could be loaded so far."""
        return not self._loaded

    def splits(self, subset: SubsetOfTask) -> Any:
        """The splits of a subset: split -> table. Of parallel data, the tables have all languages.

        Raises:
            DataMissing: It is not at hand, and cannot be downloaded.
            DataError: mteb cannot read it.
        """
        key = "" if self.task.is_parallel else subset.name
        if key not in self._loaded:
            self._loaded[key] = self._load(subset)
        whole = self._loaded[key]
        return whole[subset.name] if not self.task.is_parallel and subset.name in whole else whole

    def ready(self, subset: SubsetOfTask) -> Any:
        """A new task of mteb that has this subset alone, loaded: its random numbers are at their beginning."""
        self.splits(subset)
        made = self.task.make([subset.name])
        made.dataset = self._loaded["" if self.task.is_parallel else subset.name]
        made.data_loaded = True
        return made

    def _load(self, subset: SubsetOfTask) -> Any:
        """From the folder, where there is one; else from the cache; else, where that is permitted, from the hub."""
        path, revision = self.task.source
        folder = self.root / path if self.root else None
        if folder and folder.is_dir():
            # A copy in a cache would be told for what the folder is later.
            with tempfile.TemporaryDirectory() as scratch, _in_memory(scratch), quietly():
                return self._by_mteb(subset, {"path": str(folder), "revision": None})
        try:
            with hub.cache_alone(), quietly():
                found = self._by_mteb(subset, None)
                if _is_of_revision(found, path, revision):
                    return found
                raise DataMissing("the cache holds another revision only")
        except (DataMissing, DataError) as absent:
            if hub.is_offline():
                nothing = hub.is_offline_error(absent)
                why = "offline, and not in the cache" if nothing else f"offline: {absent}"
                raise DataMissing(self._not_here(why)) from absent
            if not hub.answers():  # the library of data sets would try for half a minute, for every task anew
                raise DataMissing(self._not_here("the hub does not answer")) from absent
        try:
            with hub.quiet():
                return self._by_mteb(subset, None)
        except DataError as error:
            refused = hub.HubRepository(path, "dataset", revision).refusal() or error
            raise DataMissing(self._not_here(str(refused))) from error

    def _by_mteb(self, subset: SubsetOfTask, source: Mapping[str, Any] | None) -> Any:
        """What mteb's own ``load_data`` gives."""
        made = self.task.make([subset.name])
        if source is not None:
            kept = {name: value for name, value in made.metadata.dataset.items() if name not in ("path", "revision")}
            made.metadata = made.metadata.model_copy(update={"dataset": {**kept, **source}})
        try:
            made.load_data()
            if hasattr(made, "convert_v1_dataset_format_to_v2"):  # of searches, as mteb does before it evaluates
                made.convert_v1_dataset_format_to_v2(num_proc=None)
        except Exception as error:  # of datasets, the hub's client, pyarrow, a task's own code ...
            raise DataError(f"mteb cannot load {self.task.name} {subset.name}: {reason_of(error)}") from error
        return made.dataset

    def _not_here(self, why: str) -> str:
        path, revision = self.task.source
        bring = f"xlbench fetch --task {shlex.quote(self.task.spec)}"
        return f"{path} at {revision[:12]} is not at hand ({why}); {bring} brings it"


@contextmanager
def _in_memory(scratch: str) -> Iterator[None]:
    """Have the library of data sets keep what it loads in memory, and the files that it makes of it in a folder. It is
    told by its settings, as mteb's loader of searches passes nothing on."""
    from datasets import config

    kept = config.HF_DATASETS_CACHE, config.IN_MEMORY_MAX_SIZE
    config.HF_DATASETS_CACHE, config.IN_MEMORY_MAX_SIZE = Path(scratch), 1 << 62
    try:
        yield
    finally:
        config.HF_DATASETS_CACHE, config.IN_MEMORY_MAX_SIZE = kept


def _is_of_revision(dataset: Any, path: str, revision: str) -> bool:
    """Whether a data set that was loaded offline is of a revision: there the latest one that is in the cache is taken.

    What mteb has made anew of its tables no longer says where these were: then nothing else may be in the cache.
    """
    files = [Path(file["filename"]) for table in _tables(dataset) for file in table.cache_files]
    if files:
        return any(revision in file.parts for file in files)
    return _cached_revisions(path) <= {revision}


def _cached_revisions(path: str) -> set[str]:
    """The revisions of a repository that the library of data sets has kept, by the names of its folders."""
    from datasets import config
    from datasets.naming import camelcase_to_snakecase

    *owner, name = path.split("/")
    kept = Path(config.HF_DATASETS_CACHE, "___".join([*owner, camelcase_to_snakecase(name)]))
    return {folder.name for folder in kept.glob("*/*/*") if folder.is_dir()}


def _tables(dataset: Any) -> Iterator[Any]:
    for value in dataset.values() if isinstance(dataset, Mapping) else ():
        if hasattr(value, "cache_files") and not isinstance(value, Mapping):
            yield value
        else:
            yield from _tables(value)


def opened(task: NamedTask, data: Data, known: dict[Path | None, Opened]) -> Opened:
    """The task's data in this data root, kept from one call to the next."""
    return known.setdefault(data.root, Opened(task, data.root))
