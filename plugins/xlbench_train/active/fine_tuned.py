"""A transformer with a new head for classes that is fine-tuned, by transformers' own trainer, on a few labels.

Its samples are Monte Carlo dropout: passes with the transformer's own dropout switched on (Gal and Ghahramani, 2016,
arXiv 1506.02142).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlbench.core.errors import is_out_of_memory
from xlbench_tasks.protocols.active.pool import Pool
from xlbench_train.active.settings import Settings
from xlbench_train.training.adapters import with_adapters
from xlbench_train.training.devices import device_of
from xlbench_train.training.failures import Diverged
from xlbench_train.training.micro_batches import first_micro_batch, smaller_micro_batch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WARMUP = 0.1
"""Share of the steps until the learning rate has its peak (Mosbach et al., 2021, arXiv 2006.04884)."""
READ = 32
"""Texts that go through at a time when nothing is learned."""


class Checkpoint:
    """A transformer in a folder, as it is fine-tuned: its tokenizer, and how training goes."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        from transformers import AutoConfig, AutoTokenizer

        self.folder, self.settings = folder, settings
        self.device = device_of(settings.device)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        config = AutoConfig.from_pretrained(folder)
        own = getattr(config, "max_position_embeddings", None)
        beyond = 2 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0  # positions begin there
        self.max_length = min(settings.max_length, own - beyond) if own else settings.max_length
        self.micro_batch = first_micro_batch(settings.batch_size, self.device)

    def new_model(self, labels: int, seed: int) -> Any:
        """The transformer with a new head, which the seed alone decides on."""
        import torch
        from transformers import AutoModelForSequenceClassification

        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = AutoModelForSequenceClassification.from_pretrained(self.folder, num_labels=labels)
            if self.settings.lora:
                model = with_adapters(model, self.settings.lora, whole=_head_names(model))
        return model

    def tokens(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """What the model reads of each text."""
        read = self.tokenizer([self.settings.prompt + text for text in texts], truncation=True,
                              max_length=self.max_length)  # fmt: skip
        return [{name: read[name][row] for name in read} for row in range(len(texts))]


def _head_names(model: Any) -> list[str]:
    """The parts of the model that are new, beside the transformer itself."""
    return [name for name, _ in model.named_children() if name != model.base_model_prefix and name != "dropout"]


class FineTuned:
    """Learns labels by fine-tuning, every time from the checkpoint; see `rounds.Learner`."""

    def __init__(self, checkpoint: Checkpoint, pool: Pool, labels: int, seed: int) -> None:
        """
        Args:
            checkpoint: What is fine-tuned.
            pool: The texts; labels come with `learn` alone.
            labels: How many label codes there are.
            seed: Of the new head, the order of texts and dropout.
        """
        self._checkpoint, self._labels, self._seed = checkpoint, labels, seed
        self._pool, self._test = checkpoint.tokens(pool.texts), checkpoint.tokens(pool.test_texts)
        self._model: Any = None
        self._vectors: Floats | None = None

    def learn(self, rows: Ints, codes: Ints, random: np.random.RandomState) -> None:
        """Fine-tune the checkpoint anew on pool items ``rows`` (m,) with label ``codes`` (m,).

        Raises:
            Diverged: A weight is no number any more.
            TrainingStopped: Memory does not suffice for a single text.
        """
        examples = [
            {**self._pool[row], "labels": code} for row, code in zip(rows.tolist(), codes.tolist(), strict=True)
        ]
        self._vectors, self._model = None, None
        checkpoint = self._checkpoint
        while True:
            try:
                self._model = self._trained(examples)
                break
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                checkpoint.micro_batch = smaller_micro_batch(
                    checkpoint.settings.batch_size, checkpoint.micro_batch, "text"
                )
        import torch

        if not all(bool(torch.isfinite(one).all()) for one in self._model.parameters() if one.requires_grad):
            raise Diverged("a weight is no number any more: take a smaller --learning-rate")

    def _trained(self, examples: Sequence[dict[str, Any]]) -> Any:
        import torch
        from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments

        from xlbench_train.training.used_rows import train_used_rows

        checkpoint, settings = self._checkpoint, self._checkpoint.settings
        model = checkpoint.new_model(self._labels, self._seed)
        if not settings.lora:  # whose vocabulary is frozen
            train_used_rows(model, (torch.tensor(one["input_ids"]) for one in examples))
        micro = checkpoint.micro_batch
        steps = math.ceil(len(examples) / settings.batch_size) * settings.epochs
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                output_dir=folder, num_train_epochs=settings.epochs, learning_rate=settings.rate,
                warmup_steps=round(WARMUP * steps), per_device_train_batch_size=micro,
                gradient_accumulation_steps=settings.batch_size // micro, seed=self._seed, data_seed=self._seed,
                use_cpu=checkpoint.device == "cpu", save_strategy="no", logging_strategy="no", report_to=[],
                disable_tqdm=True, weight_decay=0.0,
            )  # fmt: skip
            collator = DataCollatorWithPadding(checkpoint.tokenizer)
            trainer = Trainer(model=model, args=arguments, train_dataset=list(examples), data_collator=collator)
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return model.eval()

    def label_test(self) -> Ints:
        """Label codes (m,) of the test."""
        codes: Ints = self._logits(self._test).argmax(axis=1)
        return codes

    def label_pool(self) -> Ints:
        """Label codes (n,) of the pool."""
        codes: Ints = self._logits(self._pool).argmax(axis=1)
        return codes

    def samples(self, rows: Ints, random: np.random.RandomState) -> Floats:
        """Probabilities (s, m, k) that passes with dropout give to pool items ``rows`` (m,)."""
        import torch

        asked = [self._pool[row] for row in rows.tolist()]
        found = []
        with torch.random.fork_rng():
            torch.manual_seed(int(random.randint(0, 2**31 - 1)))
            _switch_dropout(self._model, on=True)
            try:
                for _ in range(self._checkpoint.settings.samples):
                    logits = self._logits(asked)
                    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
                    found.append(shares / shares.sum(axis=1, keepdims=True))
            finally:
                _switch_dropout(self._model, on=False)
        return np.stack(found)

    @property
    def vectors(self) -> Floats:
        """(n, d) of the pool, of length 1: means over the last layer's tokens, as it is trained so far."""
        if self._vectors is None:
            model = self._model or self._checkpoint.new_model(self._labels, self._seed).eval()
            parts = self._passes(model, self._pool, output_hidden_states=True)
            means = [(rows, _mean(read["attention_mask"], out.hidden_states[-1])) for rows, read, out in parts]
            self._vectors = _in_order(means)
            self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)
        return self._vectors

    def _logits(self, asked: Sequence[dict[str, Any]]) -> Floats:
        return _in_order([(rows, out.logits) for rows, _, out in self._passes(self._model, asked)])

    def _passes(self, model: Any, asked: Sequence[dict[str, Any]], **more: Any) -> Iterator[tuple[list[int], Any, Any]]:
        """Rows, what was read, and what came out, of texts of like length together."""
        import torch

        order = sorted(range(len(asked)), key=lambda row: len(asked[row]["input_ids"]))
        for start in range(0, len(order), READ):
            rows = order[start : start + READ]
            read = self._checkpoint.tokenizer.pad([asked[row] for row in rows], return_tensors="pt").to(model.device)
            with torch.no_grad():
                yield rows, read, model(**read, **more)


def _switch_dropout(model: Any, *, on: bool) -> None:
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.train(on)


def _mean(mask: Any, hidden: Any) -> Any:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def _in_order(parts: Sequence[tuple[list[int], Any]]) -> Floats:
    """The outputs of parts of the texts, (n, d), in the texts' own order."""
    rows = np.concatenate([np.array(one) for one, _ in parts])
    values = np.concatenate([out.double().cpu().numpy() for _, out in parts])
    found: Floats = np.empty_like(values)
    found[rows] = values
    return found
