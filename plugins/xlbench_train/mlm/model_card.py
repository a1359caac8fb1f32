"""Writes the model card of a masked language model: base, data, command, training."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlbench import __version__
from xlbench_train.mlm.bases import size_of
from xlbench_train.mlm.corpus import Corpus
from xlbench_train.mlm.held_out import Split
from xlbench_train.mlm.settings import MASKS, Settings
from xlbench_train.training import card_parts, history
from xlbench_train.training.bases import Base


@dataclass(frozen=True)
class Card:
    """What a card is written of."""

    name: str
    base: Base
    settings: Settings
    corpus: Corpus
    split: Split
    command: Sequence[str]
    rows: Sequence[history.Row]
    headings: Mapping[str, str]
    best_epoch: float
    tokens: int
    """That it was trained on, each once."""
    notes: Sequence[str] = ()
    has_curve: bool = False
    stopped: str = ""


def text(card: Card) -> str:
    """The card as markdown, with the front matter that the hub reads."""
    sources = card.corpus.sources
    front = card_parts.front_matter(
        "transformers", "fill-mask", card.base, ["masked-language-model", "feature-extraction"],
        languages=[source.language for source in sources if source.language],
        data=[name for source in sources for name in source.data],
    )  # fmt: skip
    return "\n".join([*front, *_summary(card), *_data(card), *_training(card), *_usage(card)]) + "\n"


def _summary(card: Card) -> Iterator[str]:
    yield f"\n# {card.name}\n"
    if card.base.folder is None:
        size = size_of(card.base.spec)
        what = f"A new BERT of {size.layers} layers, {size.heads} heads and {size.width} dimensions"
    else:
        what = f"`{card_parts.base_name(card.base)}`"
    yield f"{what}, trained to tell masked words of {len(card.split.training):,} texts ({card.tokens:,} tokens)."
    if card.stopped:
        yield f"\n**Its training stopped early: {card.stopped}**"


def _data(card: Card) -> Iterator[str]:
    yield "\n## Data and licenses\n"
    yield "| texts | language | corpus | data | license |\n|---:|---|---|---|---|"
    for source in card.corpus.sources:
        name = card_parts.cell(source.spec.rstrip("/").rpartition("/")[2])
        licenses, data = (card_parts.cell(", ".join(each)) or "not said" for each in (source.licenses, source.data))
        yield f"| {source.texts:,} | {source.language or 'not said'} | {name} | {data} | {licenses} |"
    yield f"\n{card_parts.license_of_base(card.base)}"
    yield (
        f"{len(card.split.evaluation):,} texts were held out. Those of the training are marked in "
        f"`trained_on_texts.npy`: `xlbench` says so beside every score on them."
    )
    of_sources = (note for source in card.corpus.sources for note in source.notes)
    yield from (f"- {note}" for note in (*of_sources, *card.split.notes, *card.notes))


def _training(card: Card) -> Iterator[str]:
    settings = card.settings
    yield "\n## Training\n"
    yield card_parts.shell_block(card.command)
    amount = f"{settings.epochs} epoch{'s' * (settings.epochs != 1)} at most" if settings.epochs else ""
    what = [
        *[amount] * bool(amount),
        f"mask: {settings.mask} ({MASKS[settings.mask]})",
        f"tokenizer: {settings.tokenizer}",
        f"batches of {settings.batch_size} blocks of {settings.max_length} tokens",
        f"learning rate {settings.learning_rate:g}",
        f"warm-up over {settings.warmup:.0%} of the steps",
        f"seed {settings.seed}",
    ]
    what += [f"LoRA of rank {settings.lora}, merged"] * bool(settings.lora)
    kept = "of the last good checkpoint" if card.stopped else "where the validation loss was smallest"
    yield f"{', '.join(what)}; xlbench {__version__}."
    yield f"The weights are those after epoch {card.best_epoch:.3g}, {kept}.\n"
    yield from card_parts.history_table(card.headings, card.rows)
    yield "\nThe loss is the mean cross-entropy of masked tokens, in texts that were held out; perplexity is e to it."
    yield from _before_and_after(card)
    if card.has_curve:
        yield f"\n![Loss by epoch]({card_parts.CURVE})"


def _before_and_after(card: Card) -> Iterator[str]:
    losses = [row["validation_loss"] for row in card.rows if row["validation_loss"] is not None]
    if len(losses) > 1:
        first, best = losses[0], min(losses[1:])
        yield f"Before training the perplexity was {math.exp(first):,.1f}, after it {math.exp(best):,.1f}."


def _usage(card: Card) -> Iterator[str]:
    yield "\n## Use\n"
    yield "```python\nfrom transformers import AutoModelForMaskedLM, AutoTokenizer\n"
    yield f"model = AutoModelForMaskedLM.from_pretrained({card.name!r})"
    yield f"tokenizer = AutoTokenizer.from_pretrained({card.name!r})\n```\n"
    model = shlex.quote(f"hf:./{card.name}?layers=last-two")
    yield f"```sh\nxlbench run --model {model} --task lexicon\n```"
