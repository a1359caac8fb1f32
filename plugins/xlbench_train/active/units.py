"""Units of work: one strategy with one seed at one place; each is saved as a file once it is whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xlbench import DataError
from xlbench.core.files import write_whole
from xlbench.core.ids import slug
from xlbench_tasks.protocols.active.rounds import Point
from xlbench_train.active.places import Place
from xlbench_train.active.settings import Settings

FULL = "all labels"
"""The name of what learns from the whole pool, in the place of a strategy's."""


@dataclass(frozen=True)
class Unit:
    """What is computed, and saved, at once."""

    place: Place
    strategy: str
    """Its name; `FULL` for what learns from the whole pool."""
    seed: int

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{slug(f'{self.place.name} {self.strategy}', str(self.seed))}.npz"


def units_of(settings: Settings, places: Sequence[Place]) -> Iterator[Unit]:
    """All units, place by place and seed by seed, so that what is finished first can be compared first."""
    seeds = range(settings.seed, settings.seed + settings.seeds)
    for place in places:
        if settings.full:
            yield Unit(place, FULL, settings.seed)
        for seed in seeds:
            for strategy in settings.strategies:
                yield Unit(place, strategy.name, seed)


def save(folder: Path, unit: Unit, found: Sequence[Sequence[Point]]) -> None:
    """Save the points of a unit, a list a fold: whole, or not at all."""
    arrays = {}
    for fold, points in enumerate(found):
        arrays[f"predicted_{fold}"] = np.stack([point.predicted for point in points]).astype(np.int32)
        for name in _NUMBERS:
            arrays[f"{name}_{fold}"] = np.array([getattr(point, name) for point in points], dtype=np.float64)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / unit.file, content.getvalue(), durable_name=True)


_NUMBERS = ("labels", "learned_from", "seconds", "peak_bytes")


def is_saved(folder: Path, unit: Unit) -> bool:
    """Whether it is computed already."""
    return (folder / unit.file).is_file()


def load(folder: Path, unit: Unit) -> list[list[Point]]:
    """What `save` has saved. `DataError` where the file is damaged."""
    path = folder / unit.file
    try:
        with np.load(path, allow_pickle=False) as file:
            return [_points(file, fold) for fold in range(len(unit.place.folds))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise DataError(f"{path} is damaged: delete it, and --resume computes it again") from None


def _points(file: np.lib.npyio.NpzFile, fold: int) -> list[Point]:
    columns = [file[f"{name}_{fold}"].tolist() for name in _NUMBERS]
    codes = file[f"predicted_{fold}"].astype(np.int64)
    return [
        Point(int(labels), int(learned), predicted, seconds, int(peak))
        for predicted, labels, learned, seconds, peak in zip(codes, *columns, strict=True)
    ]
