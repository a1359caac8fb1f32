"""The commands as functions, for programs."""

from xlbench.api.judging import compare, gate
from xlbench.api.scoring import TRAIN_SIZES, curve, fetch, run
from xlbench.api.sharing import board, pack, unpack

__all__ = ["TRAIN_SIZES", "board", "compare", "curve", "fetch", "gate", "pack", "run", "unpack"]
