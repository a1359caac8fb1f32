"""The training of siamese-mini, on the trainer and the losses of sentence-transformers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import EmbedDistillLoss, MultipleNegativesSymmetricRankingLoss
from torch.utils.data import SequentialSampler

from xlbench_train.siamese_mini_recipe.settings import Settings
from xlbench_train.siamese_mini_recipe.texts import Sentence
from xlbench_train.training.ngram_module import new_ngram_model


class TranslationLoss(torch.nn.Module):
    """The loss of translations: contrastive between the two sides of a pair, and the distance of both from the
    teacher's vector of the English sentence."""

    def __init__(self, model: SentenceTransformer, targets: NDArray[np.float32], settings: Settings) -> None:
        """``targets``: the teacher's vectors of the English sentences, shape (sentences, dimensions)."""
        super().__init__()
        self._pairs = MultipleNegativesSymmetricRankingLoss(model, scale=settings.scale)
        self._teacher = EmbedDistillLoss(model, distance_metric="cosine")
        self._model = model
        self._targets = torch.from_numpy(targets)
        self._weight = settings.teacher

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
        """The loss of a batch of pairs; ``labels``: the number of each pair's sentence, shape (batch,)."""
        vectors = [self._model(features)["sentence_embedding"] for features in sentence_features]
        targets = [self._targets[labels]] * len(vectors)
        loss: torch.Tensor = self._pairs.compute_loss_from_embeddings(vectors, labels)
        return loss + self._weight * self._teacher.compute_loss_from_embeddings(vectors, targets)


class WordLoss(EmbedDistillLoss):
    """The loss of words: the distance from the teacher's vectors."""

    def __init__(self, model: SentenceTransformer, targets: NDArray[np.float32], settings: Settings) -> None:
        """``targets``: the teacher's vectors, shape (words, dimensions)."""
        super().__init__(model, distance_metric="cosine")
        self._weight = settings.teacher_of_words
        self._targets = torch.from_numpy(targets)

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: torch.Tensor | None) -> torch.Tensor:
        """The loss of a batch; ``labels``: each word's number, shape (batch,)."""
        loss: torch.Tensor = super().forward(sentence_features, self._targets[labels])
        return self._weight * loss


def train(
    sentences: Sequence[Sentence],
    words: Sequence[str],
    targets: Sequence[NDArray[np.float32]],
    settings: Settings,
) -> SentenceTransformer:
    """A model of hashed n-grams, trained on sentences in many languages, and on words.

    Args:
        sentences: What to train on; batches of their translations and of words come in turns.
        words: The same.
        targets: The teacher's vectors of the English sentences, and of the words: (n, dimensions) each.
        settings: How.
    """
    model = new_ngram_model(settings.buckets, settings.dimensions, settings.seed)
    of_sentences, of_words = targets
    with tempfile.TemporaryDirectory() as folder:
        SentenceTransformerTrainer(
            model=model,
            args=_arguments(folder, settings),
            train_dataset={
                "translations": _translation_batches(sentences, settings),
                "words": _word_batches(words, settings),
            },
            loss={
                "translations": TranslationLoss(model, of_sentences, settings),
                "words": WordLoss(model, of_words, settings),
            },
        ).train()
    ngrams: Any = model[0]
    ngrams.bits = settings.bits
    return model


def _arguments(folder: str, settings: Settings) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.steps // 10,
        lr_scheduler_type="linear",
        weight_decay=0.0,
        adam_beta2=0.98,
        max_grad_norm=0.0,  # the gradient of a table is sparse, and its length says little
        batch_sampler=_sequential_batches,
        multi_dataset_batch_sampler="round_robin",
        use_cpu=True,
        save_strategy="no",
        logging_steps=20,
        report_to=[],
        seed=settings.seed,
    )


def _sequential_batches(dataset: Dataset, *, batch_size: int, drop_last: bool, **_: Any) -> DefaultBatchSampler:
    """Batches as the pairs come: no sentence is in one twice, so that no translation is taken for a wrong one."""
    return DefaultBatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=drop_last)


def _translation_batches(sentences: Sequence[Sentence], settings: Settings) -> Dataset:
    """All pairs of the training, batch after batch."""
    numbers, anchors, positives = zip(*_pairs(sentences, settings), strict=True)
    return Dataset.from_dict({"anchor": anchors, "positive": positives, "label": numbers})


def _word_batches(words: Sequence[str], settings: Settings) -> Dataset:
    """All batches of words, as many as there are of pairs."""
    draw = np.random.default_rng(settings.seed)
    size = min(settings.batch, len(words))
    drawn = np.concatenate([draw.choice(len(words), size, replace=False) for _ in range(settings.steps)])
    return Dataset.from_dict({"word": [words[number] for number in drawn], "label": drawn})


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
