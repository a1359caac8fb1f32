"""The recipe `siamese`: reads pairs, loads the base, trains it, compares it before and after, and writes model and
card."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xlbench import Catalog, Model, UsageError
from xlbench.core.errors import OK, require_extra
from xlbench.core.ids import digest
from xlbench.core.tables import table
from xlbench.core.text import count_text
from xlbench_train.siamese import model_card, preflight, report
from xlbench_train.siamese.bases import SiameseBase, find_base, load_base, table_size
from xlbench_train.siamese.head import head_files
from xlbench_train.siamese.loop import SiameseJob, head_of
from xlbench_train.siamese.pairs.held_out import PairSplit, read_parts
from xlbench_train.siamese.settings import Settings, resolve
from xlbench_train.siamese.teacher import Teacher
from xlbench_train.training import card_parts, curve, output_folder, saving
from xlbench_train.training.bases import path_spec
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.libraries import quiet_libraries
from xlbench_train.training.loop import Trained, train
from xlbench_train.training.terminal import Terminal

CURVE_LABELS = {
    "accuracy": "accuracy",
    "positive_accuracy": "of translations",
    "negative_accuracy": "of other pairs",
    "p_at_1": "P@1",
    "mrr": "MRR",
}
"""What the evaluator finds -> what the picture calls it."""


@dataclass(frozen=True)
class TrainingRequest:
    """A training as it was asked for: its settings, and what else the command was given."""

    settings: Settings
    catalog: Catalog
    data: Path | None
    command: Sequence[str]
    """As it was typed, for the card."""
    resume: bool = False
    dry_run: bool = False
    report: bool = True


def run_recipe(request: TrainingRequest, terminal: Terminal) -> int:
    """Train, or say what would be done; the exit code.

    Raises:
        UsageError, DataError, DataMissing, EncoderError: The command cannot be carried out, in one line.
        TrainingStopped: Training ended early; what is good of it is kept.
    """
    require_extra("train", "a training", "accelerate", "datasets", "sentence_transformers", "torch", "transformers")
    settings = request.settings
    output_folder.check(settings.out, resume=request.resume)
    if request.resume and output_folder.is_done(settings.out, terminal.say):
        return OK
    base = find_base(settings.base, request.catalog)
    settings = resolve(settings, is_static=base.is_static)
    request = replace(request, settings=settings)
    parts = read_parts(
        settings.pairs, settings.eval_pairs, request.catalog, request.data, seed=settings.seed,
        skip_empty=settings.skip_empty,
    )  # fmt: skip
    _check_size(parts, settings)
    teacher = preflight.check(base, settings, parts, request.catalog, terminal)
    _say_plan(base, parts, settings, terminal)
    if request.dry_run:
        terminal.say("nothing was trained (--dry-run)")
        return OK
    with quiet_libraries(), output_folder.lock(settings.out, resume=request.resume):
        return _RecipeRun(request, base, parts, terminal, teacher).run()


def _check_size(parts: PairSplit, settings: Settings) -> None:
    n = len(parts.training)
    if n < settings.batch_size:
        raise UsageError(
            f"{n:,} pairs to train on are fewer than a batch of {settings.batch_size:,}: give more pairs, or "
            f"--batch-size {max(n // 4, 1)}"
        )


def _say_plan(base: SiameseBase, parts: PairSplit, settings: Settings, terminal: Terminal) -> None:
    for source in parts.training.sources:
        languages = "" if source.languages[0] == "qaa" else f", {'-'.join(source.languages)}"
        terminal.say(f"{count_text(source.pairs, 'pair')} of {source.data or source.spec}{languages}")
    for note in parts.notes:
        terminal.say(note)
    rows = len(parts.training) * (2 if settings.objective in ("softmax", "cosine") else 1)
    steps = -(-rows // settings.batch_size) * settings.epochs
    terminal.say(
        f"{len(parts.training):,} pairs to train {base.spec} on with {settings.objective}, {len(parts.evaluation):,} "
        f"to evaluate on; {settings.epochs} epoch{'s' * (settings.epochs != 1)}, about {steps:,} steps"
    )


@dataclass
class _RecipeRun:
    """One run of the recipe, after all checks."""

    request: TrainingRequest
    base: SiameseBase
    parts: PairSplit
    terminal: Terminal
    teacher: Teacher | None
    settings: Settings = field(init=False)
    folder: Path = field(init=False)

    def run(self) -> int:
        """See `run_recipe`."""
        self.settings = self.request.settings
        self.folder = output_folder.claim(self.settings.out, self._record(), resume=self.request.resume)
        cards = report.write_cards(self.parts.evaluation, self.folder / "report") if self.request.report else []
        before = self._score_base(cards) if cards else None
        card = self._train_and_save()
        if before is not None and not card.stopped:
            self._compare(before, cards, card)
        output_folder.clean(self.settings.out)
        if card.stopped:
            raise TrainingStopped(output_folder.failure(self.settings.out))
        spec = f"st:{path_spec(self.settings.out)}"
        self.terminal.say(f"wrote {self.settings.out}: xlbench run --model {shlex.quote(spec)}")
        return OK

    def _train_and_save(self) -> model_card.Card:
        """Train and write the model with its card, which is returned."""
        job = SiameseJob(self.folder, self.settings, self.terminal, self.base, self.parts, self.teacher)
        result = train(job, resume=self.request.resume)
        if self.settings.lora:
            from xlbench_train.siamese.adapters import merge_adapter

            merge_adapter(job.model)
        picture = curve.drawn(result.history.rows, result.best_epoch, CURVE_LABELS, self.terminal.say)
        card = replace(self._make_card(job, result), has_curve=picture is not None)
        saving.save(
            self.settings.out, self.folder / "new",
            lambda folder: job.model.save_pretrained(str(folder), create_model_card=False),
            {
                **self._trained_on_files(), "README.md": model_card.text(card), **head_files(head_of(result.learned)),
                **({card_parts.CURVE: picture} if picture else {}),
            },
        )  # fmt: skip
        return card

    def _record(self) -> Mapping[str, Any]:
        """What this training is, for one that goes on with it."""
        sides = (self.parts.training, self.parts.evaluation)
        training, evaluation = (digest(*pairs.first, "", *pairs.second) for pairs in sides)
        return output_folder.record_of(
            self.settings, training_texts=training, evaluation_texts=evaluation, content_of_the_base=self._identity()
        )

    def _identity(self) -> str:
        return self.base.identity(self.settings.seed)

    def _score_base(self, cards: Sequence[str]) -> Any:
        """Score the base on the held-out pairs."""
        settings = self.settings
        shaping = (settings.pooling, settings.max_length, settings.prompt)
        encoder = _UntrainedEncoder(self.base, settings)
        model = Model(
            "before",
            load=lambda: encoder,
            fingerprint=lambda: digest("before", self._identity(), repr(shaping)),
        )
        self.terminal.say("scoring the base on the held-out pairs")
        scores = report.score(model, cards, self.folder / "report")
        encoder.release()
        return scores

    def _compare(self, before: Any, cards: Sequence[str], card: model_card.Card) -> None:
        """Score what was trained, print the difference, and write it into the card."""
        device = "cpu" if self.settings.device == "auto" else self.settings.device
        spec = f"st:{path_spec(self.settings.out.resolve())}?name=after&device={device}"
        after = report.score(spec, cards, self.folder / "report")
        comparison = report.compare_scores(before, after, sum(bool(row["step"]) for row in card.rows))
        for line in table(report.HEADINGS, report.lines(comparison), "lrrrrl").splitlines():
            self.terminal.out(line)
        for note in comparison.notes:
            self.terminal.out(f"\n{note}")
        saving.rewrite_card(self.settings.out, model_card.text(replace(card, report=comparison)))

    def _make_card(self, job: SiameseJob, result: Trained) -> model_card.Card:
        return model_card.Card(
            name=self.settings.out.resolve().name,
            base=self.base,
            settings=job.settings,
            parts=self.parts,
            command=self.request.command,
            rows=result.history.rows,
            best_epoch=result.best_epoch,
            notes=job.progress.notes,
            teacher=self.settings.teacher or "",
            stopped=result.stopped,
            max_length=_length_limit(job.model),
        )

    def _trained_on_files(self) -> dict[str, str | bytes]:
        """What the model was trained on, by name and by text; the base's share of it, too."""
        names = [*self.base.trained_on, *(source.data for source in self.parts.training.sources)]
        texts = self.parts.training.texts()
        return saving.trained_on_files(
            [name for name in dict.fromkeys(names) if name], texts, self.base.trained_on_texts()
        )


class _UntrainedEncoder:
    """The base before training, as an encoder."""

    def __init__(self, base: SiameseBase, settings: Settings) -> None:
        self._base, self._settings = base, settings
        self._model: Any = None
        self.zero_is_unknown = base.is_static

    def release(self) -> None:
        """Let go of the model: whoever has scored it may keep this encoder."""
        self._model = None

    def encode(self, texts: Sequence[str], role: str | None = None) -> Any:
        """Vectors (n, d) of texts."""
        if self._model is None:
            self._model = load_base(self._base, self._settings)
        return self._model.encode(list(texts), batch_size=64, show_progress_bar=False, convert_to_numpy=True)


def _length_limit(model: Any) -> int | None:
    """Tokens of a text that a model reads at most; None where there is no limit."""
    own = model.max_seq_length
    return None if own is None or own == float("inf") else int(own)


__all__ = ["TrainingRequest", "run_recipe", "table_size"]
