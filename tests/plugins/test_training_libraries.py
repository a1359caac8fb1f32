"""The libraries that train are as they were afterwards."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_libraries_are_left_as_they_were_found():
    """While a command trains, the libraries are quiet; afterwards their settings and random numbers are as before."""
    import datasets
    import torch
    import transformers

    from xlbench_train.training.libraries import LOGGERS, quiet_libraries

    def state():
        levels = [logging.getLogger(name).level for name in LOGGERS]
        bars = transformers.logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
        drawn = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()
        return transformers.logging.get_verbosity(), levels, bars, drawn

    before = state()
    with quiet_libraries():
        assert state()[:3] != before[:3]
        transformers.set_seed(1)
    assert state() == before
