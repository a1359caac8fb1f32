"""Statistics: rows in; values, intervals, averages, differences and ranks out.

| module | what it does |
|---|---|
| `rows` | groups identical rows, sums over clusters, influences |
| `variances` | of influences, over clusters, sets of clusters and seeds |
| `bootstrap` | resamples: the random numbers |
| `intervals` | which interval is due, and its warnings |
| `interval_methods` | the formula of each interval |
| `scorer` | one cell: a metric over items |
| `training_variance` | what the training set of a probe adds |
| `combining` | weighted sums over cells that may share items |
| `aggregate` | the intervals of these |
| `paired` | differences of two models |
| `all_pairs` | differences of every two of many models |
| `ranking`, `letters` | which ranks the data leaves open, and letters for models that are not told apart |
| `multiple_tests` | p-values of many comparisons at once |
| `student` | Student's t |
| `metrics`, `formulas` | the metrics that plugins use, and their formulas |
| `neighbors` | whether items that stand next to each other are alike |

The public names, each imported when it is first used: scipy takes a moment.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlbench.stats.aggregate import estimate, part
    from xlbench.stats.combining import Combiner, Part, combine
    from xlbench.stats.intervals import CI
    from xlbench.stats.paired import Difference, compare
    from xlbench.stats.ranking import Ranks, ranks
    from xlbench.stats.scorer import Scorer
    from xlbench.stats.training_variance import Training

_HOME_OF = {
    "CI": "intervals", "Difference": "paired", "Part": "combining", "Ranks": "ranking",
    "Scorer": "scorer", "Training": "training_variance", "Combiner": "combining", "combine": "combining",
    "compare": "paired", "estimate": "aggregate", "part": "aggregate", "ranks": "ranking",
}  # fmt: skip

__all__ = [
    "CI", "Combiner", "Difference", "Part", "Ranks", "Scorer", "Training", "combine", "compare", "estimate", "part",
    "ranks",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'xlbench.stats' has no attribute {name!r}")
    return getattr(importlib.import_module(f"xlbench.stats.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
