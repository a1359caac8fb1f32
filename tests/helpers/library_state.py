"""The state of other libraries and of the process that a run may not leave changed: what it is, and what differs."""

from __future__ import annotations

import contextlib
import decimal
import gc
import importlib
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

ABSENT = "is not there"


def state() -> dict[str, str]:
    """What there is, by names; of libraries, where they are imported already."""
    return {name: repr(value) for name, value in (*_of_python(), *_of_numbers(), *_of_torch(), *_of_libraries())}


def differences(before: dict[str, str]) -> list[str]:
    """What is no longer as it was, a line each; loggers, and libraries, that were not there before are left out."""
    after = state()
    gone = [f"{name}: {value} -> {ABSENT}" for name, value in before.items() if name not in after]
    new = [f"{name}: {ABSENT} -> {value}" for name, value in after.items() if name not in before and "variable" in name]
    changed = [f"{name}: {was} -> {after[name]}" for name, was in before.items() if after.get(name, was) != was]
    return [*gone, *new, *changed]


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Fails where what is done in it leaves something else behind."""
    before = state()
    yield
    assert not differences(before)


def _of_python() -> Iterator[tuple[str, Any]]:
    yield from ((f"variable {name}", value) for name, value in os.environ.items())
    loggers = {name: it for name, it in logging.root.manager.loggerDict.items() if isinstance(it, logging.Logger)}
    for name, logger in {"root": logging.root, **loggers}.items():
        yield f"logger {name}", (logger.level, logger.handlers, logger.propagate, logger.disabled, logger.filters)
    yield "logging.disable", logging.root.manager.disable
    yield "warnings", (warnings.filters, id(warnings.showwarning))
    yield "signal handlers", {number.name: signal.getsignal(number) for number in signal.valid_signals()
                              if isinstance(number, signal.Signals)}  # fmt: skip
    yield "garbage collection", (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), len(gc.callbacks))
    yield "imports", (sys.path, sys.meta_path, sys.path_hooks)
    yield "hooks", (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.gettrace(), sys.getprofile())
    yield "streams", tuple(map(id, (sys.stdin, sys.stdout, sys.stderr)))
    yield "limits", (sys.getrecursionlimit(), sys.getswitchinterval(), socket.getdefaulttimeout())
    threads = sorted(
        {thread.name for thread in threading.enumerate()} - {"tqdm_monitor"}
    )  # of each kind of bar, for ever
    yield "threads and processes", (
        threads, multiprocessing.active_children(),
        multiprocessing.get_start_method(allow_none=True),
    )  # fmt: skip
    yield "locale", locale.setlocale(locale.LC_ALL)
    yield "folder", os.getcwd()
    yield "decimal", decimal.getcontext()
    yield "random", hash(random.getstate())


def _of_numbers() -> Iterator[tuple[str, Any]]:
    if "numpy" in sys.modules:
        import numpy as np

        yield "numpy.random", [part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()]
        yield "numpy", (np.geterr(), np.geterrcall(), np.get_printoptions())
    if "threadpoolctl" in sys.modules:
        import threadpoolctl

        for pool in threadpoolctl.threadpool_info():
            yield f"threads of {pool['filepath']}", pool["num_threads"]
    if "pandas" in sys.modules:
        import pandas as pd

        yield "pandas", pd.describe_option(_print_desc=False)
    if "sklearn" in sys.modules:
        import sklearn

        yield "sklearn", sklearn.get_config()
    if "matplotlib" in sys.modules:
        import matplotlib as mpl

        yield "matplotlib", dict(mpl.rcParams)


def _of_torch() -> Iterator[tuple[str, Any]]:
    if "torch" not in sys.modules:
        return
    import torch

    yield "torch threads", (torch.get_num_threads(), torch.get_num_interop_threads())
    yield "torch.random", torch.get_rng_state().tolist()
    yield "torch", (
        torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.get_float32_matmul_precision(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark,
        torch.is_inference_mode_enabled(), torch.is_anomaly_enabled(), torch.is_autocast_enabled("cpu"),
    )  # fmt: skip


def _of_libraries() -> Iterator[tuple[str, Any]]:
    for name in ("datasets.utils.logging", "huggingface_hub.utils.logging", "transformers.utils.logging"):
        if name.partition(".")[0] in sys.modules:
            yield name, importlib.import_module(name).get_verbosity()
    if "transformers" in sys.modules:
        from transformers.utils.logging import is_progress_bar_enabled

        yield "bars of transformers", is_progress_bar_enabled()
    if "datasets" in sys.modules:
        import datasets

        yield "bars of datasets", (datasets.are_progress_bars_disabled(), datasets.is_caching_enabled())
    if "huggingface_hub" in sys.modules:
        from huggingface_hub.utils import are_progress_bars_disabled

        yield "bars of huggingface_hub", are_progress_bars_disabled()
