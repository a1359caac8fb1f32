"""What learns at a place: a probe on frozen vectors, or a transformer that is fine-tuned, a new one for every unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlbench import Catalog, Model, UsageError
from xlbench_tasks.protocols.active import cells, clusters
from xlbench_tasks.protocols.active.frozen import FrozenVectors
from xlbench_tasks.protocols.active.rounds import Learner
from xlbench_train.active import vectors
from xlbench_train.active.places import Place
from xlbench_train.active.settings import Settings
from xlbench_train.training.bases import Base, find_checkpoint

if TYPE_CHECKING:
    from xlbench_train.active.fine_tuned import Checkpoint


@dataclass
class Learners:
    """Makes learners of one base; what it reads and encodes is kept for the next one."""

    settings: Settings
    model: Model
    """The base as `xlbench run` knows it."""
    base: Base | None
    """Its checkpoint, where it is fine-tuned."""
    grouping: Model | None
    """Whose vectors texts are grouped by; None: the base's own, or n-grams."""
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)
    _frozen: dict[tuple[str, int], FrozenVectors] = field(default_factory=dict)
    _grouped: dict[tuple[str, int], NDArray[np.float64]] = field(default_factory=dict)
    _checkpoint: Checkpoint | None = None

    @classmethod
    def of(cls, settings: Settings, catalog: Catalog) -> Learners:
        """Find the base and whatever else encodes. `UsageError` where one is not there, or cannot be trained."""
        base = None
        if settings.fine_tune:
            base = find_checkpoint(
                settings.base, catalog, kinds=("hf", "st"), readable="a transformer, in a folder or on the hub"
            )
        model = base.model if base is not None and base.model is not None else _one(catalog, settings.base, "--base")
        grouping = None
        if settings.clustered_on not in ("vectors", "tf-idf"):
            grouping = _one(catalog, settings.clustered_on, "--clustered-on")
        return cls(settings, model, base, grouping)

    def prepare(self, places: Sequence[Place], say: Callable[[str], None]) -> None:
        """Encode what has to be encoded before any unit begins."""
        for model in ([] if self.settings.fine_tune else [self.model]) + ([self.grouping] if self.grouping else []):
            say(f"encoding texts with {model.name}")
            self._known[model.name] = vectors.vectors_of(model, places)

    def learner(self, place: Place, fold: int, seed: int) -> Learner:
        """A learner that has learned nothing yet."""
        if self.settings.fine_tune:
            return self._fine_tuned(place, fold, seed)
        key = place.name, fold
        if key not in self._frozen:
            self._frozen |= {
                (place.name, n): one for n, one in enumerate(vectors.frozen(place, self._known[self.model.name]))
            }
        return cells.vector_learner(self._frozen[key], self.settings.options(place.labels))

    def _fine_tuned(self, place: Place, fold: int, seed: int) -> Learner:
        from xlbench_train.active.fine_tuned import Checkpoint, FineTuned

        assert self.base is not None
        assert self.base.folder is not None
        if self._checkpoint is None:
            self._checkpoint = Checkpoint(self.base.folder, self.settings)
        return FineTuned(self._checkpoint, place.pools[fold], len(place.labels), seed)

    def grouped_on(self, place: Place, fold: int) -> NDArray[np.float64] | None:
        """Vectors (n, d) by which the pool's texts are grouped; None: the learner's own."""
        if self.settings.clustered_on == "vectors":
            return None
        key = place.name, fold
        if key not in self._grouped:
            texts = place.pools[fold].texts
            if self.grouping is None:
                self._grouped[key] = clusters.tf_idf(texts)
            else:
                own = vectors.stacked(texts, self._known[self.grouping.name])
                self._grouped[key] = FrozenVectors.of(own, own).pool
        return self._grouped[key]


def _one(catalog: Catalog, spec: str, option: str) -> Model:
    models = catalog.select_models([spec])
    if len(models) != 1:
        raise UsageError(f"{option} {spec}: give one model")
    return models[0]
