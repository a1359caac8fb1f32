"""The library's trainer with crash-safe checkpoints and a check that losses are finite, and what shows its progress."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from xlbench_train.training import checkpoints
from xlbench_train.training.failures import Diverged
from xlbench_train.training.history import History
from xlbench_train.training.terminal import Terminal

SAVE_SECONDS = 300.0
"""Between two checkpoints within an epoch: what a kill can cost."""


class SafeTrainer(Trainer):
    """The library's trainer, with checkpoints of what is learned alone, and no pickle of settings; and with the mean
    loss of whole epochs, also of one that was gone on with in its midst. Mixed with another of its kind, it comes
    first."""

    _so_far = checkpoints.EpochLoss()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Models of the library take the number of labels of a batch, and some leave it alone: the gradient of a batch
        # would be the sum of its micro-batches', and not their mean. `mean_of_labels` is exact.
        self.model_accepts_loss_kwargs = False

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """The library's own, its loss added up."""
        found: torch.Tensor = super().training_step(*args, **kwargs)
        self._so_far = self._so_far.plus(float(found))
        return found

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """The library's own, with the mean loss of the epoch in place of that since this process began."""
        if "loss" in logs:
            logs["loss"] = self._so_far.mean(self.state.global_step)
            self._so_far = checkpoints.EpochLoss(0.0, self.state.global_step)
        super().log(logs, *args, **kwargs)

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        """The library's own. Raises `Diverged` where it is no finite number."""
        found = super().compute_loss(*args, **kwargs)
        loss = found[0] if isinstance(found, tuple) else found
        if not math.isfinite(float(loss.detach())):
            raise Diverged(f"the loss is {float(loss.detach())} in step {self.state.global_step + 1:,}")
        return found

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        checkpoints.save_weights(self.learned(), Path(output_dir or str(self.args.output_dir)))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        checkpoints.load_weights(self.learned(), Path(resume_from_checkpoint))
        self._so_far = checkpoints.load_loss(Path(resume_from_checkpoint))

    def learned(self) -> torch.nn.Module:
        """What is learned: the model; of a loss with weights of its own, the loss that holds it."""
        assert isinstance(self.model, torch.nn.Module)
        return self.model

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        if not checkpoints.are_finite(self.learned()):
            raise Diverged(f"the weights are no finite numbers after step {self.state.global_step:,}")
        (folder / checkpoints.MARK).unlink(missing_ok=True)  # of this step, too: it is whole again when all is written
        super()._save_checkpoint(model, trial)
        checkpoints.save_loss(self._so_far, folder)
        (folder / checkpoints.MARK).write_bytes(b"")


def mean_of_labels(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
    """Cross-entropy, the mean over all labels of a batch, however many micro-batches it has: for ``compute_loss_func``.

    Args:
        outputs: With logits (..., classes).
        labels: (...), -100 where there is none.
        num_items_in_batch: Labels of the whole batch; None: of these alone.
    """
    logits = outputs["logits"]
    total = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(), labels.reshape(-1).to(logits.device), reduction="sum"
    )
    count = (labels != -100).sum() if num_items_in_batch is None else torch.as_tensor(num_items_in_batch)
    return total / count.clamp(min=1).to(total.device)


class ProgressCallback(TrainerCallback):
    """Shows steps and epochs, and has a checkpoint written every few minutes."""

    def __init__(self, terminal: Terminal, history: History) -> None:
        self._terminal, self._history = terminal, history
        self._loss: float | None = None
        self._saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A step is done."""
        self._terminal.step(state.global_step, state.max_steps, state.epoch or 0)
        # after a step that is evaluated there is a checkpoint anyway, and that one knows how it was evaluated
        by_epoch = args.eval_strategy == "epoch"
        is_within = float(state.epoch or 0) % 1 > 0 if by_epoch else state.global_step % args.eval_steps > 0
        if is_within and time.monotonic() - self._saved > SAVE_SECONDS:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is written."""
        self._saved = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """The mean loss since the last evaluation is known."""
        self._loss = (logs or {}).get("loss", self._loss)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        """The model was evaluated."""
        self._history.add(round(state.epoch or 0, 4), state.global_step, self._loss, metrics or {})
