"""What a search has found for each of its queries, and what was judged: from it follow run files of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError, XlbenchError
from xlbench.core.task import Subset, Task
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class FoundDocuments:
    """The first documents of each query, in the order in which scores count them."""

    item_ids: Sequence[str]
    """Ids of the n queries that are scored, as the items of their cell have them."""
    queries: Sequence[str]
    """Their ids as files of judgments have them."""
    documents: Sequence[str]
    """Ids of the m documents, each once."""
    places: np.ndarray
    """(n, k) which documents, -1 at the end of shorter lists. Of documents that are equally good, those stand first
    that help least: not judged, then by ascending grade."""
    scores: np.ndarray
    """(n, k) not ascending; equal where documents are equally good."""
    judged: Sequence[tuple[int, int, int]]
    """(Query, document, grade), each pair once; grade 0: judged, and not relevant."""

    def ndcg(self, k: int) -> np.ndarray:
        """(n,): nDCG of each query's first k documents, with linear gains (Järvelin and Kekäläinen 2002); 0 where
        nothing is found, or nothing is relevant."""
        import numpy as np

        n, m = len(self.queries), len(self.documents)
        query, document, grade = np.array(self.judged, np.int64).reshape(-1, 3).T
        keys = query * m + document
        order = np.argsort(keys)
        places = self.places[:, :k]
        wanted = np.arange(n)[:, None] * m + places
        at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
        is_judged = (places >= 0) & (keys[order][at] == wanted) if len(keys) else np.zeros(places.shape, bool)
        gains = np.where(is_judged, grade[order][at], 0) if len(keys) else np.zeros(places.shape)
        best = np.zeros((n, k))
        by_grade = np.lexsort((-grade, query))
        rank = np.arange(len(query)) - np.searchsorted(query[by_grade], query[by_grade])
        first = rank < k
        best[query[by_grade][first], rank[first]] = grade[by_grade][first]
        discounts = 1 / np.log2(np.arange(2, k + 2))
        ideal = best @ discounts
        return np.asarray(gains @ discounts[: places.shape[1]] / np.where(ideal > 0, ideal, 1.0))


def found_documents(task: Task, subset: Subset, session: Any, depth: int) -> FoundDocuments:
    """What ``Task.find`` gives of a subset, checked.

    Raises:
        UsageError: The task does not search, fails at it, or gives lists that are none.
        XlbenchError: Its data, or the model, is at fault.
    """
    if task.find is None:
        raise UsageError(f"the task {task.name} does not tell which documents are found (Task.find)")
    try:
        found = task.find(subset, session, depth)
    except (XlbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a plugin raises is its own failure, and no traceback
        log_traceback(f"the documents found for {task.name} {subset.name}")
        raise UsageError(f"{task.name} {subset.name}: what it finds cannot be had: {reason_of(error)}") from None
    if wrong := _wrong(found, depth):
        raise UsageError(f"{task.name} {subset.name}: {wrong}")
    return found


def _wrong(found: object, depth: int) -> str:
    """What is wrong with the lists; "" where they are such."""
    import numpy as np

    if not isinstance(found, FoundDocuments):
        return f"Task.find returned {type(found).__name__}, and no FoundDocuments"
    n, m = len(found.item_ids), len(found.documents)
    places, scores = found.places, found.scores
    if places.ndim != 2 or len(places) != n or places.shape != scores.shape or places.shape[1] > depth:
        return f"its lists are of shape {places.shape} and {scores.shape}: {n} queries have at most {depth} documents"
    listed = places >= 0
    if places.size and places.max() >= m:
        return f"it lists a document that is none of the {m}"
    if (listed[:, 1:] & (~listed[:, :-1] | (scores[:, 1:] > scores[:, :-1]))).any():
        return "its lists are not in descending order, with -1 at the end"
    ordered = np.sort(places, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        return "it lists a document twice for one query"
    if len(found.queries) != n or len(set(found.queries)) != n or len(set(found.documents)) != m:
        return "two of its queries, or of its documents, have one id"
    return ""
