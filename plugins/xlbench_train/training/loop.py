"""The training loop of every recipe: trains by the library's trainer, goes on after a kill, retries with smaller
micro-batches where memory runs out, and returns the weights of the best evaluation."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from xlbench import DataError
from xlbench.core.errors import is_out_of_memory
from xlbench_train.training import checkpoints
from xlbench_train.training.devices import device_of
from xlbench_train.training.failures import Diverged, TrainingStopped
from xlbench_train.training.history import History
from xlbench_train.training.micro_batches import first_micro_batch, smaller_micro_batch
from xlbench_train.training.progress import Progress
from xlbench_train.training.terminal import Terminal

if TYPE_CHECKING:
    import torch


class LoopSettings(Protocol):
    """What the loop reads of a recipe's settings."""

    @property
    def epochs(self) -> float:
        """Through the training texts, at most."""

    @property
    def batch_size(self) -> int:
        """Examples of a step."""

    @property
    def learning_rate(self) -> float:
        """Its peak."""

    @property
    def warmup(self) -> float:
        """Share of the steps until the peak."""

    @property
    def patience(self) -> int:
        """Evaluations without a better one after which it ends; 0: it does not."""

    @property
    def seed(self) -> int:
        """Of all that is drawn."""

    @property
    def device(self) -> str:
        """As `device_of` reads it."""


class Job(ABC):
    """A training of some recipe: what it is, and what the loop asks the recipe for."""

    unit = "text"
    """What a batch has so many of."""
    figures: Mapping[str, str] = {}
    """What its evaluator finds, name -> heading in the table."""
    metric = "loss"
    """By which the best evaluation is chosen; the smallest loss, else the greatest value."""
    every_steps = 0
    """Steps from one evaluation to the next; 0: an epoch."""
    max_steps = -1
    """Steps in all; -1: as many as the epochs have."""

    def __init__(self, folder: Path, settings: LoopSettings, terminal: Terminal) -> None:
        """``folder``: for checkpoints and the history."""
        self.folder, self.settings, self.terminal = folder, settings, terminal
        self.progress = Progress.read(folder)
        """What an earlier process has left, and what this one adds to it."""
        self.history = History(folder / "history.csv", terminal.row, self.figures, steps=bool(self.every_steps))

    @abstractmethod
    def build(self, micro_batch_size: int) -> torch.nn.Module:
        """What is learned, untrained, on its device; always the same."""

    @abstractmethod
    def trainer(self, learned: torch.nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[Any]) -> Any:
        """A `SafeTrainer`, with the data, of what `build` returned; ``arguments``: see `trainer_arguments`."""

    def restore(self, learned: torch.nn.Module) -> None:  # noqa: B027 - most recipes have nothing to undo
        """Undo what `build` did for the sake of training, after it."""

    def first_micro_batch(self) -> int:
        """How much of a batch goes through at a time, at first."""
        return first_micro_batch(self.settings.batch_size, device_of(self.settings.device))

    def shrink(self, micro_batch_size: int) -> int:
        """The smaller micro-batch after memory ran out, which is said. `TrainingStopped` where there is none."""
        size = smaller_micro_batch(self.settings.batch_size, micro_batch_size, self.unit)
        count = f"{size} {self.unit}{'s' * (size != 1)}"
        self.warn(f"out of memory: going on with {count} at a time, not {micro_batch_size}; a batch stays as large")
        return size

    def accumulated(self, micro_batch_size: int) -> int:
        """Micro-batches whose gradients are one step's."""
        return self.settings.batch_size // micro_batch_size

    def note(self, text: str) -> None:
        """Say what happened, once, and keep it for the card."""
        if self.progress.note(text):
            self.terminal.say(text)

    def warn(self, text: str) -> None:
        """Say what happened, also where nothing but trouble is wanted, and keep it for the card."""
        self.progress.note(text)
        self.terminal.warn(text)


@dataclass(frozen=True)
class Trained:
    """What was learned, and how its training went."""

    learned: torch.nn.Module
    history: History
    best_epoch: float
    """After which it was best; 0 where nothing was trained."""
    stopped: str = ""
    """Why it ended early, where it failed."""


def train(job: Job, *, resume: bool) -> Trained:
    """Train to the end, or until it has not become better for some evaluations.

    Args:
        job: What is trained; its ``progress`` is updated.
        resume: Go on from the last whole checkpoint, where there is one.

    Raises:
        TrainingStopped: Memory does not suffice for one example, or the loss is no number before the first checkpoint.
    """
    folder = job.folder / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    for name in checkpoints.remove_incomplete(folder):
        job.terminal.say(f"{name} was cut off, and is not used")
    last = checkpoints.last_complete(folder) if resume else None
    if last:
        job.history.read(checkpoints.step_of(last))
        job.terminal.say(f"going on from step {checkpoints.step_of(last):,}")
    size = job.first_micro_batch()
    while True:
        _end_early(job, last)
        learned = job.build(size)
        try:
            if job.progress.kept_step is None:
                _attempt(job, learned, size, last)
                _free_memory()
            return _load_kept_weights(job, learned)
        except Exception as error:
            if not is_out_of_memory(error) or job.progress.kept_step is not None:
                raise
            del learned
            size = job.shrink(size)
        _free_memory()
        last = checkpoints.last_complete(folder)
        job.history.cut(checkpoints.step_of(last) if last else 0)


def trainer_arguments(job: Job, micro_batch_size: int) -> dict[str, Any]:
    """Arguments for the library's ``TrainingArguments``, or those of a library on top of it, of this job.

    Optimizer and schedule are the library's: Adam without weight decay, linear warm-up and decay, gradients of length 1
    at most.
    """
    settings = job.settings
    strategy = "steps" if job.every_steps else "epoch"
    accumulated = job.accumulated(micro_batch_size)
    return {
        "output_dir": str(job.folder / "checkpoints"),
        "num_train_epochs": settings.epochs,
        "max_steps": job.max_steps,
        "per_device_train_batch_size": settings.batch_size // accumulated,
        "per_device_eval_batch_size": settings.batch_size // accumulated,
        "gradient_accumulation_steps": accumulated,
        "learning_rate": settings.learning_rate,
        "warmup_steps": settings.warmup,
        "seed": settings.seed,
        "eval_strategy": strategy,
        "save_strategy": strategy,
        "logging_strategy": strategy,
        **(dict.fromkeys(("eval_steps", "save_steps", "logging_steps"), job.every_steps) if job.every_steps else {}),
        "save_total_limit": 2,
        "metric_for_best_model": job.metric,
        "greater_is_better": job.metric != "loss",
        "restore_callback_states_from_checkpoint": True,
        "logging_nan_inf_filter": False,
        "use_cpu": device_of(settings.device) == "cpu",
        "dataloader_pin_memory": False,
        "disable_tqdm": True,
        "report_to": "none",
    }


def _end_early(job: Job, last: Path | None) -> None:
    """Note that training has ended with its last checkpoint, where a process was killed that had found so."""
    if job.progress.kept_step is None and last:
        best = checkpoints.best_at_early_stop(last)
        if best is not None:
            job.progress.end(best, _early_stop_reason(job))
        elif (best := checkpoints.best_at_last_step(last)) is not None:  # the library would train another step
            job.progress.end(best, _whole(job))


def _early_stop_reason(job: Job) -> str:
    patience = job.settings.patience
    better = "no smaller validation loss" if job.metric == "loss" else f"no higher {job.figures[job.metric]}"
    return f"{better} for {patience} {'evaluation' if job.every_steps else 'epoch'}{'s' * (patience != 1)}"


def _whole(job: Job) -> str:
    return f"all {'steps' if job.max_steps > 0 else 'epochs'} are trained"


def _load_kept_weights(job: Job, learned: torch.nn.Module) -> Trained:
    """Load the weights of the checkpoint that is kept. `DataError` if it is missing or damaged."""
    progress = job.progress
    folder = job.folder / "checkpoints" / f"checkpoint-{progress.kept_step}"
    if not (folder / checkpoints.MARK).is_file():
        raise DataError(f"{folder}, whose weights are to be kept, is gone: begin anew in another --out")
    checkpoints.load_weights(learned, folder)
    job.restore(learned)
    epoch = round(checkpoints.state_of(folder)["epoch"], 4)
    if not progress.failed:
        job.terminal.say(f"training has ended, {progress.why}: the weights after epoch {epoch:g} are kept")
    return Trained(learned, job.history, epoch, progress.why if progress.failed else "")


def _attempt(job: Job, learned: torch.nn.Module, micro_batch_size: int, last: Path | None) -> None:
    """Train with one micro-batch size, from a checkpoint where one is given, and note which checkpoint is kept."""
    from transformers import EarlyStoppingCallback, PrinterCallback

    from xlbench_train.training.trainer import ProgressCallback

    callbacks: list[Any] = [ProgressCallback(job.terminal, job.history)]
    callbacks += [EarlyStoppingCallback(job.settings.patience)] if job.settings.patience else []
    trainer = job.trainer(learned, trainer_arguments(job, micro_batch_size), callbacks)
    trainer.remove_callback(PrinterCallback)  # it prints dictionaries
    progress = job.progress
    try:
        with job.terminal.training():
            if last is None and not job.history.rows:
                trainer.evaluate()
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except Diverged as diverged:
        kept = checkpoints.last_complete(job.folder / "checkpoints")
        progress.end(checkpoints.step_of(kept) if kept else 0, _divergence(job, str(diverged), kept), failed=True)
    else:
        is_early = trainer.state.global_step < trainer.state.max_steps
        progress.end(trainer.state.best_global_step, _early_stop_reason(job) if is_early else _whole(job))
    trainer.optimizer = trainer.lr_scheduler = None


def _divergence(job: Job, why: str, kept: Path | None) -> str:
    """What to tell of a diverged training. `TrainingStopped` if it left no checkpoint to keep."""
    lower = f"try a lower --learning-rate than {job.settings.learning_rate:g}"
    if kept is None:
        raise TrainingStopped(f"{why}, before the first checkpoint, so that nothing is kept: {lower}")
    return f"{why}: the last good checkpoint is kept, of step {checkpoints.step_of(kept):,}; {lower}, in another --out"


def _free_memory() -> None:
    """Free memory that nothing refers to: the optimizer's state is twice the model."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
