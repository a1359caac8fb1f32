"""The recipe `siamese`: reads pairs, loads the base, trains it, compares it before and after, and writes model and
card."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Catalog, Model, UsageError
from xlbench.core.errors import OK, MissingExtraError, require_extra
from xlbench.core.ids import digest
from xlbench.core.tables import table
from xlbench.core.text import count_text
from xlbench_train.pairs.held_out import PairSplit, read_parts
from xlbench_train.settings import Settings, resolve
from xlbench_train.terminal import Terminal
from xlbench_train.training import curve, model_card, output_folder, preflight, report, saving
from xlbench_train.training.bases import Base, find_base, load_base, table_size
from xlbench_train.training.failures import TrainingStopped
from xlbench_train.training.libraries import quiet_libraries
from xlbench_train.training.loop import TrainingContext, TrainingResult, train
from xlbench_train.training.teacher import Teacher

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    if request.resume and output_folder.is_finished(settings.out):
        output_folder.clean(settings.out)
        if why := output_folder.failure(settings.out):
            raise TrainingStopped(why)
        terminal.say(f"{settings.out} is finished already")
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


def _say_plan(base: Base, parts: PairSplit, settings: Settings, terminal: Terminal) -> None:
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
    base: Base
    parts: PairSplit
    terminal: Terminal
    teacher: Teacher | None
    settings: Settings = field(init=False)
    folder: Path = field(init=False)

    def run(self) -> int:
        """See `run_recipe`."""
        self.settings = self.request.settings
        self.folder = output_folder.claim(
            self.settings.out, self.settings, self.parts, self._identity(), resume=self.request.resume
        )
        cards = report.write_cards(self.parts.evaluation, self.folder / "report") if self.request.report else []
        before = self._score_base(cards) if cards else None
        context = TrainingContext(self.base, self.settings, self.parts, self.folder, self.terminal, self.teacher)
        result = train(context, resume=self.request.resume)
        if self.settings.lora:
            from xlbench_train.training.adapters import merge_adapter

            merge_adapter(result.model)
        card = self._make_card(context, result)
        picture = self._draw_curve(result)
        card = replace(card, has_curve=picture is not None)
        saving.save(
            self.settings.out, self.folder / "new", result.model, result.head,
            {
                **self._trained_on_files(), "README.md": model_card.text(card),
                **({model_card.CURVE: picture} if picture else {}),
            },
        )  # fmt: skip
        del result
        if before is not None and not card.stopped:
            self._compare(before, cards, card)
        output_folder.clean(self.settings.out)
        if card.stopped:
            raise TrainingStopped(output_folder.failure(self.settings.out))
        spec = f"st:{_path_spec(self.settings.out)}"
        self.terminal.say(f"wrote {self.settings.out}: xlbench run --model {shlex.quote(spec)}")
        return OK

    def _identity(self) -> str:
        """Of the base's content: a training goes on with the base that it began with, and no other."""
        return (
            self.base.model.vectors_identity() if self.base.model else digest(self.base.spec, str(self.settings.seed))
        )

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
        spec = f"st:{_path_spec(self.settings.out.resolve())}?name=after&device={device}"
        after = report.score(spec, cards, self.folder / "report")
        comparison = report.compare_scores(before, after, sum(bool(row["step"]) for row in card.rows))
        for line in table(report.HEADINGS, report.lines(comparison), "lrrrrl").splitlines():
            self.terminal.out(line)
        for note in comparison.notes:
            self.terminal.out(f"\n{note}")
        saving.rewrite_card(self.settings.out, model_card.text(replace(card, report=comparison)))

    def _make_card(self, context: TrainingContext, result: TrainingResult) -> model_card.Card:
        return model_card.Card(
            name=self.settings.out.resolve().name,
            base=self.base,
            settings=context.settings,
            parts=self.parts,
            command=self.request.command,
            rows=result.history.rows,
            best_epoch=result.best_epoch,
            notes=context.progress.notes,
            teacher=self.settings.teacher or "",
            stopped=result.stopped,
            max_length=_length_limit(result.model),
        )

    def _draw_curve(self, result: TrainingResult) -> bytes | None:
        """The training curve as PNG; None, with a message, if matplotlib is missing."""
        try:
            return curve.draw(result.history.rows, result.best_epoch)
        except MissingExtraError as missing:
            self.terminal.say(f"no picture of the curve: {missing}")
            return None

    def _trained_on_files(self) -> dict[str, str | bytes]:
        """What the model was trained on, by name and by text; the base's share of it, too."""
        names = [*self.base.trained_on, *(source.data for source in self.parts.training.sources)]
        of_base: NDArray[Any] | None = None
        seen = getattr(self.base.model, "trained_on_texts", None)
        if seen is not None:
            of_base = seen()
        texts = self.parts.training.texts()
        return saving.trained_on_files([name for name in dict.fromkeys(names) if name], texts, of_base)


class _UntrainedEncoder:
    """The base before training, as an encoder."""

    def __init__(self, base: Base, settings: Settings) -> None:
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


def _path_spec(path: Path) -> str:
    """A path as specs have it: a relative one begins with ``./``."""
    return path.as_posix() if path.is_absolute() else f"./{path.as_posix()}"


__all__ = ["TrainingRequest", "run_recipe", "table_size"]
