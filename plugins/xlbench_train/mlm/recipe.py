"""The recipe `mlm`: reads a corpus, makes a tokenizer, trains a masked language model, and writes it with its card."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlbench import Catalog
from xlbench.core.errors import OK, require_extra
from xlbench.core.ids import digest
from xlbench.core.text import count_text
from xlbench_train.mlm import model_card
from xlbench_train.mlm.bases import check_length, find_base, load_model
from xlbench_train.mlm.corpus import Corpus, read_corpora
from xlbench_train.mlm.held_out import Split, hold_out
from xlbench_train.mlm.settings import Settings, check, resolve
from xlbench_train.training import card_parts, curve, output_folder, saving
from xlbench_train.training.bases import Base, path_spec
from xlbench_train.training.devices import device_of
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.libraries import quiet_libraries
from xlbench_train.training.progress import Progress
from xlbench_train.training.terminal import Terminal

_MODULES = {"": "Transformer", "1_Pooling": "Pooling"}
"""Folder within the model's -> what of sentence-transformers reads it."""
TOKENIZER = "tokenizer"
"""The folder within that of the training where a new tokenizer is kept while it lasts."""


@dataclass(frozen=True)
class TrainingRequest:
    """A training as it was asked for: its settings, and what else the command was given."""

    settings: Settings
    catalog: Catalog
    command: Sequence[str] = ()
    """As it was typed, for the card."""
    resume: bool = False
    dry_run: bool = False


def run_recipe(request: TrainingRequest, terminal: Terminal) -> int:
    """Train, or say what would be done; the exit code.

    Raises:
        UsageError, DataError, DataMissing, EncoderError: The command cannot be carried out, in one line.
        TrainingStopped: Training ended early; what is good of it is kept.
    """
    require_extra("train", "a training", "accelerate", "datasets", "tokenizers", "torch", "transformers")
    settings = resolve(request.settings)
    check(settings)
    output_folder.check(settings.out, resume=request.resume)
    if request.resume and output_folder.is_done(settings.out, terminal.say, settings):
        return OK
    base = find_base(settings.base, request.catalog)
    check_length(base, settings)
    device_of(settings.device)
    corpus = read_corpora(settings.corpus)
    split = hold_out(corpus, settings.seed)
    with quiet_libraries():
        run = _RecipeRun(request, settings, base, corpus, split, terminal)
        run.prepare()
        if request.dry_run:
            run.say_how_long()
            terminal.say("nothing was trained (--dry-run)")
            return OK
        with output_folder.lock(settings.out, resume=request.resume):
            return run.run()


@dataclass
class _RecipeRun:
    """One run of the recipe."""

    request: TrainingRequest
    settings: Settings
    base: Base
    corpus: Corpus
    split: Split
    terminal: Terminal
    texts: Any = field(init=False)

    def prepare(self) -> None:
        """Make tokenizer and blocks, try the base, and say what there is. Nothing is written."""
        from xlbench_train.mlm.texts import prepare

        for source in self.corpus.sources:
            self.terminal.say(f"{count_text(source.texts, 'text')} of {source.spec}")
        for note in (*(note for source in self.corpus.sources for note in source.notes), *self.split.notes):
            self.terminal.say(note)
        saved = self.settings.out / output_folder.INNER / TOKENIZER
        self.texts = prepare(
            self.base, self.settings, self.split, self._normalize(), saved if self.request.resume else None
        )
        for note in self.texts.notes:
            self.terminal.say(note)
        load_model(self.base, self.texts.tokenizer, self.settings)
        length = f"blocks of {self.settings.max_length} tokens"
        self.terminal.say(
            f"{len(self.texts.training):,} {length} to train {self.base.spec} on, {len(self.texts.evaluation):,} to "
            f"evaluate on; mask: {self.settings.mask}, batches of {self.settings.batch_size}"
        )

    def _normalize(self) -> list[tuple[str, str]]:
        """The rules by which every corpus was normalized, where it is the same ones."""
        rules = {source.normalize for source in self.corpus.sources}
        return [*rules.pop()] if len(rules) == 1 else []

    def _steps(self, seconds: float | None = None) -> int:
        """Steps in all; 0: those of the epochs."""
        from xlbench_train.mlm.training import seconds_a_step, steps_within

        if not self.settings.budget_minutes:
            return self.settings.steps
        each = seconds or seconds_a_step(self.settings, self.base, self.texts)
        return steps_within(self.settings.budget_minutes, each, self._batches_of(self.settings.evaluations))

    def _batches_of(self, evaluations: int) -> float:
        """Batches of so many evaluations, and of the one before training."""
        return (evaluations + 1) * len(self.texts.evaluation) / self.settings.batch_size

    def say_how_long(self) -> None:
        """Say how long a training would take here, by a few steps of it."""
        from xlbench_train.mlm.training import MlmJob, seconds_a_step

        each = seconds_a_step(self.settings, self.base, self.texts)
        steps = self._steps(each)
        job = MlmJob(self.settings.out, self.settings, Terminal(quiet=True), self.base, self.texts, steps)
        count = steps or job.steps_an_epoch * self.settings.epochs
        batches = self._batches_of(self.settings.evaluations if steps else self.settings.epochs)
        minutes = each * (count + batches / 3) / 60
        self.terminal.say(
            f"about {count:,} steps of {each:.2f} seconds here: {minutes:.1f} minutes, evaluations included"
        )

    def run(self) -> int:
        """Train, and write model and card."""
        from xlbench_train.mlm.training import MlmJob
        from xlbench_train.training.loop import train

        out, settings = self.settings.out, self.settings
        folder = output_folder.claim(out, self._record(), resume=self.request.resume)
        if settings.tokenizer == "new":
            self.texts.tokenizer.save_pretrained(str(folder / TOKENIZER))
        progress = Progress.read(folder)
        steps = progress.steps or self._steps()
        if settings.budget_minutes and not progress.steps:
            progress.set_steps(steps)
        job = MlmJob(folder, settings, self.terminal, self.base, self.texts, steps)
        if settings.budget_minutes:
            job.note(f"{steps:,} steps fit into {settings.budget_minutes:g} minutes here")
        result = train(job, resume=self.request.resume)
        model: Any = result.learned
        if settings.lora:
            from xlbench_train.training.adapters import merged

            model = merged(model)
        picture = curve.drawn(result.history.rows, result.best_epoch, {}, self.terminal.say)
        card = model_card.Card(
            name=out.resolve().name, base=self.base, settings=settings, corpus=self.corpus, split=self.split,
            command=self.request.command, rows=result.history.rows, headings=result.history.headings,
            best_epoch=result.best_epoch, notes=(*self.texts.notes, *job.progress.notes),
            has_curve=picture is not None, stopped=result.stopped, tokens=self.texts.training.counts(1).sum(),
        )  # fmt: skip

        def write(target: Path) -> None:
            model.save_pretrained(str(target))
            self.texts.tokenizer.save_pretrained(str(target))
            _write_modules(target, model.config.hidden_size)

        more = {**self._trained_on_files(), "README.md": model_card.text(card)}
        saving.save(out, folder / "new", write, {**more, **({card_parts.CURVE: picture} if picture else {})})
        output_folder.clean(out)
        if result.stopped:
            raise TrainingStopped(output_folder.failure(out))
        self.terminal.say(f"wrote {out}: xlbench run --model {shlex.quote(f'hf:{path_spec(out)}')}")
        return OK

    def _record(self) -> Mapping[str, Any]:
        """What this training is, for one that goes on with it."""
        training, evaluation = (
            digest(*(one.text for one in part)) for part in (self.split.training, self.split.evaluation)
        )
        return output_folder.record_of(
            self.settings, training_texts=training, evaluation_texts=evaluation,
            content_of_the_base=self.base.identity(self.settings.seed), recipe_of_the_training="mlm",
        )  # fmt: skip

    def _trained_on_files(self) -> dict[str, str | bytes]:
        """What the model was trained on, by name and by text; the base's share of it, too."""
        names = [*self.base.trained_on, *(name for source in self.corpus.sources for name in source.data)]
        texts = [one.text for one in self.split.training]
        return saving.trained_on_files([*dict.fromkeys(names)], texts, self.base.trained_on_texts())


def _write_modules(folder: Path, width: int) -> None:
    """What makes the folder one of sentence-transformers, too: the encoder, and the mean of its tokens."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    (folder / "1_Pooling").mkdir()
    Pooling(width, pooling_mode="mean").save(str(folder / "1_Pooling"))
    entries = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(_MODULES.items())
    ]
    (folder / "modules.json").write_text(json.dumps(entries, indent=1), encoding="utf-8")
