"""What a preparation would read, and how long it may take, from the beginning of each input."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xlbench.catalog import Catalog
from xlbench.core.task import Data
from xlbench.corpus.counting import InputCount, Tally
from xlbench.corpus.duplicates import open_index
from xlbench.corpus.preparing import lines_of, pass_text
from xlbench.corpus.reading import Watch
from xlbench.corpus.settings import Settings
from xlbench.corpus.steps import chain

SAMPLE = 3000
"""Lines of an input that are tried."""


@dataclass(frozen=True)
class Estimate:
    """What would be read of one input."""

    name: str
    format: str
    register: str
    license: str
    bytes: int
    tried: int
    """Lines that were read now."""
    kept: int
    """How many of these would be kept."""
    lines: int
    """How many lines there are: counted where all were read, else by the bytes that were read and all there are."""
    is_counted: bool
    seconds: float
    """How long all of it may take on this machine."""


def estimate(settings: Settings, catalog: Catalog, data: Data) -> list[Estimate]:
    """Try the beginning of each input, and write nothing.

    Args:
        settings: What was asked for.
        catalog: Where tasks of cards are looked up.
        data: Where their files lie.

    Raises:
        UsageError: A card is wrong.
        DataError: What was read is damaged.
        DataMissing: The data of a card is not at hand.
    """
    filter_ = settings.language_filter()
    with tempfile.TemporaryDirectory(prefix="xlbench-corpus-", ignore_cleanup_errors=True) as folder:
        index = open_index(Path(folder) / "index")
        try:
            links, tally = (
                chain(settings.steps, settings.rules, filter_, index, settings.near, settings.sample),
                Tally(),
            )
            tried = []
            for source in settings.inputs:
                count, watch = InputCount(source), Watch()
                lines = lines_of(source, count, settings, catalog, data, watch)
                begun = time.perf_counter()
                for _, text, _ in islice(lines, SAMPLE):
                    pass_text(text, count, links, tally)
                seconds = time.perf_counter() - begun
                is_counted = next(lines, None) is None
                tried.append(_estimate(count, watch, seconds, is_counted=is_counted))
            return tried
        finally:
            index.close()


def _estimate(count: InputCount, watch: Watch, seconds: float, *, is_counted: bool) -> Estimate:
    source = count.source
    size = source.bytes or count.bytes
    times = 1.0
    if not is_counted and watch.bytes:
        times = max(1.0, source.bytes / watch.bytes)
    return Estimate(
        source.name, source.format, count.register, count.license, size, count.lines, count.kept,
        round(count.lines * times), is_counted or source.is_card, seconds * times,
    )  # fmt: skip
