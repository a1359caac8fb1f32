"""The recipe `tagger`: reads sentences, loads the base, trains it in one stage or several, scores it and writes model
and card."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xlbench import Catalog, UsageError
from xlbench.core.errors import OK, require_extra
from xlbench.core.ids import digest
from xlbench.core.text import count_text
from xlbench_train.tagger import model_card, pace, report
from xlbench_train.tagger.bases import find_base, labels_of, length_limit, load_base
from xlbench_train.tagger.data import Source, read_sources
from xlbench_train.tagger.settings import Settings, check, resolve
from xlbench_train.tagger.training import TaggerJob, prepare
from xlbench_train.training import card_parts, curve, output_folder, saving
from xlbench_train.training.bases import Base, path_spec
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.libraries import quiet_libraries
from xlbench_train.training.loop import Trained, train
from xlbench_train.training.terminal import Terminal


@dataclass(frozen=True)
class TrainingRequest:
    """A training as it was asked for: its settings, and what else the command was given."""

    settings: Settings
    catalog: Catalog
    data: Path | None = None
    command: Sequence[str] = ("xlbench", "train", "tagger")
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
    require_extra("train", "a training", "accelerate", "torch", "transformers")
    check(request.settings)
    settings = resolve(request.settings)
    request = replace(request, settings=settings)
    output_folder.check(settings.out, resume=request.resume)
    if request.resume and output_folder.is_done(settings.out, terminal.say, settings):
        return OK
    base = find_base(settings.base, request.catalog)
    sources = read_sources(
        settings.tasks, request.catalog, request.data, train_size=settings.train_size, dev_size=settings.dev_size
    )
    stages = [[source] for source in sources] if settings.progressive else [sources]
    if settings.progressive and len(sources) < 2:
        raise UsageError("--progressive: there is one language, and nothing to go on to: name several with --task")
    with quiet_libraries():
        _say_plan(base, stages, settings, terminal, measured=request.dry_run)
        if request.dry_run:
            terminal.say("nothing was trained (--dry-run)")
            return OK
        with output_folder.lock(settings.out, resume=request.resume):
            return _RecipeRun(request, base, stages, terminal).run()


def _say_plan(
    base: Base, stages: Sequence[Sequence[Source]], settings: Settings, terminal: Terminal, *, measured: bool
) -> None:
    """Say what will be trained; ``measured``: and how long it will take, after some steps of it."""
    sources = [source for stage in stages for source in stage]
    for source in sources:
        part = f" of {source.whole:,}" if source.whole > len(source.training) else ""
        terminal.say(
            f"{source.name}: {len(source.training):,}{part} sentences to train on, {len(source.dev):,} to choose the "
            f"epoch by; types {', '.join(source.types)}"
        )
        for note in source.notes:
            terminal.say(note)
    loaded = load_base(base, labels_of(sources[0].types), settings.seed, settings.layers)
    limit = length_limit(loaded.model, loaded.tokenizer, settings.max_length)
    prepared = [prepare(stage, loaded.tokenizer, limit) for stage in stages]
    counts = [len(one.training.windows) for one in prepared]
    how = f"in {len(stages)} stages, one language after the other" if len(stages) > 1 else "together"
    terminal.say(
        f"{count_text(sum(len(source.training) for source in sources), 'sentence')} to train {base.spec} on, {how}; "
        f"{count_text(settings.epochs, 'epoch')} of each at most, {pace.steps_of(counts, settings):,} steps"
    )
    if measured:
        found = pace.measure(loaded.model, loaded.tokenizer, prepared[0].training, settings)
        dev = [sum(len(own.windows) for own in one.dev) for one in prepared]
        seconds = sum(found.seconds(n, held, settings.epochs) for n, held in zip(counts, dev, strict=True))
        terminal.say(
            f"it will take {pace.as_text(seconds)} on this machine, beside the scoring of test sentences (--report): "
            f"{1 / found.training:.1f} sentences a second are trained on, and {1 / found.evaluation:.1f} tagged"
        )


@dataclass
class _RecipeRun:
    """One run of the recipe, after all checks."""

    request: TrainingRequest
    base: Base
    stages: Sequence[Sequence[Source]]
    terminal: Terminal
    settings: Settings = field(init=False)
    folder: Path = field(init=False)

    def run(self) -> int:
        """See `run_recipe`."""
        self.settings = self.request.settings
        self.folder = output_folder.claim(self.settings.out, self._record(), resume=self.request.resume)
        card = self._train_and_save()
        if self.request.report and not card.stopped:
            self._score(card)
        output_folder.clean(self.settings.out)
        if card.stopped:
            raise TrainingStopped(f"{card.stopped}; it is in {self.settings.out}")
        spec = f"tagger:{path_spec(self.settings.out)}"
        self.terminal.say(f"wrote {self.settings.out}: xlbench run --model {shlex.quote(spec)}")
        return OK

    @property
    def sources(self) -> list[Source]:
        """Of all stages."""
        return [source for stage in self.stages for source in stage]

    def _record(self) -> Mapping[str, Any]:
        """What this training is, for one that goes on with it."""
        learned = digest(*(text for source in self.sources for text in self._content(source, dev=False)))
        held = digest(*(text for source in self.sources for text in self._content(source, dev=True)))
        return output_folder.record_of(
            self.settings, training_texts=learned, evaluation_texts=held,
            content_of_the_base=self.base.identity(self.settings.seed),
        )  # fmt: skip

    @staticmethod
    def _content(source: Source, *, dev: bool) -> list[str]:
        part = source.dev if dev else source.training
        return [source.name, *part.texts(), *(" ".join(tags) for tags in part.tags)]

    def _train_and_save(self) -> model_card.Card:
        """Train all stages and write the model with its card, which is returned."""
        trained: list[model_card.Stage] = []
        job: TaggerJob | None = None
        notes: list[str] = []
        for number, stage in enumerate(self.stages, 1):
            name = ", ".join(source.name for source in stage)
            if len(self.stages) > 1:
                self.terminal.say(f"stage {number} of {len(self.stages)}: {name}")
            job = self._job(number, stage, job)
            result = train(job, resume=self.request.resume)
            if not any(row["entity_f1"] for row in result.history.rows if row["step"]):
                job.warn(
                    f"{name}: after no epoch was any entity of the development sentences found: the tagger has learned "
                    f"too little: give it more sentences, --epochs or --learning-rate"
                )
            notes += job.progress.notes
            trained.append(model_card.Stage(name, result.history.rows, result.best_epoch, result.stopped))
            if result.stopped:
                break
        assert job is not None
        return self._save(job, result, trained, list(dict.fromkeys(notes)))

    def _job(self, number: int, stage: Sequence[Source], before: TaggerJob | None) -> TaggerJob:
        """The job of a stage, which begins with what the one before has learned."""
        folder = self.folder / "checkpoints" / f"stage-{number}" if len(self.stages) > 1 else self.folder
        folder.mkdir(parents=True, exist_ok=True)
        return TaggerJob(
            folder, self.settings, self.terminal, self.base, stage, before.weights() if before is not None else None
        )

    def _save(
        self, job: TaggerJob, result: Trained, trained: list[model_card.Stage], notes: list[str]
    ) -> model_card.Card:
        picture = None
        if len(trained) == 1:
            labels = dict(job.figures)
            picture = curve.drawn(result.history.rows, result.best_epoch, labels, self.terminal.say)
        card = model_card.Card(
            name=self.settings.out.resolve().name, base=self.base, settings=self.settings, sources=self.sources,
            command=self.request.command, stages=trained, notes=notes, max_length=job.limit,
            has_curve=picture is not None,
        )  # fmt: skip
        names = [*self.base.trained_on, *(source.task.data or source.task.name for source in self.sources)]
        texts = [text for source in self.sources for text in source.training.texts()]
        files = saving.trained_on_files(list(dict.fromkeys(names)), texts, self.base.trained_on_texts())

        def write(folder: Path) -> None:
            job.model.save_pretrained(folder)
            job.tokenizer.save_pretrained(folder)

        saving.save(
            self.settings.out, self.folder / "new", write,
            {**files, "README.md": model_card.text(card), **({card_parts.CURVE: picture} if picture else {})},
        )  # fmt: skip
        return card

    def _score(self, card: model_card.Card) -> None:
        """Score what was trained on the test sentences of its languages, print it, and write it into the card."""
        found = report.score(self.settings, self.sources, self.request.data, self.folder / "report")
        for line in report.lines(found):
            self.terminal.out(line)
        saving.rewrite_card(self.settings.out, model_card.text(replace(card, scores=found)))
