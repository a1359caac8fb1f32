"""The training of a siamese encoder: its model, loss and data sets, as the loop of all recipes asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench_train.siamese import batches
from xlbench_train.siamese.adapters import add_adapter
from xlbench_train.siamese.bases import SiameseBase, load_base, prompt_of
from xlbench_train.siamese.objectives import columns_of, loss_of, uses_gradient_cache
from xlbench_train.siamese.pairs.held_out import PairSplit
from xlbench_train.siamese.settings import Settings
from xlbench_train.siamese.teacher import Teacher
from xlbench_train.training import checkpoints
from xlbench_train.training.devices import device_of
from xlbench_train.training.loop import Job
from xlbench_train.training.terminal import Terminal

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

FIGURES = {
    "accuracy": "accuracy",
    "positive_accuracy": "positives",
    "negative_accuracy": "negatives",
    "p_at_1": "P@1",
    "mrr": "MRR",
}
"""What the evaluator finds -> its heading in the table."""


class SiameseJob(Job):
    """Pairs, a base and an objective, of which the loop makes a siamese encoder."""

    unit = "pair"
    figures = FIGURES
    settings: Settings

    def __init__(
        self, folder: Path, settings: Settings, terminal: Terminal, base: SiameseBase, parts: PairSplit,
        teacher: Teacher | None,
    ) -> None:  # fmt: skip
        super().__init__(folder, settings, terminal)
        self.base, self.parts, self.teacher = base, parts, teacher
        if self.progress.batch_size:
            self.settings = replace(settings, batch_size=self.progress.batch_size)
        self.model: Any = None
        """Of sentence-transformers: the last that `build` made."""
        self._data_sets: _DataSets | None = None
        self._micro_batch_size = 0

    def build(self, micro_batch_size: int) -> torch.nn.Module:
        """The loss, untrained, with the model within it."""
        import torch

        torch.manual_seed(self.settings.seed)
        self._micro_batch_size = micro_batch_size
        self.model = load_base(self.base, self.settings)
        if (own := prompt_of(self.model)) and not self.settings.prompt:
            self.note(f"the base's own prompt {own!r} is put before every text, in training, too")
        if self.settings.lora:
            add_adapter(self.model, self.settings.lora, self.settings.base)
        if not self.settings.is_static:
            _train_used_rows(self.model, self.parts.training.texts())
        return loss_of(self.settings, self.model, micro_batch_size).to(self.model.device)

    def trainer(self, learned: torch.nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[Any]) -> Any:
        """The library's, for the data sets of the loss."""
        from sentence_transformers import SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.training_args import BatchSamplers

        from xlbench_train.siamese.evaluation import PairEvaluator
        from xlbench_train.siamese.trainer import PairTrainer

        self._data_sets = self._data_sets or _DataSets.of(self)
        distinct = self.settings.objective == "contrastive"  # equal texts are no negatives of each other
        return PairTrainer(
            model=self.model,
            args=SentenceTransformerTrainingArguments(
                **arguments,
                batch_sampler=BatchSamplers.NO_DUPLICATES if distinct else BatchSamplers.BATCH_SAMPLER,
                prompts=prompt_of(self.model) or None,
            ),
            train_dataset=self._data_sets.training,
            eval_dataset=self._data_sets.validation,
            loss=learned,
            evaluator=PairEvaluator(self.parts.evaluation, self.settings.seed, head_of(learned)),
            callbacks=[*callbacks],
        )

    def restore(self, learned: torch.nn.Module) -> None:
        """Put the whole vocabulary back."""
        from xlbench_train.training.used_rows import restore_rows

        if (inner := _transformer(self.model)) is not None:
            restore_rows(inner)

    def first_micro_batch(self) -> int:
        """Of a table of n-grams the whole batch."""
        return batches.first_micro_batch(self.settings, device_of(self.settings.device))

    def accumulated(self, micro_batch_size: int) -> int:
        """One where the loss takes a batch apart itself."""
        if uses_gradient_cache(self.settings, micro_batch_size):
            return 1
        return super().accumulated(micro_batch_size)

    def shrink(self, micro_batch_size: int) -> int:
        """A table of n-grams gets smaller batches and starts over: training cannot continue with another batch size."""
        self.model = None
        if not self.settings.is_static:
            return super().shrink(micro_batch_size)
        size = batches.smaller_batch(self.settings)
        checkpoints.remove_all(self.folder / "checkpoints")
        self.history.rows = []
        self.settings = replace(self.settings, batch_size=size)
        self.progress.set_batch_size(size)
        self.warn(f"out of memory: batches are of {size} pairs from here on, from the start")
        return size


def head_of(learned: torch.nn.Module) -> Any:
    """Of the objective softmax: W and its bias, a linear layer; None of others."""
    return getattr(learned, "classifier", None)


@dataclass(frozen=True)
class _DataSets:
    """The data sets of the loss: for training and for validation."""

    training: Any
    validation: Any

    @classmethod
    def of(cls, job: SiameseJob) -> _DataSets:
        found = columns_of(job.parts.training, job.settings, job.model, job.teacher, mined=True)
        for note in found.notes:
            job.note(note)
        held = columns_of(job.parts.evaluation, job.settings, job.model, job.teacher, mined=False)
        return cls(found.dataset, held.dataset)


def _train_used_rows(model: SentenceTransformer, texts: Sequence[str]) -> None:
    """Have a transformer train the rows of its vocabulary that texts have alone; prompt and special ones, too."""
    from xlbench_train.training.used_rows import CHUNK, train_used_rows

    inner = _transformer(model)
    if inner is None:
        return
    prompt = model.prompts.get(model.default_prompt_name or "")
    distinct = list(dict.fromkeys(texts))
    parts = (distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK))
    train_used_rows(inner, (model.preprocess(part, prompt=prompt)["input_ids"] for part in parts))


def _transformer(model: SentenceTransformer) -> Any:
    from sentence_transformers.sentence_transformer.modules import Transformer

    first: Any = model[0]
    return first.model if isinstance(first, Transformer) else None
