"""Writes the model card of a tagger: base, data, command, training and scores."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import __version__
from xlbench.core.text import count_text
from xlbench_train.tagger import report
from xlbench_train.tagger.data import Source
from xlbench_train.tagger.evaluation import FIGURES
from xlbench_train.tagger.settings import Settings
from xlbench_train.training import card_parts, history
from xlbench_train.training.bases import Base

HEADINGS = {name: text for name, text in {**history.FIRST, **FIGURES}.items() if name != "step"}
"""Columns of the table of the training."""


@dataclass(frozen=True)
class Stage:
    """A stage of the training, and how it went."""

    name: str
    rows: Sequence[history.Row]
    best_epoch: float
    stopped: str = ""


@dataclass(frozen=True)
class Card:
    """What a card is written of."""

    name: str
    base: Base
    settings: Settings
    sources: Sequence[Source]
    command: Sequence[str]
    stages: Sequence[Stage]
    notes: Sequence[str]
    max_length: int
    has_curve: bool = False
    scores: Sequence[report.Row] = ()

    @property
    def stopped(self) -> str:
        """Why training ended early, where it failed."""
        return next((stage.stopped for stage in self.stages if stage.stopped), "")


def text(card: Card) -> str:
    """The card as markdown, with the front matter that the hub reads."""
    parts = (_front(card), _summary(card), _data(card), _training(card), _scores(card), _usage(card))
    return "\n".join(line for part in parts for line in part) + "\n"


def _front(card: Card) -> Iterator[str]:
    return card_parts.front_matter(
        "transformers", "token-classification", card.base, ["token-classification", "named-entity-recognition"],
        languages={source.language.partition("_")[0] for source in card.sources},
        data=[source.task.data or source.task.name for source in card.sources],
    )  # fmt: skip


def _summary(card: Card) -> Iterator[str]:
    yield f"\n# {card.name}\n"
    how = "one language after the other, in this order" if card.settings.progressive else "all together"
    named = ", ".join(source.name for source in card.sources)
    yield (
        f"A tagger of named entities ({', '.join(card.sources[0].types)}): `{Path(card.settings.base).name}`, "
        f"fine-tuned on {named}{f', {how}' if len(card.sources) > 1 else ''}."
    )
    if card.stopped:
        yield f"\n**Its training stopped early: {card.stopped}**"


def _data(card: Card) -> Iterator[str]:
    yield "\n## Data and licenses\n"
    yield "| training sentences | of | to choose by | task | language | license |\n|---:|---:|---:|---|---|---|"
    for source in card.sources:
        name, license_ = (card_parts.cell(one) for one in (source.task.name, source.task.license or "not said"))
        yield (
            f"| {len(source.training):,} | {source.whole:,} | {len(source.dev):,} | {name} | {source.language} "
            f"| {license_} |"
        )
    yield ""
    yield card_parts.license_of_base(card.base)
    yield ("The texts of training are marked in `trained_on_texts.npy`: `xlbench` says so beside every score on them.")
    yield from (f"- {note}" for source in card.sources for note in source.notes)
    yield from (f"- {note}" for note in card.notes)


def _training(card: Card) -> Iterator[str]:
    settings = card.settings
    yield "\n## Training\n"
    yield card_parts.shell_block(card.command)
    what = [
        f"{count_text(settings.epochs, 'epoch')} at most",
        f"batches of {settings.batch_size}",
        f"learning rate {settings.learning_rate:g}",
        f"warm-up over {settings.warmup:.0%} of the steps",
        f"windows of {card.max_length} tokens at most, labels at first pieces",
        f"seed {settings.seed}",
    ]
    if settings.layers:
        what.append(f"the first {count_text(settings.layers, 'layer')} of the base")
    what += [f"LoRA of rank {settings.lora}, merged"] * bool(settings.lora)
    yield f"{', '.join(what)}; xlbench {__version__}."
    yield (
        "Entity F1, precision and recall are those of the sentences to choose by, by the task's own protocol, averaged "
        "over languages; the epoch with the highest entity F1 is kept.\n"
    )
    for stage in card.stages:
        if len(card.stages) > 1:
            yield f"\n### {stage.name}\n"
        yield f"The weights are those after epoch {stage.best_epoch:.3g}.\n"
        yield from card_parts.history_table(HEADINGS, stage.rows)
    if card.has_curve:
        yield f"\n![Loss and scores by epoch]({card_parts.CURVE})"


def _scores(card: Card) -> Iterator[str]:
    if not card.scores:
        return
    yield "\n## Scores\n"
    yield "On the test sentences, by `xlbench run` with the scheme `tagger:`; intervals are of 95%.\n"
    yield "| test | metric | score [95%] | entities | sentences | trained on |\n|---|---|---:|---:|---:|---:|"
    for row in card.scores:
        support = "" if row.support is None else f"{row.support:,}"
        yield f"| {row.name} | {row.metric} | {report.figure(row)} | {support} | {row.n:,} | {row.seen:,} |"


def _usage(card: Card) -> Iterator[str]:
    yield "\n## Use\n"
    yield "```python\nfrom transformers import pipeline\n"
    yield f"tag = pipeline('token-classification', {card.name!r}, aggregation_strategy='first')\n```\n"
    task = card.sources[0].task.name
    yield f"```sh\nxlbench run --model {shlex.quote(f'tagger:./{card.name}')} --task {task}\n```"
