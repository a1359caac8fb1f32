"""Silences the progress bars and warnings of the training libraries, and restores their settings afterwards."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

LOGGERS = ("sentence_transformers", "accelerate", "datasets")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep back the libraries' bars and warnings of their own arguments, which are no use to whoever typed a command.

    Afterwards their settings, and the random numbers that training seeds (torch, numpy, Python), are as they were.
    """
    import datasets
    import torch
    import transformers

    said = transformers.logging.get_verbosity()  # type: ignore[no-untyped-call, unused-ignore]
    bars = transformers.logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    states = random.getstate(), np.random.get_state()
    try:
        transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        datasets.disable_progress_bars()
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        with torch.random.fork_rng():
            yield
    finally:
        transformers.logging.set_verbosity(said)  # type: ignore[no-untyped-call, unused-ignore]
        if bars[0]:
            transformers.logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        if not bars[1]:
            datasets.enable_progress_bars()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        random.setstate(states[0])
        np.random.set_state(states[1])
