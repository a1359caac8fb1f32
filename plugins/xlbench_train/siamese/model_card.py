"""Writes the model card: base, data, command, training and scores."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import __version__
from xlbench_train.siamese import report
from xlbench_train.siamese.bases import SiameseBase
from xlbench_train.siamese.loop import FIGURES
from xlbench_train.siamese.pairs.held_out import PairSplit
from xlbench_train.siamese.pairs.pairs import UNKNOWN
from xlbench_train.siamese.settings import OBJECTIVES, Settings
from xlbench_train.training import card_parts, history

HEADINGS = {name: text for name, text in {**history.FIRST, **FIGURES}.items() if name != "step"}
"""Columns of the table of the training."""


@dataclass(frozen=True)
class Card:
    """What a card is written of."""

    name: str
    base: SiameseBase
    settings: Settings
    parts: PairSplit
    command: Sequence[str]
    rows: Sequence[history.Row]
    best_epoch: float
    notes: Sequence[str] = ()
    report: report.Report | None = None
    has_curve: bool = False
    teacher: str = ""
    stopped: str = ""
    max_length: int | None = None
    """Tokens of a text that the model reads; None: there is no limit."""


def text(card: Card) -> str:
    """The card as markdown, with the front matter that the hub reads."""
    return (
        "\n".join(
            [
                *_front(card),
                *_summary_section(card),
                *_data(card),
                *_training(card),
                *_scores(card),
                *_usage_section(card),
            ]
        )
        + "\n"
    )


def _front(card: Card) -> Iterator[str]:
    return card_parts.front_matter(
        "sentence-transformers",
        "sentence-similarity",
        card.base,
        ["sentence-transformers", "siamese"],
        languages={code for pair in card.parts.training.languages for code in pair},
        data=[source.data for source in card.parts.training.sources],
    )


def _summary_section(card: Card) -> Iterator[str]:
    base = (
        f"`{Path(card.settings.base).name}`"
        if card.base.folder
        else f"a new table of hashed n-grams (`{card.base.spec}`)"
    )
    yield f"\n# {card.name}\n"
    yield (
        f"A siamese encoder: {base}, trained on {len(card.parts.training):,} pairs of texts with the objective "
        f"`{card.settings.objective}`: {OBJECTIVES[card.settings.objective]}."
    )
    if card.stopped:
        yield f"\n**Its training stopped early: {card.stopped}**"


def _data(card: Card) -> Iterator[str]:
    yield "\n## Data and licenses\n"
    yield "| pairs | languages | data | license |\n|---:|---|---|---|"
    for source in card.parts.training.sources:
        languages = "not said" if source.languages == UNKNOWN else "-".join(source.languages)
        name = card_parts.cell(source.data or Path(source.spec).name)
        yield f"| {source.pairs:,} | {languages} | {name} | {source.license or 'not said'} |"
    yield ""
    yield card_parts.license_of_base(card.base)
    if card.teacher:
        yield f"Teacher: `{card.teacher}`, whose vectors of the first sides are the targets of both."
    yield (
        f"{len(card.parts.evaluation):,} pairs were held out. The texts of training are marked in "
        f"`trained_on_texts.npy`: `xlbench` says so beside every score on them."
    )
    yield from (f"- {note}" for note in (*card.parts.notes, *card.notes))


def _training(card: Card) -> Iterator[str]:
    settings = card.settings
    yield "\n## Training\n"
    yield card_parts.shell_block(card.command)
    what = [
        f"{settings.epochs} epoch{'s' * (settings.epochs != 1)} at most",
        f"batches of {settings.batch_size}",
        f"learning rate {settings.learning_rate:g}",
        f"warm-up over {settings.warmup:.0%} of the steps",
        f"negatives: {settings.negatives}",
        f"seed {settings.seed}",
    ]
    what += [f"at most {card.max_length} tokens"] * bool(card.max_length)
    what += [f"LoRA of rank {settings.lora}, merged"] * bool(settings.lora)
    what += [f"pooling: {settings.pooling}"] * bool(settings.pooling)
    what += [f"prompt {settings.prompt!r} before every text"] * bool(settings.prompt)
    kept = "of the last good checkpoint" if card.stopped else "where the validation loss was smallest"
    yield f"{', '.join(what)}; xlbench {__version__}."
    yield f"The weights are those after epoch {card.best_epoch:.3g}, {kept}.\n"
    yield from card_parts.history_table(HEADINGS, card.rows)
    yield "\nAccuracy is that of telling the held-out pairs from as many random ones."
    if card.has_curve:
        yield f"\n![Loss and accuracy by epoch]({card_parts.CURVE})"


def _scores(card: Card) -> Iterator[str]:
    if card.report is None:
        return
    yield "\n## Before and after\n"
    yield "On the held-out pairs, the base and this model, paired; intervals are of 95%, p is adjusted for all rows.\n"
    yield "| " + " | ".join(report.HEADINGS) + " |\n|---|---:|---:|---:|---:|---|"
    yield from ("| " + " | ".join(line) + " |" for line in report.lines(card.report))
    yield from (f"\n{note}" for note in card.report.notes)
    yield "\n| direction | n | " + " | ".join(report.METRICS[name] for name in _SHOWN) + " |"
    yield "|---|---:|" + "---:|" * len(_SHOWN)
    by_place = {(row["subset"], row["metric"]): row for row in card.report.scores}
    for subset in dict.fromkeys(row["subset"] for row in card.report.scores):
        cells = [_score(by_place[subset, name]) for name in _SHOWN]
        yield f"| {subset} | {by_place[subset, 'accuracy']['n']:,} | " + " | ".join(cells) + " |"


_SHOWN = ("accuracy", "mrr", "auc", "cosine_gap")


def _score(row: object) -> str:
    assert isinstance(row, dict)
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if row["low"] is not None and row["high"] is not None else ""
    return f"{row['value']:.3f}{ends}"


def _usage_section(card: Card) -> Iterator[str]:
    yield "\n## Use\n"
    trust = ", trust_remote_code=True" if card.base.is_static else ""
    yield "```python\nfrom sentence_transformers import SentenceTransformer\n"
    yield f"model = SentenceTransformer({card.name!r}{trust})\n```\n"
    if trust:
        yield "(The code that is trusted is that of the installed xlbench: the folder holds none.)\n"
    yield f"```sh\nxlbench run --model {shlex.quote(f'st:./{card.name}')} --task lexicon\n```"
