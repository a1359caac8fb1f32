"""Checks before a training writes anything: base, device and teacher are loaded once."""

from __future__ import annotations

from xlbench import Catalog
from xlbench_train.siamese.adapters import add_adapter
from xlbench_train.siamese.bases import SiameseBase, load_base, table_size
from xlbench_train.siamese.pairs.held_out import PairSplit
from xlbench_train.siamese.settings import Settings
from xlbench_train.siamese.teacher import Teacher
from xlbench_train.training.devices import device_of
from xlbench_train.training.libraries import quiet_libraries
from xlbench_train.training.terminal import Terminal


def check(
    base: SiameseBase, settings: Settings, parts: PairSplit, catalog: Catalog, terminal: Terminal
) -> Teacher | None:
    """Load the base as it is to be trained, and its teacher, which is returned.

    Raises:
        UsageError: The device is not there, or the base or the teacher does not have what a setting is about.
        EncoderError: One of them cannot be loaded.
    """
    if settings.device not in ("auto", "cpu"):
        device_of(settings.device)
    if base.folder is None and not settings.teacher:
        return None  # a new table, of which there is nothing to try
    with quiet_libraries():
        dimensions = _dimensions(base, settings)
        if not settings.teacher:
            return None
        teacher = Teacher(settings.teacher, catalog, terminal.slow)
        teacher.check(parts.training.first, dimensions)
        return teacher


def _dimensions(base: SiameseBase, settings: Settings) -> int:
    """Of the base's vectors."""
    if base.folder is None:
        return table_size(base.spec)[1]
    model = load_base(base, settings)
    if settings.lora:
        add_adapter(model, settings.lora, settings.base)
    return int(model.get_embedding_dimension() or 0)
