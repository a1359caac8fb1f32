"""The training of siamese-mini, on the trainer and the losses of sentence-transformers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import EmbedDistillLoss, MultipleNegativesSymmetricRankingLoss
from torch.utils.data import BatchSampler, SequentialSampler

from xlbench_train.making.texts import Sentence
from xlbench_train.training.ngram_module import new_ngram_model


@dataclass(frozen=True)
class Settings:
    """How it is trained."""

    buckets: int = 65536
    dimensions: int = 256
    steps: int = 400
    batch: int = 1024
    learning_rate: float = 0.01
    scale: float = 10.0
    """Of the cosines in the loss: one over the temperature."""
    english: float = 0.5
    """Share of pairs that have English on one side; in the others two translations meet."""
    teacher: float = 1.0
    """Weight of the cosine to the teacher's vector, beside the loss of the pairs."""
    seed: int = 0


class TaughtTranslations(torch.nn.Module):
    """Both sides of a pair find each other among the batch, and both lie near the teacher's vector of the English."""

    def __init__(
        self, model: SentenceTransformer, targets: NDArray[np.float32] | None, settings: Settings
    ) -> None:
        """``targets``: the teacher's vectors of the English sentences, shape (sentences, dimensions)."""
        super().__init__()
        self._pairs = MultipleNegativesSymmetricRankingLoss(model, scale=settings.scale)
        self._teacher = EmbedDistillLoss(model, distance_metric="cosine")
        self._model = model
        self._targets = None if targets is None else torch.from_numpy(targets)
        self._weight = settings.teacher

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
        """The loss of a batch of pairs; ``labels``: the number of each pair's sentence, shape (batch,)."""
        vectors = [self._model(features)["sentence_embedding"] for features in sentence_features]
        loss: torch.Tensor = self._pairs.compute_loss_from_embeddings(vectors, None)
        if self._targets is not None:
            taught = [self._targets[labels]] * len(vectors)
            loss = loss + self._weight * self._teacher.compute_loss_from_embeddings(vectors, taught)
        return loss


def trained(
    sentences: Sequence[Sentence], targets: NDArray[np.float32] | None, settings: Settings
) -> SentenceTransformer:
    """A model of hashed n-grams, trained on sentences in many languages.

    Args:
        sentences: What to train on.
        targets: The teacher's vector of each, shape (n, dimensions); None: without a teacher.
        settings: How.
    """
    model = new_ngram_model(settings.buckets, settings.dimensions, settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=settings.batch,
            learning_rate=settings.learning_rate,
            warmup_steps=settings.steps // 20,
            lr_scheduler_type="linear",
            weight_decay=0.0,
            adam_beta2=0.98,
            max_grad_norm=0.0,  # the gradient of a table is sparse, and its length says little
            batch_sampler=_in_order,
            dataloader_num_workers=0,
            use_cpu=True,
            save_strategy="no",
            logging_steps=20,
            report_to=[],
            seed=settings.seed,
        )
        SentenceTransformerTrainer(
            model=model,
            args=arguments,
            train_dataset=_data_set(sentences, settings),
            loss=TaughtTranslations(model, targets, settings),
        ).train()
    return model


def _in_order(dataset: Dataset, batch_size: int, drop_last: bool, **_: Any) -> BatchSampler:
    """Batches as the pairs come: no sentence is in one twice, so that no translation is taken for a wrong one."""
    return BatchSampler(SequentialSampler(dataset), batch_size, drop_last)


def _data_set(sentences: Sequence[Sentence], settings: Settings) -> Dataset:
    """All pairs of the training, batch after batch."""
    numbers, anchors, positives = zip(*_pairs(sentences, settings), strict=True)
    return Dataset.from_dict({"anchor": anchors, "positive": positives, "label": numbers})


def _pairs(sentences: Sequence[Sentence], settings: Settings) -> Iterator[tuple[int, str, str]]:
    """A sentence's number and two of its languages, as many as ``settings`` have; no sentence twice in a batch."""
    draw = np.random.default_rng(settings.seed)
    size = min(settings.batch, len(sentences))
    left: list[int] = []
    for _ in range(settings.steps):
        if len(left) < size:
            left = draw.permutation(len(sentences)).tolist()
        batch, left = left[:size], left[size:]
        for number in batch:
            sentence = sentences[number]
            first, second = draw.choice(len(sentence.others), 2, replace=False)
            with_english = draw.random() < settings.english
            yield number, sentence.others[first], sentence.english if with_english else sentence.others[second]
