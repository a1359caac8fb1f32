"""Cuts texts into batches of similar length, on a device and in a dtype; halves them when memory runs out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from xlbench import EncoderError, Spec, UsageError
from xlbench.core.errors import is_out_of_memory
from xlbench_transformers.options import DEVICE

T = TypeVar("T")

CPU_TEXTS = 32
"""Texts at a time on a processor: more gain nothing, and leave its caches."""

FEWEST = 8
"""Texts that a processor takes at a time even where they differ in length: of fewer, its products are slow."""

ALIKE = 0.98
"""What a text's length must be of its batch's longest, beyond `FEWEST` texts: on a processor, padding costs what
tokens cost."""

ACCELERATOR_TEXTS = 512
"""Texts of `TOKENS_PER_TEXT` tokens at a time on an accelerator: of shorter ones more, of longer ones fewer."""

TOKENS_PER_TEXT = 128


def device_of(spec: Spec) -> torch.device:
    """The device of ``device=``; auto: CUDA, else MPS, else the processor. `UsageError` where it is not there."""
    wanted = spec["device"]
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not DEVICE.fullmatch(wanted):
        raise UsageError(f"device={wanted}: choose one of auto, cpu, cuda, cuda:N, mps")
    kind, _, number = wanted.partition(":")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device={wanted}: this machine has {torch.cuda.device_count()} CUDA devices that torch can use"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UsageError("device=mps: torch finds no Metal device on this machine")
    return torch.device(wanted)


def dtype_of(spec: Spec) -> torch.dtype:
    """The numbers of ``dtype=``: float32, float16 or bfloat16."""
    dtype: torch.dtype = getattr(torch, spec["dtype"])
    return dtype


def auto_batch_size(device: torch.device) -> int:
    """Texts at a time where ``batch_size`` was not given."""
    return CPU_TEXTS if device.type == "cpu" else ACCELERATOR_TEXTS


def with_halving(call: Callable[[int], T], batch_size: int) -> tuple[T, int]:
    """``call(batch_size)``, with half the size again and again where memory runs out, down to 1.

    Returns the result and the size that it was had with. Raises `EncoderError` where one text is too much.
    """
    while True:
        try:
            return call(batch_size), batch_size
        except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
            if not is_out_of_memory(error):
                raise
        # Out of the except block, because its traceback holds the tensors that are in the way.
        if batch_size == 1:
            raise EncoderError(
                "out of memory with one text at a time: give a smaller max_length (or window), dtype=bfloat16 or "
                "another device"
            )
        batch_size //= 2
        _free_memory()


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class Batcher:
    """Cuts texts into batches of like lengths, the longest first, and remembers the size that memory allows.

    The longest first, so that memory ends early or not at all, and so that the first allocation fits all that follow.
    """

    def __init__(self, device: torch.device, batch_size: int | None = None) -> None:
        self.batch_size = batch_size or auto_batch_size(device)
        self._by_tokens = batch_size is None and device.type != "cpu"
        self._by_likeness = batch_size is None and device.type == "cpu"

    def run(
        self, lengths: NDArray[np.int64], work: Callable[[NDArray[np.int64]], T]
    ) -> list[tuple[NDArray[np.int64], T]]:
        """``work(rows)`` for batches of row numbers that cover texts of ``lengths`` (in tokens) once each.

        Returns the rows and the result of every batch. Where memory runs out, what is done stays done, and the rest
        goes on in smaller batches. Raises `EncoderError` where one text is too much.
        """
        order = np.argsort(-lengths, kind="stable")
        done: list[tuple[NDArray[np.int64], T]] = []

        def go_on(size: int) -> None:
            """Do what is left, in batches of a size."""
            rest = order[sum(len(rows) for rows, _ in done) :]
            for rows in self._cut(rest, lengths, size):
                done.append((rows, work(rows)))  # noqa: PERF401 - what was done before an error has to be kept

        _, self.batch_size = with_halving(go_on, self.batch_size)
        return done

    def _cut(self, order: NDArray[np.int64], lengths: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
        start = 0
        while start < len(order):
            longest = max(int(lengths[order[start]]), 1)
            texts = max(size * TOKENS_PER_TEXT // longest, 1) if self._by_tokens else size
            if self._by_likeness:
                alike = int(np.count_nonzero(lengths[order[start : start + texts]] >= ALIKE * longest))
                texts = min(max(alike, FEWEST), texts)
            yield order[start : start + texts]
            start += texts


def collect(done: list[tuple[NDArray[np.int64], torch.Tensor]]) -> NDArray[np.float32]:
    """The results of all batches as one array (n, d), in the order of the texts; copied from the device once."""
    stacked = torch.cat([part for _, part in done]).float().cpu().numpy()
    ordered: NDArray[np.float32] = np.empty_like(stacked)
    ordered[np.concatenate([rows for rows, _ in done])] = stacked
    return ordered
