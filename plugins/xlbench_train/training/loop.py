"""The training loop: trains a model with the objective's loss, retries with smaller micro-batches when memory runs out,
and returns the weights of the best epoch."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench.core.errors import is_out_of_memory
from xlbench_train.pairs.held_out import PairSplit
from xlbench_train.settings import Settings
from xlbench_train.terminal import Terminal
from xlbench_train.training import checkpoints
from xlbench_train.training.adapters import add_adapter
from xlbench_train.training.bases import Base, device_of, load_base, prompt_of
from xlbench_train.training.failures import Diverged, TrainingStopped
from xlbench_train.training.history import History
from xlbench_train.training.micro_batches import first_micro_batch, smaller_batch, smaller_micro_batch
from xlbench_train.training.objectives import columns_of, loss_of, uses_gradient_cache
from xlbench_train.training.progress import Progress
from xlbench_train.training.teacher import Teacher

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


@dataclass
class TrainingContext:
    """All that a training needs: base, settings, pairs, folder, teacher and progress."""

    base: Base
    settings: Settings
    parts: PairSplit
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

    def set_batch_size(self, batch_size: int) -> None:
        """Batches are of this size from here on."""
        self.settings = replace(self.settings, batch_size=batch_size)
        self.progress.set_batch_size(batch_size)

    def build_model(self, micro_batch_size: int) -> tuple[SentenceTransformer, torch.nn.Module]:
        """The model and its loss, untrained. ``micro_batch_size``: how many pairs go through the model at a time."""
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
        return model, loss_of(self.settings, model, micro_batch_size).to(model.device)

    def note(self, text: str) -> None:
        """Say what happened, once, and keep it for the card."""
        if self.progress.note(text):
            self.terminal.say(text)


@dataclass(frozen=True)
class TrainingResult:
    """The trained model, and how its training went."""

    model: SentenceTransformer
    head: torch.nn.Linear | None
    """Of the objective softmax: W and its bias."""
    history: History
    best_epoch: float
    """After which the validation loss was smallest; 0 where nothing was trained."""
    stopped: str = ""
    """Why it ended early, where it failed."""


def train(context: TrainingContext, *, resume: bool) -> TrainingResult:
    """Train to the end, or until the validation loss has not become smaller for some epochs.

    Args:
        context: What is trained; its ``progress`` is updated.
        resume: Go on from the last whole checkpoint, where there is one.

    Raises:
        TrainingStopped: Memory does not suffice for one pair, or the loss is no number before the first checkpoint.
    """
    history = History(context.folder / "history.csv", context.terminal.row)
    folder = context.folder / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    for name in checkpoints.remove_incomplete(folder):
        context.terminal.say(f"{name} was cut off, and is not used")
    last = checkpoints.last_complete(folder) if resume else None
    if last:
        history.read(checkpoints.step_of(last))
        context.terminal.say(f"going on from step {checkpoints.step_of(last):,}")
    micro_batch_size = first_micro_batch(context.settings, device_of(context.settings.device))
    data_sets: _DataSets | None = None
    while True:
        _end_early(context, last)
        model, loss = context.build_model(micro_batch_size)
        try:
            if context.progress.kept_step is None:
                data_sets = data_sets or _DataSets.of(context, model)
                _Attempt(context, model, loss, micro_batch_size, data_sets, history).run(last)
                _free_memory()
            return _load_kept_weights(context, model, loss, history)
        except Exception as error:
            if not is_out_of_memory(error) or context.progress.kept_step is not None:
                raise
            del model, loss
            micro_batch_size = _shrink_batch(context, micro_batch_size, history)
        _free_memory()
        last = checkpoints.last_complete(folder)
        history.cut(checkpoints.step_of(last) if last else 0)


def _shrink_batch(context: TrainingContext, micro_batch_size: int, history: History) -> int:
    """The smaller micro-batch size after memory ran out, announced. A table of n-grams gets smaller batches and starts
    over: training cannot continue with another batch size."""
    if context.settings.is_static:
        size = smaller_batch(context.settings)
        checkpoints.remove_all(context.folder / "checkpoints")
        history.rows = []
        context.set_batch_size(size)
        line = f"out of memory: batches are of {size} pairs from here on, from the start"
    else:
        size = smaller_micro_batch(context.settings.batch_size, micro_batch_size)
        pairs = f"{size} pair{'s' * (size != 1)}"
        line = f"out of memory: going on with {pairs} at a time, not {micro_batch_size}; a batch stays as large"
    context.progress.note(line)
    context.terminal.warn(line)
    return size


def _end_early(context: TrainingContext, last: Path | None) -> None:
    """Note that training has ended with its last checkpoint, where a process was killed that had found so."""
    if context.progress.kept_step is None and last:
        best = checkpoints.best_at_early_stop(last)
        if best is not None:
            context.progress.end(best, _early_stop_reason(context.settings))


def _early_stop_reason(settings: Settings) -> str:
    return f"no smaller validation loss for {settings.patience} epoch{'s' * (settings.patience != 1)}"


def _load_kept_weights(
    context: TrainingContext, model: SentenceTransformer, loss: torch.nn.Module, history: History
) -> TrainingResult:
    """Load the weights of the checkpoint that is kept. `DataError` if it is missing or damaged."""
    from xlbench_train.training.used_rows import restore_rows

    progress = context.progress
    folder = context.folder / "checkpoints" / f"checkpoint-{progress.kept_step}"
    if not (folder / checkpoints.MARK).is_file():
        raise DataError(f"{folder}, whose weights are to be kept, is gone: begin anew in another --out")
    checkpoints.load_weights(loss, folder)
    restore_rows(model)
    head: Any = getattr(loss, "classifier", None)
    epoch = round(checkpoints.state_of(folder)["epoch"], 4)
    if not progress.failed:
        context.terminal.say(f"training has ended, {progress.why}: the weights after epoch {epoch:g} are kept")
    return TrainingResult(model, head, history, epoch, progress.why if progress.failed else "")


@dataclass(frozen=True)
class _DataSets:
    """The data sets of the loss: for training and for validation."""

    training: Any
    validation: Any

    @classmethod
    def of(cls, context: TrainingContext, model: SentenceTransformer) -> _DataSets:
        found = columns_of(context.parts.training, context.settings, model, context.teacher, mined=True)
        for note in found.notes:
            context.note(note)
        held = columns_of(context.parts.evaluation, context.settings, model, context.teacher, mined=False)
        return cls(found.dataset, held.dataset)


@dataclass(frozen=True)
class _Attempt:
    """One attempt to train, with one micro-batch size."""

    context: TrainingContext
    model: SentenceTransformer
    loss: torch.nn.Module
    micro_batch_size: int
    data_sets: _DataSets
    history: History

    def run(self, last: Path | None) -> None:
        """Train, from a checkpoint where one is given, and note which checkpoint is kept."""
        trainer = self._make_trainer()
        progress = self.context.progress
        try:
            with self.context.terminal.training():
                if last is None and not self.history.rows:
                    trainer.evaluate()
                trainer.train(resume_from_checkpoint=str(last) if last else None)
        except Diverged as diverged:
            kept = checkpoints.last_complete(self.context.folder / "checkpoints")
            progress.end(
                checkpoints.step_of(kept) if kept else 0, self._divergence_message(str(diverged), kept), failed=True
            )
        else:
            is_early = trainer.state.global_step < trainer.state.max_steps
            why = _early_stop_reason(self.context.settings) if is_early else "all epochs are trained"
            progress.end(trainer.state.best_global_step, why)
        trainer.optimizer = trainer.lr_scheduler = None

    def _divergence_message(self, why: str, kept: Path | None) -> str:
        """What to tell of a diverged training. `TrainingStopped` if it left no checkpoint to keep."""
        lower = f"try a lower --learning-rate than {self.context.settings.learning_rate:g}"
        if kept is None:
            raise TrainingStopped(f"{why}, before the first checkpoint, so that nothing is kept: {lower}")
        return (
            f"{why}: the last good checkpoint is kept, of step {checkpoints.step_of(kept):,}; {lower}, in another --out"
        )

    def _make_trainer(self) -> Any:
        from transformers import EarlyStoppingCallback, PrinterCallback

        from xlbench_train.training.evaluation import PairEvaluator
        from xlbench_train.training.trainer import PairTrainer, ProgressCallback

        settings = self.context.settings
        callbacks: list[Any] = [ProgressCallback(self.context.terminal, self.history)]
        callbacks += [EarlyStoppingCallback(settings.patience)] if settings.patience else []
        head: Any = getattr(self.loss, "classifier", None)
        trainer = PairTrainer(
            model=self.model,
            args=self._training_arguments(),
            train_dataset=self.data_sets.training,
            eval_dataset=self.data_sets.validation,
            loss=self.loss,
            evaluator=PairEvaluator(self.context.parts.evaluation, settings.seed, head),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)  # it prints dictionaries
        return trainer

    def _training_arguments(self) -> Any:
        from sentence_transformers import SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.training_args import BatchSamplers

        settings = self.context.settings
        whole = self.micro_batch_size == settings.batch_size or uses_gradient_cache(settings, self.micro_batch_size)
        size = settings.batch_size if whole else self.micro_batch_size
        distinct = settings.objective == "contrastive"  # equal texts are no negatives of each other
        return SentenceTransformerTrainingArguments(
            output_dir=str(self.context.folder / "checkpoints"),
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


def _free_memory() -> None:
    """Free memory that nothing refers to: the optimizer's state is twice the model."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
