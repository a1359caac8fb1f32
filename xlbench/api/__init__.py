"""The commands as functions, for programs."""

from xlbench.api.judging import compare, gate
from xlbench.api.results import Results, load
from xlbench.api.scoring import TRAIN_SIZES, curve, fetch, run
from xlbench.api.sharing import board, pack, unpack

__all__ = ["TRAIN_SIZES", "Results", "board", "compare", "curve", "fetch", "gate", "load", "pack", "run", "unpack"]
