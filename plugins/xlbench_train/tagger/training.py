"""The job of the training loop: sentences, a base, and the library's trainer for token classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench_train.tagger import evaluation
from xlbench_train.tagger.bases import labels_of, length_limit, load_base
from xlbench_train.tagger.data import Source
from xlbench_train.tagger.pieces import Windows, windows_of
from xlbench_train.tagger.settings import Settings
from xlbench_train.training.bases import Base
from xlbench_train.training.devices import device_of
from xlbench_train.training.loop import Job
from xlbench_train.training.terminal import Terminal

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "torch.Tensor"]


@dataclass(frozen=True)
class Prepared:
    """The windows of all sentences."""

    training: Windows
    dev: tuple[Windows, ...]
    """A source each."""
    notes: tuple[str, ...]


def prepare(sources: Sequence[Source], tokenizer: Any, limit: int) -> Prepared:
    """Cut the sentences of the sources into windows of at most ``limit`` tokens."""
    labels = labels_of(sources[0].types)
    number = {label: place for place, label in enumerate(labels)}

    def cut(words: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> Windows:
        return windows_of(tokenizer, words, [[number[tag] for tag in own] for own in tags], limit)

    training = cut(
        [words for source in sources for words in source.training.words],
        [tags for source in sources for tags in source.training.tags],
    )
    dev = tuple(cut(source.dev.words, source.dev.tags).by_length() for source in sources)
    notes = [*training.notes("training sentences"), *(note for one in dev for note in one.notes("dev sentences"))]
    return Prepared(training, dev, tuple(dict.fromkeys(notes)))


class TaggerJob(Job):
    """Sentences and a base, of which the loop makes a tagger."""

    unit = "sentence"
    figures = evaluation.FIGURES
    metric = "entity_f1"

    def __init__(
        self, folder: Path, settings: Settings, terminal: Terminal, base: Base, sources: Sequence[Source],
        start: Weights | None = None,
    ) -> None:  # fmt: skip
        """``start``: the weights to begin with, in place of the base's."""
        super().__init__(folder, settings, terminal)
        self.base, self.sources, self._start = base, sources, start
        self.labels = labels_of(sources[0].types)
        self.own: Settings = settings
        self.model: Any = None
        self.tokenizer: Any = None
        self.limit = 0
        """Tokens of a window."""
        self._prepared: Prepared | None = None

    def build(self, micro_batch_size: int) -> torch.nn.Module:
        """The token classifier, untrained but for what ``start`` has."""
        from xlbench_train.training.used_rows import train_used_rows

        loaded = load_base(self.base, self.labels, self.own.seed, self.own.layers)
        self.tokenizer, model = loaded.tokenizer, loaded.model
        for note in loaded.notes if self._start is None else ():
            self.note(note)
        if self._start is not None:
            model.load_state_dict(self._start)
        self.limit = length_limit(model, self.tokenizer, self.own.max_length)
        prepared = self.prepared()
        for note in prepared.notes:
            self.note(note)
        if self.own.lora:
            from xlbench_train.training.adapters import with_adapters

            head = [name for name, _ in model.named_children() if name in ("classifier", "score")]
            model = with_adapters(model, self.own.lora, whole=head)
        else:
            import torch

            train_used_rows(model, (torch.tensor(window.ids) for window in prepared.training.windows))
        self.model = model.to(device_of(self.own.device))
        learned: torch.nn.Module = self.model
        return learned

    def prepared(self) -> Prepared:
        """The windows; cut once."""
        if self._prepared is None:
            self._prepared = prepare(self.sources, self.tokenizer, self.limit)
        return self._prepared

    def trainer(self, learned: torch.nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[Any]) -> Any:
        """The library's, over windows; what it says of an evaluation is the entity F1 of the tasks' protocol."""
        from transformers import DataCollatorForTokenClassification, TrainingArguments

        from xlbench_train.tagger.trainer import TaggerTrainer

        prepared = self.prepared()
        return TaggerTrainer(
            model=learned,
            args=TrainingArguments(**arguments, train_sampling_strategy="group_by_length", label_names=["labels"]),
            data_collator=DataCollatorForTokenClassification(self.tokenizer),
            train_dataset=prepared.training.features(),
            eval_dataset=[example for own in prepared.dev for example in own.features()],
            compute_metrics=self._figures,
            preprocess_logits_for_metrics=evaluation.best_labels,
            callbacks=[*callbacks],
        )

    def _figures(self, found: Any) -> dict[str, float]:
        return evaluation.mean_scores(
            self.sources, self.prepared().dev, self.labels, found.predictions, found.label_ids
        )

    def restore(self, learned: torch.nn.Module) -> None:
        """Put the whole vocabulary back; merge adapters."""
        from xlbench_train.training.adapters import merged
        from xlbench_train.training.used_rows import restore_rows

        if self.own.lora:
            self.model = merged(learned)
        else:
            restore_rows(learned)

    def weights(self) -> Weights:
        """Of the trained model, whole, on the processor."""
        return {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
