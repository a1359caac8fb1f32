"""The field's metrics as functions of summed rows, for protocols and for plugin authors: constructors of `Metric`.

numpy is imported when rows are made, so that a list of tasks stays quick.
"""

from xlbench.stats.metrics.classes import class_f1, macro_f1, macro_precision, macro_recall, micro_f1, weighted_f1
from xlbench.stats.metrics.clusters import ari, inverse_purity, nmi, purity, v_measure
from xlbench.stats.metrics.columns import Column
from xlbench.stats.metrics.label_sets import macro_f1_of_sets
from xlbench.stats.metrics.means import averaged, mean, ratio, share

__all__ = [
    "Column", "ari", "averaged", "class_f1", "inverse_purity", "macro_f1", "macro_f1_of_sets", "macro_precision",
    "macro_recall", "mean", "micro_f1", "nmi", "purity", "ratio", "share", "v_measure", "weighted_f1",
]  # fmt: skip
