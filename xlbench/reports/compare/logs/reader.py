"""`LogReader`: reads saved runs and, by a prefix, logs of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.record import Cell, Run
from xlbench.reports.compare.logs.figures import Log
from xlbench.runs.items import Influence, Items, cluster_sums
from xlbench.runs.store import Reader

PREFIXES = ("lm-eval:", "inspect:")
"""How a log is named: its tool, and its path."""


class LogReader(Reader):
    """Saved runs and logs; what was read once is kept."""

    def __init__(self, metric: str = "") -> None:
        """``metric``: what logs are compared by, in the place of each task's own main figure; "" for that."""
        super().__init__()
        self.metric = metric
        self._logs: dict[Path, Log] = {}

    def log(self, text: str) -> Run:
        """The run of a log that is named by tool and path; `UsageError` where there is nothing."""
        tool, _, rest = text.partition(":")
        path = Path(rest)
        if not rest or not path.exists():
            raise UsageError(f"{text}: there is no file or folder {rest!r}")
        if tool == "lm-eval":
            from xlbench.reports.compare.logs.lm_harness import read
        else:
            from xlbench.reports.compare.logs.inspect_log import read
        found = read(path, self.metric)
        self._logs[path] = found
        return found.run

    def texts(self, folder: Path) -> Mapping[str, str] | None:
        """Of a log, what each cluster of items is known by; None of a saved run, which holds no texts."""
        return self._logs[folder].texts if folder in self._logs else None

    def influence(self, cell: Cell, folder: Path) -> Influence:
        """As of a `Reader`, of logs as well."""
        if folder not in self._logs:
            return super().influence(cell, folder)
        items = self.load_items(cell, folder)
        clusters, codes = np.unique(np.asarray(items.cluster_ids, dtype=object), return_inverse=True)
        return cluster_sums(cell, clusters, codes, items.influence)

    def load_items(self, cell: Cell, run: Path) -> Items:
        """As of a `Reader`, of logs as well."""
        return self._logs[run].items[cell.task, cell.subset] if run in self._logs else super().load_items(cell, run)
