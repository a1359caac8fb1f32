"""Checkpoints of a training: which are complete, which is the last one, and the weights in each."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError

if TYPE_CHECKING:
    import torch

WEIGHTS = "trained.safetensors"
MARK = "complete"
"""A file that is written when everything else of a checkpoint is: a kill leaves none."""
STATE = "trainer_state.json"
"""What the library's trainer knows at a checkpoint."""
LOSS = "epoch_loss.json"


@dataclass(frozen=True)
class EpochLoss:
    """The losses of an epoch so far: that of a step is the sum of those of its pieces."""

    total: float = 0.0
    after_step: int = 0
    """The last step that is not among them."""

    def plus(self, loss: float) -> EpochLoss:
        """With one more."""
        return EpochLoss(self.total + loss, self.after_step)

    def mean(self, step: int) -> float:
        """The mean over the steps up to ``step``."""
        return self.total / (step - self.after_step)


def last_complete(folder: Path) -> Path | None:
    """The latest checkpoint that was written to its end; None where there is none."""
    return max(complete_checkpoints(folder), key=step_of, default=None)


def complete_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints that were written to their end."""
    return [path for path in folder.glob("checkpoint-*") if (path / MARK).is_file()]


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    found = re.search(r"-(\d+)$", checkpoint.name)
    return int(found[1]) if found else 0


def remove_incomplete(folder: Path) -> list[str]:
    """Remove the checkpoints that a kill has cut off; their names."""
    cut = [path for path in folder.glob("checkpoint-*") if not (path / MARK).is_file()]
    for path in cut:
        shutil.rmtree(path)
    return [path.name for path in cut]


def remove_all(folder: Path) -> None:
    """Remove the folder of all checkpoints. A kill in the midst of it leaves none that looks whole and is not: the
    folder has another name by then, and goes the next time."""
    going = folder.with_name(f"{folder.name}-going")
    shutil.rmtree(going, ignore_errors=True)
    if folder.is_dir():
        folder.rename(going)
        shutil.rmtree(going, ignore_errors=True)


def state_of(checkpoint: Path) -> dict[str, Any]:
    """What the trainer knew at a checkpoint. `DataError` where that is damaged."""
    path = checkpoint / STATE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(known, dict)
    except (OSError, ValueError, AssertionError):
        raise _damaged(path, checkpoint) from None
    return known


def best_at_early_stop(checkpoint: Path) -> int | None:
    """The best step, where training was to stop early with this checkpoint; None where it was to go on.

    The library's trainer forgets on going on that it was to stop; the callback that had it stop has its count saved.
    """
    state = state_of(checkpoint)
    stopping = state.get("stateful_callbacks", {}).get("EarlyStoppingCallback")
    if not stopping:
        return None
    is_over = stopping["attributes"]["early_stopping_patience_counter"] >= stopping["args"]["early_stopping_patience"]
    return int(state["best_global_step"]) if is_over else None


def best_at_last_step(checkpoint: Path) -> int | None:
    """The best step, where the checkpoint is of the last step; None where there is something left to train."""
    state = state_of(checkpoint)
    last = state.get("max_steps")
    return int(state["best_global_step"]) if last and step_of(checkpoint) >= last else None


def save_loss(so_far: EpochLoss, checkpoint: Path) -> None:
    """Write the losses of the epoch that a checkpoint lies in."""
    (checkpoint / LOSS).write_text(json.dumps(asdict(so_far)), encoding="utf-8")


def load_loss(checkpoint: Path) -> EpochLoss:
    """Read them back. `DataError` where they are damaged."""
    path = checkpoint / LOSS
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return EpochLoss(float(known["total"]), int(known["after_step"]))
    except (OSError, ValueError, TypeError, KeyError):
        raise _damaged(path, checkpoint) from None


def _damaged(path: Path, checkpoint: Path) -> DataError:
    return DataError(f"{path} is damaged: remove {checkpoint}, and --resume from the one before")


def trainable_parameters(loss: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that are learned, the loss's own among them, by name."""
    return {name: value.detach() for name, value in loss.named_parameters() if value.requires_grad}


def are_finite(loss: torch.nn.Module) -> bool:
    """Whether every parameter that is learned is a finite number."""
    import torch

    return all(bool(torch.isfinite(value).all()) for value in trainable_parameters(loss).values())


def save_weights(loss: torch.nn.Module, folder: Path) -> None:
    """Write the parameters that are learned."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous().cpu() for name, value in trainable_parameters(loss).items()}, folder / WEIGHTS)


def load_weights(loss: torch.nn.Module, folder: Path) -> None:
    """Read them back, one by one: no second model is held. `DataError` where they are not those of this training."""
    import torch
    from safetensors import SafetensorError, safe_open

    own = trainable_parameters(loss)
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file, torch.no_grad():
            names = set(file.keys())
            if names != set(own):
                raise DataError(f"{folder}: the checkpoint is of another model: choose another --out")
            for name, value in own.items():
                value.copy_(file.get_tensor(name))
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"{folder / WEIGHTS} is damaged ({error}): remove {folder}, and --resume from the one before"
        ) from None
