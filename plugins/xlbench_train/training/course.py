"""The course of a training: a model and its loss are built, trained, tried again in smaller pieces where memory runs
out, and left with the weights of the best epoch."""

from __future__ import annotations

import gc
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench.core.errors import is_out_of_memory
from xlbench_train.pairs.held_out import Parts
from xlbench_train.settings import Settings
from xlbench_train.terminal import Terminal
from xlbench_train.training import checkpoints
from xlbench_train.training.adapters import add_adapter
from xlbench_train.training.bases import Base, device_of, load_base, prompt_of
from xlbench_train.training.failures import Diverged, TrainingStopped
from xlbench_train.training.history import History
from xlbench_train.training.objectives import columns_of, loss_of, takes_apart
from xlbench_train.training.pieces import first_piece, smaller_batch, smaller_piece
from xlbench_train.training.progress import Progress
from xlbench_train.training.teacher import Teacher

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


@dataclass
class Course:
    """What is trained, on what, where, and how far it has come."""

    base: Base
    settings: Settings
    parts: Parts
    folder: Path
    """For checkpoints and the history."""
    terminal: Terminal
    teacher: Teacher | None
    progress: Progress = field(init=False)
    """What an earlier process has left, and what this one adds to it."""

    def __post_init__(self) -> None:
        self.progress = Progress.read(self.folder)
        if self.progress.batch_size:
            self.settings = replace(self.settings, batch_size=self.progress.batch_size)

    def take(self, batch_size: int) -> None:
        """Batches are of this size from here on."""
        self.settings = replace(self.settings, batch_size=batch_size)
        self.progress.take(batch_size)

    def built(self, piece: int) -> tuple[SentenceTransformer, torch.nn.Module]:
        """The model and its loss as they are before training. ``piece``: how many pairs go through at a time."""
        import torch

        from xlbench_train.training.used_rows import train_used_rows

        torch.manual_seed(self.settings.seed)
        model = load_base(self.base, self.settings)
        if (own := prompt_of(model)) and not self.settings.prompt:
            self.note(f"the base's own prompt {own!r} is put before every text, in training, too")
        if self.settings.lora:
            add_adapter(model, self.settings.lora, self.settings.base)
        if not self.settings.is_static:
            train_used_rows(model, self.parts.training.texts())
        return model, loss_of(self.settings, model, piece).to(model.device)

    def note(self, text: str) -> None:
        """Say what happened, once, and keep it for the card."""
        if self.progress.note(text):
            self.terminal.say(text)


@dataclass(frozen=True)
class Trained:
    """What training leaves."""

    model: SentenceTransformer
    head: torch.nn.Linear | None
    """Of the objective softmax: W and its bias."""
    history: History
    best_epoch: float
    """After which the validation loss was smallest; 0 where nothing was trained."""
    stopped: str = ""
    """Why it ended early, where it failed."""


def train(course: Course, *, resume: bool) -> Trained:
    """Train to the end, or until the validation loss has not become smaller for some epochs.

    Args:
        course: What is trained; its ``progress`` grows.
        resume: Go on from the last whole checkpoint, where there is one.

    Raises:
        TrainingStopped: Memory does not suffice for one pair, or the loss is no number before the first checkpoint.
    """
    history = History(course.folder / "history.csv", course.terminal.row)
    folder = course.folder / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    for name in checkpoints.remove_cut_off(folder):
        course.terminal.say(f"{name} was cut off, and is not used")
    last = checkpoints.last_whole(folder) if resume else None
    if last:
        history.read(checkpoints.step_of(last))
        course.terminal.say(f"going on from step {checkpoints.step_of(last):,}")
    piece = first_piece(course.settings, device_of(course.settings.device))
    columns: _Columns | None = None
    while True:
        _end_early(course, last)
        model, loss = course.built(piece)
        try:
            if course.progress.kept_step is None:
                columns = columns or _Columns.of(course, model)
                _Run(course, model, loss, piece, columns, history).to_the_end(last)
                _free()
            return _kept(course, model, loss, history)
        except Exception as error:
            if not is_out_of_memory(error) or course.progress.kept_step is not None:
                raise
            del model, loss
            piece = _smaller(course, piece, history)
        _free()
        last = checkpoints.last_whole(folder)
        history.cut(checkpoints.step_of(last) if last else 0)


def _smaller(course: Course, piece: int, history: History) -> int:
    """How many pairs go through at a time from here on, where memory has run out; said so. A table of n-grams has
    smaller batches, and begins anew: half of a training cannot be gone on with in others."""
    if course.settings.is_static:
        size = smaller_batch(course.settings)
        shutil.rmtree(course.folder / "checkpoints")
        history.rows = []
        course.take(size)
        line = f"out of memory: batches are of {size} pairs from here on, from the start"
    else:
        size = smaller_piece(course.settings.batch_size, piece)
        pairs = f"{size} pair{'s' * (size != 1)}"
        line = f"out of memory: going on with {pairs} at a time, not {piece}; a batch stays as large"
    course.progress.note(line)
    course.terminal.warn(line)
    return size


def _end_early(course: Course, last: Path | None) -> None:
    """Note that training has ended with its last checkpoint, where a process was killed that had found so."""
    if course.progress.kept_step is None and last:
        best = checkpoints.best_at_early_stop(last)
        if best is not None:
            course.progress.end(best, _no_better(course.settings))


def _no_better(settings: Settings) -> str:
    return f"no smaller validation loss for {settings.patience} epoch{'s' * (settings.patience != 1)}"


def _kept(course: Course, model: SentenceTransformer, loss: torch.nn.Module, history: History) -> Trained:
    """Take the weights of the checkpoint that is kept. `DataError` where it is not there, or damaged."""
    from xlbench_train.training.used_rows import restore_rows

    progress = course.progress
    folder = course.folder / "checkpoints" / f"checkpoint-{progress.kept_step}"
    if not (folder / checkpoints.MARK).is_file():
        raise DataError(f"{folder}, whose weights are to be kept, is gone: begin anew in another --out")
    checkpoints.load_weights(loss, folder)
    restore_rows(model)
    head: Any = getattr(loss, "classifier", None)
    epoch = round(checkpoints.state_of(folder)["epoch"], 4)
    if not progress.failed:
        course.terminal.say(f"training has ended, {progress.why}: the weights after epoch {epoch:g} are kept")
    return Trained(model, head, history, epoch, progress.why if progress.failed else "")


@dataclass(frozen=True)
class _Columns:
    """What the loss learns from, and what it is validated on."""

    training: Any
    validation: Any

    @classmethod
    def of(cls, course: Course, model: SentenceTransformer) -> _Columns:
        found = columns_of(course.parts.training, course.settings, model, course.teacher, mined=True)
        for note in found.notes:
            course.note(note)
        held = columns_of(course.parts.evaluation, course.settings, model, course.teacher, mined=False)
        return cls(found.dataset, held.dataset)


@dataclass(frozen=True)
class _Run:
    """One try: with so many pairs at a time."""

    course: Course
    model: SentenceTransformer
    loss: torch.nn.Module
    piece: int
    columns: _Columns
    history: History

    def to_the_end(self, last: Path | None) -> None:
        """Train, from a checkpoint where one is given, and note which checkpoint is kept."""
        trainer = self._trainer()
        progress = self.course.progress
        try:
            with self.course.terminal.training():
                if last is None and not self.history.rows:
                    trainer.evaluate()
                trainer.train(resume_from_checkpoint=str(last) if last else None)
        except Diverged as diverged:
            kept = checkpoints.last_whole(self.course.folder / "checkpoints")
            progress.end(checkpoints.step_of(kept) if kept else 0, self._explained(str(diverged), kept), failed=True)
        else:
            is_early = trainer.state.global_step < trainer.state.max_steps
            why = _no_better(self.course.settings) if is_early else "all epochs are trained"
            progress.end(trainer.state.best_global_step, why)
        trainer.optimizer = trainer.lr_scheduler = None

    def _explained(self, why: str, kept: Path | None) -> str:
        """What a diverged training comes to. `TrainingStopped` where nothing of it can be kept."""
        lower = f"try a lower --learning-rate than {self.course.settings.learning_rate:g}"
        if kept is None:
            raise TrainingStopped(f"{why}, before the first checkpoint, so that nothing is kept: {lower}")
        return (
            f"{why}: the last good checkpoint is kept, of step {checkpoints.step_of(kept):,}; {lower}, in another --out"
        )

    def _trainer(self) -> Any:
        from transformers import EarlyStoppingCallback, PrinterCallback

        from xlbench_train.training.evaluation import PairEvaluator
        from xlbench_train.training.trainer import Following, PairTrainer

        settings = self.course.settings
        callbacks: list[Any] = [Following(self.course.terminal, self.history)]
        callbacks += [EarlyStoppingCallback(settings.patience)] if settings.patience else []
        head: Any = getattr(self.loss, "classifier", None)
        trainer = PairTrainer(
            model=self.model,
            args=self._arguments(),
            train_dataset=self.columns.training,
            eval_dataset=self.columns.validation,
            loss=self.loss,
            evaluator=PairEvaluator(self.course.parts.evaluation, settings.seed, head),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)  # it prints dictionaries
        return trainer

    def _arguments(self) -> Any:
        from sentence_transformers import SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.training_args import BatchSamplers

        settings = self.course.settings
        whole = self.piece == settings.batch_size or takes_apart(settings, self.piece)
        size = settings.batch_size if whole else self.piece
        distinct = settings.objective == "contrastive"  # equal texts are no negatives of each other
        return SentenceTransformerTrainingArguments(
            output_dir=str(self.course.folder / "checkpoints"),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=size,
            per_device_eval_batch_size=size,
            gradient_accumulation_steps=settings.batch_size // size,
            learning_rate=settings.learning_rate,
            warmup_steps=settings.warmup,
            seed=settings.seed,
            batch_sampler=BatchSamplers.NO_DUPLICATES if distinct else BatchSamplers.BATCH_SAMPLER,
            prompts=prompt_of(self.model) or None,
            eval_strategy="epoch",
            save_strategy="epoch",
            logging_strategy="epoch",
            save_total_limit=2,
            metric_for_best_model="loss",
            greater_is_better=False,
            restore_callback_states_from_checkpoint=True,
            logging_nan_inf_filter=False,
            use_cpu=device_of(settings.device) == "cpu",
            dataloader_pin_memory=False,
            disable_tqdm=True,
            report_to="none",
        )


def _free() -> None:
    """Give back what is held no more: the optimizer's state is twice the model."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
