"""The table of a static encoder: a row of numbers a bucket, in float32, or in whole numbers of 8 or 4 bits with a scale
a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = (4, 8, 32)
"""In which a number of a table may be kept; 32: float32, as it was trained."""


@dataclass(frozen=True)
class PackedTable:
    """A table as it is kept."""

    numbers: NDArray[np.float32] | NDArray[np.int8] | NDArray[np.uint8]
    """Shape (buckets, dimensions); with 4 bits (buckets, dimensions / 2), two numbers a byte, the first in its low
    half, each 8 more than it is."""
    scales: NDArray[np.float16] | None
    """Shape (buckets,): what a row's whole numbers are to be multiplied by; None with 32 bits."""
    bits: int

    def unpacked(self) -> NDArray[np.float32]:
        """The table in float32, shape (buckets, dimensions)."""
        if self.scales is None:
            return self.numbers.astype(np.float32, copy=False)
        if self.bits == 4:
            bytes_ = self.numbers.view(np.uint8)
            whole = np.empty((bytes_.shape[0], bytes_.shape[1] * 2), np.float32)
            whole[:, 0::2] = bytes_ & 15
            whole[:, 1::2] = bytes_ >> 4
            whole -= 8
        else:
            whole = self.numbers.astype(np.float32)
        whole *= self.scales.astype(np.float32)[:, None]
        return whole


def packed(table: NDArray[np.float32], bits: int) -> PackedTable:
    """Round a table to ``bits`` a number, each row by a scale of its own.

    Args:
        table: Shape (buckets, dimensions); with 4 bits, an even number of dimensions.
        bits: One of `BITS`.

    Raises:
        ValueError: For other bits, an odd number of dimensions with 4, or a table that is not finite.
    """
    if bits not in BITS or (bits == 4 and table.shape[1] % 2):
        raise ValueError(f"a table of {table.shape[1]} dimensions cannot be kept in {bits} bits")
    if not np.isfinite(table).all():
        raise ValueError("the table holds numbers that are not finite")
    if bits == 32:
        return PackedTable(table.astype(np.float32), None, bits)
    most = 2 ** (bits - 1) - 1
    scales = _scales(table, most)
    divisors = scales.astype(np.float32)[:, None]
    whole = np.divide(table, divisors, out=np.zeros_like(table), where=divisors > 0)
    whole = np.clip(np.rint(whole), -most, most).astype(np.int8)
    if bits == 8:
        return PackedTable(whole, scales, bits)
    shifted = (whole + 8).astype(np.uint8)
    return PackedTable(shifted[:, 0::2] | (shifted[:, 1::2] << 4), scales, bits)


def _scales(table: NDArray[np.float32], most: int) -> NDArray[np.float16]:
    """Each row's scale: of a few shares of its largest number, that with the smallest squared error.

    With few bits, cutting the largest number of a row leaves finer steps for the others.
    """
    largest = np.abs(table).max(axis=1, initial=0)
    best: NDArray[np.float16] = (largest / most).astype(np.float16)
    if most > 7:
        return best
    smallest = np.full(len(table), np.inf, np.float32)
    for share in (1.0, 0.9, 0.8, 0.7, 0.6):
        scales: NDArray[np.float16] = (largest * share / most).astype(np.float16)
        steps = np.maximum(scales.astype(np.float32), np.finfo(np.float32).tiny)[:, None]
        errors = np.square(np.clip(np.rint(table / steps), -most, most) * steps - table).sum(axis=1)
        better = errors < smallest
        best[better], smallest[better] = scales[better], errors[better]
    return best
