"""How long a training will take: some steps of it, measured on the base."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xlbench.core.text import count_text
from xlbench_train.tagger.pieces import Windows
from xlbench_train.tagger.settings import Settings
from xlbench_train.training.devices import device_of
from xlbench_train.training.micro_batches import first_micro_batch

PIECES = 8
"""Micro-batches that are measured, the first of which counts for nothing."""


@dataclass(frozen=True)
class Pace:
    """Seconds for one window."""

    training: float
    evaluation: float

    def seconds(self, windows: int, dev_windows: int, epochs: int) -> float:
        """Of a training that takes all its epochs, and is evaluated before each and at its end."""
        return self.training * windows * epochs + self.evaluation * dev_windows * (epochs + 1)


def measure(model: Any, tokenizer: Any, windows: Windows, settings: Settings) -> Pace:
    """Train a few micro-batches, spread over all lengths, without keeping anything of it.

    Args:
        model: A token classifier, which is changed.
        tokenizer: Its own.
        windows: Those that are to be trained on.
        settings: For the device and the batch size.
    """
    import torch
    from transformers import DataCollatorForTokenClassification

    device = device_of(settings.device)
    size = first_micro_batch(settings.batch_size, device)
    ordered = sorted(windows.features(), key=lambda one: len(one["input_ids"]))
    starts = [place * max(len(ordered) - size, 0) // PIECES for place in range(PIECES + 1)]
    collate = DataCollatorForTokenClassification(tokenizer)
    batches = [collate(ordered[start : start + size]) for start in (starts[-1], *starts)]
    model.to(device)
    counted = sum(len(batch["labels"]) for batch in batches[1:])

    def timed(run: Any) -> float:
        run(batches[0])
        started = time.perf_counter()
        for batch in batches[1:]:
            run(batch)
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - started) / counted

    def forward(batch: Any) -> Any:
        return model(**{name: value.to(device) for name, value in batch.items()})

    def learn(batch: Any) -> None:
        forward(batch).loss.backward()

    @torch.no_grad()
    def evaluate(batch: Any) -> None:
        forward(batch)

    model.train()
    training = timed(learn)
    model.eval()
    return Pace(training, timed(evaluate))


def as_text(seconds: float) -> str:
    """``about 3 minutes``."""
    if seconds < 100:
        return f"about {count_text(max(round(seconds), 1), 'second')}"
    if seconds < 100 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def steps_of(windows: Sequence[int], settings: Settings) -> int:
    """Steps of all stages, of which each has so many windows."""
    return sum(-(-count // settings.batch_size) * settings.epochs for count in windows)
