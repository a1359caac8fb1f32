"""Logs of other evaluation tools as runs: their items' scores, checked against the figures that the tool reported."""
