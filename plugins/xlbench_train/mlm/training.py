"""The training of a masked language model: model, data and trainer, as the loop of all recipes asks for them."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench_train.mlm.bases import load_model
from xlbench_train.mlm.settings import Settings
from xlbench_train.mlm.texts import Texts
from xlbench_train.mlm.tokenizers import add_rows
from xlbench_train.training.adapters import with_adapters
from xlbench_train.training.bases import Base
from xlbench_train.training.devices import device_of
from xlbench_train.training.loop import Job, trainer_arguments
from xlbench_train.training.terminal import Terminal

if TYPE_CHECKING:
    import torch

MEASURED = 4
"""Steps by which it is measured how long one takes; the first is left out."""


class MlmJob(Job):
    """Blocks of text and a base, of which the loop makes a masked language model."""

    unit = "block"
    figures: Mapping[str, str] = {"perplexity": "perplexity"}
    settings: Settings

    def __init__(
        self, folder: Path, settings: Settings, terminal: Terminal, base: Base, texts: Texts, steps: int
    ) -> None:
        """``steps``: in all; 0: as many as the epochs have."""
        if steps:
            self.max_steps, self.every_steps = steps, -(-steps // settings.evaluations)
        super().__init__(folder, settings, terminal)
        self.base, self.texts = base, texts

    def build(self, micro_batch_size: int) -> torch.nn.Module:
        """The model, untrained, on its device."""
        loaded = load_model(self.base, self.texts.tokenizer, self.settings)
        for note in loaded.notes:
            self.note(note)
        model = loaded.model
        if self.base.folder is not None and self.settings.tokenizer == "new":
            _begin_vocabulary_anew(model, len(self.texts.tokenizer))
        add_rows(model, self.texts.added)
        if self.settings.lora:
            model = with_adapters(model, self.settings.lora)
        found: torch.nn.Module = model.to(device_of(self.settings.device))
        return found

    def trainer(self, learned: torch.nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[Any]) -> Any:
        """The library's, with the blocks and the masks."""
        from transformers import TrainingArguments

        from xlbench_train.mlm.masking import Masking, weights
        from xlbench_train.mlm.trainer import MaskTrainer
        from xlbench_train.training.trainer import mean_of_labels

        counts = self.texts.training.counts(len(self.texts.tokenizer))
        return MaskTrainer(
            model=learned,
            args=TrainingArguments(**arguments, remove_unused_columns=False),
            train_dataset=self.texts.training,
            eval_dataset=self.texts.evaluation,
            data_collator=Masking(self.texts.tokenizer, self.settings.mask, self.settings.seed, weights(counts)),
            compute_loss_func=mean_of_labels,
            callbacks=[*callbacks],
        )

    @property
    def steps_an_epoch(self) -> int:
        """Batches that the blocks make up."""
        return -(-len(self.texts.training) // self.settings.batch_size)


def _begin_vocabulary_anew(model: Any, size: int) -> None:
    """Give a model vectors for another vocabulary, drawn as those of a new model are."""
    import torch

    model.resize_token_embeddings(size, mean_resizing=False)
    spread = float(getattr(model.config, "initializer_range", 0.02))
    inner, outer = model.get_input_embeddings(), model.get_output_embeddings()
    with torch.no_grad():
        inner.weight.normal_(0.0, spread)
        if outer is not None and outer.weight is not inner.weight:
            outer.weight.normal_(0.0, spread)
        if outer is not None and getattr(outer, "bias", None) is not None:
            outer.bias.zero_()


def seconds_a_step(settings: Settings, base: Base, texts: Texts) -> float:
    """How long a step takes here, in seconds: of a few that are trained in vain."""
    from transformers import PrinterCallback, TrainerCallback

    class Watch(TrainerCallback):
        """Notes when steps end."""

        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        job = MlmJob(Path(folder), settings, Terminal(quiet=True), base, texts, MEASURED)
        size = job.first_micro_batch()
        nothing = dict.fromkeys(("eval_strategy", "save_strategy", "logging_strategy"), "no")
        watch = Watch()
        trainer = job.trainer(job.build(size), {**trainer_arguments(job, size), **nothing}, [watch])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return (watch.ends[-1] - watch.ends[0]) / (len(watch.ends) - 1)


def steps_within(minutes: float, seconds: float, evaluations: float) -> int:
    """As many steps as fit into some minutes, evaluations included; at least one.

    Args:
        minutes: That there are.
        seconds: Of a step.
        evaluations: Batches of all evaluations, each of which takes a third of a step: forward, and not backward, which
            takes twice as long.
    """
    left = 60 * minutes - evaluations * seconds / 3
    return max(math.floor(left / seconds), 1)
